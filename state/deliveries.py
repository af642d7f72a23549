"""One row for each entry of the ledger and each system that has to hear of it.

waiting    to be sent                       parked     the system's hours are closed
sent       on its way, not yet read back    confirmed  read back from the system
settled    needless there by other means    failed     given up; a person is told

Created in the transaction that records the entry, so that no entry is ever without them.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime
from enum import StrEnum
from typing import Any

import sqlalchemy as sa

from state.store import Tx, bulk
from state.tables import deliveries, ledger


class DeliveryState(StrEnum):
    """How far one system has got with one entry."""

    WAITING = "waiting"
    PARKED = "parked"
    SENT = "sent"
    CONFIRMED = "confirmed"
    SETTLED = "settled"
    FAILED = "failed"


_OPEN = sa.insert(deliveries).values(
    {
        name: sa.bindparam(f"b_{name}", type_=deliveries.c[name].type)
        for name in ("seq", "system", "state", "attempts", "epoch", "created_at")
    }
)


def open_for(tx: Tx, seqs: Sequence[int], systems: Collection[str], now: datetime) -> None:
    """Note that each of `systems` has to hear of each of these new entries."""
    waiting = DeliveryState.WAITING.value
    bulk(tx, _OPEN, [(seq, name, waiting, 0, 0, now) for seq in seqs for name in sorted(systems)])


def open_for_system(tx: Tx, system: str, now: datetime) -> int:
    """Note that a system new to us has to hear of all entries so far; gives how many."""
    missing = (
        sa.select(
            ledger.c.seq,
            sa.literal(system),
            sa.literal(DeliveryState.WAITING.value),
            sa.literal(0),
            sa.literal(0),
            sa.literal(now, deliveries.c.created_at.type),
        )
        .where(
            ledger.c.event_type.in_(("block", "derived")),
            ~sa.exists().where(deliveries.c.seq == ledger.c.seq, deliveries.c.system == system),
        )
        .order_by(ledger.c.seq)
    )
    columns = ["seq", "system", "state", "attempts", "epoch", "created_at"]
    done = tx.execute(
        sa.insert(deliveries).from_select(columns, missing),
        execution_options={"preserve_rowcount": True},
    )
    return int(done.rowcount)


def counts(tx: Tx) -> dict[str, dict[DeliveryState, int]]:
    """How many deliveries each system has in each state."""
    found: dict[str, dict[DeliveryState, int]] = {}
    query = sa.select(deliveries.c.system, deliveries.c.state, sa.func.count()).group_by(
        deliveries.c.system, deliveries.c.state
    )
    for system, state, number in tx.execute(query):
        found.setdefault(system, {})[DeliveryState(state)] = number
    return found


def of_entries(tx: Tx, seqs: Collection[int]) -> dict[int, list[Any]]:
    """The delivery rows (system, state, created_at, attempts, why) of entries, by entry."""
    found: dict[int, list[Any]] = {}
    query = sa.select(deliveries).where(deliveries.c.seq.in_(list(seqs)))
    for row in tx.execute(query.order_by(deliveries.c.seq, deliveries.c.system)):
        found.setdefault(row.seq, []).append(row)
    return found
