"""What one page of a pull changes in the mirror.

A record with an id is found by it. One without (a row of a file that has no id column) is found
by its version, which is computed from its cells: rows that are alike are interchangeable, so the
n-th of them in the file is the n-th of them here. The version that a write of ours is about to
give a row counts as its version too, so that a row keeps its identity across our own writes even
when we were killed before we could note that they had arrived.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

import orjson
import sqlalchemy as sa

from rules.changes import Finding
from rules.private import may_hold_cpr, without_cpr
from rules.records import Record, Ref, Value
from state.also import hashed_text
from state.cursors import Lease
from state.keys import KeyRing
from state.mirror import cells_text
from state.store import Tx, among, bulk, moment
from state.tables import mirror, outbox, sightings
from state.types import StoredMoment


@dataclass(slots=True)
class Merged:
    """What one page did to the mirror. `moved` holds the cells as they were before."""

    born: list[tuple[int, Record]] = field(default_factory=list)
    moved: list[tuple[int, Record, Mapping[str, Value]]] = field(default_factory=list)
    unchanged: int = 0
    revived: int = 0
    doubles: list[tuple[int, Record]] = field(default_factory=list)
    private: list[tuple[int, Sequence[Finding]]] = field(default_factory=list)
    """Records with a CPR number in a field, which was left out."""

    @property
    def rids(self) -> list[int]:
        """Of all that are new or changed."""
        return [rid for rid, _ in self.born] + [rid for rid, _, _ in self.moved]


@dataclass(frozen=True, slots=True)
class _Known:
    rid: int
    id: str
    version: str
    place: int | None
    gone: bool
    born_pass: int


_KNOWN: Final = (
    mirror.c.rid,
    mirror.c.id,
    mirror.c.version,
    mirror.c.place,
    mirror.c.deleted_at.is_not(None),
    mirror.c.born_pass,
)

_INSERT = sa.insert(mirror).values(
    {
        name: sa.bindparam(f"b_{name}", type_=StoredMoment() if name.endswith("_at") else None)
        for name in (
            "system",
            "kind",
            "stream",
            "id",
            "version",
            "cells",
            "place",
            "by_content",
            "born_pass",
            "first_seen_at",
            "changed_at",
            "also",
        )
    }
)
_MOVE = (
    sa.update(mirror)
    .where(mirror.c.rid == sa.bindparam("b_rid"))
    .values(
        version=sa.bindparam("b_version"),
        cells=sa.bindparam("b_cells"),
        place=sa.bindparam("b_place"),
        changed_at=sa.bindparam("b_changed_at", type_=mirror.c.changed_at.type),
        also=sa.bindparam("b_also"),
        deleted_at=sa.null(),
        decided_with=sa.null(),
    )
)
_PLACE = (
    sa.update(mirror)
    .where(mirror.c.rid == sa.bindparam("b_rid"))
    .values(place=sa.bindparam("b_place"))
)
_SEEN = sa.insert(sightings).values(
    system=sa.bindparam("b_system"), stream=sa.bindparam("b_stream"), rid=sa.bindparam("b_rid")
)


def merge(
    tx: Tx,
    lease: Lease,
    records: Sequence[Record],
    now: datetime,
    region: str = "DK",
    ring: KeyRing | None = None,
) -> Merged:
    """Upsert a page. A record whose version has not moved writes nothing.

    The records that come back are as they were given; fields with a CPR number are not stored.
    `ring` hashes what stands in fields that nothing is mapped to; without it they are not kept.
    """
    page = _PageMerge(tx, lease, now, region, ring)
    page.take(records)
    return page.write()


class _PageMerge:
    """Sorts a page's records into new, moved and unchanged, then writes each heap at once."""

    def __init__(
        self, tx: Tx, lease: Lease, now: datetime, region: str, ring: KeyRing | None
    ) -> None:
        self.tx, self.lease, self.now, self.region, self.ring = tx, lease, now, region, ring
        self.merged = Merged()
        self._born: dict[str, tuple[Record, bool]] = {}
        self._double: set[str] = set()
        self._private: dict[str, Sequence[Finding]] = {}
        self._moved: list[tuple[_Known, Record]] = []
        self._placed: list[tuple[int, int | None]] = []
        self._taken: set[int] = set()
        self._used: Mapping[str, _Known] = {}

    def take(self, records: Sequence[Record]) -> None:
        records = _newest(records)
        by_id = _by_id(self.tx, self.lease, [r.ref.id for r in records if r.ref.id])
        nameless = [record.version for record in records if not record.ref.id]
        by_content = _by_content(self.tx, self.lease, nameless) if nameless else {}
        self._used = _by_id(self.tx, self.lease, [f"{self.lease.stream}~{v}" for v in nameless])
        self._taken |= self._sighted(
            [row.rid for row in by_id.values()]
            + [r.rid for rows in by_content.values() for r in rows]
        )
        twins: dict[str, list[Record]] = {}
        for record in records:
            if record.ref.id:
                self._with_id(record, by_id.get(record.ref.id))
            else:
                twins.setdefault(record.version, []).append(record)
        for version, alike in twins.items():
            self._without_id(alike, by_content.get(version, []))

    def _sighted(self, rids: Sequence[int]) -> set[int]:
        if self.lease.pass_no == 1 or not rids:
            return set()
        found = self.tx.execute(
            sa.select(sightings.c.rid).where(
                sightings.c.system == self.lease.system,
                sightings.c.stream == self.lease.stream,
                among(self.tx, sightings.c.rid, rids),
            )
        )
        return {row.rid for row in found}

    def _is_free(self, row: _Known) -> bool:
        return row.rid not in self._taken and row.born_pass != self.lease.pass_no

    def _with_id(self, record: Record, row: _Known | None) -> None:
        ident = record.ref.id
        if row is None and ident not in self._born:
            self._born[ident] = (record, False)
        elif row is not None and (record.place is None or self._is_free(row)):
            # A system shows a record again that was changed while it was read, or after a kill.
            self._known(record, row)
        else:
            self._again(record, ident)

    def _without_id(self, records: list[Record], rows: list[_Known]) -> None:
        """Records that are alike, in the order of their places, and the rows that they may be.

        As many of both: the n-th is the n-th, wherever they stand now. Else those first that have
        not left their place, then those that need no write of ours to have arrived.
        """
        free = [row for row in rows if self._is_free(row)]
        if len(free) != len(records):
            records, free = self._stayed(records, free)
            free.sort(key=lambda row: row.version != records[0].version if records else False)
        for record, row in zip(records, free, strict=False):
            self._known(record, row)
        for record in records[len(free) :]:
            self._new(record)

    def _stayed(
        self, records: list[Record], rows: list[_Known]
    ) -> tuple[list[Record], list[_Known]]:
        """Settles the records that stand where a row stood; gives what is left of both."""
        by_place = {row.place: row for row in rows if row.place is not None}
        left = []
        for record in records:
            row = by_place.pop(record.place, None) if record.place is not None else None
            if row is None:
                left.append(record)
            else:
                self._known(record, row)
        return left, [row for row in rows if row.rid not in self._taken]

    def _new(self, record: Record) -> None:
        ident = f"{self.lease.stream}~{record.version}"
        if ident in self._born or ident in self._used:
            ident = self._next_ordinal(ident, 2)
        self._born[ident] = (record, True)

    def _again(self, record: Record, ident: str) -> None:
        """An id for the second time in one reading: kept apart by its ordinal, and told."""
        ordinal = 2
        while True:
            numbered = self._next_ordinal(ident, ordinal, only_page=True)
            row = _by_id(self.tx, self.lease, [numbered]).get(numbered)
            if row is None:
                self._born[numbered] = (record, False)
                break
            self._taken |= self._sighted([row.rid])
            if self._is_free(row):
                self._known(record, row)
                break
            ordinal += 1
        self._double.add(numbered)

    def _next_ordinal(self, ident: str, start: int, *, only_page: bool = False) -> str:
        ordinal = start
        while True:
            numbered = f"{ident}~{ordinal}"
            if numbered not in self._born and (
                only_page or not _by_id(self.tx, self.lease, [numbered])
            ):
                return numbered
            ordinal += 1

    def _known(self, record: Record, row: _Known) -> None:
        self._taken.add(row.rid)
        if row.version != record.version or row.gone:
            self._moved.append((row, record))
            self.merged.revived += row.gone
        else:
            self.merged.unchanged += 1
            if row.place != record.place:
                self._placed.append((row.rid, record.place))

    def write(self) -> Merged:
        self._write_moved()
        self._write_born()
        bulk(self.tx, _PLACE, [(place, rid) for rid, place in self._placed])
        if self.lease.pass_no > 1:
            lease = self.lease
            bulk(self.tx, _SEEN, [(lease.system, lease.stream, rid) for rid in self._taken_now()])
        return self.merged

    def _taken_now(self) -> Iterable[int]:
        born = (rid for rid, _ in self.merged.born)
        return (self._taken - self._sighted(list(self._taken))).union(born)

    def _write_moved(self) -> None:
        if not self._moved:
            return
        rids = [row.rid for row, _ in self._moved]
        before = {
            row.rid: orjson.loads(row.cells)
            for row in self.tx.execute(
                sa.select(mirror.c.rid, mirror.c.cells).where(among(self.tx, mirror.c.rid, rids))
            )
        }
        bulk(
            self.tx,
            _MOVE,
            [
                (
                    record.version,
                    self._cells(row.id, record),
                    record.place,
                    self.now,
                    self._also(record),
                    row.rid,
                )
                for row, record in self._moved
            ],
        )
        self.merged.moved = [
            (row.rid, _named(record, row.id), before[row.rid]) for row, record in self._moved
        ]
        self._note((row.id, row.rid, record) for row, record in self._moved)

    def _write_born(self) -> None:
        if not self._born:
            return
        lease, now = self.lease, moment(self.tx, self.now)
        system, kind, stream, number = lease.system, lease.kind.value, lease.stream, lease.pass_no
        rows = [
            (
                system,
                kind,
                stream,
                ident,
                record.version,
                self._cells(ident, record),
                record.place,
                by_content,
                number,
                now,
                now,
                self._also(record),
            )
            for ident, (record, by_content) in self._born.items()
        ]
        newest = self.tx.execute(_NEWEST).scalar_one() or 0
        bulk(self.tx, _INSERT, rows)
        rids = _newer(self.tx, lease, newest)
        self.merged.born = [
            (rids[ident], _named(record, ident)) for ident, (record, _) in self._born.items()
        ]
        self._note((ident, rids[ident], r) for ident, (r, _) in self._born.items())

    def _cells(self, ident: str, record: Record) -> str:
        text = cells_text(record.values)
        if not may_hold_cpr(text):
            return text
        kept, found = without_cpr(record, self.region)
        if not found:
            return text
        self._private[ident] = found
        return cells_text(kept.values)

    def _also(self, record: Record) -> str | None:
        return hashed_text(self.ring, record, self.region) if record.also and self.ring else None

    def _note(self, rows: Iterable[tuple[str, int, Record]]) -> None:
        if not (self._double or self._private):
            return
        for ident, rid, record in rows:
            if ident in self._double:
                self.merged.doubles.append((rid, record))
            if ident in self._private:
                self.merged.private.append((rid, self._private[ident]))


def _newest(records: Sequence[Record]) -> Sequence[Record]:
    """Without what a page shows of a record before it shows the record again. Rows that have a
    place stand twice where their id does."""
    named = {record.ref.id or at: at for at, record in enumerate(records) if record.place is None}
    if len(named) == len(records) or not named:
        return records
    last = set(named.values())
    return [one for at, one in enumerate(records) if one.place is not None or at in last]


def _named(record: Record, ident: str) -> Record:
    if record.ref.id == ident:
        return record
    ref = Ref(record.ref.system, record.ref.kind, ident)
    return Record(ref, record.version, record.values, record.place)


def _by_id(tx: Tx, lease: Lease, ids: Sequence[str]) -> dict[str, _Known]:
    if not ids:
        return {}
    found = tx.execute(
        sa.select(*_KNOWN).where(
            mirror.c.system == lease.system,
            mirror.c.kind == lease.kind,
            among(tx, mirror.c.id, ids),
        )
    )
    return {row[1]: _Known(*row) for row in found.all()}


_NEWEST: Final = sa.select(sa.func.max(mirror.c.rid))


def _newer(tx: Tx, lease: Lease, newest: int) -> dict[str, int]:
    """The rids of the rows of this stream that were made after `newest`, by id."""
    system, kind = lease.system, lease.kind.value
    columns = (mirror.c.id, mirror.c.rid, mirror.c.system, mirror.c.kind)
    found = tx.execute(sa.select(*columns).where(mirror.c.rid > newest)).all()
    return {row[0]: row[1] for row in found if row[2] == system and row[3] == kind}


def _by_content(tx: Tx, lease: Lease, versions: Sequence[str]) -> dict[str, list[_Known]]:
    """Live rows by the version they have, or are about to get by a write of ours; by place."""
    mine = sa.and_(
        mirror.c.by_content,
        mirror.c.system == lease.system,
        mirror.c.stream == lease.stream,
        mirror.c.deleted_at.is_(None),
    )
    here = tx.execute(
        sa.select(*_KNOWN, mirror.c.version).where(mine, among(tx, mirror.c.version, versions))
    )
    arriving = tx.execute(
        sa.select(*_KNOWN, outbox.c.expected_version)
        .join(outbox, outbox.c.rid == mirror.c.rid)
        .where(mine, outbox.c.state != "queued", among(tx, outbox.c.expected_version, versions))
    )
    rows: dict[str, dict[int, _Known]] = {}
    for row in (*here, *arriving):
        rows.setdefault(row[-1], {})[row[0]] = _Known(*row[:-1])
    return {
        version: sorted(alike.values(), key=lambda row: (row.place or 0, row.rid))
        for version, alike in rows.items()
    }
