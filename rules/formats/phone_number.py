"""One phone number without label and extension: which country's it is, and its E.164.

Not the cell around it, in which there may be words and another number: that is `phone`.
"""

from __future__ import annotations

import re
from typing import Final, NamedTuple

from rules import tables
from rules.formats import foreign

_PLAN = re.compile(
    r"(?:2[678]|6[78]|80|90|96)\d"
    r"|(?:2[0-59]|3[0-689]|[457]\d|6[0-69]|8[126-9]|9[1-47-9])[1-9]"
)
PLAN: Final = frozenset(n for n in map(str, range(100, 1000)) if _PLAN.fullmatch(n))
"""The first three digits that Danish numbers have. Source: the Danish numbering plan as it stands
in the phone library's metadata 9.0.43 (2026); a test holds it against the library installed."""

_SHORT: Final = frozenset({"112", "114", "118", "1813", "116111", "116006", "116000", "116117"})
_CHARACTERS = re.compile(r"[+\d\s().\-/\[\]]+", re.ASCII)
_TRUNK = re.compile(r"\(\s*0\s*\)")
_NOT_DIGIT = re.compile(r"\D", re.ASCII)
ZEROS_AT_HOME: Final = frozenset({"US", "CA"})
"""Where 00 is not what one dials before a country code; 0045 is meant as one all the same."""
_LETTER_FOR_DIGIT = str.maketrans("oOøØlIi", "0000111")


class Number(NamedTuple):
    """One number understood, or why not: `issue` beside an empty `e164`."""

    e164: str
    issue: str = ""
    reason: str = "reason.phone.e164"
    suggestion: str = ""


PLACEHOLDERS: Final = tables.words("placeholder_numbers") | {str(d) * 8 for d in range(10)}
"""Eight digits of the sort that is typed to get past a form."""


def number_of(piece: str, region: str) -> Number:
    """What `piece` is within `region` (ISO code): a number, or why it is none. Total."""
    if not _CHARACTERS.fullmatch(piece):
        return _letters(piece, region)
    if piece.count("+") > 1 or "+" in piece.lstrip(" ([")[1:]:
        return Number("", "phone_invalid")
    plus = piece.lstrip(" ([").startswith("+")
    digits = _NOT_DIGIT.sub("", piece)
    if len(digits) == 8 and digits in PLACEHOLDERS:
        return Number("", "placeholder_number")
    outward = "0045" if region in ZEROS_AT_HOME else "00"
    if not plus and digits.startswith(outward):
        digits, plus = digits[2:], True
    if plus:
        # A zero in brackets is what one dials at home; only Italy keeps it. Denmark has none: a
        # warning of its own.
        if not digits.startswith(("45", "39")):
            digits = _NOT_DIGIT.sub("", _TRUNK.sub("", piece)).removeprefix("00")
        return _international(digits)
    if region == "DK":
        return _danish(digits)
    return national_number(digits, region, typed=piece != digits)


def _letters(piece: str, region: str) -> Number:
    """Letters that are no label: a typing error is proposed, never applied."""
    guess = piece.translate(_LETTER_FOR_DIGIT)
    if guess != piece and _CHARACTERS.fullmatch(guess) and any(c.isdecimal() for c in piece):
        number = number_of(guess, region)
        if number.e164:
            return Number("", "phone_letter_for_digit", suggestion=number.e164)
    return Number("", "phone_invalid")


def _international(digits: str) -> Number:
    """`digits` begin with a country code."""
    if not digits.startswith("45"):
        e164 = foreign.e164(digits)
        if e164:
            return Number(e164)
        # The country is plain, and its plan may be newer than our table: keep it, and say so.
        e164 = foreign.possible(digits)
        return Number(e164, "phone_not_in_plan") if e164 else Number("", "phone_invalid")
    national = digits[2:]
    if len(national) == 6:
        return Number("", "phone_faroe_or_greenland")
    if len(national) == 9 and national[0] == "0":
        return _with_trunk_zero(national[1:])
    if len(national) in {10, 12} and _is_danish(national[-8:]) and national[:-8] in {"45", "0045"}:
        return Number("+45" + national[-8:], reason="reason.phone.code_twice")
    if len(national) == 8 and national in PLACEHOLDERS:
        return Number("", "placeholder_number")
    return Number("+45" + national) if _is_danish(national) else Number("", "phone_invalid")


def _danish(digits: str) -> Number:
    """`digits` as dialled within Denmark: a closed plan of eight digits, no trunk zero."""
    size = len(digits)
    if size == 8 and _is_danish(digits):
        return Number("+45" + digits)
    if size in {10, 12} and digits[:-8] in {"45", "4545"} and _is_danish(digits[-8:]):
        return Number("+45" + digits[-8:])
    if size == 9 and digits[0] == "0":
        return _with_trunk_zero(digits[1:])
    if digits in _SHORT:
        return Number("", "phone_short_number")
    if size == 6 or (size == 9 and digits[:3] in {"298", "299"}):
        return Number("", "phone_faroe_or_greenland")
    return Number("", "phone_invalid")


def _with_trunk_zero(national: str) -> Number:
    if national in PLACEHOLDERS or not _is_danish(national):
        return Number("", "phone_invalid")
    return Number("+45" + national, "phone_trunk_zero", "reason.phone.trunk_zero")


def _is_danish(national: str) -> bool:
    return len(national) == 8 and national[:3] in PLAN


def national_number(digits: str, region: str, *, typed: bool) -> Number:
    """`digits` without country code on a record of another country than Denmark.

    The record's country wins where the number is written as that country writes it, trunk zero
    included. Without the zero it is no number over there, unless a spreadsheet took the zero away,
    which it does to bare digits only: `typed` says that the cell holds more than digits.
    """
    lacks_zero = foreign.has_trunk_zero(region) and not digits.startswith("0")
    e164 = "" if lacks_zero and typed else foreign.national(digits, region)
    if e164 and not lacks_zero:
        return Number(e164)
    danish = _danish(digits)
    if e164:
        proposals = " / ".join(filter(None, (e164, danish.e164)))
        return Number("", "phone_country_unclear", suggestion=proposals)
    if danish.e164 and not danish.issue:
        return Number(danish.e164, reason="reason.phone.danish_abroad")
    return Number("", "phone_invalid")
