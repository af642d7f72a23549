"""A simulated year: `python -m year [SEED] [--from DAY] [--days N] [--minutes N]`.

The daemon's jobs, the real program and simulated systems under one clock, in one thread; ends with
1 when a promise was broken. The same seed gives the same year, which its digest shows.
"""

from __future__ import annotations

import argparse
import gc
import hashlib
import os
import platform
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Final

from soak.lives import QUICK
from year import promises
from year.days import DAYS, FIRST, plan
from year.house import ALL, House
from year.things import THINGS
from year.year import Year

from sync.logs import set_up
from sync.service.jobs import kind_of

SEEDED: Final = "PYTHONHASHSEED"


@dataclass(frozen=True, slots=True)
class Wish:
    """Which piece of which year. `size`: about so many records on each list; `minutes`: so long the
    full beat lasts from each hostile thing on."""

    seed: int = 1
    first: date = FIRST
    days: int = DAYS
    minutes: int = 8
    size: int = 8
    systems: Collection[str] = ALL

    @property
    def command(self) -> str:
        """What lives it again."""
        flags = (
            f"--from {self.first} --days {self.days} --minutes {self.minutes} --size {self.size}"
        )
        if set(self.systems) != set(ALL):
            flags += f" --systems {' '.join(self.systems)}"
        return f'make year SEED={self.seed} FLAGS="{flags}"'


def main() -> int:
    """Live it, and tell."""
    parser = argparse.ArgumentParser(prog="python -m year")
    parser.add_argument("seed", type=int, nargs="?", default=1)
    parser.add_argument("--from", dest="first", type=date.fromisoformat, default=FIRST)
    parser.add_argument("--days", type=int, default=DAYS)
    parser.add_argument("--minutes", type=int, default=8)
    parser.add_argument("--size", type=int, default=8)
    parser.add_argument("--systems", nargs="+", choices=ALL, default=ALL)
    asked = Wish(**vars(parser.parse_args()))
    if SEEDED not in os.environ:
        # Sets are gone through in an order that is drawn for each process.
        again = [sys.executable, "-m", "year", *sys.argv[1:]]
        os.execve(again[0], again, {**os.environ, SEEDED: str(asked.seed)})  # noqa: S606
    set_up("console", "error")
    # What is loaded by now stays: it need not be gone through whenever garbage is looked for.
    gc.freeze()
    began = time.process_time()
    with tempfile.TemporaryDirectory(dir=QUICK if QUICK.is_dir() else None) as folder:
        year = lived(Path(folder), asked, _say)
    print(told(year, asked, time.process_time() - began))
    return not year.verdicts.clean


def lived(folder: Path, one: Wish, say: Callable[[str], object] = str) -> Year:
    """One house, from some day on."""
    first = one.first
    begins = datetime(first.year, first.month, first.day, 3, tzinfo=UTC) - timedelta(hours=4)
    with House(folder, one.seed, begins, one.size, one.systems) as house:
        year = Year(house, plan(one.seed, first, one.days), one.minutes, say=say)
        year.live(one.days, first)
    return year


def digest(year: Year) -> str:
    """The same for the same seed: all runs of jobs and how they ended, all that was seen."""
    house = year.house
    lines = [f"{one.job} {one.due} {one.ended and one.ended.exit_code}" for one in year.driver.ran]
    lines += [f"{one.at} {one.said}" for one in house.alarms]
    for name, witness in house.witnesses.items():
        lines += [f"{name} {what} {n}" for what, n in sorted(witness.tally.seen.items())]
    lines += [f"{name} {n}" for name, n in sorted(house.seen.items())]
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()[:16]


def _say(words: str) -> None:
    print(words, file=sys.stderr, flush=True)


def told(year: Year, asked: Wish, seconds: float) -> str:
    """What happened how often, what was promised, and how to see a failure again."""
    tally, verdicts, house = year.tally, year.verdicts, year.house
    jobs = Counter(kind_of(one.job) for one in year.driver.ran)
    unkept = promises.not_kept(year.driver.ran)
    hostile = {name: house.seen[name] for name in THINGS if name in house.seen}
    others = {
        name: n for name, n in sorted((tally.seen + house.seen).items()) if name not in hostile
    }
    lines = [
        (
            f"seed {asked.seed} · {asked.days} days from {asked.first} · {len(year.plan)} of them hostile"
            f" · Python {platform.python_version()} · {seconds:.0f} s of processor time"
        ),
        (
            f"{tally.changes:,} changes · {tally.noes:,} noes in CRMs · {tally.written:,} writes of ours"
            f" · {len(house.alarms):,} messages about alarms · {house.lives} lives"
        ),
        *_table("hostile things", hostile),
        *_table("what people did, and what came of it", others),
        *_table("runs of jobs", jobs | ({"that the store could not note": unkept} if unkept else {})),
        *_table("promises: how often each was looked at", {
            f"{name}: {'BROKEN ' + str(wrong) if wrong else 'held'}": verdicts.looked[name]
            for name in verdicts.looked
            for wrong in [verdicts.wrong[name]]
        }),
        "",
        f"digest {digest(year)}",
    ]  # fmt: skip
    if not verdicts.clean:
        lines += [*verdicts.told, f"again: {asked.command}"]
    return "\n".join(lines)


def _table(title: str, rows: Mapping[str, int]) -> list[str]:
    return ["", title, *(f"{n:9,}  {name}" for name, n in rows.items())]


if __name__ == "__main__":
    sys.exit(main())
