"""Days on which companies are called: weekdays that are no public holiday in Denmark.

Holidays by law (lov om Folkekirkens helligdage, with Store bededag abolished from 2024), and the
days on which hardly any office is open. Easter by Gauss's rule as Meeus gives it.
"""

from __future__ import annotations

from datetime import date, timedelta
from functools import lru_cache
from typing import Final

_FIXED: Final = ((1, 1), (6, 5), (12, 24), (12, 25), (12, 26), (12, 31))
"""(month, day): New Year, Constitution Day, Christmas, New Year's Eve."""
_FROM_EASTER: Final = (-3, -2, 0, 1, 39, 49, 50)
"""Maundy Thursday, Good Friday, Easter, Ascension, Whitsun: days from Easter Sunday."""
_PRAYER_DAY: Final = 26
_LAST_PRAYER_DAY: Final = 2023
_FRIDAY: Final = 4


@lru_cache(maxsize=64)
def easter(year: int) -> date:
    """Easter Sunday in the Gregorian calendar."""
    century, of_century = divmod(year, 100)
    golden = year % 19
    leap, rest = divmod(century, 4)
    moved = (century - (century + 8) // 25 + 1) // 3
    moon = (19 * golden + century - leap - moved + 15) % 30
    sunday = (32 + 2 * rest + 2 * (of_century // 4) - moon - of_century % 4) % 7
    late = (golden + 11 * moon + 22 * sunday) // 451
    month, day = divmod(moon + sunday - 7 * late + 114, 31)
    return date(year, month, day + 1)


@lru_cache(maxsize=64)
def holidays(year: int) -> frozenset[date]:
    """The days of the year on which nobody is called."""
    offsets = (*_FROM_EASTER, *([_PRAYER_DAY] if year <= _LAST_PRAYER_DAY else []))
    moving = {easter(year) + timedelta(days=offset) for offset in offsets}
    return frozenset(moving | {date(year, month, day) for month, day in _FIXED})


def is_call_day(day: date) -> bool:
    """Whether companies are called on that day."""
    return day.weekday() <= _FRIDAY and day not in holidays(day.year)


def next_call_day(day: date) -> date:
    """The first call day after `day`."""
    following = day + timedelta(days=1)
    while not is_call_day(following):
        following += timedelta(days=1)
    return following
