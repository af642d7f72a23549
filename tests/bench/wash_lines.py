"""The lines about lists that are let go and single questions; the work is done in washing.py."""

from __future__ import annotations

import json
import shutil
import sys
from collections.abc import Iterator
from typing import Final

from lines import HERE, ROOT, Bench, Goal, Line
from processes import used_by

ENTRIES_EACH: Final = 5
"""Five million entries on the list of noes beside a million rows that are washed."""


def washing(bench: Bench) -> Iterator[Line]:
    """A list with phone and e-mail washed and written; a question beside one raw look-up."""
    folder = bench.folder / "washing"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    entries = bench.rows * ENTRIES_EACH
    used = used_by((sys.executable, HERE / "washing.py", bench.rows, entries, folder), cwd=ROOT)
    found = json.loads(used.output)
    rate, theirs = bench.rows / found["wash"], bench.rows / found["keys_and_hashes"]
    told = f"{rate:,.0f} rows/s, {used.largest / 1e6:.0f} MB"
    alone = "finding the keys in the same cells and hashing them"
    yield Line("list washed", told, alone, f"{theirs:,.0f} rows/s", rate / theirs, Goal(0.3))
    bare = bench.rows / found["hashes"]
    told = f"{rate:,.0f} rows/s"
    yield Line("  the same", told, "hashing two keys a row", f"{bare:,.0f} rows/s", rate / bare)
    raw = f"look-up by number in the same file, {entries:,} entries"
    one = f"{1e6 * found['look_up'] / found['questions']:.1f} µs"
    for name, what in (("free", "who is not on the list"), ("barred", "who is")):
        ours = f"{1e6 * found[name] / found['questions']:.1f} µs"
        ratio = found[name] / found["look_up"]
        yield Line(f"one question, {what}", ours, raw, one, ratio, Goal(most=5))
    shutil.rmtree(folder)
