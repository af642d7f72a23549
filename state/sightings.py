"""What the reading under way has shown, and burying what it did not, or what is said to be gone."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

import sqlalchemy as sa

from state.cursors import Lease
from state.store import Tx, among
from state.tables import mirror, sightings


def unseen(lease: Lease) -> sa.Select[tuple[int]]:
    """The live rows of the stream that the reading which has just ended did not show."""
    return sa.select(mirror.c.rid).where(
        mirror.c.system == lease.system,
        mirror.c.stream == lease.stream,
        mirror.c.deleted_at.is_(None),
        mirror.c.born_pass < lease.pass_no,
        ~sa.exists().where(
            sightings.c.system == lease.system,
            sightings.c.stream == lease.stream,
            sightings.c.rid == mirror.c.rid,
        ),
    )


def sight(tx: Tx, lease: Lease, ids: Sequence[str]) -> tuple[int, list[str]]:
    """Note the live records among these as seen: (how many for the first time, ids without one)."""
    mine = sa.and_(
        mirror.c.system == lease.system,
        mirror.c.kind == lease.kind,
        mirror.c.deleted_at.is_(None),
        among(tx, mirror.c.id, ids),
    )
    known = set(tx.execute(sa.select(mirror.c.id).where(mine)).scalars())
    fresh = sa.select(sa.literal(lease.system), sa.literal(lease.stream), mirror.c.rid).where(
        mine,
        ~sa.exists().where(
            sightings.c.system == lease.system,
            sightings.c.stream == lease.stream,
            sightings.c.rid == mirror.c.rid,
        ),
    )
    new = tx.execute(sa.insert(sightings).from_select(["system", "stream", "rid"], fresh)).rowcount
    return int(new), [ident for ident in ids if ident not in known]


def unseen_after(tx: Tx, lease: Lease, after: int, limit: int) -> list[tuple[int, str]]:
    """(rid, id) of the next live records that were not seen, by rid."""
    found = tx.execute(
        sa.select(mirror.c.rid, mirror.c.id)
        .where(mirror.c.rid.in_(unseen(lease)), mirror.c.rid > after)
        .order_by(mirror.c.rid)
        .limit(limit)
    )
    return [(row.rid, row.id) for row in found]


def unseen_among(tx: Tx, lease: Lease, rows: Sequence[tuple[int, str]]) -> list[tuple[int, str]]:
    """Those of these (rid, id) that are still unseen."""
    left = unseen(lease).where(among(tx, mirror.c.rid, [rid for rid, _ in rows]))
    rids = {row.rid for row in tx.execute(left)}
    return [row for row in rows if row[0] in rids]


def bury(tx: Tx, lease: Lease, now: datetime) -> list[tuple[int, str]]:
    """Turn what was not seen into tombstones; gives (rid, id). They are decided once more."""
    rows = list(
        tx.execute(
            sa.update(mirror)
            .where(mirror.c.rid.in_(unseen(lease)))
            .values(deleted_at=now, decided_with=None, changed_at=now)
            .returning(mirror.c.rid, mirror.c.id)
        )
    )
    forget_sightings(tx, lease)
    return [(row.rid, row.id) for row in rows]


def bury_refs(tx: Tx, lease: Lease, ids: Sequence[str], now: datetime) -> int:
    """Tombstones from a delete feed; gives how many of them were alive here.

    A record that the same reading has shown (one that was merged into another is shown once more,
    for what it says) counts as not seen.
    """
    if not ids:
        return 0
    buried = tx.execute(
        sa.update(mirror)
        .where(
            mirror.c.system == lease.system,
            mirror.c.kind == lease.kind,
            mirror.c.id.in_(ids),
            mirror.c.deleted_at.is_(None),
        )
        .values(deleted_at=now, decided_with=None, changed_at=now)
        .returning(mirror.c.rid)
    )
    rids = list(buried.scalars())
    if rids and lease.pass_no > 1:
        tx.execute(
            sa.delete(sightings).where(
                sightings.c.system == lease.system,
                sightings.c.stream == lease.stream,
                among(tx, sightings.c.rid, rids),
            )
        )
    return len(rids)


def count_sightings(tx: Tx, lease: Lease) -> int:
    """How many records the reading under way has shown so far."""
    return int(
        tx.execute(
            sa.select(sa.func.count())
            .select_from(sightings)
            .where(sightings.c.system == lease.system, sightings.c.stream == lease.stream)
        ).scalar_one()
    )


def count_born(tx: Tx, lease: Lease) -> int:
    """Live records that were first seen in the reading under way."""
    return int(
        tx.execute(
            sa.select(sa.func.count()).where(
                mirror.c.system == lease.system,
                mirror.c.stream == lease.stream,
                mirror.c.deleted_at.is_(None),
                mirror.c.born_pass == lease.pass_no,
            )
        ).scalar_one()
    )


def forget_sightings(tx: Tx, lease: Lease) -> None:
    """A reading has ended, or starts over."""
    tx.execute(
        sa.delete(sightings).where(
            sightings.c.system == lease.system, sightings.c.stream == lease.stream
        )
    )
