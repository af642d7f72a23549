"""Registers: who is taken for whom, and which issue is heeded when. The cases: cases/registers.csv."""

import csv
from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rules.keys import Key
from rules.registers import UNCHECKED, Issue, Lack, in_force, keys_of, registered, row_key

CASES = list(
    csv.DictReader(
        (Path(__file__).parent / "cases" / "registers.csv").read_text("utf-8").splitlines()
    )
)
NOON = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)


@pytest.mark.parametrize("case", CASES, ids=lambda case: str(case["what"]))
def test_a_person_on_a_list_is_told_from_others_on_the_register(case: Mapping[str, str]) -> None:
    row = row_key(
        {
            "full_name": case["register_name"],
            "address": case["register_address"],
            "postcode": case["register_postcode"],
        }
    )
    assert isinstance(row, Key)
    found = keys_of(
        {
            "full_name": case["list_name"],
            "company_name": case["list_company"],
            "address": case["list_address"],
            "postcode": case["list_postcode"],
        }
    )
    assert ("unknown" if not found else "yes" if row in found else "no") == case["same"]


@pytest.mark.parametrize(
    ("values", "lack"),
    [
        ({"full_name": "Ida", "address": "Prøvevej 1", "postcode": "8000"}, "no_name"),
        ({"full_name": "Ida Opdigtet", "address": "Gården", "postcode": "8000"}, "no_address"),
        ({"full_name": "Ida Opdigtet", "address": "Prøvevej 1", "postcode": None}, "no_postcode"),
        ({}, "no_name"),
    ],
)
def test_a_row_that_nobody_can_be_found_by_says_what_it_lacks(
    values: Mapping[str, str | None], lack: str
) -> None:
    assert row_key(values) == Lack(lack)


@given(st.text(), st.text(), st.text(), st.text())
def test_any_text_gives_a_key_or_none(name: str, company: str, address: str, code: str) -> None:
    values = {"full_name": name, "company_name": company, "address": address, "postcode": code}
    assert keys_of(values) == keys_of(dict(values))
    row_key(values)


def issue(number: int, dated: date, imported: datetime, register: str = "robinson") -> Issue:
    return Issue(number, register, dated, imported, "k1", 10)


Q3 = issue(1, date(2026, 7, 1), NOON - timedelta(days=100))
Q4 = issue(2, date(2026, 10, 1), NOON - timedelta(days=10))
AGAIN = issue(3, date(2026, 10, 1), NOON - timedelta(days=5))
OWN = issue(4, date(2026, 5, 1), NOON - timedelta(days=150), "egen")


@pytest.mark.parametrize(
    ("days_ago", "heeded"),
    [(0, {3, 4}), (6, {2, 4}), (11, {1, 4}), (120, {4}), (200, set())],
)
def test_the_newest_issue_that_we_had_is_heeded(days_ago: int, heeded: set[int]) -> None:
    held = in_force((Q3, AGAIN, OWN, Q4), NOON - timedelta(days=days_ago))
    assert {one.issue for one in held} == heeded


def test_an_issue_of_tomorrow_is_not_heeded_today() -> None:
    early = issue(5, NOON.date() + timedelta(days=1), NOON - timedelta(days=1))
    assert in_force((early,), NOON) == ()


def test_standing_on_any_register_decides_and_the_oldest_says_how_old_a_no_is() -> None:
    assert registered((Q4, OWN), (OWN,)).on is True
    nowhere = registered((Q4, OWN), ())
    assert (nowhere.on, nowhere.checked) == (False, OWN.dated)
    assert registered((OWN,), ()) == UNCHECKED, "nobody is free of Robinson by another register"
