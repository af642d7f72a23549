"""Passes set garbage collection aside while they last: a daemon, in which they overlap, must not grow."""

import gc
import weakref
from collections.abc import Iterator
from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path

import pytest
import sqlalchemy as sa

from state.mirror import set_written
from state.store import Store
from sync.heap import roomy, tidy


class _Knot:
    """In a cycle with itself, as a statement is."""

    def __init__(self) -> None:
        self.itself = self


@pytest.fixture(autouse=True)
def usual() -> Iterator[None]:
    before = gc.get_threshold()
    yield
    assert gc.get_threshold() == before


def test_what_short_passes_leave_behind_goes_while_a_long_one_lasts() -> None:
    left = []
    with roomy():
        for _ in range(5):
            left.append(weakref.ref(_Knot()))
            with roomy():
                left.append(weakref.ref(_Knot()))
        assert not [one for one in left if one() is not None]


def test_passes_that_always_overlap_leave_nothing_behind() -> None:
    left = []
    with ExitStack() as ends:
        before = ends.enter_context(ExitStack())
        before.enter_context(roomy())
        for _ in range(5):
            left.append(weakref.ref(_Knot()))
            after = ends.enter_context(ExitStack())
            after.enter_context(roomy())
            before.close()
            before = after
        assert not [one for one in left if one() is not None]


def test_what_a_pass_leaves_behind_goes_with_it_and_what_was_there_before_too() -> None:
    left = []
    for _ in range(5):
        left.append(weakref.ref(_Knot()))
        with roomy():
            left.append(weakref.ref(_Knot()))
    assert not [one for one in left if one() is not None]


def test_runs_of_jobs_that_each_open_the_store_do_not_add_up(tmp_path: Path) -> None:
    """An engine holds all that it ever compiled, a megabyte and more."""
    url, engines = f"sqlite:///{tmp_path / 'a.sqlite'}", []
    for _ in range(60):
        store = Store(url)
        engines.append(weakref.ref(store.engine))
        with roomy(), store.transaction() as tx:
            tx.execute(
                sa.text(
                    "CREATE TABLE IF NOT EXISTS mirror (rid, version, cells, place, changed_at, decided_with)"
                )
            )
            set_written(tx, [("1", "{}", None, datetime(2026, 11, 26, tzinfo=UTC), None, 1)])
        store.close()
        del store, tx
    assert len([one for one in engines if one() is not None]) <= 17


def test_what_one_page_of_a_pass_leaves_in_cycles_goes_some_pages_later() -> None:
    with roomy():
        left = weakref.ref(_Knot())
        for _ in range(16):
            tidy()
        assert left() is None
