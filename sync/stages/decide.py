"""Decide: every dirty record to the rules, in batches; what they say becomes proposals and findings.

A batch is read, decided outside of any transaction, and written in one. Who is blocked is asked
in that last transaction, while the ledger stands still for it: an opt-out that came in between is
seen, and one that comes after it marks the records that it reaches.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from rules.changes import Change, Decision, Severity
from rules.decide import after, decide
from rules.records import Record
from rules.trust import NO_PAST, Past
from state import (
    blocked,
    coverage,
    cursors,
    findings,
    history,
    match_keys,
    mirror,
    proposals,
    reach,
)
from state.cursors import Lease
from state.mirror import Held
from state.screen import HashedRecord, Screen, Standing, hash_records
from state.store import Tx
from sync.app import App

BATCH = 4000


@dataclass(slots=True)
class Decided:
    """What deciding a stream did."""

    records: int = 0
    added: int = 0
    closed: int = 0


@dataclass(slots=True)
class _Batch:
    """One batch: what is known of its records, and what is to be written."""

    rids: list[int]
    fresh: bool = False
    pasts: Mapping[int, Past] = field(default_factory=dict)
    cleaned: list[tuple[int, Record]] = field(default_factory=list)
    hashed: Sequence[HashedRecord] = ()
    standing: Mapping[int, tuple[int, str, str]] = field(default_factory=dict)
    buried: list[int] = field(default_factory=list)
    judged: list[findings.Judged] = field(default_factory=list)
    added: list[tuple[Any, ...]] = field(default_factory=list)
    closed: list[tuple[int, str, int]] = field(default_factory=list)
    decided: list[tuple[str, int | None, int | None, int]] = field(default_factory=list)
    filled: Counter[int] = field(default_factory=Counter)
    valid: Counter[int] = field(default_factory=Counter)


class Deciding:
    """Decides one stream's dirty records for a plan."""

    def __init__(self, app: App, screen: Screen, lease: Lease, plan: int, fingerprint: str) -> None:
        self.app, self.lease, self.plan, self.fingerprint = app, lease, plan, fingerprint
        self.screen = screen
        self.context = app.context
        self.done = Decided()
        self._bits = tuple((name, 1 << bit) for bit, name in enumerate(lease.fields))
        self._bit_of = dict(self._bits)

    def run(self, advance: Callable[[int], None]) -> Decided:
        """All of them, batch by batch; `advance` hears how many are done."""
        self.done = Decided()
        after_rid = 0
        while True:
            with self.app.store.reading() as tx:
                rows = list(
                    mirror.dirty(tx, self.lease.system, self.lease.stream, after_rid, BATCH)
                )
                if not rows:
                    return self.done
                batch = self._batch(tx, rows)
            self._decide(batch, rows)
            after_rid = rows[-1][0].rid
            self.done.records += len(rows)
            advance(self.done.records)

    def _batch(self, tx: Tx, rows: Sequence[tuple[Held, bool]]) -> _Batch:
        """What has to be known before these rows can be decided."""
        batch = _Batch([held.rid for held, _ in rows])
        batch.fresh = all(held.filled is None for held, _ in rows)
        if not batch.fresh:
            batch.pasts = _pasts(tx, rows)
            batch.standing = proposals.standing(tx, batch.rids)
        return batch

    def _decide(self, batch: _Batch, rows: Sequence[tuple[Held, bool]]) -> None:
        for held, gone in rows:
            self._uncount(batch, held)
            if gone:
                self._bury(batch, held)
                continue
            past = batch.pasts.get(held.rid, NO_PAST)
            self._take(batch, held, decide(held.record, self.context, past))
        # Keys of the cleaned values: they are the same, and cleaning need not be done twice.
        batch.hashed = hash_records(self.app.keys, batch.cleaned, self.context.region)
        with self.app.store.transaction() as tx:
            reach.deciding(tx)
            self._write(tx, batch, self.screen.blocked(tx, batch.hashed, self.app.clock()))
        self.done.added += len(batch.added)
        self.done.closed += len(batch.closed)

    def _uncount(self, batch: _Batch, held: Held) -> None:
        if held.filled:
            batch.filled[held.filled] -= 1
        if held.valid:
            batch.valid[held.valid] -= 1

    def _bury(self, batch: _Batch, held: Held) -> None:
        if old := batch.standing.get(held.rid):
            batch.closed.append((self.plan, "gone", old[0]))
        batch.buried.append(held.rid)
        batch.decided.append((self.fingerprint, 0, 0, held.rid))

    def _take(self, batch: _Batch, held: Held, decision: Decision) -> None:
        record = held.record
        filled, valid = self._masks(record, decision)
        batch.filled[filled] += 1
        batch.valid[valid] += 1
        batch.decided.append((self.fingerprint, filled, valid, held.rid))
        if decision.findings or held.filled is not None:
            batch.judged.append(findings.Judged(held.rid, record.place, decision.findings))
        batch.cleaned.append((held.rid, _cleaned(record, decision.changes)))
        self._propose(batch, held, decision.changes)

    def _propose(self, batch: _Batch, held: Held, changes: Sequence[Change]) -> None:
        old = batch.standing.get(held.rid)
        if not changes and old is None:
            return
        record = held.record
        text = proposals.changes_text(changes)
        if old is not None:
            if (old[1], old[2]) == (record.version, text):
                return
            batch.closed.append((self.plan, "superseded", old[0]))
        if changes:
            where = (record.ref.system, held.stream, record.place, record.version)
            shape = proposals.shape_of(changes)
            batch.added.append((held.rid, *where, self.fingerprint, shape, text, self.plan))

    def _masks(self, record: Record, decision: Decision) -> tuple[int, int]:
        values = record.values
        filled = sum([bit for name, bit in self._bits if values.get(name)])
        valid = filled
        for finding in decision.findings:
            if finding.field and finding.severity is not Severity.NOTICE:
                valid &= ~self._bit_of.get(finding.field, 0)
        return filled, valid

    def _write(self, tx: Tx, batch: _Batch, blocks: Mapping[int, Standing]) -> None:
        lease, now, fresh = self.lease, self.app.clock(), batch.fresh
        where = (lease.system, lease.stream)
        findings.replace(tx, *where, "decide", batch.judged, now, fresh=fresh)
        findings.close_records(tx, batch.buried, now)
        proposals.close(tx, batch.closed)
        proposals.add(tx, batch.added)
        keys = [row for one in batch.hashed for row in one.match_rows()]
        match_keys.replace(tx, batch.rids, keys, fresh=fresh)
        blocked.replace(tx, batch.rids, _block_rows(blocks), fresh=fresh)
        coverage.add(tx, *where, lease.fields, batch.filled, batch.valid)
        mirror.set_decided(tx, batch.decided)
        cursors.advance(tx, lease, now)


def _cleaned(record: Record, changes: Sequence[Change]) -> Record:
    if not changes:
        return record
    return Record(record.ref, record.version, after(record, changes), record.place)


def _block_rows(
    blocks: Mapping[int, Standing],
) -> list[tuple[int, str, Sequence[str], datetime | None]]:
    return [
        (rid, ",".join(one.channels), list(one.events), one.since) for rid, one in blocks.items()
    ]


def _pasts(tx: Tx, rows: Sequence[tuple[Held, bool]]) -> dict[int, Past]:
    """What was written and taken back before, of records that were decided before."""
    known = [held.rid for held, _ in rows if held.filled is not None]
    written = history.of_records(tx, known)
    declined = history.declined_of(tx, known)
    return {
        rid: Past(
            [
                change
                for row in written.get(rid, ())
                if row.undone_by is None and row.undoes is None
                for change in row.changes
            ],
            declined.get(rid, {}),
        )
        for rid in written.keys() | declined.keys()
    }
