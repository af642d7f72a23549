"""`sync status` and `sync jobs`: what is told as a warning, what as critical, and in which words."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from promises.lists import HEADER, Lists, people

from rules.alarms import Level as AlarmLevel
from rules.errors import Exit
from state import alerts
from state import jobs as kept
from sync.cli import program
from sync.service import status as module
from sync.service.daemon import Standing, only_one, standing
from sync.service.jobs import JOBS, named
from sync.service.status import Level, Status, as_text, status
from sync.texts import LANGUAGES, Texts


@pytest.fixture
def lists(tmp_path: Path) -> Lists:
    made = Lists(tmp_path)
    made.put("kontakter.csv", HEADER, *people(1))
    return made


def went(lists: Lists, *names: str, error: dict[str, Any] | None = None, times: int = 1) -> None:
    code = Exit.FAILED if error else Exit.OK
    with lists.app() as app, app.store.transaction() as tx:
        for name in names or [one.name for one in JOBS]:
            for _ in range(times):
                now = app.clock()
                kept.begin(tx, name, "me:1", now, now)
                kept.end(tx, name, "me:1", now, now, exit_code=code, error=error)


def told(lists: Lists, monkeypatch: pytest.MonkeyPatch, *, there: bool = True) -> Status:
    here = Standing(1, lists.now.isoformat()) if there else None
    monkeypatch.setattr(module.daemon, "standing", lambda _home: here)
    with lists.app() as app:
        return status(app)


def codes(found: Status) -> list[tuple[str, Level]]:
    return [(one.code, one.level) for one in found.troubles]


def test_all_is_well(lists: Lists, monkeypatch: pytest.MonkeyPatch) -> None:
    went(lists)
    found = told(lists, monkeypatch)
    assert (found.level, codes(found)) == (Level.OK, [])
    assert {one.state for one in found.jobs} == {"well", "off"}
    assert as_text(found, Texts("da")).startswith("OK: alt er vel")


def test_where_no_daemon_ever_was_nothing_can_be_said(
    lists: Lists, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert told(lists, monkeypatch, there=False).level == Level.UNKNOWN


def test_a_daemon_that_is_gone_is_critical(lists: Lists, monkeypatch: pytest.MonkeyPatch) -> None:
    went(lists)
    found = told(lists, monkeypatch, there=False)
    assert codes(found) == [("status.no_daemon", Level.CRITICAL)]


def test_late_opt_outs_are_critical_a_late_comparison_is_a_warning(
    lists: Lists, monkeypatch: pytest.MonkeyPatch
) -> None:
    went(lists)
    lists.now += timedelta(seconds=50)
    assert {one.job: one.late_seconds for one in told(lists, monkeypatch).jobs}["deliver"] == 0
    lists.now += timedelta(minutes=20)
    late = {one.details["job"]: one.level for one in told(lists, monkeypatch).troubles}
    assert late == dict.fromkeys(("deliver", "poll", "alarms"), Level.CRITICAL)
    lists.now += timedelta(days=2)
    late = {one.details["job"]: one.level for one in told(lists, monkeypatch).troubles}
    assert late["verify"] == late["run"] == Level.WARNING


def test_a_failure_is_a_warning_and_of_opt_outs_again_and_again_critical(
    lists: Lists, monkeypatch: pytest.MonkeyPatch
) -> None:
    wrong = {"message": "error.state_busy"}
    went(lists)
    went(lists, "poll", "verify", error=wrong)
    assert told(lists, monkeypatch).level == Level.WARNING
    went(lists, "verify", error=wrong, times=5)
    assert told(lists, monkeypatch).level == Level.WARNING
    went(lists, "poll", error=wrong, times=2)
    found = told(lists, monkeypatch)
    assert codes(found)[0] == ("status.failed", Level.CRITICAL)
    assert found.troubles[0].details["job"] == "poll"


def test_who_is_at_work_hangs_or_was_killed_is_told_apart(
    lists: Lists, monkeypatch: pytest.MonkeyPatch
) -> None:
    went(lists)
    with lists.app() as app, app.store.transaction() as tx:
        kept.begin(tx, "run", "me:1/run", app.clock(), app.clock())

    def state(since: timedelta = timedelta(0)) -> str:
        here = Standing(1, (begun + since).isoformat())
        monkeypatch.setattr(module.daemon, "standing", lambda _home: here)
        with lists.app() as app:
            return next(one.state for one in status(app).jobs if one.job == "run")

    begun = lists.now - timedelta(minutes=1)
    assert state() == "working"
    assert state(timedelta(hours=1)) == "broken", "it was another daemon's"
    lists.now += named("run").limit
    assert state() == "hangs"


def test_an_alarm_that_reached_nobody_is_a_warning(
    lists: Lists, monkeypatch: pytest.MonkeyPatch
) -> None:
    went(lists)
    with lists.app() as app, app.store.transaction() as tx:
        alerts.raised(
            tx, "quiet", system="files", subject="calls", level=AlarmLevel.WARNING,
            details={}, now=app.clock(),
        )  # fmt: skip
    assert codes(told(lists, monkeypatch)) == [("status.alarm", Level.WARNING)]


@pytest.mark.parametrize("lang", LANGUAGES)
def test_every_trouble_has_words(lists: Lists, monkeypatch: pytest.MonkeyPatch, lang: str) -> None:
    went(lists, error={"message": "error.state_busy"})
    lists.now += timedelta(days=3)
    found = told(lists, monkeypatch)
    more = [("status.violations", 1), ("status.doubtful", 2), ("status.untold", 3)]
    found = replace(
        found,
        troubles=(
            *found.troubles,
            *(module.Trouble(Level.WARNING, code, {"count": n}) for code, n in more),
            *(module.Trouble(Level.WARNING, f"status.{one}", {"job": "run"}) for one in _OTHERS),
        ),
    )
    text = as_text(found, Texts(lang))
    assert "status." not in text
    assert "{" not in text
    assert len(text.splitlines()) == len(found.troubles)


_OTHERS = ("hangs", "no_daemon", "never", "refused")


def test_the_commands_answer_as_json_and_as_text(lists: Lists, tmp_path: Path) -> None:
    where = ["--path", str(lists.root), "--state", str(tmp_path / "state")]

    def call(*args: str) -> Any:
        return CliRunner().invoke(program, [*args, *where])

    assert call("status").exit_code == Level.UNKNOWN
    assert json.loads(call("status", "--json").stdout)["level"] == Level.UNKNOWN
    done = call("jobs", "run", "purge", "--json")
    assert (done.exit_code, json.loads(done.stdout)["error"]) == (0, None)
    listed = json.loads(call("jobs", "--json").stdout)
    assert [one["job"] for one in listed] == [one.name for one in JOBS]
    assert next(one for one in listed if one["job"] == "purge")["state"] == "well"
    assert call("status").exit_code == Level.CRITICAL
    assert call("jobs", "run", "nothing").exit_code == Exit.USER


def test_the_lock_says_who_is_there_and_goes_with_its_holder(tmp_path: Path) -> None:
    assert standing(tmp_path) is None
    with only_one(tmp_path) as say:
        say(Standing(7, "2026-11-24T09:00:00+00:00", "x" * 100))
        say(Standing(7, "2026-11-24T09:00:00+00:00"))
        assert standing(tmp_path) == Standing(7, "2026-11-24T09:00:00+00:00")
    assert standing(tmp_path) is None
