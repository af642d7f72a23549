"""Several processes at once on one folder and one database, and one that sleeps through its lease."""

from __future__ import annotations

import os
import signal
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from multiprocessing.context import ForkServerProcess
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from promises import judge
from promises.children import act, child, children, points_of, wait_for
from promises.lists import HEADER, Lists, people

from rules.errors import RingrenError
from rules.keys import KeyKind, keys_in
from rules.suppression import Channel
from state import history
from state.tables import mirror
from sync.app import App
from sync.settings.model import Limits
from sync.suppression import desk

MANY = 400


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def lists(request: pytest.FixtureRequest, tmp_path: Path) -> Lists:
    url = request.getfixturevalue("postgres_url") if request.param == "postgres" else ""
    lists = Lists(tmp_path, url, settings={"limits": Limits(max_change_share=1)})
    lists.put("kontakter.csv", HEADER, *people(MANY, flagged=3))
    lists.put("nejtak.csv", "Telefon", "68 009999")
    return lists


# --- what the processes do -------------------------------------------------------------------


def run_and_tell(lists: Lists, out: Path, command: str) -> None:
    """One command; says into a file of its own how it ended."""
    try:
        outcome = getattr(lists, command)()
        codes = sorted(one.message.key for one in outcome.report.failures)
        told = f"{int(outcome.exit_code)} {outcome.report.totals.applied} {' '.join(codes)}"
    except RingrenError as error:
        told = f"{int(error.exit_code)} 0 {error.message}"
    (out / f"{os.getpid()}.told").write_text(told)


def record_opt_outs(lists: Lists, first: int, count: int) -> None:
    """A person at the desk enters opt-outs, one after the other."""
    with lists.app() as app:
        for n in range(first, first + count):
            _opt_out(app, n)


def _opt_out(app: App, n: int) -> None:
    keys = keys_in(KeyKind.PHONE, f"69 {n:06d}", "DK")
    said = desk.statement(keys, Channel.ALL, now=app.clock(), at=None, evidence="", by="anna")
    desk.record(app, said)


def _told(out: Path) -> list[list[str]]:
    return [path.read_text().split() for path in out.glob("*.told")]


@pytest.fixture
def out(tmp_path: Path) -> Path:
    folder = tmp_path / "told"
    folder.mkdir()
    return folder


def _at_once(processes: list[ForkServerProcess]) -> list[int]:
    with children(*processes):
        for process in processes:
            process.join()
        return [process.exitcode or 0 for process in processes]


def _nothing_is_doubled(lists: Lists) -> None:
    with lists.app() as app:
        told = Counter(judge.said(app))
        assert len(told) == told.total() == MANY
        judge.nothing_is_under_way(app)
        judge.coverage_is_a_recount(app)
        with app.store.reading() as tx:
            live = sa.select(sa.func.count()).where(mirror.c.deleted_at.is_(None))
            assert tx.execute(live).scalar_one() == MANY + 1
            assert (
                tx.execute(sa.select(sa.func.count()).select_from(mirror)).scalar_one() == MANY + 1
            )


# --- together --------------------------------------------------------------------------------


@pytest.mark.parametrize("commands", [["run", "run"], ["run", "dry", "run", "dry", "run"]])
def test_processes_at_once_do_everything_once_and_tell_each_other_apart(
    lists: Lists, out: Path, commands: list[str]
) -> None:
    processes = [child(run_and_tell, lists, out, command) for command in commands]
    assert set(_at_once(processes)) == {0}
    told = _told(out)
    assert len(told) == len(commands)
    for code, applied, *why in told:
        assert int(code) in {0, 2, 5}, told
        assert applied in {"0", str(MANY)}, told
        assert set(why) <= {"error.lease_held"}, told
    lists.run()
    _nothing_is_doubled(lists)
    assert lists.rows("kontakter.csv")[1].split(";")[2] == "+4568000000"


def test_opt_outs_are_recorded_while_passes_run(lists: Lists, out: Path) -> None:
    processes = [
        child(run_and_tell, lists, out, "run"),
        *(child(record_opt_outs, lists, first, 20) for first in (0, 100)),
    ]
    assert _at_once(processes) == [0, 0, 0]
    lists.now += timedelta(hours=1)
    for n in (0, 19, 100, 119):
        assert lists.is_blocked(f"69 {n:06d}")
    lists.run()
    _nothing_is_doubled(lists)


def test_an_opt_out_is_not_kept_waiting_until_a_pass_is_over(lists: Lists, tmp_path: Path) -> None:
    lists.put("kontakter.csv", HEADER, *people(6_000))
    lists.dry(sample=1)
    log = tmp_path / "log"
    running = child(act, lists, "run", log=str(log))
    with children(running), lists.app(dry=True) as app:
        begun = len(points_of(log))
        wait_for(lambda: len(points_of(log)) > begun + 3)
        recorded = 0
        while running.is_alive() and recorded < 5:
            _opt_out(app, recorded)
            recorded += 1
        assert running.is_alive(), "the pass was over before five opt-outs were recorded"
        running.join()
    lists.now += timedelta(hours=1)
    assert all(lists.is_blocked(f"69 {n:06d}") for n in range(5))


# --- asleep ----------------------------------------------------------------------------------


def sleep_at(lists: Lists, point: str, nth: int, log: str, told: Path) -> None:
    """Runs, and stops itself (as Ctrl-Z would) at the n-th such point; says how it ended."""
    from promises import points as module

    def stop() -> None:
        Path(log).write_text("asleep")
        os.kill(os.getpid(), signal.SIGSTOP)

    points = module.Points((point, nth), stop)
    points.watch_all()

    def arm(app: Any) -> None:
        app.systems["files"]._fault = points.visit

    # It goes on after the stop: it does not know that it slept.
    points.check = lambda: None  # type: ignore[method-assign]
    lists.systems = arm
    run_and_tell(lists, told, "run")


@pytest.fixture
def asleep(lists: Lists, tmp_path: Path, out: Path) -> Iterator[Any]:
    made: list[ForkServerProcess] = []

    def fall_asleep(point: str, nth: int) -> ForkServerProcess:
        log = tmp_path / "asleep"
        process = child(sleep_at, lists, point, nth, str(log), out)
        made.append(process)
        wait_for(log.exists)
        return process

    yield fall_asleep
    for process in made:
        process.kill()
        process.join()


def _wake(process: ForkServerProcess) -> None:
    assert process.pid
    os.kill(process.pid, signal.SIGCONT)
    process.join()


SLEEPS = [
    *(("after commit", n) for n in (4, 8, 12, 16, 20, 24)),
    ("after_temp_written", 1),
    ("before_rename", 1),
    ("after_rename", 1),
]
"""Not before a commit: a transaction that sleeps keeps the others waiting, as it should."""


@pytest.mark.parametrize(("point", "nth"), SLEEPS)
def test_a_process_that_slept_through_its_lease_does_no_harm_when_it_wakes(
    lists: Lists, asleep: Any, out: Path, point: str, nth: int
) -> None:
    path = lists.root / "kontakter.csv"
    before = path.read_bytes()
    process = asleep(point, nth)
    others = replace(lists, now=lists.now + timedelta(minutes=5))
    outcome = others.run()
    while_asleep = path.read_bytes()
    _wake(process)
    if point in {"after_temp_written", "before_rename"}:
        # It had the file in its hands: nobody could touch it, and what it holds was known to nobody.
        assert [one.message.key for one in outcome.report.failures] == ["files.in_use"]
        assert while_asleep == before
    else:
        assert not outcome.report.failures
        assert path.read_bytes() == while_asleep != before
    [[code, applied, *why]] = _told(out)
    assert applied == "0"
    assert why == ["error.lease_lost"] if code == "5" else why == [] and code == "0"
    others.run()
    _nothing_is_doubled(lists)
    with lists.app() as app, app.store.reading() as tx:
        runs = [one.run for one in history.list_runs(tx) if history.count_run(tx, one.run)]
    for run in runs:
        lists.undo(run)
    assert path.read_bytes() == before
