"""A page that is being written gives way to an opt-out, and is then written as if nothing had been."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NoReturn

import pytest
import sqlalchemy as sa
from promises.lists import HEADER, Lists, people

from rules.errors import Exit
from state import cursors
from state.store import GaveWay, Store, Tx
from state.tables import metadata, snapshots
from sync.report.model import Report
from sync.stages import decide

COUNT = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n{}) SELECT count(i) FROM n"
FOR_EVER, A_WHILE = COUNT.format(""), COUNT.format(" WHERE i < 200000")


@pytest.fixture
def other(sqlite_store: Store) -> Iterator[Store]:
    """The same database from elsewhere."""
    found = Store(sqlite_store.url.render_as_string(hide_password=False))
    yield found
    found.close()


def note(tx: Tx, measure: str) -> None:
    row = {"day": "x", "system": "", "stream": "", "measure": measure}
    tx.execute(snapshots.insert().values(**row, numerator=1, denominator=1))


def noted(store: Store) -> list[str]:
    with store.reading() as tx:
        return sorted(tx.execute(sa.select(snapshots.c.measure)).scalars())


def test_a_page_is_broken_off_for_who_is_in_a_hurry_and_written_behind_him(
    sqlite_store: Store, other: Store
) -> None:
    def say_no() -> None:
        with other.transaction(urgent=True) as tx:
            note(tx, "no")

    hurried, seen = threading.Thread(target=say_no), []

    def page(tx: Tx) -> int:
        seen.append(tx.execute(sa.select(snapshots.c.measure)).scalars().all())
        note(tx, "page")
        if len(seen) == 1:
            hurried.start()
            tx.exec_driver_sql(FOR_EVER)
        return len(seen)

    assert sqlite_store.politely(page) == 2
    hurried.join()
    assert seen == [[], ["no"]]
    assert noted(sqlite_store) == ["no", "page"]


def test_where_others_are_in_a_hurry_all_the_time_they_wait_for_the_page_in_the_end(
    sqlite_store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sqlite_store._turnstile, "is_held", lambda: True)
    tries = []

    def page(tx: Tx) -> None:
        tries.append(1)
        note(tx, "page")
        tx.exec_driver_sql(A_WHILE)

    sqlite_store.politely(page)
    assert len(tries) == 4
    assert noted(sqlite_store) == ["page"]


def test_a_pass_that_was_broken_off_at_the_end_of_every_page_comes_to_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def passed(name: str) -> tuple[Report, list[Any]]:
        (tmp_path / name).mkdir()
        lists = Lists(tmp_path / name)
        lists.put("kontakter.csv", HEADER, *people(20, flagged=3), "x;y")
        outcome = lists.dry()
        assert outcome.exit_code is Exit.CHANGES
        with lists.app() as app, app.store.reading() as tx:
            named = ("mirror", "findings", "proposals", "blocked", "coverage", "tallies", "ledger")
            counts = [
                tx.execute(
                    sa.select(sa.func.count()).select_from(metadata.tables[one])
                ).scalar_one()
                for one in named
            ]
        return outcome.report, counts

    report, counts = passed("plain")
    breakable, turns = Store.breakable, []

    def off(*_: Any, **__: Any) -> NoReturn:
        raise GaveWay

    @contextmanager
    def broken_off(self: Store) -> Iterator[Tx]:
        turns.append(1)
        with breakable(self) as tx, monkeypatch.context() as last:
            if len(turns) % 3:
                last.setattr(cursors, "advance", off)
            yield tx

    monkeypatch.setattr(Store, "breakable", broken_off)
    monkeypatch.setattr(decide, "SMALLEST", 2)
    again, counted = passed("broken")
    assert len(turns) > 20, "and deciding in halves, again and again"
    assert counted == counts
    assert again.totals == report.totals
    assert again.opt_outs.recorded == report.opt_outs.recorded > 0
    assert [one.read for one in again.streams] == [one.read for one in report.streams]


def test_what_one_store_has_compiled_the_next_one_of_that_database_need_not(
    sqlite_store: Store, other: Store
) -> None:
    """A daemon opens one for each run of a job; connections are each one's own."""
    assert other.engine is not sqlite_store.engine
    assert other.engine.pool is not sqlite_store.engine.pool
    assert other.engine._compiled_cache is sqlite_store.engine._compiled_cache
    with sqlite_store.transaction() as tx:
        note(tx, "one")
    sqlite_store.close()
    assert noted(other) == ["one"]
    assert noted(sqlite_store) == ["one"], "a closed one opens again"


def test_the_same_name_in_another_folder_is_another_database(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, rows in (("a", 1), ("b", 0)):
        (tmp_path / name).mkdir()
        monkeypatch.chdir(tmp_path / name)
        store = Store("sqlite:///state.sqlite")
        with store.transaction() as tx:
            tx.execute(sa.text("CREATE TABLE t (i INTEGER)"))
            if rows:
                tx.execute(sa.text("INSERT INTO t VALUES (1)"))
            assert tx.execute(sa.text("SELECT count(*) FROM t")).scalar() == rows
        store.close()
