"""How a company stands, by the register's own words and codes."""

from __future__ import annotations

import pytest

from rules import tables
from rules.catalogue import DEFAULT
from rules.enrichment.standing import (
    STANDING,
    Standing,
    form_of,
    personal_forms,
    standing_of,
    status_of,
)
from rules.permission import Person
from rules.permission_facts import person_of
from rules.records import Kind


@pytest.mark.parametrize(
    ("said", "status", "standing"),
    [
        ("NORMAL", "active", Standing.TRADING),
        ("Aktiv", "active", Standing.TRADING),
        ("UNDER  REKONSTRUKTION", "reconstruction", Standing.WINDING_UP),
        ("UNDER TVANGSOPLØSNING", "compulsory_dissolution", Standing.WINDING_UP),
        ("UNDER KONKURS", "bankruptcy", Standing.BANKRUPT),
        ("OPLØST EFTER KONKURS", "bankrupt", Standing.BANKRUPT),
        ("OPLØST EFTER FUSION", "merged", Standing.CEASED),
        ("TVANGSOPLØST", "dissolved", Standing.CEASED),
        ("NOGET NYT", "", Standing.UNKNOWN),
    ],
)
def test_the_registers_words_are_read(said: str, status: str, standing: Standing) -> None:
    assert status_of(said) == status
    assert standing_of(status) is standing


def test_all_that_tables_give_is_in_the_lists_of_the_catalogue() -> None:
    forms = {choice.value for choice in DEFAULT["legal_form"].choices}
    statuses = {choice.value for choice in DEFAULT["company_status"].choices}
    assert {row["form"] for row in tables.rows("cvr_forms")} <= forms
    assert {row["status"] for row in tables.rows("cvr_statuses")} <= statuses
    assert STANDING.keys() == statuses - {"unknown"}


@pytest.mark.parametrize(
    ("code", "form"), [("10", "ENK"), ("15", "PMV"), ("30", "I/S"), ("60", "A/S"), ("990", "")]
)
def test_a_code_of_the_register_is_a_legal_form_of_ours(code: str, form: str) -> None:
    assert form_of(code) == form


def test_whoever_owns_his_business_himself_is_a_person() -> None:
    assert personal_forms() == {"ENK", "PMV"}
    for form in personal_forms():
        values = {"company_name": "Fabel Glas", "legal_form": form}
        assert person_of(Kind.COMPANY, values) is Person.SOLE_TRADER
