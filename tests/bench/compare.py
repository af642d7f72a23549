#!/usr/bin/env python3
"""The benchmarks: one table, each line a ratio against something in the same run.

    python tests/bench/compare.py [--rows 1000000] [--only passes] [--strict] [--json]

The opponents are unmodified scripts, naive.py and generate.py, in the folder RINGREN_BENCH or in
../shared/bench beside the project. Without them their lines are left out, and the list is made by
examples/generate.py. Absolute figures say something about this machine only.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import sqlite3
import sys
from collections.abc import Callable, Iterator
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

import confirm_lines
import http_lines
import lines
import match_lines
import night_lines
import page_lines
import psutil
import service_lines
import vendors
import verify_lines
import wash_lines
import worker_lines
from lines import ROOT, Bench, Line
from processes import used_by

SEED: Final = 20_261_123
ROWS: Final = 1_000_000
ROWS_ALONE: Final = 200_000
FEWEST: Final = 1_000
OWN_LIST: Final = "kontakter.csv"
OWN_SHARE: Final = 3
"""Of the rows that examples/generate.py makes, about a third are in that list."""
ALL: Final[dict[str, Callable[[Bench], Iterator[Line]]]] = {
    "start": lines.start,
    "rules": lines.rules,
    "phones": lines.phones,
    "equality": lines.equality,
    "passes": lines.passes,
    "runs": lines.runs,
    "opt-outs": lines.opt_outs,
    "washing": wash_lines.washing,
    "verification": verify_lines.verification,
    "matching": match_lines.matching,
    "nights": night_lines.nights,
    "http": http_lines.http,
    "vendors": vendors.first_syncs,
    "calls": vendors.calls,
    "pages": page_lines.pages,
    "rest": service_lines.rest,
    "restart": service_lines.restart,
    "noes": service_lines.noes,
    "workers": worker_lines.workers,
    "confirmation": confirm_lines.confirmation,
    "install": lines.install,
}
ASKED_FOR: Final = frozenset({"install", "verification"})
"""Not without being named: one asks a network, the other takes a quarter of an hour."""
DEFAULT: Final = tuple(name for name in ALL if name not in ASKED_FOR)
SCALE: Final = ("pages", "rest", "restart", "noes", "workers", "confirmation")
"""What `--only scale` stands for."""


def main() -> int:
    """Measure and print; 1 with --strict when a goal was missed."""
    options = _options()
    scripts = Path(os.environ.get("RINGREN_BENCH") or ROOT.parent / "shared" / "bench")
    folder: Path = options.folder
    folder.mkdir(parents=True, exist_ok=True)
    bench = Bench(
        large=_list(scripts, folder, options.rows, options.seed),
        medium=_list(scripts, folder, min(options.rows, ROWS_ALONE), options.seed),
        small=_list(scripts, folder, options.rows // 10, options.seed),
        rows=options.rows,
        folder=folder,
        opponent=_opponent(scripts, options.opponent),
        repeat=options.repeat,
        away=options.away,
        naive_used={},
        naive_speeds={},
    )
    facts = _facts(options, scripts, bench)
    if not options.json:
        for name, value in facts.items():
            print(f"{name:10} {value}")
        print(_row("what", "ours", "against", "theirs", "ratio", "goal"), flush=True)
    found = []
    for line in _measured(bench, options.only or DEFAULT):
        found.append(line)
        if not options.json:
            print(_told(line), flush=True)
    if options.json:
        listed = [asdict(one) | {"missed": one.missed} for one in found]
        print(json.dumps({"facts": facts, "lines": listed}, indent=2))
    missed = [one.name for one in found if one.missed]
    if missed:
        print(f"missed: {', '.join(missed)}", file=sys.stderr)
    return 1 if options.strict and missed else 0


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--rows", type=int, default=ROWS, help=f"rows of the large list ({ROWS:,})")
    parser.add_argument("--seed", type=int, default=SEED, help="another seed, another list")
    parser.add_argument(
        "--repeat", type=int, default=3, help="of short things the median of so many"
    )
    parser.add_argument("--away", type=float, default=0.4, help="seconds to a vendor and back")
    parser.add_argument("--only", action="append", choices=(*ALL, "scale"), help="these lines only")
    parser.add_argument("--strict", action="store_true", help="exit 1 when a goal is missed")
    parser.add_argument("--json", action="store_true", help="for programs")
    parser.add_argument("--folder", type=Path, default=ROOT / "out" / "bench", help="to work in")
    parser.add_argument("--opponent", type=Path, help="a Python that has what naive.py needs")
    options = parser.parse_args()
    if options.rows < FEWEST:
        parser.error(f"at least {FEWEST} rows")
    return options


def _list(scripts: Path, folder: Path, rows: int, seed: int) -> Path:
    """A made-up list of so many rows; made once."""
    generate = scripts / "generate.py"
    name = f"{'list' if generate.is_file() else 'own'}-{rows}-{seed}"
    made = folder / f"{name}.csv"
    if made.is_file():
        return made
    if generate.is_file():
        draft = folder / f"{name}.part"
        what: tuple[str | Path, ...] = ("--rows", str(rows), "--no-truth", "--out", draft)
    else:
        generate = ROOT / "examples" / "generate.py"
        draft = folder / name / OWN_LIST
        what = ("--rows", str(OWN_SHARE * rows), "--out", folder / name)
    used_by((sys.executable, generate, "--seed", str(seed), *what), cwd=folder)
    draft.rename(made)
    return made


def _opponent(scripts: Path, python: Path | None) -> tuple[Path, Path] | None:
    naive = scripts / "naive.py"
    if not (python and python.exists() and naive.is_file()):
        return None
    # Other lines work in a folder of their own. Not resolved: that would leave the environment.
    return python.absolute(), naive.absolute()


def _measured(bench: Bench, names: list[str] | tuple[str, ...]) -> Iterator[Line]:
    for name in names:
        for one in SCALE if name == "scale" else (name,):
            yield from ALL[one](bench)


def _facts(options: argparse.Namespace, scripts: Path, bench: Bench) -> dict[str, str]:
    """What the figures hang on."""
    return {
        "date": datetime.now(UTC).date().isoformat(),
        "machine": f"{_processor()}, {os.cpu_count()} cores, "
        f"{psutil.virtual_memory().total / 2**30:.0f} GB, {platform.system()} {platform.release()}",
        "python": f"{platform.python_version()}, SQLite {sqlite3.sqlite_version}",
        "list": f"{bench.large.name}, {_rows(bench.large):,} rows, {bench.large.stat().st_size:,} bytes, "
        f"seed {options.seed}",
        "opponent": f"{bench.opponent[1]}, unmodified, with {_versions(bench.opponent[0])}"
        if bench.opponent
        else f"none: naive.py is not in {scripts}, or its packages are not installed; its lines are left out",
    }


def _rows(data: Path) -> int:
    with data.open("rb") as file:
        return sum(1 for _ in file) - 1


def _processor() -> str:
    try:
        told = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return platform.processor() or platform.machine()
    models = [line.partition(":")[2].strip() for line in told if line.startswith("model name")]
    return models[0] if models else platform.machine()


def _versions(python: Path) -> str:
    asked = "import sys, pandas, phonenumbers; print('Python', sys.version.split()[0], 'pandas', pandas.__version__, 'phonenumbers', phonenumbers.__version__)"
    return used_by((python, "-c", asked), cwd=ROOT).output.strip()


def _row(*cells: str) -> str:
    widths = (34, 42, 30, 36, 7)
    return " ".join(
        cell.ljust(width) for cell, width in zip(cells, (*widths, 0), strict=True)
    ).rstrip()


def _told(line: Line) -> str:
    goal = f"{line.goal}{'  MISSED' if line.missed else ''}" if line.goal else ""
    return _row(line.name, line.ours, line.against, line.theirs, f"{line.ratio:.2f}", goal)


if __name__ == "__main__":
    sys.exit(main())
