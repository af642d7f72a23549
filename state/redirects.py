"""Where a record went that was merged into another, converted, or made anew under another id.

Chains end: recording that an id lives on elsewhere forgets that the other one was said to have
gone the opposite way.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from typing import Final

import sqlalchemy as sa

from rules.records import Kind
from state.store import Tx
from state.tables import redirects

_CHUNK: Final = 500


def record(tx: Tx, system: str, kind: Kind, old_id: str, new_id: str, now: datetime) -> None:
    """Note that `old_id` is now `new_id`. What was heard last wins; ValueError for the same id.

    When `new_id` led back to `old_id` (a merge was taken back and made the other way round),
    `new_id` is alive again, and no longer leads anywhere.
    """
    if old_id == new_id:
        raise ValueError("a record cannot be redirected to itself")
    _lock(tx, system, kind)
    if old_id in _ways(tx, system, kind, [new_id])[new_id]:
        tx.execute(sa.delete(redirects).where(_of(system, kind), redirects.c.old_id == new_id))
    moved = tx.execute(
        sa.update(redirects)
        .where(_of(system, kind), redirects.c.old_id == old_id)
        .values(new_id=new_id, seen_at=now)
    )
    if moved.rowcount == 0:
        tx.execute(
            sa.insert(redirects).values(
                system=system, kind=kind.value, old_id=old_id, new_id=new_id, seen_at=now
            )
        )


def resolve(tx: Tx, system: str, kind: Kind, ids: Collection[str]) -> dict[str, str]:
    """Each id with the one that its record has now: itself, or the end of its chain.

    One query for each link of the longest chain. A circle, which `record` never makes, is left
    at the id where it was entered.
    """
    return {ident: way[-1] for ident, way in _ways(tx, system, kind, ids).items()}


def _ways(tx: Tx, system: str, kind: Kind, ids: Collection[str]) -> dict[str, list[str]]:
    """Each id with all that its chain passes, itself first."""
    ways = {ident: [ident] for ident in ids}
    going = set(ways)
    while going:
        steps = _next(tx, system, kind, {ways[ident][-1] for ident in going})
        for ident in tuple(going):
            way = ways[ident]
            step = steps.get(way[-1])
            if step is None:
                going.discard(ident)
            elif step in way:
                ways[ident] = [ident]
                going.discard(ident)
            else:
                way.append(step)
    return ways


def _next(tx: Tx, system: str, kind: Kind, ids: Collection[str]) -> dict[str, str]:
    listed, steps = list(ids), {}
    for start in range(0, len(listed), _CHUNK):
        rows = tx.execute(
            sa.select(redirects.c.old_id, redirects.c.new_id).where(
                _of(system, kind), redirects.c.old_id.in_(listed[start : start + _CHUNK])
            )
        )
        steps.update({row.old_id: row.new_id for row in rows})
    return steps


def _of(system: str, kind: Kind) -> sa.ColumnElement[bool]:
    return sa.and_(redirects.c.system == system, redirects.c.kind == kind.value)


def _lock(tx: Tx, system: str, kind: Kind) -> None:
    """Two that record at once could close a circle; SQLite has one writer anyway."""
    if tx.dialect.name == "postgresql":
        name = sa.func.hashtext(f"redirects {system} {kind}")
        tx.execute(sa.select(sa.func.pg_advisory_xact_lock(name)))
