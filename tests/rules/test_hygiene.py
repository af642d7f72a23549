"""Hygiene: a cell beside the rest of its record."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rules.changes import Change, Finding, Severity
from rules.fills import CLEANED, Fill
from rules.formats.formatted import Formatted, Issue
from rules.hygiene import PHONE_FIELDS, RULES, Row, Rule, clean
from rules.records import ABSENT, Kind, Value

CVR = "90000004"


def _after(values: Mapping[str, Value], changes: tuple[Change, ...]) -> dict[str, Value]:
    return {**values, **{change.field: change.new for change in changes}}


def _codes(findings: tuple[Finding, ...]) -> list[tuple[str | None, str]]:
    return [(finding.field, finding.code) for finding in findings]


def _lead(**values: Value) -> tuple[dict[str, Value], list[tuple[str | None, str]]]:
    changes, findings = clean(Kind.LEAD, values)
    return _after(values, changes), _codes(findings)


def test_a_messy_lead_comes_out_clean() -> None:
    values: dict[str, Value] = {
        "company_name": "opdigtet  aps",
        "cvr": "DK 90 00 00 04",
        "website": "WWW.OPDIGTET-0001.DK/",
        "full_name": "ANNE VON BÜLOW",
        "email": " Anne@Opdigtet-0001.dk",
        "direct_phone": "20 12 34 56",
        "sector": "  urørt ",
    }
    changes, findings = clean(Kind.LEAD, values)
    assert _after(values, changes) == {
        "company_name": "opdigtet ApS",
        "cvr": CVR,
        "website": "https://www.opdigtet-0001.dk",
        "full_name": "Anne von Bülow",
        "email": "anne@opdigtet-0001.dk",
        "direct_phone": "+4520123456",
        "sector": "  urørt ",
    }
    assert findings == ()
    assert {change.source for change in changes} == {"hygiene"}
    assert [change.old for change in changes] == [values[change.field] for change in changes]


def test_a_clean_lead_stays_as_it_is() -> None:
    values: dict[str, Value] = {"email": "anne@opdigtet-0001.dk", "direct_phone": "+4520123456"}
    assert clean(Kind.LEAD, values) == ((), ())


@pytest.mark.parametrize("empty", [None, "", ABSENT, "   "])
def test_an_empty_field_is_no_news(empty: Value) -> None:
    for field in {name for rule in RULES for name in rule.fields}:
        assert clean(Kind.LEAD, {field: empty}) == ((), ()), field


def test_rows_of_an_opt_out_list_are_evidence_and_stay() -> None:
    values: dict[str, Value] = {"direct_phone": "20 12 34 56", "email": " A@OPDIGTET-0001.DK"}
    assert clean(Kind.OPT_OUT, values) == ((), ())


@pytest.mark.parametrize("kind", sorted(CLEANED))
@pytest.mark.parametrize("field", PHONE_FIELDS)
def test_every_phone_field_of_every_other_kind_is_cleaned(kind: Kind, field: str) -> None:
    changes, _ = clean(kind, {field: "20 12 34 56"})
    assert [(change.field, change.new) for change in changes] == [(field, "+4520123456")]


# --- the country of a number ----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("country", "number"),
    [
        ("", "+4522123456"),
        (None, "+4522123456"),
        (ABSENT, "+4522123456"),
        ("DK", "+4522123456"),
        ("Danmark", "+4522123456"),
        ("NO", "+4722123456"),
        ("no", "+4722123456"),
        (" Norge ", "+4722123456"),
        ("Norway", "+4722123456"),
        ("UK", "+4522123456"),
        ("Atlantis", "+4522123456"),
    ],
)
def test_a_number_without_country_code_is_of_the_records_country(
    country: Value, number: str
) -> None:
    after, _ = _lead(direct_phone="22 12 34 56", country=country)
    assert after["direct_phone"] == number


def test_the_region_given_holds_for_records_without_a_country() -> None:
    changes, _ = clean(Kind.CONTACT, {"direct_phone": "22 12 34 56"}, region="NO")
    assert changes[0].new == "+4722123456"


# --- what belongs in another field ----------------------------------------------------------------


def test_an_extension_moves_into_its_empty_field() -> None:
    after, codes = _lead(direct_phone="33 12 34 56 lok. 123", phone_extension="")
    assert after == {"direct_phone": "+4533123456", "phone_extension": "123"}
    assert codes == []


def test_a_move_names_the_change_it_needs() -> None:
    values = {"direct_phone": "33123456 lok. 123", "phone_extension": None}
    changes, _ = clean(Kind.LEAD, values)
    moved = next(change for change in changes if change.field == "direct_phone")
    there = next(change for change in changes if change.field == "phone_extension")
    assert moved.details["needs"] == "phone_extension"
    assert there.old is None
    assert there.details["from"] == "direct_phone"


@pytest.mark.parametrize("there", ["7", "007", ABSENT])
def test_an_extension_with_nowhere_to_go_leaves_the_cell_untouched(there: Value) -> None:
    after, codes = _lead(direct_phone="33 12 34 56 lok. 123", phone_extension=there)
    assert after == {"direct_phone": "33 12 34 56 lok. 123", "phone_extension": there}
    assert codes == [("direct_phone", "phone_extension")]


def test_an_extension_stays_where_no_field_for_it_is_mapped() -> None:
    after, codes = _lead(direct_phone="33 12 34 56 lok. 123")
    assert after == {"direct_phone": "33 12 34 56 lok. 123"}
    assert codes == [("direct_phone", "phone_extension")]


def test_an_extension_that_stands_already_is_just_taken_out() -> None:
    after, codes = _lead(direct_phone="33 12 34 56 lok. 123", phone_extension=" 123 ")
    assert after == {"direct_phone": "+4533123456", "phone_extension": "123"}
    assert codes == []


def test_the_second_number_moves_into_its_empty_field() -> None:
    after, codes = _lead(direct_phone="20123456 / 33123456", other_phone=None)
    assert after == {"direct_phone": "+4520123456", "other_phone": "+4533123456"}
    assert codes == []


def test_the_second_number_never_overwrites_another() -> None:
    after, codes = _lead(direct_phone="20123456 / 33123456", other_phone="+4544123456")
    assert after == {"direct_phone": "20123456 / 33123456", "other_phone": "+4544123456"}
    assert codes == [("direct_phone", "phone_two_numbers")]


def test_a_second_number_that_stands_already_is_just_taken_out() -> None:
    after, codes = _lead(direct_phone="20123456 / 33123456", other_phone="33 12 34 56")
    assert after == {"direct_phone": "+4520123456", "other_phone": "+4533123456"}
    assert codes == []


def test_two_cells_with_two_numbers_share_one_free_field_by_order() -> None:
    after, codes = _lead(
        direct_phone="20123456 / 33123456", main_phone="44123456 / 55123456", other_phone=""
    )
    assert after["other_phone"] == "+4533123456"
    assert after["main_phone"] == "44123456 / 55123456"
    assert codes == [("main_phone", "phone_two_numbers")]


def test_two_numbers_in_the_field_for_another_number_have_nowhere_to_go() -> None:
    after, codes = _lead(other_phone="20123456 / 33123456")
    assert after["other_phone"] == "20123456 / 33123456"
    assert codes == [("other_phone", "phone_two_numbers")]


def test_an_address_in_a_phone_field_moves_to_the_empty_email_field() -> None:
    after, codes = _lead(direct_phone=" Anne@opdigtet-0001.dk", email=None)
    assert after == {"direct_phone": None, "email": "anne@opdigtet-0001.dk"}
    assert codes == []


@pytest.mark.parametrize("values", [{"email": "bo@opdigtet-0001.dk"}, {"email": "ukendt"}, {}])
def test_an_address_in_a_phone_field_stays_when_its_field_is_not_free(
    values: dict[str, Any],
) -> None:
    after, codes = _lead(direct_phone="anne@opdigtet-0001.dk", **values)
    assert after["direct_phone"] == "anne@opdigtet-0001.dk"
    assert ("direct_phone", "phone_holds_email") in codes


def test_an_address_in_a_phone_field_that_stands_already_is_taken_out() -> None:
    after, codes = _lead(direct_phone="anne@opdigtet-0001.dk", email="Anne@opdigtet-0001.dk")
    assert after == {"direct_phone": None, "email": "anne@opdigtet-0001.dk"}
    assert codes == []


def test_a_title_moves_to_the_title_field_or_stays() -> None:
    after, codes = _lead(full_name="Anne Hansen, direktør", title="")
    assert (after, codes) == ({"full_name": "Anne Hansen", "title": "Direktør"}, [])
    after, codes = _lead(full_name="Anne Hansen, direktør", title="Salgschef")
    assert after["full_name"] == "Anne Hansen, direktør"
    assert codes == [("full_name", "name_with_title")]


def test_a_title_that_moves_arrives_as_the_title_rule_wants_it_and_says_its_function() -> None:
    after, codes = _lead(full_name="ANNE HANSEN, adm. dir.", title="", function="", seniority="")
    assert after == {
        "full_name": "Anne Hansen",
        "title": "Adm. direktør",
        "function": "Ledelse",
        "seniority": "Topledelse",
    }
    assert codes == []


def test_a_name_before_an_address_may_go_when_the_name_field_says_the_same() -> None:
    after, codes = _lead(email="ANNE HANSEN <anne@opdigtet-0001.dk>", full_name="Anne Hansen")
    assert after == {"email": "anne@opdigtet-0001.dk", "full_name": "Anne Hansen"}
    assert codes == []
    after, codes = _lead(email="Bo <anne@opdigtet-0001.dk>", full_name="Anne Hansen")
    assert after["email"] == "Bo <anne@opdigtet-0001.dk>"
    assert codes == [("email", "email_display_name")]


# --- phone or CVR? ----------------------------------------------------------------------------------


@pytest.mark.parametrize("cell", [CVR, "90 00 00 04", "+45 90000004", "DK90000004", "4590000004"])
@pytest.mark.parametrize("own", [CVR, "DK 90 00 00 04"])
def test_a_records_own_cvr_number_in_a_phone_field_is_found_and_stays(cell: str, own: str) -> None:
    after, codes = _lead(cvr=own, direct_phone=cell)
    assert after["direct_phone"] == cell
    assert ("direct_phone", "phone_is_own_cvr") in codes


@pytest.mark.parametrize("cell", ["CVR 90000004", "CVR-nr.: DK 90 00 00 04"])
def test_a_phone_cell_that_calls_itself_a_cvr_number_moves_to_the_empty_field(cell: str) -> None:
    after, codes = _lead(cvr=None, direct_phone=cell)
    assert after == {"cvr": CVR, "direct_phone": None}
    assert codes == []


@pytest.mark.parametrize("values", [{"cvr": "90000012"}, {"cvr": "ukendt"}, {}])
def test_a_phone_cell_that_calls_itself_a_cvr_number_stays_when_its_field_is_not_free(
    values: dict[str, Any],
) -> None:
    after, codes = _lead(direct_phone="CVR 90000004", **values)
    assert after["direct_phone"] == "CVR 90000004"
    assert ("direct_phone", "phone_holds_cvr") in codes


def test_the_same_digits_that_fail_modulus_11_are_a_phone_number() -> None:
    after, codes = _lead(cvr="20123456", direct_phone="20 12 34 56")
    assert after == {"cvr": "20123456", "direct_phone": "+4520123456"}
    assert ("cvr", "cvr_is_phone") in codes


def test_another_number_that_ends_alike_is_not_the_cvr_number() -> None:
    after, codes = _lead(cvr=CVR, direct_phone="20 12 34 04")
    assert after["direct_phone"] == "+4520123404"
    assert codes == []


# --- what must not enter our store ------------------------------------------------------------------


@pytest.mark.parametrize("field", ["full_name", "note", "email", "cvr", "city", "direct_phone"])
def test_a_cpr_number_is_reported_masked_and_its_cell_left_alone(field: str) -> None:
    text = "  anne 010170-1234 hansen"
    changes, findings = clean(Kind.LEAD, {field: text, "campaign": ABSENT, "title": None})
    assert changes == ()
    assert _codes(findings) == [(field, "cpr_number")]
    assert findings[0].severity is Severity.ERROR
    assert all(
        "1234" not in value and "010170" not in value for value in findings[0].details.values()
    )


def test_ten_digits_on_end_are_a_phone_number_where_that_makes_sense() -> None:
    after, codes = _lead(direct_phone="0701234567", country="SE")
    assert (after["direct_phone"], codes) == ("+46701234567", [])
    _, codes = _lead(direct_phone="0101701234")
    assert codes == [("direct_phone", "cpr_number")]


def test_a_p_number_is_no_cpr_number_in_its_own_field() -> None:
    assert _lead(p_number="1012345678")[1] == []
    assert _lead(p_number="101234-5678")[1] == [("p_number", "cpr_number")]
    assert _lead(note="1012345678")[1] == [("note", "cpr_number")]


# --- root domain --------------------------------------------------------------------------------------


def test_the_root_domain_is_filled_beside_a_web_address() -> None:
    after, _ = _lead(website="www.opdigtet-0001.co.uk/x", root_domain=None)
    assert after["root_domain"] == "opdigtet-0001.co.uk"


@pytest.mark.parametrize(
    ("website", "root"),
    [("facebook.com/opdigtet", ""), ("ukendt", ""), ("www.opdigtet-0001.dk", "opdigtet-0002.dk")],
)
def test_the_root_domain_is_never_guessed_nor_overwritten(website: str, root: str) -> None:
    after, _ = _lead(website=website, root_domain=root)
    assert after["root_domain"] == root


# --- derived fields ------------------------------------------------------------------------------------


def test_a_web_address_repaired_in_this_pass_gives_its_root_domain_in_this_pass() -> None:
    changes, _ = clean(Kind.LEAD, {"website": " WWW.OPDIGTET-0001.DK/", "root_domain": " \u00a0"})
    filled = next(change for change in changes if change.field == "root_domain")
    assert filled == Change(
        "root_domain",
        " \u00a0",
        "opdigtet-0001.dk",
        "root_domain_from_website",
        "hygiene",
        "reason.website.root",
    )


@pytest.mark.parametrize("website", ["010170-1234.dk", "https://opdigtet-0001.dk/010170-1234"])
def test_nothing_is_derived_from_a_cell_with_a_cpr_number(website: str) -> None:
    after, codes = _lead(website=website, root_domain="")
    assert after["root_domain"] == ""
    assert codes == [("website", "cpr_number")]


def _said(text: str) -> Fill:
    def shouted(source: str, other: str) -> Formatted:
        return Formatted((source + other).upper(), "reason.test")

    def checked(stands: str, source: str, other: str) -> tuple[Issue, ...]:
        right = shouted(source, other).value == stands
        return () if right else (Issue(text, Severity.WARNING, {"text": stands}),)

    return Fill("shouted", "note", ("city", "sector"), shouted, 1, checked)


def test_what_contradicts_its_sources_is_reported_and_stays() -> None:
    values = {"city": "by", "note": "en anden"}
    changes, findings = clean(Kind.LEAD, values, rules=[_said("note_wrong")])
    assert changes == ()
    assert findings == (Finding("note_wrong", Severity.WARNING, "note", {"text": "en anden"}),)


@pytest.mark.parametrize("values", [{"city": "by"}, {"city": "by", "note": ABSENT}, {"note": ""}])
def test_a_field_that_is_not_mapped_or_has_no_source_is_never_filled(
    values: dict[str, Value],
) -> None:
    assert clean(Kind.LEAD, values, rules=[_said("note_wrong")]) == ((), ())


def test_a_source_that_is_not_mapped_or_blank_counts_as_nothing() -> None:
    for more in ({}, {"sector": None}, {"sector": "  "}, {"sector": ABSENT}):
        changes, _ = clean(Kind.LEAD, {"city": "by", "note": "", **more}, rules=[_said("x")])
        assert [change.new for change in changes] == ["BY"]


def test_a_filled_value_that_its_own_rule_would_change_is_not_written() -> None:
    tidy = Rule("tidy", ("note",), str.islower, lambda text: Formatted(text.lower(), "r"), 1)
    changes, findings = clean(Kind.LEAD, {"city": "by", "note": ""}, rules=[tidy, _said("x")])
    assert changes == ()
    assert _codes(findings) == [("note", "rule_not_idempotent")]


def test_no_derived_field_builds_on_one_that_is_filled_later() -> None:
    fills = [row for row in RULES if isinstance(row, Fill)]
    for place, row in enumerate(fills):
        if row.fill is None:
            continue
        for later in fills[place:]:
            # Where the later one is made from this one's own target, it had nothing to be made from.
            assert later.target not in row.sources or row.target in later.sources, row.name


def test_no_derived_field_is_one_that_a_rule_may_empty() -> None:
    targets = {row.target for row in RULES if isinstance(row, Fill)}
    assert not targets & {*PHONE_FIELDS, "phone_extension"}


# --- the table of rules --------------------------------------------------------------------------------


def _rule(unsettled: Any, **more: Any) -> Rule:
    return Rule("shout", ("note",), lambda _: False, unsettled, 1, **more)


def test_a_rule_that_does_not_leave_its_own_work_alone_changes_nothing() -> None:
    growing = _rule(lambda text: Formatted(text + "!", "reason.test"))
    changes, findings = clean(Kind.LEAD, {"note": "hej"}, rules=[growing])
    assert changes == ()
    assert _codes(findings) == [("note", "rule_not_idempotent")]


def test_a_rule_can_be_switched_off_for_a_field() -> None:
    rules = tuple(
        replace(rule, fields=("main_phone",))
        if isinstance(rule, Rule) and rule.name == "phone"
        else rule
        for rule in RULES
    )
    values: dict[str, Value] = {"direct_phone": "20 12 34 56", "main_phone": "20 12 34 56"}
    changes, _ = clean(Kind.LEAD, values, rules=rules)
    assert [change.field for change in changes] == ["main_phone"]


def _closed(rule: str, *fields: str) -> tuple[Row, ...]:
    """The rules, one of them without these fields."""
    left = (
        row.within(lambda name: name not in fields) if row.name == rule else row for row in RULES
    )
    return tuple(row for row in left if row is not None)


@pytest.mark.parametrize(
    ("text", "target", "code"),
    [
        ("20123456 / 33123456", "other_phone", "phone_two_numbers"),
        ("33123456 lok. 12", "phone_extension", "phone_extension"),
        ("anne@opdigtet-0001.dk", "email", "phone_holds_email"),
        ("CVR 90000004", "cvr", "phone_holds_cvr"),
    ],
)
def test_a_rule_moves_nothing_into_a_field_that_is_closed_to_it(
    text: str, target: str, code: str
) -> None:
    values: dict[str, Value] = {"direct_phone": text, target: None}
    changes, findings = clean(Kind.LEAD, values, rules=_closed("phone", target))
    assert changes == ()
    assert _codes(findings) == [("direct_phone", code)]


def test_a_rule_that_is_off_says_nothing_about_the_field_of_another() -> None:
    values: dict[str, Value] = {"cvr": "20123456", "direct_phone": "20123456"}
    assert ("cvr", "cvr_is_phone") in _codes(clean(Kind.LEAD, values)[1])
    _, findings = clean(Kind.LEAD, values, rules=_closed("cvr", "cvr"))
    assert _codes(findings) == []
    _, findings = clean(Kind.LEAD, values, rules=_closed("phone", "direct_phone"))
    assert ("cvr", "cvr_is_phone") not in _codes(findings)


def test_rule_names_and_fields_are_unique() -> None:
    names = [rule.name for rule in RULES]
    fields = [name for rule in RULES if isinstance(rule, Rule) for name in rule.fields]
    assert len(set(names)) == len(names)
    assert len(set(fields)) == len(fields)


# --- what holds for every record ------------------------------------------------------------------------

_CELLS = st.sampled_from(
    [
        "20123456", "20 12 34 56 / 33123456", "33123456 lok. 12", "+46701234567", "90000004",
        "DK 90000004", "anne@opdigtet-0001.dk", "Anne <ANNE@opdigtet-0001.dk>", "ukendt", "",
        "ANNE HANSEN", "Hansen, Peter", "Anne, direktør", "Opdigtet aps", "www.opdigtet-0001.dk",
        "010170-1234", "x", "  ", "12", "Dr. Anne", "SE", "020123456", "20123456 / 20123456",
        "11100", "478100", "DB07 478100", "DB25", "db07", "Torvehandel med fødevarer", "62.01.00",
        "620100 Computerprogrammering", "Computerprogrammering", "421000", "2024-05-01", "ca. 50",
        "11-50", "12 mio. kr.", "500", "Opdigtet v/Anne", "Opdigtet A/S under konkurs", "active",
        "Sverige", "8000",
        "8000 Århus C", "Kbh K", "Fabelvej 1, 8000 Aarhus C", "Fabelvej 1 - 1050 København K, Danmark",
        "917", "lok. 12",
        "adm. dir.", "Salgschef Norden", "salg", "Bolcher", "Formand",
    ]
)  # fmt: skip
_FIELDS = st.sampled_from(
    [
        "company_name", "cvr", "website", "root_domain", "full_name", "first_name", "last_name",
        "title", "email", "direct_phone", "main_phone", "other_phone", "phone_extension", "country",
        "note", "legal_form", "company_status", "industry_code", "industry_scheme",
        "industry_label", "industry_code_db25", "data_checked_at", "employees", "revenue",
        "address", "postcode", "city", "p_number", "priority",
        "function", "seniority", "outcome", "ad_protected",
    ]
)  # fmt: skip
_RECORDS = st.dictionaries(_FIELDS, st.one_of(_CELLS, st.none(), st.just(ABSENT)), max_size=15)


@given(_RECORDS, st.sampled_from(sorted(CLEANED)))
def test_a_cleaned_record_is_clean(values: dict[str, Value], kind: Kind) -> None:
    changes, _ = clean(kind, values)
    assert clean(kind, _after(values, changes))[0] == ()


@given(_RECORDS)
def test_no_field_is_changed_twice_and_each_from_what_it_is(values: dict[str, Value]) -> None:
    changes, _ = clean(Kind.LEAD, values)
    fields = [change.field for change in changes]
    assert len(set(fields)) == len(fields)
    for change in changes:
        assert change.old == values[change.field]
        assert change.new != change.old
        assert values[change.field] is not ABSENT


@given(_RECORDS)
def test_nothing_is_emptied_but_what_stands_elsewhere_now(values: dict[str, Value]) -> None:
    changes, _ = clean(Kind.LEAD, values)
    after = _after(values, changes)
    for change in changes:
        if not change.new:
            assert (change.old or "").strip().lower() == after["email"]


@given(_RECORDS)
def test_the_order_of_the_fields_makes_no_difference(values: dict[str, Value]) -> None:
    other_way = dict(reversed(values.items()))
    assert clean(Kind.LEAD, values)[0] == clean(Kind.LEAD, other_way)[0]


# --- fields that nobody can write ------------------------------------------------------------


def _unwritable(*fields: str) -> tuple[Row, ...]:
    """The rules that read cells, where nobody can write these fields."""
    return tuple(row.closing(frozenset(fields)) for row in RULES if isinstance(row, Rule))


@pytest.mark.parametrize(
    ("field", "text", "codes"),
    [
        ("direct_phone", "68 12 34 56", []),
        ("direct_phone", "ring til Birk", ["phone_invalid"]),
        ("direct_phone", "68123456 / 68123457", ["phone_two_numbers"]),
        ("email", "Snurrepip@Opdigtet-0001.dk", []),
        ("cvr", "DK 90 00 00 05", ["cvr_checksum"]),
    ],
)
def test_what_is_wrong_in_a_field_that_nobody_can_write_is_said_and_stays(
    field: str, text: str, codes: list[str]
) -> None:
    values: dict[str, Value] = {field: text, "other_phone": None}
    changes, findings = clean(Kind.LEAD, values, rules=_unwritable(field))
    assert changes == ()
    assert _codes(findings) == [(field, code) for code in codes]


def test_what_stands_where_it_belongs_is_no_finding_in_a_field_that_nobody_can_write() -> None:
    values: dict[str, Value] = {
        "direct_phone": "68123456 / 68123457", "other_phone": "+45 68 12 34 57",
    }  # fmt: skip
    assert clean(Kind.LEAD, values, rules=_unwritable("direct_phone", "other_phone")) == ((), ())


@given(_RECORDS, st.sets(st.sampled_from(sorted({*PHONE_FIELDS, "cvr", "email", "full_name"}))))
def test_who_cannot_write_a_field_hears_no_less_of_it(
    values: dict[str, Value], fields: set[str]
) -> None:
    open_ones = tuple(row for row in RULES if isinstance(row, Rule))
    _, before = clean(Kind.LEAD, values, rules=open_ones)
    closed = _unwritable(*fields)
    changes, findings = clean(Kind.LEAD, values, rules=closed)
    assert not fields & {change.field for change in changes}
    assert {one for one in _codes(before) if one[0] in fields} <= set(_codes(findings))
    assert clean(Kind.LEAD, _after(values, changes), rules=closed)[0] == ()
