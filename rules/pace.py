"""How fast somebody may ask: a steady rate with room for a burst. Pure: moments in, moments out.

One number is kept for each asker, the moment at which all that he has asked would be paid off
(the generic cell rate algorithm, ITU-T I.371).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple


@dataclass(frozen=True, slots=True)
class Pace:
    """So many a minute on the whole, and so many of them at once."""

    a_minute: int
    at_once: int

    def admit(self, paid_off: float, now: float) -> Admitted:
        """Whether one more is let in. Seconds on a clock that never goes back."""
        each = 60 / self.a_minute
        due = max(paid_off, now) + each
        wait = due - now - each * self.at_once
        return Admitted(paid_off, wait) if wait > 1e-9 else Admitted(due, 0.0)


class Admitted(NamedTuple):
    """What to keep for the asker; `wait` is how many seconds too early this one came, 0 when not."""

    paid_off: float
    wait: float
