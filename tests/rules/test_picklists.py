"""Free text in which few things are said, and the same thing said in several ways."""

from __future__ import annotations

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rules.catalogue import DEFAULT, extend
from rules.checks.picklists import FEWEST, found_in, grouped, looked_at
from rules.records import Kind

SECTOR = DEFAULT["sector"]
CAMPAIGN = DEFAULT["campaign"]


def _said(cells: list[str], row: object = SECTOR) -> dict[str, dict[str, str]]:
    return {one.code: dict(one.details) for one in found_in(row, cells)}  # type: ignore[arg-type]


def test_a_text_column_with_few_answers_is_a_list_in_the_making() -> None:
    cells = ["Interesseret"] * 30 + ["Ring igen"] * 25 + ["interesseret "] * 3 + ["intr."] * 2
    assert _said([*cells, "", "  "]) == {
        "picklist_wanted": {
            "values": "Interesseret, Ring igen",
            "count": "60",
            "of": "60",
        },
        "spellings_differ": {"spellings": "'Interesseret' = 'interesseret ' = 'intr.'"},
    }


def test_what_only_some_write_otherwise_does_not_count_against_it() -> None:
    cells = ["Ja"] * 50 + ["Nej"] * 48 + ["spørg receptionen", "vist nok"]
    assert _said(cells)["picklist_wanted"]["count"] == "98"


@pytest.mark.parametrize(
    "cells",
    [
        ["Ja", "Nej"] * (FEWEST // 2 - 1),
        ["Ja"] * 100,
        [f"svar {'abcdefghijklmnopqrstuvwxyz'[n % 26]}{n}" for n in range(200)],
        ["Ja"] * 50 + ["Nej"] * 40 + [f"noget helt andet, {n}" for n in range(10)],
        [f"Uge {n}" for n in range(1, 31)] * 4,
    ],
    ids=["too few cells", "one answer", "all different", "a tenth is something else", "too many"],
)
def test_other_columns_are_left_in_peace(cells: list[str]) -> None:
    assert _said(cells) == {}


def test_a_list_is_not_told_to_be_one_but_how_it_is_misspelt() -> None:
    cells = ["Uge 45 håndværk"] * 30 + ["uge 45 HÅNDVÆRK"] * 20 + ["Uge 46 kontor"] * 30
    assert _said(cells, CAMPAIGN) == {
        "spellings_differ": {"spellings": "'Uge 45 håndværk' = 'uge 45 HÅNDVÆRK'"}
    }
    assert _said(["Uge 45 håndværk"] * 30 + ["Uge 46 håndværk"] * 30, CAMPAIGN) == {}


@pytest.mark.parametrize(
    ("one", "other", "groups"),
    [
        ("Interesseret", "interesseret", 1),
        ("Interesseret", " Interesseret.", 1),
        ("Interesseret", "intr.", 1),
        ("Interesseret", "intr", 2),
        ("Interesseret", "int. res.", 1),
        ("Interesseret", "Intereseret", 1),
        ("Interesseret", "Interessteret", 1),
        ("Interesseret", "Interezseret", 1),
        ("Interesseret", "Uinteresseret", 2),
        ("Anemone Tallerken", "Anemone T.", 1),
        ("Anemone Tallerken", "Birk T.", 2),
        ("Nord", "Ford", 2),
        ("Nord", "Nors", 2),
        ("Uge 45", "Uge 46", 2),
        ("Kampagne 2025", "Kampagne 2026", 2),
        ("Kampagne 2025", "kampange 2025", 2),
        ("Café", "Cafe", 1),
    ],
)
def test_which_spellings_mean_the_same(one: str, other: str, groups: int) -> None:
    assert len(grouped(Counter({one: 10, other: 2}))) == groups


@given(st.lists(st.text(max_size=10), max_size=60))
def test_nothing_is_lost_or_counted_twice(cells: list[str]) -> None:
    groups = grouped(Counter(cells))
    assert sum((group for group in groups), Counter()) == Counter(cells)
    assert [one.total() for one in groups] == sorted((one.total() for one in groups), reverse=True)
    list(found_in(SECTOR, cells))


def test_only_columns_that_may_be_lists_are_looked_at() -> None:
    every = [field.name for field in DEFAULT]
    names = {row.name for row in looked_at(Kind.CALL, every, DEFAULT)}
    assert {"agent", "call_list", "campaign"} <= names
    assert names.isdisjoint({"note", "outcome", "company_name", "full_name", "called_number"})
    assert "city" not in {row.name for row in looked_at(Kind.COMPANY, every, DEFAULT)}


def test_a_column_of_the_customers_own_is_looked_at_too() -> None:
    own = {"interest": {"type": "text", "kinds": ["contact"], "da": "Interesse", "en": "Interest"}}
    catalogue = extend(DEFAULT, own)
    assert [row.name for row in looked_at(Kind.CONTACT, ["interest"], catalogue)] == ["interest"]
