"""Contact attempts (R75): who was contacted when, by which channel, with which outcome; no free text.

A row of a call log in the form in which it is kept, held against the list, and counted. What the
log does not say stays unknown: a call without a time, without a number, without a direction.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from functools import cache
from typing import Final
from zoneinfo import ZoneInfo

from rules import spans
from rules.fields.choices import DIRECTION, OUTCOME
from rules.formats.choices import Picklist
from rules.keys import Key, KeyKind, keys_in
from rules.opt_out_words import named_channels
from rules.records import ABSENT, Kind, Record, Ref, Value
from rules.spans import COPENHAGEN, Span
from rules.suppression import SINGLE_CHANNELS, Channel


class Direction(StrEnum):
    """Who called whom. `UNCLEAR`: the log tells of others, and not, or not readably, of this one."""

    OUTBOUND = "outbound"
    INBOUND = "inbound"
    UNCLEAR = "unclear"


@dataclass(frozen=True, slots=True)
class Attempt:
    """One contact attempt. `span` is when it began, None when the log does not say.

    `numbers` are what was called or written to, several where the cell holds several. `contact` is the id of the person's record
    as the log has it. `by_hand` is whether it was dialled outside of any list; None: nobody says.
    """

    ref: Ref
    channel: Channel
    span: Span | None
    seconds: int
    direction: Direction
    numbers: tuple[Key, ...]
    contact: str
    agent: str
    call_list: str
    outcome: str
    by_hand: bool | None


RECIPIENT: Final = "recipient"
"""The field of a log of mail that holds whom it went to. It is no field of the catalogue: nobody cleans
it, and nobody is known by it."""
OPTED_OUT: Final = "opt_out"
"""The outcome of a call on which the other side said no to further ones."""
CALL_BACK: Final = "call_back"
_LISTS: Final = ("call_list", "campaign")
_MOST_SECONDS: Final = 24 * 60 * 60


def attempt(record: Record, region: str = "DK", zone: ZoneInfo = COPENHAGEN) -> Attempt | None:
    """The contact attempt that a record tells of; None for records of another kind. Total."""
    if record.ref.kind is not Kind.CALL:
        return None
    values = record.values
    channel = channel_of(values)
    number = text(values, RECIPIENT if channel is Channel.EMAIL else "called_number")
    kind = KeyKind.EMAIL if channel is Channel.EMAIL else KeyKind.PHONE
    lists = [text(values, name) for name in _LISTS]
    return Attempt(
        ref=record.ref,
        channel=channel,
        span=began(text(values, "started_at"), zone),
        seconds=_seconds(text(values, "duration_seconds")),
        direction=direction_of(values),
        numbers=keys_in(kind, number, region) if number else (),
        contact=text(values, "contact_ref"),
        agent=text(values, "agent"),
        call_list=lists[0] or lists[1],
        outcome=_outcomes().value(text(values, "outcome")),
        by_hand=None if _unasked(values, _LISTS) else not any(lists),
    )


def channel_of(values: Mapping[str, Value]) -> Channel:
    """How somebody was contacted: a log that does not speak of it is a log of calls."""
    named = named_channels(text(values, "channel"))
    return named[0] if len(named) == 1 and named[0] in SINGLE_CHANNELS else Channel.CALL


def text(values: Mapping[str, Value], name: str) -> str:
    """A field's text without blanks around it; empty when there is none."""
    value = values.get(name)
    return value.strip() if isinstance(value, str) else ""


def _unasked(values: Mapping[str, Value], names: tuple[str, ...]) -> bool:
    """Whether the log has none of these columns at all."""
    return all(values.get(name, ABSENT) is ABSENT for name in names)


def direction_of(values: Mapping[str, Value]) -> Direction:
    """A log that never speaks of directions is that of a dialer, which calls out."""
    if _unasked(values, ("direction",)):
        return Direction.OUTBOUND
    said = _directions().value(text(values, "direction"))
    return Direction(said) if said else Direction.UNCLEAR


def _seconds(said: str) -> int:
    """How long it took; 0 when nobody says, or what is said cannot be."""
    whole = said.partition(".")[0].partition(",")[0]
    number = int(whole) if whole.isascii() and whole.isdigit() and len(whole) < 9 else 0
    return number if number <= _MOST_SECONDS else 0


@cache
def _outcomes() -> Picklist:
    return Picklist(OUTCOME, closed=True)


@cache
def _directions() -> Picklist:
    return Picklist(DIRECTION, closed=True)


# --- when ------------------------------------------------------------------------------------

_USUAL: Final = re.compile(
    r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(?:\.\d{3}(?:\d{3})?)?(?P<zone>Z|\+00:00)?", re.ASCII
)
_SECOND: Final = timedelta(seconds=1) - timedelta(microseconds=1)
_TURNING: Final = frozenset({3, 10})
"""Months with an hour that is not there, or there twice."""


def began(said: str, zone: ZoneInfo = COPENHAGEN) -> Span | None:
    """As `spans.read`, with a quick way for how programs write moments: logs are long."""
    found = _USUAL.fullmatch(said)
    if not found:
        return spans.read(said, zone) if said else None
    try:
        moment = datetime.fromisoformat(said).replace(microsecond=0)
    except ValueError:
        return None
    if found["zone"] is None:
        if moment.month in _TURNING:
            # The slow way knows of the hours when clocks are turned.
            return spans.read(said, zone)
        moment = moment.replace(tzinfo=zone).astimezone(UTC)
    return Span(moment, moment + _SECOND) if moment > spans.EARLIEST else None
