"""The lines about the API; the work is done in asking.py."""

from __future__ import annotations

import json
import shutil
import sys
from collections.abc import Iterator

from lines import HERE, ROOT, Bench, Goal, Line
from processes import used_by


def http(bench: Bench) -> Iterator[Line]:
    """One question over HTTP beside an empty route of the same server."""
    folder = bench.folder / "asking"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    used = used_by((sys.executable, HERE / "asking.py", bench.rows, folder), cwd=ROOT)
    found = json.loads(used.output)
    each = {name: 1e6 * found[name] / found["questions"] for name in ("empty", "free", "barred")}
    empty = f"{each['empty']:.0f} µs"
    against = f"an empty route of the same server, {bench.rows:,} entries"
    for name, what in (("free", "who is not on the list"), ("barred", "who is")):
        ratio = each[name] / each["empty"]
        told = f"{each[name]:.0f} µs"
        yield Line(f"HTTP check, {what}", told, against, empty, ratio, Goal(most=3))
    shutil.rmtree(folder)
