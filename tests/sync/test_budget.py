"""The purse of API calls: ceilings hold across processes and jobs, and opt-outs have their part."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from rules.errors import RunStopped
from state import calls
from state.calls import TOTAL, Quota
from state.schema import prepare
from state.store import Store
from sync.systems.budget import BLOCK, Budget, Purse

NOW = datetime(2026, 11, 25, 9, 0, tzinfo=UTC)


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Store]:
    url = f"sqlite:///{tmp_path / 'state.sqlite'}"
    if request.param == "postgres":
        url = request.getfixturevalue("postgres_url")
    store = Store(url)
    prepare(store)
    yield store
    store.close()


def spend(budget: Budget, most: int) -> int:
    """How many of so many calls it let pass."""
    for sent in range(most):
        try:
            budget.spend("crm")
        except RunStopped:
            return sent
    return most


def used(store: Store, at: datetime = NOW) -> dict[str, int]:
    with store.reading() as tx:
        return dict(calls.used(tx, "crm", at.date()))


def budget(store: Store, purse: Purse, job: str = "run", *, urgent: bool = False) -> Budget:
    return Budget(store, lambda: NOW, job, lambda _system: purse, urgent=urgent)


def test_the_ceiling_of_a_day_holds_for_all_jobs_together(store: Store) -> None:
    purse = Purse(a_day=50, kept=0)
    first, second = budget(store, purse), budget(store, purse, "audit")
    assert spend(first, 30) + spend(second, 100) + spend(first, 100) == 50
    assert used(store)[TOTAL] == 50


def test_what_was_taken_and_not_sent_is_given_back(store: Store) -> None:
    one = budget(store, Purse(a_day=100))
    assert spend(one, 3) == 3
    assert used(store)[TOTAL] == BLOCK
    one.close()
    assert used(store) == {TOTAL: 3, "run": 3}


def test_a_job_has_a_ceiling_of_its_own(store: Store) -> None:
    purse = Purse(a_day=100, a_run=25, kept=0)
    assert spend(budget(store, purse, "bulk"), 90) == 25
    assert spend(budget(store, purse, "other"), 90) == 25
    assert used(store) == {TOTAL: 50, "bulk": 25, "other": 25}


def test_opt_outs_have_calls_that_nobody_else_gets(store: Store) -> None:
    purse = Purse(a_day=40, kept=0.25)
    assert spend(budget(store, purse, "bulk"), 90) == 30
    assert spend(budget(store, purse, "opt-outs", urgent=True), 90) == 10


def test_without_a_ceiling_everything_passes_and_is_counted(store: Store) -> None:
    one = budget(store, Purse())
    assert spend(one, 500) == 500
    one.close()
    assert used(store)[TOTAL] == 500 == one.used["crm"]


def test_the_vendors_own_quota_stops_us_before_it_stops_everybody(store: Store) -> None:
    one, urgent = budget(store, Purse()), budget(store, Purse(), "opt-outs", urgent=True)
    for meter in (one, urgent):
        meter.spend("crm")
        meter.told("crm", 81, 100)
    with pytest.raises(RunStopped) as caught:
        one.spend("crm")
    assert caught.value.details == {"system": "crm", "used": 81, "quota": 100}
    urgent.spend("crm")
    one.close()
    with store.reading() as tx:
        assert calls.quota(tx, "crm") == Quota(81, 100, NOW)


def test_what_was_said_earlier_does_not_replace_what_was_said_later(store: Store) -> None:
    with store.transaction() as tx:
        calls.note_quota(tx, "crm", Quota(5, 100, NOW))
        calls.note_quota(tx, "crm", Quota(4, 100, NOW - timedelta(minutes=1)))
        assert calls.quota(tx, "crm") == Quota(5, 100, NOW)
        assert calls.quota(tx, "other") is None


def test_a_new_day_has_a_new_purse(store: Store) -> None:
    now = NOW
    one = Budget(store, lambda: now, "run", lambda _system: Purse(a_day=5, kept=0))
    assert spend(one, 9) == 5
    now = NOW + timedelta(days=1)
    assert spend(one, 9) == 5
    assert used(store, now)[TOTAL] == 5


def test_threads_never_spend_more_than_there_is(store: Store) -> None:
    purse = Purse(a_day=200, kept=0)
    budgets = [budget(store, purse, f"job {n}") for n in range(4)]
    sent: list[int] = []
    threads = [
        threading.Thread(target=lambda one=one: sent.append(spend(one, 100))) for one in budgets
    ]  # type: ignore[misc]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for one in budgets:
        one.close()
    left = spend(budget(store, purse, "last"), 500)
    assert sum(sent) + left == 200
