"""What a report asks the store: counts by GROUP BY, and a few examples by number.

Nothing here reads all rows into Python: a report over a million records must cost a few
statements, not a million rows.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, NamedTuple

import orjson
import sqlalchemy as sa

from rules.changes import Change, Finding, Severity
from rules.fields.field import PEOPLE
from rules.keys import KeyKind
from rules.records import Kind
from rules.suppression import Channel, EventType
from state.blocked import RECORDS as BLOCKED_RECORDS
from state.blocked import BlockedRecord
from state.findings import OPEN
from state.proposals import changes_of, in_plan
from state.shapes import Shape
from state.store import Tx
from state.tables import blocked, cursors, findings, history, ledger, match_keys, mirror, proposals

NEAR = 5000
"""How many numbers beyond the first a further example is looked for: keeps a look-up small."""


class Changed(NamedTuple):
    """The changes of one record, proposed or written, and where it stands."""

    number: int
    system: str
    stream: str
    kind: str
    id: str
    place: int | None
    changes: tuple[Change, ...]


@dataclass(frozen=True, slots=True)
class Cause:
    """Findings with the same code in the same field of a stream; `new` since a moment."""

    system: str
    stream: str
    code: str
    severity: Severity
    field: str | None
    records: int
    new: int
    broken: int
    """How many are about a place that could not be read as a record."""
    oldest: datetime
    """When the first of them was first seen."""
    numbers: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Found:
    """One finding and where it stands; `ref_id` is None when it is about a place."""

    number: int
    system: str
    stream: str
    kind: str | None
    id: str | None
    place: int | None
    finding: Finding
    first_seen_at: datetime


# --- changes ---------------------------------------------------------------------------------


def _numbers(row: Any) -> tuple[int, ...]:
    return (row.first,) if row.first == row.last else (row.first, row.last)


def touched(tx: Tx, plan: int, systems: Sequence[str]) -> int:
    """Records of a plan that still exist."""
    query = (
        sa.select(sa.func.count(sa.distinct(proposals.c.rid)))
        .join(mirror, mirror.c.rid == proposals.c.rid)
        .where(in_plan(plan, systems), mirror.c.deleted_at.is_(None))
    )
    return int(tx.execute(query).scalar_one())


def proposed(tx: Tx, numbers: Sequence[int]) -> dict[int, Changed]:
    """Proposals by their numbers."""
    query = _changed(proposals, proposals.c.pid, proposals.c.place)
    return _read_changed(tx.execute(query.where(proposals.c.pid.in_(numbers))))


def more_proposed(tx: Tx, plan: int, like: int, limit: int) -> list[int]:
    """Numbers of further proposals of the plan with the shape of `like`, from near behind it."""
    alike = sa.select(proposals.c.shape, proposals.c.system, proposals.c.stream).where(
        proposals.c.pid == like
    )
    row = tx.execute(alike).one()
    query = (
        sa.select(proposals.c.pid)
        .where(
            proposals.c.pid.between(like + 1, like + NEAR),
            proposals.c.shape == row.shape,
            proposals.c.stream == row.stream,
            in_plan(plan, [row.system]),
        )
        .order_by(proposals.c.pid)
        .limit(limit)
    )
    return list(tx.execute(query).scalars())


def written_shapes(tx: Tx, run: int) -> list[Shape]:
    """What a run wrote, one (rule, field) each: a record with two changes counts in two of them."""
    rule: sa.ColumnElement[str]
    field: sa.ColumnElement[str]
    if tx.dialect.name == "sqlite":
        each = sa.func.json_each(history.c.changes).table_valued("value", name="each")
        rule = sa.func.json_extract(each.c.value, "$[3]")
        field = sa.func.json_extract(each.c.value, "$[0]")
    else:
        # PostgreSQL cannot take \u0000 apart. As long, so that an escaped backslash stays one.
        text = sa.func.replace(history.c.changes, "\\u0000", "\\u0020")
        items = sa.func.json_array_elements(sa.cast(text, sa.JSON))
        each = items.table_valued(sa.column("value", sa.JSON), name="each")
        rule = each.c.value.op("->>")(sa.literal_column("3"))
        field = each.c.value.op("->>")(sa.literal_column("0"))
    columns = (history.c.system, history.c.stream, rule.label("rule"), field.label("field"))
    found = tx.execute(
        sa.select(
            *columns,
            sa.func.count().label("records"),
            sa.func.min(history.c.cid).label("first"),
            sa.func.max(history.c.cid).label("last"),
        )
        .select_from(history.join(each, sa.true()))
        .where(history.c.run == run)
        .group_by(*(column for column in columns))
    )
    shapes_ = [
        Shape(row.system, row.stream, ((row.rule, row.field),), row.records, _numbers(row))
        for row in found
    ]
    return sorted(shapes_, key=lambda one: (one.system, one.stream, one.rules))


def written(tx: Tx, numbers: Sequence[int]) -> dict[int, Changed]:
    """What was written, by the numbers of the history."""
    query = _changed(history, history.c.cid, mirror.c.place)
    return _read_changed(tx.execute(query.where(history.c.cid.in_(numbers))))


def proposed_page(
    tx: Tx, plan: int, systems: Sequence[str], after: int, limit: int
) -> list[Changed]:
    """A page of what a plan holds, by number."""
    query = (
        _changed(proposals, proposals.c.pid, proposals.c.place)
        .where(proposals.c.pid > after, in_plan(plan, systems))
        .order_by(proposals.c.pid)
        .limit(limit)
    )
    return list(_read_changed(tx.execute(query)).values())


def written_page(tx: Tx, run: int, after: int, limit: int) -> list[Changed]:
    """A page of what a run wrote, by number."""
    query = (
        _changed(history, history.c.cid, mirror.c.place)
        .where(history.c.cid > after, history.c.run == run)
        .order_by(history.c.cid)
        .limit(limit)
    )
    return list(_read_changed(tx.execute(query)).values())


def _changed(table: sa.Table, number: Any, place: Any) -> sa.Select[Any]:
    """In the order of `Changed`."""
    return sa.select(
        number.label("number"),
        table.c.system,
        table.c.stream,
        mirror.c.kind,
        mirror.c.id,
        place.label("place"),
        table.c.changes,
    ).join_from(table, mirror, mirror.c.rid == table.c.rid)


def _read_changed(found: sa.Result[Any]) -> dict[int, Changed]:
    return {row[0]: Changed._make((*row[:-1], changes_of(row[-1]))) for row in found.all()}


# --- findings --------------------------------------------------------------------------------


def _standing(at: datetime | None) -> sa.ColumnElement[bool]:
    """Findings that are open now, or stood at a moment."""
    if at is None:
        return OPEN
    return sa.and_(
        findings.c.first_seen_at <= at,
        sa.or_(findings.c.gone_at.is_(None), findings.c.gone_at > at),
    )


def causes(
    tx: Tx, systems: Sequence[str], since: datetime, at: datetime | None = None
) -> list[Cause]:
    """Open findings by stream, code and field; those first seen at or after `since` are new."""
    columns = (
        findings.c.system,
        findings.c.stream,
        findings.c.code,
        findings.c.severity,
        findings.c.field,
    )
    found = tx.execute(
        sa.select(
            *columns,
            sa.func.count().label("records"),
            sa.func.sum(sa.case((findings.c.first_seen_at >= since, 1), else_=0)).label("new"),
            sa.func.sum(sa.case((_about_a_place(), 1), else_=0)).label("broken"),
            sa.func.min(findings.c.first_seen_at).label("oldest"),
            sa.func.min(findings.c.fid).label("first"),
            sa.func.max(findings.c.fid).label("last"),
        )
        .where(_standing(at))
        .group_by(*columns)
        .order_by(*columns)
    )
    # The system is not asked for in WHERE: its index would lead to row after row, out of order.
    return [
        Cause(
            row.system,
            row.stream,
            row.code,
            Severity(row.severity),
            row.field,
            row.records,
            int(row.new),
            int(row.broken),
            row.oldest,
            _numbers(row),
        )
        for row in found
        if row.system in systems
    ]


def _about_a_place() -> sa.ColumnElement[bool]:
    """What a pull could not read; a remark on the row of headings is no row that was lost."""
    return sa.and_(findings.c.rid.is_(None), findings.c.origin == "pull")


_FOUND: Final = sa.select(
    findings.c.fid,
    findings.c.system,
    findings.c.stream,
    mirror.c.kind.label("ref_kind"),
    mirror.c.id.label("ref_id"),
    findings.c.place,
    findings.c.code,
    findings.c.severity,
    findings.c.field,
    findings.c.details,
    findings.c.first_seen_at,
).outerjoin(mirror, mirror.c.rid == findings.c.rid)


def found(tx: Tx, numbers: Sequence[int]) -> dict[int, Found]:
    """Findings by their numbers."""
    rows = tx.execute(_FOUND.where(findings.c.fid.in_(numbers)))
    return {one.number: one for one in map(_found, rows)}


def found_page(tx: Tx, after: int, limit: int) -> list[Found]:
    """A page of open findings of every system, by number."""
    query = _FOUND.where(findings.c.fid > after, OPEN)
    return list(map(_found, tx.execute(query.order_by(findings.c.fid).limit(limit))))


def _found(row: Any) -> Found:
    number, system, stream, kind, ident, place, code, severity, field, details, first = row
    finding = Finding(code, Severity(severity), field, orjson.loads(details))
    return Found(number, system, stream, kind, ident, place, finding, first)


# --- opt-outs --------------------------------------------------------------------------------


def _read(column: sa.Column[str]) -> sa.ColumnElement[str]:
    """The column without its indexes: SQLite would follow one through all records, blocked or not."""
    return column.concat("")


def _blocked(*columns: Any) -> sa.Select[Any]:
    """Live records that are blocked. Rows of opt-out lists are the evidence, not whom it is about."""
    return (
        sa.select(*columns)
        .select_from(BLOCKED_RECORDS)
        .where(mirror.c.deleted_at.is_(None), mirror.c.kind != Kind.OPT_OUT.value)
    )


def blocked_channels(tx: Tx, systems: Sequence[str]) -> dict[tuple[str, str], dict[str, int]]:
    """(system, stream) -> channels as stored, separated by commas -> live records blocked on them."""
    columns = (_read(mirror.c.system), _read(mirror.c.stream), blocked.c.channels)
    query = _blocked(*columns, sa.func.count()).group_by(*columns)
    counted: dict[tuple[str, str], dict[str, int]] = {}
    for system, stream, channels, number in tx.execute(query):
        if system in systems:
            counted.setdefault((system, stream), {})[channels] = number
    return counted


def blocked_page(
    tx: Tx, systems: Sequence[str], after: int = 0, limit: int = 1000
) -> list[BlockedRecord]:
    """A page of blocked records by number."""
    where = (mirror.c.system, mirror.c.stream, mirror.c.kind, mirror.c.id, mirror.c.place)
    found = tx.execute(
        _blocked(blocked.c.rid, *where, blocked.c.channels, blocked.c.events, blocked.c.since)
        .where(_read(mirror.c.system).in_(systems), blocked.c.rid > after)
        .order_by(blocked.c.rid)
        .limit(limit)
    )
    return [
        BlockedRecord(
            row.rid,
            row.system,
            row.stream,
            row.kind,
            row.id,
            row.place,
            tuple(row.channels.split(",")),
            tuple(row.events),
            row.since,
        )
        for row in found
    ]


def blocked_marks(tx: Tx, systems: Sequence[str], channel: str) -> dict[int, int]:
    """Marks (rules/marks.py) -> live people who are blocked on the channel."""
    columns = (_read(mirror.c.system), blocked.c.channels, mirror.c.marks)
    query = _blocked(*columns, sa.func.count()).where(mirror.c.kind.in_(sorted(PEOPLE)))
    found: dict[int, int] = {}
    for system, channels, marks, records in tx.execute(query.group_by(*columns)):
        if system in systems and marks is not None and _concerns(channels, channel):
            found[marks] = found.get(marks, 0) + records
    return found


def blocked_doubles(tx: Tx, channel: str) -> int:
    """People blocked on the channel whose number stands on another blocked record, but the first."""
    query = (
        sa.select(blocked.c.channels, match_keys.c.digest, sa.func.count())
        .select_from(BLOCKED_RECORDS)
        .join(match_keys, match_keys.c.rid == blocked.c.rid + 0)
        .where(
            mirror.c.deleted_at.is_(None),
            mirror.c.kind.in_(sorted(PEOPLE)),
            match_keys.c.key_kind == KeyKind.PHONE.value,
        )
        .group_by(blocked.c.channels, match_keys.c.digest)
    )
    records: dict[bytes, int] = {}
    for channels, digest, number in tx.execute(query):
        if _concerns(channels, channel):
            records[digest] = records.get(digest, 0) + number
    return sum(number - 1 for number in records.values())


def _concerns(channels: str, channel: str) -> bool:
    return not {channel, Channel.ALL.value}.isdisjoint(channels.split(","))


def opt_outs_recorded(tx: Tx) -> tuple[int, int]:
    """Opt-outs ever recorded, lifted ones too, and the entries that were derived from them."""
    kinds = (EventType.BLOCK.value, EventType.DERIVED.value)
    query = sa.select(ledger.c.event_type, sa.func.count()).where(ledger.c.event_type.in_(kinds))
    rows = tx.execute(query.group_by(ledger.c.event_type))
    found = {row[0]: int(row[1]) for row in rows}
    return found.get(kinds[0], 0), found.get(kinds[1], 0)


# --- streams ---------------------------------------------------------------------------------


def mapped_fields(tx: Tx, systems: Sequence[str]) -> dict[tuple[str, str], tuple[str, ...]]:
    """(system, stream) -> the canonical fields that the stream has a column for."""
    rows = tx.execute(
        sa.select(cursors.c.system, cursors.c.stream, cursors.c.fields).where(
            cursors.c.system.in_(systems)
        )
    )
    return {(row.system, row.stream): tuple(row.fields) for row in rows}
