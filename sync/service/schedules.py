"""When a job is due: written as people say it, reckoned in Copenhagen's time.

    every 30 seconds      every 5 minutes     every 2 hours
    daily 05:30           weekdays 07:30      sunday 04:30        monday,thursday 04:30
    month 1 06:30         month last 06:30    off

Days are named, never numbered: programs disagree on whether Monday is 0 or 1. Between 02:00 and
03:00 nothing may be due: that hour comes twice on one night of the year, and on another not at all.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import TYPE_CHECKING, Final

from rules.alarms import DAY, Hours
from rules.spans import COPENHAGEN

if TYPE_CHECKING:
    from apscheduler.triggers.base import BaseTrigger

OFF: Final = "off"
_UNITS: Final = {"second": 1, "minute": 60, "hour": 3600}
_DAYS: Final = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
_DANISH: Final = ("mandag", "tirsdag", "onsdag", "torsdag", "fredag", "lørdag", "søndag")
_SHORT: Final = {
    name: one[:3] for names in (_DAYS, _DANISH) for name, one in zip(names, _DAYS, strict=True)
}
EVERY: Final = re.compile(r"every (?:(\d{1,5}) )?(second|minute|hour)s?")
AT: Final = re.compile(r"(daily|weekdays|month (?:\d{1,2}|last)|[a-zæøå,]+) (\d{2}):(\d{2})")
_HOURS: Final = re.compile(r"(daily|weekdays|[a-zæøå,]+) (\d{2}):(\d{2})-(\d{2}):(\d{2})")
_NIGHT_OF_CHANGE: Final = 2
LONGEST: Final = timedelta(hours=24)


class Unreadable(ValueError):
    """No such schedule; the text says in one word why: form, night, short or long."""


@dataclass(frozen=True, slots=True)
class Every:
    """Again and again: so long after the last beginning."""

    gap: timedelta

    def after(self, last: datetime | None, now: datetime) -> datetime:
        """The next moment after `last`, now at the earliest: what was missed is done once. A `last`
        that is still to come is from before a clock was put back: nobody waits until it comes again."""
        return max(now, last + self.gap) if last and last <= now else now

    def trigger(self) -> BaseTrigger:
        """For APScheduler."""
        from apscheduler.triggers.interval import IntervalTrigger

        return IntervalTrigger(seconds=int(self.gap.total_seconds()), timezone=UTC)


@dataclass(frozen=True, slots=True)
class At:
    """At a time of day, on days of the week (`mon,thu`) or of the month (`1`, `last`)."""

    hour: int
    minute: int
    weekdays: str = "*"
    day: str = "*"

    def after(self, last: datetime | None, now: datetime) -> datetime:
        """The next moment after `last`; one that is past was missed. Never run: from now on.

        What ran while a clock was fast has run for the hours to come. For days to come it has not:
        then it counts as if it had run at that time of the day that has just gone by.
        """
        if last is not None and last - now > LONGEST:
            last -= -((now - last) // LONGEST) * LONGEST
        return _next(self, last, now if last is None else last)

    def trigger(self) -> BaseTrigger:
        """For APScheduler. Made from fields, because it reads crontabs with Monday as 0."""
        from apscheduler.triggers.cron import CronTrigger

        return CronTrigger(
            hour=self.hour,
            minute=self.minute,
            day=self.day,
            day_of_week=self.weekdays,
            timezone=COPENHAGEN,
        )


@lru_cache(maxsize=256)
def _next(schedule: At, last: datetime | None, since: datetime) -> datetime:
    """Reckoned once: who waits asks every second, and it is the same moment until the job has run."""
    begins = since.astimezone(COPENHAGEN)
    found: datetime | None = schedule.trigger().get_next_fire_time(last and begins, begins)
    assert found is not None  # noqa: S101 - there is no end to days
    return found.astimezone(UTC)


Schedule = Every | At


def read(text: str) -> Schedule | None:
    """The schedule that a text says; None for `off`, Unreadable for none."""
    said = " ".join(text.lower().replace(", ", ",").split())
    if said == OFF:
        return None
    if every := EVERY.fullmatch(said):
        return _every(int(every[1] or 1) * _UNITS[every[2]])
    if at := AT.fullmatch(said):
        return _at(at[1], int(at[2]), int(at[3]))
    raise Unreadable("form")


def _every(seconds: int) -> Every:
    gap = timedelta(seconds=seconds)
    if not seconds:
        raise Unreadable("short")
    if gap > LONGEST:
        raise Unreadable("long")
    return Every(gap)


def _at(days: str, hour: int, minute: int) -> At:
    if hour > 23 or minute > 59:
        raise Unreadable("form")
    if hour == _NIGHT_OF_CHANGE:
        raise Unreadable("night")
    kind, _, day = days.partition(" ")
    if kind == "month":
        if day != "last" and not 1 <= int(day) <= 28:
            raise Unreadable("form")
        return At(hour, minute, day=day.lstrip("0"))
    if kind == "daily":
        return At(hour, minute)
    if kind == "weekdays":
        return At(hour, minute, "mon-fri")
    return At(hour, minute, ",".join(_named(kind)))


def _named(days: str) -> list[str]:
    names = days.split(",")
    if not all(name in _SHORT for name in names):
        raise Unreadable("form")
    return [_SHORT[name] for name in names]


# --- hours of the week -----------------------------------------------------------------------

_WEEK: Final = tuple(name[:3] for name in _DAYS)
_OFTEN: Final = {"daily": _WEEK, "weekdays": _WEEK[:5]}


def hours(text: str) -> Hours:
    """`daily 20:00-07:00`, `saturday,sunday 00:00-24:00`; Unreadable for none: form or night."""
    said = _HOURS.fullmatch(" ".join(text.lower().replace(", ", ",").split()))
    if not said:
        raise Unreadable("form")
    start, end = _minute(said[2], said[3]), _minute(said[4], said[5])
    if start in {DAY, end}:
        raise Unreadable("form")
    days = _OFTEN.get(said[1]) or _named(said[1])
    return Hours(frozenset(_WEEK.index(day) for day in days), start, end)


def _minute(hour: str, minute: str) -> int:
    """Of the day; 24:00 is its end."""
    found = int(hour) * 60 + int(minute)
    if found > DAY or int(minute) > 59:
        raise Unreadable("form")
    if int(hour) == _NIGHT_OF_CHANGE:
        raise Unreadable("night")
    return found
