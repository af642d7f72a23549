"""A serial driver: the daemon's jobs one after another under one clock, no threads.

It walks the same table, by the same reckoning of what is due when, and carries each job out in the
same way as the daemon does; only the waiting in between is left out.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Final

from year.clock import Clock

from rules.errors import Leaving, RingrenError
from state import jobs as kept
from state.store import Store
from sync.app import App
from sync.service.jobs import SEEN, Ended, Job, carry_out, due, every, kind_of, may_rest
from sync.service.schedules import At, Every, Schedule
from sync.settings import Settings

NOT_KEPT: Final = "not_kept"


@dataclass(frozen=True, slots=True)
class Ran:
    """A run of a job: when it was due and when it began by our machine, and the true time; `ended`
    is None when it was killed, or asked to leave."""

    job: str
    due: datetime
    began: datetime
    true: datetime
    ended: Ended | None = None


def raise_it(error: Exception) -> None:
    """An error that nobody expected ends the walk."""
    raise error


@dataclass
class Driver:
    """`jobs` are rows of the table, `opens` gives the app of a run. `slow`: what comes again and
    again comes so seldom, by its row."""

    store: Store
    jobs: Sequence[Job]
    settings: Settings
    clock: Clock
    opens: Callable[[Job], AbstractContextManager[App]]
    crashed: Callable[[Exception], object] = raise_it
    holder: str = "serial:1"
    slow: Mapping[str, timedelta] = field(default_factory=dict)
    ran: list[Ran] = field(default_factory=list)
    _looked: dict[str, datetime] = field(default_factory=dict)
    """When a job that had nothing to do was looked at last."""
    _again: dict[str, datetime] = field(default_factory=dict)
    """Before this, what could not be kept is not tried again."""
    _idle: bool = False
    """Nothing happened since."""

    def start(self) -> None:
        """As a daemon that begins: from now on what does not run was missed."""
        self._looked.clear()
        self._again.clear()
        with self.store.transaction() as tx:
            for job in every(self.settings, self.jobs):
                if isinstance(job.schedule(self.settings), At):
                    kept.meet(tx, job.name, self.clock.ours())

    def walk(self, until: datetime) -> Counter[str]:
        """Everything that is due before `until` by our machine, in order; how often each job ran.

        `Leaving` goes on to whoever asked for it, and so does death.
        """
        begun, self._idle = len(self.ran), False
        while (nearest := self._nearest(until)) and nearest[0] < until:
            when, _, job = nearest
            self.clock.until(when)
            if not self._rests(job, when):
                self.do(job, when)
        self.clock.until(until)
        return Counter(one.job for one in self.ran[begun:])

    def do(self, job: Job, when: datetime) -> None:
        """One run, now."""
        self._idle = False
        self.ran.append(Ran(job.name, when, self.clock.ours(), self.clock()))
        began, holder = self.ran[-1], f"{self.holder}/{job.name}"
        try:
            ended = carry_out(job, self.store, self.opens, self.clock.ours, holder, self.crashed)
        except Leaving:
            raise
        except RingrenError as error:
            # As the engine: the store cannot be written, and it is tried again after a while.
            ended = Ended(error.exit_code, {"message": error.message, NOT_KEPT: True})
            self._looked[job.name] = when
            self._again[job.name] = self.clock.ours() + job.pause
        self.ran[-1] = replace(began, ended=ended)

    def _nearest(self, until: datetime) -> tuple[datetime, int, Job] | None:
        with self.store.reading() as tx:
            states = kept.every(tx)
        found = [
            (self._due(job, schedule, states), at, job)
            for at, job in enumerate(every(self.settings, self.jobs))
            if (schedule := self._schedule(job))
        ]
        first = min(found, default=None, key=lambda one: one[:2])
        if first and self._idle and first[2].name in self._looked:
            return self._unless_idle(
                first, [*(when for when, *_ in found if when > first[0]), until]
            )
        return first

    def _due(self, job: Job, schedule: Schedule, states: Mapping[str, kept.JobState]) -> datetime:
        now, state = self.clock.ours(), states.get(job.name) or kept.JobState(job.name)
        when = due(job, schedule, state, now)
        looked = self._looked.get(job.name)
        if looked and isinstance(schedule, Every):
            when = max(when, schedule.after(looked, now))
        if isinstance(schedule, At):
            when = max(when, self._again.get(job.name, when))
        return when

    def _schedule(self, job: Job) -> Schedule | None:
        schedule = job.schedule(self.settings)
        if not isinstance(schedule, Every):
            return schedule
        return Every(max(schedule.gap, self.slow.get(kind_of(job.name), schedule.gap)))

    # --- jobs that may rest ---

    def _rests(self, job: Job, when: datetime) -> bool:
        """As `Workplace.rests`: left out, since there is nothing to do and it was begun a moment ago."""
        self._looked.pop(job.name, None)
        with self.store.reading() as tx:
            rests = may_rest(job, tx, self.clock.ours())
        if rests:
            self._looked[job.name], self._idle = when, True
        return rests

    def _unless_idle(
        self, first: tuple[datetime, int, Job], others: Sequence[datetime]
    ) -> tuple[datetime, int, Job]:
        """Where nothing happens nothing changes: the looks in between are not walked one by one."""
        when, at, job = first
        schedule = self._schedule(job)
        assert isinstance(schedule, Every)
        with self.store.reading() as tx:
            begun = kept.of(tx, job.name).begun_at or when
        idle = min(*others, begun + SEEN) - when
        return when + max(idle // schedule.gap, 0) * schedule.gap, at, job
