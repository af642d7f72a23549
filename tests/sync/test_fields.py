"""The catalogue as people read it: whole in both languages, and docs/fields.md is what it says."""

from __future__ import annotations

from dataclasses import astuple
from pathlib import Path

import pytest

from rules.catalogue import DEFAULT, FIELDS, Layer, Role, Type, extend
from rules.fields.field import OWNERS, SOURCES
from rules.records import Kind
from sync.fields import markdown, rows
from sync.texts import LANGUAGES, Texts

DOCS = Path(__file__).parents[2] / "docs" / "fields.md"


def test_the_page_in_the_docs_is_the_catalogue_as_it_stands() -> None:
    assert DOCS.read_text(encoding="utf-8") == markdown(DEFAULT, "en"), (
        "make it anew: python -m sync.fields > docs/fields.md"
    )


@pytest.mark.parametrize("lang", LANGUAGES)
def test_every_word_of_the_catalogue_has_its_text(lang: str) -> None:
    texts = Texts(lang)
    keys = {field.format for field in FIELDS}
    keys |= {f"type.{one}" for one in Type} | {f"kind.{one}" for one in Kind}
    keys |= {f"source.{one}" for one in SOURCES} | {f"list.owner.{one}" for one in OWNERS}
    keys |= {f"list.layer.{one}" for one in Layer}
    new = extend(DEFAULT, {f"new_{one}": _new(one) for one in Type})
    keys |= {field.format for field in new}
    assert [key for key in sorted(keys) if not texts.find(key)] == []


def _new(one: Type) -> dict[str, object]:
    return {"type": one.value, "kinds": ["lead"], "da": "x", "en": "x"}


@pytest.mark.parametrize("lang", LANGUAGES)
@pytest.mark.parametrize("kind", [None, *Kind])
def test_every_field_of_a_kind_is_a_row_without_gaps(kind: Kind | None, lang: str) -> None:
    found = rows(DEFAULT, kind, lang)
    fields = FIELDS if kind is None else DEFAULT.for_kind(kind)
    assert [row.name for row in found] == [field.name for field in fields]
    for row in found:
        assert all(isinstance(cell, str) for cell in astuple(row))
        assert row.label
        assert row.format
        assert "format." not in row.format
        assert row.sources


def test_the_two_languages_say_it_differently() -> None:
    assert rows(DEFAULT, Kind.LEAD, "da") != rows(DEFAULT, Kind.LEAD, "en")
    assert markdown(DEFAULT, "da").startswith("# Felter\n")


def test_the_page_follows_the_settings() -> None:
    dropped = extend(DEFAULT, {"sector": {"in_use": False}, "title": {"max_age_days": 12}})
    page = markdown(dropped, "en")
    assert "`sector`" not in page
    assert "12 days" in page


def test_the_page_names_every_value_and_every_header() -> None:
    page = markdown(DEFAULT, "en")
    for field in FIELDS:
        assert f"| `{field.name}` |" in page
        assert all(f"| `{choice.value}` |" in page for choice in field.choices)
        assert all(alias in page for alias in field.aliases)


def test_refusals_of_overrides_and_headers_have_texts_with_their_arguments() -> None:
    codes = (
        "field.unknown field.no_table field.unknown_key field.fixed field.wrong_value field.twice "
        "field.no_values field.stays_personal field.needed field.name field.incomplete "
        "header.unknown header.wrong_kind header.twice"
    )
    for lang in LANGUAGES:
        for code in codes.split():
            assert Texts(lang).find(f"error.{code}"), code
            assert Texts(lang).find(f"error.{code}.remedy"), code
    assert DEFAULT.with_role(Role.OPT_OUT)
