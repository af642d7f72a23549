"""The keyed hashes that each record carries: how a new opt-out finds whom it reaches."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Final

import sqlalchemy as sa

from rules.records import Kind, Ref
from state.store import Tx, bulk
from state.tables import match_keys, mirror

_INSERT: Final = sa.insert(match_keys).values(
    rid=sa.bindparam("b_rid"), key_kind=sa.bindparam("b_kind"), digest=sa.bindparam("b_digest")
)


def replace(
    tx: Tx, rids: Sequence[int], rows: Sequence[tuple[int, str, bytes]], *, fresh: bool
) -> None:
    """(rid, kind, digest) rows in place of all that these rids carried; `fresh`: they had none."""
    if not fresh:
        for start in range(0, len(rids), 1000):
            tx.execute(
                sa.delete(match_keys).where(match_keys.c.rid.in_(rids[start : start + 1000]))
            )
    bulk(tx, _INSERT, rows)


def carriers(tx: Tx, digests: Collection[bytes], limit: int) -> tuple[list[Ref], int]:
    """Up to `limit` live records that carry one of these keys, and how many there are in all."""
    rids = sa.select(match_keys.c.rid).where(match_keys.c.digest.in_(list(digests))).distinct()
    here = sa.and_(mirror.c.rid.in_(rids), mirror.c.deleted_at.is_(None))
    number = tx.execute(sa.select(sa.func.count()).select_from(mirror).where(here)).scalar_one()
    rows = tx.execute(
        sa.select(mirror.c.system, mirror.c.kind, mirror.c.id)
        .where(here)
        .order_by(mirror.c.rid)
        .limit(limit)
    )
    return [Ref(row.system, Kind(row.kind), row.id) for row in rows], int(number)
