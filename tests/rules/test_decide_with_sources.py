"""Deciding with sources' answers: beside the rules, before other systems, behind what people took back."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime

from rules.changes import Change
from rules.checks.desk import Terms
from rules.decide import Context, decide
from rules.enrichment.record import Address, CompanyRecord
from rules.keys import Key, KeyKind
from rules.others import Offer
from rules.records import Kind, Record, Ref, Value
from rules.trust import NO_PAST, Past

READ = datetime(2026, 11, 25, 3, 0, tzinfo=UTC)
REF = Ref("files", Kind.COMPANY, "1")
GLASS = CompanyRecord(
    cvr="90000012",
    source="cvr",
    read_at=READ,
    name="Fabel Glas A/S",
    form_code="60",
    address=Address(street="Fabelvej 12", postcode="8000", city="Aarhus C", country="DK"),
)
KNOWN = replace(NO_PAST, answers=[GLASS])
PLACE = ("address", "postcode", "city", "country")
CONTEXT = Context(
    terms=Terms(today=date(2026, 11, 26)), sourced=frozenset((*PLACE, "company_name", "legal_form"))
)
BARE: dict[str, Value] = {"cvr": "90000012", **dict.fromkeys((*PLACE, "legal_form"))}


def changes(past: Past, context: Context = CONTEXT, **values: Value) -> dict[str, Change]:
    decision = decide(Record(REF, "v1", {**BARE, **values}), context, past)
    return {change.field: change for change in decision.changes}


def test_sources_fill_what_no_rule_is_about_to_write() -> None:
    found = changes(KNOWN, company_name="Fabel Glas ApS")
    assert found["legal_form"].rule == "legal_form_from_name"
    assert {found[name].source for name in PLACE} == {"cvr"}


def test_a_source_finds_the_company_by_what_the_rules_made_of_the_cell() -> None:
    found = changes(KNOWN, cvr="DK 90 00 00 12")
    assert found["cvr"].rule == "cvr"
    assert found["legal_form"].new == "A/S"


def test_fields_that_are_switched_off_are_not_written() -> None:
    only = Context(sourced=frozenset({"legal_form"}))
    assert set(changes(KNOWN, only)) == {"legal_form"}


def test_of_what_goes_together_that_is_written_which_may_be() -> None:
    most = Context(sourced=frozenset({"legal_form", *PLACE[:3]}))
    assert set(changes(KNOWN, most)) == {"legal_form", *PLACE[:3]}


def test_what_a_rule_is_about_to_write_speaks_for_or_against_the_rest() -> None:
    assert changes(KNOWN, country="Danmark")["address"].source == "cvr"
    assert set(changes(KNOWN, postcode="DK-9000")) & set(PLACE) == {"postcode", "city"}


def test_what_a_person_took_back_is_held_back_with_all_that_goes_with_it() -> None:
    past = replace(KNOWN, declined={"city": "Aarhus C"})
    assert set(changes(past)) == {"legal_form"}


def test_sources_come_before_what_another_system_holds() -> None:
    offer = Offer(
        Ref("hubspot", Kind.COMPANY, "2"), {"legal_form": "ApS", "city": "Odense C"}, "cvr"
    )
    both = Context(sourced=CONTEXT.sourced, fills=frozenset({"legal_form"}))
    assert changes(replace(KNOWN, offers=[offer]), both)["legal_form"].new == "A/S"


def test_a_number_that_the_register_does_not_have_is_a_finding() -> None:
    past = replace(NO_PAST, not_found=[Key(KeyKind.CVR, "90000012")])
    decision = decide(Record(REF, "v1", BARE), CONTEXT, past)
    assert "cvr_not_in_register" in {one.code for one in decision.findings}
    assert decision.changes == ()
