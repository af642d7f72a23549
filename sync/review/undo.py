"""`sync undo RUN`: old values back where nobody has touched them since. Previews first.

Blocks are no changes of records, so there is nothing here that could take one back (promise 1).
What a person took back is not proposed again while it stays as it is.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from connectors.protocol import WRITTEN_AS, Pushes
from rules.changes import Change, RecordChange
from rules.errors import UserError
from rules.flags import LIFTED, RULE
from rules.records import Ref
from state import acts, cursors, history, mirror, outbox, proposals
from state.history import Written
from state.mirror import Held
from sync.app import App
from sync.facts import StreamFacts
from sync.passes import Outcome, Pass

PAGE = 2000
_OF_BLOCKS = frozenset({RULE, LIFTED})
SAMPLES = 20


@dataclass(frozen=True, slots=True)
class Backward:
    """What undo would do to one record; `why_not` is set when it leaves it alone."""

    written: Written
    row: Held | None
    changes: tuple[Change, ...]
    why_not: str = ""


@dataclass(slots=True)
class Undo:
    """A preview: how many fields go back, in how many records, and what is skipped why."""

    run: int
    records: int = 0
    fields: int = 0
    skipped: Counter[str] = field(default_factory=Counter)
    samples: list[tuple[str, Change]] = field(default_factory=list)
    left_alone: list[tuple[str, str]] = field(default_factory=list)


def preview(app: App, run: int, rule: str | None = None, ref: Ref | None = None) -> Undo:
    """What `undo` would do, as far as the last pull knows; nothing is read outside or written."""
    rid = _checked(app, run, ref)
    seen = Undo(run)
    for one in _backwards(app, run, rule, rid):
        name = str(one.row.record.ref) if one.row else f"#{one.written.rid}"
        if one.why_not:
            seen.skipped[one.why_not] += 1
            if len(seen.left_alone) < SAMPLES:
                seen.left_alone.append((name, one.why_not))
            continue
        seen.records += 1
        seen.fields += len(one.changes)
        for change in one.changes:
            if len(seen.samples) < SAMPLES:
                seen.samples.append((name, change))
    return seen


def undo(app: App, run: int, rule: str | None = None, ref: Ref | None = None) -> Outcome:
    """Pull, so that what others did since is known, then put the old values back."""
    rid = _checked(app, run, ref)
    with Pass(app, f"undo {run}") as one:
        one.pull()
        if not one.facts.stopped:
            _queue(app, one, run, rule, rid)
            for part in one.facts.streams:
                if part.pulled and not part.given_up and part.stream.can.push:
                    one.send(part)
            one.decide_anew()
            _note(app, run, one.facts.run, rule, ref)
        return one.end()


def _note(app: App, run: int, by_run: int, rule: str | None, ref: Ref | None) -> None:
    told = {"run": str(by_run), "rule": rule or "", "ref": str(ref or "")}
    with app.store.transaction() as tx:
        acts.record(
            tx, "run.undone", f"run {run}", by=app.actor, login=app.actor, at=app.clock(),
            details={name: value for name, value in told.items() if value},
        )  # fmt: skip


def _checked(app: App, run: int, ref: Ref | None) -> int | None:
    """The rid of `ref`; UserError when the run or the record is not known."""
    with app.store.reading() as tx:
        if history.get_run(tx, run) is None:
            raise UserError("error.no_run", run=run)
        if ref is None:
            return None
        row = mirror.find(tx, ref)
    if row is None:
        raise UserError("error.no_record", ref=ref)
    return row.rid


def _backwards(app: App, run: int, rule: str | None, rid: int | None) -> Iterator[Backward]:
    """What each write of the run would need to be taken back."""
    after = 0
    while True:
        with app.store.reading() as tx:
            page = history.of_run(tx, run, rid=rid, after=after, limit=PAGE)
            held = mirror.held(tx, [one.rid for one in page])
            gone = mirror.gone(tx, [one.rid for one in page])
            known = history.of_records(tx, [one.rid for one in page])
        if not page:
            return
        for written in page:
            row = None if written.rid in gone else held.get(written.rid)
            yield _backward(written, row, rule, _written_again(written, known[written.rid]))
        after = page[-1].cid


def _written_again(written: Written, every: Sequence[Written]) -> set[str]:
    """The fields that we wrote once more later: what stands there is the later run's, not this one's."""
    return {
        change.field
        for later in every
        if later.cid > written.cid and later.undone_by is None
        for change in later.changes
    }


def _backward(
    written: Written, row: Held | None, rule: str | None, written_again: set[str]
) -> Backward:
    if written.undone_by is not None:
        return Backward(written, row, (), "undone_already")
    if row is None:
        return Backward(written, row, (), "gone")
    if written.emptied_at is not None:
        return Backward(written, row, (), "undo_window_over")
    if all(change.rule in _OF_BLOCKS for change in written.changes):
        return Backward(written, row, (), "opt_out")
    mine = [
        change
        for change in written.changes
        if rule in (None, change.rule) and change.rule not in _OF_BLOCKS
    ]
    values = row.record.values
    standing = [c for c in mine if values.get(c.field) == c.new and c.field not in written_again]
    still = _without_loss(standing, written.changes)
    if not mine:
        return Backward(written, row, (), "other_rule")
    if not still:
        return Backward(written, row, (), "changed_since")
    return Backward(written, row, tuple(_reversed(change, written.run) for change in still))


def _without_loss(still: list[Change], written: Sequence[Change]) -> list[Change]:
    """What was moved into a field goes out of it again only if it goes back where it stood."""
    going = {change.field for change in still}
    held = {
        name for c in written if c.field not in going for name in c.details.get("needs", "").split()
    }
    return [change for change in still if change.field not in held]


def _reversed(change: Change, run: int) -> Change:
    details = {"run": str(run)}
    if WRITTEN_AS in change.details:
        details[WRITTEN_AS] = change.details[WRITTEN_AS]
    return Change(change.field, change.new, change.old, change.rule, "undo", "reason.undo", details)


def _queue(app: App, one: Pass, run: int, rule: str | None, rid: int | None) -> None:
    """Into the outbox, page by page, each stream under its own lease."""
    parts = {
        (part.system, part.stream.name): part
        for part in one.facts.streams
        if part.pulled and not part.given_up and part.stream.can.push
    }
    waiting: list[Backward] = []
    for back in _backwards(app, run, rule, rid):
        if not back.why_not:
            waiting.append(back)
        if len(waiting) >= PAGE:
            _write(app, one.facts.run, waiting, parts)
            waiting = []
    _write(app, one.facts.run, waiting, parts)


def _write(
    app: App, run: int, backs: list[Backward], parts: dict[tuple[str, str], StreamFacts]
) -> None:
    with app.store.transaction() as tx:
        rows = []
        for back in backs:
            part = parts.get((back.written.system, back.written.stream))
            if part is not None and back.row is not None:
                rows.append(_row(app, run, back, back.row, part))
        outbox.queue(tx, rows)
        for part in parts.values():
            if part.pulled:
                cursors.advance(tx, part.pulled.lease, app.clock())


def _row(app: App, run: int, back: Backward, row: Held, part: StreamFacts) -> tuple[object, ...]:
    connector = app.systems[part.system]
    assert isinstance(connector, Pushes)  # noqa: S101 - its stream says it can push
    record = row.record
    write = RecordChange(record.ref, record.version, back.changes, record.place)
    expected = connector.expected_version(part.stream, record, write)
    text = proposals.changes_text(back.changes)
    where = (part.system, part.stream.name, record.place)
    return (
        row.rid, run, None, back.written.cid, *where, record.version, expected, text, "queued",
    )  # fmt: skip
