"""What the cells of a column look like, judged by a few rows of it. Never more than a hint."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from enum import StrEnum
from typing import Final


class Look(StrEnum):
    """What most cells of a column are."""

    EMAIL = "email"
    PHONE = "phone"
    URL = "url"
    FREE_TEXT = "free_text"


FEWEST: Final = 4
"""Filled cells below which nothing is concluded."""
SHARE: Final = 0.6
"""The share of filled cells that has to agree."""
_ROWS: Final = 200
_LONGEST: Final = 2000

_EMAIL = re.compile(r"[^\s@]{1,64}@[^\s@.]{1,63}\.[^\s@]{1,190}\Z")
_URL = re.compile(r"(https?://|www\.)\S{3,}\Z", re.IGNORECASE)
_PHONE = re.compile(r"(?:\+|00)?[\d\s().\-/]{8,20}\Z")
_NUMBERED = re.compile(r"(?:tlf|tel|telefon|mob|mobil)[\s.:]", re.IGNORECASE)


def column_cells(sample: Sequence[Sequence[str]], index: int) -> list[str]:
    """The filled cells of a column in the sample's first rows, stripped and cut."""
    cells = (row[index][:_LONGEST].strip() for row in sample[:_ROWS] if index < len(row))
    return [cell for cell in cells if cell]


def look_of(cells: Sequence[str]) -> Look | None:
    """What most of the cells are, or None when they are too few or of no such kind."""
    if len(cells) < FEWEST:
        return None
    counts = Counter(_look(cell) for cell in cells)
    look, count = counts.most_common(1)[0]
    return look if look is not None and count >= SHARE * len(cells) else None


def _look(cell: str) -> Look | None:
    if "@" in cell and _EMAIL.match(cell):
        return Look.EMAIL
    if _URL.match(cell):
        return Look.URL
    if _is_phone(cell):
        return Look.PHONE
    if "\n" in cell or (len(cell) > 30 and cell.count(" ") >= 5):
        return Look.FREE_TEXT
    return None


def _is_phone(cell: str) -> bool:
    """Written as a number to dial: grouped, prefixed or labelled.

    Eight bare digits may as well be a CVR number, an amount or a customer number.
    """
    bare = _NUMBERED.sub("", cell).strip()
    if not _PHONE.match(bare):
        return False
    digits = sum(map(str.isdigit, bare))
    return 8 <= digits <= 15 and (bare[0] in "+0(" or bare.count(" ") == 3 or bare != cell)


_COMPANY_FORM = re.compile(
    r"(?:^|[\s,])(?:a/s|aps|i/s|k/s|p/s|ivs|a\.?m\.?b\.?a\.?|holding|gmbh|ab|ltd|inc)\.?$",
    re.IGNORECASE,
)


def company_names(cells: Sequence[str]) -> bool:
    """True when many of these names end in a company's form (`A/S`, `ApS`)."""
    named = sum(1 for cell in cells if _COMPANY_FORM.search(cell))
    return len(cells) >= FEWEST and named * 4 >= len(cells)
