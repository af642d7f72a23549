"""Technologies, signals, credit and groups, as what sources tell of them becomes text."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime

import pytest

from rules import tables
from rules.enrichment.facts import told
from rules.enrichment.record import CompanyRecord, Credit, Related, Signal
from rules.enrichment.technologies import listed
from rules.fields.choices import SIGNAL, TECHNOLOGY
from rules.fields.field import Choice

TODAY = date(2026, 11, 26)
BARE = CompanyRecord(cvr="90000012", source="vainu", read_at=datetime(2026, 11, 25, tzinfo=UTC))


@pytest.mark.parametrize(
    ("products", "kind"),
    [
        (["Shopify"], "Webshop"),
        (["shopify ", "Salesforce"], "CRM-system"),
        (["Opdigtet Kasse"], ""),
        (["none"], ""),
        ([], ""),
    ],
)
def test_products_are_the_first_kind_of_the_list_that_fits(products: list[str], kind: str) -> None:
    assert listed(products, TECHNOLOGY) == kind
    assert listed(reversed(products), TECHNOLOGY) == kind


def test_a_list_of_one_s_own_may_name_products() -> None:
    own = (Choice("kasse", "Opdigtet Kasse", "Made-up Till"), Choice("webshop", "Webshop", "Shop"))
    assert listed(["Shopify", "Opdigtet Kasse"], own) == "Opdigtet Kasse"


def test_every_product_of_the_table_is_of_a_kind_of_the_list() -> None:
    assert set(tables.pairs("technologies").values()) <= {choice.value for choice in TECHNOLOGY}
    assert set(tables.pairs("vainu_signals").values()) <= {choice.value for choice in SIGNAL}


def test_the_newest_signal_is_told_with_its_day_and_an_old_one_not() -> None:
    old, new = Signal(kind="funding", day=date(2026, 3, 1)), Signal(kind="hiring", day=TODAY)
    both = told(replace(BARE, signals=(new, old)), today=TODAY)
    assert (both["signal"], both["signal_at"]) == ("Ansætter", "2026-11-26")
    assert "signal" not in told(replace(BARE, signals=(old,)), today=TODAY)
    assert "signal" not in told(replace(BARE, signals=(replace(new, kind="opdigtet"),)))


def test_owners_and_risk_are_told_in_the_words_of_the_list() -> None:
    one = replace(
        BARE,
        parent=Related(name="Opdigt Holding ApS"),
        head=Related(name="Opdigt AB", known_as="300000001"),
        credit=Credit(risk="raised", model="DK00000 40"),
    )
    found = told(one, today=TODAY)
    assert found["parent_company"] == "Opdigt Holding ApS"
    assert found["ultimate_parent"] == "Opdigt AB"
    assert found["credit_rating"] == "Forhøjet risiko"
    assert "credit_rating" not in told(replace(one, credit=Credit(risk="", model="")))
