"""Whole lists as programs export them: Salesforce, HubSpot, Dynamics 365, dialers, the register."""

from __future__ import annotations

import csv
import os
from itertools import groupby
from operator import itemgetter
from pathlib import Path

import pytest

from rules.headers import match
from rules.records import Kind

CASES = Path(__file__).with_name("cases")
BESIDE = Path(__file__).parents[3] / "shared/data/real"
REAL = Path(os.environ.get("RINGREN_REAL_LISTS", BESIDE))
"""A folder of real lists that may not be passed on; without it their tests are skipped."""


def _exports() -> list[tuple[str, list[dict[str, str]]]]:
    with (CASES / "exports.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    return [(name, list(group)) for name, group in groupby(rows, key=itemgetter("file"))]


@pytest.mark.parametrize(("file_name", "columns"), _exports(), ids=itemgetter(0))
def test_usual_exports_are_understood(file_name: str, columns: list[dict[str, str]]) -> None:
    found = match([column["header"] for column in columns], file_name=file_name)
    assert found.kind == columns[0]["kind"]
    assert found.kind_sure
    assert found.id_column == next(n for n, column in enumerate(columns) if column["id"])
    assert [c.canonical or "" for c in found.columns] == [column["field"] for column in columns]


def _real(name: str) -> tuple[list[str], list[list[str]]]:
    path = REAL / name
    if not path.exists():
        pytest.skip(f"no {name}: RINGREN_REAL_LISTS names the folder")
    with path.open(encoding="utf-8-sig", newline="") as file:
        rows = list(csv.reader(file))
    return rows[0], rows[1:100]


def test_a_register_extract_is_understood() -> None:
    headers, rows = _real("dk_construction_companies_a.csv")
    found = match(headers, file_name="udtræk.csv", sample=rows)
    assert found.kind is Kind.COMPANY
    assert found.id_column is None
    assert {c.header: c.canonical for c in found.columns} == {
        "cvr": "cvr", "name": "company_name", "legal_form": "legal_form",
        "industry": "industry_label", "address": "address", "postcode": "postcode",
        "city": "city", "phone": "main_phone", "email": "email", "start_date": None,
        "fte": "employees", "reklamebeskyttet": "ad_protected",
    }  # fmt: skip
    assert [remark.code for remark in found.reasons] == ["kind_by_columns"]


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("chicago_childcare_sites_gold.csv", Kind.COMPANY),
        ("febrl1_synthetic_people_gold.csv", Kind.CONTACT),
    ],
)
def test_foreign_lists_are_told_apart(name: str, kind: Kind) -> None:
    headers, rows = _real(name)
    assert match(headers, file_name="x.csv", sample=rows).kind is kind
