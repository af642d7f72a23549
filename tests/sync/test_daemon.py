"""The daemon as a process of its own, and its engine's threads: real signals, real time."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from http.client import HTTPConnection
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from click.testing import CliRunner
from promises.lists import HEADER, people

from connectors.hubspot.client import HOST
from rules.errors import Exit, SystemStopped
from state import alerts
from state import jobs as kept
from state.cursors import leased
from state.store import Store
from state.tables import mirror, runs
from sync.app import App, Clock, system_clock
from sync.cli import program
from sync.output import Silent
from sync.service import scheduler
from sync.service.atwork import HANGS
from sync.service.daemon import standing
from sync.service.jobs import JOBS, Ended, Job, named
from sync.service.scheduler import Engine
from sync.settings import Settings
from sync.settings.jobs import Jobs

PROGRAM = [sys.executable, "-m", "sync"]


@dataclass
class Installation:
    """A customer's folder, settings file and daemon."""

    folder: Path
    jobs: str = ""
    running: list[subprocess.Popen[bytes]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.lists.mkdir()
        self.configure(self.jobs)

    @property
    def lists(self) -> Path:
        return self.folder / "lists"

    @property
    def file(self) -> Path:
        return self.folder / "ringren.toml"

    def configure(self, jobs: str, more: str = "") -> None:
        self.file.write_text(
            f'lang = "en"\n[files]\nroot = "{self.lists}"\n'
            f'do_not_call = "{self.folder / "no.csv"}"\n[state]\npath = "{self.folder / "state"}"\n'
            f"[limits]\nmin_records = 100000\n[jobs]\n{jobs}\n{more}"
        )

    def put(self, name: str, *rows: str) -> None:
        draft = self.folder / "draft"
        draft.write_text("".join(f"{row}\n" for row in rows))
        draft.replace(self.lists / name)

    def start(self, **environment: str) -> subprocess.Popen[bytes]:
        with (self.folder / "log").open("ab") as log:
            process = subprocess.Popen(
                [*PROGRAM, "daemon", "--settings", str(self.file)],
                env={**os.environ, **environment},
                stdin=subprocess.DEVNULL,
                stderr=log,
            )
        self.running.append(process)
        return process

    def call(self, *args: str) -> Any:
        return CliRunner().invoke(program, [*args, "--settings", str(self.file)])

    def told(self, *args: str) -> Any:
        return json.loads(self.call(*args, "--json").stdout)

    @contextlib.contextmanager
    def store(self) -> Iterator[Store]:
        store = Store(f"sqlite:///{self.folder / 'state' / 'ringren.sqlite'}")
        try:
            yield store
        finally:
            store.close()


def wait_for(holds: Callable[[], Any], seconds: float = 60) -> Any:
    """Until something holds; fails when it never does."""
    until = time.monotonic() + seconds
    while not (found := holds()):
        assert time.monotonic() < until, "waited in vain"
        time.sleep(0.2)
    return found


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Installation]:
    made = Installation(tmp_path)
    yield made
    for process in made.running:
        process.kill()
        process.wait()


@dataclass
class Systemd:
    """Listens as systemd does, and remembers what it was told."""

    address: str
    told: list[str] = field(default_factory=list)


@pytest.fixture
def systemd(tmp_path: Path) -> Iterator[Systemd]:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as heard:
        heard.bind(str(tmp_path / "notify"))
        made = Systemd(str(tmp_path / "notify"))

        def listen() -> None:
            while (said := heard.recv(4096).decode()) != "over":
                made.told.append(said)

        listener = threading.Thread(target=listen)
        listener.start()
        yield made
        heard.sendto(b"over", made.address)
        listener.join()


def hear(systemd: Systemd, wanted: str) -> None:
    wait_for(lambda: any(wanted in said for said in systemd.told))


# --- the process ------------------------------------------------------------------------------


def test_a_daemon_repairs_what_is_edited_takes_new_settings_and_ends_when_asked(
    place: Installation, systemd: Systemd
) -> None:
    often = 'run = "every 2 seconds"\npoll = "every 2 seconds"\n'
    port, other = _free_port(), _free_port()
    place.configure(often, f"[api]\nport = {port}")
    place.put("kontakter.csv", HEADER, *people(3))
    daemon = place.start(NOTIFY_SOCKET=systemd.address, WATCHDOG_USEC="1000000")
    hear(systemd, "READY=1")
    hear(systemd, "WATCHDOG=1")
    assert daemon.poll() is None

    def repaired(row: int) -> bool:
        return "+4568000" in (place.lists / "kontakter.csv").read_text().splitlines()[row]

    wait_for(lambda: repaired(1))
    wait_for(lambda: _answers(port))
    rows = (place.lists / "kontakter.csv").read_text().splitlines()
    place.put("kontakter.csv", *rows, "K9;ny person;68 000 009;ny@opdigtet-0009.dk;")
    wait_for(lambda: repaired(4))

    # A second one is refused, commands work beside it, and a monitor sees that all is well.
    second = place.call("daemon")
    assert second.exit_code == Exit.USER
    assert "already" in second.output
    wait_for(lambda: place.call("status").exit_code == 0)
    place.configure('verify = "daily 02:30"')
    wait_for(lambda: getattr(standing(place.folder / "state"), "refused", ""))
    assert place.call("status").exit_code == 3
    assert daemon.poll() is None
    place.configure(often + 'verify = "daily 05:45"', f"[api]\nport = {other}")
    os.kill(daemon.pid, signal.SIGHUP)
    wait_for(lambda: _answers(other))
    assert not _answers(port)
    wait_for(lambda: place.call("status").exit_code == 0)

    asked = time.monotonic()
    daemon.send_signal(signal.SIGTERM)
    assert daemon.wait(30) == Exit.OK
    assert time.monotonic() - asked < 20
    hear(systemd, "STOPPING=1")
    assert not _answers(other)
    assert place.call("status").exit_code == 2
    assert "not running" in place.call("status").output


def test_an_opt_out_goes_out_while_a_long_pass_reads_and_a_killed_daemon_goes_on(
    place: Installation,
) -> None:
    many = 5_000
    place.configure('deliver = "every 1 second"\nrun = "every 1 second"')
    place.put("kontakter.csv", HEADER, *people(many))
    first = place.start()

    def busy() -> set[str]:
        with (
            contextlib.suppress(sa.exc.OperationalError),
            place.store() as store,
            store.reading() as tx,
        ):
            return leased(tx, "files", datetime.now(UTC))
        return set()

    wait_for(busy)
    assert place.call("suppression", "add", "--phone", "68 999 999").exit_code == Exit.OK
    wait_for(lambda: "+4568999999" in _text_of(place.folder / "no.csv"))
    assert busy(), "the pass was over before the opt-out went out"
    first.kill()
    assert first.wait() == -signal.SIGKILL

    place.start()
    wait_for(lambda: not busy() and _ended_runs(place), 120)
    with place.store() as store, store.reading() as tx:
        live = sa.select(sa.func.count()).where(
            mirror.c.deleted_at.is_(None), mirror.c.kind != "opt_out"
        )
        assert tx.execute(live).scalar_one() == many
        assert not any(one.broken > 1 for one in kept.every(tx).values())


def _text_of(path: Path) -> str:
    return path.read_text() if path.exists() else ""


def _ended_runs(place: Installation) -> int:
    with place.store() as store, store.reading() as tx:
        ended = sa.select(sa.func.count()).where(
            runs.c.command == "run", runs.c.ended_at.is_not(None), runs.c.exit_code != Exit.BUG
        )
        return int(tx.execute(ended).scalar_one())


def test_a_system_that_never_answers_does_not_keep_a_daemon_from_ending(
    place: Installation,
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as mute:
        url = f"http://127.0.0.1:{mute.getsockname()[1]}"
        more = f'[daemon]\nstop_seconds = 1\n[hubspot.elsewhere]\n"{HOST}" = "{url}"'
        place.configure("", more)
        place.put("kontakter.csv", HEADER, *people(1))
        daemon = place.start(RINGREN_HUBSPOT__TOKEN="made-up")  # noqa: S106
        mute.settimeout(60)
        held, _ = mute.accept()
        with held:
            asked = time.monotonic()
            daemon.send_signal(signal.SIGTERM)
            assert daemon.wait(30) == Exit.FAILED
            assert time.monotonic() - asked < 15


def _free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


def _answers(port: int) -> bool:
    with (
        contextlib.suppress(OSError),
        contextlib.closing(HTTPConnection("127.0.0.1", port, timeout=5)) as asked,
    ):
        asked.request("GET", "/v1/check?phone=68000001")
        return asked.getresponse().status == 401
    return False


# --- the engine -------------------------------------------------------------------------------


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Other work for some jobs, nothing for the others."""

    def work(**does: Callable[[App], Ended]) -> None:
        table = tuple(
            replace(one, does=does.get(one.name, lambda _: Ended(Exit.OK))) for one in JOBS
        )
        monkeypatch.setattr(scheduler, "JOBS", table)

    return work


@contextlib.contextmanager
def engine(store: Store, clock: Clock = system_clock, **jobs: str) -> Iterator[Engine]:
    settings = Settings(jobs=Jobs.model_validate(jobs))

    @contextlib.contextmanager
    def opens(_settings: Settings, _job: Job, stopping: threading.Event) -> Iterator[Any]:
        yield type("App", (), {"stopping": stopping, "progress": Silent()})

    crashed: list[Exception] = []
    made = Engine(settings, store, opens, clock, holder="me:1", crashed=crashed.append)
    made.start()
    try:
        yield made
    finally:
        made.stop(5, time.sleep)
        assert crashed == []


def state_of(store: Store, job: str) -> kept.JobState:
    with store.reading() as tx:
        return kept.of(tx, job)


def test_a_job_that_hangs_is_asked_to_stop_and_alarmed_and_the_others_go_on(
    sqlite_store: Store, quick: Callable[..., None]
) -> None:
    begun = threading.Event()

    def hangs(app: Any) -> Ended:
        begun.set()
        app.stopping.wait(20)
        return Ended(Exit.OK)

    quick(run=hangs)
    with engine(sqlite_store, poll="every 1 second") as at_work:
        assert begun.wait(20)
        before = state_of(sqlite_store, "poll").begun_at
        wait_for(lambda: state_of(sqlite_store, "poll").begun_at != before)
        assert at_work.look_after()
        late = at_work._at_work["run"]
        late.since -= named("run").limit + timedelta(minutes=1)
        assert at_work.look_after(), "it is given time to heed"
        wait_for(lambda: not at_work.at_work)
        late.since -= timedelta(hours=1)
        with sqlite_store.reading() as tx:
            told = [(one.code, one.subject) for one in alerts.listed(tx, ["open", "over"], 10)]
        assert told == [(HANGS, "run")]
        wait_for(lambda: _open_hangs(sqlite_store) == 0)


def _open_hangs(store: Store) -> int:
    with store.reading() as tx:
        return alerts.count_open(tx).get(HANGS, 0)


def test_a_job_that_heeds_nothing_costs_the_process_its_sign_of_life(
    sqlite_store: Store, quick: Callable[..., None]
) -> None:
    free, begun = threading.Event(), threading.Event()

    def heeds_nothing(_app: Any) -> Ended:
        begun.set()
        free.wait(20)
        return Ended(Exit.OK)

    quick(poll=heeds_nothing)
    with engine(sqlite_store) as at_work:
        assert begun.wait(20)
        at_work._at_work["poll"].since -= named("poll").limit + timedelta(hours=1)
        assert not at_work.look_after()
        assert not at_work.stop(0.2, time.sleep), "it is left where it stands"
        free.set()


def test_a_job_with_nothing_to_do_is_not_begun_every_second_but_is_as_soon_as_there_is(
    sqlite_store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    ran: list[float] = []
    work: list[str] = []

    def note(_app: App) -> Ended:
        ran.append(time.monotonic())
        work.clear()
        return Ended(Exit.OK)

    job = replace(named("deliver"), does=note, rests=lambda *_: not work)
    monkeypatch.setattr(scheduler, "JOBS", (job,))
    with engine(sqlite_store, deliver="every 1 second"):
        wait_for(lambda: ran)
        time.sleep(2.2)
        assert len(ran) == 1
        work.append("an opt-out")
        wait_for(lambda: len(ran) == 2)


def test_what_was_missed_while_nobody_was_here_runs_at_once_and_once(
    sqlite_store: Store, quick: Callable[..., None]
) -> None:
    ran: list[str] = []

    def note(_app: App) -> Ended:
        ran.append("verify")
        return Ended(Exit.OK)

    quick(verify=note)
    long_ago = datetime.now(UTC) - timedelta(days=9)
    with sqlite_store.transaction() as tx:
        kept.meet(tx, "verify", long_ago)
    with engine(sqlite_store):
        wait_for(lambda: ran)
        time.sleep(0.3)
    assert ran == ["verify"]
    with engine(sqlite_store):
        time.sleep(0.3)
    assert ran == ["verify"]


def test_a_clock_that_is_put_back_holds_no_opt_out_up_until_it_is_as_late_again(
    sqlite_store: Store, quick: Callable[..., None]
) -> None:
    ran, fast = threading.Event(), [timedelta(hours=2)]

    def note(_app: App) -> Ended:
        ran.set()
        return Ended(Exit.OK)

    quick(poll=note)
    with engine(sqlite_store, lambda: system_clock() + fast[0]) as at_work:
        assert at_work.look_after()
        assert not ran.wait(0.2), "it is put down for two hours later"
        fast[0] = timedelta()
        assert at_work.look_after()
        assert ran.wait(20)


def test_a_daily_job_that_a_full_disk_did_not_let_begin_is_tried_again_the_same_day(
    sqlite_store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    ran, begin, full = threading.Event(), kept.begin, [True]

    def note(_app: App) -> Ended:
        ran.set()
        return Ended(Exit.OK)

    def begins(*given: Any) -> None:
        if full.pop():
            full.append(False)
            raise SystemStopped("error.state_full", reason="database or disk is full")
        full.append(False)
        begin(*given)

    job = replace(named("verify"), does=note, pause=timedelta(seconds=0.2))
    monkeypatch.setattr(scheduler, "JOBS", (job,))
    monkeypatch.setattr(kept, "begin", begins)
    with sqlite_store.transaction() as tx:
        kept.meet(tx, "verify", datetime.now(UTC) - timedelta(days=2))
    with engine(sqlite_store):
        assert ran.wait(20)
