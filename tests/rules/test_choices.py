"""Picklists and yes/no fields: the lists of the catalogue, and those of the settings."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rules.catalogue import DEFAULT, Role, Type, extend
from rules.fields.field import Choice
from rules.formats.choices import Picklist
from rules.hygiene import RULES, Row, Rule, clean, rules_of
from rules.list_rules import picklist
from rules.records import Kind

LISTED = [
    field
    for field in DEFAULT
    if field.type is Type.PICKLIST and field.choices and field.name != "channel"
]
"""`channel` stands on rows of opt-out lists alone, and these are evidence."""


def _rule(name: str, rules: tuple[Row, ...] = RULES) -> Rule:
    found = next(rule for rule in rules if rule.name == name)
    assert isinstance(found, Rule)
    return found


@pytest.mark.parametrize("field", LISTED, ids=lambda field: field.name)
def test_every_list_knows_its_own_values_labels_and_spellings(field: object) -> None:
    assert field in LISTED
    for choice in field.choices:  # type: ignore[attr-defined]
        for text in (choice.value, choice.da, choice.en, *choice.spellings, *choice.english):
            assert picklist(field).value(text) == choice.value, text  # type: ignore[arg-type]


def test_every_field_with_a_list_of_values_is_read_by_it() -> None:
    read = {name for rule in RULES if isinstance(rule, Rule) for name in rule.fields}
    assert {field.name for field in LISTED} <= read


@pytest.mark.parametrize(
    "field", DEFAULT.with_role(Role.OPT_OUT, Role.CONSENT, Role.EVIDENCE), ids=lambda f: f.name
)
@pytest.mark.parametrize("text", ["ja", "NEJ", "x", "1", "måske", "nej tak", "ukendt"])
def test_what_is_for_the_ledger_is_never_touched_by_lists_or_yes_and_no(
    field: object, text: str
) -> None:
    name = field.name  # type: ignore[attr-defined]
    rules = (_rule("choice"), _rule("yes_no"))
    for kind in Kind:
        assert clean(kind, {name: text}, rules=rules) == ((), ())


def test_advertising_protection_is_a_plain_yes_or_no() -> None:
    changes, findings = clean(Kind.COMPANY, {"ad_protected": "x"})
    assert [(one.new, one.rule, one.reason) for one in changes] == [
        ("Ja", "yes_no", "reason.bool.yes_no")
    ]
    assert findings == ()
    changes, findings = clean(Kind.COMPANY, {"ad_protected": "måske"})
    assert changes == ()
    assert [finding.code for finding in findings] == ["bool_unknown"]


def test_a_buying_role_is_spelled_anew_and_never_filled() -> None:
    values = {"title": "Adm. direktør", "buying_role": "beslutter"}
    changes, _ = clean(Kind.CONTACT, values)
    assert {one.field: one.new for one in changes} == {"buying_role": "Beslutningstager"}
    changes, _ = clean(Kind.CONTACT, {**values, "buying_role": ""})
    assert changes == ()


def test_a_value_outside_a_closed_list_names_those_that_are_allowed() -> None:
    _, findings = clean(Kind.CONTACT, {"buying_role": "Ven af huset"})
    assert findings[0].code == "choice_unknown"
    assert findings[0].details["allowed"] == "Beslutningstager, Stærk indflydelse, Bruger, Portvagt"


def test_a_long_list_is_named_in_part() -> None:
    many = Picklist([Choice(f"V{n}", f"Værdi {n}", f"Value {n}") for n in range(500)], closed=True)
    assert len(many.allowed) <= 300
    assert many.allowed.endswith("…")


def test_a_list_of_the_settings_is_the_list() -> None:
    settings = {"outcome": {"values": ["Vundet", "Tabt"]}, "call_list": {"values": ["Uge 45"]}}
    rules = rules_of(extend(DEFAULT, settings))
    values = {"outcome": "VUNDET", "call_list": "uge 45"}
    changes, _ = clean(Kind.CALL, values, rules=rules)
    assert {one.field: one.new for one in changes} == {"outcome": "Vundet", "call_list": "Uge 45"}
    _, findings = clean(Kind.CALL, {"outcome": "Møde booket"}, rules=rules)
    assert [finding.details["allowed"] for finding in findings] == ["Vundet, Tabt"]


def test_fields_that_the_settings_add_are_read_too() -> None:
    own = {"kinds": ["lead"], "da": "Bil", "en": "Car"}
    rules = rules_of(
        extend(
            DEFAULT,
            {
                "car": {**own, "type": "picklist", "values": ["Varevogn", "Lastbil"]},
                "has_car": {**own, "type": "bool"},
            },
        )
    )
    changes, _ = clean(Kind.LEAD, {"car": "varevogn", "has_car": "x"}, rules=rules)
    assert {one.field: one.new for one in changes} == {"car": "Varevogn", "has_car": "Ja"}


def test_values_that_look_alike_folded_are_told_apart_or_left_alone() -> None:
    grades = Picklist([Choice(one, one, one) for one in ("A+", "A-", "B")], closed=True)
    assert grades.settled("A+")
    assert grades.unsettled(" A- ").value == "A-"
    assert [issue.code for issue in grades.unsettled("a").issues] == ["choice_unknown"]
    assert grades.unsettled("b").value == "B"


def test_an_opt_out_among_the_outcomes_stays_in_the_words_in_which_it_was_said() -> None:
    for said in ("NEJ TAK", "nej tak", "dnc"):
        assert clean(Kind.CALL, {"outcome": said}) == ((), ())


@given(st.sampled_from(LISTED), st.text(max_size=30))
def test_a_list_writes_only_its_labels_and_leaves_everything_else(field: object, text: str) -> None:
    lists = picklist(field)  # type: ignore[arg-type]
    written = lists.unsettled(text).value
    assert written in {text, text.strip()} or lists.settled(written or "")
