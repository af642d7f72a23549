"""The field catalogue: whole, consistent with itself, and hard to bend out of shape."""

from __future__ import annotations

import importlib
import pkgutil
from collections import Counter
from typing import Any

import pytest

import rules.formats
from rules.catalogue import DEFAULT, FIELDS, Catalogue, Layer, Moment, Role, Type
from rules.fields.field import OWNERS, SOURCES
from rules.folding import fold
from rules.records import Kind

CANONICAL = [
    "cvr",
    "p_number",
    "company_name",
    "legal_form",
    "industry_code",
    "industry_scheme",
    "industry_label",
    "industry_code_db25",
    "sector",
    "employees",
    "revenue",
    "gross_profit",
    "main_phone",
    "website",
    "root_domain",
    "address",
    "postcode",
    "city",
    "country",
    "technology",
    "parent_company",
    "ultimate_parent",
    "credit_rating",
    "signal",
    "signal_at",
    "company_status",
    "ad_protected",
    "first_name",
    "last_name",
    "full_name",
    "title",
    "function",
    "seniority",
    "direct_phone",
    "phone_extension",
    "other_phone",
    "email",
    "buying_role",
    "employment",
    "called_number",
    "shown_number",
    "agent",
    "call_list",
    "campaign",
    "outcome",
    "direction",
    "started_at",
    "duration_seconds",
    "note",
    "last_contact_at",
    "next_action",
    "next_action_at",
    "stage",
    "contact_ref",
    "company_ref",
    "source",
    "owner",
    "priority",
    "consent_call",
    "consent_call_at",
    "consent_call_source",
    "consent_email",
    "consent_email_at",
    "consent_email_source",
    "consent_sms",
    "consent_sms_at",
    "consent_sms_source",
    "lawful_basis",
    "lawful_basis_ref",
    "opt_out",
    "opt_out_call",
    "opt_out_email",
    "opt_out_sms",
    "opt_out_at",
    "opt_out_source",
    "do_not_call_reason",
    "data_checked_at",
    "manual_check",
    "manual_check_reason",
    "informed_at",
    "channel",
]


# --- the rows --------------------------------------------------------------------------------


def test_every_canonical_name_stands_in_the_catalogue_once() -> None:
    assert sorted(CANONICAL) == sorted(field.name for field in FIELDS)


def test_every_requirement_of_the_four_layers_has_its_fields() -> None:
    covered = {field.requirement for field in FIELDS}
    assert {f"R{number}" for number in range(1, 26)} <= covered


@pytest.mark.parametrize("field", FIELDS, ids=lambda field: field.name)
def test_a_row_is_whole(field: Any) -> None:
    assert field.da
    assert field.en
    assert field.kinds
    assert field.home
    assert field.home <= field.kinds
    assert field.owner in OWNERS
    assert field.sources
    assert set(field.sources) <= set(SOURCES)
    assert len(set(field.sources)) == len(field.sources)
    assert field.max_age_days is None or field.max_age_days > 0


@pytest.mark.parametrize("field", FIELDS, ids=lambda field: field.name)
def test_choices_belong_to_lists_and_are_told_apart(field: Any) -> None:
    if field.type in {Type.PICKLIST, Type.INTERVAL}:
        assert field.choices or not field.closed
    else:
        assert not field.choices
    words = Counter(
        word.casefold()
        for choice in field.choices
        for word in {choice.value.casefold(), *map(str.casefold, choice.spellings)}
    )
    assert not [word for word, count in words.items() if count > 1]


def test_only_lists_that_the_customer_alone_knows_have_no_values() -> None:
    bare = {f.name for f in FIELDS if f.type is Type.PICKLIST and not f.choices}
    assert bare == {"campaign", "call_list"}


def test_every_validator_is_a_function_of_the_formats() -> None:
    formats: set[str] = set()
    for module in pkgutil.iter_modules(rules.formats.__path__):
        formats |= set(vars(importlib.import_module(f"rules.formats.{module.name}")))
    assert {field.validator for field in FIELDS} - {""} <= formats


def test_the_bins_have_neither_gaps_nor_overlaps() -> None:
    bounds = [choice.value for choice in DEFAULT["employees"].choices]
    highest = -1
    for bound in bounds[:-1]:
        low, _, high = bound.partition("-")
        assert int(low) == highest + 1
        highest = int(high or low)
    assert bounds[-1] == f"{highest + 1}+"
    edges = [choice.value.split("-") for choice in DEFAULT["revenue"].choices[:-1]]
    assert [low for low, _ in edges[1:]] == [high for _, high in edges[:-1]]
    assert DEFAULT["revenue"].choices[-1].value == f"{edges[-1][1]}+"


def test_what_identifies_or_describes_a_person_is_marked_personal() -> None:
    for name in [
        "first_name",
        "last_name",
        "full_name",
        "email",
        "direct_phone",
        "note",
        "agent",
        "title",
    ]:
        assert DEFAULT[name].personal
    # A sole trader's main number and address are the owner's own.
    assert DEFAULT["main_phone"].personal
    assert DEFAULT["address"].personal


def test_every_opt_out_and_consent_field_says_for_which_channel() -> None:
    for field in DEFAULT.with_role(Role.OPT_OUT, Role.CONSENT):
        assert field.channel in {"call", "email", "sms", "all"}
        assert field.type is Type.BOOL


@pytest.mark.parametrize("kind", list(Kind))
def test_a_header_means_one_field_in_each_layer_of_a_kind(kind: Kind) -> None:
    for layer in Layer:
        meant: dict[str, str] = {}
        for field in DEFAULT.for_kind(kind):
            if field.layer is not layer:
                continue
            own = {fold(word) for word in field.kind_aliases.get(kind, ())}
            for key in {fold(word) for word in field.aliases} | own:
                other = meant.setdefault(key, field.name)
                special = key in own or key in {
                    fold(word) for word in DEFAULT[other].kind_aliases.get(kind, ())
                }
                assert other == field.name or special, (key, other, field.name)


def test_no_header_is_listed_that_folds_to_nothing() -> None:
    for field in FIELDS:
        for word in (*field.aliases, *(w for ws in field.kind_aliases.values() for w in ws)):
            assert fold(word)
            assert word == word.strip()


# --- the catalogue ---------------------------------------------------------------------------


def test_a_kind_gets_its_fields_and_no_others() -> None:
    for kind in Kind:
        fields = DEFAULT.for_kind(kind)
        assert all(kind in field.kinds for field in fields)
        assert len(fields) == sum(kind in field.kinds for field in FIELDS)
    assert "main_phone" not in {f.name for f in DEFAULT.for_kind(Kind.CALL)}
    assert "called_number" not in {f.name for f in DEFAULT.for_kind(Kind.CONTACT)}


def test_what_is_mandatory_depends_on_the_moment_and_grows_with_it() -> None:
    for kind in Kind:
        last: set[str] = set()
        for moment in (Moment.CALL_LIST, Moment.HAND_OFF, Moment.CLOSE):
            names = {field.name for field in DEFAULT.mandatory(kind, moment)}
            assert last <= names
            last = names
    at_list = {field.name for field in DEFAULT.mandatory(Kind.CONTACT, Moment.CALL_LIST)}
    assert {"direct_phone", "lawful_basis", "data_checked_at"} <= at_list
    # A company's number is no duty of a contact that carries it on a flat list.
    assert "main_phone" not in at_list


def test_two_fields_of_one_name_are_refused() -> None:
    with pytest.raises(ValueError, match="twice"):
        Catalogue((FIELDS[0], FIELDS[0]))
