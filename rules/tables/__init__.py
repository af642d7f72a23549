"""Code tables: what the rules must know by heart. Constants once they are read.

Each is a CSV file whose comment lines (`#`) on top name source and date; then a header, then rows.
Nothing here is looked up anywhere else, so a decision made with the same tables is the same.
"""

from __future__ import annotations

import csv
from collections.abc import Mapping
from functools import cache
from hashlib import blake2b
from pathlib import Path

_FOLDER = Path(__file__).parent


def _text(name: str) -> str:
    return (_FOLDER / f"{name}.csv").read_text(encoding="utf-8")


def rows(name: str) -> tuple[Mapping[str, str], ...]:
    """The rows of `name`.csv, comment lines left out. FileNotFoundError: there is no such table.

    Read anew each time: whoever needs them again keeps what it makes of them, which is smaller.
    """
    lines = (line for line in _text(name).splitlines() if line and not line.startswith("#"))
    return tuple(csv.DictReader(lines))


@cache
def words(name: str, **where: str) -> frozenset[str]:
    """The first column of the rows whose other columns are as given: `words("x", kind="y")`."""
    return frozenset(
        next(iter(row.values()))
        for row in rows(name)
        if all(row[column] == wanted for column, wanted in where.items())
    )


@cache
def pairs(name: str) -> Mapping[str, str]:
    """The first column to the second."""
    return {first: second for first, second, *_ in (row.values() for row in rows(name))}


@cache
def digest(name: str) -> str:
    """A short hash of the file, for fingerprints: 16 hexadecimal digits."""
    return blake2b(_text(name).encode(), digest_size=8).hexdigest()
