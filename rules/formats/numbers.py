"""Numbers and numeric codes: P-numbers, extensions, plain numbers, durations in seconds.

A P-number names a branch (production unit) of a company in the business register: ten digits, the
first a 1, no check digit. Personal identity numbers look alike and are kept out before any format
is asked (`rules.private`).
"""

from __future__ import annotations

import re
from collections.abc import Callable
from fractions import Fraction
from functools import partial

from rules import tables
from rules.formats import phone
from rules.formats.cells import kept, nothing, spelled, trimmed, unshielded
from rules.formats.check_digits import passes
from rules.formats.formatted import Formatted

VERSION = 1

_WHOLE = re.compile(r"-?(?:0|[1-9][0-9]{0,14})")
_DECIMAL = re.compile(r"-?(?:0|[1-9][0-9]{0,14})[.,][0-9]{1,2}")
_P_WORDS = re.compile(r"^p[-. ]*(?:nummer|number|nr|no|enhed)?[-.:# ]*", re.IGNORECASE)
_ZEROS = re.compile(r"[.,]0{1,2}$")
_BLANKS = re.compile(r"[ \u00a0\u2009\u202f.-]")


def settled_p_number(text: str) -> bool:
    """A quick look: True only when `p_number(text)` would leave the cell alone and say nothing."""
    return (
        len(text) == 10
        and text[0] == "1"
        and text.isascii()
        and text.isdecimal()
        and not _is_made_up(text)
    )


def p_number(text: str) -> Formatted:
    """A P-number as ten digits: `P-nr. 1012 345 678` and `1012345678.0` become the digits.

    Anything else stays and is reported, a CVR number in its place by name. Total, idempotent.
    """
    if settled_p_number(text):
        return Formatted(text)
    empty = nothing(text)
    if empty is not None:
        return empty
    bare = _P_WORDS.sub("", unshielded(trimmed(text)))
    digits = _BLANKS.sub("", _ZEROS.sub("", bare))
    if settled_p_number(digits):
        return spelled(digits, "reason.number.p_number")
    if not (digits.isascii() and digits.isdecimal()):
        return kept(text, "p_number_invalid")
    if len(digits) == 10 and _is_made_up(digits):
        return kept(text, "placeholder_number")
    is_cvr = len(digits) == 8 and passes(digits)
    return kept(text, "p_number_is_cvr" if is_cvr else "p_number_invalid")


def _is_made_up(digits: str) -> bool:
    return len(set(digits)) == 1 or digits == "1234567890"


# --- extensions -----------------------------------------------------------------------------------

_EXTENSION = re.compile(r"(?!0+$)[0-9]{1,6}")
_EXTENSION_WORD = re.compile(r"(?P<word>[^\W\d_]*)[-.:#* ]*(?P<digits>[0-9 ]{1,8}?)(?:[.,]0)?")


def settled_extension(text: str) -> bool:
    """A quick look: True only when `extension(text)` would leave the cell alone and say nothing."""
    return _EXTENSION.fullmatch(text) is not None


def extension(text: str) -> Formatted:
    """An extension as its digits, at most six: `lok. 123`, `x12` and `123.0` become the digits.

    Zeros in front count. A whole phone number stays and is reported. Total, idempotent.
    """
    if settled_extension(text):
        return Formatted(text)
    empty = nothing(text)
    if empty is not None:
        return empty
    bare = unshielded(trimmed(text))
    found = _EXTENSION_WORD.fullmatch(bare)
    word = found["word"].lower() if found else ""
    digits = found["digits"].replace(" ", "") if found else ""
    if settled_extension(digits) and (
        not word or word in tables.words("phone_words", kind="extension")
    ):
        return spelled(digits, "reason.number.extension")
    is_phone = (phone.phone(bare).value or "").startswith("+")
    return kept(text, "extension_is_phone" if is_phone else "extension_invalid")


# --- plain numbers --------------------------------------------------------------------------------

_BLANK_GROUPS = re.compile(r"(?<=[0-9])[ \u00a0\u2009\u202f'](?=[0-9]{3}(?![0-9]))")
_DOT_GROUPS = re.compile(r"[+-]?[0-9]{1,3}(?:(?:\.[0-9]{3}){2,}(?:,[0-9]+)?|\.[0-9]{3},[0-9]{1,2})")
_COMMA_GROUPS = re.compile(
    r"[+-]?[0-9]{1,3}(?:(?:,[0-9]{3}){2,}(?:\.[0-9]+)?|,[0-9]{3}\.[0-9]{1,2})"
)
_UNCLEAR = re.compile(r"[+-]?[0-9]{1,3}[.,][0-9]{3}")
_PLAIN = re.compile(
    r"\+?(?P<sign>-?)0*(?P<whole>[0-9]{1,15}?)(?:[.,]0{1,2}|(?P<part>[.,][0-9]{1,2}))?"
)


def settled_number(text: str) -> bool:
    """A quick look: True only when `number(text)` would leave the cell alone and say nothing."""
    if _WHOLE.fullmatch(text):
        return text != "-0"
    return _DECIMAL.fullmatch(text) is not None and not _ZEROS.search(text)


def number(text: str) -> Formatted:
    """A number without what is no part of it: blanks, a plus, dots between thousands, `,0`.

    Decimals stand behind a comma or a point, as they came: both are right, and a program that shows
    the list reads its own. `1.234` can be either and stays, with a finding. Total, idempotent.
    """
    return Formatted(text) if settled_number(text) else _number(text)


def _number(text: str) -> Formatted:
    bare = unshielded(trimmed(text))
    empty = None if bare in _ZERO else nothing(text)
    if empty is not None:
        return empty
    if _UNCLEAR.fullmatch(bare):
        return kept(text, "number_unclear")
    found = _PLAIN.fullmatch(_ungrouped(bare))
    if found is None:
        return kept(text, "number_invalid")
    value = found["whole"] + (found["part"] or "")
    return spelled(found["sign"] + value if value != "0" else value, "reason.number.plain")


def _ungrouped(bare: str) -> str:
    """Without what stands between thousands: a blank, or the sign that cannot be the decimal one."""
    if _DOT_GROUPS.fullmatch(bare):
        return bare.replace(".", "")
    if _COMMA_GROUPS.fullmatch(bare):
        return bare.replace(",", "")
    return _BLANK_GROUPS.sub("", bare)


_ZERO = frozenset({"0", "00", "000", "0000"})
"""Words for "nothing" in other fields, and numbers here."""


# --- durations ------------------------------------------------------------------------------------

_SECONDS = re.compile(r"0|[1-9][0-9]{0,8}")
_CLOCK = re.compile(r"(?P<h>[0-9]{1,3}):(?P<m>[0-5][0-9]):(?P<s>[0-5][0-9])(?:[.,]0+)?")
_UNITS = re.compile(
    r"(?:PT)?(?:(?P<h>[0-9]{1,3}) ?(?:timer?|hours?|hrs?|t|h)\.?,?(?: og| and)? ?)?"
    r"(?:(?P<m>[0-9]{1,4}) ?(?:minutt?e?r?|minutes?|mins?|m)\.?,?(?: og| and)? ?)?"
    r"(?:(?P<s>[0-9]{1,6}) ?(?:sekunde?r?|seconds?|secs?|sek|s)\.?)?",
    re.IGNORECASE,
)
_MINUTES = re.compile(r"[0-9]{1,3}:[0-5][0-9]")


def settled_seconds(text: str) -> bool:
    """A quick look: True only when `seconds(text)` would leave the cell alone and say nothing."""
    return _SECONDS.fullmatch(text) is not None


def seconds(text: str) -> Formatted:
    """A duration as whole seconds: `00:02:30`, `2 min. 30 sek.` and `150,0` are 150.

    `02:30` can be minutes or hours and stays, with a finding, as do parts of a second. Total,
    idempotent.
    """
    if settled_seconds(text):
        return Formatted(text)
    bare = unshielded(trimmed(text))
    empty = None if bare in _ZERO else nothing(text)
    if empty is not None:
        return empty
    own = _own_seconds(bare)
    if own is not None:
        return spelled(str(own), "reason.number.seconds")
    if _MINUTES.fullmatch(bare):
        return kept(text, "duration_unclear")
    if _UNCLEAR.fullmatch(bare):
        return kept(text, "number_unclear")
    plain = _number(text).value or ""
    if settled_seconds(plain):
        return spelled(plain, "reason.number.plain")
    return kept(text, "duration_invalid")


# --- durations in the unit of their column ---------------------------------------------------------

_BARE = re.compile(r"(?:0|[1-9][0-9]{0,8})(?:[.,](?!0+$)[0-9]{1,2})?")
_SHOWN = {
    "mm:ss": re.compile(r"[0-9]{1,3}:[0-5][0-9]"),
    "hh:mm:ss": re.compile(r"[0-9]{1,3}:[0-5][0-9]:[0-5][0-9]"),
}
_PER = {"milliseconds": Fraction(1, 1000), "minutes": Fraction(60), "hours": Fraction(3600)}


def settled_duration(unit: str) -> Callable[[str], bool]:
    """The quick look of `duration` in a unit."""
    return partial(_has_shape, _SHOWN.get(unit, _BARE))


def _has_shape(shape: re.Pattern[str], text: str) -> bool:
    return shape.fullmatch(text) is not None


def duration(text: str, unit: str) -> Formatted:
    """A duration in a column whose header names its `unit` (`rules.header_units.unit_of`).

    A bare number is of that unit and stays so; a cell that names its own (`2 min. 30 sek.`,
    `00:02:30`) is brought to it where it comes out even, or else stays. Total, idempotent.
    """
    bare = unshielded(trimmed(text))
    empty = None if bare in _ZERO else nothing(text)
    if empty is not None:
        return empty
    if settled_duration(unit)(bare):
        return spelled(bare, "" if bare == text else "reason.number.plain")
    own = _own_seconds(bare)
    if own is not None:
        made = _in_unit(own, unit)
        return spelled(made, "reason.number.duration") if made else Formatted(text)
    if _MINUTES.fullmatch(bare):
        return kept(text, "duration_unclear")
    if _UNCLEAR.fullmatch(bare):
        return kept(text, "number_unclear")
    plain = _number(text).value or ""
    if unit in _PER and _BARE.fullmatch(plain):
        return spelled(plain, "reason.number.plain")
    return kept(text, "duration_invalid")


def _own_seconds(bare: str) -> int | None:
    """The seconds of a cell that names its units, as words or as a clock shows them."""
    found = _CLOCK.fullmatch(bare) or _UNITS.fullmatch(bare)
    if not found or not any(found.groups()):
        return None
    hours, minutes, rest = (int(found[part] or 0) for part in "hms")
    return hours * 3600 + minutes * 60 + rest


def _in_unit(seconds: int, unit: str) -> str:
    """Seconds as they are written in a unit; empty where that would need a third decimal."""
    minutes, rest = divmod(seconds, 60)
    if unit == "mm:ss":
        made = f"{minutes:02}:{rest:02}"
    elif unit == "hh:mm:ss":
        made = f"{minutes // 60:02}:{minutes % 60:02}:{rest:02}"
    else:
        hundredths = seconds * 100 / _PER[unit]
        whole, part = divmod(hundredths.numerator, 100)
        made = f"{whole},{part:02}".rstrip("0").rstrip(",") if hundredths.denominator == 1 else ""
    return made if made and settled_duration(unit)(made) else ""
