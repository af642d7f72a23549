"""Each system's jobs by themselves: a slow one holds up no other, and nothing that is told of all is lost."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from promises.lists import Lists
from promises.test_telling import Outside
from pydantic import SecretStr
from simulators.scripted import Scripted

from rules.errors import Exit, RingrenError, UserError
from rules.records import Kind
from state import cursors, history, proposals, snapshots, telling
from state.store import Store
from sync.app import App, system_clock
from sync.output import Silent
from sync.passes import Outcome
from sync.review import plans
from sync.run import run
from sync.service import daily, scheduler
from sync.service.jobs import JOBS, Ended, Job, asked_for, every, named
from sync.service.scheduler import Engine
from sync.settings import Settings
from sync.settings.crm import HubSpot
from sync.settings.model import Files
from sync.suppression.deliver import deliver, tell

TODAY = "2026-11-24"


@pytest.fixture
def outside(tmp_path: Path) -> Outside:
    """Two desks with the same people."""
    return Outside(tmp_path, f"sqlite:///{tmp_path / 'store.sqlite'}")


def passed(outside: Outside, *only: str) -> Outcome:
    with outside.process() as app:
        app.only = only or None
        return run(app, dry=False)


def two(folder: Path) -> Settings:
    return Settings(files=Files(root=folder), hubspot=HubSpot(token=SecretStr("x")))


# --- the table -------------------------------------------------------------------------------


def test_several_systems_have_jobs_of_their_own_and_one_alone_has_the_plain_ones(
    tmp_path: Path,
) -> None:
    assert every(Settings(files=Files(root=tmp_path)), JOBS) == list(JOBS)
    found = {one.name: one for one in every(two(tmp_path), JOBS)}
    assert {"run:files", "run:hubspot", "poll:files", "deliver:hubspot", "alarms"} <= found.keys()
    assert "run" not in found
    assert found["run:files"].lock == found["verify:files"].lock != found["run:hubspot"].lock
    assert found["run:files"].when(two(tmp_path)) == "every 5 minutes"
    assert named("run:files") == found["run:files"]


def test_a_name_stands_for_one_job_or_for_that_of_each_system(tmp_path: Path) -> None:
    settings = two(tmp_path)
    assert [one.name for one in asked_for(settings, "run")] == ["run:files", "run:hubspot"]
    assert [one.system for one in asked_for(settings, "run:files")] == ["files"]
    for name in ("nothing", "run:nothing", "alarms:files"):
        with pytest.raises(UserError, match="no_job"):
            asked_for(settings, name)


def test_a_system_that_does_not_answer_holds_up_no_other(
    sqlite_store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`files` comes before `hubspot` in the alphabet."""
    hung, answered, free = threading.Event(), threading.Event(), threading.Event()

    def work(app: Any) -> Ended:
        if app.only == ("files",):
            hung.set()
            free.wait(20)
        else:
            answered.set()
        return Ended(Exit.OK)

    rows = tuple(replace(one, does=work, rests=None) for one in JOBS if one.name == "deliver")
    monkeypatch.setattr(scheduler, "JOBS", rows)

    @contextmanager
    def opens(_settings: Settings, job: Job, stopping: threading.Event) -> Iterator[Any]:
        yield SimpleNamespace(only=job.only, stopping=stopping, progress=Silent())

    crashed: list[Exception] = []
    made = Engine(
        two(tmp_path), sqlite_store, opens, system_clock, holder="me:1", crashed=crashed.append
    )
    made.start()
    try:
        assert hung.wait(20)
        assert answered.wait(20)
        assert "deliver:files" in made.at_work
        made.reload(Settings(files=Files(root=tmp_path)))
        assert [one.id for one in made._clockwork.get_jobs()] == ["deliver"]
    finally:
        free.set()
        made.stop(5, time.sleep)
    assert crashed == []


# --- a pass over one system ------------------------------------------------------------------


def test_a_run_over_one_system_reads_that_alone_and_its_plan_report_and_figures_are_of_it(
    outside: Outside,
) -> None:
    outcome = passed(outside, "crm")
    assert outcome.report.run.systems == ("crm",)
    assert outcome.report.run.command == "run --system crm"
    with outside.process() as app:
        with app.store.reading() as tx:
            assert list(cursors.readings(tx)) == ["crm"]
            plan = proposals.get_plan(tx, 1)
        assert plan
        assert plan.systems == ("crm",)
        app.only = ("elsewhere",)
        with pytest.raises(RingrenError, match="no_such_system"):
            run(app, dry=False)


def test_figures_of_the_day_add_up_whichever_system_was_read_last(outside: Outside) -> None:
    def blocked() -> dict[str, tuple[int, int]]:
        with outside.process() as app, app.store.reading() as tx:
            day = snapshots.of_day(tx, app.today)
        return {o.system: (o.numerator, o.denominator) for o in day if o.measure == "blocked"}

    passed(outside, "crm")
    passed(outside, "dialer")
    assert blocked() == {"crm": (0, 8), "dialer": (0, 8)}
    outside.says_no(3)
    passed(outside, "crm")
    assert blocked() == {"crm": (1, 8), "dialer": (0, 8)}
    passed(outside)
    assert blocked() == {"crm": (1, 8), "dialer": (1, 8)}


def test_what_was_usual_in_a_system_is_known_whoever_else_had_plans_since(outside: Outside) -> None:
    passed(outside)
    with outside.process() as app, app.store.reading() as tx:
        before = proposals.last_totals(tx, ["crm", "dialer"])
    assert before["crm"]
    assert before["dialer"]
    passed(outside, "crm")
    passed(outside, "crm")
    with outside.process() as app, app.store.reading() as tx:
        assert proposals.last_totals(tx, ["dialer"]) == {"dialer": before["dialer"]}
        assert set(proposals.last_totals(tx, ["crm", "dialer", "new"])) == {"crm", "dialer"}


def test_of_each_system_the_newest_plan_waits(tmp_path: Path) -> None:
    systems = {name: Scripted(name, Kind.CONTACT) for name in ("crm", "dialer")}

    def ours(app: App) -> None:
        app.systems = systems

    lists = Lists(tmp_path, systems=ours)
    for one in systems.values():
        one.tell(one.record("1", full_name="Ida Opdigt", direct_phone="68 00 00 01"))
    for name in ("crm", "dialer", "crm"):
        with lists.app() as app:
            app.only = (name,)
            run(app, dry=True)
    with lists.app() as app, app.store.reading() as tx:
        found = proposals.waiting(tx, app.clock(), ("crm", "dialer", "new"))
        assert [(plan.plan, plan.systems) for plan in found] == [(2, ("dialer",)), (3, ("crm",))]


def test_a_plan_is_carried_out_without_the_systems_that_it_is_not_about(outside: Outside) -> None:
    with outside.process(dry=True) as app:
        app.only = ("crm",)
        run(app, dry=True)
    with outside.process() as app, ExitStack() as around:
        # Whoever asks the other one fails.
        around.callback(app.systems.clear)
        app.systems = {"crm": app.systems["crm"], "dialer": _Silent()}
        assert plans.apply(app, 1).exit_code is Exit.OK


class _Silent:
    """Whatever it is asked, the test fails."""

    def streams(self) -> Any:
        raise AssertionError

    pull = problems = streams


# --- opt-outs --------------------------------------------------------------------------------


def _told(outside: Outside, system: str) -> bool:
    with outside.process() as app:
        app.only = (system,)
        return tell(app) is not None


def test_a_no_goes_out_to_each_system_by_its_own_job(outside: Outside) -> None:
    passed(outside)
    _told(outside, "crm")
    _told(outside, "dialer")
    outside.says_no(2)
    assert _told(outside, "dialer")
    assert (outside.shown(outside.dialer), outside.shown(outside.crm)) == ({2}, set())
    with outside.process() as app, app.store.reading() as tx:
        assert not telling.is_behind(tx, "dialer")
        assert telling.is_behind(tx, "crm"), "another's delivery is not taken for its own"
    assert _told(outside, "crm")
    assert outside.shown(outside.crm) == {2}
    assert not _told(outside, "crm")
    assert not _told(outside, "dialer")


def test_a_delivery_that_had_nothing_to_tell_leaves_no_run_behind(outside: Outside) -> None:
    passed(outside)
    outside.says_no(2)
    passed(outside)
    with outside.process() as app, app.store.reading() as tx:
        before = len(history.list_runs(tx))
    assert _told(outside, "crm"), "it has never come by"
    with outside.process() as app, app.store.reading() as tx:
        assert len(history.list_runs(tx)) == before


def test_a_no_that_one_systems_poll_reads_is_told_to_the_other_without_reading_it(
    outside: Outside,
) -> None:
    passed(outside)
    outside.crm.edit("c4", opt_out="ja")
    with outside.process() as app:
        app.only = ("crm",)
        deliver(app, first=False)
    assert outside.shown(outside.dialer) == set()
    assert _told(outside, "dialer")
    assert outside.shown(outside.dialer) == {4}


# --- what is told of all ---------------------------------------------------------------------


def test_each_system_with_runs_of_its_own_has_a_page_of_the_day(outside: Outside) -> None:
    def pages(app: App) -> list[str]:
        daily.write(app)
        return sorted(one.name for one in (outside.home / daily.FOLDER).glob("*.html"))

    passed(outside, "crm")
    passed(outside, "dialer")
    outside.home.chmod(0o700)
    with outside.process() as app:
        assert pages(app) == [f"{TODAY}-crm.html", f"{TODAY}-dialer.html"]
    passed(outside)
    with outside.process() as app:
        assert f"{TODAY}.html" in pages(app)
