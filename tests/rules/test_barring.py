"""Hours by a system's own clock, and what has to stand in a list."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rules.barring import Bar, Each, Hours, bars_of
from rules.keys import Key, KeyKind
from rules.suppression import Channel

PACIFIC = "America/Los_Angeles"
START = datetime(2025, 1, 1, tzinfo=UTC)
NIGHT = Hours(time(20), time(5), PACIFIC)


@pytest.mark.parametrize(
    ("now", "opens"),
    [
        ("2026-03-04T12:00", "2026-03-04T12:00"),  # four in the night there
        ("2026-03-04T13:00", "2026-03-05T04:00"),  # five: closed until eight in the evening
        ("2026-03-05T03:59", "2026-03-05T04:00"),
        ("2026-03-05T04:00", "2026-03-05T04:00"),
        # The clocks there go forward on 8 March: eight in the evening is an hour earlier for us.
        ("2026-03-08T13:00", "2026-03-09T03:00"),
    ],
)
def test_a_window_through_the_night_opens_by_the_clock_there(now: str, opens: str) -> None:
    at = datetime.fromisoformat(now).replace(tzinfo=UTC)
    assert NIGHT.opens(at) == datetime.fromisoformat(opens).replace(tzinfo=UTC)


@given(
    st.timedeltas(timedelta(), timedelta(days=700)).map(lambda gone: START + gone),
    st.times(),
    st.times(),
)
def test_it_never_opens_in_the_past_and_within_a_day_and_is_open_then(
    now: datetime, begin: time, end: time
) -> None:
    hours = Hours(begin, end, PACIFIC)
    opens = hours.opens(now)
    assert now <= opens <= now + timedelta(hours=25)
    assert hours.opens(opens) - opens <= timedelta(hours=1), "a minute that the clocks leave out"


def test_a_list_that_forbids_more_than_was_said_is_left_alone() -> None:
    key = Key(KeyKind.PHONE, "+4568000001")
    both = {KeyKind.PHONE: frozenset({Channel.CALL, Channel.SMS})}
    assert bars_of(key, frozenset({Channel.CALL}), both) is None
    assert bars_of(key, frozenset({Channel.CALL, Channel.SMS}), both) == Bar(key, both[key.kind])
    assert (
        bars_of(Key(KeyKind.EMAIL, "a@opdigtet-0001.dk"), frozenset({Channel.CALL}), both) is None
    )


def test_channels_that_are_forbidden_one_by_one_need_not_all_be_blocked() -> None:
    key, call, sms = Key(KeyKind.PHONE, "+4568000001"), Channel.CALL, Channel.SMS
    each = {KeyKind.PHONE: Each({call, sms})}
    assert bars_of(key, frozenset({sms, Channel.EMAIL}), each) == Bar(key, frozenset({sms}))
    assert bars_of(key, frozenset({call, sms}), each) == Bar(key, frozenset({call, sms}))
    assert bars_of(key, frozenset({Channel.EMAIL}), each) is None
    assert bars_of(key, frozenset({sms}), {KeyKind.PHONE: frozenset({call, sms})}) is None
