"""What both engines share: the runs of this process, how they are watched, and how they end.

Each run opens the store and the systems anew: what was changed in the settings, in a system's
fields or in our rights there holds from the next run on.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Final

from rules.alarms import Level
from rules.errors import Leaving, RingrenError
from state import alerts
from state.store import Store
from sync.app import App, Clock
from sync.logs import logger
from sync.service.jobs import Crashed, Job, carry_out, may_rest
from sync.settings import Settings

HANGS: Final = "job_hangs"
GRACE: Final = timedelta(minutes=10)
"""So long after its limit a job may still come to its end before the process has to go."""
_STEP: Final = 0.05
LOG = logger(__name__)

Opens = Callable[[Settings, Job, threading.Event], AbstractContextManager[App]]


@dataclass(slots=True)
class AtWork:
    """A run that has begun and not ended."""

    job: Job
    since: datetime
    stopping: threading.Event = field(default_factory=threading.Event)
    told: bool = False


class Workplace:
    """The runs of one process. Begin them, look after them now and then, ask them to stop."""

    has_failed = False
    """Whether the process has to end although nobody asked."""

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

    # --- one run ---

    def do(self, job: Job) -> bool:
        """One run, here and now; whether it came to an end that was kept."""
        one = AtWork(job, self._clock())
        with self._lock:
            if self._leaving:
                return False
            self._at_work[job.name] = one
        try:
            return self._carry_out(one)
        finally:
            with self._lock:
                del self._at_work[job.name]

    def rests(self, job: Job) -> bool:
        """Whether it may be left out, since there is nothing to do and it was begun a moment ago."""
        if job.rests is None:
            return False
        try:
            with self._store.reading() as tx:
                return may_rest(job, tx, self._clock())
        except RingrenError:
            return False

    def _carry_out(self, one: AtWork) -> bool:
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
        except Leaving:
            LOG.info("job stopped", job=job.name)
        except RingrenError as error:
            # The store cannot be written: nothing can be kept of it, and the next moment comes.
            LOG.error("job not kept", job=job.name, why=error.message)  # noqa: TRY400
        else:
            return True
        return False

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
            there = ("", one.job.name) in alerts.open_subjects(tx, HANGS)
        if there:
            with self._store.transaction() as tx:
                alerts.ended(tx, HANGS, [("", one.job.name)], self._clock())

    @property
    def at_work(self) -> Mapping[str, datetime]:
        """Which jobs are at work, since when."""
        with self._lock:
            return {name: one.since for name, one in self._at_work.items()}

    # --- ending ---

    def ask_to_stop(self, *names: str) -> None:
        """Let the runs of these jobs, or all of them, stop between two pages."""
        with self._lock:
            for name, one in self._at_work.items():
                if not names or name in names:
                    one.stopping.set()

    def stop(self, within: float, wait: Callable[[float], Any]) -> bool:
        """Begin nothing more, and ask what is at work to stop; whether all did within the seconds.

        What does not is left where it stands: leases and cursors let the next process go on.
        """
        with self._lock:
            self._leaving = True
        self.ask_to_stop()
        left = within
        while self.at_work and left > 0:
            wait(_STEP)
            left -= _STEP
        return not self.at_work
