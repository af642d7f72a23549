"""Tell a system that keeps lists of numbers and addresses: each entry of the ledger, read back.

    due      open deliveries, with the numbers and addresses that have to stand there for them
    ask      what the system shows already costs no write
    note     what is about to be written, before anything leaves
    bar      written; outside the system's hours withdrawn from what is dialled next, and parked
    ask      once more: only what it shows now counts
    sweep    queues that others fill are held against the whole list

A kill between any two of them loses nothing: what is not noted as read back is asked for again. The
shape of it all is told in `connectors.barring`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Final

from connectors.barring import Barring, Bars, Queued, Queues, Withdraws
from connectors.protocol import Connector
from rules.barring import Bar
from rules.errors import RingrenError, RunStopped, SystemStopped, TryAgain
from state import entering
from state.entering import Entering
from state.telling import FIRST_WAIT
from sync.app import App
from sync.logs import logger
from sync.stages.told import Told

LOG = logger(__name__)
_ABSENT: Final = "absent"


class Listing:
    """Tells one system; `done` is counted on."""

    def __init__(
        self, app: App, name: str, connector: Connector, facts: Barring, done: Told
    ) -> None:
        self.app, self.name, self.facts, self.done = app, name, facts, done
        assert isinstance(connector, Bars)  # noqa: S101 - it has facts
        self.connector: Bars = connector

    def tell(self) -> None:
        """All that is due. When the system fails, the rest waits, and the error is raised."""
        after, size = 0, self.facts.batch_size
        while True:
            now = self.app.clock()
            with self.app.store.reading() as tx:
                rows = entering.due(
                    tx, self.app.keys, self.name, self.facts.takes, after, now, size
                )
            if not rows:
                return
            self.app.go_on()
            try:
                self._batch(rows)
            except (TryAgain, SystemStopped, RunStopped) as error:
                self._hold_up(after, error)
                raise
            after = rows[-1].seq

    def _hold_up(self, after: int, error: RingrenError) -> None:
        seconds = error.after_seconds if isinstance(error, TryAgain) else None
        now = self.app.clock()
        until = now + max(FIRST_WAIT, timedelta(seconds=seconds or 0.0))
        with self.app.store.transaction(urgent=True) as tx:
            entering.hold_up_rest(tx, self.name, after, error.message, now, until)

    def _batch(self, rows: Sequence[Entering]) -> None:
        wanted = list(dict.fromkeys(bar for one in rows for bar in one.bars))
        shown = dict(self._asked(wanted))
        self.done.shown += len(shown)
        missing = [bar for bar in wanted if bar not in shown]
        late = [one for one in rows if not shown.keys() >= set(one.bars)]
        refused: set[Bar] = set()
        opens = self.facts.hours.opens(self.app.clock()) if self.facts.hours else None
        if missing and opens is not None and opens > self.app.clock():
            if isinstance(self.connector, Withdraws):
                self.connector.withdraw(missing)
            with self.app.store.transaction(urgent=True) as tx:
                entering.park(tx, late, opens)
            late = []
        elif missing:
            refused = self._write(late, missing)
            written = self._asked([bar for bar in missing if bar not in refused])
            self.done.written += len(written)
            shown |= written
        self._settle(rows, late, shown, refused)

    def _asked(self, bars: Sequence[Bar]) -> Mapping[Bar, str]:
        """What the system shows; in pieces where it takes only so many at a time."""
        found: dict[Bar, str] = {}
        for some in _pieces(bars, self.facts.batch_size):
            found |= self.connector.barred(some)
        return found

    def _write(self, rows: Sequence[Entering], missing: Sequence[Bar]) -> set[Bar]:
        """Write what is missing; gives what the system refuses."""
        with self.app.store.transaction(urgent=True) as tx:
            entering.tried(tx, rows)
        refused = set()
        for some in _pieces(missing, self.facts.batch_size):
            for said in self.connector.bar(some):
                refused.add(said.bar)
                kind = said.bar.key.kind
                LOG.warning("list refuses", system=self.name, kind=kind, code=said.code)
        self.done.refused += len(refused)
        return refused

    def _settle(
        self,
        rows: Sequence[Entering],
        late: Sequence[Entering],
        shown: Mapping[Bar, str],
        refused: set[Bar],
    ) -> None:
        now = self.app.clock()
        through = [one for one in rows if one.bars and shown.keys() >= set(one.bars)]
        over = {one.delivery for one in through}
        failed = [one for one in late if one.delivery not in over]
        denied = [one for one in failed if refused & set(one.bars)]
        others = [one for one in failed if not refused & set(one.bars)]
        with self.app.store.transaction(urgent=True) as tx:
            entering.nothing(tx, [one for one in rows if not one.bars])
            entering.read_back(tx, [(one, _word(one, shown)) for one in through])
            entering.hold_up(tx, denied, "refused", now)
            entering.hold_up(tx, others, "not_read_back", now)

    # --- queues ---

    def sweep(self) -> None:
        """What waits to be dialled and is blocked goes out, whoever put it there."""
        if not isinstance(self.connector, Queues) or self._is_swept():
            return
        now = self.app.clock()
        for page in self.connector.queued():
            if found := self._blocked(page):
                self.connector.unqueue(found)
                self.done.unqueued += len(found)
                LOG.info("taken out of queues", system=self.name, count=len(found))
        with self.app.store.transaction(urgent=True) as tx:
            entering.sweep(tx, self.name, now)

    def _is_swept(self) -> bool:
        with self.app.store.reading() as tx:
            seconds = self.facts.sweep_seconds
            return entering.is_swept(tx, self.name, self.app.clock(), seconds)

    def _blocked(self, page: Sequence[Queued]) -> list[Queued]:
        with self.app.store.reading() as tx:
            keys = {one.key for one in page}
            now = self.app.clock()
            found = entering.blocked_keys(tx, self.app.keys, keys, self.facts.takes, now)
        return [one for one in page if one.key in found]


def _word(one: Entering, shown: Mapping[Bar, str]) -> str:
    """What shows it: where the person is known at all, that."""
    words = sorted({shown[bar] for bar in one.bars})
    return next((word for word in words if word != _ABSENT), _ABSENT)


def _pieces(bars: Sequence[Bar], size: int) -> list[Sequence[Bar]]:
    return [bars[at : at + size] for at in range(0, len(bars), size)]
