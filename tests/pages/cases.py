"""The tables of cases behind each rule, with what the rule itself makes of them.

A rule `x` that reads cells has its cases in `cases/x.csv`, or in a table of `_ELSEWHERE`; one that
derives a field from others has them in `cases/derived.csv`, a record a row.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from rules.fills import Fill, filled
from rules.hygiene import Row

CASES = Path(__file__).parents[1] / "rules" / "cases"
DERIVED = "derived"
_ELSEWHERE = {
    "full_name": ("person_name", "part", "whole"),
    "first_name": ("person_name", "part", "first"),
    "last_name": ("person_name", "part", "last"),
    "root_domain": ("website", "", ""),
    "industry_code_db25": ("industry_code", "", ""),
    "date": ("date", "kind", "day"),
    "datetime": ("date", "kind", "stamp"),
    "evidence_date": ("date", "kind", "evidence"),
    "p_number": ("number", "kind", "p_number"),
    "phone_extension": ("number", "kind", "extension"),
    "priority": ("number", "kind", "number"),
    "duration_seconds": ("number", "kind", "seconds"),
}
"""Rule -> table, and the column with the value that marks its own rows there."""


@dataclass(frozen=True, slots=True)
class Case:
    """One row. `before` is as the table writes it; `after` None where all stays as it is."""

    before: str
    after: str | None
    spill: dict[str, str]
    findings: tuple[str, ...]
    note: str

    @property
    def says_something(self) -> bool:
        """Whether anything is made, moved or found."""
        return self.after is not None or bool(self.findings)


def table_of(row: Row) -> Path:
    """Where the rule's cases stand; the file may be missing."""
    if isinstance(row, Fill):
        return CASES / f"{DERIVED}.csv"
    return CASES / f"{_ELSEWHERE.get(row.name, (row.name,))[0]}.csv"


def cases_of(row: Row) -> Iterator[Case]:
    """The rule's cases, in the order of their table; none while there is no table."""
    if not table_of(row).is_file():
        return
    _, column, mark = _ELSEWHERE.get(row.name, ("", "", ""))
    with table_of(row).open(encoding="utf-8", newline="") as file:
        for case in csv.DictReader(file):
            if isinstance(row, Fill):
                if case["rule"] == row.name:
                    yield _derived(row, case)
            elif not column or case[column] == mark:
                yield _read(row, case)


def _read(row: Row, case: dict[str, str]) -> Case:
    assert not isinstance(row, Fill)
    text = plain(case["before"])
    formatted = row.on(case.get("field") or row.fields[0]).read(text, case.get("region") or "DK")
    after = None if formatted.value == text else formatted.value or ""
    findings = tuple(issue.code for issue in formatted.issues)
    return Case(case["before"], after, dict(formatted.spill), findings, case.get("note") or "")


def _derived(row: Fill, case: dict[str, str]) -> Case:
    outcomes = list(filled([row], record(case["record"]), (), (), "DK"))
    after = next((one.change.new for one in outcomes if one.change), None)
    findings = tuple(finding.code for one in outcomes for finding in one.findings)
    return Case(case["record"], after and str(after), {}, findings, case["note"])


def record(text: str) -> dict[str, str | None]:
    """`field=value | field=` as the values of a record; nothing behind the sign is an empty cell."""
    parts = (part.partition("=") for part in text.split(" | "))
    return {name.strip(): value or None for name, _, value in parts}


def plain(text: str) -> str:
    """A cell of a table with its `\\\\n` and `\\\\uXXXX` as the characters that they stand for."""
    text = text.replace("\\n", "\n").replace("\\\\", "\\")
    return re.sub(r"\\u([0-9a-f]{4})", lambda found: chr(int(found[1], 16)), text)
