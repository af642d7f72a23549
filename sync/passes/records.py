"""Deciding: every record whose inputs have changed, whichever stage of a pass changed them."""

from __future__ import annotations

from collections.abc import Iterator

from connectors.protocol import Problem
from state import doubles, match_keys, mirror, shapes
from state.cursors import Lease
from sync import fingerprint, forecast
from sync.beside import beside
from sync.facts import StreamFacts
from sync.passes.blocks import Blocks
from sync.passes.ground import Ground
from sync.stages import columns, reaching
from sync.stages.asking import Asking, Wish
from sync.stages.decide import Decided, Deciding
from sync.stages.hands import WORTH_IT
from sync.stages.pull import Pulled

STALE_BATCH = 5000


class Records:
    """The records of the streams that a pass has leases on."""

    def __init__(self, ground: Ground, blocks: Blocks) -> None:
        self.ground, self.app, self.facts = ground, ground.app, ground.facts
        self._blocks = blocks

    def decide(self, plan: int) -> None:
        """Decide every record whose inputs have changed; proposals belong to `plan` from now on.

        Blocks that were found on the way may reach further records, which are decided once more.
        """
        self._decide_all(plan)
        while reaching.follow(self.app):
            self._decide_all(plan)
        self.ground.watch.look_back()
        with beside(doubles.settle, self.app.store):
            looked = [(one, columns.look(self.app, one)) for one in self._new_columns()]
        for lease, found in looked:
            columns.note(self.app, lease, found)

    def _new_columns(self) -> Iterator[Lease]:
        for part in self.ground.pulled():
            if part.pulled and part.decided and part.decided.records:
                yield part.pulled.lease

    def _decide_all(self, plan: int) -> None:
        for part in self.ground.pulled():
            with self.ground.only_this(part.system, part.stream.name):
                self._make_stale(part)
        with self.app.store.reading() as tx:
            dirty = mirror.count_by_stream(tx, self.facts.systems)
        self.app.progress.start("progress.decide", dirty.total(), "unit.records")
        done = 0
        for part in self.ground.pulled():
            part.decided = part.decided or Decided()
            # Most streams of most passes: a pass comes every minute, and to look costs as much as to do.
            if dirty[part.system, part.stream.name]:
                with self.ground.only_this(part.system, part.stream.name):
                    done += self._decide(part, plan, done, dirty.total())
            self._blocks.between()
        # One that was killed may have left it so.
        self._index()
        self.app.progress.end()

    def _decide(self, part: StreamFacts, plan: int, before: int, total: int) -> int:
        assert part.pulled is not None  # noqa: S101 - see _pulled
        mark = fingerprint.of_stream(self.app, part.pulled.lease)
        deciding = Deciding(self.app, self.ground.screen, part.pulled, plan, mark)
        done = deciding.run(total - before, lambda n: self.app.progress.advance(before + n, total))
        self._index()
        part.decided = _added(part.decided, done)
        return done.records

    def along(self, part: StreamFacts, pulled: Pulled, plan: int, reading: Iterator[None]) -> None:
        """Reading keeps one processor busy: the others need not wait for its end."""
        for _ in reading:
            if pulled.born >= WORTH_IT:
                mark = fingerprint.of_stream(self.app, pulled.lease)
                deciding = Deciding(self.app, self.ground.screen, pulled, plan, mark)
                part.decided = deciding.run(pulled.expected, lambda _: None, reading)
                self._index()

    def _index(self) -> None:
        """After many records: the index by hash, and meanwhile what the draft plan holds so far."""
        app, plan, systems = self.app, self.facts.plan, self.facts.systems
        if match_keys.is_indexed(app.store):
            return
        if plan is None:
            match_keys.index_again(app.store)
            return
        with beside(shapes.count, app.store, plan, systems) as counted:
            match_keys.index_again(app.store)
        shapes.keep(app.store, plan, systems, counted.result())

    def _make_stale(self, part: StreamFacts) -> None:
        """Rows decided with other rules or settings, and those whose day has come, once more."""
        assert part.pulled is not None  # noqa: S101 - see _pulled
        mark, today = fingerprint.of_stream(self.app, part.pulled.lease), self.app.today
        while True:
            with self.app.store.transaction() as tx:
                where = (part.system, part.stream.name)
                stale = mirror.make_stale(tx, *where, mark, STALE_BATCH)
                due = mirror.make_due(tx, *where, today, STALE_BATCH)
            if max(stale, due) < STALE_BATCH:
                return

    def ask(self, wish: Wish) -> None:
        """Ask sources what they know of the companies that the records are about. Whom an answer
        concerns is decided once more. A source that stops delays only what it would have said."""
        leases = [part.pulled.lease for part in self.ground.pulled() if part.pulled]
        asking = Asking(self.app, leases, wish)
        self.facts.asked = asking.forecast()
        for one in self.facts.asked:
            forecast.tell_asked(self.app, one)
        for one in asking.run():
            if one.error is not None:
                self.facts.fail(one.source, None, one.error)
            for part in one.not_bought:
                self.facts.note(one.source, _not_bought(one.source, part))


def _not_bought(source: str, part: str) -> Problem:
    message = f"source.{source}.part_not_bought"
    return Problem(part, message, "source.part_not_bought.remedy", {"part": part}, stops=False)


def _added(old: Decided | None, new: Decided) -> Decided:
    if old is None:
        return new
    return Decided(old.records + new.records, old.added + new.added, old.closed + new.closed)
