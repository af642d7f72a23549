"""Remembers how fast each asker has asked, in this process."""

from __future__ import annotations

from collections.abc import Hashable
from typing import Final

from rules.pace import Pace

MOST_ASKERS: Final = 10_000


class Paces:
    """One pace for each of many askers."""

    def __init__(self, pace: Pace) -> None:
        self._pace = pace
        self._paid_off: dict[Hashable, float] = {}

    def wait(self, asker: Hashable, now: float) -> float:
        """0 when this asker may go on, else for how many seconds not. On a clock that never goes back."""
        kept = self._paid_off
        if len(kept) >= MOST_ASKERS:
            self._paid_off = kept = {who: until for who, until in kept.items() if until > now}
        admitted = self._pace.admit(kept.get(asker, 0.0), now)
        kept[asker] = admitted.paid_off
        return admitted.wait
