"""Our last known copy of each record: reading it, and marking it dirty."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from datetime import date, datetime
from typing import Any, Final, NamedTuple

import orjson
import sqlalchemy as sa

from rules.records import ABSENT, Kind, Record, Ref, Value
from state.cursors import Lease
from state.store import Tx, among, bulk
from state.tables import cursors, mirror


class Held(NamedTuple):
    """A row of the mirror. `record.values` are the cells as they stood at the last look."""

    rid: int
    record: Record
    stream: str
    filled: int | None
    valid: int | None
    decided_with: str | None
    also: str | None
    """Hashes of what stands in fields that nothing is mapped to (state/also.py)."""


def cells_text(values: Mapping[str, Value]) -> str:
    """The cells as stored: an absent cell is left out, an empty one is null."""
    if ABSENT in values.values():
        values = {name: value for name, value in values.items() if value is not ABSENT}
    return orjson.dumps(values).decode()


def count_live(tx: Tx, system: str, stream: str) -> int:
    """Records of the stream that are not deleted."""
    return int(
        tx.execute(
            sa.select(sa.func.count()).where(
                mirror.c.system == system,
                mirror.c.stream == stream,
                mirror.c.deleted_at.is_(None),
            )
        ).scalar_one()
    )


_HELD: Final = (
    mirror.c.rid,
    mirror.c.kind,
    mirror.c.id,
    mirror.c.version,
    mirror.c.cells,
    mirror.c.place,
    mirror.c.stream,
    mirror.c.filled,
    mirror.c.valid,
    mirror.c.decided_with,
    mirror.c.also,
    mirror.c.deleted_at,
)


class Dirty(NamedTuple):
    """A row to decide: as stored, because it may be decided by another process.

    `filled` is None when it was never decided before; `gone` for a tombstone.
    """

    rid: int
    id: str
    version: str
    cells: str
    place: int | None
    also: str | None
    filled: int | None
    valid: int | None
    marks: int | None
    gone: bool


_DIRTY: Final = (
    mirror.c.rid,
    mirror.c.id,
    mirror.c.version,
    mirror.c.cells,
    mirror.c.place,
    mirror.c.also,
    mirror.c.filled,
    mirror.c.valid,
    mirror.c.marks,
    mirror.c.deleted_at.is_not(None),
)


def dirty(tx: Tx, system: str, stream: str, after: int, limit: int) -> list[Dirty]:
    """The next rows to decide, by rid."""
    found = tx.execute(
        sa.select(*_DIRTY)
        .where(
            mirror.c.system == system,
            mirror.c.decided_with.is_(None),
            mirror.c.rid > after,
            mirror.c.stream == stream,
        )
        .order_by(mirror.c.rid)
        .limit(limit)
    )
    return [Dirty._make(row) for row in found.all()]


def alive(
    tx: Tx, after: int, limit: int, kinds: Collection[Kind] = tuple(Kind)
) -> list[tuple[str, str, Dirty]]:
    """(system, stream, row) of the next rows that are not deleted, by rid: for looking at them.

    Of all streams together: page by page by rid is one walk over the table, whatever it holds.
    """
    found = tx.execute(
        sa.select(mirror.c.system, mirror.c.stream, *_DIRTY)
        .where(
            mirror.c.deleted_at.is_(None),
            mirror.c.rid > after,
            mirror.c.kind.in_([kind.value for kind in kinds]),
        )
        .order_by(mirror.c.rid)
        .limit(limit)
    )
    return [(row[0], row[1], Dirty._make(row[2:])) for row in found]


def values_of(cells: str) -> dict[str, Value]:
    """The inverse of `cells_text`."""
    values: dict[str, Value] = orjson.loads(cells)
    return values


def outdate(tx: Tx, lease: Lease) -> None:
    """The stream will be read with other fields: what it shows is news, whatever its version."""
    tx.execute(
        sa.update(mirror)
        .where(
            mirror.c.system == lease.system,
            mirror.c.stream == lease.stream,
            mirror.c.by_content.is_(False),
            mirror.c.deleted_at.is_(None),
        )
        .values(version=mirror.c.version.concat(" other fields"))
    )


def count_dirty(tx: Tx, system: str) -> int:
    """How many rows wait for a decision."""
    return int(
        tx.execute(
            sa.select(sa.func.count()).where(
                mirror.c.system == system, mirror.c.decided_with.is_(None)
            )
        ).scalar_one()
    )


def count_by_stream(tx: Tx, systems: Sequence[str]) -> Counter[tuple[str, str]]:
    """The same of several systems, by system and stream."""
    found = tx.execute(
        sa.select(mirror.c.system, mirror.c.stream, sa.func.count())
        .where(mirror.c.system.in_(systems), mirror.c.decided_with.is_(None))
        .group_by(mirror.c.system, mirror.c.stream)
    )
    return Counter({(system, stream): number for system, stream, number in found})


def held(tx: Tx, rids: Sequence[int]) -> dict[int, Held]:
    """Rows by rid."""
    if not rids:
        return {}
    found = tx.execute(sa.select(*_HELD, mirror.c.system).where(among(tx, mirror.c.rid, rids)))
    return {row.rid: _held(row.system, row) for row in found}


def gone(tx: Tx, rids: Sequence[int]) -> set[int]:
    """Those of the rids that are deleted."""
    found = tx.execute(
        sa.select(mirror.c.rid).where(mirror.c.rid.in_(rids), mirror.c.deleted_at.is_not(None))
    )
    return {row.rid for row in found}


def buried(tx: Tx, system: str, kind: Kind, ids: Sequence[str]) -> dict[str, int]:
    """Those of the ids whose record is deleted: id -> rid."""
    found = tx.execute(
        sa.select(mirror.c.id, mirror.c.rid).where(
            mirror.c.system == system,
            mirror.c.kind == kind,
            mirror.c.id.in_(ids),
            mirror.c.deleted_at.is_not(None),
        )
    )
    return {row.id: row.rid for row in found}


def numbers(tx: Tx, refs: Collection[Ref]) -> dict[Ref, int]:
    """The rids of those refs that there is a row for, deleted or not."""
    ids: dict[tuple[str, Kind], list[str]] = {}
    for ref in refs:
        ids.setdefault((ref.system, ref.kind), []).append(ref.id)
    found: dict[Ref, int] = {}
    for (system, kind), listed in ids.items():
        rows = tx.execute(
            sa.select(mirror.c.id, mirror.c.rid).where(
                mirror.c.system == system, mirror.c.kind == kind, among(tx, mirror.c.id, listed)
            )
        )
        found |= {Ref(system, kind, row.id): row.rid for row in rows}
    return found


def find(tx: Tx, ref: Ref) -> Held | None:
    """The row of a ref, deleted or not."""
    row = tx.execute(
        sa.select(*_HELD).where(
            mirror.c.system == ref.system, mirror.c.kind == ref.kind, mirror.c.id == ref.id
        )
    ).one_or_none()
    return None if row is None else _held(ref.system, row)


def _held(system: str, row: Any) -> Held:
    rid, kind, ident, version, cells, place, stream, filled, valid, decided_with, also, *_ = row
    record = Record(Ref(system, KINDS[kind], ident), version, orjson.loads(cells), place)
    return Held(rid, record, stream, filled, valid, decided_with, also)


# A look-up is four times as fast as the call `Kind(...)`.
KINDS: Final = {kind.value: kind for kind in Kind}


_DECIDED = (
    sa.update(mirror)
    .where(mirror.c.rid == sa.bindparam("b_rid"))
    .values(
        decided_with=sa.bindparam("b_decided_with"),
        filled=sa.bindparam("b_filled"),
        valid=sa.bindparam("b_valid"),
        marks=sa.bindparam("b_marks"),
        again_on=sa.bindparam("b_again_on"),
    )
)


def set_decided(
    tx: Tx, rows: Sequence[tuple[str, int | None, int | None, int | None, str | None, int]]
) -> None:
    """(fingerprint, filled, valid, marks, day to decide again, rid) of each row that was decided."""
    bulk(tx, _DECIDED, rows)


def make_dirty(tx: Tx, rids: Sequence[int]) -> None:
    """Have these rows decided anew."""
    if rids:
        here = among(tx, mirror.c.rid, list(rids))
        tx.execute(sa.update(mirror).where(here).values(decided_with=None))


def will_decide(tx: Tx, system: str, stream: str, fingerprint: str) -> None:
    """Call first in a pass: it may leave rows behind that were decided with this fingerprint."""
    tx.execute(
        sa.update(cursors)
        .where(_of_stream(system, stream), cursors.c.decided_with != fingerprint)
        .values(decided_with=None)
    )


def make_stale(tx: Tx, system: str, stream: str, fingerprint: str, limit: int) -> int:
    """Have up to `limit` rows that were decided with other rules or settings decided anew.

    Once there are none the cursor says so, and nobody has to look again.
    """
    noted = sa.select(cursors.c.decided_with).where(_of_stream(system, stream))
    if tx.execute(noted).scalar_one_or_none() == fingerprint:
        return 0
    some = (
        sa.select(mirror.c.rid)
        .where(
            mirror.c.system == system,
            mirror.c.stream == stream,
            mirror.c.decided_with.is_not(None),
            mirror.c.decided_with != fingerprint,
        )
        .limit(limit)
    )
    done = tx.execute(sa.update(mirror).where(mirror.c.rid.in_(some)).values(decided_with=None))
    if done.rowcount < limit:
        noted_now = sa.update(cursors).where(_of_stream(system, stream))
        tx.execute(noted_now.values(decided_with=fingerprint))
    return int(done.rowcount)


def make_due(tx: Tx, system: str, stream: str, today: date, limit: int) -> int:
    """Have up to `limit` rows decided anew whose day has come although nothing in them changed."""
    some = (
        sa.select(mirror.c.rid)
        .where(
            mirror.c.system == system,
            mirror.c.stream == stream,
            mirror.c.again_on.is_not(None),
            mirror.c.again_on <= today.isoformat(),
        )
        .limit(limit)
    )
    come = sa.update(mirror).where(mirror.c.rid.in_(some))
    return int(tx.execute(come.values(decided_with=None, again_on=None)).rowcount)


def _of_stream(system: str, stream: str) -> sa.ColumnElement[bool]:
    return sa.and_(cursors.c.system == system, cursors.c.stream == stream)


_ARRIVED = (
    sa.update(mirror)
    .where(mirror.c.rid == sa.bindparam("b_rid"))
    .values(
        version=sa.bindparam("b_version"),
        cells=sa.bindparam("b_cells"),
        place=sa.bindparam("b_place"),
        changed_at=sa.bindparam("b_changed_at", type_=mirror.c.changed_at.type),
        decided_with=sa.bindparam("b_decided_with"),
    )
)


def set_written(
    tx: Tx, rows: Sequence[tuple[str, str, int | None, datetime, str | None, int]]
) -> None:
    """(version, cells text, place, now, fingerprint or None for dirty, rid) after our own write."""
    bulk(tx, _ARRIVED, rows)


def changed_since(
    tx: Tx, kind: Kind, since: datetime | None, after: int, limit: int
) -> list[tuple[int, dict[str, Value]]]:
    """A page of live records of a kind with their cells, by rid; of those that came or changed since
    then, or of all."""
    news = mirror.c.changed_at > since if since else sa.true()
    found = tx.execute(
        sa.select(mirror.c.rid, mirror.c.cells)
        .where(mirror.c.kind == kind, mirror.c.deleted_at.is_(None), mirror.c.rid > after, news)
        .order_by(mirror.c.rid)
        .limit(limit)
    )
    return [(row.rid, values_of(row.cells)) for row in found]
