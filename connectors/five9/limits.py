"""How many calls of a class the domain still has: counted by the vendor in fixed windows.

The counters are the whole domain's, and a part of them is left to its other programs. Windows begin
at full minutes, hours and days of the data centre's clock. A minute is waited for; for longer ones
the work is left to a later pass.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from datetime import datetime
from types import MappingProxyType
from typing import Final, NamedTuple
from zoneinfo import ZoneInfo

from rules.errors import TryAgain

CLASSES: Final = MappingProxyType(
    {
        "addNumbersToDnc": "Upload",
        "deleteFromList": "Upload",
        "deleteRecordFromList": "SingleUpload",
        "runReport": "ReportRequest",
        "getReportResultCsv": "RetrieveReport",
    }
)
"""By operation; the others that we use are queries."""
QUERY: Final = "Query"
SHARE: Final = 0.8
"""So much of each window we use, what others have used included."""
MINUTE: Final = 60
_TRIES: Final = 3


class Window(NamedTuple):
    """One counter as it was last told."""

    kind: str
    seconds: int
    used: int
    most: int


class Quota:
    """Lets a call of a class through, or has it wait. `ask` reads the counters, which is free."""

    def __init__(
        self,
        system: str,
        zone: str,
        ask: Callable[[], Sequence[Window]],
        clock: Callable[[], datetime],
        sleep: Callable[[float], None],
    ) -> None:
        self._system, self._zone, self._ask = system, ZoneInfo(zone), ask
        self._clock, self._sleep = clock, sleep
        self._told: Sequence[Window] | None = None
        self._ours: Counter[str] = Counter()

    def before(self, kind: str) -> None:
        """Right before a call: until there is room for it. `TryAgain` when that takes too long."""
        if self._told is None:
            self.renew()
        for _ in range(_TRIES):
            if not self._tight(kind):
                break
            # Our own calls of the minutes before are counted in as well: only the vendor knows.
            self.renew()
            if tight := self._tight(kind):
                self._wait(kind, tight)
        self._ours[kind] += 1

    def refused(self, kind: str) -> None:
        """The vendor says that it was one too many: wait for the window that is full."""
        self.renew()
        full = [
            one.seconds for one in self._told or () if one.kind == kind and one.used >= one.most
        ]
        self._wait(kind, full or [MINUTE])

    def renew(self) -> None:
        """Read the counters."""
        self._told = self._ask()
        self._ours.clear()

    def _tight(self, kind: str) -> list[int]:
        ours = self._ours[kind]
        return [
            one.seconds
            for one in self._told or ()
            if one.kind == kind and one.used + ours >= one.most * SHARE
        ]

    def _wait(self, kind: str, windows: Sequence[int]) -> None:
        seconds = max(self._left(one) for one in windows)
        if seconds > MINUTE:
            details = {"system": self._system, "kind": kind}
            raise TryAgain("five9.limit", after_seconds=seconds, **details)
        self._sleep(seconds)
        self._told = None
        self.renew()

    def _left(self, seconds: int) -> float:
        """Until a window of this length ends."""
        here = self._clock().astimezone(self._zone)
        into = here.hour * 3600 + here.minute * 60 + here.second
        return float(seconds - into % seconds)
