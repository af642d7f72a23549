"""How far a job is, is seen from outside while it is at work, and nothing of it stays."""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from rules.errors import Exit
from state import jobs as kept
from state.schema import prepare
from state.store import Store
from sync.app import App, open_app, system_clock
from sync.output import Silent
from sync.service import far, status
from sync.service.jobs import Ended, carry_out, named
from sync.service.status import far_said
from sync.settings import read
from sync.texts import Texts


def test_a_job_at_work_tells_how_far_it_is_and_no_more_once_it_is_over(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(far, "SECONDS", 0.01)
    monkeypatch.setattr(status, "_standing", lambda *_: type("Daemon", (), {"since": ""}))
    told, goes_on = threading.Event(), threading.Event()

    def does(app: Any) -> Ended:
        app.progress.start("progress.pull", 200, "unit.rows")
        app.progress.advance(50)
        told.set()
        assert goes_on.wait(30)
        app.progress.end()
        return Ended(Exit.OK)

    @contextlib.contextmanager
    def opens(_job: object) -> Iterator[Any]:
        yield type("App", (), {"progress": Silent()})

    settings = read(file=None, root=tmp_path, state=tmp_path / "state", lang="en")
    with open_app(settings, actor="me", dry=False) as app:
        job = replace(named("run"), does=does)
        args = (job, app.store, opens, system_clock, "me:1", lambda _: None)
        thread = threading.Thread(target=carry_out, args=args)
        thread.start()
        try:
            assert told.wait(30)
            seen = _until_told(app)
            assert far_said(seen.far, Texts("en")).endswith("25%")
            with app.store.transaction() as tx:
                kept.far(tx, "run", "other:1", {"stage": "progress.push"})
            assert _line(app).far == seen.far, "another one has no say"
            with monkeypatch.context() as gone:
                gone.setattr(status, "_standing", lambda *_: None)
                assert (_line(app).state, _line(app).far) == ("broken", None)
        finally:
            goes_on.set()
            thread.join()
        assert _line(app).far is None
        assert _line(app).state == "well"


def _line(app: App) -> status.JobLine:
    return next(one for one in status.jobs(app) if one.job == "run")


def _until_told(app: App) -> status.JobLine:
    for _ in range(1000):
        if (line := _line(app)).far:
            return line
        time.sleep(0.02)
    raise AssertionError("nothing was told")


def test_nothing_is_said_where_no_stage_is() -> None:
    texts = Texts("da")
    assert far_said(None, texts) == far_said(far.Far(), texts) == ""
    assert far_said(far.Far("progress.pull", 7, None, "unit.rows"), texts).endswith(" 7")


def test_a_store_that_cannot_be_written_stops_no_job(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(far, "SECONDS", 0.001)
    store = Store(f"sqlite:///{tmp_path / 'x.db'}")
    prepare(store)
    app: Any = type("App", (), {"progress": Silent()})
    store.close()
    with far.seen(app, store, "run", "me"):
        app.progress.start("progress.pull", None, "unit.rows")
        time.sleep(0.05)
    store.close()
