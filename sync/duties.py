"""Whose findings are to mend, and by when, as this installation has it."""

from __future__ import annotations

from datetime import date, datetime

from rules.changes import Finding
from rules.duties import Duties
from rules.spans import COPENHAGEN


def day_in_denmark(at: datetime) -> date:
    """The day on which something happened."""
    return at.astimezone(COPENHAGEN).date()


def due_of(finding: Finding, first_seen_at: datetime, duties: Duties) -> date:
    """The last day on which a finding is mended in time."""
    return duties.due(finding.code, finding.severity, day_in_denmark(first_seen_at))
