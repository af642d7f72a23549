"""Several clocks and workers on one PostgreSQL: each moment once, each lock held by one, none lost."""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import sqlalchemy as sa
from click.testing import CliRunner
from databases import Server
from swarm import LOST, swarm

from rules.errors import Exit
from state import jobs as kept
from state import queue, schema
from state.store import Store
from sync.app import App, system_clock
from sync.cli import program
from sync.output import Silent
from sync.service import cluster
from sync.service.cluster import Cluster
from sync.service.jobs import BULK, URGENT, Ended, Job, carry_out, every, named
from sync.settings import Settings
from sync.settings.jobs import Jobs, Worker
from sync.settings.model import VENDORS


@dataclass
class Floor:
    """Who did what when; `does` is what a job of that name does beside being noted."""

    store: Store
    monkeypatch: pytest.MonkeyPatch
    did: list[tuple[str, str]] = field(default_factory=list)
    at_once: int = 0
    most: int = 0
    lock: Any = field(default_factory=threading.Lock)

    def table(self, **does: Callable[[Any], None]) -> None:
        """A table of jobs: the usual rows with other work."""

        def work(name: str) -> Callable[[App], Ended]:
            def carry(app: Any) -> Ended:
                with self.lock:
                    self.did.append((name, app.holder))
                does[name](app)
                return Ended(Exit.OK)

            return carry

        rows = tuple(replace(named(name), does=work(name), rests=None) for name in does)
        self.monkeypatch.setattr(cluster, "JOBS", rows)
        self.monkeypatch.setattr(
            cluster, "named", lambda name: next(one for one in rows if one.name == name)
        )

    @contextlib.contextmanager
    def process(self, holder: str, **jobs: str) -> Iterator[Cluster]:
        """What one `sync worker` is, in this process."""
        settings = Settings(jobs=Jobs.model_validate(jobs), worker=Worker(lost_seconds=3))

        @contextlib.contextmanager
        def opens(_settings: Settings, _job: Job, stopping: threading.Event) -> Iterator[Any]:
            yield type("App", (), {"stopping": stopping, "holder": holder, "progress": Silent()})

        crashed: list[Exception] = []
        made = Cluster(
            settings, self.store, opens, system_clock, holder=holder, crashed=crashed.append
        )
        made.start()
        try:
            yield made
        finally:
            assert made.stop(10, time.sleep)
            assert crashed == []


@pytest.fixture
def floor(postgres_store: Store, monkeypatch: pytest.MonkeyPatch) -> Floor:
    monkeypatch.setattr(cluster, "TICK", 0.1)
    return Floor(postgres_store, monkeypatch)


def wait_for(holds: Callable[[], Any], seconds: float = 30) -> Any:
    until = time.monotonic() + seconds
    while not (found := holds()):
        assert time.monotonic() < until, "waited in vain"
        time.sleep(0.05)
    return found


def test_two_clocks_queue_a_moment_once_and_locks_are_held_by_one_and_a_cut_harms_nobody(
    floor: Floor,
) -> None:
    def alone(_app: Any) -> None:
        with floor.lock:
            floor.at_once += 1
            floor.most = max(floor.most, floor.at_once)
        time.sleep(0.15)
        with floor.lock:
            floor.at_once -= 1

    floor.table(poll=lambda _: None, run=alone, verify=alone, report=lambda _: None)
    long_ago = datetime.now(UTC) - timedelta(days=9)
    with floor.store.transaction() as tx:
        for name in ("verify", "report"):
            kept.meet(tx, name, long_ago)
    often = {"poll": "every 1 second", "run": "every 1 second"}
    with floor.process("one:1", **often), floor.process("two:2", **often):
        wait_for(lambda: [name for name, _ in floor.did].count("run") > 1)
        with floor.store.engine.connect() as tx:
            tx.exec_driver_sql(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
                "WHERE datname = current_database() AND pid <> pg_backend_pid()"
            )
        cut = len(floor.did)
        wait_for(lambda: {"run", "poll"} <= {name for name, _ in floor.did[cut:]})
    names = [name for name, _ in floor.did]
    # What was missed while nobody was here ran once, although both clocks saw it.
    assert (names.count("verify"), names.count("report")) == (1, 1)
    assert floor.most == 1, "run and verify have one lock"


def test_a_run_whose_worker_is_gone_is_done_by_another_and_the_opt_outs_go_on_meanwhile(
    floor: Floor,
) -> None:
    floor.table(deliver=lambda _: None, run=lambda _: None)
    queue.prepare(floor.store)
    with floor.store.transaction() as tx:
        # As a worker leaves things that was killed at its work.
        number = tx.exec_driver_sql(
            "INSERT INTO procrastinate_workers (last_heartbeat) VALUES (now() - interval '1 hour') RETURNING id"
        ).scalar_one()
        row = "INSERT INTO procrastinate_jobs (queue_name, task_name, lock, queueing_lock, status, worker_id) VALUES ('bulk', 'ringren', 'systems', 'run', 'doing', :number)"
        tx.execute(sa.text(row), {"number": number})
        kept.begin(tx, "run", "gone:1/run", system_clock(), system_clock())
    with floor.process("one:1", deliver="every 1 second"):
        wait_for(lambda: ("deliver", "one:1") in floor.did)
        wait_for(lambda: ("run", "one:1") in floor.did)
        wait_for(lambda: _state(floor.store, "run").good_at)

    # Whoever was given up and wakes has nothing to say of what others did since.
    before = _state(floor.store, "run")
    with floor.store.transaction() as tx:
        kept.begin(tx, "run", "two:2/run", system_clock(), system_clock())
        kept.end(tx, "run", "gone:1/run", system_clock(), system_clock(), exit_code=5, error={})
    assert _state(floor.store, "run").holder == "two:2/run"
    assert _state(floor.store, "run").good_at == before.good_at


def test_a_run_whose_end_the_queue_was_never_told_of_does_not_keep_its_lock(floor: Floor) -> None:
    """The connection was cut between the two, and its worker lives."""
    floor.table(poll=lambda _: None)
    with floor.process("one:1", poll="every 1 second") as one:
        wait_for(lambda: floor.did)
        ids = {"number": wait_for(lambda: one._workers["urgent"].worker_id)}
        with floor.store.transaction() as tx:
            kept.held(tx, "poll")
            row = (
                "INSERT INTO procrastinate_jobs (queue_name, task_name, lock, queueing_lock, status, "
                "worker_id) VALUES ('urgent', 'ringren', 'poll', 'poll', 'doing', :number)"
            )
            wait_for(lambda: not queue.holds(tx, "poll"))
            tx.execute(sa.text(row), ids)
        before = len(floor.did)
        wait_for(lambda: len(floor.did) > before)


def _state(store: Store, job: str) -> kept.JobState:
    with store.reading() as tx:
        return kept.of(tx, job)


def test_a_newer_version_takes_over_and_the_older_one_leaves_by_itself(floor: Floor) -> None:
    left = threading.Event()

    def until_asked(app: Any) -> None:
        left.wait(0 if app.stopping.wait(20) else 1)
        left.set()

    floor.table(run=until_asked)
    with floor.process("old:1") as old:
        wait_for(lambda: floor.did)
        assert not old.has_failed
        with floor.store.transaction() as tx:
            schema.mark(tx, "ringren_9999")
        wait_for(lambda: old.has_failed)
        wait_for(left.is_set)
    assert len(floor.did) == 1


def test_one_job_run_by_hand_is_not_taken_for_a_lost_one(floor: Floor) -> None:
    floor.table(report=lambda _: None)
    queue.prepare(floor.store)
    job = replace(named("report"), does=lambda _: Ended(Exit.OK))

    @contextlib.contextmanager
    def opens(_job: Job) -> Iterator[Any]:
        with floor.process("one:1"):
            time.sleep(0.5)
            yield type("App", (), {"progress": Silent()})

    ended = carry_out(job, floor.store, opens, system_clock, "hand:1", lambda _: None)
    assert ended.exit_code is Exit.OK
    assert floor.did == []
    assert _state(floor.store, "report").good_at


def test_a_file_or_a_lacking_package_is_said_with_a_remedy(
    tmp_path: Path, postgres_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "lists").mkdir()
    (tmp_path / "r.toml").write_text(
        f'lang = "en"\n[files]\nroot = "{tmp_path / "lists"}"\n[state]\npath = "{tmp_path / "s"}"\n'
    )
    given = ["worker", "--settings", str(tmp_path / "r.toml")]
    on_file = CliRunner().invoke(program, given)
    assert on_file.exit_code == Exit.USER
    assert "sync migrate" in on_file.output
    monkeypatch.setattr("importlib.util.find_spec", lambda _name: None)
    lacking = CliRunner().invoke(program, given, env={"RINGREN_STATE__URL": postgres_url})
    assert lacking.exit_code == Exit.USER
    assert "ringren[cluster]" in lacking.output


def test_the_queues_are_those_of_the_table_and_opt_outs_have_hands_enough() -> None:
    assert cluster.QUEUES == (URGENT, BULK)
    everything: Any = SimpleNamespace(everywhere=("files", *VENDORS))
    urgent = [one for one in every(everything, cluster.JOBS) if one.queue == URGENT]
    assert len(urgent) == cluster._URGENT_JOBS
    by_priority = sorted(cluster.JOBS, key=lambda one: -one.priority)
    assert by_priority == list(cluster.JOBS), "the table stands in the order of what matters"


# --- real processes -----------------------------------------------------------------------------


def test_killed_paused_and_cut_off_workers_lose_nothing_and_double_nothing(
    postgres_server: Server, tmp_path: Path
) -> None:
    """The small share of `make swarm`, which has a simulated CRM besides."""
    with swarm(postgres_server, tmp_path, seed=1, seconds=10, crm=False) as one:
        one.start()
        wait_for(lambda: "+4568" in one.file_text(), 60)
        one.say_no()
        one.edit()
        one.kill()
        wait_for(lambda: f"+45{one.said_no[0]}" in one.barred(), 60)
        one.pause(one.workers[0])
        one.say_no()
        one.cut()
        time.sleep(LOST)
        one.wake(float("inf"))
        one.settle(90)
        one.judge()
        one.leave()
        assert len(one.said_no) == 2
