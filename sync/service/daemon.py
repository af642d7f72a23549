"""`sync daemon`: one process that does all jobs, until it is asked to stop.

SIGTERM and SIGINT end it within `[daemon] stop_seconds`: what is at work stops between two pages.
SIGKILL at any instant loses nothing either. SIGHUP, or a change of the settings file, has the
settings read anew; ones that are wrong are reported, and the old ones stay in force. One daemon
serves one state folder.
"""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import signal
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Final, Protocol

from rules.errors import Exit, RingrenError, UserError
from state.history import BY_ITSELF
from state.schema import prepare
from state.store import Store
from sync.app import App, Clock, holder_here, open_app, system_clock
from sync.logs import logger
from sync.service import notify
from sync.service.jobs import Crashed, Job, kind_of
from sync.service.listening import LISTENERS, Listening
from sync.service.scheduler import Engine
from sync.settings import Settings

LOCK: Final = "daemon.lock"
STEP: Final = 0.5
_TRIES: Final = 5
LOG = logger(__name__)


@dataclass(frozen=True, slots=True)
class Standing:
    """What a daemon says of itself in its lock file. `refused`: settings that it could not take."""

    pid: int
    since: str
    refused: str = ""


Say = Callable[[Standing], None]


# --- one for each state folder ----------------------------------------------------------------


@contextlib.contextmanager
def only_one(home: Path) -> Iterator[Say]:
    """Hold the folder's lock; gives how to write into it. UserError while another daemon has it.

    The lock goes with the process, however that ends.
    """
    handle = os.open(home / LOCK, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        if not any(_locked(handle) for _ in range(_TRIES)):
            raise UserError("error.daemon_runs", folder=home)
        yield lambda said: _write(handle, said)
    finally:
        os.close(handle)


def _locked(handle: int) -> bool:
    """Whether it is ours now. Whoever asks for our standing holds it for a moment, too."""
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        time.sleep(0.1)
        return False
    return True


def _write(handle: int, said: Standing) -> None:
    text = json.dumps({"pid": said.pid, "since": said.since, "refused": said.refused})
    os.pwrite(handle, text.encode(), 0)
    os.ftruncate(handle, len(text.encode()))


def standing(home: Path) -> Standing | None:
    """The daemon that serves this folder now; None when none does."""
    try:
        handle = os.open(home / LOCK, os.O_RDONLY | os.O_CLOEXEC)
    except OSError:
        return None
    try:
        fcntl.flock(handle, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        with contextlib.suppress(ValueError, TypeError):
            return Standing(**json.loads(os.pread(handle, 65_536, 0)))
        return Standing(0, "")
    else:
        return None
    finally:
        os.close(handle)


# --- the process ------------------------------------------------------------------------------


@contextlib.contextmanager
def opened(settings: Settings, job: Job, stopping: threading.Event, clock: Clock) -> Iterator[App]:
    """The app of one run: a name of its own, so that two of our threads never share a lease."""
    with open_app(
        settings, actor=BY_ITSELF, dry=job.dry, clock=clock, job=kind_of(job.name)
    ) as app:
        app.holder, app.stopping = f"{app.holder}/{job.name}", stopping
        app.patience, app.only = job.patience, job.only
        yield app


class Running(Protocol):
    """An engine, as whoever looks after it sees it (sync/service/atwork.py)."""

    has_failed: bool

    def start(self) -> None:
        """Begin."""

    def reload(self, settings: Settings) -> None:
        """Other settings from the next run on."""

    def look_after(self) -> bool:
        """Watch over what is at work."""

    def stop(self, within: float, wait: Callable[[float], object]) -> bool:
        """End."""

    @property
    def at_work(self) -> Mapping[str, datetime]:
        """What is at work, since when."""


class Daemon:
    """`read` gives the settings as they are now; `crashed` keeps an error that nobody expected;
    `opens` are the listeners that this process opens, as far as the settings name them."""

    def __init__(
        self,
        settings: Settings,
        read: Callable[[], Settings],
        crashed: Crashed,
        file: Path | None,
        clock: Clock = system_clock,
        opens: Sequence[str] = LISTENERS,
    ) -> None:
        self.settings, self._read, self._crashed = settings, read, crashed
        self._file, self._clock = file, clock
        self._asked = threading.Event()
        self._anew = threading.Event()
        self._seen = _stamp(file)
        self._listening = Listening(BY_ITSELF, clock, opens)

    def run(self) -> Exit:
        """Until somebody asks us to stop. Exit.FAILED when a job had to be left at its work, or what
        listens has failed: whoever looks after us begins anew."""
        with self._place() as say, contextlib.ExitStack() as around:
            store = Store(self.settings.database_url)
            around.callback(store.close)
            prepare(store)
            engine = self._engine(store)
            self._said = Standing(os.getpid(), self._clock().isoformat())
            say(self._said)
            self._listen_to_signals()
            self._listening.open(self.settings)
            around.callback(self._listening.close)
            engine.start()
            around.callback(notify.PULSE.end)
            notify.tell(notify.READY)
            LOG.info("daemon began", pid=os.getpid())
            self._stay(engine, say)
            return self._end(engine)

    def _place(self) -> AbstractContextManager[Say]:
        """Where it says how it stands, for as long as it is at work."""
        return only_one(self.settings.home)

    def _engine(self, store: Store) -> Running:
        return Engine(
            self.settings,
            store,
            self._opens,
            self._clock,
            holder=holder_here(),
            crashed=self._crashed,
        )

    def _opens(
        self, settings: Settings, job: Job, stopping: threading.Event
    ) -> AbstractContextManager[App]:
        return opened(settings, job, stopping, self._clock)

    def _listen_to_signals(self) -> None:
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: self._asked.set())
        signal.signal(signal.SIGHUP, lambda *_: self._anew.set())

    def _stay(self, engine: Running, say: Say) -> None:
        pause, alive = notify.every_seconds(), 0.0
        while not (self._has_failed(engine) or self._asked.wait(STEP)):
            if self._anew.is_set() or _stamp(self._file) != self._seen:
                self._reload(engine, say)
            heeded = engine.look_after()
            if heeded:
                notify.PULSE.beat()
            alive += STEP
            # Who is not told that we are alive ends us and begins anew, which loses nothing.
            if pause and heeded and alive >= min(pause, 10.0):
                notify.tell(notify.ALIVE)
                alive = 0.0

    def _has_failed(self, engine: Running) -> bool:
        return self._listening.has_failed or engine.has_failed

    def _reload(self, engine: Running, say: Say) -> None:
        self._anew.clear()
        self._seen = _stamp(self._file)
        notify.tell(notify.reloading())
        try:
            fresh = self._read()
            _same_place(self.settings, fresh)
            if self._listening.differs(fresh):
                self._listening.close()
                self._listening.open(fresh)
        except RingrenError as error:
            LOG.error("settings refused", why=str(error))  # noqa: TRY400
            self._said = replace(self._said, refused=error.message)
        else:
            self.settings = fresh
            self._said = replace(self._said, refused="")
            engine.reload(fresh)
            LOG.info("settings taken")
        say(self._said)
        notify.tell(notify.READY)

    def _end(self, engine: Running) -> Exit:
        notify.tell(notify.STOPPING)
        # A second signal while we wait means at once.
        self._asked.clear()
        orderly = engine.stop(self.settings.daemon.stop_seconds, self._asked.wait)
        orderly &= not self._has_failed(engine)
        LOG.info("daemon ended", orderly=orderly, left=sorted(engine.at_work))
        return Exit.OK if orderly else Exit.FAILED


def _stamp(file: Path | None) -> tuple[int, int] | None:
    """What changes when a file does."""
    try:
        found = file.stat() if file else None
    except OSError:
        return None
    return (found.st_mtime_ns, found.st_size) if found else None


def _same_place(old: Settings, new: Settings) -> None:
    """Where we remember cannot change under a running daemon."""
    if (old.home, old.database_url) != (new.home, new.database_url):
        raise UserError("error.daemon_moved", folder=old.home)


def begun(said: Standing) -> datetime | None:
    """Since when it is at work, as far as it says."""
    try:
        return datetime.fromisoformat(said.since)
    except ValueError:
        return None
