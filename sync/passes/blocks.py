"""Telling: every system hears whom it must not contact, and what it no longer has to show."""

from __future__ import annotations

import contextlib
from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Final

from connectors.barring import barring_of
from connectors.protocol import Stream
from connectors.spans import traced
from rules.errors import RingrenError
from state import mirror, reach, telling
from state.ledger import head
from sync.facts import StreamFacts
from sync.passes.ground import Ground
from sync.stages import lifted
from sync.stages.flagging import Lane
from sync.stages.listing import Listing
from sync.stages.telling import Telling, refresh
from sync.stages.told import Told

OFTEN: Final = timedelta(seconds=5)
SHARE: Final = 10
"""A list is written as a whole: that takes at most so small a part of a long pass."""


class Blocks:
    """No limit, plan or person holds any of it back."""

    def __init__(self, ground: Ground) -> None:
        self.ground, self.app, self.facts = ground, ground.app, ground.facts
        self._seen, self._next = (-1, 0), self.facts.started_at + OFTEN
        """The newest entry and how many lists were ready, and the next moment that is worth a look."""

    def known(self) -> bool:
        """Tell what is known by now, without reading anything: what a daemon does in between. Gives
        whether a list that is written as a whole has yet to hear of it: it has to be read for that."""
        refresh(self.app, self.ground.screen)
        left = False
        for name in self.facts.systems:
            streams = self.ground.streams(name)
            # One after another: who answers slowly holds up those behind, not those before.
            self._tell_now(name, streams)
            with self.app.store.reading() as tx:
                untold = telling.streams_untold(tx, name)
            left |= any(one.can.atomic_batch and one.name in untold for one in streams)
        return left

    def between(self) -> None:
        """While lists are read and decided: what came in meanwhile, into those that are written as a
        whole and that nobody else can write to as long as we hold them."""
        now = self.app.clock()
        if self.app.dry or now < self._next:
            return
        ready = [part for part in self.ground.pulled() if _is_ready(part)]
        with self.app.store.reading() as tx:
            seen = (head(tx).seq, len(ready))
        if ready and seen != self._seen:
            refresh(self.app, self.ground.screen)
            for name in dict.fromkeys(part.system for part in ready):
                here = (part for part in ready if part.system == name)
                lanes = [Lane(one.stream, one.pulled.lease) for one in here if one.pulled]
                self._tell(name, lanes, all_decided=False)
        self._seen, ended = seen, self.app.clock()
        self._next = ended + max(OFTEN, SHARE * (ended - now))

    @traced("tell")
    def first(self, there: Mapping[str, Sequence[Stream]]) -> None:
        """First of all, before anything is read: what is known by now, as far as no list has to be
        read for it. A new opt-out never waits for a large pull."""
        if self.app.dry:
            return
        refresh(self.app, self.ground.screen)
        for name, streams in there.items():
            self._tell_now(name, streams)

    def _tell_now(self, name: str, streams: Sequence[Stream]) -> None:
        lanes = [Lane(one) for one in streams if not one.can.atomic_batch]
        self._tell(name, lanes, all_decided=False)

    def tell(self) -> int:
        """Once all is decided: every system hears whom it must not contact, and shows it.

        No limit, plan or person holds this back; a dry run only says how much waits. Gives how many
        records were written to, those among them whose flag was taken off at once.
        """
        if self.app.dry:
            return 0
        before = self._written()
        for name in self.facts.systems:
            parts = [part for part in self.ground.pulled() if part.system == name]
            lanes = [Lane(part.stream, part.pulled.lease) for part in parts if part.pulled]
            self._tell(name, lanes, all_decided=True)
        self._all_refreshed()
        return self._take_off() + self._written() - before

    def _written(self) -> int:
        return sum(one.written + one.taken_off for one in self.facts.told.values())

    def _take_off(self) -> int:
        """Flags of ours that a lift or a correction has left behind; gives how many records were
        written."""
        lifted.note(self.app)
        done = 0
        for part in self.ground.pulled():
            with self.ground.only_this(part.system, part.stream.name):
                done += lifted.TakingOff(self.app, part, self.facts.run, self.ground.screen).run()
        return done

    def _tell(self, name: str, lanes: Sequence[Lane], *, all_decided: bool) -> None:
        app, one = self.app, Telling(self.app, name, self.app.systems[name], self.facts.run)
        with app.store.reading() as tx:
            waiting = telling.streams_untold(tx, name)
            nothing = not waiting and not telling.open_ones(tx, name)
        by_entry = self.keeps_lists(name)
        if nothing and not by_entry:
            return
        with app.budget.for_opt_outs() if app.budget else contextlib.nullcontext():
            for lane in lanes:
                stream = lane.stream.name
                if stream in waiting and (name, stream) not in self.ground.closed:
                    with self.ground.only_this(name, stream):
                        one.stream(lane)
            if by_entry:
                self._list(name, one.done, sweep=not all_decided)
        done = one.end(all_decided=all_decided, by_entry=by_entry)
        self.facts.told.setdefault(name, Told()).add(done)
        causes = self.ground.causes.setdefault(name, {})
        for cause, times in one.flagging.causes.items():
            causes[cause] = causes.get(cause, 0) + times
        # What was settled last is what the next page of that stream begins with.
        for part in self.facts.streams:
            if part.system == name and part.pulled and part.stream.name in one.flagging.moved:
                part.pulled.lease = one.flagging.moved[part.stream.name]

    def keeps_lists(self, name: str) -> bool:
        """Whether people are kept away there by number or address. Who cannot say so is taken to:
        nothing is then confirmed."""
        try:
            return barring_of(self.app.systems[name]) is not None
        except RingrenError:
            return True

    def _list(self, name: str, done: Told, *, sweep: bool) -> None:
        """Numbers and addresses into the lists of a system, and out of its queues."""
        connector = self.app.systems[name]
        with self.ground.only_this(name, None):
            if facts := barring_of(connector):
                listing = Listing(self.app, name, connector, facts, done)
                listing.tell()
                if sweep:
                    listing.sweep()

    def _all_refreshed(self) -> None:
        with self.app.store.transaction() as tx:
            dirty = sum(mirror.count_dirty(tx, name) for name in self.app.systems)
            if not dirty and not reach.pending(tx):
                telling.all_refreshed(tx)


def _is_ready(part: StreamFacts) -> bool:
    """Whether it is written as a whole, and was read to its end."""
    return part.pulled is not None and part.pulled.complete and part.stream.can.atomic_batch
