"""Calls to people who stand on a register (R67): looked for among those that no opt-out forbids."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime

from rules.attempts import Direction
from rules.permission import NATURAL, Purpose, permission
from rules.permission_facts import facts_of, person_of
from rules.records import Record
from rules.registers import Issue, Registered, in_force, keys_of
from rules.spans import COPENHAGEN
from rules.suppression import Channel
from rules.violations import Verdict
from state import match_keys, mirror, registers
from state.attempts import Row
from state.store import Tx
from state.violations import Judged
from sync.app import App
from sync.calling.permitting import terms_of


def called(tx: Tx, app: App, judged: Sequence[Judged]) -> dict[int, Issue | None]:
    """Call -> the issue that its person stood on when it was made, and that forbade it.

    As it stood: an issue that was taken in later says nothing of the call. None: the call was found
    on a register before, and the issues of that time are gone.
    """
    issues = registers.issues(tx)
    asked: dict[tuple[Issue, ...], list[tuple[Row, datetime]]] = defaultdict(list)
    found: dict[int, Issue | None] = {}
    for one in judged:
        begun = _begun(one)
        if begun is None:
            continue
        held = in_force(issues, begun)
        if held:
            asked[held].append((one.row, begun))
        elif one.row.verdict is Verdict.REGISTER:
            found[one.row.rid] = None
    for held, rows in asked.items():
        found |= _on(tx, app, held, rows)
    return found


def _begun(one: Judged) -> datetime | None:
    """When it began, if it is a call that a register can speak of."""
    row = one.row
    if one.judgement.verdict is not Verdict.LAWFUL or row.direction is not Direction.OUTBOUND:
        return None
    return row.span.start if row.span and row.channel is Channel.CALL else None


def _on(
    tx: Tx, app: App, held: Sequence[Issue], rows: Sequence[tuple[Row, datetime]]
) -> dict[int, Issue]:
    called_ones = _people(tx, [row for row, _ in rows])
    records = _natural(tx, {rid for rids in called_ones.values() for rid in rids})
    region = app.settings.region
    people = {rid: keys_of(record.values, region) for rid, record in records.items()}
    said = registers.look_up(tx, app.keys, held, people)
    found: dict[int, Issue] = {}
    for row, begun in rows:
        for rid in called_ones.get(row.rid, ()):
            issue = said[rid].by if rid in said else None
            if issue and _is_forbidden(app, records[rid], said[rid], begun):
                found.setdefault(row.rid, issue)
    return found


def _people(tx: Tx, rows: Sequence[Row]) -> Mapping[int, Sequence[int]]:
    """Call -> the records of whom it may have been made to: the log's contact, else by the number."""
    unnamed = [row for row in rows if row.person is None and row.digest]
    carriers = match_keys.rids_of(tx, {row.digest for row in unnamed if row.digest})
    by_number = {row.rid: carriers.get(row.digest or b"", ()) for row in unnamed}
    return {**by_number, **{row.rid: [row.person] for row in rows if row.person is not None}}


def _natural(tx: Tx, rids: Collection[int]) -> dict[int, Record]:
    held = mirror.held(tx, sorted(rids))
    return {
        rid: one.record
        for rid, one in held.items()
        if person_of(one.record.ref.kind, one.record.values) in NATURAL
    }


def _is_forbidden(app: App, record: Record, said: Registered, begun: datetime) -> bool:
    """Whoever asked for calls before is called lawfully, on a register or not."""
    facts = facts_of(record.ref.kind, record.values, (), said)
    day = begun.astimezone(COPENHAGEN).date()
    answer = permission(facts, Channel.CALL, Purpose.MARKETING, day, terms_of(app))
    return answer.code == "robinson"
