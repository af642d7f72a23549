"""The table of jobs, walked under a clock of its own: due, missed, failed, killed, made up for."""

from __future__ import annotations

import contextlib
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from promises.lists import HEADER, Lists, people
from year.clock import Clock
from year.driver import Driver

from rules.errors import Exit, Leaving, SystemStopped
from state import jobs as kept
from state.schema import prepare
from state.store import Store
from sync.app import App
from sync.facts import Failure
from sync.output import Silent
from sync.service.daily import FOLDER
from sync.service.jobs import JOBS, Ended, Job, _ended, carry_out, due, lateness, named
from sync.service.schedules import read
from sync.settings import Settings
from sync.settings.jobs import Jobs

NOON = datetime(2026, 11, 24, 11, 0, tzinfo=UTC)
QUARTER = "every 15 minutes"
SELDOM = Settings(jobs=Jobs(deliver=QUARTER, poll=QUARTER, alarms=QUARTER, run="every 1 hour"))


def does_nothing(_app: App) -> Ended:
    return Ended(Exit.OK)


def idle(*names: str) -> list[Job]:
    return [replace(one, does=does_nothing) for one in JOBS if not names or one.name in names]


@contextlib.contextmanager
def no_app(_job: Job) -> Iterator[Any]:
    yield type("App", (), {"progress": Silent()})


@pytest.fixture
def memory() -> Iterator[Store]:
    """A store that costs no disk: what is tested is the reckoning."""
    store = Store("sqlite://")
    prepare(store)
    yield store
    store.close()


@pytest.fixture
def driver(memory: Store) -> Driver:
    made = Driver(memory, idle(), SELDOM, Clock(NOON), no_app)
    made.start()
    return made


def state_of(driver: Driver, job: str) -> kept.JobState:
    with driver.store.reading() as tx:
        return kept.of(tx, job)


# --- the table --------------------------------------------------------------------------------


def test_every_job_has_a_schedule_of_its_own_and_the_other_way_round() -> None:
    assert [one.name for one in JOBS] == list(Jobs.model_fields)


def test_jobs_that_read_all_systems_exclude_each_other_and_opt_outs_wait_for_none_of_them() -> None:
    locks = {one.name: one.lock for one in JOBS}
    assert locks["run"] == locks["verify"] == locks["reconcile"]
    urgent = [one for one in JOBS if one.queue == "urgent"]
    assert [one.name for one in urgent] == ["deliver", "poll", "mailbox", "alarms", "ping"]
    assert all(Counter(locks.values())[one.lock] == 1 for one in urgent)


# --- walking ----------------------------------------------------------------------------------


def test_a_day_has_each_job_as_often_as_its_schedule_says(driver: Driver) -> None:
    driver.jobs = [one for one in driver.jobs if one.name not in {"deliver", "alarms"}]
    ran = driver.walk(NOON + timedelta(days=1))
    assert ran["run"] == 24
    assert ran["poll"] == 24 * 4
    assert (ran["verify"], ran["report"], ran["purge"], ran["reconcile"]) == (1, 1, 1, 0)


@pytest.mark.parametrize(("day", "hours"), [((2026, 3, 28), 23), ((2026, 10, 24), 25)])
def test_the_nights_of_the_clock_have_every_daily_job_once(
    memory: Store, day: tuple[int, int, int], hours: int
) -> None:
    noon = datetime(*day, 11, 0, tzinfo=UTC)
    driver = Driver(memory, idle("poll", "verify", "purge"), SELDOM, Clock(noon), no_app)
    driver.start()
    ran = driver.walk(noon + timedelta(hours=hours))
    assert (ran["verify"], ran["purge"], ran["poll"]) == (1, 1, hours * 4)
    (verified,) = (one.began for one in driver.ran if one.job == "verify")
    assert verified.astimezone(tz=None) == verified
    assert verified.hour == (3 if hours == 23 else 4), "05:30 in Denmark is after the change"


def test_a_missed_week_is_made_up_for_once(driver: Driver) -> None:
    driver.walk(NOON + timedelta(hours=1))
    driver.clock.now = NOON + timedelta(days=7)
    ran = driver.walk(driver.clock() + timedelta(minutes=1))
    unset = {"mailbox", "ping", "backup", "archive", "enrich"}
    assert ran == dict.fromkeys(Jobs.model_fields.keys() - unset, 1)


def test_a_month_ends(memory: Store) -> None:
    settings = Settings(jobs=Jobs(verify="month last 05:30", purge="month 1 03:30"))
    driver = Driver(memory, idle("verify", "purge"), settings, Clock(NOON), no_app)
    driver.start()
    driver.walk(NOON + timedelta(days=120))
    days = [(one.job, one.began.strftime("%d.%m")) for one in driver.ran]
    assert days == [
        ("verify", "30.11"), ("purge", "01.12"), ("verify", "31.12"), ("purge", "01.01"),
        ("verify", "31.01"), ("purge", "01.02"), ("verify", "28.02"), ("purge", "01.03"),
    ]  # fmt: skip


def test_a_daemon_that_is_only_there_by_day_does_what_was_due_at_night(driver: Driver) -> None:
    for day in range(3):
        driver.clock.now = NOON + timedelta(days=day)
        ran = driver.walk(driver.clock() + timedelta(hours=2))
        assert ran["verify"] == (1 if day else 0)


# --- failing ----------------------------------------------------------------------------------


def fails(_app: App) -> Ended:
    raise SystemStopped("error.state_busy", system="files")


def test_a_daily_job_that_fails_is_tried_again_a_few_times_and_then_the_next_day(
    memory: Store,
) -> None:
    job = replace(named("verify"), does=fails)
    driver = Driver(memory, [job], SELDOM, Clock(NOON), no_app)
    driver.start()
    assert driver.walk(NOON + timedelta(days=1))["verify"] == 1 + job.tries
    state = state_of(driver, "verify")
    assert (state.failures, state.good_at, state.exit_code) == (4, None, Exit.FAILED)
    assert state.error == {"message": "error.state_busy", "system": "files"}
    driver.jobs = idle("verify")
    assert driver.walk(NOON + timedelta(days=2))["verify"] == 1
    assert state_of(driver, "verify").failures == 0


def test_what_a_job_fails_with_is_kept_without_personal_data(driver: Driver) -> None:
    def leaks(_app: App) -> Ended:
        raise SystemStopped("error.x", reason="bo@opdigtet-0001.dk +4568000001", phone="68000001")

    job = replace(named("run"), does=leaks)
    carry_out(job, driver.store, no_app, lambda: NOON, "me:1", lambda _: None)
    kept_error = str(state_of(driver, "run").error)
    assert "error.x" in kept_error
    assert "bo@" not in kept_error
    assert "68000001" not in kept_error


def test_an_error_that_nobody_expected_is_told_and_ends_nothing(driver: Driver) -> None:
    def breaks(_app: App) -> Ended:
        raise KeyError("x")

    told: list[Exception] = []
    job = replace(named("run"), does=breaks)
    ended = carry_out(job, driver.store, no_app, lambda: NOON, "me:1", told.append)
    assert ended.exit_code is Exit.BUG
    assert [type(one) for one in told] == [KeyError]


def test_a_list_that_another_pass_is_at_work_on_is_no_failure() -> None:
    def failure(message: str) -> Failure:
        return Failure("files", "a.csv", message, "", {}, Exit.FAILED)

    busy, down = failure("error.lease_held"), failure("error.state_busy")
    assert _ended(Exit.FAILED, [busy]).error is None
    assert _ended(Exit.FAILED, [busy, down]).error == {"message": down.message, "system": "files"}
    assert _ended(Exit.FAILED, []).error == {"message": "job.ended.5"}
    assert _ended(Exit.GUARD, []).error == {"message": "job.ended.3"}
    assert _ended(Exit.VIOLATION, []).error is None


# --- killed -----------------------------------------------------------------------------------


class Killed(BaseException):
    """As SIGKILL: nothing of ours runs any more."""


def test_a_job_that_was_killed_is_due_again_at_once_but_not_for_ever(driver: Driver) -> None:
    def dies(_app: App) -> Ended:
        raise Killed

    job = replace(named("verify"), does=dies)
    schedule = read("daily 05:30")
    assert schedule
    morning = NOON + timedelta(days=1)
    for _ in range(kept.MOST_BROKEN):
        state = state_of(driver, "verify")
        assert due(job, schedule, state, morning) < morning
        with pytest.raises(Killed):
            carry_out(job, driver.store, no_app, lambda: morning, "me:1", lambda _: None)
    assert due(job, schedule, state_of(driver, "verify"), morning) > morning


def test_a_job_that_was_asked_to_stop_is_due_again(driver: Driver) -> None:
    def leaves(_app: App) -> Ended:
        raise Leaving("error.leaving")

    job, morning = replace(named("verify"), does=leaves), NOON + timedelta(days=1)
    with pytest.raises(Leaving):
        carry_out(job, driver.store, no_app, lambda: morning, "me:1", lambda _: None)
    state = state_of(driver, "verify")
    schedule = read("daily 05:30")
    assert schedule
    assert due(job, schedule, state, morning) < morning
    assert (state.is_begun, state.broken, state.failures) == (False, 0, 0)
    assert lateness(job, schedule, state, morning) > timedelta(hours=5)


# --- for real ---------------------------------------------------------------------------------


def test_a_night_of_real_jobs_over_a_folder_of_lists(tmp_path: Path) -> None:
    lists = Lists(tmp_path)
    lists.put("kontakter.csv", HEADER, *people(5))
    evening = datetime(2026, 10, 25, 2, 20, tzinfo=UTC)
    lists.now = evening
    with lists.app(dry=False) as app:
        store, asked = app.store, app

        @contextlib.contextmanager
        def opens(_job: Job) -> Iterator[App]:
            lists.now = max(lists.now, driver.clock())
            yield asked

        driver = Driver(store, JOBS, SELDOM, Clock(evening), opens)
        driver.start()
        ran = driver.walk(evening + timedelta(hours=3, minutes=15))
    assert (ran["verify"], ran["purge"], ran["report"], ran["reconcile"]) == (1, 1, 1, 1)
    assert all(one.ended and one.ended.error is None for one in driver.ran)
    assert lists.rows("kontakter.csv")[1].split(";")[2] == "+4568000000"
    assert [path.name for path in (lists.folder / "state" / FOLDER).glob("*.html")] == [
        "2026-10-25.html"
    ]
    with lists.app() as app, app.store.reading() as tx:
        from state.history import list_runs

        commands = Counter(one.command for one in list_runs(tx, 500))
    assert commands["run"] == 4
    assert commands["suppression deliver"] <= 2, "a poll that met nothing leaves nothing"
