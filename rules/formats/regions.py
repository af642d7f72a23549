"""Which numbering plan a record's country means. Not the country format: only phone asks."""

from __future__ import annotations

from functools import lru_cache

from rules import tables
from rules.formats.cells import trimmed


@lru_cache(maxsize=512)
def region_of(country: str, default: str = "DK") -> str:
    """The ISO code of a country as people spell it; `default` when it is empty or not understood."""
    bare = trimmed(country)
    known = tables.pairs("regions").get(bare.lower())
    if known:
        return known
    return bare.upper() if len(bare) == 2 and bare.isascii() and bare.isalpha() else default
