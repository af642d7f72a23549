"""When an alarm is told, told again, and told to somebody else (R68). Pure: moments in, moments out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

from rules.spans import COPENHAGEN

NEVER_HELD: Final = frozenset({"violation"})
"""Alarms that no quiet hours hold back."""
DAY: Final = 24 * 60
FIRST_RETRY: Final = timedelta(minutes=1)
LONGEST_RETRY: Final = timedelta(hours=1)
CLAIM: Final = timedelta(minutes=2)
"""So long an alarm that is just being sent is left to whoever sends it."""


class Level(StrEnum):
    """How much an alarm weighs."""

    CERTAIN = "certain"
    WARNING = "warning"


@dataclass(frozen=True, slots=True)
class Hours:
    """Hours of the week in which nobody is to be disturbed, by the clocks of Denmark.

    `start` and `end` are minutes of the day; hours that end no later than they start end on the
    next day, and belong to the weekday (Monday is 0) on which they start. Neither lies in the hour
    that comes twice on one night and not at all on another, so that a clock on the wall tells all.
    """

    weekdays: frozenset[int]
    start: int
    end: int

    def hold(self, now: datetime) -> bool:
        """Whether these are the hours."""
        here = now.astimezone(COPENHAGEN)
        return self.hold_at(here.weekday(), here.hour * 60 + here.minute)

    def hold_at(self, weekday: int, minute: int) -> bool:
        """The same of a weekday and a minute of it."""
        over_night = self.end <= self.start
        tonight = self.start <= minute < (DAY if over_night else self.end)
        last_night = over_night and minute < self.end
        return (tonight and weekday in self.weekdays) or (
            last_night and (weekday - 1) % 7 in self.weekdays
        )


def always(hours: Sequence[Hours]) -> bool:
    """Whether these leave no moment of the week: the end of each lies within another."""
    ends = [
        divmod((day + (one.end <= one.start)) * DAY + one.end, DAY)
        for one in hours
        for day in one.weekdays
    ]
    return bool(ends) and all(
        any(one.hold_at(day % 7, minute) for one in hours) for day, minute in ends
    )


@dataclass(frozen=True, slots=True)
class Receiver:
    """Who hears of what: `after` an alarm was raised (escalation), only `certain` ones or all.

    `repeat` is how long it takes until the same alarm is told again while nobody answers for it.
    In `quiet` hours it hears of nothing but what is never held back; of the rest when they end.
    """

    name: str
    after: timedelta
    repeat: timedelta
    only_certain: bool = False
    quiet: tuple[Hours, ...] = ()

    def rests(self, now: datetime) -> bool:
        """Whether this is one of its quiet hours."""
        return any(one.hold(now) for one in self.quiet)

    def hears(self, level: Level) -> bool:
        """Whether an alarm of this weight is for this receiver."""
        return level is Level.CERTAIN or not self.only_certain


def retry_after(failures: int) -> timedelta:
    """How long to wait after so many attempts that failed: doubling, at most an hour."""
    doublings = min(max(failures - 1, 0), 10)
    return min(FIRST_RETRY * (1 << doublings), LONGEST_RETRY)


def first_due(receiver: Receiver, raised_at: datetime) -> datetime:
    """When an alarm is to be told to a receiver for the first time."""
    return raised_at + receiver.after
