"""The lines about the daily comparison of two whole lists; they are made in verifying.py."""

from __future__ import annotations

import json
import shutil
import sys
from collections.abc import Iterator

from lines import HERE, ROOT, SYNC, Bench, Goal, Line
from processes import Used, used_by


def verification(bench: Bench) -> Iterator[Line]:
    """Our list and a dialer's, of a million numbers each: compared whole, in memory that does not grow."""
    small, large = (_compared(bench, entries) for entries in (bench.rows // 10, bench.rows))
    ours = f"{large.largest / 1e6:.0f} MB, {large.cpu:.0f} s of CPU"
    against = f"lists of {bench.rows // 10:,}"
    theirs = f"{small.largest / 1e6:.0f} MB, {small.cpu:.0f} s"
    ratio, goal = large.largest / small.largest, Goal(most=1.15)
    yield Line(f"verification, two lists of {bench.rows:,}", ours, against, theirs, ratio, goal)


def _compared(bench: Bench, entries: int) -> Used:
    """The second comparison: the first has confirmed every entry by its number in the file."""
    folder = bench.folder / "verifying"
    shutil.rmtree(folder, ignore_errors=True)
    used_by((sys.executable, HERE / "verifying.py", entries, folder), cwd=ROOT)
    verify = (*SYNC, "suppression", "verify", "--settings", folder / "settings.toml")
    asked = (*verify, "--state", folder / "state", "--lang", "en", "--json")
    used_by(asked, cwd=folder)
    used = used_by(asked, cwd=folder)
    told = json.loads(used.output)["systems"]["files"]
    assert (told["verdict"], told["shown"], told["missing"]) == ("green", entries, 0), told
    shutil.rmtree(folder)
    return used
