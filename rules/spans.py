"""When something happened, as an interval: sources say a day, a minute, or nothing at all.

Everything inside is aware UTC. A text without a zone is read in the zone of whoever wrote it
(Europe/Copenhagen); an hour that happens twice in October gives the interval of both.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Final
from zoneinfo import ZoneInfo

COPENHAGEN: Final = ZoneInfo("Europe/Copenhagen")
EARLIEST: Final = datetime(1995, 1, 1, tzinfo=UTC)
"""Before this a date is a placeholder (1900, 1970), and means nothing."""


@dataclass(frozen=True, slots=True)
class Span:
    """Not before `start` (None: nobody knows), not after `end`; ValueError when they are naive."""

    start: datetime | None
    end: datetime

    def __post_init__(self) -> None:
        if self.end.tzinfo is None or (self.start is not None and self.start.tzinfo is None):
            raise ValueError("a span needs moments with a time zone")
        if self.start is not None and self.start > self.end:
            raise ValueError("a span cannot end before it starts")


def until(heard_at: datetime, last_seen_false: datetime | None = None) -> Span:
    """What is known of a flag without a date: it was set after it was last seen unset."""
    if last_seen_false is not None and last_seen_false > heard_at:
        last_seen_false = None
    return Span(last_seen_false, heard_at)


@lru_cache(maxsize=8192)
def read(text: str, zone: ZoneInfo = COPENHAGEN) -> Span | None:
    """The span that a date or time text names; None when it names none, or a placeholder.

    Understands ISO, Danish order with dots, dashes, slashes or month names, spreadsheet day
    numbers, and seconds or milliseconds since 1970. `03/04/2024` may be read both ways round and
    gives the interval of both.
    """
    plain = " ".join(text.split())
    try:
        span = _iso(plain, zone) or _danish(plain, zone) or _number(plain, zone)
    except (ValueError, OverflowError):
        return None
    return span if span and span.end > EARLIEST else None


_ISO = re.compile(
    r"(?P<year>\d{4})-(?P<month>\d\d)-(?P<day>\d\d)"
    r"(?:[T ](?P<hour>\d\d):(?P<minute>\d\d)(?::(?P<second>\d\d)(?:[.,]\d+)?)?"
    r" ?(?P<zone>Z|UTC|[+-]\d\d:?\d\d)?)?",
    re.IGNORECASE,
)
_DANISH = re.compile(
    r"(?:(?:den|d\.) )?(?P<day>\d{1,2})(?P<sign>[-./ ]{1,2}|\. )(?P<month>\d{1,2}|[a-zæøå]{3,9}\.?)"
    r"[-./ ]{1,2}(?P<year>\d{4}|\d\d)"
    r"(?:,? (?:kl\.? ?)?(?P<hour>\d{1,2})[:.](?P<minute>\d\d)(?:[:.](?P<second>\d\d))?)?",
    re.IGNORECASE,
)
_MONTHS: Final = {
    "jan": 1,
    "feb": 2,
    "mar": 3,
    "apr": 4,
    "maj": 5,
    "may": 5,
    "jun": 6,
    "jul": 7,
    "aug": 8,
    "sep": 9,
    "okt": 10,
    "oct": 10,
    "nov": 11,
    "dec": 12,
}


def _iso(text: str, zone: ZoneInfo) -> Span | None:
    match = _ISO.fullmatch(text)
    if not match:
        return None
    year, month, day = (int(match[part]) for part in ("year", "month", "day"))
    if match["hour"] is None:
        return _day(datetime(year, month, day), zone)  # noqa: DTZ001 - the zone is added inside
    local = datetime(year, month, day, int(match["hour"]), int(match["minute"]))  # noqa: DTZ001
    return _clock(local, match["second"], match["zone"], zone)


def _danish(text: str, zone: ZoneInfo) -> Span | None:
    match = _DANISH.fullmatch(text)
    if not match:
        return None
    named = _MONTHS.get(match["month"].lower()[:3])
    day, month = int(match["day"]), named or int(match["month"])
    year = int(match["year"]) + (2000 if len(match["year"]) == 2 else 0)
    orders = [(day, month)]
    if not named and "/" in match["sign"] and day != month:
        orders = [(d, m) for d, m in ((day, month), (month, day)) if m <= 12]
    spans = [_at(match, datetime(year, m, d), zone) for d, m in orders]  # noqa: DTZ001
    return Span(min(span.start for span in spans if span.start), max(span.end for span in spans))


def _at(match: re.Match[str], day: datetime, zone: ZoneInfo) -> Span:
    if match["hour"] is None:
        return _day(day, zone)
    local = day.replace(hour=int(match["hour"]), minute=int(match["minute"]))
    return _clock(local, match["second"], None, zone)


def _number(text: str, zone: ZoneInfo) -> Span | None:
    """A spreadsheet's day number (5 digits), or seconds (10) or milliseconds (13) since 1970."""
    whole, _, part = text.replace(",", ".").partition(".")
    if not (whole.isascii() and whole.isdigit() and (not part or part.isdigit())):
        return None
    if len(whole) == 5:
        day = datetime(1899, 12, 30) + timedelta(days=int(whole))  # noqa: DTZ001
        return _day(day, zone)
    if len(whole) in (10, 13):
        moment = datetime.fromtimestamp(int(whole) / (1000 if len(whole) == 13 else 1), UTC)
        return Span(moment, moment)
    return None


def _day(local: datetime, zone: ZoneInfo) -> Span:
    return Span(_utc(local, zone, 0), _utc(local + timedelta(days=1), zone, 0) - _TICK)


_TICK: Final = timedelta(microseconds=1)


def _clock(local: datetime, second: str | None, offset: str | None, zone: ZoneInfo) -> Span:
    """A minute or a second, wide as it is written."""
    local = local.replace(second=int(second or 0))
    width = timedelta(seconds=1 if second else 60) - _TICK
    if offset:
        start = _offset(local, offset)
        return Span(start, start + width)
    sides = (_utc(local, zone, 0), _utc(local, zone, 1))
    return Span(min(sides), max(sides) + width)


def _offset(local: datetime, offset: str) -> datetime:
    if offset.upper() in ("Z", "UTC"):
        return local.replace(tzinfo=UTC)
    digits = offset[1:].replace(":", "")
    shift = timedelta(hours=int(digits[:2]), minutes=int(digits[2:]))
    return (local - shift if offset[0] == "+" else local + shift).replace(tzinfo=UTC)


def _utc(local: datetime, zone: ZoneInfo, fold: int) -> datetime:
    return local.replace(tzinfo=zone, fold=fold).astimezone(UTC)
