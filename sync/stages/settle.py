"""Settle: what became of each write. Applied goes to the history; anything else is decided anew."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, assert_never

from connectors.protocol import WRITTEN_AS, Applied, Conflict, Outcome, Rejected, Unknown
from rules.changes import Change, Finding, Severity
from rules.decide import after
from rules.errors import OutcomeMissing
from rules.records import Ref, Value
from state import cursors, findings, history, mirror, outbox, proposals, redirects
from state.cursors import Lease
from state.mirror import Held
from state.outbox import Waiting
from state.store import Tx
from sync.app import App


@dataclass(slots=True)
class Settled:
    """Outcomes, counted; the four add up to what was sent."""

    applied: int = 0
    conflict: int = 0
    rejected: int = 0
    unknown: int = 0
    fields: int = 0

    @property
    def total(self) -> int:
        """Records with an outcome."""
        return self.applied + self.conflict + self.rejected + self.unknown


@dataclass(slots=True)
class _Rows:
    """What one page of outcomes writes."""

    history: list[tuple[Any, ...]] = field(default_factory=list)
    written: list[tuple[Any, ...]] = field(default_factory=list)
    closed: list[tuple[int, str, int]] = field(default_factory=list)
    undone: dict[int, tuple[int, Mapping[str, Value]]] = field(default_factory=dict)
    """History row -> the run that takes it back, and the record's values after that."""
    declined: list[tuple[int, str, str | None, int]] = field(default_factory=list)
    judged: list[findings.Judged] = field(default_factory=list)
    dirty: list[int] = field(default_factory=list)
    claimed: list[int] = field(default_factory=list)
    settled: list[int] = field(default_factory=list)


class Settling:
    """Settles one stream's writes, page by page, each page in one transaction.

    What is settled stands up to the next plan, or no longer in `plan`, a draft.
    """

    def __init__(self, app: App, lease: Lease, run: int, plan: int | None = None) -> None:
        self.app, self.lease, self.run_no, self._plan = app, lease, run, plan
        self.done = Settled()

    def hold(self) -> None:
        """Before anything leaves: the lease is still ours, and is so for a while."""
        with self.app.store.transaction() as tx:
            cursors.advance(tx, self.lease, self.app.clock())

    def move(self, token: Mapping[str, Any]) -> None:
        """The cursor after our own writes: the next pull need not read them back."""
        with self.app.store.transaction() as tx:
            cursors.advance(tx, self.lease, self.app.clock(), token=token)
        self.lease = replace(self.lease, token=token)

    def take(self, outcomes: Sequence[Outcome]) -> None:
        """One page of outcomes."""
        with self.app.store.transaction() as tx:
            lease = self.lease
            # First of all: who took over has settled them by what he read.
            cursors.advance(tx, lease, self.app.clock())
            ids = [one.ref.id for one in outcomes]
            waiting = outbox.by_ref(tx, lease.system, lease.stream, ids)
            held = mirror.held(tx, [one.rid for one in waiting.values()])
            rows, next_plan = _Rows(), self._plan or proposals.next_plan(tx)
            for outcome in outcomes:
                one = waiting.pop(outcome.ref.id, None)
                if one is None:
                    raise OutcomeMissing(f"an outcome that nobody asked for: {outcome.ref.kind}")
                self._one(rows, outcome, one, held[one.rid], next_plan)
            self._write(tx, rows)

    def _one(self, rows: _Rows, outcome: Outcome, one: Waiting, row: Held, next_plan: int) -> None:
        match outcome:
            case Applied():
                self.done.applied += 1
                self.done.fields += len(one.changes)
                self._applied(
                    rows, _noted(one, outcome), row, outcome.version, outcome.place, next_plan
                )
            case Conflict():
                self.done.conflict += 1
                _again(rows, one, "conflict", next_plan)
            case Rejected():
                self.done.rejected += 1
                found = Finding(outcome.code, Severity.ERROR, details=outcome.details)
                rows.judged.append(findings.Judged(one.rid, one.place, (found,)))
                _close(rows, one, "rejected", next_plan)
            case Unknown():
                # Stays in the outbox: the next pull shows what became of it.
                self.done.unknown += 1
                if outcome.claimed:
                    rows.claimed.append(one.oid)
            case _:
                assert_never(outcome)

    def _applied(
        self,
        rows: _Rows,
        one: Waiting,
        row: Held,
        version: str,
        place: int | None,
        next_plan: int,
    ) -> None:
        now = self.app.clock()
        values = after(row.record, one.changes)
        self._note(rows, one, row, version)
        rows.written.append(
            (version, mirror.cells_text(values), place or one.place, now, None, one.rid)
        )
        if one.undoes is not None:
            rows.undone[one.undoes] = (one.run, values)
            rows.declined += [(one.rid, c.field, c.old, one.run) for c in one.changes]
        _close(rows, one, "applied", next_plan)

    def _note(self, rows: _Rows, one: Waiting, row: Held, version: str) -> None:
        text = proposals.changes_text(one.changes)
        where = (row.record.ref.system, row.stream)
        how = (self.app.actor, self.app.clock(), one.undoes)
        rows.history.append((one.run, one.rid, *where, one.base_version, version, text, *how))

    def _write(self, tx: Tx, rows: _Rows) -> None:
        lease, now = self.lease, self.app.clock()
        history.add(tx, rows.history)
        history.set_undone(tx, _wholly(tx, rows.undone))
        history.decline(tx, rows.declined)
        mirror.set_written(tx, rows.written)
        mirror.make_dirty(tx, rows.dirty)
        proposals.close(tx, rows.closed)
        findings.replace(tx, lease.system, lease.stream, "push", rows.judged, now, fresh=False)
        outbox.claim(tx, rows.claimed)
        outbox.drop(tx, rows.settled)
        cursors.advance(tx, lease, now)

    def recover(self, read_back: Callable[[Sequence[Ref]], None] | None = None) -> Settled:
        """Settle what an earlier run sent and never heard of, by what the pull has just shown.

        `read_back` brings the mirror of these records up to date, where a pull may show them as
        they were before.
        """
        while True:
            if read_back and (refs := self._lost_refs()):
                read_back(refs)
            with self.app.store.transaction() as tx:
                lease = self.lease
                lost = outbox.lost(tx, lease.system, lease.stream, 2000)
                if not lost:
                    return self.done
                held = mirror.held(tx, [one.rid for one in lost])
                gone = mirror.gone(tx, [one.rid for one in lost])
                rows, next_plan = _Rows(), self._plan or proposals.next_plan(tx)
                ends = redirects.resolve(tx, [one.ref for one in lost if one.rid in gone])
                for one in lost:
                    merged = ends.get(one.ref, one.ref) != one.ref
                    self._lost(rows, one, held[one.rid], next_plan, merged=merged)
                self._write(tx, rows)

    def _lost_refs(self) -> list[Ref]:
        lease = self.lease
        with self.app.store.reading() as tx:
            return [one.ref for one in outbox.lost(tx, lease.system, lease.stream, 2000)]

    def _lost(
        self, rows: _Rows, one: Waiting, row: Held, next_plan: int, *, merged: bool = False
    ) -> None:
        version = row.record.version
        if version == one.expected_version or _is_there(one.changes, row):
            self.done.applied += 1
            self.done.fields += len(one.changes)
            self._applied(rows, one, row, version, row.record.place, next_plan)
        elif merged:
            # There is no such record any more, and the survivor is decided for itself.
            self.done.conflict += 1
            _close(rows, one, "merged", next_plan)
        elif one.state == "claimed" and one.pid is not None:
            # As often as two programs may correct each other, and no more: it may be one of those
            # that turn back what we write in the very second, or a system that stores nothing.
            self.done.conflict += 1
            self._note(rows, one, row, version)
            _again(rows, one, "conflict", next_plan)
        elif version == one.base_version:
            # It never arrived. What was proposed still holds.
            rows.settled.append(one.oid)
        else:
            self.done.conflict += 1
            _again(rows, one, "conflict", next_plan)


def _wholly(tx: Tx, undone: Mapping[int, tuple[int, Mapping[str, Value]]]) -> list[tuple[int, int]]:
    """(run, history row) of those of which nothing stands any more: by one rule is not all of it."""
    return [
        (undone[one.cid][0], one.cid)
        for one in history.by_number(tx, list(undone))
        if not any(undone[one.cid][1].get(c.field) == c.new for c in one.changes)
    ]


def _noted(one: Waiting, outcome: Applied) -> Waiting:
    """What was sent, with what the system needs to write the old values as they were."""
    before = outcome.before
    if not before:
        return one
    changes = [
        change._replace(details={**change.details, WRITTEN_AS: before[change.field]})
        if change.field in before
        else change
        for change in one.changes
    ]
    return replace(one, changes=tuple(changes))


def _is_there(changes: Iterable[Change], row: Held) -> bool:
    return all(row.record.values.get(change.field) == change.new for change in changes)


def _close(rows: _Rows, one: Waiting, why: str, next_plan: int) -> None:
    if one.pid is not None:
        rows.closed.append((next_plan, why, one.pid))
    rows.settled.append(one.oid)


def _again(rows: _Rows, one: Waiting, why: str, next_plan: int) -> None:
    _close(rows, one, why, next_plan)
    rows.dirty.append(one.rid)
