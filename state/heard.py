"""How much each system tells, and how long what it should hear has waited: counts, no persons."""

from __future__ import annotations

from collections.abc import Collection
from datetime import date, datetime

import sqlalchemy as sa

from rules.suppression import EventType
from state.deliveries import DeliveryState
from state.store import Tx
from state.tables import deliveries, ledger

_UNDER_WAY = (DeliveryState.WAITING.value, DeliveryState.SENT.value, DeliveryState.FAILED.value)
"""Parked ones wait for the hours of their system, and are no silence."""


def opt_outs_by_day(tx: Tx, since: datetime) -> dict[str, dict[date, int]]:
    """System -> day (UTC) -> opt-outs that were heard from it."""
    day = sa.func.date(ledger.c.heard_at)
    query = (
        sa.select(ledger.c.system, day, sa.func.count())
        .where(ledger.c.heard_at >= since, ledger.c.event_type == EventType.BLOCK.value)
        .group_by(ledger.c.system, day)
    )
    found: dict[str, dict[date, int]] = {}
    for system, on, number in tx.execute(query):
        found.setdefault(system, {})[date.fromisoformat(str(on))] = number
    return found


def waiting_since(tx: Tx, before: datetime, systems: Collection[str]) -> dict[str, int]:
    """System -> opt-outs that it should have heard of before that moment, and has not."""
    query = (
        sa.select(deliveries.c.system, sa.func.count())
        .where(
            deliveries.c.state.in_(_UNDER_WAY),
            deliveries.c.created_at < before,
            deliveries.c.system.in_(list(systems)),
        )
        .group_by(deliveries.c.system)
    )
    return {row[0]: int(row[1]) for row in tx.execute(query)}
