"""What is known of Danish places: which postcodes exist, which town is whose, how it is spelled.

Not a format of its own: `postcodes`, `towns` and `addresses` ask here. Not a register of addresses
either: a village that no postcode is named after is unknown, and unknown is never wrong.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from functools import cache, lru_cache
from typing import Final

from rules import tables
from rules.folding import fold

TOWN_OF: Final = tables.pairs("postcodes")
"""Every Danish postcode to the town it is named after."""

SORTING: Final = tables.words("postcodes", kind="sorting")
"""Postcodes of the post office itself: what they are named after is no town."""

NAMES: Final = frozenset(town for code, town in TOWN_OF.items() if code not in SORTING)
"""The towns that postcodes are named after, as the post office spells them."""

_LAST = "C K N NV NØ S SØ SV V Ø Øst M J F L Sj Sjælland Fyn Jyll Vestj Midtsj Thy Ærø Djurs"
_DISTRICTS = frozenset(_LAST.split()) | {"Sydfyn", "Stevns", "By", "St"}
_BETWEEN_WORDS = re.compile(r"[\s.]+")
_BETWEEN_TOWNS = re.compile(r"[,;/()|]|\s[-\u2013]\s?")
_CAPITAL: Final = "København"


def base(town: str) -> str:
    """A town's name without the letter or word that tells it from its like: `Aarhus` of Aarhus C."""
    first, _, last = town.rpartition(" ")
    return first if first and last in _DISTRICTS else town


BASES: Final = frozenset(map(base, NAMES))


@cache
def _by_fold() -> Mapping[str, str]:
    """Names by what is left of them when capitals, blanks, points and å or aa make no difference."""
    return {fold(name): name for name in BASES | NAMES}


@cache
def _words(place: str) -> Mapping[str, str]:
    return {row["word"]: row["full"] for row in tables.rows("town_words") if row["place"] == place}


@lru_cache(maxsize=4096)
def town_name(text: str) -> str:
    """The post office's spelling of the town that `text` names; empty when it names none it knows.

    Understood besides capitals, blanks and points: å for aa and the other way round, and the words
    of the table `town_words`, where exactly one name comes out (`Kgs. Lyngby`, `Kbh. Ø`).
    """
    known = _by_fold().get(fold(text)) if len(text) <= 40 else None
    if known or len(text) > 40:
        return known or ""
    found = {_by_fold().get(fold(spelling)) for spelling in _spellings(text)} - {None}
    return (found.pop() or "") if len(found) == 1 else ""


def _spellings(text: str) -> Iterator[str]:
    """What a name can be when its first or its last word, or both, are written out."""
    words = [word for word in _BETWEEN_WORDS.split(text.lower()) if word]
    if not words:
        return
    first, last = _words("first").get(words[0]), _words("last").get(words[-1])
    if first:
        yield " ".join([first, *words[1:]])
    if last and len(words) > 1:
        yield " ".join([*words[:-1], last])
        if first:
            yield " ".join([first, *words[1:-1], last])


@lru_cache(maxsize=4096)
def contradicts(postcode: str, town: str) -> bool:
    """Whether `town` is for certain not where `postcode` is.

    No contradiction: a town or village that is not known, another district of the same town, one
    whose postcodes begin with the same two digits, `København` in the capital's surroundings, and
    a cell in which one of several names fits.
    """
    own = TOWN_OF.get(postcode)
    if own is None or own == town or postcode in SORTING:
        return False
    named = [town_name(part) for part in (town, *_BETWEEN_TOWNS.split(town))]
    return any(named) and not any(_fits(postcode, name) for name in named if name)


def _fits(postcode: str, name: str) -> bool:
    near = base(name)
    if near == base(TOWN_OF[postcode]) or postcode[:2] in _beginnings()[near]:
        return True
    return near == _CAPITAL and postcode[0] in "012"


@cache
def _beginnings() -> Mapping[str, frozenset[str]]:
    """The first two digits of the postcodes of each town, by its bare name."""
    found: dict[str, set[str]] = {}
    for code, town in TOWN_OF.items():
        found.setdefault(base(town), set()).add(code[:2])
    return {name: frozenset(digits) for name, digits in found.items()}


def belongs(postcode: str, town: str) -> bool:
    """Whether `town` is for certain the one that `postcode` is named after, or a district of it."""
    own = TOWN_OF.get(postcode)
    return own is not None and (own == town or base(town_name(town)) == base(own))
