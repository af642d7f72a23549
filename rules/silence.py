"""Silence is an alarm: a system that usually says something, and has said nothing for too long.

Pure: counts by day in, an answer out. What is usual is taken from the system's own history, weekday
by weekday, without the highest and the lowest of each: one import of ten thousand rows makes nothing
usual, one day off makes nothing unusual.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final

from rules.call_days import is_call_day

WEEKS: Final = 8
"""So far back goes what is usual."""
FEWEST_DAYS: Final = 21
"""Less history than this says nothing about what is usual."""
ENOUGH: Final = 8.0
"""So many must have been to be expected: that none of eight comes by chance is one in three thousand."""
_OUTLIERS_FROM: Final = 4


@dataclass(frozen=True, slots=True)
class Quiet:
    """Nothing came after `since`, where about `expected` would have been usual."""

    since: date
    expected: int


def quiet(counts: Mapping[date, int], until: date) -> Quiet | None:
    """Whether a system has gone quiet by the end of `until`, the last whole day; None: it has not,
    or too little is known of it. `counts` are what it said on each day; days that lack are 0."""
    spoken = [day for day, count in counts.items() if count and day <= until]
    if not spoken:
        return None
    first, last = min(spoken), max(spoken)
    if (last - first).days < FEWEST_DAYS:
        return None
    silent = [last + timedelta(days=n) for n in range(1, (until - last).days + 1)]
    usual = [_usual(counts, weekday, first, last) for weekday in range(7)]
    expected = sum(usual[day.weekday()] for day in silent if _counts(day))
    return Quiet(last, round(expected)) if expected >= ENOUGH else None


def _usual(counts: Mapping[date, int], weekday: int, first: date, last: date) -> float:
    """What the system says on such a day: the mean without the highest and the lowest."""
    begin = max(first, last - timedelta(weeks=WEEKS) + timedelta(days=1))
    days = (begin + timedelta(days=n) for n in range((last - begin).days + 1))
    found = sorted(counts.get(day, 0) for day in days if day.weekday() == weekday and _counts(day))
    if len(found) >= _OUTLIERS_FROM:
        found = found[1:-1]
    return sum(found) / len(found) if found else 0.0


def _counts(day: date) -> bool:
    """A weekday on which nobody works says nothing, neither now nor about what is usual."""
    return is_call_day(day) or day.weekday() > 4
