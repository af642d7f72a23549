"""Settings bend the catalogue where they may, and are refused in words where they may not."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rules.catalogue import DEFAULT, FIELDS, Catalogue, Layer, Moment, Role, Type, extend
from rules.errors import UserError
from rules.fields.field import OWNERS
from rules.records import Kind


def refused(overrides: Any, systems: tuple[str, ...] = ()) -> UserError:
    with pytest.raises(UserError) as error:
        extend(DEFAULT, overrides, systems=systems)
    return error.value


def test_settings_change_what_they_name_and_nothing_else() -> None:
    changed = extend(
        DEFAULT,
        {
            "title": {
                "da": "Rolle i firmaet",
                "owner": "sales",
                "sources": ["sales", "salesforce"],
                "mandatory_at": ["call_list"],
                "max_age_days": 90,
                "aliases": ["Hvad laver du"],
            }
        },
        systems=("salesforce",),
    )
    title = changed["title"]
    assert (title.da, title.en) == ("Rolle i firmaet", "Title")
    assert title.owner == "sales"
    assert title.sources == ("sales", "salesforce")
    assert title.mandatory_at == {Moment.CALL_LIST}
    assert title.max_age_days == 90
    assert title.aliases == (*DEFAULT["title"].aliases, "Hvad laver du")
    assert [f for f in changed if f.name != "title"] == [f for f in FIELDS if f.name != "title"]


def test_no_overrides_give_the_same_catalogue() -> None:
    assert extend(DEFAULT, {}) == DEFAULT


def test_a_field_that_never_goes_stale_says_false() -> None:
    assert extend(DEFAULT, {"title": {"max_age_days": False}})["title"].max_age_days is None


def test_values_make_a_list_exactly_those() -> None:
    values = ["Messe A", {"value": "b", "da": "Messe B", "spellings": ["Messen B"]}]
    campaign = extend(DEFAULT, {"campaign": {"values": values}})["campaign"]
    assert campaign.closed
    assert [(one.value, one.da, one.en, one.spellings) for one in campaign.choices] == [
        ("Messe A", "Messe A", "Messe A", ()),
        ("b", "Messe B", "b", ("Messen B",)),
    ]
    opened = extend(DEFAULT, {"outcome": {"open": True}})["outcome"]
    assert not opened.closed


def test_a_field_can_be_dropped() -> None:
    smaller = extend(DEFAULT, {"sector": {"in_use": False}})
    assert "sector" not in smaller
    assert len(smaller) == len(DEFAULT) - 1
    assert extend(DEFAULT, {"sector": {"in_use": True}}) == DEFAULT


def test_a_new_field_stands_last_and_is_personal_until_somebody_says_otherwise() -> None:
    bigger = extend(
        DEFAULT,
        {"fleet_size": {"type": "number", "kinds": ["company"], "da": "Biler", "en": "Cars"}},
    )
    field = bigger.fields[-1]
    assert (field.name, field.type, field.kinds) == ("fleet_size", Type.NUMBER, {Kind.COMPANY})
    assert field.layer is Layer.COMPANY
    assert field.personal
    impersonal = {"type": "phone", "kinds": ["lead"], "da": "Fax", "en": "Fax", "personal": False}
    fax = extend(DEFAULT, {"fax": impersonal})["fax"]
    assert not fax.personal
    assert fax.validator == "phone"


@pytest.mark.parametrize(
    ("overrides", "what", "key"),
    [
        ({"titel": {"da": "x"}}, "unknown", "type"),
        ({"title": {"colour": "red"}}, "unknown_key", "colour"),
        ({"title": {"type": "phone"}}, "fixed", "type"),
        ({"title": {"kinds": ["call"]}}, "fixed", "kinds"),
        ({"title": {"owner": "boss"}}, "wrong_value", "owner"),
        ({"title": {"owner": ["sales"]}}, "wrong_value", "owner"),
        ({"title": {"sources": ["gossip"]}}, "wrong_value", "sources"),
        ({"title": {"sources": ["cvr", "cvr"]}}, "twice", "sources"),
        ({"title": {"sources": []}}, "wrong_value", "sources"),
        ({"title": {"mandatory_at": ["lunch"]}}, "wrong_value", "mandatory_at"),
        ({"title": {"max_age_days": 0}}, "wrong_value", "max_age_days"),
        ({"title": {"enrich": "always"}}, "wrong_value", "enrich"),
        ({"title": {"dispute": True}}, "wrong_value", "dispute"),
        ({"title": {"least_confidence": 101}}, "wrong_value", "least_confidence"),
        ({"title": {"least_confidence": True}}, "wrong_value", "least_confidence"),
        ({"title": {"least_confidence": "80"}}, "wrong_value", "least_confidence"),
        ({"title": {"max_age_days": True}}, "wrong_value", "max_age_days"),
        ({"title": {"max_age_days": "90"}}, "wrong_value", "max_age_days"),
        ({"title": {"personal": False}}, "stays_personal", "personal"),
        ({"title": {"personal": "no"}}, "wrong_value", "personal"),
        ({"title": {"da": "  "}}, "wrong_value", "da"),
        ({"title": {"en": 3}}, "wrong_value", "en"),
        ({"title": {"aliases": [""]}}, "wrong_value", "aliases"),
        ({"title": {"values": ["a"]}}, "no_values", "values"),
        ({"title": {"open": True}}, "no_values", "open"),
        ({"outcome": {"values": []}}, "wrong_value", "values"),
        ({"outcome": {"values": ["a", "a"]}}, "twice", "values"),
        ({"outcome": {"values": [{"da": "a"}]}}, "wrong_value", "values"),
        ({"outcome": {"values": [{"value": "a", "farve": 1}]}}, "unknown_key", "values.farve"),
        ({"opt_out": {"in_use": False}}, "needed", "in_use"),
        ({"consent_sms": {"in_use": False}}, "needed", "in_use"),
        ({"ad_protected": {"in_use": False}}, "needed", "in_use"),
        ({"email": {"in_use": False}}, "needed", "in_use"),
        ({"title": "Titel"}, "no_table", ""),
        ({"Nyt felt": {"type": "text"}}, "name", ""),
        ({"nyt": {"type": "text", "kinds": ["lead"]}}, "incomplete", "da"),
        (
            {"nyt": {"type": "tekst", "kinds": ["lead"], "da": "a", "en": "b"}},
            "wrong_value",
            "type",
        ),
        (
            {"nyt": {"type": "text", "kinds": ["hund"], "da": "a", "en": "b"}},
            "wrong_value",
            "kinds",
        ),
        ({"nyt": {"type": "text", "kinds": [], "da": "a", "en": "b"}}, "wrong_value", "kinds"),
    ],
)
def test_a_wrong_override_is_refused_by_field_key_and_remedy(
    overrides: Any, what: str, key: str
) -> None:
    error = refused(overrides)
    assert error.message == f"error.field.{what}"
    assert error.details["field"] == next(iter(overrides))
    assert error.details["key"] == key


def test_a_misspelt_field_is_told_the_nearest_one() -> None:
    assert "title" in str(refused({"titel": {"da": "x"}}).details["allowed"]).split(", ")


def test_a_wrong_value_is_told_what_is_allowed() -> None:
    error = refused({"title": {"owner": "boss"}})
    assert error.details["allowed"] == ", ".join(OWNERS)


def test_a_system_is_a_source_only_where_it_is_configured() -> None:
    override = {"title": {"sources": ["hubspot"]}}
    assert refused(override).details["key"] == "sources"
    assert extend(DEFAULT, override, systems=["hubspot"])["title"].sources == ("hubspot",)


_KEYS = st.sampled_from(
    ["da", "en", "owner", "sources", "mandatory_at", "max_age_days", "personal", "aliases",
     "enrich", "dispute", "least_confidence", "values", "open", "in_use", "type", "kinds", "x"]
)  # fmt: skip
_SCALARS = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-5, 400),
    st.text(max_size=8),
    st.sampled_from(["sales", "cvr", "entry", "picklist", "lead"]),
)
_ANYTHING = st.one_of(
    _SCALARS,
    st.lists(_SCALARS, max_size=3),
    st.dictionaries(st.sampled_from(["value", "da", "x"]), _SCALARS, max_size=2),
)


@given(
    st.dictionaries(
        st.sampled_from([*[field.name for field in FIELDS[::7]], "nyt", "Nyt", ""]),
        st.one_of(_SCALARS, st.dictionaries(_KEYS, _ANYTHING, max_size=4)),
        max_size=3,
    )
)
def test_whatever_settings_say_they_are_taken_or_refused_in_words(overrides: Any) -> None:
    extended, error = _attempt(overrides)
    if error is not None:
        assert error.message.startswith("error.field.")
        assert error.details["field"] in overrides
        return
    assert {field.name for field in DEFAULT.with_role(Role.OPT_OUT, Role.CONSENT)} <= {
        field.name for field in extended
    }
    assert all(field.da and field.en and field.kinds for field in extended)


def _attempt(overrides: Any) -> tuple[Catalogue, UserError | None]:
    try:
        return extend(DEFAULT, overrides), None
    except UserError as error:
        return DEFAULT, error
