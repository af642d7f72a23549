"""Reading: every stream of every system, opt-out lists first, each under a lease of its own."""

from __future__ import annotations

import os
import socket
import time
from collections.abc import Iterator, Sequence
from functools import partial
from typing import Final, Literal

from connectors.protocol import Compares, Connector, Pulls, Reads, Stream
from rules.errors import RunStopped, SystemStopped
from state import cursors, mirror, outbox, sightings
from state.cursors import LEASE_HELD, Lease
from sync import fingerprint, forecast
from sync.app import App
from sync.facts import StreamFacts
from sync.logs import logger
from sync.passes.blocks import Blocks
from sync.passes.ground import Ground
from sync.passes.records import Records
from sync.stages import matching, reaching
from sync.stages.compare import compare, is_due
from sync.stages.pull import Pulled, begin, emptied, read, read_back
from sync.stages.settle import Settling
from sync.stages.watch import able

NO_CALLS_LEFT: Final = frozenset({"error.budget_spent", "error.quota_spent"})
LOG = logger(__name__)


class Lists:
    """All streams of the systems of a pass."""

    def __init__(self, ground: Ground, records: Records, blocks: Blocks) -> None:
        self.ground, self.app, self.facts = ground, ground.app, ground.facts
        self._records, self._blocks = records, blocks
        self._compare_how: Literal["due", "counts", "ids"] = "due"

    def pull(
        self,
        sample: int | None = None,
        plan: int | None = None,
        compare: Literal["due", "counts", "ids"] = "due",
        *,
        first: bool = True,
    ) -> None:
        """Pull every stream, opt-out lists first, and settle what an earlier run left open.

        What a large list says at its first reading is decided for `plan` while it is read. What
        systems say there is is compared when it is due, or now: counts, or ids in any case. Without
        `first` a list that was never read to its end is left to a pass that has the time.
        """
        self.facts.sample, self._compare_how = sample, compare
        there = {name: self.ground.streams(name) for name in self.facts.systems}
        for name, streams in there.items():
            self._forecast(name, streams, sample)
        self.app.matches = matching.is_worth_it(self.app, there)
        self.app.blocking = able(self.app, there)
        self.app.keeping = frozenset(filter(self._blocks.keeps_lists, there))
        self._blocks.first(there)
        for name, streams in there.items():
            connector = self.app.systems[name]
            for stream in streams if first else self._once_read(name, streams):
                part = StreamFacts(name, stream)
                self.facts.streams.append(part)
                with self.ground.only_this(name, stream.name):
                    if stream.can.pull:
                        self._pull(connector, part, sample, plan)
                    else:
                        self._close(part)
        reaching.carry(self.app)
        self.ground.watch.look_back()

    def _once_read(self, name: str, streams: Sequence[Stream]) -> list[Stream]:
        """Lists that were read to their end before, and that nobody else is at work on now."""
        with self.app.store.reading() as tx:
            known = cursors.standing(tx, name)
            busy = cursors.leased(tx, name, self.app.clock())
        return [
            one for one in streams if known.get(one.name, (False, 0))[0] and one.name not in busy
        ]

    def _forecast(self, name: str, streams: Sequence[Stream], sample: int | None) -> None:
        with self.ground.only_this(name, None):
            if found := forecast.before(self.app, name, streams, sample):
                self.facts.forecasts[name] = found
                forecast.tell(self.app, found)

    def _pull(
        self, connector: Connector, part: StreamFacts, sample: int | None, plan: int | None
    ) -> None:
        assert isinstance(connector, Pulls)  # noqa: S101 - every configured system can be pulled
        part.pulled = begin(self.app, connector, part.stream, self._take(part))
        reading = self._with_noes(read(self.app, connector, part.pulled, sample, self.ground.watch))
        if plan is not None and _is_first(part.pulled):
            self._records.along(part, part.pulled, plan, reading)
        for _ in reading:
            pass
        LOG.info(
            "pulled",
            stream=part.stream.name,
            read=part.pulled.read,
            born=part.pulled.born,
            moved=part.pulled.moved,
            gone=part.pulled.gone,
            broken=part.pulled.broken,
        )
        if part.pulled.complete:
            self._recover(connector, part.pulled, plan)
            if sample is None:
                self._compare(connector, part, part.pulled)

    def _with_noes(self, reading: Iterator[None]) -> Iterator[None]:
        """The same, giving way to opt-outs after each page."""
        for page in reading:
            self._blocks.between()
            yield page

    def _recover(self, connector: Connector, pulled: Pulled, plan: int | None) -> None:
        """Settle what was sent and never heard of; where the feed lags, by the records themselves.

        What is settled stands no more in the `plan` that is being drafted, if one is.
        """
        settling = Settling(self.app, pulled.lease, self.facts.run, plan)
        if pulled.stream.can.lags and isinstance(connector, Reads):
            settling.recover(partial(read_back, self.app, connector, pulled, self.ground.watch))
        else:
            settling.recover()

    def _compare(self, connector: Connector, part: StreamFacts, pulled: Pulled) -> None:
        """Hold what the system says there is against the mirror, where that is due.

        When there are no calls left for it, the pass goes on, and it is still due the next time.
        """
        days, how = self.app.settings.compare.every_days, self._compare_how
        due = how != "due" or is_due(pulled.lease, self.app.clock(), days)
        if not (due and pulled.stream.can.compares and isinstance(connector, Compares)):
            return
        try:
            part.compared = compare(
                self.app, connector, pulled, self.ground.watch, whole=how == "ids"
            )
        except RunStopped as error:
            if error.message not in NO_CALLS_LEFT:
                raise
            LOG.warning("not compared", stream=pulled.stream.name, why=error.message)

    def _close(self, part: StreamFacts) -> None:
        """A stream that is no longer there is one that was emptied."""
        part.pulled = emptied(self.app, part.stream, self._take(part))

    def _take(self, part: StreamFacts) -> Lease:
        """The stream's lease; who is busy with it for a moment only is waited for."""
        for _ in range(self.app.patience):
            try:
                return self._take_now(part)
            except SystemStopped as error:
                if error.message != LEASE_HELD:
                    raise
            self.app.go_on()
            time.sleep(1)
        return self._take_now(part)

    def _take_now(self, part: StreamFacts) -> Lease:
        app = self.app
        with app.store.transaction() as tx:
            gone = [one for one in cursors.holders(tx, part.system) if _is_dead(app, one)]
            lease = cursors.take(
                tx,
                part.system,
                part.stream.name,
                part.stream.kind,
                holder=app.holder,
                now=app.clock(),
                gone=gone,
            )
            part.pulled = Pulled(part.stream, lease)
            if lease.complete:
                # What a comparison noted that was broken off.
                sightings.forget_sightings(tx, lease)
            outbox.drop_queued(tx, part.system, part.stream.name)
            mark = fingerprint.of_stream(app, lease)
            mirror.will_decide(tx, part.system, part.stream.name, mark)
        return lease


def _is_first(pulled: Pulled) -> bool:
    """Whether nothing of the stream was ever written by us. What it tells of opt-outs is heard with
    each page; whom a later page reaches besides, is decided once more at the end of all reading."""
    return pulled.lease.pass_no == 1


def _is_dead(app: App, holder: str) -> bool:
    """Whether the holder is a process of this machine that has ended: no need to wait for it."""
    host, _, rest = holder.partition("/")[0].rpartition(":")
    if host != socket.gethostname() or holder == app.holder or not rest.isdigit():
        return False
    try:
        os.kill(int(rest), 0)
    except ProcessLookupError:
        return True
    except PermissionError:
        return False
    return False
