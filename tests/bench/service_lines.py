"""The lines about the service: at rest, killed and begun again, opt-outs beside a first sync."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from statistics import median, quantiles
from typing import Final

import psutil
from lines import HERE, ROOT, SYNC, Bench, Goal, Line
from processes import environment, used_by

FULL: Final = 100_000
"""From so many rows on it is a measurement, below that a trial."""
OURS: Final = ("connectors", "rules", "state", "sync")
PATIENCE: Final = 900.0
SAID: Final = 300
"""Opt-outs that a percentile is taken of at least."""


class Late(Exception):
    """Something did not happen for a quarter of an hour."""


@dataclass(frozen=True, slots=True)
class Home:
    """A customer of one folder: its lists, its settings, its list of numbers."""

    folder: Path

    @property
    def file(self) -> Path:
        return self.folder / "ringren.toml"

    @property
    def barred(self) -> Path:
        return self.folder / "no.csv"

    @contextmanager
    def daemon(self, *python: str) -> Iterator[subprocess.Popen[bytes]]:
        """`sync daemon` until the block ends; what it says goes to a file."""
        command = [sys.executable, *python, *SYNC[1:], "daemon", "--settings", self.file]
        with (self.folder / "log").open("wb") as log:
            process = subprocess.Popen(
                list(map(str, command)), cwd=ROOT, env=environment(), stdout=log, stderr=log
            )
            try:
                yield process
            finally:
                process.kill()
                process.wait()

    def says_no(self, phone: str) -> None:
        command = (*SYNC, "suppression", "add", "--phone", phone, "--settings", self.file)
        used_by(command, cwd=ROOT)

    def is_barred(self, phone: str) -> bool:
        return self.barred.exists() and f"+45{phone}" in self.barred.read_text("utf-8")

    def jobs(self) -> dict[str, dict[str, object]]:
        told = used_by((*SYNC, "jobs", "--json", "--settings", self.file), cwd=ROOT).output
        return {one["job"]: one for one in json.loads(told)}


def made(bench: Bench, name: str, data: Path, rows: int) -> Home:
    """A folder with so many rows of a list."""
    home = Home(bench.folder / name)
    shutil.rmtree(home.folder, ignore_errors=True)
    (home.folder / "lists").mkdir(parents=True)
    with (
        data.open(encoding="utf-8") as whole,
        (home.folder / "lists" / data.name).open("w") as some,
    ):
        some.writelines(islice(whole, rows + 1))
    home.file.write_text(
        f'lang = "en"\n[files]\nroot = "{home.folder / "lists"}"\ndo_not_call = "{home.barred}"\n'
        f'[state]\npath = "{home.folder / "state"}"\n[limits]\nmin_records = 100000000\n',
        "utf-8",
    )
    return home


def wait_for(holds: Callable[[], object], every: float = 0.02) -> float:
    """Seconds until it does."""
    begin = time.perf_counter()
    while not holds():
        if time.perf_counter() - begin > PATIENCE:
            raise Late
        time.sleep(every)
    return time.perf_counter() - begin


# --- at rest ---------------------------------------------------------------------------------


def rest(bench: Bench) -> Iterator[Line]:
    """A daemon that has done its first round, over one small folder, with the schedules as they are."""
    home, seconds = made(bench, "rest", bench.small, 100), 300 if bench.rows >= FULL else 3
    with home.daemon("-X", "importtime") as process:
        own = psutil.Process(process.pid)
        wait_for(lambda: home.jobs()["run"]["good_at"], every=1)
        time.sleep(min(seconds, 10))
        before = _cpu(own)
        time.sleep(seconds)
        share, held = (_cpu(own) - before) / seconds, own.memory_info().rss
    imports = _imported((home.folder / "log").read_text("utf-8"))
    bare = _held_by(imports)
    packages = {one.partition(".")[0] for one in imports}
    told = f"{held / 1e6:.0f} MB", f"bare imports of the same {len(packages)} packages"
    yield Line("daemon at rest, memory", *told, f"{bare / 1e6:.0f} MB", held / bare, Goal(most=1.6))
    told = f"{share:.2%} of a core in {seconds} s", "one per cent of a core"
    yield Line("daemon at rest, processor", *told, "1 %", 100 * share, Goal(most=0.5))
    shutil.rmtree(home.folder)


def _cpu(process: psutil.Process) -> float:
    used = process.cpu_times()
    return float(used.user + used.system + used.children_user + used.children_system)


def _imported(log: str) -> list[str]:
    """Modules of others that a process has imported, in their order."""
    told = (line.rpartition("|")[2].strip() for line in log.splitlines() if "import time:" in line)
    known = {*sys.stdlib_module_names, *OURS, "package", "imported package"}
    return [name for name in dict.fromkeys(told) if name.partition(".")[0] not in known]


def _held_by(modules: Sequence[str]) -> int:
    """What a Python holds that has imported these and does nothing."""
    command = [sys.executable, HERE / "imports_alone.py"]
    with subprocess.Popen(
        list(map(str, command)), stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        told, _ = process.communicate(json.dumps(modules))
    return int(told)


# --- killed and begun again ------------------------------------------------------------------


def restart(bench: Bench) -> Iterator[Line]:
    """From the start of a daemon that was killed at a first reading to the delivery of an opt-out
    that was recorded while it was down; against one that was asked to stop."""
    times = {
        how: [_to_delivery(bench, how, number) for number in range(bench.repeat)]
        for how in ("SIGKILL", "SIGTERM")
    }
    killed, asked = median(times["SIGKILL"]), median(times["SIGTERM"])
    told = f"{killed:.2f} s ({bench.repeat} times)", "the same after SIGTERM", f"{asked:.2f} s"
    yield Line("SIGKILL to first delivery", *told, killed / asked)


def _to_delivery(bench: Bench, how: str, number: int) -> float:
    home = made(bench, "restart", bench.medium, bench.rows)
    with home.daemon() as process:
        wait_for(lambda: _reads(home), every=0.2)
        process.send_signal(9 if how == "SIGKILL" else 15)
        process.wait(PATIENCE)
    phone = f"689{number:05}"
    home.says_no(phone)
    with home.daemon():
        seconds = wait_for(lambda: home.is_barred(phone))
    shutil.rmtree(home.folder)
    return seconds


def _reads(home: Home) -> bool:
    return home.jobs()["run"]["state"] in {"working", "well"}


# --- opt-outs beside a first sync ------------------------------------------------------------


def noes(bench: Bench) -> Iterator[Line]:
    """Recording opt-outs, as the page and the API do it, while a first sync runs and while none does."""
    home = made(bench, "noes", bench.large, 0)
    shutil.copyfile(bench.large, home.folder / "lists" / bench.large.name)
    used_by((*SYNC, "fields", "--settings", home.file), cwd=ROOT)
    times = SAID if bench.rows >= FULL else 20
    idle = _said(home, 0, times, None)
    over = home.folder / "over"
    worker = threading.Thread(target=_first_sync, args=(home, over))
    worker.start()
    busy = _said(home, 500_000, times, over)
    worker.join()
    told = f"{_told(busy)}, {len(busy)} of them", f"the same, idle, {len(idle)} of them"
    ratio = _p99(busy) / _p99(idle)
    yield Line("opt-out beside a first sync, p99", *told, _told(idle), ratio, Goal(most=2))
    yield Line(
        "  median", f"{1000 * median(busy):.1f} ms", "the same, idle",
        f"{1000 * median(idle):.1f} ms", median(busy) / median(idle),
    )  # fmt: skip
    shutil.rmtree(home.folder)


def _first_sync(home: Home, over: Path) -> None:
    try:
        used_by((*SYNC, "--dry-run", "--settings", home.file), cwd=ROOT, expected=(0, 2))
    finally:
        over.touch()


def _said(home: Home, first: int, times: int, until: Path | None) -> list[float]:
    """Seconds of each; at least so many, and until the file is there."""
    command = (sys.executable, HERE / "saying_no.py", home.file, first, times, until or os.devnull)
    found: list[float] = json.loads(used_by(tuple(map(str, command)), cwd=ROOT).output)
    return found


def _p99(seconds: Sequence[float]) -> float:
    return quantiles(seconds, n=100, method="inclusive")[98]


def _told(seconds: Sequence[float]) -> str:
    return f"{1000 * _p99(seconds):.1f} ms, at most {1000 * max(seconds):.1f} ms"
