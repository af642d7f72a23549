"""Dates and times as sources write them, read as intervals."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rules.spans import EARLIEST, Span, read, until


def utc(*parts: int) -> datetime:
    return datetime(*parts, tzinfo=UTC)  # type: ignore[arg-type, misc]


@pytest.mark.parametrize(
    ("text", "start", "last_second"),
    [
        ("2024-03-01", utc(2024, 2, 29, 23), utc(2024, 3, 1, 22, 59, 59)),
        ("01-03-2024", utc(2024, 2, 29, 23), utc(2024, 3, 1, 22, 59, 59)),
        ("1.3.24", utc(2024, 2, 29, 23), utc(2024, 3, 1, 22, 59, 59)),
        ("1. marts 2024", utc(2024, 2, 29, 23), utc(2024, 3, 1, 22, 59, 59)),
        ("den 1. marts 2024", utc(2024, 2, 29, 23), utc(2024, 3, 1, 22, 59, 59)),
        ("1 mar 2024", utc(2024, 2, 29, 23), utc(2024, 3, 1, 22, 59, 59)),
        ("45352", utc(2024, 2, 29, 23), utc(2024, 3, 1, 22, 59, 59)),
        ("2024-07-01 12:30", utc(2024, 7, 1, 10, 30), utc(2024, 7, 1, 10, 30, 59)),
        ("01.07.2024 kl. 12.30", utc(2024, 7, 1, 10, 30), utc(2024, 7, 1, 10, 30, 59)),
        ("2024-07-01T12:30:15", utc(2024, 7, 1, 10, 30, 15), utc(2024, 7, 1, 10, 30, 15)),
        ("2024-07-01T12:30:15.123Z", utc(2024, 7, 1, 12, 30, 15), utc(2024, 7, 1, 12, 30, 15)),
        ("2024-07-01T12:30:15+02:00", utc(2024, 7, 1, 10, 30, 15), utc(2024, 7, 1, 10, 30, 15)),
        ("1719829815", utc(2024, 7, 1, 10, 30, 15), utc(2024, 7, 1, 10, 30, 15)),
        ("1719829815000", utc(2024, 7, 1, 10, 30, 15), utc(2024, 7, 1, 10, 30, 15)),
    ],
)
def test_dates_are_as_wide_as_they_are_written(
    text: str, start: datetime, last_second: datetime
) -> None:
    span = read(text)
    assert span is not None
    assert span.start == start
    assert span.end.replace(microsecond=0) == last_second


def test_a_date_that_reads_both_ways_round_is_both() -> None:
    span = read("03/04/2024")
    assert span is not None
    assert span.start == utc(2024, 3, 3, 23)
    assert span.end.date() == datetime(2024, 4, 3).date()  # noqa: DTZ001
    sure = read("23/04/2024")
    assert sure is not None
    assert sure.end - (sure.start or sure.end) < timedelta(days=1)


def test_the_hour_that_happens_twice_is_both_of_them() -> None:
    span = read("2024-10-27 02:30")
    assert span is not None
    assert span.start == utc(2024, 10, 27, 0, 30)
    assert span.end.replace(second=0, microsecond=0) == utc(2024, 10, 27, 1, 30)


def test_another_zone_is_read_in_that_zone() -> None:
    span = read("2024-07-01 12:30", ZoneInfo("UTC"))
    assert span is not None
    assert span.start == utc(2024, 7, 1, 12, 30)


@pytest.mark.parametrize(
    "text",
    ["", "i går", "1900-01-01", "1970-01-01", "0", "2024-13-01", "31-02-2024", "99999999999999",
     "2024", "0000000000", "9999999999999"],
)  # fmt: skip
def test_what_is_no_date_or_a_placeholder_says_nothing(text: str) -> None:
    span = read(text)
    assert span is None or span.end.year > 2200


@given(st.text(max_size=40))
def test_reading_never_fails(text: str) -> None:
    span = read(text)
    assert span is None or (span.end > EARLIEST and (span.start or span.end) <= span.end)


def test_spans_hold_together() -> None:
    with pytest.raises(ValueError, match="time zone"):
        Span(None, datetime(2024, 1, 1))  # noqa: DTZ001
    with pytest.raises(ValueError, match="before it starts"):
        Span(utc(2024, 1, 2), utc(2024, 1, 1))
    assert until(utc(2024, 1, 1), utc(2024, 1, 2)) == Span(None, utc(2024, 1, 1))
    assert until(utc(2024, 1, 2), utc(2024, 1, 1)) == Span(utc(2024, 1, 1), utc(2024, 1, 2))
