"""Dates and times in one written form: `2026-11-24`, `2026-11-24 10:30`, with a zone
`2026-11-24T10:30+01:00`. Spreadsheets and databases of every language read and sort these alike.

Read by the one reader of dates (`rules.moments`), so that what the ledger takes from a cell is the
same before and after. Not whether a date makes sense in its field: that the next action lies in the
past is said elsewhere, by who knows what day it is.
"""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, time, timedelta, timezone
from typing import Final
from zoneinfo import ZoneInfo

from rules import moments
from rules.changes import Severity
from rules.formats.cells import kept, nothing, spelled, trimmed, unshielded
from rules.formats.formatted import Formatted
from rules.moments import WINDOW, Fault, Moment, Way

VERSION = 1

COPENHAGEN: Final = ZoneInfo("Europe/Copenhagen")
"""Where a time without a zone was written."""

_DAY = (
    r"(?:19(?:7[1-9]|[89][0-9])|20[0-6][0-9])-"
    r"(?:(?:0[1-9]|1[0-2])-(?:0[1-9]|1[0-9]|2[0-8])|(?:0[13-9]|1[0-2])-(?:29|30)"
    r"|(?:0[13578]|1[02])-31)"
)
_CLOCK = r"(?:[01][0-9]|2[0-3]):[0-5][0-9]"
_PART = r"(?:\.[0-9]{1,9})?"
_SETTLED_DAY = re.compile(_DAY)
_ZONE = r"(?:Z|[+-](?:0[0-9]|1[0-3]):?[0-5][0-9])"
# Sundays in which the clock is changed, from two to three: these are looked at closely.
_CHANGE = r"(?![0-9]{4}-(?:03|10)-(?:2[5-9]|3[01]) 02)"
_SETTLED = re.compile(
    rf"{_CHANGE}{_DAY}(?:T{_CLOCK}(?::[0-5][0-9]{_PART})?{_ZONE}| {_CLOCK}(?::[0-5][0-9])?)?"
)
_REASONS: Final = {
    Way.PLAIN: "reason.date.iso",
    Way.EITHER: "reason.date.day_first",
    Way.SERIAL: "reason.date.serial",
    Way.SECONDS: "reason.date.seconds",
}


def settled_day(text: str) -> bool:
    """A quick look: True only when `day(text)` would leave the cell alone and say nothing."""
    return _SETTLED_DAY.fullmatch(text) is not None


def day(text: str) -> Formatted:
    """A date as `2026-11-24`, from Danish, ISO or English writing or a spreadsheet's day number.

    Day before month by rule. Two digits of a year mean 1970 to 2069. A time of day is dropped only
    when it is midnight; another stays, with a finding, as does what names no day, or no day that
    exists. Total, idempotent.
    """
    return Formatted(text) if settled_day(text) else unsettled_day(text)


def unsettled_day(text: str) -> Formatted:
    """`day` without its quick look, for who has looked already."""
    moment = _read(text)
    if isinstance(moment, Formatted):
        return moment
    there = moment.day if moment.clock is None else _of_midnight(moment)
    if there is None:
        return kept(text, "date_with_time", Severity.NOTICE)
    return _written(text, there.isoformat(), moment)


def settled(text: str) -> bool:
    """A quick look: True only when `stamp(text)` would leave the cell alone and say nothing."""
    return _SETTLED.fullmatch(text) is not None


def stamp(text: str) -> Formatted:
    """A date, with its time if it has one: `2026-11-24 10:30`, as exact as it was written.

    A time without a zone is Danish time: the hour that summer time skips and the one that winter
    time repeats stay, with a finding. A zone that is written stays: `2026-11-24T10:30+01:00`.
    Total, idempotent.
    """
    return Formatted(text) if settled(text) else unsettled(text)


def unsettled(text: str) -> Formatted:
    """`stamp` without its quick look, for who has looked already."""
    moment = _read(text)
    return moment if isinstance(moment, Formatted) else _stamped(text, moment)


def evidence(text: str) -> Formatted:
    """`stamp` for dates that prove something: only the writing changes, never what it can mean.

    What can be read month first, too, stays, with a finding. Total, idempotent.
    """
    return Formatted(text) if settled(text) else unsettled_evidence(text)


def unsettled_evidence(text: str) -> Formatted:
    """`evidence` without its quick look, for who has looked already."""
    moment = _read(text)
    if isinstance(moment, Formatted):
        return moment
    if moment.way is Way.EITHER:
        return kept(text, "date_either_way")
    return _stamped(text, moment)


def _read(text: str) -> Moment | Formatted:
    """The moment in the cell, or the verdict on a cell without one that is sure and likely."""
    empty = nothing(text)
    if empty is not None:
        return empty
    moment = moments.read(unshielded(trimmed(text)))
    if isinstance(moment, Fault):
        return kept(text, moment.value)
    if moment.way is Way.MONTH_FIRST:
        return kept(text, "date_month_first", suggestion=moment.day.isoformat())
    if moment.day.year not in WINDOW:
        return kept(text, "date_far")
    return moment


def _written(text: str, value: str, moment: Moment) -> Formatted:
    return spelled(value, "" if value == text else _REASONS[moment.way])


def _of_midnight(moment: Moment) -> date | None:
    """The day that begins with the moment, where it was written or in Denmark; None: none does."""
    if moment.clock == time():
        return moment.day
    if moment.clock is None or moment.offset is None:
        return None
    local = _utc(moment.day, moment.clock, moment.offset).astimezone(COPENHAGEN)
    return local.date() if local.time() == time() else None


def _utc(there: date, clock: time, offset: timedelta) -> datetime:
    return (datetime.combine(there, clock) - offset).replace(tzinfo=UTC)


def _stamped(text: str, moment: Moment) -> Formatted:
    bare = trimmed(text)
    if settled(bare):  # as a program writes it: `.000+0000` is as good as `Z`
        return _written(text, bare, moment)
    if moment.clock is None:
        return _written(text, moment.day.isoformat(), moment)
    if moment.way is Way.SECONDS:
        local = _utc(moment.day, moment.clock, timedelta(0)).astimezone(COPENHAGEN)
    elif moment.offset is not None:
        local = datetime.combine(moment.day, moment.clock, timezone(moment.offset))
    else:
        return _danish(text, moment, datetime.combine(moment.day, moment.clock))
    return _written(text, local.isoformat("T", _exact(moment)).replace("+00:00", "Z"), moment)


def _danish(text: str, moment: Moment, local: datetime) -> Formatted:
    """A time without a zone, unless the clock was changed across it."""
    here = local.replace(tzinfo=COPENHAGEN)
    if here.utcoffset() == here.replace(fold=1).utcoffset():
        return _written(text, local.isoformat(" ", _exact(moment)), moment)
    back = here.astimezone(UTC).astimezone(COPENHAGEN)
    skipped = back.replace(tzinfo=None) != local
    return kept(text, "date_hour_skipped" if skipped else "date_hour_twice")


def _exact(moment: Moment) -> str:
    if moment.clock and moment.clock.microsecond:
        return "microseconds"
    return "seconds" if moment.exact else "minutes"
