"""Hostile histories, as many changes as wanted: `python -m soak [CHANGES] [SEED] [--places …]`.

Many lives, each of some thousand changes, on all processors; ends with 1 when anything was missed,
doubled, overwritten or lost. A life that went wrong is told with its name and seed, and lived again
by `python -m soak --life salesforce:17`. With `--kept FILE` a soak that was killed goes on where it was.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import os
import platform
import sys
import time
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Final

from soak.life import PLACES
from soak.lives import LIFE, Share, code, lived, shares
from soak.witness import Tally

HOSTILE: Final = {
    "imports": ("edited at one stroke", "flags cleared by an import", "old copy imported"),
    "merges": ("merge",),
    "conversions": ("converted",),
    "deletes": ("deleted", "erased for good"),
    "re-creates": ("entered again", "made anew", "restore"),
    "number changes": ("number changed",),
    "lives with a wrong clock": ("our clock is wrong", "their clock is wrong"),
    "flags of ours cleared by rivals": ("flag of ours cleared by a rival",),
}
"""What has to happen in a soak of all places, and by which names it is counted."""
WORDS: Final = {"lifted": "lifted without consent"}
SURE_OF_ALL: Final = 100_000
"""Changes of which none of these may be lacking."""


@dataclass
class Soak:
    """Many lives: what came of them so far, on the terminal and in a file that outlives a kill."""

    wanted: int
    kept: Path | None
    began: float = field(default_factory=time.monotonic)
    by_place: dict[str, Tally] = field(default_factory=dict)
    total: Tally = field(default_factory=Tally)
    cpu: float = 0.0
    most: int = 0
    before: int = 0
    """Changes that an earlier process had lived."""
    code: str = field(default_factory=code)

    def go_on(self, todo: list[Share]) -> list[Share]:
        """Take over what was lived before; the lives that are left."""
        if self.kept is None or not self.kept.exists():
            return todo
        for line in self.kept.read_text().splitlines():
            told = json.loads(line)
            one = Share(**told["share"])
            if one in todo and told["code"] == self.code:
                todo.remove(one)
                self._add(one, Tally.of(told["tally"]), told["seconds"], told["megabytes"])
        self.before = self.total.changes
        return todo

    @property
    def hostile(self) -> dict[str, int]:
        """How often each thing happened that has to."""
        seen = self.total.seen
        return {what: sum(seen[name] for name in names) for what, names in HOSTILE.items()}

    @property
    def holds(self) -> bool:
        """Whether nothing went wrong, and nothing was lacking that could have."""
        whole = self.by_place.keys() == PLACES.keys() and self.total.changes >= SURE_OF_ALL
        return self.total.clean and (all(self.hostile.values()) or not whole)

    def take(self, one: Share, tally: Tally, seconds: float, megabytes: int) -> None:
        """A life has ended."""
        self._add(one, tally, seconds, megabytes)
        if not tally.clean:
            print(f"{one.place}:{one.seed}", *tally.told, sep="\n  ", flush=True)
        if self.kept:
            told = {"share": asdict(one), "tally": tally.told_as(), "code": self.code}
            self.kept.parent.mkdir(parents=True, exist_ok=True)
            with self.kept.open("a") as file:
                file.write(json.dumps({**told, "seconds": seconds, "megabytes": megabytes}) + "\n")
        print(self._progress(), flush=True)

    def _add(self, one: Share, tally: Tally, seconds: float, megabytes: int) -> None:
        self.by_place.setdefault(one.place, Tally()).add(tally)
        self.total.add(tally)
        self.cpu += seconds
        self.most = max(self.most, megabytes)

    def _progress(self) -> str:
        rate = (self.total.changes - self.before) / max(time.monotonic() - self.began, 0.001)
        left = max(self.wanted - self.total.changes, 0) / max(rate, 0.001)
        wrongs = sum(self.total.wrongs.values())
        return (
            f"{self.total.changes:9,} of {self.wanted:,} changes · {rate:,.0f} a second ·"
            f" {left / 60:,.0f} min left · {self.most} MB at most · {wrongs} wrong"
        )


def main() -> int:
    """All lives, then what they came to."""
    parser = argparse.ArgumentParser(prog="python -m soak")
    parser.add_argument("changes", type=int, nargs="?", default=100_000)
    parser.add_argument("seed", type=int, nargs="?", default=1)
    parser.add_argument("--places", nargs="+", choices=PLACES, default=list(PLACES))
    parser.add_argument("--life", help="one life again: place:seed")
    parser.add_argument("--hands", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--kept", type=Path, help="a file of what was lived, to go on from")
    asked = parser.parse_args()
    todo = shares(asked.changes, asked.places, asked.seed)
    if asked.life:
        name, _, seed = asked.life.partition(":")
        todo = [Share(name, int(seed), min(asked.changes, LIFE))]
    soak = Soak(sum(one.changes for one in todo), asked.kept)
    todo = soak.go_on(todo)
    # A worker of its own for each life: what one leaves behind in memory is not the next one's.
    how = multiprocessing.get_context("forkserver")
    how.set_forkserver_preload(["soak.lives"])
    with ProcessPoolExecutor(asked.hands, how, max_tasks_per_child=1) as hands:
        for done in as_completed([hands.submit(lived, one) for one in todo]):
            soak.take(*done.result())
    print(told(soak, asked.seed))
    if asked.kept and asked.kept.exists():
        asked.kept.unlink()
    return not soak.holds


def told(soak: Soak, seed: int) -> str:
    """The figures, and how often each hostile thing happened."""
    seconds, total = time.monotonic() - soak.began, soak.total
    lines = [f"seed {seed} · Python {platform.python_version()} · {os.cpu_count()} processors"]
    for name, one in {**soak.by_place, "together": total}.items():
        wrongs = " · ".join(f"{WORDS.get(what, what)}: {n}" for what, n in one.wrongs.items())
        lines.append(
            f"{name:10} {one.changes:9,} changes · {one.noes:6,} opt-outs · {one.written:7,} writes"
            f" of ours · {one.passes:6,} passes · {wrongs} · put back: {one.put_back}"
        )
    lines.append(
        f"{seconds:.0f} s, {soak.cpu:.0f} s of processor time: {total.changes / soak.cpu:,.0f}"
        f" changes a second of it; {soak.most} MB at most in one process"
    )
    lines.append(" · ".join(f"{what}: {n:,}" for what, n in soak.hostile.items()))
    lines += [f"{n:9,} {what}" for what, n in total.seen.most_common()]
    return "\n".join(lines)


if __name__ == "__main__":
    sys.exit(main())
