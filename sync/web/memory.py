"""What takes long to count and is asked for again and again, for a minute at most."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Hashable
from typing import Any, Final, TypeVar

from state.findings import mark
from sync import listings
from sync.app import App
from sync.report.model import FindingGroup
from sync.service import houses as asked
from sync.service.houses import HouseLine

SECONDS: Final = 60
T = TypeVar("T")


class Memory:
    """One for the application; for any thread. Two who ask at once may both count."""

    def __init__(self) -> None:
        self._kept: dict[str, tuple[Hashable, float, Any]] = {}
        self._lock = threading.Lock()

    def of(self, name: str, mark: Hashable, count: Callable[[], T]) -> T:
        """What `count` gives; what it gave before, as long as `mark` is the same and it is not old."""
        now = time.monotonic()
        with self._lock:
            kept = self._kept.get(name)
        if kept and kept[0] == mark and now - kept[1] < SECONDS:
            found: T = kept[2]
            return found
        found = count()
        with self._lock:
            self._kept[name] = (mark, now, found)
        return found


def causes(app: App, memory: Memory, owner: str | None = None) -> list[FindingGroup]:
    """`sync findings --causes`, counted anew when some came or went."""
    with app.store.reading() as tx:
        now = mark(tx)
    return memory.of(f"causes {owner or ''}", now, lambda: listings.causes(app, owner))


def houses(app: App, memory: Memory) -> list[HouseLine]:
    """`sync houses`, asked anew every quarter of a minute: however many look, others are asked once."""
    now = int(time.monotonic() // 15)
    return memory.of("houses", now, lambda: asked.houses(app))
