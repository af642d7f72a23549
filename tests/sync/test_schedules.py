"""What a schedule says, and when that is: both nights of the clock, missed weeks, ends of months."""

from __future__ import annotations

import contextlib
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sync.service.schedules import At, Every, Unreadable, read
from sync.service.status import when_said
from sync.settings.jobs import Jobs
from sync.texts import Texts

COPENHAGEN = ZoneInfo("Europe/Copenhagen")


def moments(text: str, last: str, count: int) -> list[str]:
    """The next moments after `last`, as clocks in Denmark show them."""
    schedule = read(text)
    assert schedule
    at = datetime.fromisoformat(last).replace(tzinfo=COPENHAGEN)
    found = []
    for _ in range(count):
        at = schedule.after(at, at)
        found.append(at.astimezone(COPENHAGEN).strftime("%a %d.%m.%Y %H:%M"))
    return found


@pytest.mark.parametrize(
    ("text", "last", "expected"),
    [
        ("daily 05:30", "2026-03-28 12:00", ["Sun 29.03.2026 05:30", "Mon 30.03.2026 05:30"]),
        ("daily 05:30", "2026-10-24 12:00", ["Sun 25.10.2026 05:30", "Mon 26.10.2026 05:30"]),
        ("daily 01:59", "2026-10-24 12:00", ["Sun 25.10.2026 01:59", "Mon 26.10.2026 01:59"]),
        ("daily 03:00", "2026-10-24 12:00", ["Sun 25.10.2026 03:00", "Mon 26.10.2026 03:00"]),
        ("daily 03:00", "2026-03-28 12:00", ["Sun 29.03.2026 03:00", "Mon 30.03.2026 03:00"]),
        ("weekdays 07:30", "2026-11-27 08:00", ["Mon 30.11.2026 07:30", "Tue 01.12.2026 07:30"]),
        ("sunday 04:00", "2026-11-26 08:00", ["Sun 29.11.2026 04:00", "Sun 06.12.2026 04:00"]),
        ("Søndag 04:00", "2026-11-26 08:00", ["Sun 29.11.2026 04:00", "Sun 06.12.2026 04:00"]),
        (
            "monday, torsdag 04:30",
            "2026-11-26 08:00",
            ["Mon 30.11.2026 04:30", "Thu 03.12.2026 04:30"],
        ),
        ("month 1 06:30", "2026-11-26 08:00", ["Tue 01.12.2026 06:30", "Fri 01.01.2027 06:30"]),
        ("month last 06:30", "2028-02-01 08:00", ["Tue 29.02.2028 06:30", "Fri 31.03.2028 06:30"]),
    ],
)
def test_a_time_of_day_stays_a_time_of_day(text: str, last: str, expected: list[str]) -> None:
    assert moments(text, last, len(expected)) == expected


@pytest.mark.parametrize("night", ["2026-03-29", "2026-10-25"])
def test_every_so_many_minutes_goes_on_evenly_through_the_nights_of_the_clock(night: str) -> None:
    schedule = read("every 20 minutes")
    assert schedule
    at = datetime.fromisoformat(f"{night}T00:00+00:00")
    end = at + timedelta(hours=4)
    steps = 0
    while at < end:
        at, steps = schedule.after(at, at), steps + 1
    assert steps == 12


def test_a_week_without_anybody_is_made_up_for_once() -> None:
    last, now = datetime(2026, 11, 1, 6, tzinfo=UTC), datetime(2026, 11, 8, 12, tzinfo=UTC)
    daily, often = read("daily 05:30"), read("every 5 seconds")
    assert daily
    assert often
    assert daily.after(last, now) < now
    assert daily.after(now, now) > now
    assert often.after(last, now) == now
    assert often.after(now, now) == now + timedelta(seconds=5)


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("daily 02:30", "night"),
        ("daily 02:00", "night"),
        ("sunday 02:59", "night"),
        ("every 0 minutes", "short"),
        ("every 25 hours", "long"),
        ("0 6 * * 1", "form"),
        ("1 06:00", "form"),
        ("moonday 06:00", "form"),
        ("daily 24:00", "form"),
        ("daily 06:60", "form"),
        ("month 31 06:00", "form"),
        ("month 0 06:00", "form"),
        ("", "form"),
    ],
)
def test_what_is_no_schedule_is_refused(text: str, why: str) -> None:
    with pytest.raises(Unreadable, match=why):
        read(text)


@given(st.text(max_size=30))
def test_any_text_is_read_or_refused(text: str) -> None:
    with contextlib.suppress(Unreadable):
        assert read(text) is None or isinstance(read(text), At | Every)


@pytest.mark.parametrize("text", ["off", "daily 05:30", "every 16 minutes", "every 2 hours"])
def test_opt_outs_and_alarms_can_neither_be_switched_off_nor_wait_for_long(text: str) -> None:
    for job in ("deliver", "poll", "alarms"):
        with pytest.raises(ValueError, match=f"jobs?\\.?\n?{job}|{job}"):
            Jobs.model_validate({job: text})


def test_the_usual_schedules_can_be_read() -> None:
    assert all(read(getattr(Jobs(), name)) for name in Jobs.model_fields)


def test_what_ran_under_a_fast_clock_does_not_keep_anything_waiting_once_it_is_put_right() -> None:
    every, daily = read("every 1 minute"), read("daily 05:30")
    assert every
    assert daily
    now = datetime(2028, 9, 12, 10, 0, tzinfo=UTC)
    assert every.after(now + timedelta(hours=2), now) == now
    tomorrow = datetime(2028, 9, 13, 3, 30, tzinfo=UTC)
    assert daily.after(now + timedelta(days=3), now) == tomorrow
    past = tomorrow + timedelta(hours=1)
    assert daily.after(now + timedelta(days=3), past) == tomorrow, "it is due, and stays so"
    fast = now + timedelta(hours=18)
    assert daily.after(fast, now) == tomorrow + timedelta(days=1), "tomorrow's ran under it"


@pytest.mark.parametrize(
    ("when", "danish", "english"),
    [
        ("every 5 seconds", "hvert 5. sekund", "every 5 seconds"),
        ("every 1 minute", "hvert minut", "every minute"),
        ("every 2 hours", "hver 2. time", "every 2 hours"),
        ("daily 05:30", "hver dag kl. 05.30", "daily 05:30"),
        ("weekdays 07:30", "hverdage kl. 07.30", "weekdays 07:30"),
        ("monday,lørdag 04:30", "mandag, lørdag kl. 04.30", "monday, lørdag 04:30"),
        ("month 1 06:45", "den 1. i måneden kl. 06.45", "day 1 of the month 06:45"),
        ("month last 06:30", "den sidste i måneden kl. 06.30", "last of the month 06:30"),
        ("off", "slået fra", "off"),
        ("Whenever", "Whenever", "Whenever"),
    ],
)
def test_people_are_told_when_in_their_own_language(when: str, danish: str, english: str) -> None:
    assert (when_said(when, Texts("da")), when_said(when, Texts("en"))) == (danish, english)
