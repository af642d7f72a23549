"""The day on which a company was last checked (R25), as its record outside shows it.

Our store knows when a source last confirmed a company; the record need not be told each night. It is
told together with another change, or when its own day is a month behind: so a fact that must not be
older than a month is never older because of us.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from typing import Final

from rules import spans
from rules.changes import Change
from rules.checks.freshness import CHECKED
from rules.enrichment.policy import RULE
from rules.records import ABSENT, Value

BEHIND: Final = timedelta(days=30)
SOURCE: Final = "system"
_REASON: Final = "reason.data_checked"


def dated(
    values: Mapping[str, Value], changes: Sequence[Change], checked: date
) -> tuple[tuple[Change, ...], date | None]:
    """The changes with the day of the check, and when to look again although nothing changes.

    `values` are the record's as they stand outside, `changes` what is to be written anyway.
    """
    stands = values.get(CHECKED, ABSENT)
    if stands is ABSENT:
        return tuple(changes), None
    day = _day(stands)
    if day is not None and day >= checked:
        return tuple(changes), day + BEHIND + timedelta(days=1)
    if not changes and day is not None and checked - day <= BEHIND:
        return (), day + BEHIND + timedelta(days=1)
    told = Change(CHECKED, stands, checked.isoformat(), RULE, SOURCE, _REASON)
    return (*(one for one in changes if one.field != CHECKED), told), None


def _day(text: str | None) -> date | None:
    """Where a text may be two days, the earlier one."""
    span = spans.read(text) if text else None
    start = span.start if span else None
    return start.astimezone(spans.COPENHAGEN).date() if start else None
