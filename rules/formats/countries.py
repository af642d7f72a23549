"""Countries: however a list spells one, its two-letter code of ISO 3166-1.

Not the numbering plan that a phone number follows (`rules.formats.regions`), though both read the
same table: one spelling cannot mean two countries.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cache, lru_cache

from rules import tables
from rules.folding import fold
from rules.formats.cells import kept, nothing, spelled, trimmed
from rules.formats.formatted import Formatted

VERSION = 1

_BETWEEN = re.compile(r"[()\[\]/,;|]|\s[-\u2013]\s")
_LONGEST = 80

CODES = frozenset(row["code"].upper() for row in tables.rows("countries"))
"""All codes that a country field may hold."""


@cache
def _spellings() -> Mapping[str, str]:
    return {
        _key(spelling): row["code"].upper()
        for row in tables.rows("countries")
        for spelling in (row["code"], row["da"], row["en"], *row["spellings"].split("|"))
        if spelling
    }


def _key(spelling: str) -> str:
    """Spellings that count as one; names in other alphabets have no folded form."""
    return fold(spelling) or spelling.casefold()


@lru_cache(maxsize=1024)
def iso_code(text: str) -> str:
    """The code of the country that `text` names; empty when it names none, or two.

    `Danmark (DK)` and `Denmark / Danmark` name one country twice.
    """
    bare = trimmed(text)
    if len(bare) > _LONGEST:
        return ""
    whole = _spellings().get(_key(bare))
    if whole:
        return whole
    named = {_spellings().get(_key(part), "") for part in _BETWEEN.split(bare) if _key(part)}
    return named.pop() if len(named) == 1 else ""


settled = CODES.__contains__
"""A quick look: True only when `country(text)` would leave the cell alone and say nothing."""


def country(text: str) -> Formatted:
    """A country as its two-letter code (ISO 3166-1): `DK` from Danmark, Denmark, dansk or +45.

    Understood are the Danish, English and own names, three-letter codes, calling codes that one
    country has to itself, and everyday spellings. What is not in the table stays. Total,
    idempotent.
    """
    return Formatted(text) if settled(text) else unsettled(text)


def unsettled(text: str) -> Formatted:
    """`country` without its quick look, for who has looked already."""
    return nothing(text) or _read(text)


def _read(text: str) -> Formatted:
    code = iso_code(text)
    return spelled(code, "reason.country.code") if code else kept(text, "country_unknown")
