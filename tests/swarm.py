"""Several workers on one PostgreSQL, and a hand that kills, pauses and cuts them off at random.

    make swarm MINUTES=10 SEED=7

A folder of lists and a simulated HubSpot are kept clean by real processes while people edit rows,
call and say no. At the end all must be as if nothing had happened: nothing lost, nothing doubled.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import psycopg
import sqlalchemy as sa
from click.testing import CliRunner
from databases import Server, postgres
from promises.lists import HEADER, people
from simulators.hubspot.people import fill
from simulators.hubspot.portal import OURS
from simulators.hubspot.serving import HOST, Vendor, build
from simulators.hubspot.tickets import KEY
from simulators.web import served

from rules.errors import Exit, RingrenError
from state import cursors, ledger, queue
from state import jobs as kept
from state.store import Store
from state.tables import history, mirror, outbox
from state.tables import ledger as entries
from sync.cli import program
from sync.suppression.desk import DESK

LOST = 4
ROWS, CONTACTS = 40, 40


@dataclass
class Swarm:
    """One customer, several workers. `restart` starts PostgreSQL anew, where it may be."""

    folder: Path
    url: str
    vendor: Vendor
    dice: random.Random
    restart: Callable[[], None] | None = None
    workers: list[subprocess.Popen[bytes]] = field(default_factory=list)
    paused: dict[int, float] = field(default_factory=dict)
    said_no: list[str] = field(default_factory=list)
    tried: int = 0
    rows: int = ROWS
    seconds: int = 2
    crm: bool = True
    did: Counter[str] = field(default_factory=Counter)

    def __post_init__(self) -> None:
        (self.folder / "lists").mkdir()
        self.put([HEADER, *people(self.rows)])
        fill(self.vendor.portal, companies=5, contacts=CONTACTS if self.crm else 0)
        self.file.write_text(
            f'lang = "en"\n[files]\nroot = "{self.folder / "lists"}"\n'
            f'do_not_call = "{self.folder / "no.csv"}"\n[state]\npath = "{self.folder / "state"}"\n'
            f"{self._hubspot}[limits]\nmin_records = 100000\n"
            f"[worker]\nlost_seconds = {LOST}\n[daemon]\nstop_seconds = 20\n"
            f'[jobs]\ndeliver = "every 1 second"\npoll = "every {self.seconds} seconds"\n'
            f'run = "every {self.seconds} seconds"\n'
        )

    @property
    def _hubspot(self) -> str:
        reached = f'elsewhere = {{ "{HOST}" = "{self.vendor.address}" }}'
        told = f'[hubspot]\ntoken = {{ env = "TOKEN" }}\nobjects = ["contacts"]\n{reached}\n'
        return told if self.crm else ""

    @property
    def file(self) -> Path:
        return self.folder / "ringren.toml"

    @property
    def environment(self) -> dict[str, str]:
        return {"RINGREN_STATE__URL": self.url, "TOKEN": KEY}

    def file_text(self) -> str:
        return (self.folder / "lists" / "kontakter.csv").read_text()

    def put(self, rows: list[str]) -> None:
        """A list as a person would save it: all of it at once."""
        draft = self.folder / "draft"
        draft.write_text("".join(f"{row}\n" for row in rows))
        draft.replace(self.folder / "lists" / "kontakter.csv")

    def call(self, *args: str) -> Any:
        given = [*args, "--settings", str(self.file)]
        return CliRunner().invoke(program, given, env=self.environment)

    def start(self, *more: str) -> None:
        with (self.folder / "log").open("ab") as log:
            self.workers.append(
                subprocess.Popen(
                    [sys.executable, "-m", "sync", "worker", "--settings", str(self.file), *more],
                    env={**os.environ, **self.environment},
                    stdin=subprocess.DEVNULL,
                    stderr=log,
                )
            )

    def end(self) -> None:
        for one in self.workers:
            one.kill()
            one.wait()

    @contextlib.contextmanager
    def store(self) -> Iterator[Store]:
        store = Store(self.url)
        try:
            yield store
        finally:
            store.close()

    # --- what befalls them ---

    def kill(self) -> None:
        one = self.workers.pop(self.dice.randrange(len(self.workers)))
        self.paused.pop(one.pid, None)
        one.kill()
        one.wait()
        self.start()

    def pause(self, one: subprocess.Popen[bytes] | None = None) -> None:
        """Longer than after what it is given up; then it wakes and believes itself at work."""
        one = one or self.dice.choice(self.workers)
        one.send_signal(signal.SIGSTOP)
        self.paused[one.pid] = time.monotonic() + LOST * self.dice.uniform(0.5, 3)

    def wake(self, now: float) -> None:
        for one in self.workers:
            if one.pid in self.paused and self.paused[one.pid] <= now:
                one.send_signal(signal.SIGCONT)
                del self.paused[one.pid]

    def supervise(self) -> None:
        """As systemd does: who could not begin, because the database was away just then, begins again."""
        for one in [one for one in self.workers if one.poll() is not None]:
            assert one.returncode in {Exit.USER, Exit.FAILED}, one.returncode
            self.workers.remove(one)
            self.did["began again"] += 1
            self.start()

    def cut(self) -> None:
        """Every connection of everybody, in whatever they are."""
        plain = sa.make_url(self.url).set(drivername="postgresql")
        with psycopg.connect(plain.render_as_string(hide_password=False), autocommit=True) as own:
            own.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
                "WHERE datname = current_database() AND pid <> pg_backend_pid()"
            )

    def restart_postgres(self) -> None:
        if self.restart:
            self.restart()

    def say_no(self) -> None:
        phone = f"689{self.dice.randrange(100_000):05}"
        if phone not in self.said_no:
            self.tried += 1
            if self.call("suppression", "add", "--phone", phone).exit_code == Exit.OK:
                self.said_no.append(phone)

    def edit(self) -> None:
        """A new row below what stands there; a write of ours in between is noticed by its version."""
        file = self.folder / "lists" / "kontakter.csv"
        before = file.read_bytes()
        new = people(1, first=self.rows)
        if file.read_bytes() == before:
            self.put([*before.decode().splitlines(), *new])
            self.rows += 1

    def edit_vendor(self) -> None:
        """Somebody writes a number in his own way."""
        portal = self.vendor.portal
        ident = self.dice.choice(list(portal.rows["contacts"]))
        digits = f"68{self.dice.randrange(1_000_000):06}"
        portal.edit(
            "contacts", ident, phone=f"{digits[:2]} {digits[2:4]} {digits[4:6]} {digits[6:]}"
        )

    def mischief(self, seconds: float) -> None:
        """For so long, something each second or so."""
        often = {self.say_no: 5, self.edit: 2, self.edit_vendor: 5, self.kill: 3, self.pause: 2}
        often |= {self.cut: 1} | ({self.restart_postgres: 1} if self.restart else {})
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            self.wake(time.monotonic())
            self.supervise()
            befalls = self.dice.choices(list(often), list(often.values()))[0]
            befalls()
            self.did[befalls.__name__] += 1
            time.sleep(self.dice.uniform(0.3, 1.5))
        self.wake(float("inf"))

    # --- what must hold ---

    def settle(self, seconds: float) -> None:
        """Until nothing waits any more; AssertionError saying what does, when it never ends."""
        until = time.monotonic() + seconds
        while left := self._waiting():
            self.supervise()
            assert time.monotonic() < until, f"{left}\n{(self.folder / 'log').read_text()[-4000:]}"
            time.sleep(0.5)

    def _waiting(self) -> list[str]:
        try:
            with self.store() as store, store.reading() as tx:
                said = [phone for phone in self.said_no if f"+45{phone}" not in self.barred()]
                lines = self.file_text().splitlines()[1:]
                raw = [line for line in lines if ";+4568" not in line]
                theirs = self.vendor.portal.rows["contacts"].values()
                raw += [
                    row.values["phone"]
                    for row in theirs
                    if not row.values["phone"].startswith("+45")
                ]
                live = sa.select(sa.func.count()).where(
                    mirror.c.deleted_at.is_(None), mirror.c.kind == "contact"
                )
                seen = tx.execute(live).scalar_one()
                unseen = [f"{seen} seen"] if seen != len(lines) + len(theirs) else []
                held = cursors.at_work(tx, datetime.now(UTC))
                open_ones = tx.execute(sa.select(sa.func.count()).select_from(outbox)).scalar_one()
                return [*said, *raw, *unseen, *(held if open_ones else [])]
        except (RingrenError, OSError, sa.exc.DBAPIError) as error:
            return [str(error)]

    def barred(self) -> str:
        file = self.folder / "no.csv"
        return file.read_text() if file.exists() else ""

    def judge(self) -> None:
        """AssertionError when anything was lost or doubled."""
        assert self.call("suppression", "audit").exit_code == Exit.OK
        listed = self.barred().split()
        for phone in self.said_no:
            assert listed.count(f"+45{phone}") == 1, f"{phone} stands {listed.count(phone)} times"
        lines = self.file_text().splitlines()
        assert len(lines) == len(set(lines)) == self.rows + 1
        with self.store() as store, store.reading() as tx:
            mine = sa.and_(entries.c.event_type == "block", entries.c.system == DESK)
            recorded = tx.execute(sa.select(sa.func.count()).where(mine)).scalar_one()
            # One whose answer was cut off may stand there all the same.
            assert len(self.said_no) <= recorded <= self.tried
            assert not ledger.verify(tx).problems
            twice = sa.select(history.c.rid, history.c.base_version)
            twice = twice.group_by(history.c.rid, history.c.base_version).having(
                sa.func.count() > 1
            )
            assert not tx.execute(twice).all(), "a write was noted twice"
            assert not any(one.broken >= kept.MOST_BROKEN for one in kept.every(tx).values())
            assert not queue.lost(tx, LOST * 2)
        self._no_write_lost()

    def _no_write_lost(self) -> None:
        """What we wrote at the vendor last is what stands there, unless people wrote after us."""
        portal = self.vendor.portal
        last: dict[tuple[str, int, str], tuple[str, str]] = {}
        for one in portal.journal:
            for name, value in one.asked.items():
                last[one.objects, one.id, name] = (one.who, value)
        for (objects, ident, name), (who, value) in last.items():
            if who == OURS and name == "phone":
                assert portal.rows[objects][ident].values[name] == value

    def leave(self) -> None:
        """All are asked to stop, and do."""
        self.supervise()
        time.sleep(LOST)
        for one in self.workers:
            one.send_signal(signal.SIGTERM)
        assert [one.wait(60) for one in self.workers] == [Exit.OK] * len(self.workers)


@contextlib.contextmanager
def swarm(server: Server, folder: Path, seed: int, **how: Any) -> Iterator[Swarm]:
    """Ready, with nobody at work yet."""
    url = server.create_prepared()
    with served(build()) as vendor:
        made = Swarm(folder, url, vendor, random.Random(seed), **how)
        try:
            yield made
        finally:
            made.end()
            server.drop(url)


def main() -> int:
    """The long form."""
    parser = argparse.ArgumentParser(prog="python -m swarm")
    parser.add_argument("--minutes", type=float, default=10)
    parser.add_argument("--seed", type=int, default=None)
    parser.add_argument("--workers", type=int, default=3)
    given = parser.parse_args()
    seed = given.seed if given.seed is not None else int(time.time()) % 100_000
    print(f"seed {seed}, {given.workers} workers, {given.minutes:g} minutes", flush=True)
    with (
        postgres() as server,
        tempfile.TemporaryDirectory(prefix="rr-swarm-") as folder,
        swarm(server, Path(folder), seed, restart=server.restart) as one,
    ):
        for _ in range(given.workers):
            one.start()
        one.mischief(given.minutes * 60)
        one.settle(180)
        one.judge()
        one.leave()
        told = ", ".join(f"{name} {times}" for name, times in sorted(one.did.items()))
        print(f"nothing lost, nothing doubled: {told}; {len(one.said_no)} said no")
    return 0


if __name__ == "__main__":
    sys.exit(main())
