"""Whose value for which field, and over what: filled, renewed, asked about, or left alone."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from random import Random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rules.catalogue import DEFAULT, extend
from rules.changes import Change
from rules.enrichment.deciding import from_sources
from rules.enrichment.matching import By, Match, Reason
from rules.enrichment.policy import Enriched, Terms, enriched, may_write
from rules.enrichment.record import (
    Address,
    CompanyRecord,
    Headcount,
    Industry,
    Money,
    Number,
    Unit,
)
from rules.hygiene import RULES, rules_of
from rules.keys import Key, KeyKind
from rules.records import ABSENT, Kind, Value

READ = datetime(2026, 11, 25, 3, 0, tzinfo=UTC)
TODAY = date(2026, 11, 26)
CVR = "90000012"
IS = Match(Number("DK", CVR), By.CVR, Reason("match.cvr", {"cvr": CVR}))
TERMS = Terms(DEFAULT, RULES, today=TODAY)
FULL = CompanyRecord(
    cvr=CVR,
    source="cvr",
    read_at=READ,
    name="FABEL GLAS A/S",
    status="active",
    form_code="60",
    industry=Industry(code="231200", scheme="DB25", label="Forarbejdning af planglas"),
    headcount=Headcount(low=20, high=49, month=date(2026, 8, 1)),
    address=Address(street="Fabelvej 12, 2. tv", postcode="8000", city="Aarhus C", country="DK"),
    phone="68 00 00 01",
    website="www.opdigtet-0001.dk",
    protected=False,
)
STATED = CompanyRecord(
    cvr=CVR,
    source="accounts",
    read_at=READ,
    gross_profit=Money(amount=Decimal(12_500_000), period_end=date(2025, 12, 31)),
)
EMPTY: dict[str, Value] = dict.fromkeys(
    (
        "company_name", "cvr", "legal_form", "industry_code", "industry_scheme", "industry_label",
        "industry_code_db25", "employees", "revenue", "gross_profit", "main_phone", "website",
        "address", "postcode", "city", "country", "company_status", "ad_protected", "email",
    )
)  # fmt: skip


def run(
    records: Sequence[CompanyRecord],
    written: Sequence[Change] = (),
    terms: Terms = TERMS,
    match: Match = IS,
    **values: Value,
) -> Enriched:
    return enriched(Kind.COMPANY, {**EMPTY, **values}, match, records, terms, written)


def new(found: Enriched) -> dict[str, str | None]:
    return {change.field: change.new for change in found.changes}


def codes(found: Enriched) -> list[tuple[str, str | None]]:
    return [(one.code, one.field) for one in found.findings]


def also(source: str, **facts: object) -> CompanyRecord:
    return CompanyRecord(cvr=CVR, source=source, read_at=READ, **facts)  # type: ignore[arg-type]


def test_a_bare_record_becomes_a_full_one_in_the_spelling_of_its_fields() -> None:
    assert new(run([FULL, STATED])) == {
        "company_name": "FABEL GLAS A/S",
        "cvr": CVR,
        "legal_form": "A/S",
        "industry_code": "23.12.00",
        "industry_scheme": "DB25",
        "industry_label": "Forarbejdning af planglas",
        "industry_code_db25": "23.12.00",
        "employees": "20-49",
        "gross_profit": "10-25",
        "main_phone": "+4568000001",
        "website": "https://www.opdigtet-0001.dk",
        "address": "Fabelvej 12, 2. tv",
        "postcode": "8000",
        "city": "Aarhus C",
        "country": "DK",
        "company_status": "Aktiv",
        "ad_protected": "Nej",
    }


def test_a_change_says_where_it_is_from() -> None:
    (change,) = [one for one in run([FULL]).changes if one.field == "legal_form"]
    assert (change.rule, change.source, change.reason) == (
        "enrichment", "cvr", "reason.enrichment.cvr",
    )  # fmt: skip
    assert change.details == {
        "company": CVR,
        "read": "2026-11-25T03:00+00:00",
        "day": "2026-11-25",
        "confidence": "96",
    }


def test_the_record_after_its_changes_gives_none() -> None:
    found = run([FULL])
    assert run([FULL], found.changes, **new(found)) == Enriched((), ())


def test_what_somebody_wrote_is_left_alone_and_told() -> None:
    found = run([FULL], employees="5-9", company_name="Fabel Glas", main_phone="68000002")
    assert "employees" not in new(found)
    assert codes(found) == [
        ("source_differs", "employees"),
        ("source_differs", "main_phone"),
    ]


def test_fields_that_are_not_mapped_are_not_filled() -> None:
    values = {"company_name": "Fabel Glas A/S", "legal_form": ABSENT}
    assert enriched(Kind.COMPANY, values, IS, [FULL], TERMS) == Enriched((), ())


@pytest.mark.parametrize(
    ("stands", "filled"),
    [
        ({"postcode": "8000"}, {"address", "city", "country"}),
        ({"country": "DK"}, {"address", "postcode", "city"}),
        ({"postcode": "9000"}, set()),
        ({"address": "Eventyrvej 1"}, set()),
    ],
)
def test_an_address_is_filled_whole_or_not_at_all(
    stands: dict[str, Value], filled: set[str]
) -> None:
    found = run([FULL], **stands)
    assert set(new(found)) & {"address", "postcode", "city", "country"} == filled


def test_what_goes_together_needs_each_other() -> None:
    found = {change.field: change for change in run([FULL]).changes}
    assert set(found["postcode"].details["needs"].split()) == {
        "address", "postcode", "city", "country",
    }  # fmt: skip


def test_an_industry_code_without_its_system_is_not_filled() -> None:
    bare = replace(FULL, industry=Industry(code="231200", scheme=""))
    assert not set(new(run([bare]))) & {"industry_code", "industry_label", "industry_code_db25"}


def test_gross_profit_is_never_revenue() -> None:
    assert "revenue" not in new(run([FULL, STATED]))
    assert new(run([FULL, STATED]))["gross_profit"] == "10-25"


def test_a_year_that_ended_more_than_two_years_ago_says_nothing() -> None:
    for ends, told in ((date(2024, 11, 30), True), (date(2024, 10, 31), False)):
        old = replace(STATED, gross_profit=Money(amount=Decimal(12_500_000), period_end=ends))
        assert ("gross_profit" in new(run([old]))) is told


def test_figures_alone_do_not_say_that_the_company_was_seen() -> None:
    who = {**EMPTY, "cvr": CVR}
    assert from_sources(Kind.COMPANY, who, [STATED], (), TERMS).checked is None
    assert from_sources(Kind.COMPANY, who, [STATED, FULL], (), TERMS).checked == READ.date()


def test_revenue_in_another_currency_is_not_filled() -> None:
    euro = replace(STATED, revenue=Money(amount=Decimal(12_500_000), currency="EUR"))
    assert "revenue" not in new(run([euro]))


def test_an_estimate_is_not_sure_enough_unless_the_settings_say_so() -> None:
    guess = replace(STATED, revenue=Money(amount=Decimal(12_500_000), estimate=True))
    assert "revenue" not in new(run([guess]))
    bold = Terms(extend(DEFAULT, {"revenue": {"least_confidence": 60}}), RULES, today=TODAY)
    assert new(run([guess], terms=bold))["revenue"] == "10-25"


@pytest.mark.parametrize("protected", [True, None])
def test_contact_data_of_the_protected_are_not_taken_from_the_register(
    protected: Any,
) -> None:
    found = new(run([replace(FULL, protected=protected)]))
    assert not {"main_phone", "website"} & set(found)
    assert found["legal_form"] == "A/S"
    assert found.get("ad_protected") == ("Ja" if protected else None)


def test_an_old_head_count_says_nothing() -> None:
    old = replace(FULL, headcount=Headcount(exact=28, month=date(2018, 1, 1)))
    assert "employees" not in new(run([old]))


def test_an_old_answer_is_no_answer() -> None:
    old = replace(FULL, read_at=READ - timedelta(days=40))
    found = new(run([old]))
    assert "company_status" not in found
    assert "legal_form" in found


def test_a_branch_gets_the_address_of_its_own_unit() -> None:
    unit = Unit(
        p_number="1009990001",
        address=Address(street="Eventyrvej 3", postcode="9000", city="Aalborg", country="DK"),
        phone="68000003",
        protected=False,
    )
    company = replace(FULL, units=(unit, Unit(p_number="1009990002")))
    found = new(run([company], p_number="1009990001"))
    assert (found["address"], found["main_phone"]) == ("Eventyrvej 3", "+4568000003")
    other = new(run([company], p_number="1009990003"))
    assert not {"address", "main_phone"} & set(other)


def test_a_contact_keeps_an_address_of_his_own() -> None:
    leads, contacts = may_write(DEFAULT, Kind.LEAD), may_write(DEFAULT, Kind.CONTACT)
    assert leads - contacts == {"address", "postcode", "city", "country"}
    assert "ad_protected" in contacts


@pytest.mark.parametrize(
    ("company", "unit", "found"),
    [
        (False, False, "Nej"),
        (False, True, "Ja"),
        (True, False, "Ja"),
        (False, None, None),
        (None, True, "Ja"),
    ],
)
def test_a_place_is_protected_by_its_company_or_by_itself(
    company: Any, unit: Any, found: str | None
) -> None:
    place = Unit(p_number="1009990001", phone="68000003", protected=unit)
    record = replace(FULL, protected=company, units=(place, Unit(p_number="1009990002")))
    told = new(run([record], p_number="1009990001"))
    assert told.get("ad_protected") == found
    assert ("main_phone" in told) == (found == "Nej")


# --- over what -------------------------------------------------------------------------------


def test_status_and_protection_are_overwritten() -> None:
    bankrupt = replace(FULL, status="bankruptcy", protected=True)
    found = new(run([bankrupt], company_status="Aktiv", ad_protected="Nej"))
    assert found["company_status"] == "Under konkurs"
    assert found["ad_protected"] == "Ja"


def test_what_a_source_wrote_is_renewed() -> None:
    before = run([FULL])
    moved = replace(
        FULL, address=Address(street="Nyvej 7", postcode="5000", city="Odense C", country="DK")
    )
    found = run([moved], before.changes, **new(before))
    assert new(found) == {"address": "Nyvej 7", "postcode": "5000", "city": "Odense C"}


def test_what_somebody_changed_after_us_stays_until_there_is_news() -> None:
    before = run([FULL])
    values = {**new(before), "company_status": "Under frivillig likvidation"}
    assert "company_status" not in new(run([FULL], before.changes, **values))
    news = replace(FULL, status="bankruptcy")
    assert new(run([news], before.changes, **values))["company_status"] == "Under konkurs"


def test_a_less_trusted_source_does_not_take_the_place_of_a_more_trusted_one() -> None:
    before = run([FULL])
    other = also("vainu", headcount=Headcount(exact=300))
    assert "employees" not in new(run([other], before.changes, **new(before)))
    late = Terms(DEFAULT, RULES, today=TODAY + timedelta(days=370))
    fresh = replace(other, read_at=READ + timedelta(days=370))
    assert new(run([fresh], before.changes, late, **new(before)))["employees"] == "200-499"


@pytest.mark.parametrize(
    ("enrich", "filled"), [("empty", None), ("older", "20-49"), ("never", None)]
)
def test_settings_say_over_what_a_source_may_write(enrich: str, filled: str | None) -> None:
    catalogue = extend(DEFAULT, {"employees": {"enrich": enrich}})
    found = run([FULL], terms=Terms(catalogue, rules_of(catalogue), today=TODAY), employees="5-9")
    assert new(found).get("employees") == filled


def test_never_means_not_even_an_empty_field() -> None:
    catalogue = extend(DEFAULT, {"employees": {"enrich": "never"}})
    assert "employees" not in new(run([FULL], terms=Terms(catalogue, RULES, today=TODAY)))


# --- who is right ----------------------------------------------------------------------------


def test_sources_that_disagree_are_a_question_and_nothing_is_written() -> None:
    found = run([FULL, also("vainu", headcount=Headcount(exact=300))])
    assert "employees" not in new(found)
    assert codes(found) == [("facts_disagree", "employees")]
    assert found.findings[0].details == {
        "source": "cvr", "value": "20-49", "other_source": "vainu", "other": "200-499",
    }  # fmt: skip


def test_settings_can_say_that_the_first_is_right() -> None:
    catalogue = extend(DEFAULT, {"employees": {"dispute": "first", "sources": ["vainu", "cvr"]}})
    records = [FULL, also("vainu", headcount=Headcount(exact=300))]
    found = run(records, terms=Terms(catalogue, RULES, today=TODAY))
    assert new(found)["employees"] == "200-499"


def test_the_register_is_right_about_what_it_registers() -> None:
    found = run([also("vainu", form_code="80", status="dissolved"), FULL])
    assert new(found)["legal_form"] == "A/S"
    assert new(found)["company_status"] == "Aktiv"


def test_who_agrees_in_other_words_does_not_disagree() -> None:
    other = also(
        "vainu", headcount=Headcount(exact=31), phone="+45 68 00 00 01", name="Fabel Glas",
        website="https://opdigtet-0001.dk/forside",
    )  # fmt: skip
    found = run([FULL, other])
    assert found.findings == ()
    assert new(found)["employees"] == "20-49"


def test_another_companys_answers_are_not_taken() -> None:
    assert run([replace(FULL, cvr="90000020")]) == Enriched((), ())


def test_a_source_that_the_field_does_not_name_fills_nothing() -> None:
    assert new(run([also("zerobounce", headcount=Headcount(exact=31))])) == {}


_SOME = st.builds(
    CompanyRecord,
    cvr=st.sampled_from([CVR, "90000020"]),
    source=st.sampled_from(["cvr", "vainu", "lasso", "dnb"]),
    read_at=st.integers(0, 50).map(lambda days: READ - timedelta(days=days)),
    name=st.sampled_from(["", "Fabel Glas A/S", "Opdigt Tag ApS"]),
    status=st.sampled_from(["", "active", "bankruptcy", "dissolved"]),
    form_code=st.sampled_from(["", "60", "80"]),
    headcount=st.none() | st.builds(Headcount, exact=st.sampled_from([0, 3, 31, 300])),
    address=st.sampled_from([Address(), FULL.address]),
    website=st.sampled_from(["", "opdigtet-0001.dk", "opdigtet-0002.dk"]),
    phone=st.sampled_from(["", "68000001", "68000002"]),
    protected=st.sampled_from([None, True, False]),
    revenue=st.none() | st.builds(Money, amount=st.sampled_from([Decimal(3_000_000), Decimal(1)])),
)


@given(
    st.lists(_SOME, max_size=6),
    st.integers(0, 10_000),
    st.sampled_from(["", "5-9", "200-499"]),
    st.sampled_from(["", "opdigtet-0001.dk", "opdigtet-0002.dk"]),
)
def test_the_same_answers_in_another_order_give_the_same_outcome(
    records: list[CompanyRecord], seed: int, employees: str, domain: str
) -> None:
    values = {**EMPTY, "cvr": CVR, "employees": employees, "root_domain": domain}
    shuffled = records[:]
    Random(seed).shuffle(shuffled)
    first = from_sources(Kind.COMPANY, values, records, (), TERMS)
    assert from_sources(Kind.COMPANY, values, shuffled, (), TERMS) == first
    after = {**values, **{change.field: change.new for change in first.changes}}
    assert from_sources(Kind.COMPANY, after, shuffled, (), TERMS, first.changes).changes == ()


# --- what a person is told -------------------------------------------------------------------


@pytest.mark.parametrize(
    ("status", "code"),
    [
        ("active", None),
        ("liquidation", "company_winding_up"),
        ("bankruptcy", "company_bankrupt"),
        ("merged", "company_ceased"),
    ],
)
def test_who_is_closing_or_closed_is_flagged(status: str, code: str | None) -> None:
    record = replace(FULL, status=status)
    found = from_sources(Kind.COMPANY, {"cvr": CVR}, [record], (), TERMS)
    assert [one.code for one in found.findings] == ([code] if code else [])


def test_the_most_trusted_source_says_who_is_closed() -> None:
    answers = [also("vainu", status="dissolved"), FULL]
    assert from_sources(Kind.COMPANY, {"cvr": CVR}, answers, (), TERMS).findings == ()


def test_of_a_conflict_nothing_is_taken() -> None:
    other = replace(FULL, cvr="90000020", website="opdigtet-0002.dk")
    values = {**EMPTY, "cvr": CVR, "website": "https://opdigtet-0002.dk"}
    found = from_sources(Kind.COMPANY, values, [FULL, other], (), TERMS)
    assert found.changes == ()
    assert [one.code for one in found.findings] == ["company_cvr_differs"]


def test_a_number_that_the_register_does_not_have_is_told() -> None:
    found = from_sources(Kind.COMPANY, {"cvr": CVR}, (), [Key(KeyKind.CVR, CVR)], TERMS)
    assert [(one.code, one.field) for one in found.findings] == [("cvr_not_in_register", "cvr")]
