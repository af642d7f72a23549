"""Lives that can be lived in any process, in any order, and once more: each by its place and seed."""

from __future__ import annotations

import hashlib
import resource
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

from soak.life import born
from soak.witness import Tally

from sync.logs import set_up

LIFE = 5_000
"""Changes of one life."""
QUICK = Path("/dev/shm")  # noqa: S108 - a disk in memory, where there is one: nothing has to last
MEGA = 1024  # ru_maxrss counts kilobytes


@dataclass(frozen=True, slots=True)
class Share:
    """One life: the same each time it is lived."""

    place: str
    seed: int
    changes: int


def lived(one: Share) -> tuple[Share, Tally, float, int]:
    """One life in a folder of its own; seconds of processor time, megabytes at most so far."""
    set_up("console", "error")
    began = time.process_time()
    with tempfile.TemporaryDirectory(dir=QUICK if QUICK.is_dir() else None) as folder:
        tally = born(one.place, one.seed, Path(folder)).live(one.changes)
    most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // MEGA
    return one, tally, time.process_time() - began, most


def code() -> str:
    """What the program and its judge consist of: what was lived with others is lived once more."""
    top = Path(__file__).parents[2]
    folders = ("rules", "connectors", "state", "sync", "tests/simulators", "tests/soak")
    digest = hashlib.sha256()
    for path in sorted(path for name in folders for path in (top / name).rglob("*.py")):
        digest.update(path.read_bytes())
    return digest.hexdigest()[:16]


def shares(changes: int, places: list[str], seed: int) -> list[Share]:
    """The lives that make so many changes together."""
    lives = max(len(places), round(changes / LIFE))
    each = -(-changes // lives)
    return [Share(places[n % len(places)], seed + n // len(places), each) for n in range(lives)]
