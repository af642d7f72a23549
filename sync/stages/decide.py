"""Decide: every dirty record to the rules, in batches; what they say becomes proposals and findings.

A batch is read, judged outside of any transaction (`judging`), and written in one. Who is blocked
is asked in that last transaction, while the ledger stands still for it: an opt-out that came in
between is seen, and one that comes after it marks the records that it reaches.
"""

from __future__ import annotations

import contextlib
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import partial
from typing import Any, Final, NamedTuple

from rules.fields.field import PARTIES
from rules.keys import PERSONAL_KINDS, KeyKind
from rules.records import Record, Ref
from state import (
    blocked,
    coverage,
    cursors,
    doubles,
    findings,
    match_keys,
    mirror,
    parties,
    proposals,
    reach,
    redirects,
    tallies,
    unmatched,
)
from state.cursors import Lease
from state.mirror import Dirty
from state.screen import HashedRecord, Screen, Standing, hash_records
from state.store import GaveWay, Tx
from sync.app import App
from sync.stages.answered import with_answers
from sync.stages.hands import Hands, Task
from sync.stages.judging import Brief, Judgement
from sync.stages.pasts import pasts_of
from sync.stages.pull import Pulled

BATCH = 4000
FULL_BATCH = 1000
"""Where sources are asked: nearly every field of a record may change at once, and all of them are held
until they are written."""

SMALLEST = 250
"""Records that are written in some milliseconds: nobody has to wait for less."""


@dataclass(slots=True)
class Decided:
    """What deciding a stream did."""

    records: int = 0
    added: int = 0
    closed: int = 0


class _Standing(NamedTuple):
    """An open proposal of a record."""

    pid: int
    base_version: str
    changes: str


@dataclass(frozen=True, slots=True)
class _Batch:
    """The rows of a batch as they were read; `fresh` when none of them was ever decided."""

    rows: Sequence[Dirty]
    fresh: bool
    standing: Mapping[int, _Standing]
    merged: frozenset[str] = frozenset()
    """The ids of those that live on in another record."""

    @property
    def rids(self) -> list[int]:
        return [row.rid for row in self.rows]

    def halves(self) -> Iterator[_Batch]:
        middle = len(self.rows) // 2
        for some in (self.rows[:middle], self.rows[middle:]):
            yield replace(self, rows=some)


@dataclass(slots=True)
class _Writes:
    """What one batch writes."""

    buried: list[int] = field(default_factory=list)
    merged: list[tuple[int, Record]] = field(default_factory=list)
    """Of the buried those that live on in another record: they are still known by their keys."""
    also: dict[int, str | None] = field(default_factory=dict)
    judged: list[findings.Judged] = field(default_factory=list)
    added: list[tuple[Any, ...]] = field(default_factory=list)
    closed: list[tuple[int, str, int]] = field(default_factory=list)
    decided: list[tuple[str, int | None, int | None, int | None, str | None, int]] = field(
        default_factory=list
    )
    keys: list[tuple[int, str, bytes]] = field(default_factory=list)
    filled: Counter[int] = field(default_factory=Counter)
    valid: Counter[int] = field(default_factory=Counter)
    marks: Counter[int] = field(default_factory=Counter)


class Deciding:
    """Decides one stream's dirty records for a plan."""

    def __init__(
        self, app: App, screen: Screen, pulled: Pulled, plan: int, fingerprint: str
    ) -> None:
        self.app, self.pulled, self.plan, self.fingerprint = app, pulled, plan, fingerprint
        self.screen = screen
        self.watched = False
        """There are parties, or may soon be: who goes or changes may end one."""
        self.batch = FULL_BATCH if app.sources else BATCH

    @property
    def lease(self) -> Lease:
        """As it is now: a reading that goes on may move it."""
        return self.pulled.lease

    def run(
        self, total: int, advance: Callable[[int], None], reading: Iterator[None] | None = None
    ) -> Decided:
        """All of them, batch by batch; `total` is about how many, `advance` hears how many are done.

        `reading` gives way after each page: then what is read and what is decided take turns.
        """
        done = Decided()
        lease, app = self.lease, self.app
        with app.store.reading() as tx:
            kinds = self.screen.kinds(tx)
            self.watched = app.matches or parties.there_are(tx)
        if reading and self.pulled.stream.can.opt_outs:
            # What is read meanwhile brings these: who was hashed without them would be suspect.
            kinds |= _COMING
        if total:
            with app.store.transaction() as tx:
                doubles.about_to_change(tx, total)
                match_keys.put_index_aside(tx, total)
        context = app.context(lease.system, lease.headings, lease.kind)
        matched = app.matches and lease.kind in PARTIES
        brief = Brief(lease.system, lease.kind, lease.fields, context, app.keys, kinds, matched)
        with Hands(brief, total) as hands:
            for batch, judgements in hands.judged(self._batches(reading or iter(()))):
                for writes in self._kept(batch, judgements, kinds):
                    done.added += len(writes.added)
                    done.closed += len(writes.closed)
                done.records += len(batch.rows)
                advance(done.records)
                app.go_on()
        return done

    def _batches(self, reading: Iterator[None]) -> Iterator[Task[_Batch]]:
        after = taken = 0
        while True:
            while self.pulled.born < taken + self.batch and _goes_on(reading):
                pass
            with self.app.store.reading() as tx:
                rows = mirror.dirty(tx, self.lease.system, self.lease.stream, after, self.batch)
                if not rows:
                    return
                fresh = all(row.filled is None for row in rows)
                pasts = pasts_of(tx, self.lease, rows, offered=self.app.fills_from_others)
                pasts = with_answers(tx, self.app, self.lease, rows, pasts)
                standing = {} if fresh else proposals.standing(tx, [row.rid for row in rows])
                merged = self._merged(tx, rows)
            standing_ones = {rid: _Standing(*one) for rid, one in standing.items()}
            batch = _Batch(rows, fresh, standing_ones, merged)
            yield batch, [row[:6] for row in rows if not row.gone], pasts
            after, taken = rows[-1].rid, taken + len(rows)

    def _merged(self, tx: Tx, rows: Sequence[Dirty]) -> frozenset[str]:
        refs = [Ref(self.lease.system, self.lease.kind, row.id) for row in rows if row.gone]
        ends = redirects.resolve(tx, refs) if refs else {}
        return frozenset(old.id for old, new in ends.items() if old != new)

    def _writes(self, batch: _Batch, judgements: Sequence[Judgement]) -> _Writes:
        writes = _Writes()
        of_rid = {one.rid: one for one in judgements}
        for row in batch.rows:
            if row.filled:
                writes.filled[row.filled] -= 1
            if row.valid:
                writes.valid[row.valid] -= 1
            if row.marks is not None:
                writes.marks[row.marks] -= 1
            one = of_rid.get(row.rid)
            if one is None:
                self._bury(writes, row, batch)
            else:
                self._take(writes, row, one, batch.standing.get(row.rid))
        return writes

    def _bury(self, writes: _Writes, row: Dirty, batch: _Batch) -> None:
        old, is_merged = batch.standing.get(row.rid), row.id in batch.merged
        if old:
            writes.closed.append((self.plan, "merged" if is_merged else "gone", old.pid))
        if is_merged:
            ref = Ref(self.lease.system, self.lease.kind, row.id)
            record = Record(ref, row.version, mirror.values_of(row.cells), row.place)
            writes.merged.append((row.rid, record))
            writes.also[row.rid] = row.also
        writes.buried.append(row.rid)
        writes.decided.append((self.fingerprint, 0, 0, None, None, row.rid))

    def _take(self, writes: _Writes, row: Dirty, one: Judgement, old: _Standing | None) -> None:
        rid = row.rid
        writes.filled[one.filled] += 1
        writes.valid[one.valid] += 1
        writes.marks[one.marks] += 1
        writes.decided.append(
            (self.fingerprint, one.filled, one.valid, one.marks, one.again_on, rid)
        )
        writes.keys += one.keys
        if one.findings or row.filled is not None:
            writes.judged.append(findings.Judged(rid, row.place, one.findings))
        if old is not None:
            if (old.base_version, old.changes) == (row.version, one.changes):
                return
            writes.closed.append((self.plan, "superseded", old.pid))
        if one.changes:
            where = (self.lease.system, self.lease.stream, row.place, row.version)
            how = (self.fingerprint, one.shape, one.changes, self.plan)
            writes.added.append((rid, *where, *how))

    def _kept(
        self, batch: _Batch, judgements: Sequence[Judgement], kinds: frozenset[str]
    ) -> Iterator[_Writes]:
        """Written: at once, or in halves, if it was broken off for an opt-out. The next opt-out finds
        a shorter one, and the last halves are too short to be worth it."""
        writes = self._writes(batch, judgements)
        if self._is_kept(len(batch.rows), partial(self._write, batch, writes, judgements, kinds)):
            yield writes
            return
        for part in batch.halves():
            own = frozenset(part.rids)
            yield from self._kept(part, [one for one in judgements if one.rid in own], kinds)

    def _is_kept(self, records: int, write: Callable[[Tx], None]) -> bool:
        if records <= SMALLEST:
            self.app.store.politely(write)
            return True
        with contextlib.suppress(GaveWay), self.app.store.breakable() as tx:
            write(tx)
            return True
        return False

    def _write(
        self,
        batch: _Batch,
        writes: _Writes,
        judgements: Sequence[Judgement],
        kinds: frozenset[str],
        tx: Tx,
    ) -> None:
        """In one transaction; done once more, it does the same."""
        lease, now, fresh = self.lease, self.app.clock(), batch.fresh
        where = (lease.system, lease.stream)
        reach.deciding(tx)
        blocks = self._blocks(tx, judgements, kinds, now)
        for one in self._hashed(writes):
            writes.keys += one.match_keys()
            blocks |= self.screen.blocked(tx, [one], now)
        if self.watched:
            unmatched.mark(tx, writes.buried)
        findings.replace(tx, *where, "decide", writes.judged, now, fresh=fresh)
        findings.close_records(tx, writes.buried, now)
        proposals.close(tx, writes.closed)
        proposals.add(tx, writes.added)
        match_keys.replace(tx, batch.rids, writes.keys, fresh=fresh, watched=self.watched)
        blocked.replace(tx, batch.rids, _block_rows(blocks), fresh=fresh)
        coverage.add(tx, *where, lease.fields, writes.filled, writes.valid)
        tallies.add(tx, *where, writes.marks)
        mirror.set_decided(tx, writes.decided)
        cursors.advance(tx, lease, now)

    def _hashed(self, writes: _Writes) -> list[HashedRecord]:
        """The records that live on in another, with the keys that lead there."""
        region = self.app.settings.region
        return hash_records(self.app.keys, writes.merged, region, writes.also)

    def _blocks(
        self, tx: Tx, judgements: Sequence[Judgement], kinds: frozenset[str], now: datetime
    ) -> dict[int, Standing]:
        digests = {one.rid: one.digests for one in judgements}
        suspects = self.screen.suspects(tx, digests, kinds)
        if not suspects:
            return {}
        held = mirror.held(tx, suspects)
        records = [(rid, one.record) for rid, one in held.items()]
        also = {rid: one.also for rid, one in held.items()}
        hashed = hash_records(self.app.keys, records, self.app.settings.region, also)
        return self.screen.blocked(tx, hashed, now)


def _goes_on(reading: Iterator[None]) -> bool:
    """Read one more page, if there is one."""
    return next(reading, _END) is None


_END: Final = object()
_COMING: Final = frozenset(
    map(str, (KeyKind.REF, *PERSONAL_KINDS, KeyKind.CVR, KeyKind.NAME_ADDRESS))
)


def _block_rows(
    blocks: Mapping[int, Standing],
) -> list[tuple[int, str, Sequence[str], datetime | None]]:
    return [
        (rid, ",".join(one.channels), list(one.events), one.since) for rid, one in blocks.items()
    ]
