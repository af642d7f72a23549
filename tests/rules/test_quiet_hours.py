"""Quiet hours: by the clocks of Denmark, whole in both nights in which those change."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rules.alarms import Hours, Receiver, always
from rules.spans import COPENHAGEN
from sync.service.schedules import Unreadable, hours

NIGHT = hours("daily 20:00-07:00")
STEP = timedelta(minutes=15)


def quiet(told: str | Hours, day: tuple[int, int, int], clock: str) -> bool:
    hour, minute = map(int, clock.split(":"))
    one = hours(told) if isinstance(told, str) else told
    return one.hold(datetime(*day, hour, minute, tzinfo=COPENHAGEN).astimezone(UTC))


# 2026-11-27 is a Friday.
@pytest.mark.parametrize(
    ("told", "day", "clock", "is_quiet"),
    [
        ("daily 20:00-07:00", (2026, 11, 27), "19:59", False),
        ("daily 20:00-07:00", (2026, 11, 27), "20:00", True),
        ("daily 20:00-07:00", (2026, 11, 28), "00:00", True),
        ("daily 20:00-07:00", (2026, 11, 28), "06:59", True),
        ("daily 20:00-07:00", (2026, 11, 28), "07:00", False),
        ("weekdays 20:00-07:00", (2026, 11, 27), "21:00", True),
        ("weekdays 20:00-07:00", (2026, 11, 28), "06:00", True),
        ("weekdays 20:00-07:00", (2026, 11, 28), "21:00", False),
        ("weekdays 20:00-07:00", (2026, 11, 30), "06:00", False),
        ("sunday 20:00-07:00", (2026, 11, 30), "06:00", True),
        ("saturday,sunday 00:00-24:00", (2026, 11, 27), "23:59", False),
        ("saturday,sunday 00:00-24:00", (2026, 11, 28), "00:00", True),
        ("lørdag, søndag 00:00-24:00", (2026, 11, 29), "23:59", True),
        ("Saturday,Sunday 00:00-24:00", (2026, 11, 30), "00:00", False),
        ("friday 12:00-13:30", (2026, 11, 27), "13:29", True),
        ("friday 12:00-13:30", (2026, 11, 27), "13:30", False),
        # Winter time and summer time have the same hours on the wall.
        ("daily 20:00-07:00", (2026, 7, 3), "06:59", True),
        ("daily 20:00-07:00", (2026, 7, 3), "07:00", False),
    ],
)
def test_hours_begin_and_end_when_they_say(
    told: str, day: tuple[int, int, int], clock: str, *, is_quiet: bool
) -> None:
    assert quiet(told, day, clock) is is_quiet


@pytest.mark.parametrize(("day", "long"), [((2026, 3, 28), 10), ((2026, 10, 24), 12)])
def test_the_nights_of_the_clock_are_quiet_without_a_gap(
    day: tuple[int, int, int], long: int
) -> None:
    noon = datetime(*day, 12, tzinfo=COPENHAGEN).astimezone(UTC)
    moments = [noon + n * STEP for n in range(4 * 24)]
    held = [at for at in moments if NIGHT.hold(at)]
    assert held == [held[0] + n * STEP for n in range(len(held))]
    assert held[0].astimezone(COPENHAGEN).hour == 20
    assert (held[-1] + STEP).astimezone(COPENHAGEN).strftime("%H:%M") == "07:00"
    assert len(held) * STEP == timedelta(hours=long)


@pytest.mark.parametrize(
    ("told", "why"),
    [
        ("daily 02:00-07:00", "night"),
        ("daily 20:00-02:30", "night"),
        ("daily 20:00-20:00", "form"),
        ("daily 24:00-07:00", "form"),
        ("daily 20:00-24:30", "form"),
        ("daily 20:60-07:00", "form"),
        ("someday 20:00-07:00", "form"),
        ("monday, 20:00-07:00", "form"),
        ("20:00-07:00", "form"),
        ("", "form"),
    ],
)
def test_hours_that_cannot_be_are_refused(told: str, why: str) -> None:
    with pytest.raises(Unreadable, match=why):
        hours(told)


@pytest.mark.parametrize(
    ("told", "is_always"),
    [
        ([], False),
        (["daily 00:00-24:00"], True),
        (["daily 20:00-07:00", "daily 07:00-20:00"], True),
        (["daily 20:00-07:00", "daily 07:00-19:59"], False),
        (["weekdays 20:00-07:00", "saturday,sunday 00:00-24:00"], False),
        (["weekdays 00:00-24:00", "saturday,sunday 00:00-24:00"], True),
        (["weekdays 00:00-24:00", "saturday 00:00-24:00"], False),
        (["sunday 12:00-11:59", "weekdays 00:00-24:00", "saturday 00:00-23:59"], False),
    ],
)
def test_no_hours_are_refused_that_leave_none(told: list[str], *, is_always: bool) -> None:
    assert always([hours(one) for one in told]) is is_always


MINUTES = st.integers(0, 24 * 60 - 1)
WINDOWS = st.lists(
    st.builds(Hours, st.frozensets(st.integers(0, 6), min_size=1), MINUTES, MINUTES),
    min_size=1,
    max_size=3,
)


@given(WINDOWS)
def test_always_is_every_minute_of_the_week(windows: list[Hours]) -> None:
    each = all(
        any(one.hold_at(day, minute) for one in windows)
        for day in range(7)
        for minute in range(24 * 60)
    )
    assert always(windows) is each


def test_a_receiver_rests_in_any_of_its_hours() -> None:
    noon = datetime(2026, 11, 27, 11, tzinfo=UTC)
    both = (NIGHT, hours("friday 12:00-13:00"))
    assert Receiver("team", STEP, STEP, quiet=both).rests(noon)
    assert not Receiver("team", STEP, STEP, quiet=both[:1]).rests(noon)
    assert not Receiver("team", STEP, STEP).rests(noon)
