"""What one record adds to the key figures, packed into one small number that the store can count.

    bits 0-1    its phone: none, of no use, of use once repaired, can be dialled as it stands
    bits 2-7    consent to calls, e-mail, SMS: two bits each, as `Consent`
    bits 8-10   lawful basis, its place in the picklist counted from 1; 7: something else stands there
    bit 11      title and function are both filled as it stands
    bit 12      and both once repaired
    bits 13-17  a call's outcome, its place in the picklist counted from 1; 31: something else
    bit 18      the call came in
    bits 19-33  the day of the last data check, in days since 2000-01-01, counted from 1

Records of one kind with the same number count alike, so a million records are a few hundred counts.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from datetime import date, timedelta
from enum import IntEnum
from functools import lru_cache
from typing import Final, NamedTuple

from rules import spans
from rules.fields.choices import DIRECTION, LAWFUL_BASIS, OUTCOME
from rules.fields.field import Choice
from rules.folding import fold
from rules.opt_out_words import ConsentMeaning, consent_meaning
from rules.records import ABSENT, Kind, Value

Values = Mapping[str, Value]

CHANNELS: Final = ("call", "email", "sms")
VERSION: Final = 1
"""Rises whenever the same record may get another number."""

_EPOCH: Final = date(2000, 1, 1)
_DAY: Final = 19
_LAST_DAY: Final = (1 << 15) - 1
_OTHER_BASIS: Final = 7
_OTHER_OUTCOME: Final = 31
_PHONES: Final = {
    Kind.CALL: ("called_number",),
    Kind.COMPANY: ("main_phone", "other_phone"),
    Kind.CONTACT: ("direct_phone", "other_phone", "main_phone"),
    Kind.LEAD: ("direct_phone", "other_phone", "main_phone"),
}
# What a dialer and a finger on a keypad understand: one number, nothing but signs between digits.
_DIALLED: Final = re.compile(r"\+?\d(?:[ .\-()/]{0,2}\d){7,14}", re.ASCII)


class Phone(IntEnum):
    """The best number of a record."""

    NONE = 0
    USELESS = 1
    REPAIRED = 2
    DIALLED = 3


class Consent(IntEnum):
    """What a record says of one channel. A yes without date or source is not documented (R22)."""

    NOTHING = 0
    NO = 1
    UNDOCUMENTED = 2
    DOCUMENTED = 3


class Marks(NamedTuple):
    """A number unpacked. `basis` and `outcome` are values of the picklists, "other" or ""."""

    phone: Phone
    consents: tuple[Consent, Consent, Consent]
    """In the order of `CHANNELS`."""
    basis: str
    titled_before: bool
    titled: bool
    outcome: str
    inbound: bool
    checked: date | None


Step = Callable[[Values, Values, frozenset[str]], int]
"""(as it stands, once repaired, fields a person should mend) -> bits."""


def steps(kind: Kind, fields: Sequence[str]) -> tuple[Step, ...]:
    """What has to be looked at in records of this kind that have these fields mapped."""
    mapped = frozenset(fields)
    found: list[Step] = []
    phones = tuple(name for name in _PHONES.get(kind, ()) if name in mapped)
    if phones:
        found.append(lambda before, _, wrong: _phone(before, phones, wrong))
    for place, channel in enumerate(CHANNELS):
        if f"consent_{channel}" in mapped:
            found.append(_consent_step(f"consent_{channel}", 2 + 2 * place))
    if "lawful_basis" in mapped:
        found.append(_basis)
    if {"title", "function"} <= mapped:
        found.append(_titled)
    if kind is Kind.CALL:
        found.append(_outcome)
    if "data_checked_at" in mapped:
        found.append(_checked)
    return tuple(found)


def packed(steps: Sequence[Step], before: Values, after: Values, wrong: frozenset[str]) -> int:
    """The number of one record; `wrong` are the fields that hold what a person should mend."""
    bits = 0
    for step in steps:
        bits |= step(before, after, wrong)
    return bits


def unpacked(number: int) -> Marks:
    """The inverse of `packed`."""
    day = number >> _DAY & _LAST_DAY
    basis, outcome = number >> 8 & 7, number >> 13 & 31
    return Marks(
        phone=Phone(number & 3),
        consents=(Consent(number >> 2 & 3), Consent(number >> 4 & 3), Consent(number >> 6 & 3)),
        basis=_named(basis, LAWFUL_BASIS, _OTHER_BASIS),
        titled_before=bool(number >> 11 & 1),
        titled=bool(number >> 12 & 1),
        outcome=_named(outcome, OUTCOME, _OTHER_OUTCOME),
        inbound=bool(number >> 18 & 1),
        checked=_EPOCH + timedelta(days=day - 1) if day else None,
    )


def split(number: int) -> tuple[int, int]:
    """(all but the day, the day): counted apart, because together they are too many."""
    return number & ((1 << _DAY) - 1), number >> _DAY << _DAY


def _named(place: int, choices: Sequence[Choice], other: int) -> str:
    if not place:
        return ""
    return "other" if place == other else choices[place - 1].value


# --- one field each --------------------------------------------------------------------------
# Plain numbers and remembered words: each of these is asked about every record.


def _phone(before: Values, phones: tuple[str, ...], wrong: frozenset[str]) -> int:
    best = 0
    for name in phones:
        text = before.get(name)
        if not text or text is ABSENT:
            continue
        if name in wrong:
            best = best or _USELESS
        elif _DIALLED.fullmatch(text):
            return _DIALLED_AS_IS
        else:
            best = _REPAIRED
    return best


_USELESS, _REPAIRED, _DIALLED_AS_IS = int(Phone.USELESS), int(Phone.REPAIRED), int(Phone.DIALLED)


def _consent_step(name: str, shift: int) -> Step:
    date_name, source_name = f"{name}_at", f"{name}_source"

    def step(_before: Values, after: Values, _wrong: frozenset[str]) -> int:
        text = after.get(name)
        if not text or text is ABSENT:
            return 0
        said = _consent(text)
        if said == _YES:
            source, at = after.get(source_name), after.get(date_name)
            if source and source is not ABSENT and at and at is not ABSENT and _day(at):
                said += 1
        return said << shift

    return step


_YES: Final = int(Consent.UNDOCUMENTED)
_CONSENTS: Final = {
    ConsentMeaning.NOTHING: int(Consent.NOTHING),
    ConsentMeaning.NO: int(Consent.NO),
    ConsentMeaning.WITHDRAWN: int(Consent.NO),
    ConsentMeaning.YES: _YES,
}


@lru_cache(maxsize=1024)
def _consent(text: str) -> int:
    return _CONSENTS[consent_meaning(text)]


def _titled(before: Values, after: Values, _wrong: frozenset[str]) -> int:
    return _both(before) << 11 | _both(after) << 12


def _both(values: Values) -> bool:
    title, function = values.get("title"), values.get("function")
    return bool(title and function and title is not ABSENT and function is not ABSENT)


def _basis(_before: Values, after: Values, _wrong: frozenset[str]) -> int:
    text = after.get("lawful_basis")
    return _basis_of(text) if text and text is not ABSENT else 0


@lru_cache(maxsize=1024)
def _basis_of(text: str) -> int:
    return _place(text, _BASES, _OTHER_BASIS) << 8


def _outcome(_before: Values, after: Values, _wrong: frozenset[str]) -> int:
    text, direction = after.get("outcome"), after.get("direction")
    bits = _outcome_of(text) if text and text is not ABSENT else 0
    if direction and direction is not ABSENT:
        bits |= _came_in(direction)
    return bits


@lru_cache(maxsize=1024)
def _outcome_of(text: str) -> int:
    return _place(text, _OUTCOMES, _OTHER_OUTCOME) << 13


@lru_cache(maxsize=1024)
def _came_in(text: str) -> int:
    return (_place(text, _DIRECTIONS, 0) == _DIRECTIONS["inbound"]) << 18


def _checked(_before: Values, after: Values, _wrong: frozenset[str]) -> int:
    text = after.get("data_checked_at")
    return _day(text) << _DAY if text and text is not ABSENT else 0


@lru_cache(maxsize=16384)
def _day(text: str) -> int:
    """Days since the epoch, counted from 1; 0 when the text names no day, or one before it."""
    span = spans.read(text)
    if span is None:
        return 0
    day = (span.start or span.end).astimezone(spans.COPENHAGEN).date()
    return max(0, min((day - _EPOCH).days + 1, _LAST_DAY))


def _table(choices: Sequence[Choice]) -> dict[str, int]:
    """Everything that people write for a choice -> its place, counted from 1."""
    return {
        fold(word): place
        for place, one in reversed(list(enumerate(choices, 1)))
        for word in (*one.spellings, one.da, one.en, one.value)
    }


_BASES: Final = _table(LAWFUL_BASIS)
_OUTCOMES: Final = _table(OUTCOME)
_DIRECTIONS: Final = _table(DIRECTION)


def _place(text: str, table: Mapping[str, int], other: int) -> int:
    word = fold(text)
    return table.get(word, other) if word else 0
