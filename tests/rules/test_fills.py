"""Fields derived from others: `cases/derived.csv`, one test a row.

Columns: rule, record (`field=value | field=`; nothing behind the sign is an empty cell), after (`=`:
what stood there; empty: nothing is filled), findings (codes, blank between).
"""

from __future__ import annotations

import csv

import pytest
from pages.cases import CASES, DERIVED, record

from rules.fills import Fill, filled
from rules.hygiene import RULES
from rules.records import ABSENT

FILLS = [row for row in RULES if isinstance(row, Fill)]
BY_NAME = {row.name: row for row in FILLS}


def _rows() -> list[dict[str, str]]:
    with (CASES / f"{DERIVED}.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


@pytest.mark.parametrize("case", _rows(), ids=lambda case: f"{case['rule']}: {case['record']}")
def test_a_record_comes_out_as_its_case_says(case: dict[str, str]) -> None:
    row, values = BY_NAME[case["rule"]], record(case["record"])
    outcomes = list(filled([row], values, (), (), "DK"))
    stands = values[row.target]
    made = next((one.change.new for one in outcomes if one.change), "=" if stands else "")
    assert made == case["after"]
    assert [f.code for one in outcomes for f in one.findings] == case["findings"].split()


@pytest.mark.parametrize("case", _rows(), ids=lambda case: f"{case['rule']}: {case['record']}")
def test_a_field_that_is_not_mapped_is_not_filled(case: dict[str, str]) -> None:
    row = BY_NAME[case["rule"]]
    values = {**record(case["record"]), row.target: ABSENT}
    assert not [one for one in filled([row], values, (), (), "DK") if one.change or one.findings]


@pytest.mark.parametrize("row", FILLS, ids=lambda row: row.name)
def test_each_has_cases_of_every_kind(row: object) -> None:
    own = [case for case in _rows() if case["rule"] == getattr(row, "name", "")]
    assert len(own) >= 5
    assert any(case["after"] not in {"=", ""} or case["findings"] for case in own)
