"""What is kept for the key figures is what a recount would give, whatever was done in between."""

from __future__ import annotations

import os
from collections import Counter
from datetime import UTC, datetime
from typing import Any

import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from state import doubles, match_keys, tallies
from state.doubles import Double
from state.store import Store, Tx
from state.tables import cursors, mirror
from state.tables import doubles as doubles_table
from state.tables import match_keys as keys_table

NOW = datetime(2026, 11, 24, 9, 0, tzinfo=UTC)
KINDS = ("contact", "lead", "company", "opt_out")


def add_records(tx: Tx, many: int) -> None:
    for kind in KINDS:
        add_cursor(tx, 0, f"{kind}.csv", kind)
    tx.execute(
        sa.insert(mirror),
        [
            {
                "rid": rid,
                "system": "files",
                "kind": KINDS[rid % len(KINDS)],
                "stream": f"{KINDS[rid % len(KINDS)]}.csv",
                "id": str(rid),
                "version": "1",
                "cells": "{}",
                "by_content": False,
                "born_pass": 1,
                "first_seen_at": NOW,
                "changed_at": NOW,
            }
            for rid in range(1, many + 1)
        ],
    )


def recounted(tx: Tx) -> dict[str, Double]:
    """By hand: every key of every live record that can be a double."""
    rows = tx.execute(sa.select(mirror.c.rid, mirror.c.kind))
    kind_of = {row.rid: row.kind for row in rows}
    standing: dict[str, Counter[bytes]] = {kind: Counter() for kind in doubles.KINDS}
    for rid, key_kind, digest in tx.execute(sa.select(keys_table)):
        if key_kind in standing and kind_of[rid] in doubles.KINDS[key_kind]:
            standing[key_kind][digest] += 1
    return {
        kind: Double(
            kind,
            sum(1 for n in counted.values() if n > 1),
            sum(n - 1 for n in counted.values() if n > 1),
        )
        for kind, counted in standing.items()
    }


KEYS = st.sets(
    st.tuples(
        st.sampled_from([*doubles.KINDS, "p_number"]),
        st.sampled_from([b"a", b"b", b"c"]),
    ),
    max_size=4,
)
BATCHES = st.lists(st.dictionaries(st.integers(1, 9), KEYS, min_size=1, max_size=4), max_size=6)


@settings(
    suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=25
)
@given(BATCHES, BATCHES)
def test_doubles_that_are_followed_equal_doubles_that_are_counted(
    sqlite_store: Store, first: list[dict[int, Any]], then: list[dict[int, Any]]
) -> None:
    with sqlite_store.transaction() as tx:
        for table in (keys_table, mirror, cursors, doubles_table):
            tx.execute(sa.delete(table))
        add_records(tx, 9)
        for batch in first:
            write(tx, batch)
        assert doubles.read(tx) is None, "nobody has counted yet"
        doubles.count(tx)
        assert doubles.read(tx) == recounted(tx)
        for batch in then:
            write(tx, batch)
            assert doubles.read(tx) == recounted(tx)


def write(tx: Tx, batch: dict[int, Any]) -> None:
    rows = [(rid, kind, digest) for rid, keys in batch.items() for kind, digest in sorted(keys)]
    match_keys.replace(tx, list(batch), rows, fresh=False)


def test_both_databases_count_doubles_alike(store: Store) -> None:
    with store.transaction() as tx:
        add_records(tx, 9)
        write(tx, {rid: {("email", b"a"), ("cvr", b"b")} for rid in range(1, 10)})
        doubles.count(tx)
        # 1, 5, 9 are leads, 4 and 8 contacts; 2 and 6 companies; 3 and 7 rows of an opt-out list
        assert doubles.read(tx) == recounted(tx)
        assert doubles.read(tx)["email"] == Double("email", 1, 4)  # type: ignore[index]
        assert doubles.read(tx)["cvr"] == Double("cvr", 1, 1)  # type: ignore[index]
        write(tx, {1: set(), 2: {("cvr", b"c")}})
        assert doubles.read(tx) == recounted(tx)


def test_a_deleted_record_is_nobodys_double(store: Store) -> None:
    with store.transaction() as tx:
        add_records(tx, 9)
        write(tx, {1: {("email", b"a")}, 5: {("email", b"a")}})
        tx.execute(sa.update(mirror).where(mirror.c.rid == 1).values(deleted_at=NOW))
        doubles.count(tx)
        assert doubles.read(tx)["email"] == Double("email", 0, 0)  # type: ignore[index]


def test_counting_gives_way_to_whoever_is_in_a_hurry(
    sqlite_store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    with sqlite_store.transaction() as tx:
        add_records(tx, 9)
        many = [(rid, "email", os.urandom(16)) for rid in range(20_000)]
        match_keys.replace(tx, [], many, fresh=True)
    monkeypatch.setattr(type(sqlite_store._turnstile), "is_held", lambda _: True)
    doubles.settle(sqlite_store)
    with sqlite_store.reading() as tx:
        assert doubles.read(tx) is None, "not known, and counted by the next pass"
    monkeypatch.undo()
    doubles.settle(sqlite_store)
    with sqlite_store.reading() as tx:
        assert doubles.read(tx) is not None


def test_many_that_change_at_once_are_counted_anew_at_the_end(store: Store) -> None:
    with store.transaction() as tx:
        add_records(tx, 9)
        add_cursor(tx, 100)
        doubles.count(tx)
        doubles.about_to_change(tx, 9)
        assert doubles.read(tx) is not None
        doubles.about_to_change(tx, 10)
        assert doubles.read(tx) is None
        write(tx, {1: {("email", b"a")}, 5: {("email", b"a")}})
    doubles.settle(store)
    with store.reading() as tx:
        assert doubles.read(tx)["email"] == Double("email", 1, 1)  # type: ignore[index]


def add_cursor(tx: Tx, records: int, stream: str = "a.csv", kind: str = "contact") -> None:
    tx.execute(
        sa.insert(cursors).values(
            system="files", stream=stream, kind=kind, complete=True, pass_no=1,
            records=records, fields=[], epoch=1,
        )
    )  # fmt: skip


@pytest.mark.parametrize("turns", [1, 3])
def test_tallies_are_sums_and_what_falls_to_nothing_is_left_out(store: Store, turns: int) -> None:
    day = 1 << 19
    with store.transaction() as tx:
        add_cursor(tx, 5)
        for _ in range(turns):
            tallies.add(tx, "files", "a.csv", Counter({3: 2, 3 | day: 4}))
        tallies.add(tx, "files", "a.csv", Counter({3: -2 * turns}))
        found = {one.marks: one.records for one in tallies.read(tx, ["files"])}
        assert found == {3: 4 * turns, day | tallies.ONLY_DAY: 4 * turns}
        assert tallies.read(tx, ["other"]) == []
        tallies.forget(tx, "files", "a.csv")
        assert tallies.read(tx, ["files"]) == []
