"""Amounts in free text: one number, a range, or an open end, with its unit and currency.

Not which bin an amount belongs in (`bins`). Danish spelling first: `1.234.567,00`, `12,5 mio. kr.`;
English where it can mean nothing else. What spreadsheets made a date of is told apart, never guessed
back.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from decimal import Decimal
from enum import Enum
from functools import cache
from typing import NamedTuple

from rules import tables


class Amount(NamedTuple):
    """`low` and `high` are alike for one number; None is an open end. `unit` None: none was written.

    `above` and `below`: the bound itself is not meant (`over 100`, `under 10`). `exact`: written
    with thousands and hundredths, as book-keeping does.
    """

    low: Decimal | None
    high: Decimal | None
    unit: Decimal | None = None
    currency: str = ""
    above: bool = False
    below: bool = False
    exact: bool = False


class Unread(Enum):
    """Why a text is no amount."""

    DATE = "a spreadsheet made a date of it"
    UNCLEAR = "a sign in a number may stand before decimals or thousands"
    FIGURE = "it names another figure than was asked for"
    OTHER = "it says something else"


_MONTH = (
    r"(?:jan|feb|mar|apr|maj|may|jun|jul|aug|sep|okt|oct|nov|dec)"
    r"(?:uary|ruary|ch|il|e|i|y|uar|ruar|ts|ust|tember|ober|ember)?"
)
_DATE = re.compile(
    rf"(?:\d{{4}}-\d\d?-\d\d?|\d\d?[-./]\d\d?[-./](?:\d{{4}}|\d\d)|\d\d?[. -]*{_MONTH}\.?|0\d-\d\d?|\d\d?-0\d"
    rf"|{_MONTH}\.?[. -]*\d{{1,4}}|\d\d?[. -]*{_MONTH}[. -]*\d{{2,4}})(?:[ t]\d\d?[:.]\d\d.*)?"
)
_NUMBER = r"\d{1,3}(?:[ .,']\d{3})+(?:[.,]\d+)?(?!\d)|\d+(?:[.,]\d+)?"
_TOKEN = re.compile(rf"(?P<number>{_NUMBER})|(?P<word>[^\W\d]+(?:\.[^\W\d]+)*|[<>]=|\S)|\s+")
_FLOURISH = re.compile(r",-+$|,-+(?= )")
"""`1.200.000,-`: no hundredths."""
_SILENT = frozenset('.,:;()[]"=')
_LONGEST = 200


@cache
def _words() -> dict[str, tuple[str, str]]:
    return {row["word"]: (row["kind"], row["value"]) for row in tables.rows("amount_words")}


@cache
def _phrases() -> re.Pattern[str]:
    phrases = sorted((word for word in _words() if " " in word), key=len, reverse=True)
    return re.compile(r"(?<!\w)(?:" + "|".join(map(re.escape, phrases)) + r")(?!\w)")


def number(text: str) -> Decimal | None:
    """A number in Danish or English spelling; None where it may be either: `1,234`."""
    bare = text.replace(" ", "").replace("'", "")
    if re.fullmatch(r"[1-9]\d{0,2},\d{3}|\d{4,}[.,]\d{3}", bare):
        return None
    if re.fullmatch(r"\d{1,3}(?:\.\d{3})+(?:,\d+)?", bare):
        bare = bare.replace(".", "").replace(",", ".")
    elif re.fullmatch(r"\d{1,3}(?:,\d{3})+(?:\.\d+)?", bare):
        bare = bare.replace(",", "")
    elif re.fullmatch(r"\d+(?:[.,]\d+)?", bare):
        bare = bare.replace(",", ".")
    else:
        return None
    return Decimal(bare)


def read(text: str) -> Amount | Unread:
    """The amount that a text (already without blanks around it) speaks of. Total."""
    low = text.lower().replace("–", "-").replace("—", "-").replace("−", "-")
    low = _FLOURISH.sub("", low)
    if len(low) > _LONGEST:
        return Unread.OTHER
    if _DATE.fullmatch(low):
        return Unread.DATE
    return _Reading(low).amount()


class _Reading:
    """One text, word by word."""

    def __init__(self, text: str) -> None:
        self.kinds = ""
        self.numbers: list[Decimal | None] = []
        self.units: list[Decimal] = []
        self.currencies: set[str] = set()
        self.figure = ""
        self.exact = re.search(r"\d[.,]\d{3}[.,]\d\d(?!\d)", text) is not None
        for kind, value in self._tokens(text):
            self._take(kind, value)
        if "n" not in self.kinds and "t" in self.kinds:
            self._take("number", "2")
        self.kinds = self.kinds.replace("t", "-" if self.kinds.count("n") == 2 else "")

    @staticmethod
    def _tokens(text: str) -> Iterator[tuple[str, str]]:
        words = _words()
        for found in _TOKEN.finditer(_phrases().sub(lambda m: m[0].replace(" ", "_"), text)):
            if found["number"]:
                yield "digits", found["number"]
            elif found["word"] and found["word"] not in _SILENT:
                word = found["word"].replace("_", " ")
                yield words.get(word, ("unknown", word))

    def _take(self, kind: str, value: str) -> None:
        if kind in {"digits", "number"}:
            self.numbers.append(number(value) if kind == "digits" else Decimal(value))
            self.kinds += "n"
        elif kind == "unit":
            times, _, currency = value.partition(" ")
            self.units.append(Decimal(times))
            self.currencies |= {currency} - {""}
            self.kinds += "u"
        elif kind == "currency":
            self.currencies.add(value)
        elif kind == "other":
            self.figure = "other"
        elif kind not in {"about", "noise"}:
            self.kinds += _LETTER.get(kind, "?")

    def amount(self) -> Amount | Unread:
        if self.figure:
            return Unread.FIGURE
        shape = _SHAPE.fullmatch(self.kinds)
        if shape is None or len(set(self.units)) > 1 or len(self.currencies) > 1:
            return Unread.OTHER
        if None in self.numbers:
            return Unread.UNCLEAR
        unit = self.units[0] if self.units else None
        currency = next(iter(self.currencies), "")
        first, last = self.numbers[0], self.numbers[-1]
        end = shape["before"] or shape["after"] or ""
        if shape["before"] and shape["after"]:
            return Unread.OTHER
        if len(self.numbers) == 2 and (end or first is None or last is None or first > last):
            return Unread.OTHER
        if end in {"<", "m"}:
            return Amount(None, last, unit, currency, below=end == "<", exact=self.exact)
        if end in {">", "l"}:
            return Amount(first, None, unit, currency, above=end == ">", exact=self.exact)
        return Amount(first, last, unit, currency, exact=self.exact)


_LETTER = {"from": "f", "to": "-", "two": "t", "over": ">", "least": "l", "under": "<", "most": "m"}
_SHAPE = re.compile(r"(?P<before>[><lm])?f?u?n(?:u?-u?nu?|u?)(?P<after>[><lm])?u?")
