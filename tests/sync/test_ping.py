"""The dead man's ping: it comes while all that must run does run, and stays away when it does not."""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest
from promises.lists import HEADER, Lists, people
from pydantic import SecretStr

from rules.errors import Exit, TryAgain
from state import jobs as kept
from sync.app import App, open_app, system_clock
from sync.logs import set_up
from sync.service import scheduler
from sync.service import status as standing
from sync.service.jobs import JOBS, Ended, Job, named
from sync.service.ping import MUST, held_by, ping
from sync.service.scheduler import Engine
from sync.settings import Settings, SettingsError, read
from sync.settings.alarms import Ping
from sync.settings.jobs import Jobs

SECRET = "/5b3f-secret"  # noqa: S105


@dataclass
class Outside:
    """The service that waits for a sign of life: what came, and what it answers."""

    url: str = ""
    came: list[tuple[str, str, bytes]] = field(default_factory=list)
    status: int = 200


@pytest.fixture
def outside() -> Iterator[Outside]:
    found = Outside()

    class Takes(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            body = self.rfile.read(int(self.headers.get("content-length", 0)))
            found.came.append((self.command, self.path, body))
            self.send_response(found.status)
            self.send_header("location", "http://127.0.0.1:1/elsewhere")
            self.end_headers()

        def log_message(self, *_: Any) -> None:
            pass

    server = HTTPServer(("127.0.0.1", 0), Takes)
    found.url = f"http://127.0.0.1:{server.server_port}{SECRET}"
    thread = threading.Thread(target=server.serve_forever, args=(0.05,))
    thread.start()
    yield found
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def lists(tmp_path: Path, outside: Outside) -> Lists:
    made = Lists(tmp_path, settings={"ping": Ping(url=SecretStr(outside.url))})
    made.put("kontakter.csv", HEADER, *people(1))
    return made


def went(app: App, *names: str) -> None:
    """These jobs, or all, went well just now."""
    with app.store.transaction() as tx:
        for name in names or [one.name for one in JOBS]:
            now = app.clock()
            kept.begin(tx, name, "me:1", now, now)
            kept.end(tx, name, "me:1", now, now, exit_code=Exit.OK, error=None)


def begins(app: App, name: str) -> None:
    with app.store.transaction() as tx:
        kept.begin(tx, name, "me:1", app.clock(), app.clock())


@pytest.fixture
def daemon_is_there(monkeypatch: pytest.MonkeyPatch) -> None:
    here = standing.Standing(1, "")
    monkeypatch.setattr(standing.daemon, "standing", lambda _home: here)


pytestmark = pytest.mark.usefixtures("daemon_is_there")


def test_it_says_nothing_but_that_it_comes(lists: Lists, outside: Outside) -> None:
    with lists.app(dry=False) as app:
        went(app)
        assert ping(app) == Ended(Exit.OK)
    assert outside.came == [("GET", SECRET, b"")]


@pytest.mark.parametrize("job", sorted(MUST - {"run", "mailbox"}))
def test_it_stays_away_while_a_job_of_opt_outs_or_alarms_hangs_and_comes_again_after(
    lists: Lists, outside: Outside, job: str
) -> None:
    with lists.app(dry=False) as app:
        went(app)
        begins(app, job)
        assert ping(app).exit_code is Exit.OK, "it is at work"
        lists.now += named(job).limit + timedelta(minutes=1)
        went(app, *(one.name for one in JOBS if one.name != job))
        ended = ping(app)
        assert (ended.exit_code, ended.error) == (
            Exit.FAILED,
            {"message": "job.ping.held", "by": job},
        )
        assert len(outside.came) == 1
        went(app, job)
        assert ping(app).exit_code is Exit.OK
        assert len(outside.came) == 2


def test_it_stays_away_while_jobs_are_late_and_when_nothing_ever_began(
    lists: Lists, outside: Outside
) -> None:
    with lists.app(dry=False) as app:
        assert set(held_by(app)) == MUST - {"mailbox"}
        went(app)
        lists.now += timedelta(minutes=40)
        assert held_by(app) == ["deliver", "poll", "alarms"], "a run may be an hour late"
        lists.now += timedelta(minutes=40)
        assert held_by(app) == ["deliver", "poll", "alarms", "run"]
    assert outside.came == []


def test_it_stays_away_when_a_system_was_not_read_for_too_long_whatever_the_jobs_say(
    lists: Lists, outside: Outside
) -> None:
    lists.run()
    with lists.app(dry=False) as app:
        lists.now += timedelta(hours=6)
        went(app)
        assert held_by(app) == []
        lists.now += timedelta(minutes=6)
        went(app)
        assert held_by(app) == ["files"]
        app.settings = app.settings.model_copy(update={"jobs": Jobs(run="daily 05:30")})
        went(app)
        assert held_by(app) == [], "tomorrow's run is not late"


def test_who_refuses_it_or_does_not_answer_is_told_without_the_secret(
    lists: Lists, outside: Outside, capsys: pytest.CaptureFixture[str]
) -> None:
    set_up("json", "debug")
    with lists.app(dry=False) as app:
        went(app)
        for status in (404, 302, 500):
            outside.status = status
            assert ping(app).error == {"message": "job.ping.refused", "status": status}
        assert len(outside.came) == 3, "it does not follow to elsewhere"
        app.settings = app.settings.model_copy(
            update={"ping": Ping(url=SecretStr(f"http://127.0.0.1:1{SECRET}"))}
        )
        with pytest.raises(TryAgain) as caught:
            ping(app)
    assert SECRET not in str(caught.value) + repr(caught.value.details)
    told = capsys.readouterr()
    assert "no answer" in told.err
    assert SECRET not in told.err + told.out


@pytest.mark.parametrize(
    "url", ["http://hc.opdigtet-0001.dk/x", "hc-ping.com/x", "ftp://a/x", "x", "http://["]
)
def test_an_address_in_clear_is_refused_and_not_shown(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, url: str
) -> None:
    monkeypatch.setenv("RINGREN_PING_URL", url)
    file = tmp_path / "ringren.toml"
    file.write_text('[ping]\nurl = { env = "RINGREN_PING_URL" }\n')
    with pytest.raises(SettingsError) as caught:
        read(file=file, root=None, state=tmp_path / "state", lang="en")
    assert "https" in str(caught.value)
    assert url == "x" or url not in str(caught.value)


# --- in the daemon's threads -----------------------------------------------------------------


def test_it_stops_when_the_job_of_opt_outs_hangs_in_a_thread_and_goes_on_when_it_ends(
    tmp_path: Path, outside: Outside, monkeypatch: pytest.MonkeyPatch
) -> None:
    free, hanging = threading.Event(), threading.Event()

    def deliver(_app: App) -> Ended:
        if outside.came:
            hanging.set()
            free.wait(60)
        return Ended(Exit.OK)

    table = tuple(_quick(one, deliver) for one in JOBS)
    for where in (scheduler, standing):
        monkeypatch.setattr(where, "JOBS", table)
    jobs = dict.fromkeys(Jobs.model_fields, "every 1 second")
    settings = Settings(state={"path": tmp_path}, jobs=jobs, ping=Ping(url=SecretStr(outside.url)))
    with _engine(settings) as made:
        assert hanging.wait(60)
        _wait(lambda: _error(made) == "job.ping.held")
        came, held_at = len(outside.came), _state(made, "ping").begun_at
        _wait(lambda: _error(made) == "job.ping.held" and _state(made, "ping").begun_at != held_at)
        assert len(outside.came) == came
        free.set()
        _wait(lambda: len(outside.came) > came)


def _quick(one: Job, deliver: Callable[[App], Ended]) -> Job:
    if one.name == "deliver":
        return replace(one, does=deliver, rests=None, limit=timedelta(seconds=1))
    return one if one.name == "ping" else replace(one, does=lambda _: Ended(Exit.OK))


@contextlib.contextmanager
def _engine(settings: Settings) -> Iterator[Engine]:
    crashed: list[Exception] = []
    with open_app(settings, actor="me", dry=False) as app:

        @contextlib.contextmanager
        def opens(_settings: Settings, _job: Job, _stopping: threading.Event) -> Iterator[App]:
            yield app

        made = Engine(
            settings, app.store, opens, system_clock, holder="me:1", crashed=crashed.append
        )
        made.start()
        try:
            yield made
        finally:
            assert made.stop(30, time.sleep)
    assert crashed == []


def _state(made: Engine, job: str) -> kept.JobState:
    with made._store.reading() as tx:
        return kept.of(tx, job)


def _error(made: Engine) -> str:
    return str((_state(made, "ping").error or {}).get("message"))


def _wait(until: Callable[[], bool]) -> None:
    for _ in range(1200):
        if until():
            return
        time.sleep(0.05)
    raise AssertionError("it did not come to that in a minute")
