"""The index by hash may be missing for a while: look-ups stay right, and it comes back."""

import os
import threading
from collections.abc import Iterator
from datetime import datetime

import pytest
import sqlalchemy as sa

from rules.records import Kind
from state import cursors, match_keys
from state.store import GaveWay, Store
from state.tables import cursors as cursors_table
from state.tables import match_keys as table
from state.tables import mirror, snapshots

INDEX = "ix_match_keys_digest"
MANY = match_keys.MANY


def indexed(store: Store) -> bool:
    with store.reading() as tx:
        return INDEX in {one["name"] for one in sa.inspect(tx).get_indexes("match_keys")}


def with_records(store: Store, now: datetime, records: int) -> None:
    with store.transaction() as tx:
        cursors.take(tx, "crm", "people", Kind.CONTACT, holder="x", now=now)
        tx.execute(cursors_table.update().values(records=records))


def put_aside(store: Store, coming: int) -> None:
    with store.transaction() as tx:
        match_keys.put_index_aside(tx, coming)


@pytest.mark.parametrize(
    ("coming", "records", "aside"),
    [
        (MANY, MANY, True),
        (MANY, 2 * MANY, True),
        (MANY, 2 * MANY + 1, False),
        (MANY - 1, MANY - 1, False),
        (0, 0, False),
    ],
)
def test_the_index_is_put_aside_when_most_of_many_records_are_coming(
    store: Store, now: datetime, *, coming: int, records: int, aside: bool
) -> None:
    with_records(store, now, records)
    put_aside(store, coming)
    assert indexed(store) is not aside


def test_the_index_comes_back_and_a_second_time_nothing_happens(
    store: Store, now: datetime
) -> None:
    with_records(store, now, MANY)
    put_aside(store, MANY)
    put_aside(store, MANY)
    for _ in range(2):
        match_keys.index_again(store)
        assert indexed(store)


def test_without_the_index_carriers_are_found_all_the_same(store: Store, now: datetime) -> None:
    with_records(store, now, MANY)
    digests = [os.urandom(16) for _ in range(20)]
    with store.transaction() as tx:
        rows = [{"rid": n, "id": str(n)} for n in range(1, 21)]
        fixed = {
            "system": "crm", "kind": "contact", "stream": "people", "version": "1", "cells": "{}",
            "by_content": False, "born_pass": 1, "first_seen_at": now, "changed_at": now,
        }  # fmt: skip
        tx.execute(mirror.insert(), [row | fixed for row in rows])
        keys = [(n, "phone", digest) for n, digest in enumerate(digests, 1)]
        match_keys.replace(tx, [], keys, fresh=True)
    with store.reading() as tx:
        with_index = match_keys.carriers(tx, digests[3:7], 3)
    put_aside(store, MANY)
    with store.reading() as tx:
        assert match_keys.carriers(tx, digests[3:7], 3) == with_index
    assert with_index[1] == 4


@pytest.fixture
def other(sqlite_url: str) -> Iterator[Store]:
    """The same SQLite database, as another process has it."""
    store = Store(sqlite_url)
    yield store
    store.close()


def say_something(store: Store) -> None:
    with store.transaction(urgent=True) as tx:
        row = {"day": "x", "system": "", "stream": "", "measure": "said"}
        tx.execute(snapshots.insert().values(**row, numerator=1, denominator=1))


COUNT = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT count(i) FROM n"


def count_until_somebody_is_in_a_hurry(store: Store, other: Store) -> None:
    hurried = threading.Thread(target=say_something, args=(other,))
    try:
        with store.giving_way() as tx:
            tx.execute(table.insert().values(rid=1, key_kind="phone", digest=b"x"))
            hurried.start()
            tx.exec_driver_sql(COUNT)  # for ever, if nobody came
    finally:
        hurried.join()


def test_a_long_transaction_gives_way_to_one_in_a_hurry_and_leaves_nothing(
    sqlite_store: Store, other: Store
) -> None:
    with pytest.raises(GaveWay):
        count_until_somebody_is_in_a_hurry(sqlite_store, other)
    with sqlite_store.reading() as tx:
        assert tx.execute(sa.select(table)).all() == []
        assert tx.execute(sa.select(snapshots.c.measure)).scalars().all() == ["said"]


def test_after_giving_way_the_connection_is_as_patient_as_before(
    sqlite_store: Store, other: Store
) -> None:
    with pytest.raises(GaveWay):
        count_until_somebody_is_in_a_hurry(sqlite_store, other)
    with other._turnstile.held(), sqlite_store.reading() as tx:
        some = f"{COUNT} WHERE i < 200000".replace("FROM n)", "FROM n WHERE i < 200000)")
        assert tx.exec_driver_sql(some).scalar_one() > 0


def test_the_index_is_made_in_the_end_though_others_are_in_a_hurry_all_the_time(
    sqlite_store: Store, now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    with_records(sqlite_store, now, MANY)
    put_aside(sqlite_store, MANY)
    with sqlite_store.transaction() as tx:
        rows = [(n, "phone", os.urandom(16)) for n in range(20_000)]
        match_keys.replace(tx, [], rows, fresh=True)
    monkeypatch.setattr(type(sqlite_store._turnstile), "is_held", lambda _: True)
    match_keys.index_again(sqlite_store)
    assert indexed(sqlite_store)


def test_the_turnstile_tells_whether_it_is_held(sqlite_store: Store) -> None:
    turnstile = sqlite_store._turnstile
    assert not turnstile.is_held()
    with turnstile.held():
        assert turnstile.is_held()
    assert not turnstile.is_held()
