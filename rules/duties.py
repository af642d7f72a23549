"""Duties: whose a finding is to mend, and by when (R100).

A finding belongs to the owner of its field and is due by its severity, unless the table
`duties` says otherwise for its code, or the settings do.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from functools import cache
from typing import Final

from rules import tables
from rules.call_days import next_call_day
from rules.catalogue import DEFAULT, Catalogue
from rules.changes import Severity

TABLE: Final = "duties"
CALL_DAY: Final = "call_day"
BY_SEVERITY: Final = {Severity.ERROR: 1, Severity.WARNING: 7, Severity.NOTICE: 30}
NOBODY_ELSE: Final = "research"
"""Who looks after a list when nobody else is named."""


@cache
def _table() -> Mapping[str, tuple[str, str]]:
    return {row["code"]: (row["owner"], row["due"]) for row in tables.rows(TABLE)}


@dataclass(frozen=True, slots=True)
class Duties:
    """The owners and terms in force. `days` and `owners` are the settings', by code."""

    catalogue: Catalogue = DEFAULT
    days: Mapping[str, int] = field(default_factory=dict)
    owners: Mapping[str, str] = field(default_factory=dict)

    def owner(self, code: str, name: str | None = None) -> str:
        """One of `rules.fields.field.OWNERS`; `name` is the finding's field."""
        own, _ = _table().get(code, ("", ""))
        row = self.catalogue.get(name) if name else None
        return self.owners.get(code) or own or (row.owner if row else NOBODY_ELSE)

    def due(self, code: str, severity: Severity, seen: date) -> date:
        """The last day on which it is mended in time, when it was first seen on the day `seen`."""
        if code in self.days:
            return seen + timedelta(days=self.days[code])
        _, term = _table().get(code, ("", ""))
        if term == CALL_DAY:
            return next_call_day(seen)
        return seen + timedelta(days=int(term) if term else BY_SEVERITY[severity])


USUAL: Final = Duties()
