"""The line about workers: one against four, on one PostgreSQL, with systems that are 200 ms away.

Six simulated systems, each in a process of its own behind a long line; workers are processes of
their own that do one bulk job at a time. Our own limits of calls, and the vendors', are off.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Final

import sqlalchemy as sa
from lines import HERE, ROOT, SYNC, Bench, Goal, Line
from processes import environment, used_by

if str(HERE.parent) not in sys.path:
    sys.path.insert(0, str(HERE.parent))  # simulators, as pytest finds them

from simulators.line import long_line
from simulators.running import Running, started

from state.tables import history, runs

if TYPE_CHECKING:
    from state.store import Store

AWAY: Final = 0.2
FULL: Final = 100_000
EDITS: Final = 10
"""People that are edited in each system, every two seconds."""
SYSTEMS: Final[Mapping[str, tuple[Mapping[str, int], str]]] = {
    "salesforce": ({"companies": 200}, ""),
    "hubspot": ({"companies": 200}, ""),
    "dynamics": ({"companies": 200}, ""),
    "mailchimp": ({}, ""),
    "activecampaign": ({"per_second": 10_000}, "calls_a_second = 100\n"),
    "aircall": ({"a_minute": 1_000_000, "calls": 1000}, "calls_a_minute = 1000\n"),
}
"""By name: how the simulator is started beside its people, and what stands in its section besides."""


@dataclass
class Floor:
    """One customer with six systems."""

    folder: Path
    store: Store
    systems: list[Running]
    over: threading.Event = field(default_factory=threading.Event)

    @property
    def file(self) -> Path:
        return self.folder / "ringren.toml"

    @contextmanager
    def at_work(self, workers: int) -> Iterator[None]:
        """So many processes, until the block ends; people go on editing meanwhile."""
        command = list(map(str, (*SYNC, "worker", "--settings", self.file)))
        with (self.folder / f"log-{workers}").open("wb") as log:
            all_of_them = [
                subprocess.Popen(command, cwd=ROOT, env=environment(), stdout=log, stderr=log)
                for _ in range(workers)
            ]
        edits = threading.Thread(target=self._edit)
        edits.start()
        try:
            yield
        finally:
            self.over.set()
            edits.join()
            self.over.clear()
            for one in all_of_them:
                one.terminate()
            for one in all_of_them:
                one.wait(120)

    def _edit(self) -> None:
        while not self.over.wait(2):
            for one in self.systems:
                one.touch(EDITS)

    def done(self, since: datetime) -> tuple[int, int, int]:
        """Passes that ended since then, the systems that they were over, and records written."""
        ended = sa.and_(runs.c.command.like("run --system%"), runs.c.ended_at >= since)
        with self.store.reading() as tx:
            found = list(tx.execute(sa.select(runs.c.command).where(ended)).scalars())
            wrote = sa.select(sa.func.count()).where(history.c.applied_at >= since)
            return len(found), len(set(found)), int(tx.execute(wrote).scalar_one())


@contextmanager
def floor(bench: Bench, people: int) -> Iterator[Floor]:
    """All of it, read once."""
    # Not above: it makes SQLite careless in this process, and lines before may be about that.
    from databases import postgres

    from state.store import Store

    folder = bench.folder / "workers"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    with ExitStack() as around:
        server = around.enter_context(postgres())
        url = server.create_prepared()
        around.callback(server.drop, url)
        store = Store(url)
        around.callback(store.close)
        systems = [
            around.enter_context(started(name, contacts=people, **more))
            for name, (more, _) in SYSTEMS.items()
        ]
        sections = []
        for one in systems:
            port = around.enter_context(long_line(one.port, AWAY))
            sections.append(f"{one.settings_over(port, folder)}{SYSTEMS[one.name][1]}")
        made = Floor(folder, store, systems)
        made.file.write_text(_settings(folder, url, sections), "utf-8")
        used_by((*SYNC, "run", "--settings", made.file), cwd=ROOT, expected=range(6))
        yield made


def _settings(folder: Path, url: str, sections: list[str]) -> str:
    secret = folder / "url"
    secret.write_text(url, "utf-8")
    return (
        f'lang = "en"\n{"".join(sections)}[state]\npath = "{folder / "state"}"\n'
        f"url = {{ file = '{secret}' }}\n[limits]\nmin_records = 100000000\n[worker]\nat_once = 1\n"
        '[jobs]\nrun = "every 1 second"\npoll = "every 15 minutes"\ndeliver = "every 15 minutes"\n'
    )


def workers(bench: Bench) -> Iterator[Line]:
    """How many passes over a system end in a minute."""
    people, seconds = (1000, 120) if bench.rows >= FULL else (20, 10)
    with floor(bench, people) as made:
        few, some = (_rate(made, number, seconds) for number in (1, 4))
    told = f"{some[0]:.1f} passes a minute ({_besides(some)})"
    one = f"{few[0]:.1f} ({_besides(few)})"
    name = f"4 workers, {len(SYSTEMS)} systems {1000 * AWAY:.0f} ms away"
    yield Line(name, told, "1 worker", one, some[0] / few[0], Goal(3))
    shutil.rmtree(made.folder)


_Rate = tuple[float, int, float]


def _rate(made: Floor, number: int, seconds: float) -> _Rate:
    """Passes a minute, over how many systems, records written a minute, once all are at work."""
    begun = datetime.now(UTC)
    with made.at_work(number):
        while made.done(begun)[0] < 2 * number:
            time.sleep(0.2)
        since = datetime.now(UTC)
        time.sleep(seconds)
        passes, systems, written = made.done(since)
    return 60 * passes / seconds, systems, 60 * written / seconds


def _besides(one: _Rate) -> str:
    return f"{one[1]} systems, {one[2]:.0f} records written"
