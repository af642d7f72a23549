"""The lines about the page: each of its pages over a large installation, beside a small one."""

from __future__ import annotations

import json
import shutil
import sys
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import Final

from lines import HERE, ROOT, Bench, Goal, Line
from processes import used_by

FEW: Final = 1_000
SHARE: Final = 10
"""One finding to so many records, as far as the size goes."""


def pages(bench: Bench) -> Iterator[Line]:
    """The worst ratio first; every page that is over the goal is named."""
    large, small = (_viewed(bench, name, rows) for name, rows in
                    (("pages-large", bench.rows), ("pages-small", min(FEW, bench.rows // 3))))  # fmt: skip
    each = {path: large["seconds"][path] / small["seconds"][path] for path in large["seconds"]}
    against = f"{small['records']:,} records, {small['findings']:,} findings"
    size = f"{large['records']:,} records, {large['findings']:,} findings"
    for path, ratio in sorted(each.items(), key=lambda one: -one[1]):
        ours, theirs = (1000 * one["seconds"][path] for one in (large, small))
        yield Line(
            f"page {path}",
            f"{ours:.1f} ms, {size}",
            against,
            f"{theirs:.1f} ms",
            ratio,
            Goal(most=3),
        )


def _viewed(bench: Bench, name: str, rows: int) -> dict[str, dict[str, float]]:
    folder: Path = bench.folder / name
    shutil.rmtree(folder, ignore_errors=True)
    (folder / "lists").mkdir(parents=True)
    with (
        bench.large.open(encoding="utf-8") as whole,
        (folder / "lists" / "people.csv").open("w") as some,
    ):
        some.writelines(islice(whole, rows + 1))
    command = (sys.executable, HERE / "page_views.py", folder, str(2 * bench.repeat + 1))
    found: dict[str, dict[str, float]] = json.loads(
        used_by(command, cwd=ROOT).output.splitlines()[-1]
    )
    shutil.rmtree(folder)
    return found
