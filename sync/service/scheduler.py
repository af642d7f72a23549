"""The embedded engine: APScheduler as the clock, threads in this process, one database.

Each lock has a thread of its own, so that jobs which exclude each other stand in line and opt-outs
wait for nobody. What was missed is made up for once; nothing is dropped for being late.
"""

from __future__ import annotations

import contextlib
import logging
from collections.abc import Callable
from datetime import UTC, timedelta
from typing import Any, Final

from apscheduler.executors.pool import ThreadPoolExecutor
from apscheduler.schedulers.background import BackgroundScheduler

from rules.errors import RingrenError
from state import jobs as kept
from state.store import Store
from sync.app import Clock
from sync.logs import logger
from sync.service.atwork import Opens, Workplace
from sync.service.jobs import JOBS, Crashed, Job, due, every
from sync.service.schedules import At
from sync.settings import Settings

_PUT_BACK: Final = timedelta(seconds=2)
"""Clocks are trimmed by less all the time."""
LOG = logger(__name__)


class Engine(Workplace):
    """All jobs of one installation. Start it, look after it now and then, stop it."""

    def __init__(
        self,
        settings: Settings,
        store: Store,
        opens: Opens,
        clock: Clock,
        *,
        holder: str,
        crashed: Crashed,
    ) -> None:
        super().__init__(settings, store, opens, clock, holder=holder, crashed=crashed)
        self._looked = clock()
        logging.getLogger("apscheduler").setLevel(logging.ERROR)
        self._clockwork = BackgroundScheduler(
            executors={},
            job_defaults={"coalesce": True, "max_instances": 1, "misfire_grace_time": None},
            timezone=UTC,
        )
        self._lines: set[str] = set()
        """The locks that have a thread."""

    def start(self) -> None:
        """Put every job down for its next moment; what was missed while nobody was here is due now."""
        self._clockwork.start()
        self.schedule()

    def schedule(self) -> None:
        """Jobs and moments as the settings have them now."""
        now, jobs = self._clock(), every(self.settings, JOBS)
        for lock in {job.lock for job in jobs} - self._lines:
            self._clockwork.add_executor(ThreadPoolExecutor(1), lock)
            self._lines.add(lock)
        for one in self._clockwork.get_jobs():
            if one.id not in {job.name for job in jobs}:
                self._clockwork.remove_job(one.id)
        with self._store.transaction() as tx:
            for job in jobs:
                if isinstance(job.schedule(self.settings), At):
                    kept.meet(tx, job.name, now)
            states = kept.every(tx)
        for job in jobs:
            schedule = job.schedule(self.settings)
            if schedule is None:
                if self._clockwork.get_job(job.name):
                    self._clockwork.remove_job(job.name)
                continue
            state = states.get(job.name) or kept.JobState(job.name)
            self._clockwork.add_job(
                self._run,
                schedule.trigger(),
                args=[job],
                id=job.name,
                executor=job.lock,
                replace_existing=True,
                next_run_time=due(job, schedule, state, now),
            )

    def look_after(self) -> bool:
        """As everywhere; and where the clock was put back, nobody waits until it is as late again."""
        now = self._clock()
        # A store that cannot be written: the next look is soon.
        with contextlib.suppress(RingrenError):
            if now < self._looked - _PUT_BACK:
                LOG.warning("the clock was put back", seconds=(self._looked - now).total_seconds())
                self.schedule()
            self._looked = now
        return super().look_after()

    def reload(self, settings: Settings) -> None:
        """Other settings from the next run of each job on."""
        self.settings = settings
        self.schedule()

    def _run(self, job: Job) -> None:
        if self.rests(job):
            return
        # What could not be kept, on a full disk for one, is tried again before its next moment.
        pause = timedelta() if self.do(job) else job.pause
        # A store that cannot be read: the next regular moment comes.
        with contextlib.suppress(RingrenError):
            self._again(job, pause)

    def _again(self, job: Job, pause: timedelta) -> None:
        """Bring the next moment forward after a failure, as the job's row says; not before `pause`."""
        schedule = job.schedule(self.settings)
        there = self._clockwork.get_job(job.name)
        if not isinstance(schedule, At) or there is None:
            return
        now = self._clock()
        with self._store.reading() as tx:
            when = max(due(job, schedule, kept.of(tx, job.name), now), now + pause)
        self._clockwork.modify_job(job.name, next_run_time=when)

    def stop(self, within: float, wait: Callable[[float], Any]) -> bool:
        """Begin nothing more; see Workplace."""
        if self._clockwork.running:
            self._clockwork.shutdown(wait=False)
        return super().stop(within, wait)
