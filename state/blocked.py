"""Which records are blocked, as the last decision saw it: for plan, report and explain.

This is a view for people. Whether somebody may be called is asked of the ledger itself.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

import sqlalchemy as sa

from state.ledger_rows import chunks
from state.store import Tx, bulk
from state.tables import blocked, mirror


@dataclass(frozen=True, slots=True)
class BlockedRecord:
    """One blocked record, where it stands, and the events that block it."""

    rid: int
    system: str
    stream: str
    kind: str
    id: str
    place: int | None
    channels: tuple[str, ...]
    events: tuple[str, ...]
    since: datetime | None


_INSERT: Final = sa.insert(blocked).values(
    rid=sa.bindparam("b_rid"),
    channels=sa.bindparam("b_channels"),
    events=sa.bindparam("b_events", type_=blocked.c.events.type),
    since=sa.bindparam("b_since", type_=blocked.c.since.type),
)


RECORDS: Final = blocked.join(mirror, mirror.c.rid == blocked.c.rid + 0)
"""Blocked records. The sum keeps SQLite, which does not know how few they are, from going through
the whole mirror and asking of each record whether it is blocked."""


def replace(
    tx: Tx,
    rids: Sequence[int],
    rows: Sequence[tuple[int, str, Sequence[str], datetime | None]],
    *,
    fresh: bool,
) -> None:
    """(rid, channels, event ids, since) in place of all that was noted of these rids."""
    if not fresh and rids:
        for start in range(0, len(rids), 1000):
            tx.execute(sa.delete(blocked).where(blocked.c.rid.in_(rids[start : start + 1000])))
    bulk(tx, _INSERT, rows)


def channels(tx: Tx, rids: Collection[int]) -> dict[int, tuple[str, ...]]:
    """By record, of those that are blocked at all: each single channel."""
    found: dict[int, tuple[str, ...]] = {}
    for some in chunks(rids):
        rows = tx.execute(
            sa.select(blocked.c.rid, blocked.c.channels).where(blocked.c.rid.in_(some))
        )
        found |= {rid: tuple(told.split(",")) for rid, told in rows}
    return found


def spread_again(tx: Tx, rids: Collection[int]) -> None:
    """Have the blocks on these records carried on once more: others are the same person by now."""
    for some in chunks(rids):
        tx.execute(sa.update(blocked).where(blocked.c.rid.in_(some)).values(spread=False))


def count(tx: Tx, systems: Sequence[str]) -> dict[tuple[str, str], int]:
    """(system, stream) -> blocked records."""
    found = tx.execute(
        sa.select(mirror.c.system, mirror.c.stream, sa.func.count())
        .join(blocked, blocked.c.rid == mirror.c.rid)
        .where(mirror.c.system.in_(systems), mirror.c.deleted_at.is_(None))
        .group_by(mirror.c.system, mirror.c.stream)
    )
    return {(row[0], row[1]): row[2] for row in found}


def listed(
    tx: Tx, systems: Sequence[str], after: int = 0, limit: int = 1000
) -> list[BlockedRecord]:
    """A page of blocked records by rid."""
    found = tx.execute(
        sa.select(
            mirror.c.rid,
            mirror.c.system,
            mirror.c.stream,
            mirror.c.kind,
            mirror.c.id,
            mirror.c.place,
            blocked.c.channels,
            blocked.c.events,
            blocked.c.since,
        )
        .join(blocked, blocked.c.rid == mirror.c.rid)
        .where(mirror.c.system.in_(systems), mirror.c.deleted_at.is_(None), mirror.c.rid > after)
        .order_by(mirror.c.rid)
        .limit(limit)
    )
    return [
        BlockedRecord(*row[:6], tuple(row.channels.split(",")), tuple(row.events), row.since)
        for row in found
    ]


def events_of(tx: Tx, rid: int) -> tuple[str, ...]:
    """The events that block one record."""
    row = tx.execute(sa.select(blocked.c.events).where(blocked.c.rid == rid)).one_or_none()
    return tuple(row.events) if row else ()
