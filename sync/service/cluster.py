"""The second engine: the same jobs through procrastinate, on PostgreSQL, in any number of processes.

Each process has a clock, which looks once a second at what is due, by the same reckoning as the
embedded engine, and puts it into the queue; and workers, which take from the queue: those for
opt-outs take nothing else. procrastinate sees to it that two jobs with the same lock are never at
work at once. A worker that is not heard of any more loses its job to the others; should it wake up
again, leases and epochs (state/cursors.py) keep it from writing a single row.
"""

from __future__ import annotations

import asyncio
import contextlib
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any, Final

import procrastinate
from procrastinate.worker import Worker

from rules.errors import RingrenError
from state import jobs as kept
from state import queue, schema
from state.engines import session_options
from state.jobs import JobState
from state.store import Store, Tx
from sync.app import Clock
from sync.logs import logger
from sync.service.atwork import Opens, Workplace
from sync.service.jobs import BULK, JOBS, URGENT, Crashed, Job, due, every, named
from sync.service.schedules import At
from sync.settings import Settings
from sync.settings.model import VENDORS

TASK: Final = "ringren"
TICK: Final = 1.0
_BEATS: Final = 3
"""Signs of life within the time after which a worker is given up."""
_LAST_WORDS: Final = 5.0
_SYSTEMS: Final = len(VENDORS) + 1
_URGENT_JOBS: Final = sum(_SYSTEMS if job.each else 1 for job in JOBS if job.queue == URGENT)
"""As many hands as there can be jobs: none of them waits for another."""
QUEUES: Final = (URGENT, BULK)
LOG = logger(__name__)


class Cluster(Workplace):
    """One process of several. `queues`: which it takes from; it keeps the clock in any case."""

    def __init__(
        self,
        settings: Settings,
        store: Store,
        opens: Opens,
        clock: Clock,
        *,
        holder: str,
        crashed: Crashed,
        queues: Sequence[str] = QUEUES,
    ) -> None:
        super().__init__(settings, store, opens, clock, holder=holder, crashed=crashed)
        self._queues = tuple(queues)
        self._silent = float(settings.worker.lost_seconds)
        self._put = procrastinate.App(connector=procrastinate.SyncPsycopgConnector())
        self._over = threading.Event()
        self._at_once = {URGENT: _URGENT_JOBS, BULK: settings.worker.at_once}
        self._hands = {
            name: ThreadPoolExecutor(number, thread_name_prefix=name)
            for name, number in self._at_once.items()
        }
        self._workers: dict[str, Worker] = {}
        self._left: set[queue.Lost] = set()
        self._threads = [
            threading.Thread(target=self._keep_time, name="clock", daemon=True),
            threading.Thread(target=self._take_turns, name="queue", daemon=True),
        ]

    def start(self) -> None:
        """Make the queue's tables, and begin to look and to take."""
        queue.prepare(self._store)
        with self._store.transaction() as tx:
            for job in every(self.settings, JOBS):
                if isinstance(job.schedule(self.settings), At):
                    kept.meet(tx, job.name, self._clock())
        for one in self._threads:
            one.start()

    def reload(self, settings: Settings) -> None:
        """Other settings from the next moment on."""
        self.settings = settings

    # --- the clock ---

    def _keep_time(self) -> None:
        looked = 0.0
        while not self._over.wait(TICK):
            looked += TICK
            try:
                self._look()
                if looked >= self._silent / _BEATS:
                    self._sweep()
                    looked = 0.0
            except RingrenError as error:
                LOG.warning("the clock waits", why=error.message)
            except Exception:  # one moment that went wrong ends no clock
                LOG.exception("the clock failed")

    def _look(self) -> None:
        """Put into the queue what is due."""
        with self._store.reading() as tx:
            if self._is_outdated(tx):
                return
            states = kept.every(tx)
        for job in every(self.settings, JOBS):
            state = states.get(job.name) or JobState(job.name)
            if self._is_due(job, state) and not self.rests(job):
                self._enqueue(job)

    def _is_outdated(self, tx: Tx) -> bool:
        """A newer version has brought the tables up to date, or they were moved elsewhere: others
        go on, and this process ends."""
        tables, steps = schema.version_in(tx), queue.version(tx) or ""
        ours = tables.startswith("ringren_")
        if ours and tables <= schema.HEAD and steps <= queue.newest():
            return False
        if not self.has_failed:
            LOG.warning("another version is at work here", tables=tables, queue=steps)
        with self._lock:
            self.has_failed = self._leaving = True
        self.ask_to_stop()
        return True

    def _is_due(self, job: Job, state: JobState) -> bool:
        schedule, now = job.schedule(self.settings), self._clock()
        return bool(schedule and not state.is_begun and due(job, schedule, state, now) <= now)

    def _enqueue(self, job: Job) -> None:
        """Unless somebody was first: nobody else decides about this job meanwhile."""
        with self._store.transaction() as tx:
            state = kept.held(tx, job.name)
            if not self._is_due(job, state) or queue.holds(tx, job.name):
                return
            self._put.configure_task(
                TASK,
                allow_unknown=True,
                queue=job.queue,
                lock=job.lock,
                queueing_lock=job.name,
                priority=job.priority,
                connection=tx.connection.driver_connection,
            ).defer(name=job.name)

    def _sweep(self) -> None:
        """What nobody is at any more is due again."""
        with self._store.reading() as tx:
            lost = queue.lost(tx, self._silent)
            begun = [one.job for one in kept.every(tx).values() if one.is_begun]
        for one in lost:
            with self._store.transaction() as tx:
                kept.held(tx, one.job)
                if one in queue.lost(tx, self._silent) and queue.take_off(tx, one):
                    kept.let_go(tx, one.job)
                    LOG.warning("taken from a silent worker", job=one.job)
        for job in begun:
            with self._store.transaction() as tx:
                if self._is_orphan(kept.held(tx, job)) and not queue.holds(tx, job):
                    kept.let_go(tx, job)
        self._clear_up()

    def _clear_up(self) -> None:
        """Runs that ended here while the queue could not be told: it would keep their locks for ever."""
        ours = [one.worker_id for one in self._workers.values() if one.worker_id is not None]
        with self._store.reading() as tx:
            left = {one for one in queue.under(tx, ours) if one.job not in self.at_work}
        # One that has just begun or ended is told of by the next look.
        for one in left & self._left:
            with self._store.transaction() as tx:
                queue.take_off(tx, one)
        self._left = left

    def _is_orphan(self, state: JobState) -> bool:
        silent = timedelta(seconds=self._silent)
        return bool(state.is_begun and state.begun_at and self._clock() - state.begun_at > silent)

    # --- the workers ---

    def do(self, job: Job) -> bool:
        """One run, unless a newer version is at work here by now: then it is left to that."""
        with contextlib.suppress(RingrenError), self._store.reading() as tx:
            self._is_outdated(tx)
        return super().do(job)

    def _take_turns(self) -> None:
        asyncio.run(self._serve())

    async def _serve(self) -> None:
        while not self._over.is_set():
            try:
                await self._connected()
            except Exception as error:  # noqa: BLE001 - a lost connection ends no process
                LOG.warning("the queue cannot be reached", why=type(error).__name__)
                await asyncio.sleep(TICK)

    async def _connected(self) -> None:
        url = self._store.url.set(drivername="postgresql")
        conninfo = url.render_as_string(hide_password=False)
        own = {"options": session_options(self._store.url)}
        connector = procrastinate.PsycopgConnector(conninfo=conninfo, kwargs=own)
        app = procrastinate.App(connector=connector)
        app.task(name=TASK)(self._carry)
        async with app.open_async(), asyncio.TaskGroup() as group:
            for name in self._queues:
                group.create_task(self._take(app, name))
            group.create_task(self._end_workers())

    async def _take(self, app: procrastinate.App, name: str) -> None:
        """Take from one queue until we leave. Who was cut off registers anew."""
        while not self._over.is_set():
            self._workers[name] = Worker(
                app,
                queues=[name],
                name=name,
                concurrency=self._at_once[name],
                fetch_job_polling_interval=TICK,
                # Whatever ends a worker, its runs are asked to stop at once.
                shutdown_graceful_timeout=0,
                delete_jobs="always",
                install_signal_handlers=False,
                update_heartbeat_interval=self._silent / _BEATS,
                stalled_worker_timeout=self._silent,
            )
            try:
                await self._workers[name].run()  # type: ignore[no-untyped-call]
            except Exception as error:  # noqa: BLE001
                LOG.warning("a worker was cut off", queue=name, why=type(error).__name__)
                await asyncio.sleep(TICK)
        del self._workers[name]

    async def _end_workers(self) -> None:
        """Once we leave, and until they have heard of it: one that just begins forgets it again."""
        while not self._over.is_set() or self._workers:
            if self._over.is_set():
                for one in list(self._workers.values()):
                    one.stop()  # type: ignore[no-untyped-call]
            await asyncio.sleep(TICK / 5)

    async def _carry(self, name: str) -> None:
        """A run, in a thread. When its worker ends it is asked to stop, and waited for."""
        job = named(name)
        work = asyncio.get_running_loop().run_in_executor(self._hands[job.queue], self.do, job)
        while not work.done():
            try:
                await asyncio.shield(work)
            except asyncio.CancelledError:
                self.ask_to_stop(name)

    # --- ending ---

    def stop(self, within: float, wait: Callable[[float], Any]) -> bool:
        """Queue and take nothing more; see Workplace."""
        self._over.set()
        orderly = super().stop(within, wait)
        for one in self._threads:
            one.join(_LAST_WORDS if orderly else 0)
        return orderly
