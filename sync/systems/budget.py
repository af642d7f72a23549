"""The purse of API calls: each call is taken from a day's ceiling before it leaves.

A ceiling of ours per day and per job, and the vendor's own quota as he tells it in his answers. A
part of both is kept for opt-outs, which never wait behind a bulk job. When there is none left, the
run stops before its next call, and what was read so far is kept.
"""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date, datetime
from typing import Final

from rules.errors import RunStopped
from rules.spans import COPENHAGEN
from state import calls
from state.calls import Quota
from state.store import Store

BLOCK: Final = 20
"""Calls taken from the store at a time: one short transaction for so many."""


@dataclass(frozen=True, slots=True)
class Purse:
    """What one job may use of one system.

    `a_day`: our own ceiling for all jobs together, None for none; `a_run`: for this job in one
    day. `share`: so much of the vendor's quota may be used by everybody before we stop.
    `kept`: the part of `a_day` that only opt-outs may use.
    """

    a_day: int | None = None
    a_run: int | None = None
    share: float = 0.8
    kept: float = 0.1


URGENT_SHARE: Final = 0.95
"""Opt-outs may use so much of the vendor's quota."""


class Budget:
    """A meter for one process and one job; safe to use from several threads. Close it at the end."""

    def __init__(
        self,
        store: Store,
        clock: Callable[[], datetime],
        job: str,
        purses: Callable[[str], Purse],
        *,
        urgent: bool = False,
    ) -> None:
        self._store, self._clock, self._job, self._purses = store, clock, job, purses
        self._urgent = urgent
        self._lock = threading.Lock()
        self._left: dict[tuple[str, date], int] = {}
        self._told: dict[str, Quota] = {}
        self.used: dict[str, int] = {}
        """System -> calls sent by this process."""

    @contextlib.contextmanager
    def for_opt_outs(self) -> Iterator[None]:
        """Calls in here are for opt-outs: they may use what is kept for these."""
        before, self._urgent = self._urgent, True
        try:
            yield
        finally:
            self._urgent = before

    def spend(self, system: str) -> None:
        """Take one call; `RunStopped` when there is none left."""
        with self._lock:
            self._heed_the_vendor(system)
            here = (system, self._today())
            if not self._left.get(here):
                self._left[here] = self._take(*here)
            self._left[here] -= 1
            self.used[system] = self.used.get(system, 0) + 1

    def told(self, system: str, used: int, limit: int) -> None:
        """What an answer's headers say of the vendor's own quota."""
        with self._lock:
            self._told[system] = Quota(used, limit, self._clock())

    def quota(self, system: str) -> Quota | None:
        """What the vendor told this process last; None when it told nothing."""
        with self._lock:
            return self._told.get(system)

    def left(self, system: str) -> int | None:
        """Calls that are left today: of the vendor's quota or of our ceiling, whichever is less.

        None where neither is known.
        """
        told, ceiling = self.quota(system), self._purses(system).a_day
        today = self._today()
        with self._store.reading() as tx:
            if told is None:
                stored = calls.quota(tx, system)
                told = stored if stored and _day(stored.told_at) == today else None
            used = calls.used(tx, system, today).get(calls.TOTAL, 0)
        with self._lock:
            used -= self._left.get((system, today), 0)
        found = [told.quota - told.used] if told else []
        if ceiling is not None and not self._urgent:
            ceiling -= int(ceiling * self._purses(system).kept)
        found += [ceiling - used] if ceiling is not None else []
        return max(0, min(found)) if found else None

    def close(self) -> None:
        """Give back what was taken and not used; keep what the vendors said."""
        with self._lock:
            if self._left or self._told:
                self._settle()

    def _settle(self) -> None:
        with self._store.transaction() as tx:
            for (system, day), unused in self._left.items():
                calls.give_back(tx, system, day, self._job, unused)
            for system, told in self._told.items():
                calls.note_quota(tx, system, told)
            self._left.clear()

    def _heed_the_vendor(self, system: str) -> None:
        told = self._told.get(system)
        share = URGENT_SHARE if self._urgent else self._purses(system).share
        if told and told.used >= told.quota * share:
            raise RunStopped("error.quota_spent", system=system, used=told.used, quota=told.quota)

    def _take(self, system: str, day: date) -> int:
        purse = self._purses(system)
        most = purse.a_day
        if most is not None and not self._urgent:
            most -= int(most * purse.kept)
        with self._store.transaction() as tx:
            granted = calls.take(
                tx, system, day, self._job, BLOCK, day_most=most, job_most=purse.a_run
            )
            if told := self._told.get(system):
                calls.note_quota(tx, system, told)
        if not granted:
            raise RunStopped("error.budget_spent", system=system, day=day)
        return granted

    def _today(self) -> date:
        return _day(self._clock())


def _day(at: datetime) -> date:
    return at.astimezone(COPENHAGEN).date()
