"""What was known where when a forbidden call was made: deliveries, releases, the list's first call."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

import sqlalchemy as sa

from state.deliveries import DeliveryState
from state.ledger_rows import chunks
from state.store import Tx
from state.tables import attempts, deliveries, ledger, receipts, releases


def confirmed(tx: Tx, event_ids: Collection[str], system: str) -> dict[str, datetime]:
    """Event -> when the system first showed that it had it."""
    found: dict[str, datetime] = {}
    for some in chunks(event_ids):
        query = (
            sa.select(ledger.c.event_id, sa.func.min(receipts.c.at))
            .join(deliveries, deliveries.c.seq == ledger.c.seq)
            .join(receipts, receipts.c.delivery == deliveries.c.delivery)
            .where(
                ledger.c.event_id.in_(some),
                deliveries.c.system == system,
                receipts.c.state == DeliveryState.CONFIRMED.value,
            )
            .group_by(ledger.c.event_id)
        )
        found |= {row[0]: row[1] for row in tx.execute(query)}
    return found


def settled(tx: Tx, event_ids: Collection[str], system: str) -> set[str]:
    """Events that the system has nothing to show on."""
    found: set[str] = set()
    for some in chunks(event_ids):
        query = (
            sa.select(ledger.c.event_id)
            .join(deliveries, deliveries.c.seq == ledger.c.seq)
            .where(
                ledger.c.event_id.in_(some),
                deliveries.c.system == system,
                deliveries.c.state == DeliveryState.SETTLED.value,
            )
        )
        found.update(tx.execute(query).scalars())
    return found


def first_call(tx: Tx, system: str, call_list: str) -> datetime | None:
    """When the first call of a list that we know of was made."""
    first: datetime | None = tx.execute(
        sa.select(sa.func.min(attempts.c.at_from)).where(
            attempts.c.system == system, attempts.c.call_list == call_list
        )
    ).scalar_one()
    return first


def release(tx: Tx, call_list: str, before: datetime) -> tuple[datetime, datetime] | None:
    """When the list was last let go before that moment, and until when it was good."""
    row = tx.execute(
        sa.select(releases.c.made_at, releases.c.expires_at)
        .where(
            sa.or_(releases.c.source == call_list, releases.c.written == call_list),
            releases.c.made_at <= before,
        )
        .order_by(releases.c.made_at.desc())
        .limit(1)
    ).one_or_none()
    return None if row is None else (row.made_at, row.expires_at)
