"""A serial driver: the daemon's jobs one after another under a clock of its own, no threads.

It walks the same table, by the same reckoning of what is due when, and carries each job out in the
same way as the daemon does; only the waiting in between is left out.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from datetime import datetime

from rules.errors import Leaving
from state import jobs as kept
from state.store import Store
from sync.app import App
from sync.jobs import Ended, Job, carry_out, due
from sync.schedules import At
from sync.settings import Settings


@dataclass
class Driver:
    """`now` is moved by the driver; `opens` gives the app of a run."""

    store: Store
    jobs: Sequence[Job]
    settings: Settings
    now: datetime
    opens: Callable[[Job], AbstractContextManager[App]]
    ran: list[tuple[str, datetime]] = field(default_factory=list)
    ended: list[Ended] = field(default_factory=list)

    def start(self) -> None:
        """As a daemon that begins: from now on what does not run was missed."""
        with self.store.transaction() as tx:
            for job in self.jobs:
                if isinstance(job.schedule(self.settings), At):
                    kept.meet(tx, job.name, self.now)

    def walk(self, until: datetime) -> Counter[str]:
        """Everything that is due before `until`, in order; gives how often each job ran."""
        begun = len(self.ran)
        while (nearest := self._nearest()) and nearest[0] < until:
            when, _, job = nearest
            self.now = max(self.now, when)
            self.ran.append((job.name, self.now))
            try:
                ended = carry_out(job, self.store, self.opens, lambda: self.now, "serial:1", _raise)
                self.ended.append(ended)
            except Leaving:
                return Counter(name for name, _ in self.ran[begun:])
        self.now = until
        return Counter(name for name, _ in self.ran[begun:])

    def _nearest(self) -> tuple[datetime, int, Job] | None:
        with self.store.reading() as tx:
            states = kept.every(tx)
        found = [
            (due(job, schedule, states.get(job.name) or kept.JobState(job.name), self.now), at, job)
            for at, job in enumerate(self.jobs)
            if (schedule := job.schedule(self.settings))
        ]
        return min(found, default=None, key=lambda one: one[:2])


def _raise(error: Exception) -> None:
    raise error
