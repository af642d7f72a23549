"""The one reader of dates: what a text says of a day and a time of day, and what it leaves open.

Not how wide that is (`rules.spans`, for the ledger), and not how it is written best
(`rules.formats.dates`). Nothing is added to what the text says: no zone, no time, no year.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum
from functools import lru_cache
from typing import Final

WINDOW: Final = range(1970, 2070)
"""The years that two digits mean, 70 to 69; and those that a bare number is taken for a day of."""


class Way(StrEnum):
    """How a date is written, as far as that says how sure it is."""

    PLAIN = "plain"
    EITHER = "either"
    """With slashes alone, and the day could be a month: `03/04/2026`. Danish order by rule."""
    MONTH_FIRST = "month_first"
    """In digits with the month first, which the day behind it proves: `11/24/2026`."""
    SERIAL = "serial"
    """A spreadsheet's day number: days since 30 December 1899."""
    SECONDS = "seconds"
    """Seconds or milliseconds since 1970, as programs count."""


class Fault(StrEnum):
    """Why a text that is no empty cell names no day."""

    UNREADABLE = "date_unreadable"
    IMPOSSIBLE = "date_impossible"
    PLACEHOLDER = "date_placeholder"
    WITHOUT_YEAR = "date_without_year"
    PERIOD = "date_period"


@dataclass(frozen=True, slots=True)
class Moment:
    """A day, and what stands beside it.

    `clock` is the time of day as it is written, `exact` when it has seconds, `offset` its distance
    from UTC where the text names a zone. `other` is the day that it is when read month first, on
    `Way.EITHER` alone.
    """

    day: date
    clock: time | None = None
    exact: bool = False
    offset: timedelta | None = None
    way: Way = Way.PLAIN
    other: date | None = None


_NAMES: Final = (
    "jan januar january januari", "feb febr februar february februari", "mar marts march mars märz",
    "apr april", "maj may mai", "jun juni june", "jul juli july", "aug august augusti",
    "sep sept september", "okt oct oktober october", "nov november", "dec december dez dezember",
)  # fmt: skip
_MONTHS: Final[Mapping[str, int]] = {
    name: number for number, names in enumerate(_NAMES, start=1) for name in names.split()
}
_NO_MONTH: Final = 99
_DAYS: Final = (
    "mandag man ma monday mon", "tirsdag tir ti tirs tuesday tue tues", "onsdag ons on wednesday wed",
    "torsdag tor to tors thursday thu thur thurs", "fredag fre fr friday fri",
    "lørdag lør lø saturday sat", "søndag søn sø sunday sun",
)  # fmt: skip
_WEEKDAYS: Final[Mapping[str, int]] = {
    name: number for number, names in enumerate(_DAYS) for name in names.split()
}
_PLACEHOLDERS: Final = frozenset(
    {
        date(1, 1, 1), date(1601, 1, 1), date(1753, 1, 1), date(1899, 12, 30), date(1899, 12, 31),
        date(1900, 1, 1), date(1904, 1, 1), date(1970, 1, 1), date(9999, 12, 31),
    }
)  # fmt: skip
"""The first and last days that programs can count: what they write for no date."""

_CLOCK = (
    r"(?:(?:,? (?:kl\.? ?|at )?|T|, ?)(?P<hour>\d{1,2})[:.](?P<minute>\d\d)"
    r"(?:[:.](?P<second>\d\d)(?:[.,](?P<part>\d{1,9}))?)?(?: ?(?P<half>[ap]\.?m\.?))?"
    r"(?: ?(?P<zone>Z|UTC|GMT|[+-]\d\d(?::?\d\d)?))?)?"
)
_WEEKDAY = r"(?:(?!den |the )(?P<weekday>[a-zæøå]{2,9})\.?,? (?=\w))?"
_LETTERS = r"[a-zæøåä]{3,9}\.?"
_FLAGS = re.IGNORECASE
_YEAR_FIRST = re.compile(
    r"(?P<year>\d{4})(?P<sign>[-./])(?P<month>\d{1,2})(?P=sign)(?P<day>\d{1,2})" + _CLOCK, _FLAGS
)
_DAY_FIRST = re.compile(
    _WEEKDAY + r"(?:(?:den|d\.|d|the) ?)?(?P<day>\d{1,2})(?:st|nd|rd|th)?(?P<sign>[-./ ]{1,2})"
    rf"(?P<month>\d{{1,2}}|{_LETTERS})(?P<sign2>[-./, ]{{1,2}})(?P<year>\d{{4}}|\d\d)" + _CLOCK,
    _FLAGS,
)
_MONTH_FIRST = re.compile(
    _WEEKDAY
    + rf"(?P<month>{_LETTERS}) (?P<day>\d{{1,2}})(?:st|nd|rd|th)?,? (?P<year>\d{{4}})"
    + _CLOCK,
    _FLAGS,
)
_TOGETHER = re.compile(
    r"(?P<date>\d{8})(?:[T ]?(?P<hour>\d\d):?(?P<minute>\d\d)(?::?(?P<second>\d\d))?(?P<zone>Z)?)?"
)
_SERIAL = re.compile(r"(?P<days>\d{5})(?:[.,](?P<part>\d{1,15}))?")
_SECONDS = re.compile(r"(?P<seconds>\d{10})(?P<millis>\d{3})?(?:[.,]0+)?")
_NO_YEAR = re.compile(
    _WEEKDAY
    + rf"(?:(?:den|d\.|d) ?)?(?P<day>\d{{1,2}})[-./ ]{{1,2}}(?P<month>\d{{1,2}}|{_LETTERS})\.?",
    _FLAGS,
)
_PERIOD = re.compile(
    r"(?:uge|week|w) ?\d{1,2}(?:[-/ ,]+\d{2,4})?|\d{4}-?W\d\d|(?:19|20)\d\d|(?:19|20)\d\d[-/.]\d{1,2}"
    r"|\d{1,2}[-/.](?:19|20)\d\d|Q[1-4][-/ ]*\d{2,4}|[1-4]\. ?(?:kvartal|halvår)\.?(?: \d{2,4})?"
    r"|(?P<month>[a-zæøåä]{3,9})\.?(?: \d{2,4})?",
    _FLAGS,
)


@lru_cache(maxsize=8192)
def read(text: str) -> Moment | Fault:
    """What `text` says, blanks around it and between its words apart; a `Fault` when it names no day.

    Understood: ISO and other writing with the year first; the Danish order with dots, dashes,
    slashes or month names, with or without weekday and `kl.`; English month names; eight digits
    together; spreadsheet day numbers; seconds and milliseconds since 1970.
    """
    plain = " ".join(text.split())
    if len(plain) > 60 or not plain.replace("\u2013", "").isprintable():
        return Fault.UNREADABLE
    for pattern, reader in _READERS:
        found = pattern.fullmatch(plain)
        if found is None:
            continue
        try:
            moment = reader(found)
        except (ValueError, OverflowError):
            return _impossible(found)
        if moment is not Fault.UNREADABLE:
            return moment
    return _fault(plain)


def _impossible(found: re.Match[str]) -> Fault:
    parts = found.groupdict()
    zero = any(
        (parts.get(name) or "1").isdecimal() and not int(parts.get(name) or "1")
        for name in ("year", "month", "day", "date")
    )
    return Fault.PLACEHOLDER if zero else Fault.IMPOSSIBLE


def _fault(plain: str) -> Fault:
    period = _PERIOD.fullmatch(plain)
    if period and (period["month"] is None or period["month"].lower() in _MONTHS):
        return Fault.PERIOD
    bare = _NO_YEAR.fullmatch(plain)
    if bare and 1 <= int(bare["day"]) <= 31 and _month(bare["month"]) in range(1, 13):
        return Fault.WITHOUT_YEAR
    return Fault.UNREADABLE


def _month(text: str) -> int:
    return int(text) if text.isdecimal() else _MONTHS.get(text.lower().rstrip("."), _NO_MONTH)


def _year(text: str) -> int:
    """Two digits mean a year of the window."""
    year = int(text)
    if len(text) > 2:
        return year
    return year + (2000 if year < WINDOW.stop - 2000 else 1900)


def _year_first(found: re.Match[str]) -> Moment | Fault:
    return _moment(found, date(int(found["year"]), int(found["month"]), int(found["day"])))


def _day_first(found: re.Match[str]) -> Moment | Fault:
    month, day, year = _month(found["month"]), int(found["day"]), _year(found["year"])
    if not found["month"].isdecimal():
        return _moment(found, date(year, month, day)) if month != _NO_MONTH else Fault.UNREADABLE
    if month > 12 >= day and found["sign"] == found["sign2"] != ".":
        return _moment(found, date(year, day, month), Way.MONTH_FIRST)
    either = found["sign"] == found["sign2"] == "/" and day <= 12 and day != month
    right = date(year, month, day)
    if either:
        return _moment(found, right, Way.EITHER, date(year, day, month))
    return _moment(found, right)


def _month_name_first(found: re.Match[str]) -> Moment | Fault:
    month = _month(found["month"])
    if month == _NO_MONTH:
        return Fault.UNREADABLE
    return _moment(found, date(int(found["year"]), month, int(found["day"])))


def _together(found: re.Match[str]) -> Moment | Fault:
    """Year first or day first: never both, since no month is 19 or 20."""
    digits = found["date"]
    year_first = int(digits[:4]) in WINDOW
    parts = (
        (digits[:4], digits[4:6], digits[6:])
        if year_first
        else (digits[4:], digits[2:4], digits[:2])
    )
    year, month, day = map(int, parts)
    if year_first and not 1 <= month <= 12 and int(digits[4:]) in WINDOW:
        year, month, day = int(digits[4:]), int(digits[2:4]), int(digits[:2])
    if year not in WINDOW and int(digits):
        return Fault.UNREADABLE
    return _moment(found, date(year, month, day))


def _serial(found: re.Match[str]) -> Moment | Fault:
    whole = datetime(1899, 12, 30, tzinfo=UTC) + timedelta(days=int(found["days"]))
    if whole.year not in WINDOW:
        return Fault.UNREADABLE
    part = float(f"0.{found['part'] or 0}")
    exact = whole + timedelta(seconds=round(part * 86_400))
    clock = exact.time() if part and exact != whole else None
    return _checked(Moment(exact.date(), clock, clock is not None, way=Way.SERIAL))


def _seconds(found: re.Match[str]) -> Moment | Fault:
    moment = datetime.fromtimestamp(int(found["seconds"]), UTC)
    if moment.year not in WINDOW:
        return Fault.UNREADABLE
    clock = moment.time().replace(microsecond=int(found["millis"] or 0) * 1000)
    return _checked(Moment(moment.date(), clock, True, timedelta(0), Way.SECONDS))


def _moment(
    found: re.Match[str], day: date, way: Way = Way.PLAIN, other: date | None = None
) -> Moment | Fault:
    """The day with the time beside it; ValueError when there is no such time."""
    parts = found.groupdict()
    weekday = parts.get("weekday")
    if weekday and _WEEKDAYS.get(weekday.lower()) != day.weekday():
        return Fault.UNREADABLE
    if parts["hour"] is None:
        return _checked(Moment(day, way=way, other=other))
    part = (parts.get("part") or "").ljust(6, "0")[:6]
    hour = _hour(int(parts["hour"]), parts.get("half"))
    clock = time(hour, int(parts["minute"]), int(parts["second"] or 0), int(part))
    return _checked(Moment(day, clock, bool(parts["second"]), _offset(parts["zone"]), way, other))


def _hour(hour: int, half: str | None) -> int:
    if half is None:
        return hour
    if not 1 <= hour <= 12:
        raise ValueError(hour)
    return hour % 12 + (12 if half[0] in "pP" else 0)


def _offset(zone: str | None) -> timedelta | None:
    if not zone:
        return None
    if zone[0] not in "+-":
        return timedelta(0)
    digits = zone[1:].replace(":", "").ljust(4, "0")
    shift = timedelta(hours=int(digits[:2]), minutes=int(digits[2:]))
    if shift > timedelta(hours=14) or int(digits[2:]) > 59:
        raise ValueError(zone)
    return shift if zone[0] == "+" else -shift


def _checked(moment: Moment) -> Moment | Fault:
    return Fault.PLACEHOLDER if moment.day in _PLACEHOLDERS else moment


_READERS: Final = (
    (_YEAR_FIRST, _year_first),
    (_DAY_FIRST, _day_first),
    (_MONTH_FIRST, _month_name_first),
    (_TOGETHER, _together),
    (_SERIAL, _serial),
    (_SECONDS, _seconds),
)
