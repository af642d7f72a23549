"""Where the capitals of a person's name belong, once it is all capitals or all small letters.

A name with both is somebody's choice (McKay, van't Veen) and is never touched here.
"""

from __future__ import annotations

import re
from enum import Enum
from functools import lru_cache

from rules import tables


class Part(Enum):
    """Which part of a person's name a field holds."""

    WHOLE = "whole"
    FIRST = "first"
    LAST = "last"


_ROMAN = re.compile(r"(?=[ivx])x{0,2}(?:ix|iv|v?i{0,3})")
_INITIALS = re.compile(r"(?:[^\W\d_]\.-?)+(?:[^\W\d_]\.?)?")
_NO_VOWEL = re.compile(r"[bcdfghjklmnpqrstvwxz]{2}")
_NOT_INITIALS = frozenset(
    {"kr", "fr", "dr", "mc", "st", "ng", "sv", "th", "gl", "hr", "jr", "sr", "vs"}
)
_APOSTROPHE = re.compile(r"['’´`]")


def capitalised(name: str, part: Part) -> str:
    """`name` (blanks put right) with its capitals where they belong; unchanged when it has both."""
    if not (name.isupper() or name.islower()):
        return name
    words = name.lower().split(" ")
    last = len(words) - 1
    done = [
        word if _stays_low(words, place, part) else _word(word, place, last, part)
        for place, word in enumerate(words)
    ]
    return " ".join(done)


@lru_cache(maxsize=8192)
def plain_capital(word: str) -> str:
    """A word in small letters with its capitals, where any place in any name gives it the same.

    Empty for words that need more thought: particles, initials, numerals, most apostrophes.
    """
    pieces = word.split("-")
    for piece in pieces:
        if (
            len(piece) < 2
            or _NO_VOWEL.fullmatch(piece)
            or not piece.removeprefix("o'").isalpha()
            or piece in _particles()
            or _ROMAN.fullmatch(piece)
        ):
            return ""
    return "-".join(_piece(piece, Part.WHOLE, 1, 1) for piece in pieces)


@lru_cache(maxsize=1)
def _particles() -> dict[str, tuple[bool, bool]]:
    return {
        row["particle"]: (row["leads"] == "yes", row["opens"] == "yes")
        for row in tables.rows("name_particles")
    }


def _stays_low(words: list[str], place: int, part: Part) -> bool:
    """Whether the word at `place` is a particle there, not a name of its own."""
    particle = _particles().get(words[place])
    if particle is None or place == len(words) - 1 or part is Part.FIRST:
        return False
    leads, opens = particle
    if place > 0:
        return True
    if part is Part.LAST:
        return leads
    # A whole name that begins with a particle is a surname alone, or somebody called Van or Le.
    return opens or (leads and len(words) > 2 and words[1] in _particles())


def _word(word: str, place: int, last: int, part: Part) -> str:
    """One word of the name, given in small letters."""
    if place == last and place > 0 and len(word) > 1 and _ROMAN.fullmatch(word):
        return word.upper()
    if _INITIALS.fullmatch(word):
        return word.upper()
    is_first = part is Part.FIRST or (part is Part.WHOLE and place < last)
    if is_first and _NO_VOWEL.fullmatch(word) and word not in _NOT_INITIALS:
        return word.upper()
    return "-".join(
        _piece(piece, part, place, number) for number, piece in enumerate(word.split("-"))
    )


def _piece(piece: str, part: Part, place: int, number: int) -> str:
    """One side of a hyphen."""
    if not piece:
        return piece
    special = tables.pairs("name_capitals").get(piece)
    if special:
        return special
    found = _APOSTROPHE.search(piece)
    if found:
        return _with_apostrophe(piece, found.start(), part, place, number)
    if piece.startswith("mc") and len(piece) > 3 and piece[2].isalpha():
        return "Mc" + _upper_first(piece[2:])
    return _upper_first(piece)


def _with_apostrophe(piece: str, at: int, part: Part, place: int, number: int) -> str:
    """O'Brien, d'Auchamp, l'Anglois, van't Veen, Søren's."""
    head, mark, tail = piece[:at], piece[at], piece[at + 1 :]
    if not head:
        return piece if tail in {"t", "s"} else mark + _upper_first(tail)
    if tail in {"t", "s", ""}:
        return (head if head in _particles() else _upper_first(head)) + mark + tail
    if head in {"d", "l"}:
        opens = part is Part.WHOLE and place == 0 and number == 0
        return (head.upper() if opens and head == "d" else head) + mark + _upper_first(tail)
    return _upper_first(head) + mark + (_upper_first(tail) if len(head) == 1 else tail)


def _upper_first(word: str) -> str:
    """`word` with a capital first letter; letters whose capital is two letters stay."""
    capital = word[:1].upper()
    return capital + word[1:] if len(capital) == 1 else word
