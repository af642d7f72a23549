"""Rates and quotas as HubSpot counts them: calls in ten seconds, searches in one, calls in a day."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from typing import Any, Final

TEN_SECONDS: Final = 10_000


@dataclass(slots=True)
class Limits:
    """What the customer has paid for. None: not counted."""

    burst: int | None = None
    daily: int | None = None
    searches: int | None = None
    used_today: int = 0
    _calls: deque[int] = field(default_factory=deque)
    _searches: deque[int] = field(default_factory=deque)

    def refusal(self, now: int, *, search: bool) -> str | None:
        """The policy that a call breaks, if any; else it is counted."""
        if self.daily is not None and self.used_today >= self.daily:
            return "DAILY"
        if _full(self._calls, now, TEN_SECONDS, self.burst):
            return "TEN_SECONDLY_ROLLING"
        if search and _full(self._searches, now, 1000, self.searches):
            return "SECONDLY"
        self.used_today += 1
        self._calls.append(now)
        if search:
            self._searches.append(now)
        return None

    def headers(self, *, search: bool) -> dict[str, str]:
        """What an answer says of them; answers of searches say nothing."""
        if search:
            return {}
        found: dict[str, Any] = {}
        if self.burst is not None:
            found["X-HubSpot-RateLimit-Max"] = self.burst
            found["X-HubSpot-RateLimit-Remaining"] = max(0, self.burst - len(self._calls))
            found["X-HubSpot-RateLimit-Interval-Milliseconds"] = TEN_SECONDS
        if self.daily is not None:
            found["X-HubSpot-RateLimit-Daily"] = self.daily
            found["X-HubSpot-RateLimit-Daily-Remaining"] = max(0, self.daily - self.used_today)
        return {name: str(value) for name, value in found.items()}


PLANS: Final = {
    "none": (None, None, None),
    "free": (100, 250_000, 5),
    "pro": (190, 625_000, 5),
    "enterprise": (190, 1_000_000, 5),
}


def plan(name: str) -> Limits:
    """The limits of a plan."""
    burst, daily, searches = PLANS[name]
    return Limits(burst, daily, searches)


def _full(calls: deque[int], now: int, window: int, most: int | None) -> bool:
    while calls and calls[0] <= now - window:
        calls.popleft()
    return most is not None and len(calls) >= most
