"""Which records have to be matched again: whoever came, changed or went, and whom that may concern.

Marks stand in the database, so that a kill loses none; `state.matching` takes them away.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from typing import Final

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite

from rules.fields.field import COMPANIES, PEOPLE
from rules.records import Kind
from state import carriers
from state.store import Tx, bulk
from state.tables import cursors, unmatched

_RID: Final[sa.BindParameter[int]] = sa.bindparam("b_rid")
_MARKS: Final[dict[str, sa.Insert]] = {
    "sqlite": sqlite.insert(unmatched).values(rid=_RID).on_conflict_do_nothing(),
    "postgresql": postgresql.insert(unmatched).values(rid=_RID).on_conflict_do_nothing(),
}


def lists(tx: Tx, but: Collection[tuple[str, str]] = ()) -> list[Kind]:
    """The kinds of the lists that hold records, `but` those; a kind for each list."""
    found = tx.execute(
        sa.select(cursors.c.system, cursors.c.stream, cursors.c.kind).where(cursors.c.records > 0)
    )
    return [Kind(row.kind) for row in found if (row.system, row.stream) not in but]


def worth_it(kinds: Iterable[Kind]) -> bool:
    """Whether several lists hold people, or companies: else there is nobody to be matched."""
    listed = list(kinds)
    return any(sum(kind in whose for kind in listed) > 1 for whose in (PEOPLE, COMPANIES))


def waiting(tx: Tx) -> bool:
    """Whether anybody is marked."""
    return tx.execute(sa.select(unmatched.c.rid).limit(1)).first() is not None


def mark(tx: Tx, rids: Collection[int]) -> None:
    """Have these records looked at."""
    bulk(tx, _MARKS[tx.dialect.name], [(rid,) for rid in sorted(rids)])


def mark_carriers(tx: Tx, digests: Collection[bytes]) -> None:
    """Have those looked at who carry one of these keys: somebody who carried it no longer does."""
    for sort in (carriers.OF_PEOPLE, carriers.OF_COMPANIES):
        mark(tx, carriers.of_few(tx, digests, sort))
