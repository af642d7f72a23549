"""How many keys stand on more than one record: kept, not counted.

    email, phone         people (contacts and leads) with the same address or number of their own
    cvr, site            companies with the same CVR number, or root domain and country
    main_phone           companies with the same main number

`groups` are keys on two records or more, `surplus` the records beyond the first of each. A batch
asks how often the keys that come or go stand there before and after; when most of all records are
decided at once, everything is counted once at the end instead. No row at all means: not known.

Two processes of a PostgreSQL database that write the same key in the same instant do not see each
other; the first pass of each day counts anew.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from typing import Any, Final, NamedTuple

import sqlalchemy as sa

from rules.fields.field import COMPANIES, PEOPLE
from state.ledger_rows import chunks
from state.store import Store, Tx
from state.tables import cursors, doubles, match_keys, mirror

KINDS: Final = {
    "email": PEOPLE,
    "phone": PEOPLE,
    "cvr": COMPANIES,
    "site": COMPANIES,
    "main_phone": COMPANIES,
}
"""Kind of key, as `match_keys` has it -> whose doubles it finds."""

_FEW: Final = 10
"""Up to one record in so many is followed key by key; above that all are counted anew."""


class Double(NamedTuple):
    """One kind of key: keys on several records, and records beyond the first of each."""

    key_kind: str
    groups: int
    surplus: int


def read(tx: Tx) -> dict[str, Double] | None:
    """By kind of key; None while nobody has counted."""
    found = tx.execute(sa.select(doubles.c.key_kind, doubles.c.groups, doubles.c.surplus)).all()
    return {row.key_kind: Double(*row) for row in found} if found else None


def about_to_change(tx: Tx, records: int) -> None:
    """So many records are about to be decided: when they are many, stop following them."""
    everything = tx.execute(sa.select(sa.func.coalesce(sa.func.sum(cursors.c.records), 0)))
    if records * _FEW >= everything.scalar_one():
        tx.execute(sa.delete(doubles))


def settle(store: Store) -> None:
    """Count, unless the figures are known; they stay unknown while others are in a hurry."""
    with store.reading() as tx:
        if read(tx) is not None:
            return
    store.patiently(count)


def count(tx: Tx) -> None:
    """Count everything anew. Of several processes that do so at once each counts after the other."""
    if tx.dialect.name == "postgresql":
        tx.exec_driver_sql("LOCK TABLE doubles IN SHARE ROW EXCLUSIVE MODE")
    held = set(tx.execute(sa.select(cursors.c.kind).distinct()).scalars())
    counted = dict.fromkeys(KINDS, (0, 0))
    for kinds in (PEOPLE, COMPANIES):
        if not held.isdisjoint(kinds):
            counted |= {row[0]: (row[1], int(row[2])) for row in tx.execute(_shared_by(kinds))}
    tx.execute(sa.delete(doubles))
    tx.execute(
        sa.insert(doubles),
        [{"key_kind": k, "groups": g, "surplus": s} for k, (g, s) in sorted(counted.items())],
    )


def _shared_by(kinds: Collection[Any]) -> sa.Select[Any]:
    """(kind of key, keys on two of these records or more, records beyond the first of each).

    Those that do not count are set apart first: to look up each of the records that do, in the
    order of their hashes, would take four times as long.
    """
    not_one = sa.or_(mirror.c.deleted_at.is_not(None), mirror.c.kind.not_in(sorted(kinds)))
    others = sa.select(mirror.c.rid).where(not_one).cte("others").prefix_with("MATERIALIZED")
    sizes = (
        sa.select(match_keys.c.key_kind, sa.func.count().label("records"))
        .outerjoin(others, others.c.rid == match_keys.c.rid)
        .where(others.c.rid.is_(None), match_keys.c.key_kind.in_(_of(kinds)))
        .group_by(match_keys.c.digest, match_keys.c.key_kind)
        .having(sa.func.count() > 1)
        .subquery()
    )
    beyond = sa.func.sum(sizes.c.records - 1)
    return sa.select(sizes.c.key_kind, sa.func.count(), beyond).group_by(sizes.c.key_kind)


class Following:
    """Watches the keys of a batch while they change: make it before, `end` it afterwards."""

    def __init__(self, tx: Tx, digests: Iterable[bytes]) -> None:
        self._tx = tx
        self._known = read(tx) is not None
        self._digests = list(set(digests)) if self._known else []
        self._before = self._figures() if self._known else {}

    def end(self) -> None:
        """Add the difference."""
        if not self._known:
            return
        after = self._figures()
        for kind in KINDS:
            more = [a - b for a, b in zip(after[kind], self._before[kind], strict=True)]
            if any(more):
                groups, surplus = doubles.c.groups + more[0], doubles.c.surplus + more[1]
                change = sa.update(doubles).where(doubles.c.key_kind == kind)
                self._tx.execute(change.values(groups=groups, surplus=surplus))

    def _figures(self) -> dict[str, tuple[int, int]]:
        figures = dict.fromkeys(KINDS, (0, 0))
        for some in chunks(self._digests):
            query = _sizes(match_keys.c.digest.in_(some)).having(sa.func.count() > 1)
            for kind, _, records in self._tx.execute(query):
                groups, surplus = figures[kind]
                figures[kind] = (groups + 1, surplus + records - 1)
        return figures


def _sizes(where: sa.ColumnElement[bool]) -> sa.Select[Any]:
    """(kind of key, hash, live records that carry it and that it finds doubles of)."""
    fitting = sa.or_(
        *(
            sa.and_(match_keys.c.key_kind.in_(_of(kinds)), mirror.c.kind.in_(sorted(kinds)))
            for kinds in (PEOPLE, COMPANIES)
        )
    )
    return (
        sa.select(match_keys.c.key_kind, match_keys.c.digest, sa.func.count().label("records"))
        .join(mirror, mirror.c.rid == match_keys.c.rid)
        .where(where, mirror.c.deleted_at.is_(None), fitting)
        .group_by(match_keys.c.key_kind, match_keys.c.digest)
    )


def _of(kinds: Collection[Any]) -> Sequence[str]:
    return [kind for kind, whose in KINDS.items() if whose == kinds]
