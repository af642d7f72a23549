"""Data age (R25): when somebody last made sure that a record is right.

A list tells the day of the last check for the whole record, so it is the age of all its fields.
At entry only that day counts; a record that is to be called must be fresh in each of its fields,
and some of them go stale sooner than others: protection against advertising, company status.
"""

from __future__ import annotations

from datetime import date, timedelta
from typing import Final

from rules.catalogue import Catalogue
from rules.changes import Severity
from rules.checks.desk import Check, Desk
from rules.fields.field import PARTIES, Moment
from rules.records import Kind
from rules.suppression import Channel

CHECKED: Final = "data_checked_at"
_TO_CALL: Final = frozenset({Channel.ALL, Channel.CALL})

Lives = tuple[tuple[str, int], ...]
"""(field, days that it stays fresh), the shortest first."""


def freshness(kind: Kind, mapped: frozenset[str], catalogue: Catalogue) -> Check | None:
    """Whether the record was ever checked, and not too long ago."""
    row = catalogue.get(CHECKED)
    if kind not in PARTIES or CHECKED not in mapped or row is None or row.max_age_days is None:
        return None
    whole = ((CHECKED, row.max_age_days),)
    each = _lives(kind, mapped, catalogue)

    def check(desk: Desk) -> None:
        day, today = desk.day(CHECKED), desk.terms.today
        if not desk.text(CHECKED):
            if CHECKED not in desk.told:
                desk.note("data_never_checked", Severity.NOTICE, CHECKED)
        elif day is not None and today is not None:
            _age(desk, day, today, whole if desk.moment is Moment.ENTRY else each)

    return check


def _lives(kind: Kind, mapped: frozenset[str], catalogue: Catalogue) -> Lives:
    own = (row for row in catalogue.for_kind(kind) if row.name in mapped and kind in row.home)
    aged = [(row.name, row.max_age_days) for row in own if row.max_age_days is not None]
    return tuple(sorted(aged, key=lambda one: one[1]))


def _age(desk: Desk, day: date, today: date, lives: Lives) -> None:
    if day > today:
        desk.note("checked_in_future", Severity.NOTICE, CHECKED, date=day.isoformat())
        desk.again(day)
        return
    if desk.moment is not Moment.ENTRY and desk.refuses() & _TO_CALL:
        lives = tuple(life for life in lives if life[0] == CHECKED)
    age = (today - day).days
    old = [name for name, days in lives if age > days and desk.text(name)]
    for name, days in lives:
        if age <= days and desk.text(name):
            desk.again(day + timedelta(days=days + 1))
            break
    if old:
        _tell(desk, day, old)


def _tell(desk: Desk, day: date, old: list[str]) -> None:
    if CHECKED in old:
        desk.note("data_stale", desk.weighed(), CHECKED, date=day.isoformat())
    else:
        fields = ", ".join(old)
        desk.note("fields_stale", Severity.WARNING, CHECKED, date=day.isoformat(), fields=fields)
