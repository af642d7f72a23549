"""The tables of cases behind each rule, with what the rule itself makes of them.

A rule `x` has its cases in `cases/x.csv`, or in a table of `_ELSEWHERE`.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from rules.fills import Fill
from rules.formats.formatted import Formatted
from rules.hygiene import Row

CASES = Path(__file__).parents[1] / "rules" / "cases"
_ELSEWHERE = {
    "full_name": ("person_name", "whole"),
    "first_name": ("person_name", "first"),
    "last_name": ("person_name", "last"),
    "root_domain": ("website", ""),
    "root_domain_from_website": ("website", ""),
}
"""Rule -> table, and the part of a name that its rows must be of."""


@dataclass(frozen=True, slots=True)
class Case:
    """One row: the cell before, as the table writes it, and what comes of it."""

    before: str
    formatted: Formatted
    note: str

    @property
    def says_something(self) -> bool:
        """Whether anything is made, moved or found."""
        text = plain(self.before)
        return self.formatted.value != text or bool(self.formatted.issues)


def table_of(row: Row) -> Path:
    """Where the rule's cases stand; the file may be missing."""
    name, _ = _ELSEWHERE.get(row.name, (row.name, ""))
    return CASES / f"{name}.csv"


def cases_of(row: Row) -> Iterator[Case]:
    """The rule's cases, in the order of their table."""
    _, part = _ELSEWHERE.get(row.name, ("", ""))
    with table_of(row).open(encoding="utf-8", newline="") as file:
        for case in csv.DictReader(file):
            if not part or case["part"] == part:
                yield Case(case["before"], _formatted(row, case), case.get("note") or "")


def _formatted(row: Row, case: dict[str, str]) -> Formatted:
    text, region = plain(case["before"]), case.get("region") or "DK"
    if not isinstance(row, Fill):
        return row.read(text, region)
    if not text or row.fill is None:
        return Formatted(text)
    others = ["" for _ in row.sources[1:]]
    return row.fill(text, *others, *([region] if row.regional else ()))


def plain(text: str) -> str:
    """A cell of a table with its `\\\\n` and `\\\\uXXXX` as the characters that they stand for."""
    text = text.replace("\\n", "\n").replace("\\\\", "\\")
    return re.sub(r"\\u([0-9a-f]{4})", lambda found: chr(int(found[1], 16)), text)
