"""Rows decided with other rules or settings are found; once there are none, nobody looks again."""

from datetime import date, datetime

import pytest
import sqlalchemy as sa

from rules.records import Kind
from state import cursors, mirror
from state.store import Store
from state.tables import mirror as rows

ROWS = 5
HERE = ("crm", "people")


@pytest.fixture
def people(store: Store, now: datetime) -> Store:
    """Five rows of one stream, decided with `old`."""
    with store.transaction() as tx:
        cursors.take(tx, *HERE, Kind.CONTACT, holder="x", now=now)
        fixed = {
            "system": "crm", "kind": "contact", "stream": "people", "version": "1", "cells": "{}",
            "by_content": False, "born_pass": 1, "first_seen_at": now, "changed_at": now,
            "decided_with": "old",
        }  # fmt: skip
        tx.execute(rows.insert(), [{"id": str(n), **fixed} for n in range(ROWS)])
    return store


def stale(store: Store, mark: str, limit: int = 100) -> int:
    with store.transaction() as tx:
        return mirror.make_stale(tx, *HERE, mark, limit)


def dirty(store: Store) -> int:
    with store.reading() as tx:
        return mirror.count_dirty(tx, "crm")


def decide(store: Store, mark: str, first: int = 1, last: int = ROWS) -> None:
    with store.transaction() as tx:
        mirror.set_decided(tx, [(mark, 0, 0, 0, None, rid) for rid in range(first, last + 1)])


def test_rows_decided_with_something_else_are_found_in_steps(people: Store) -> None:
    assert [stale(people, "new", 2) for _ in range(4)] == [2, 2, 1, 0]
    assert dirty(people) == ROWS


def test_rows_decided_with_the_same_stay(people: Store) -> None:
    decide(people, "new", 1, 3)
    assert stale(people, "new") == 2
    assert dirty(people) == 2


def test_when_all_are_decided_alike_nobody_looks_again(people: Store) -> None:
    assert stale(people, "old") == 0
    with people.transaction() as tx:
        # What no pass may do: it would have said so first.
        tx.execute(sa.update(rows).where(rows.c.rid == 1).values(decided_with="new"))
    assert stale(people, "old") == 0


def test_a_pass_that_was_stopped_half_way_leaves_no_row_that_is_missed(people: Store) -> None:
    """Settings change, a pass decides two rows with them and is killed, the settings go back."""
    assert stale(people, "old") == 0
    with people.transaction() as tx:
        mirror.will_decide(tx, *HERE, "new")
    decide(people, "new", 1, 2)
    with people.transaction() as tx:
        mirror.will_decide(tx, *HERE, "old")
    assert stale(people, "old") == 2
    assert dirty(people) == 2


def test_a_pass_with_the_same_settings_forgets_nothing(people: Store) -> None:
    assert stale(people, "old") == 0
    with people.transaction() as tx:
        mirror.will_decide(tx, *HERE, "old")
        tx.execute(sa.update(rows).where(rows.c.rid == 1).values(decided_with="new"))
    assert stale(people, "old") == 0


# --- rows whose day has come -------------------------------------------------------------------


def due(store: Store, today: date, limit: int = 100) -> int:
    with store.transaction() as tx:
        return mirror.make_due(tx, *HERE, today, limit)


def test_rows_are_decided_again_on_their_day_and_once(people: Store) -> None:
    days = ("2026-12-01", "2026-12-02", "2027-01-01", None, "2026-12-01")
    with people.transaction() as tx:
        rows_ = [("old", 0, 0, 0, day, rid) for rid, day in enumerate(days, start=1)]
        mirror.set_decided(tx, rows_)
    assert due(people, date(2026, 11, 30)) == 0
    assert due(people, date(2026, 12, 1)) == 2
    assert dirty(people) == 2
    assert due(people, date(2026, 12, 1)) == 0
    assert [due(people, date(2027, 6, 1), 1) for _ in range(3)] == [1, 1, 0]
    assert dirty(people) == 4


def test_to_find_them_costs_what_is_due_and_not_what_there_is(people: Store) -> None:
    query = (
        "SELECT rid FROM mirror WHERE system = 'crm' AND stream = 'people'"
        " AND again_on IS NOT NULL AND again_on <= '2026-12-01' LIMIT 5000"
    )
    with people.reading() as tx:
        if people.is_sqlite:
            plan = tx.exec_driver_sql("EXPLAIN QUERY PLAN " + query)
        else:
            # Five rows are read as a whole, rightly: the question is what becomes of a million.
            tx.exec_driver_sql("SET LOCAL enable_seqscan = off")
            plan = tx.exec_driver_sql("EXPLAIN " + query)
        assert "ix_mirror_again" in " ".join(str(row) for row in plan)
