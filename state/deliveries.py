"""One row for each entry of the ledger and each system that has to hear of it.

waiting    to be sent                       parked     the system's hours are closed
sent       on its way, not yet read back    confirmed  read back from the system
settled    needless there by other means    failed     given up; a person is told

Created in the transaction that records the entry, so that no entry is ever without them.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, Final

import sqlalchemy as sa

from state.store import Tx, among, bulk
from state.tables import deliveries, ledger, reach, receipts


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
    """Note that each of `systems`, and of those adopted, has to hear of each of these new entries."""
    waiting = DeliveryState.WAITING.value
    hearing = sorted({*systems, *_adopted(tx)})
    bulk(tx, _OPEN, [(seq, name, waiting, 0, 0, now) for seq in seqs for name in hearing])


def adopt(tx: Tx, systems: Collection[str], now: datetime) -> int:
    """Have systems that are new to us, or were gone for a while, hear of all entries so far.

    Gives how many deliveries were opened. A pass calls it with all systems that it knows.
    """
    if _adopted(tx) == set(systems):
        return 0
    if tx.dialect.name == "postgresql":
        tx.execute(sa.text("LOCK TABLE reach IN SHARE ROW EXCLUSIVE MODE"))
    known, opened = _adopted(tx), 0
    if gone := [_HEARS + system for system in known.difference(systems)]:
        tx.execute(sa.delete(reach).where(reach.c.consumer.in_(gone)))
    for system in sorted(set(systems) - known):
        opened += _open_for_system(tx, system, now)
        tx.execute(sa.insert(reach).values(consumer=_HEARS + system, ledger_seq=0))
    return opened


def _adopted(tx: Tx) -> set[str]:
    query = sa.select(reach.c.consumer).where(reach.c.consumer.startswith(_HEARS, autoescape=True))
    return {name.removeprefix(_HEARS) for name in tx.execute(query).scalars()}


_HEARS: Final = "hears: "


def _open_for_system(tx: Tx, system: str, now: datetime) -> int:
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


UNDER_WAY: Final = (
    DeliveryState.WAITING,
    DeliveryState.PARKED,
    DeliveryState.SENT,
    DeliveryState.FAILED,
)
"""The states of a delivery that has not come to its end."""


@dataclass(frozen=True, slots=True)
class UnderWay:
    """What a system has still to show: how many in each state, and when the first was heard."""

    states: Mapping[DeliveryState, int]
    since: datetime


def under_way(tx: Tx) -> dict[str, UnderWay]:
    """By system, which costs no look at all that ever was."""
    groups = (
        sa.select(
            deliveries.c.system,
            deliveries.c.state,
            sa.func.count().label("many"),
            sa.func.min(deliveries.c.seq).label("first"),
        )
        .where(deliveries.c.state.in_([one.value for one in UNDER_WAY]))
        .group_by(deliveries.c.system, deliveries.c.state)
        .subquery()
    )
    found: dict[str, UnderWay] = {}
    query = sa.select(groups, ledger.c.heard_at).join(ledger, ledger.c.seq == groups.c.first)
    for system, state, many, _, heard_at in tx.execute(query.order_by(groups.c.first)):
        # The first row of a system is that of its first entry.
        known = found.get(system) or UnderWay({}, heard_at)
        states = {**known.states, DeliveryState(state): many}
        found[system] = UnderWay(states, known.since)
    return found


@dataclass(frozen=True, slots=True)
class Since:
    """Opt-outs heard since a moment: how many, and how many of them some system has still to show.

    `slowest`: of the newest that are confirmed everywhere, the longest time until the last system
    was; `oldest`: when the first was heard of those that are under way, whenever that was.
    """

    heard: int
    under_way: int
    slowest: timedelta | None
    oldest: datetime | None


MOST_TIMED: Final = 1000


def since(tx: Tx, moment: datetime) -> Since:
    """How far the opt-outs since a moment have come."""
    before = sa.select(ledger.c.seq).where(ledger.c.heard_at < moment)
    last = tx.execute(before.order_by(ledger.c.seq.desc()).limit(1)).scalar_one_or_none() or 0
    new = sa.and_(ledger.c.seq > last, ledger.c.event_type == "block")
    heard = tx.execute(sa.select(sa.func.count()).select_from(ledger).where(new)).scalar_one()
    still = deliveries.c.state.in_([one.value for one in UNDER_WAY])
    left = (
        sa.select(sa.func.count(sa.distinct(deliveries.c.seq)))
        .join(ledger, ledger.c.seq == deliveries.c.seq)
        .where(still, new)
    )
    first = sa.select(sa.func.min(deliveries.c.seq)).where(still)
    oldest = sa.select(ledger.c.heard_at).where(ledger.c.seq == first.scalar_subquery())
    return Since(
        int(heard),
        int(tx.execute(left).scalar_one()),
        _slowest(tx, new),
        tx.execute(oldest).scalar_one_or_none(),
    )


def _slowest(tx: Tx, new: sa.ColumnElement[bool]) -> timedelta | None:
    seqs = list(
        tx.execute(
            sa.select(ledger.c.seq).where(new).order_by(ledger.c.seq.desc()).limit(MOST_TIMED)
        ).scalars()
    )
    over = sa.func.sum(
        sa.case((deliveries.c.state.in_([one.value for one in UNDER_WAY]), 1), else_=0)
    )
    rows = tx.execute(
        sa.select(ledger.c.heard_at, sa.func.max(receipts.c.at).label("at"))
        .join(deliveries, deliveries.c.seq == ledger.c.seq)
        .join(receipts, receipts.c.delivery == deliveries.c.delivery)
        .where(among(tx, ledger.c.seq, seqs))
        .group_by(ledger.c.seq, ledger.c.heard_at)
        .having(over == 0)
    ).all()
    return max((row.at - row.heard_at for row in rows), default=None)


def of_entries(tx: Tx, seqs: Collection[int]) -> dict[int, list[Any]]:
    """The delivery rows (system, state, created_at, attempts, why) of entries, by entry."""
    found: dict[int, list[Any]] = {}
    query = sa.select(deliveries).where(deliveries.c.seq.in_(list(seqs)))
    for row in tx.execute(query.order_by(deliveries.c.seq, deliveries.c.system)):
        found.setdefault(row.seq, []).append(row)
    return found


def confirmed(tx: Tx, seqs: Collection[int]) -> dict[int, dict[str, datetime]]:
    """By entry and system: the last time the system was read back and showed it."""
    found: dict[int, dict[str, datetime]] = {}
    query = (
        sa.select(deliveries.c.seq, deliveries.c.system, receipts.c.at)
        .join(receipts, receipts.c.delivery == deliveries.c.delivery)
        .where(
            deliveries.c.seq.in_(list(seqs)),
            receipts.c.state == DeliveryState.CONFIRMED.value,
        )
        .order_by(receipts.c.receipt)
    )
    for seq, system, at in tx.execute(query):
        found.setdefault(seq, {})[system] = at
    return found
