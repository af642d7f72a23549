"""Hostile histories, as many changes as wanted: `python -m soak [CHANGES] [SEED] [--places …]`.

Many lives, each of some thousand changes, on all processors; ends with 1 when anything was missed,
doubled or overwritten. A life that went wrong is told with its name and seed, and lived again by
`python -m soak --life salesforce:17`.
"""

from __future__ import annotations

import argparse
import os
import platform
import sys
import tempfile
import time
from concurrent.futures import ProcessPoolExecutor, as_completed
from pathlib import Path

from soak.life import PLACES, born
from soak.witness import Tally

from sync.logs import set_up

LIFE = 10_000
"""Changes of one life."""
QUICK = Path("/dev/shm")  # noqa: S108 - a disk in memory, where there is one: nothing has to last


def lived(name: str, seed: int, changes: int) -> tuple[str, int, Tally, float]:
    """One life in a folder of its own."""
    set_up("console", "error")
    began = time.process_time()
    with tempfile.TemporaryDirectory(dir=QUICK if QUICK.is_dir() else None) as folder:
        tally = born(name, seed, Path(folder)).live(changes)
    return name, seed, tally, time.process_time() - began


def shares(changes: int, places: list[str], seed: int) -> list[tuple[str, int, int]]:
    """The lives that make so many changes together: (place, seed, changes)."""
    lives = max(len(places), round(changes / LIFE))
    each = -(-changes // lives)
    return [(places[n % len(places)], seed + n // len(places), each) for n in range(lives)]


def main() -> int:
    """All lives, then what they came to."""
    parser = argparse.ArgumentParser(prog="python -m soak")
    parser.add_argument("changes", type=int, nargs="?", default=100_000)
    parser.add_argument("seed", type=int, nargs="?", default=1)
    parser.add_argument("--places", nargs="+", choices=PLACES, default=list(PLACES))
    parser.add_argument("--life", help="one life again: place:seed")
    parser.add_argument("--hands", type=int, default=os.cpu_count() or 1)
    asked = parser.parse_args()
    began, total, cpu = time.monotonic(), Tally(), 0.0
    by_place = {name: Tally() for name in asked.places}
    if asked.life:
        name, _, seed = asked.life.partition(":")
        *_, total, cpu = lived(name, int(seed), min(asked.changes, LIFE))
        by_place = {name: total}
        print(*total.told, sep="\n")
    else:
        with ProcessPoolExecutor(asked.hands) as hands:
            waiting = [
                hands.submit(lived, *one) for one in shares(asked.changes, asked.places, asked.seed)
            ]
            for done in as_completed(waiting):
                name, seed, tally, seconds = done.result()
                if not tally.clean:
                    print(f"{name}:{seed}", *tally.told, sep="\n  ", flush=True)
                by_place[name].add(tally)
                total.add(tally)
                cpu += seconds
    print(told(total, by_place, asked.seed, time.monotonic() - began, cpu))
    return not total.clean


def told(total: Tally, by_place: dict[str, Tally], seed: int, seconds: float, cpu: float) -> str:
    """The figures, and how often each hostile thing happened."""
    lines = [f"seed {seed} · Python {platform.python_version()} · {os.cpu_count()} processors"]
    for name, one in {**by_place, "together": total}.items():
        wrongs = " · ".join(f"{what} {many}" for what, many in one.wrongs.items())
        lines.append(
            f"{name:10} {one.changes:9,} changes · {one.noes:6,} opt-outs · {one.written:7,} writes"
            f" of ours · {one.passes:6,} passes · {wrongs} · put back {one.put_back}"
        )
    lines.append(
        f"{seconds:.0f} s, {cpu:.0f} s of processor time: {total.changes / max(seconds, 0.001):,.0f}"
        " changes a second"
    )
    lines += [f"{n:9,} {what}" for what, n in total.seen.most_common()]
    return "\n".join(lines)


if __name__ == "__main__":
    sys.exit(main())
