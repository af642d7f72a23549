"""How far in the ledger each of those is who read it entry by entry; one row for each of them."""

from __future__ import annotations

import sqlalchemy as sa

from state.store import Tx, upserting
from state.tables import reach


def known(tx: Tx, consumer: str) -> int | None:
    """The number that stands there; None before the first."""
    query = sa.select(reach.c.ledger_seq).where(reach.c.consumer == consumer)
    found: int | None = tx.execute(query).scalar_one_or_none()
    return found


def position(tx: Tx, consumer: str) -> int:
    """The last entry that this consumer has seen; 0 for none."""
    return known(tx, consumer) or 0


def move(tx: Tx, consumer: str, seq: int) -> None:
    """It has seen the entries up to here."""
    upsert = upserting(tx, reach, "ledger_seq")
    tx.execute(upsert.values(consumer=consumer, ledger_seq=seq))
