"""When an alarm is told, told again, and told to somebody else (R68). Pure: moments in, moments out."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

FIRST_RETRY: Final = timedelta(minutes=1)
LONGEST_RETRY: Final = timedelta(hours=1)
CLAIM: Final = timedelta(minutes=2)
"""So long an alarm that is just being sent is left to whoever sends it."""


class Level(StrEnum):
    """How much an alarm weighs."""

    CERTAIN = "certain"
    WARNING = "warning"


@dataclass(frozen=True, slots=True)
class Receiver:
    """Who hears of what: `after` an alarm was raised (escalation), only `certain` ones or all.

    `repeat` is how long it takes until the same alarm is told again while nobody answers for it.
    """

    name: str
    after: timedelta
    repeat: timedelta
    only_certain: bool = False

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
