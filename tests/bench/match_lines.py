"""The lines about recognising companies; the work is done in tests/known_companies.py."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from typing import Any, Final

from lines import ROOT, Bench, Goal, Line
from processes import used_by

LARGE_SHARE, SMALL_SHARE = 2, 100
"""Of a million rows, half a million companies and ten thousand."""
FEWEST: Final = 1000


def matching(bench: Bench) -> Iterator[Line]:
    """How many of the records about known companies are recognised, and that more take no more room."""
    large, room = _measured(max(FEWEST, bench.rows // LARGE_SHARE))
    _, least = _measured(max(FEWEST, bench.rows // SMALL_SHARE))
    truth = f"the truth, {large['records']:,} records"
    told = f"{large['wrong']:,} wrong"
    yield Line("companies: precision", told, truth, "none", large["precision"], Goal(0.99))
    told = f"{large['lost']:,} lost"
    yield Line("companies: found", told, truth, "none", large["recall"], Goal(0.97))
    told = f"{large['shown']:,} put before a person"
    yield Line("  without a person", told, truth, "none", large["alone"])
    ours, theirs = f"{room / 1e6:.0f} MB", f"{least / 1e6:.0f} MB"
    yield Line(
        "companies: memory", ours, "a fiftieth of them", theirs, room / least, Goal(most=1.2)
    )


def _measured(companies: int) -> tuple[dict[str, Any], int]:
    """The figures, and the peak of memory in bytes."""
    script = ROOT / "tests" / "known_companies.py"
    command = (sys.executable, script, "--json", "--companies", str(companies))
    used = used_by(command, cwd=ROOT, expected=(0, 1))
    return json.loads(used.output), used.largest
