"""The embedded engine: APScheduler as the clock, threads in this process, SQLite beside it.

Each lock has a thread of its own, so that jobs which exclude each other stand in line and opt-outs
wait for nobody. What was missed is made up for once; nothing is dropped for being late.

Each run opens the store and the systems anew: what was changed in the settings, in a system's
fields or in our rights there holds from the next run on.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from apscheduler.executors.pool import ThreadPoolExecutor
from apscheduler.schedulers.background import BackgroundScheduler

from rules.alarms import Level
from rules.errors import Leaving, RingrenError
from state import alerts
from state import jobs as kept
from state.store import Store
from sync.app import App, Clock
from sync.jobs import JOBS, SEEN, Crashed, Job, carry_out, due
from sync.logs import logger
from sync.schedules import At
from sync.settings import Settings

HANGS: Final = "job_hangs"
GRACE: Final = timedelta(minutes=10)
"""So long after its limit a job may still come to its end before the process has to go."""
LOG = logger(__name__)

Opens = Callable[[Settings, Job, threading.Event], AbstractContextManager[App]]


@dataclass(slots=True)
class AtWork:
    """A run that has begun and not ended."""

    job: Job
    since: datetime
    stopping: threading.Event = field(default_factory=threading.Event)
    told: bool = False


class Engine:
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
        self.settings, self._store, self._clock = settings, store, clock
        self._opens, self._holder, self._crashed = opens, holder, crashed
        self._at_work: dict[str, AtWork] = {}
        self._lock = threading.Lock()
        self._leaving = False
        logging.getLogger("apscheduler").setLevel(logging.ERROR)
        self._clockwork = BackgroundScheduler(
            executors={job.lock: ThreadPoolExecutor(1) for job in JOBS},
            job_defaults={"coalesce": True, "max_instances": 1, "misfire_grace_time": None},
            timezone=UTC,
        )

    def start(self) -> None:
        """Put every job down for its next moment; what was missed while nobody was here is due now."""
        self._clockwork.start()
        self.schedule()

    def schedule(self) -> None:
        """Jobs and moments as the settings have them now."""
        now = self._clock()
        with self._store.transaction() as tx:
            for job in JOBS:
                if isinstance(job.schedule(self.settings), At):
                    kept.meet(tx, job.name, now)
            states = kept.every(tx)
        for job in JOBS:
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

    def reload(self, settings: Settings) -> None:
        """Other settings from the next run of each job on."""
        self.settings = settings
        self.schedule()

    # --- one run ---

    def _run(self, job: Job) -> None:
        if self._rests(job):
            return
        one = AtWork(job, self._clock())
        with self._lock:
            if self._leaving:
                return
            self._at_work[job.name] = one
        try:
            self._carry_out(one)
        finally:
            with self._lock:
                del self._at_work[job.name]

    def _rests(self, job: Job) -> bool:
        """Whether it may be left out, since there is nothing to do and it was begun a moment ago."""
        if job.rests is None:
            return False
        try:
            with self._store.reading() as tx:
                begun = kept.of(tx, job.name).begun_at
                return bool(begun and self._clock() - begun < SEEN and job.rests(tx))
        except RingrenError:
            return False

    def _carry_out(self, one: AtWork) -> None:
        job = one.job
        try:
            carry_out(
                job,
                self._store,
                lambda job: self._opens(self.settings, job, one.stopping),
                self._clock,
                f"{self._holder}/{job.name}",
                self._crashed,
            )
            self._is_over(one)
            self._again(job)
        except Leaving:
            LOG.info("job stopped", job=job.name)
        except RingrenError as error:
            # The store cannot be written: nothing can be kept of it, and the next moment comes.
            LOG.error("job not kept", job=job.name, why=error.message)  # noqa: TRY400

    def _again(self, job: Job) -> None:
        """Bring the next moment forward after a failure, as the job's row says."""
        schedule = job.schedule(self.settings)
        there = self._clockwork.get_job(job.name)
        if not isinstance(schedule, At) or there is None:
            return
        now = self._clock()
        with self._store.reading() as tx:
            when = due(job, schedule, kept.of(tx, job.name), now)
        self._clockwork.modify_job(job.name, next_run_time=when)

    # --- watching ---

    def look_after(self) -> bool:
        """Ask jobs that are over their limit to stop, and raise an alarm; False when one does not
        heed it: then only the end of the process helps, which loses nothing."""
        now = self._clock()
        with self._lock:
            late = [one for one in self._at_work.values() if now - one.since > one.job.limit]
        for one in late:
            if not one.told:
                one.told = True
                self._tell(one, now)
            # Only now: with its end the alarm is over.
            one.stopping.set()
        return all(now - one.since <= one.job.limit + GRACE for one in late)

    def _tell(self, one: AtWork, now: datetime) -> None:
        LOG.error("job hangs", job=one.job.name, since=one.since.isoformat())
        details = {"job": one.job.name, "minutes": int(one.job.limit.total_seconds() // 60)}
        try:
            with self._store.transaction() as tx:
                alerts.raised(
                    tx,
                    HANGS,
                    system="",
                    subject=one.job.name,
                    level=Level.WARNING,
                    details=details,
                    now=now,
                )
        except RingrenError as error:
            LOG.error("alarm not kept", why=error.message)  # noqa: TRY400

    def _is_over(self, one: AtWork) -> None:
        """It came to its end: an alarm about it, also of a process before, is over."""
        with self._store.reading() as tx:
            there = (("", one.job.name)) in alerts.open_subjects(tx, HANGS)
        if there:
            with self._store.transaction() as tx:
                alerts.ended(tx, HANGS, [("", one.job.name)], self._clock())

    @property
    def at_work(self) -> Mapping[str, datetime]:
        """Which jobs are at work, since when."""
        with self._lock:
            return {name: one.since for name, one in self._at_work.items()}

    # --- ending ---

    def stop(self, within: float, wait: Callable[[float], Any]) -> bool:
        """Begin nothing more, and ask what is at work to stop; whether all did within the seconds.

        What does not is left where it stands: leases and cursors let the next process go on.
        """
        with self._lock:
            self._leaving = True
            for one in self._at_work.values():
                one.stopping.set()
        if self._clockwork.running:
            self._clockwork.shutdown(wait=False)
        left = within
        while self.at_work and left > 0:
            wait(_STEP)
            left -= _STEP
        return not self.at_work


_STEP: Final = 0.05
