"""The keyed hashes that each record carries: how a new opt-out finds whom it reaches."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import sqlalchemy as sa

from state.store import Tx, bulk
from state.tables import match_keys

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
