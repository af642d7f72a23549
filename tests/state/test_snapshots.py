"""What trends are drawn from: one figure a day, whoever takes it and how often."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime
from typing import Any

import pytest
import sqlalchemy as sa

from state import coverage as covered
from state import snapshots
from state.snapshots import Figure
from state.store import Store, Tx
from state.tables import blocked, coverage, cursors, deliveries, ledger, mirror

NOW = datetime(2026, 11, 24, 9, 0, tzinfo=UTC)
TODAY, YESTERDAY = date(2026, 11, 24), date(2026, 11, 23)


def add_stream(tx: Tx, system: str, stream: str, records: int, **filled: tuple[int, int]) -> None:
    tx.execute(
        sa.insert(cursors).values(
            system=system,
            stream=stream,
            kind="contact",
            complete=True,
            pass_no=1,
            records=records,
            fields=sorted(filled),
            epoch=1,
        )
    )
    for field, (full, valid) in filled.items():
        tx.execute(
            sa.insert(coverage).values(
                system=system, stream=stream, field=field, filled=full, valid=valid
            )
        )


def add_blocked(tx: Tx, system: str, stream: str, *channels: str, deleted: bool = False) -> None:
    count = tx.execute(sa.select(sa.func.count()).select_from(mirror)).scalar_one()
    made = tx.execute(
        sa.insert(mirror).values(
            system=system,
            kind="contact",
            stream=stream,
            id=str(count),
            version="1",
            cells="{}",
            by_content=False,
            born_pass=1,
            first_seen_at=NOW,
            changed_at=NOW,
            deleted_at=NOW if deleted else None,
        )
    )
    rid = made.inserted_primary_key[0]
    tx.execute(sa.insert(blocked).values(rid=rid, channels=",".join(channels), events=["e"]))


def add_entry(tx: Tx, seq: int, kind: str, **states: str) -> None:
    digests: Any = dict.fromkeys(("commitment", "chain"), b"x") | {"previous": bytes([seq])}
    tx.execute(
        sa.insert(ledger).values(
            seq=seq,
            event_id=str(seq),
            event_type=kind,
            channel="call",
            happened_to=NOW,
            heard_at=NOW,
            system="files",
            path="",
            evidence_kind="field",
            approvals=0,
            documented=True,
            **digests,
        )
    )
    for system, state in states.items():
        tx.execute(
            sa.insert(deliveries).values(
                seq=seq, system=system, state=state, attempts=0, epoch=0, created_at=NOW
            )
        )


def test_a_day_holds_coverage_blocks_deliveries_and_the_ledger(store: Store) -> None:
    with store.transaction() as tx:
        add_stream(tx, "files", "a.csv", 10, phone=(8, 6), email=(0, 0))
        add_blocked(tx, "files", "a.csv", "call", "email")
        add_blocked(tx, "files", "a.csv", "call")
        add_blocked(tx, "files", "a.csv", "call", deleted=True)
        add_entry(tx, 1, "block", hubspot="confirmed", files="waiting")
        add_entry(tx, 2, "block", hubspot="waiting")
        add_entry(tx, 3, "lift")
        assert snapshots.take(tx, TODAY) == 11
        found = {
            (f.system, f.stream, f.measure): (f.numerator, f.denominator)
            for f in snapshots.of_day(tx, TODAY)
        }
    assert found == {
        ("files", "a.csv", "filled.phone"): (8, 10),
        ("files", "a.csv", "valid.phone"): (6, 8),
        ("files", "a.csv", "filled.email"): (0, 10),
        ("files", "a.csv", "valid.email"): (0, 0),
        ("files", "a.csv", "blocked.call"): (2, 10),
        ("files", "a.csv", "blocked.email"): (1, 10),
        ("hubspot", "", "deliveries.confirmed"): (1, 2),
        ("hubspot", "", "deliveries.waiting"): (1, 2),
        ("files", "", "deliveries.waiting"): (1, 1),
        ("", "", "ledger.block"): (2, 3),
        ("", "", "ledger.lift"): (1, 3),
    }


def test_the_last_of_a_day_counts_and_other_days_are_left_alone(store: Store) -> None:
    with store.transaction() as tx:
        add_stream(tx, "files", "a.csv", 10, phone=(8, 6))
        snapshots.take(tx, YESTERDAY)
        snapshots.take(tx, TODAY)
        covered.add(tx, "files", "a.csv", ["phone"], {1: 1}, {1: 2})  # type: ignore[arg-type]
        before = snapshots.of_day(tx, YESTERDAY)
        assert snapshots.take(tx, TODAY) == snapshots.take(tx, TODAY)
        assert snapshots.of_day(tx, YESTERDAY) == before
        trend = snapshots.trend(tx, "filled.phone", YESTERDAY, TODAY)
    assert {day: figure.numerator for day, figure in trend.items()} == {YESTERDAY: 8, TODAY: 9}


def test_what_is_no_longer_measured_leaves_the_day(store: Store) -> None:
    with store.transaction() as tx:
        add_stream(tx, "files", "a.csv", 10, phone=(8, 6))
        snapshots.take(tx, TODAY)
        tx.execute(sa.delete(coverage))
        assert snapshots.take(tx, TODAY) == 0
        assert snapshots.of_day(tx, TODAY) == []


def test_a_trend_adds_up_the_streams_of_the_systems_asked_for(store: Store) -> None:
    with store.transaction() as tx:
        add_stream(tx, "files", "a.csv", 10, phone=(8, 6))
        add_stream(tx, "files", "b.csv", 30, phone=(12, 3))
        add_stream(tx, "hubspot", "contacts", 60, phone=(60, 60))
        snapshots.take(tx, TODAY)
        everything = snapshots.trend(tx, "filled.phone", YESTERDAY, TODAY)
        files = snapshots.trend(tx, "filled.phone", TODAY, TODAY, ["files"])
        assert snapshots.trend(tx, "filled.phone", YESTERDAY, YESTERDAY) == {}
    assert everything == {TODAY: Figure("", "", "filled.phone", 80, 100)}
    assert files == {TODAY: Figure("", "", "filled.phone", 20, 40)}
    assert files[TODAY].share == pytest.approx(0.5)


def test_a_share_of_nothing_is_unknown() -> None:
    assert Figure("", "", "valid.phone", 0, 0).share is None


def test_several_may_take_the_day_at_once(store: Store) -> None:
    with store.transaction() as tx:
        add_stream(tx, "files", "a.csv", 10, phone=(8, 6), email=(1, 1))

    def take(_: int) -> None:
        for _ in range(10):
            with store.transaction() as tx:
                snapshots.take(tx, TODAY)

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(take, range(4)))
    with store.reading() as tx:
        assert len(snapshots.of_day(tx, TODAY)) == 4
