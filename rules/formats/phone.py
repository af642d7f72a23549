"""Phone numbers: what stands in a phone cell, as E.164.

Not a check whether the number is in use, nor of what kind it is: in Denmark every kind may be
moved to every range. A cell is first read as people mean it (labels, two numbers, an extension,
what a spreadsheet did to it) and only then as a number, because the phone library reads letters
as the digits of a keypad.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Final

from rules import tables
from rules.changes import Severity
from rules.formats import email as mail
from rules.formats import foreign
from rules.formats.cells import Guess, guessed, kept, nothing, spelled, trimmed, unshielded
from rules.formats.check_digits import passes
from rules.formats.formatted import Formatted, Issue
from rules.formats.phone_number import (
    PLACEHOLDERS,
    PLAN,
    ZEROS_AT_HOME,
    Number,
    national_number,
    number_of,
)

VERSION = 2

_CELL_LIMIT = 120
_DECIMAL = re.compile(r"(\+?\d{8,14})[.,]0+", re.ASCII)
_FRACTION = re.compile(r"\+?\d{5,}(?:[.,]\d{1,3}|-\d)", re.ASCII)
_SCIENTIFIC = re.compile(r"\+?(\d)(?:[.,](\d+))?e\+?(\d+)", re.IGNORECASE | re.ASCII)
_DANISH_TWICE = re.compile(r"((?:\+|00)\s*45\)?)[\s.-]*(?:\+|00)\s*45", re.ASCII)
_CODE_APART = re.compile(r"(\(?(?:\+|00)\s?\d{1,3}\)?)\s*[-/]\s*(?=\d)", re.ASCII)
_NOT_DIGIT = re.compile(r"\D", re.ASCII)
_SEPARATOR = re.compile(
    r"\s*[/;,|\n\r\\&\x1f]\s*|(?<=\d)\s+(?=\+\s*\d\d|00\s?45[\s\d]{8,})|(?<=\d)\s+-\s+(?=\d)"
)
_UNICODE = str.maketrans(
    dict.fromkeys("\u2010\u2011\u2012\u2013\u2014\u2015\u2212\ufe63\uff0d", "-")
    | dict.fromkeys(
        "\u00a0\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a\u202f\u3000\t",
        " ",
    )
    | dict.fromkeys("\u200b\u200c\u200d\u200e\u200f\u202a\u202c\u2060\u2066\u2069\ufeff\u00ad", "")
    | {"\uff0b": "+", "\u00b7": ".", "\u2022": ".", "\u2024": "."}
    | {0xFF10 + digit: str(digit) for digit in range(10)}
)


def _alternatives(kind: str) -> str:
    return "|".join(sorted(map(re.escape, tables.words("phone_words", kind=kind)), reverse=True))


_LETTER = re.compile(r"[^\W\d_]")
_LABEL = re.compile(
    rf"(?<![^\W\d_])(?:{_alternatives('label')})(?![^\W\d_])\s*[.:]*", re.IGNORECASE
)
_BETWEEN = re.compile(rf"(?<![^\W\d_])(?:{_alternatives('between')})(?![^\W\d_])\.?", re.IGNORECASE)
_CVR = re.compile(
    r"cvr[\s.-]*(?:nr|nummer|no)?[\s.:#-]*(?:dk[\s.-]*)?(?P<digits>\d(?: ?\d){7})",
    re.IGNORECASE | re.ASCII,
)
_EXTENSION_SIGN = re.compile("[#a-z]", re.IGNORECASE)
_EXTENSION = re.compile(
    rf"(?P<number>.*\d\)?)\s*[,;/]?\s*\(?\s*(?:#|(?:{_alternatives('extension')})"
    r"(?:[\s.]*(?:nr|nummer|no))?)[\s.:=]*(?P<extension>\d{1,6})\s*\)?",
    re.IGNORECASE | re.DOTALL | re.ASCII,
)
_USUAL = re.compile(
    rf"\s*(?:(?i:{_alternatives('label')})[.:]{{0,2}}\s?)?"
    r"(?P<code>\(?\+45\)?|0045|45)?[\s-]?"
    r"([2-9][0-9])[\s.-]?([0-9]{2})[\s.-]?([0-9]{2})[\s.-]?([0-9]{2})"
    rf"(?:[ ,]{{0,2}}(?i:{_alternatives('extension')})\.?\s?(?P<extension>[0-9]{{1,6}}))?\s*"
)
_USUAL_ABROAD = re.compile(r"(?:\+|00) ?([1-9](?:[ .-]?[0-9])+)")


_SETTLED_PREFIXES: Final = frozenset(f"+45{prefix}" for prefix in PLAN if prefix[:2] != "90")


def settled(text: str) -> bool:
    """A quick look: True only when `phone(text)` would leave the cell alone and say nothing."""
    return (
        len(text) == 11
        and text[:6] in _SETTLED_PREFIXES
        and text[6:].isdecimal()
        and text.isascii()
        and text[3:] not in PLACEHOLDERS
    )


def usual(text: str, region: str) -> Guess | None:
    """A guess at the spelling and its reason; sure once it is `settled`. None: no guess.

    Eight digits as most people type them: in pairs, with blanks or dashes, with and without code.
    """
    if len(text) > _CELL_LIMIT:
        return None
    tight = text.replace(" ", "")
    if not tight.isascii():
        tight = tight.replace("\u00a0", "")
    size = len(tight)
    if size == 8:
        return ("+45" + tight, "reason.phone.e164") if region == "DK" else None
    if size == 11:
        if tight[0] != "+" and tight[2] == tight[5] == tight[8] in {"-", "."} and region == "DK":
            tight = "+45" + tight.replace(tight[2], "")
        return tight, "reason.phone.e164"
    if size == 12 and tight[:2] == "00":
        return "+" + tight[2:], "reason.phone.e164"
    if size == 10:
        return ("+" + tight, "reason.phone.e164") if region == "DK" else None
    if size == 13 and tight[:5] == "(+45)":
        return "+45" + tight[5:], "reason.phone.e164"
    if size == 13 and tight[:4] == "+45-":
        return tight.replace("-", ""), "reason.phone.e164"
    return None


def phone(text: str, region: str = "DK") -> Formatted:
    """The number in the cell as E.164 (`+4520123456`).

    `region` is the ISO country of the record: what a number without country code belongs to.
    Spill: `phone_extension` (digits), `other_phone` (E.164, the second number of a cell), `email`
    (then `value` is None: the cell holds no number) and `cvr` (likewise, when the cell says that it
    is one). What is not certain stays as it stands, with
    an issue. Total, idempotent.
    """
    if settled(text):
        return Formatted(text)
    return guessed(usual(text, region), settled) or unsettled(text, region)


@lru_cache(maxsize=1024)
def unsettled(text: str, region: str) -> Formatted:
    """`phone` without its quick look, for who has looked already, and with a bounded memory: what
    people type for no number repeats."""
    if text.isdecimal() and text.isascii() and len(text) < 20:
        return nothing(text) or _one(text, number_of(text, region))
    if len(text) < 8:
        return nothing(text) or _cell(text, region)
    formatted = _abroad(text, region) if text[:1] == "+" or text[:2] == "00" else None
    if formatted is None:
        found = _USUAL.fullmatch(text)
        formatted = _as_usual(text, found, region) if found is not None else None
    return formatted or nothing(text) or _cell(text, region)


def _abroad(text: str, region: str) -> Formatted | None:
    """A number with the code of another country in a usual spelling; None when it is not that."""
    found = _USUAL_ABROAD.fullmatch(text)
    digits = _NOT_DIGIT.sub("", found[1]) if found else ""
    if not digits or digits.startswith("45") or (text[0] == "0" and region in ZEROS_AT_HOME):
        return None
    e164 = foreign.e164(digits)
    return spelled(e164, "" if e164 == text else "reason.phone.e164") if e164 else None


def _as_usual(text: str, found: re.Match[str], region: str) -> Formatted | None:
    """Eight Danish digits in one of the usual spellings; None when they are special in some way."""
    code, one, two, three, four, extension = found.groups()
    national = one + two + three + four
    if national[:3] not in PLAN or one == "90" or national in PLACEHOLDERS:
        return None
    if region != "DK" and (code is None or code == "45"):
        if extension is not None:
            return None
        piece = text[found.start("code" if code else 2) : found.end(5)]
        abroad = national_number((code or "") + national, region, typed=not piece.isdecimal())
        return _accepted(text, abroad) if abroad.e164 else _refused(text, abroad)
    e164 = "+45" + national
    if extension is None:
        return spelled(e164, "" if e164 == text else "reason.phone.e164")
    return Formatted(e164, "reason.phone.extension", spill={"phone_extension": extension})


def _cell(text: str, region: str) -> Formatted:
    """The long way: read the cell as a person would."""
    if len(text) > _CELL_LIMIT:
        return kept(text, "phone_invalid")
    plain = unshielded(trimmed(text).translate(_UNICODE).strip())
    if "@" in plain:
        return _address(text, plain)
    said = _CVR.fullmatch(plain)
    if said:
        return _register_number(text, _NOT_DIGIT.sub("", said["digits"]))
    rounded = _SCIENTIFIC.fullmatch(plain)
    if rounded:
        head, tail, exponent = rounded[1], rounded[2] or "", rounded[3].lstrip("0") or "0"
        # Fewer digits than the exponent asks for: the spreadsheet has dropped them.
        if str(len(tail)) != exponent:
            return kept(text, "number_rounded")
        plain = head + tail
    decimal = _DECIMAL.fullmatch(plain)
    if decimal:
        plain = decimal[1]
    elif _FRACTION.fullmatch(plain):
        return kept(text, "phone_invalid")
    extension = _EXTENSION.fullmatch(plain) if _EXTENSION_SIGN.search(plain) else None
    if extension:
        return _with_extension(text, extension, region)
    return _numbers(text, plain, region)


def _address(text: str, plain: str) -> Formatted:
    """An e-mail address in a phone cell: spilled when it is all there is."""
    address = mail.email(plain)
    if address.value and not address.issues and not address.spill:
        return Formatted(None, "reason.phone.holds_email", spill={"email": address.value})
    return kept(text, "phone_invalid")


def _register_number(text: str, digits: str) -> Formatted:
    """What the cell itself calls a CVR number: spilled when it passes, for that makes two signs."""
    if passes(digits):
        return Formatted(None, "reason.phone.holds_cvr", spill={"cvr": digits})
    return kept(text, "phone_invalid")


def _with_extension(text: str, found: re.Match[str], region: str) -> Formatted:
    pieces = _pieces(found["number"])
    number = number_of(pieces[0], region) if len(pieces) == 1 else Number("", "phone_several")
    if not number.e164:
        return _refused(text, number)
    return _accepted(
        text, number, "reason.phone.extension", {"phone_extension": found["extension"]}
    )


def _one(text: str, number: Number) -> Formatted:
    return _accepted(text, number) if number.e164 else _refused(text, number)


def _numbers(text: str, plain: str, region: str) -> Formatted:
    """One number, two of them, or a riddle."""
    pieces = _pieces(plain)
    if len(pieces) == 1:
        number = number_of(pieces[0], region)
        if number.e164:
            return _accepted(text, number)
        if number.issue == "phone_invalid" and "  " not in pieces[0]:
            pair = _two_words(pieces[0], region)
            if pair:
                return _several(text, pair)
        return _refused(text, number)
    numbers = [number_of(piece, region) for piece in pieces]
    if all(number.e164 for number in numbers):
        return _several(text, numbers)
    whole = number_of(" ".join(pieces), region)
    if whole.e164 and all(len(_NOT_DIGIT.sub("", piece)) <= 4 for piece in pieces):
        return _accepted(text, whole)
    if any(number.e164 for number in numbers):
        return kept(text, "phone_several")
    return _refused(text, next((n for n in numbers if n.issue != "phone_invalid"), numbers[0]))


def _pieces(plain: str) -> list[str]:
    """The cell without labels, cut where another number begins."""
    plain = _DANISH_TWICE.sub(r"\1", plain)
    apart = _CODE_APART.match(plain)
    if apart:
        plain = f"{apart[1]} {plain[apart.end() :]}"
    if _LETTER.search(plain):
        plain = _BETWEEN.sub("\x1f", _LABEL.sub("\x1f", plain))
    pieces = [piece.strip(" .:-") for piece in _SEPARATOR.split(plain)]
    # A label in brackets leaves the brackets: "20123456 (privat)".
    pieces = [piece for piece in pieces if piece.strip("()[] ")]
    if len(pieces) > 1:
        pieces = [
            piece.strip("()[] ") if piece.count("(") != piece.count(")") else piece
            for piece in pieces
        ]
    return pieces or [plain]


def _two_words(piece: str, region: str) -> list[Number]:
    """`20123456 33123456`: two numbers with just a blank between them, or an empty list."""
    words = piece.split()
    if len(words) != 2 or not all(len(_NOT_DIGIT.sub("", word)) >= 8 for word in words):
        return []
    numbers = [number_of(word, region) for word in words]
    return numbers if all(number.e164 for number in numbers) else []


def _several(text: str, numbers: list[Number]) -> Formatted:
    first = numbers[0]
    others = list(dict.fromkeys(n.e164 for n in numbers if n.e164 != first.e164))
    if not others:
        return _accepted(text, first, "reason.phone.said_twice")
    if len(others) > 1:
        return kept(text, "phone_several")
    return _accepted(text, first, "reason.phone.first_of_two", {"other_phone": others[0]})


def _accepted(
    text: str, number: Number, reason: str = "", spill: dict[str, str] | None = None
) -> Formatted:
    issues = []
    if number.issue:
        issues.append(Issue(number.issue, Severity.WARNING, {"text": number.e164}))
    if number.e164.startswith("+4590"):
        issues.append(Issue("phone_premium", Severity.WARNING, {"text": number.e164}))
    reason = "" if number.e164 == text else reason or number.reason
    return Formatted(number.e164, reason, issues=tuple(issues), spill=spill or {})


def _refused(text: str, number: Number) -> Formatted:
    if number.suggestion:
        return kept(text, number.issue, suggestion=number.suggestion)
    return kept(text, number.issue)
