"""How far a year is: the day, the time that passed, and about how much is left."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

# The year's own clock stands in for `time` while it is lived.
_WALL: Final = time.perf_counter
_WORK: Final = time.process_time
MINUTE: Final = 60


@dataclass
class Progress:
    """`days` quiet ones and `things` hostile ones are to be lived; each kind costs what it cost so far."""

    days: int
    things: int
    say: Callable[[str], object] = str
    day: int = 0
    thing: int = 0
    hostile: float = 0
    """Seconds of processor time that hostile things took."""
    _began: float = field(default_factory=_WALL)
    _worked: float = field(default_factory=_WORK)
    _since: float = 0

    @property
    def worked(self) -> float:
        """Seconds of processor time."""
        return _WORK() - self._worked

    def begins(self) -> None:
        """A hostile thing."""
        self._since = _WORK()

    def ends(self) -> None:
        """It is over, or nothing came of it."""
        self.thing += 1
        if self._since:
            self.hostile += _WORK() - self._since
        self._since = 0

    def tell(self, words: str) -> None:
        """What is lived now."""
        wall, worked = _WALL() - self._began, self.worked
        left = ""
        if self.day and self.thing:
            quiet = max(worked - self.hostile, 0) / self.day * (self.days - self.day)
            to_go = quiet + self.hostile / self.thing * (self.things - self.thing)
            left = f", about {_minutes(to_go * wall / worked)} left"
        which = f"day {self.day + 1} of {self.days}"
        self.say(
            f"{which} · {_minutes(wall)} ({_minutes(worked)} of processor time){left} · {words}"
        )


def _minutes(seconds: float) -> str:
    return f"{seconds / MINUTE:.1f} min"
