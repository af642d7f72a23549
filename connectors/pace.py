"""So many calls in a second, or in a minute, and no more, where a vendor counts them."""

from __future__ import annotations

import threading
import time
from collections import deque
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


class Minute:
    """Lets `most` calls through in any sixty seconds, and has the others wait. Safe between threads."""

    def __init__(
        self,
        most: int,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._most, self._clock, self._sleep = most, clock, sleep
        self._left: deque[float] = deque()
        self._lock = threading.Lock()

    def wait(self) -> None:
        """Until the next call may leave."""
        with self._lock:
            now = self._clock()
            while self._left and self._left[0] <= now - 60:
                self._left.popleft()
            if len(self._left) >= self._most:
                pause = self._left.popleft() + 60 - now
                self._sleep(pause)
                now += pause
            self._left.append(now)
