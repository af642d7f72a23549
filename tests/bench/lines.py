"""The lines of the table: each measures this program against something else in the same run."""

from __future__ import annotations

import json
import re
import shutil
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Final

from differences import REASONS
from processes import Used, used_by

ROOT: Final = Path(__file__).resolve().parents[2]
HERE: Final = ROOT / "tests" / "bench"
CHANGES_PROPOSED: Final = 2
SYNC: Final = (sys.executable, "-m", "sync")


@dataclass(frozen=True, slots=True)
class Goal:
    """What the ratio must be."""

    least: float | None = None
    most: float | None = None

    def holds(self, ratio: float) -> bool:
        """Whether a ratio reaches the goal."""
        above = self.least is None or ratio >= self.least
        return above and (self.most is None or ratio <= self.most)

    def __str__(self) -> str:
        if self.least is not None and self.most is not None:
            return f"{self.least:g} to {self.most:g}"
        return f">= {self.least:g}" if self.least is not None else f"<= {self.most:g}"


@dataclass(frozen=True, slots=True)
class Line:
    """One line of the table: what was measured, against what, and the ratio of the two.

    `goal` is None for what is only told.
    """

    name: str
    ours: str
    against: str
    theirs: str
    ratio: float
    goal: Goal | None = None

    @property
    def missed(self) -> bool:
        """Whether there is a goal, and it was not reached."""
        return self.goal is not None and not self.goal.holds(self.ratio)


@dataclass(frozen=True, slots=True)
class Bench:
    """What the lines need: lists of several sizes, and the opponent, if any.

    `small` is a tenth of `large`; `medium`, for what runs alone, has at most 200,000 rows.

    `away`: seconds to a simulated system there and back, as far as a vendor may well be; its own work
    is not counted.

    `opponent` is a Python with the packages that naive.py needs, and the script.
    """

    large: Path
    medium: Path
    small: Path
    rows: int
    folder: Path
    opponent: tuple[Path, Path] | None
    repeat: int
    away: float
    naive_used: dict[Path, Used]
    naive_speeds: dict[str, int]

    @property
    def cleaned(self) -> Path:
        """What the opponent has made of the medium list."""
        return self.folder / "naive-medium.csv"

    def sync(self, *arguments: str | Path, state: str) -> Used:
        """One command of this program, with a state folder of its own."""
        command = (*SYNC, *arguments, "--state", self.folder / state, "--lang", "en")
        return used_by(command, cwd=ROOT, expected=(0, CHANGES_PROPOSED))

    def fresh(self, state: str) -> str:
        """The same state folder, without what an earlier bench left in it."""
        shutil.rmtree(self.folder / state, ignore_errors=True)
        return state

    def naive(self, data: Path) -> Used:
        """The script that a competent user would write, unmodified; once for each list."""
        assert self.opponent
        if data not in self.naive_used:
            python, script = self.opponent
            out = self.folder / "naive.csv"
            self.naive_used[data] = used_by((python, script, data, out), cwd=self.folder)
        return self.naive_used[data]

    def naive_alone(self, option: str) -> int:
        """Rows of the medium list that it cleans in a second, by a clock of processor time."""
        assert self.opponent
        if option not in self.naive_speeds:
            python, script = self.opponent
            out = self.folder / "naive-no-names.csv" if option else self.cleaned
            command = (
                python,
                HERE / "on_cpu.py",
                script,
                self.medium,
                out,
                *filter(None, [option]),
            )
            told = used_by(command, cwd=self.folder).output
            speed = re.search(r"clean .* = (\d+)/s  whole", told)
            assert speed, told
            self.naive_speeds[option] = int(speed[1])
        return self.naive_speeds[option]


def shown(used: Used) -> str:
    """Wall time, processor time, peak memory of the largest process."""
    return f"{used.wall:.2f} s (cpu {used.cpu:.1f} s, {_mb(used.largest)})"


def _mb(size: int) -> str:
    return f"{size / 1e6:.0f} MB"


# --- passes ----------------------------------------------------------------------------------


def passes(bench: Bench) -> Iterator[Line]:
    """A first dry run, a second one, and what memory they take."""
    small = bench.sync("--dry-run", bench.small, state=bench.fresh("small"))
    large = bench.sync("--dry-run", bench.large, state=bench.fresh("large"))
    if bench.opponent:
        naive = bench.naive(bench.large)
        ratio = naive.wall / large.wall
        yield Line(
            "first dry run, whole", shown(large), "naive.py, whole", shown(naive), ratio, Goal(3)
        )
    again = typical(bench.repeat, lambda: bench.sync("--dry-run", bench.large, state="large"))
    yield _second("second dry run", again, bench)
    alike = Goal(0.85, 1.15)
    tenth = f"the same, {bench.rows // 10:,} rows"
    for name, one, other in (
        ("largest process", large.largest, small.largest),
        ("all processes", large.together, small.together),
    ):
        if other:
            yield Line(f"peak memory, {name}", _mb(one), tenth, _mb(other), one / other, alike)


def runs(bench: Bench) -> Iterator[Line]:
    """A run that repairs the list, and one after it that finds nothing to do."""
    own = bench.folder / "repaired" / bench.large.name
    own.parent.mkdir(exist_ok=True)
    shutil.copyfile(bench.large, own)
    allowed = [word for limit in ("too_many", "large_share") for word in ("--allow", limit)]
    first = bench.sync("run", own, *allowed, state=bench.fresh("runs"))
    if bench.opponent:
        naive = bench.naive(bench.large)
        ratio = naive.wall / first.wall
        yield Line("first run, list rewritten", shown(first), "naive.py", shown(naive), ratio)
    again = typical(bench.repeat, lambda: bench.sync("run", own, state="runs"))
    yield _second("second run", again, bench, own)
    shutil.rmtree(own.parent)


def _second(name: str, again: Used, bench: Bench, data: Path | None = None) -> Line:
    plain = typical(bench.repeat, lambda: _plain(data or bench.large))
    told = f"{name}, nothing changed"
    ratio = again.wall / plain.wall
    return Line(
        told, shown(again), "csv.reader + hash (plain.py)", shown(plain), ratio, Goal(most=2)
    )


def _plain(data: Path) -> Used:
    return used_by((sys.executable, HERE / "plain.py", data), cwd=HERE)


def typical(times: int, measure: Callable[[], Used]) -> Used:
    """The one of several with the middle wall time."""
    found = sorted((measure() for _ in range(times)), key=lambda used: used.wall)
    return found[len(found) // 2]


# --- rules, start, opt-outs ------------------------------------------------------------------


def rules(bench: Bench) -> Iterator[Line]:
    """The rules alone, on one core: on the columns that the opponent cleans, and on all of the list.

    The clocks of both count processor time.
    """
    if not bench.opponent:
        return
    for what, option, least in (("with names", "", 10), ("without names", "--no-names", 4)):
        theirs = bench.naive_alone(option)
        ours = _rules_alone(bench, option)
        speeds = f"{ours:,.0f} rows/s", "naive.py, its clean", f"{theirs:,} rows/s"
        yield Line(f"rules alone, {what}", *speeds, ours / theirs, Goal(least))
    five, every, whole = (_rules_alone(bench, option) for option in ("", "--all", "--checks"))
    told = f"{every:,.0f} rows/s", "on the five of naive.py", f"{five:,.0f} rows/s"
    yield Line("rules alone, all columns", *told, every / five)
    told = f"{whole:,.0f} rows/s", "the rules alone", f"{every:,.0f} rows/s"
    yield Line("rules and checks", *told, whole / every)


def _rules_alone(bench: Bench, option: str) -> float:
    """Rows in a second, the best of several: what disturbs only ever takes time."""
    command = (sys.executable, HERE / "rules_alone.py", bench.medium, *filter(None, [option]))
    told = [used_by(command, cwd=ROOT).output.split() for _ in range(bench.repeat)]
    return max(int(rows) / float(seconds) for rows, seconds in told)


def phones(bench: Bench) -> Iterator[Line]:
    """Danish phone cells, against the library that knows the number plans."""
    ours = used_by((sys.executable, HERE / "phones_alone.py", bench.medium), cwd=ROOT)
    cells, mine, its, quick = map(float, ours.output.split())
    told = f"{cells / mine:,.0f} cells/s, {quick:.0%} the quick way"
    against = "phonenumbers: parse, is_valid, format"
    yield Line("Danish phones", told, against, f"{cells / its:,.0f} cells/s", its / mine, Goal(8))


def equality(bench: Bench) -> Iterator[Line]:
    """What comes out, cell for cell: the same as the opponent's, or different for a named reason."""
    if not bench.opponent:
        return
    bench.naive_alone("")
    command = (sys.executable, HERE / "differences.py", bench.medium, bench.cleaned)
    found = json.loads(used_by(command, cwd=ROOT).output)
    for one in found["examples"]:
        print(f"no reason for: {one}", file=sys.stderr)
    named, unnamed = sum(found["named"].values()), found["unnamed"]
    told = f"{found['equal']:,} rows equal, {named:,} cells for a reason"
    share = 1 - unnamed / (found["equal"] + named + unnamed)
    against = f"{unnamed:,} for none"
    yield Line("outcome", told, "naive.py, the same rows", against, share, Goal(1))
    why = {reason.name: reason.why for reason in REASONS}
    for name, cells in found["named"].items():
        yield Line(
            f"  {name}",
            f"{cells:,} cells",
            "cells for a reason",
            f"{named:,}: {why[name]}",
            cells / named,
        )


def start(bench: Bench) -> Iterator[Line]:
    """The help of the command line."""
    ours = median(_wall((*SYNC, "--help")) for _ in range(3 * bench.repeat))
    click = median(_wall((sys.executable, "-c", "import click")) for _ in range(3 * bench.repeat))
    told = f"{1000 * ours:.0f} ms", "import click", f"{1000 * click:.0f} ms"
    yield Line("sync --help", *told, ours / click, Goal(most=3))


def _wall(command: Sequence[str]) -> float:
    return used_by(command, cwd=ROOT).wall


def opt_outs(bench: Bench) -> Iterator[Line]:
    """Recording an opt-out from the command line while a first pass runs, and while nothing does."""
    state = bench.fresh("desk")
    bench.sync("fields", state=state)
    idle = [_opt_out(bench, number) for number in range(bench.repeat * 2)]
    ended = threading.Event()
    worker = threading.Thread(target=_pass_over, args=(bench, state, ended))
    worker.start()
    busy = []
    while not ended.wait(0.2):
        busy.append(_opt_out(bench, 1000 + len(busy)))
    worker.join()
    told = f"{1000 * median(busy):.0f} ms, at most {1000 * max(busy):.0f} ms ({len(busy)} times)"
    still = f"{1000 * median(idle):.0f} ms"
    yield Line(
        "opt-out add, a pass under way", told, "the same, idle", still, median(busy) / median(idle)
    )


def _opt_out(bench: Bench, number: int) -> float:
    return bench.sync("opt-out", "add", "--phone", f"2012{number:04}", state="desk").wall


def _pass_over(bench: Bench, state: str, ended: threading.Event) -> None:
    try:
        bench.sync("--dry-run", bench.large, state=state)
    finally:
        ended.set()


def install(bench: Bench) -> Iterator[Line]:
    """What the first command sets up on a fresh machine, with whatever the package cache holds."""
    home = bench.folder / "installed"
    shutil.rmtree(home, ignore_errors=True)
    bare = used_by((sys.executable, "-m", "venv", home), cwd=ROOT)
    pip = (home / "bin" / "python", "-m", "pip", "install", "--quiet", "--require-hashes")
    packages = used_by((*pip, "-r", ROOT / "requirements.lock"), cwd=ROOT)
    both = bare.wall + packages.wall
    told = f"{both:.1f} s", "python -m venv alone", f"{bare.wall:.1f} s"
    yield Line("set-up of make audit", *told, both / bare.wall)
    shutil.rmtree(home)
