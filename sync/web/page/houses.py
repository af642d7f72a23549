"""Several installations on one page: one for each customer."""

from __future__ import annotations

from typing import Final

from rules.rights import Right
from sync.service import houses
from sync.service.status import Level
from sync.web.memory import houses as asked_lately
from sync.web.page.asked import Answered, Asked, Shown

_TONES: Final = {
    Level.OK: "good",
    Level.WARNING: "warning",
    Level.CRITICAL: "error",
    Level.UNKNOWN: "notice",
}


def listed(asked: Asked) -> Answered:
    """`sync houses`."""
    found = asked_lately(asked.app, asked.memory)
    rows = [(one, _TONES[one.level], houses.cells(one, asked.texts)) for one in found]
    order = (Level.CRITICAL, Level.UNKNOWN, Level.WARNING, Level.OK)
    rows.sort(key=lambda row: (order.index(row[0].level), row[0].name))
    return Shown("houses", {"rows": rows, "columns": houses.COLUMNS})


PLACES: Final = (("GET", "/houses", Right.LOOK, listed),)
