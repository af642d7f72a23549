"""So many calls in a second and no more, where a vendor counts them."""

from __future__ import annotations

from collections.abc import Callable


class Pace:
    """Lets so many calls through in a second and has the others wait."""

    def __init__(
        self, per_second: float, clock: Callable[[], float], sleep: Callable[[float], None]
    ) -> None:
        self._gap, self._clock, self._sleep = 1 / per_second, clock, sleep
        self._next = 0.0

    def wait(self) -> None:
        """Until the next call may leave."""
        now = self._clock()
        if now < self._next:
            self._sleep(self._next - now)
        self._next = max(now, self._next) + self._gap
