"""Users, sessions, and what the overview asks for, on both databases."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
import sqlalchemy as sa

from rules.keys import Key, KeyKind
from rules.rights import Role
from rules.spans import Span
from rules.suppression import Channel, EventType, Evidence, Statement
from state import cursors, deliveries, proposals, sessions, users
from state.deliveries import DeliveryState
from state.findings import mark
from state.keys import new_ring
from state.ledger import append
from state.store import Store
from state.tables import deliveries as table
from state.tables import receipts

HOUR = timedelta(hours=1)


def test_a_name_belongs_to_one_person_at_a_time(store: Store, now: datetime) -> None:
    with store.transaction() as tx:
        first = users.add(tx, name="Rav E.", roles=[Role.AGENT], password="x", by="A", at=now)  # noqa: S106
    with pytest.raises(sa.exc.IntegrityError), store.transaction() as tx:
        users.add(tx, name="RAV  e.", roles=[Role.ADMIN], password="x", by="A", at=now)  # noqa: S106
    with store.transaction() as tx:
        users.remove(tx, first, "B", now)
        again = users.add(tx, name="rav e.", roles=list(Role), password="y", by="A", at=now)  # noqa: S106
        found = users.named(tx, " Rav E. ")
        assert found is not None
        assert (found[0].user, found[0].roles, found[1]) == (again, frozenset(Role), "y")
        assert [one.removed_at for one in users.listed(tx)] == [now, None]


def test_a_session_holds_as_long_as_it_is_used_and_no_longer(store: Store, now: datetime) -> None:
    secret, other = sessions.new_secret(), sessions.new_secret()
    with store.transaction() as tx:
        who = users.add(tx, name="Rav", roles=[Role.AGENT], password="x", by="A", at=now)  # noqa: S106
        sessions.begin(tx, secret, who, now, now + 3 * HOUR)
        assert sessions.find(tx, other, now, HOUR) is None
        assert sessions.find(tx, secret, now + HOUR, HOUR) is None
        sessions.used(tx, secret, now + HOUR / 2)
        found = sessions.find(tx, secret, now + HOUR, HOUR)
        assert found is not None
        assert (found.user.user, found.seen_at) == (who, now + HOUR / 2)
        sessions.used(tx, secret, now + 3 * HOUR)
        assert sessions.find(tx, secret, now + 3 * HOUR, HOUR) is None, "it ends in any case"
        sessions.begin(tx, other, who, now + 3 * HOUR, now + 4 * HOUR)
        assert sessions.end_all(tx, who) == 1, "what was past had gone"


def test_the_overview_counts_what_is_under_way_and_how_long_the_rest_took(
    store: Store, now: datetime
) -> None:
    ring, midnight = new_ring(now), now - HOUR
    with store.transaction() as tx:
        for number, heard in enumerate((now - 5 * HOUR, now, now + HOUR / 2)):
            said = Statement(
                type=EventType.BLOCK,
                channel=Channel.ALL,
                span=Span(heard, heard),
                system="desk",
                keys=(Key(KeyKind.PHONE, f"+456800000{number}"),),
                evidence=Evidence.PERSON,
                identity=("desk", str(number)),
            )
            append(tx, ring, [said], heard, ("crm", "dialer"))
        assert deliveries.since(tx, midnight) == deliveries.Since(2, 2, None, now - 5 * HOUR)
        _confirm(tx, 1, now)
        _confirm(tx, 2, now + timedelta(seconds=90))
        found = deliveries.since(tx, midnight)
        assert found == deliveries.Since(2, 1, timedelta(seconds=90), now + HOUR / 2)
        under_way = deliveries.under_way(tx)
        assert {name: one.states for name, one in under_way.items()} == {
            name: {DeliveryState.WAITING: 1} for name in ("crm", "dialer")
        }
        assert proposals.waiting(tx, now, ("crm", "dialer")) == []
        assert cursors.readings(tx) == {}
        assert mark(tx) == (0, None, 0)


def _confirm(tx: sa.Connection, seq: int, at: datetime) -> None:
    mine = table.c.seq == seq
    state = DeliveryState.CONFIRMED.value
    for delivery in tx.execute(sa.select(table.c.delivery).where(mine)).scalars().all():
        tx.execute(sa.insert(receipts).values(delivery=delivery, state=state, at=at))
    tx.execute(sa.update(table).where(mine).values(state=state))
