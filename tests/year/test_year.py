"""A small share of `make year`: one week with a night of the clock, and that the judges see what is wrong."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from random import Random

import pytest
from year import promises
from year.__main__ import Wish, digest, lived
from year.clock import Clock, in_force
from year.days import DAYS, FIRST, FIXED, HOSTILE, plan
from year.dialers import Five9
from year.driver import Ran
from year.things import THINGS

from connectors.pace import Minute
from rules.errors import Exit
from sync.logs import set_up
from sync.service.jobs import Ended
from sync.settings import Settings

MORNING = datetime(2028, 6, 5, 3, 31, tzinfo=UTC)
DAY = timedelta(days=1)
WEEK = Wish(1, date(2028, 3, 22), 7, minutes=1, size=4, systems=("files",))


def test_a_week_with_a_night_of_the_clock_keeps_every_promise(tmp_path: Path) -> None:
    set_up("console", "error")
    year = lived(tmp_path, WEEK)
    assert year.verdicts.clean, year.verdicts.told
    assert year.house.seen["killed"]
    assert year.verdicts.looked["purge keeps its times"] >= WEEK.days - 1


def test_the_same_seed_gives_the_same_day(tmp_path: Path) -> None:
    one = Wish(5, date(2028, 6, 1), 1, size=3, systems=("files",))
    assert digest(lived(tmp_path / "a", one)) == digest(lived(tmp_path / "b", one))


def test_thirty_days_of_a_year_are_hostile_and_each_hostile_thing_happens() -> None:
    for seed in range(20):
        found = plan(seed)
        assert len(found) == HOSTILE
        assert FIXED.keys() <= found.keys()
        happens = {name for things in found.values() for _, name in things}
        assert happens == THINGS.keys()
        assert found == plan(seed)
    assert date(2028, 12, 25) < FIRST + DAYS * DAY


def test_what_waits_or_measures_goes_by_the_one_clock() -> None:
    clock = Clock(MORNING)
    with in_force(clock):
        pace = Minute(2)
        for _ in range(4):
            pace.wait()
    assert clock() - MORNING == timedelta(seconds=60)


def ran(*days: int, job: str = "verify", error: str = "") -> list[Ran]:
    """Runs of a job at its time on so many days after the first."""
    ended = Ended(Exit.FAILED, {"message": error}) if error else Ended(Exit.OK)
    moments = [MORNING + n * DAY for n in days]
    return [Ran(job, at, at, at, ended) for at in moments]


@pytest.mark.parametrize(
    ("runs", "wrong"),
    [
        (ran(0, 1, 2, 3), 0),
        (ran(0, 1, 1, 2, 3), 1),
        (ran(0, 2, 3), 1),
        ([*ran(0, 1, 3), *ran(2, error="error.state_busy")], 0),
    ],
)
def test_a_job_that_came_twice_or_never_is_seen(runs: list[Ran], wrong: int) -> None:
    settings = Settings()
    found = promises.schedules(settings, runs, MORNING - DAY, MORNING + 3.9 * DAY, [])
    assert found.wrong["verify keeps its times"] == wrong
    off = [(MORNING - DAY, MORNING + 5 * DAY)]
    excused = promises.schedules(settings, runs, MORNING - DAY, MORNING + 3.9 * DAY, off)
    assert excused.wrong["verify keeps its times"] == 0


def test_what_is_not_made_up_for_or_twice_is_seen() -> None:
    again = [*ran(0), *ran(0, job="purge"), *ran(0, job="purge")]
    told = promises.caught_up(again, MORNING, ["verify", "purge", "report"])
    assert [one.split()[0] for one in told] == ["purge", "report"]


def test_a_database_that_grows_and_grows_is_seen() -> None:
    def sizes(each: int) -> list[tuple[datetime, int]]:
        return [(MORNING + n * 15 * DAY, 1000 + n * each) for n in range(20)]

    assert promises.bounded(sizes(10)).clean
    assert not promises.bounded(sizes(400)).clean
    assert promises.bounded(sizes(400)[:4]).clean, "too short a time to say"


def test_five9_has_to_lose_who_waited_there_before_it_listed_him_and_not_who_came_later() -> None:
    office = Five9(Clock(MORNING), Random(1))
    early, late, unlisted = "+4568900001", "+4568900002", "+4568900003"
    office.queue(early)
    office.domain.add([f"011{one[1:]}" for one in (early, late)], "person")
    office.queue(late)
    assert office.left({early, late, unlisted}) == [f"011{one[1:]}" for one in (early, unlisted)]
    office.domain.remove([f"011{late[1:]}"])
    assert f"011{late[1:]}" in office.left({late})
