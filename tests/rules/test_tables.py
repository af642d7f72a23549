"""The code tables: each with its source, folded as the rules expect, without doubles."""

from __future__ import annotations

import unicodedata
from pathlib import Path

import phonenumbers
import pytest

from rules import tables
from rules.folding import fold
from rules.formats import countries, web

FOLDER = Path(tables.__file__).parent
NAMES = sorted(path.stem for path in FOLDER.glob("*.csv"))
KEYS = {"recipients": 2}
"""How many columns name a row, where it is not the first alone."""
_SPELLED = {"name_capitals", "legal_forms"}


@pytest.mark.parametrize("name", NAMES)
def test_a_table_names_its_source_and_date(name: str) -> None:
    head = [
        line for line in (FOLDER / f"{name}.csv").read_text("utf-8").splitlines() if line[0] == "#"
    ]
    text = " ".join(head)
    assert "ource" in text or "tatistics" in text
    assert "20" in text


@pytest.mark.parametrize("name", NAMES)
def test_a_table_is_folded_and_has_no_doubles(name: str) -> None:
    named = [tuple(row.values())[: KEYS.get(name, 1)] for row in tables.rows(name)]
    assert named
    assert len(set(named)) == len(named)
    keys = [key for row in named for key in row]
    assert all(key == key.lower() == unicodedata.normalize("NFC", key).strip() for key in keys)
    assert all(None not in row.values() and None not in row for row in tables.rows(name))


@pytest.mark.parametrize("name", NAMES)
def test_a_table_has_a_digest_of_its_own(name: str) -> None:
    assert [tables.digest(other) for other in NAMES].count(tables.digest(name)) == 1


def test_no_spelling_means_two_countries() -> None:
    owners: dict[str, set[str]] = {}
    for row in tables.rows("countries"):
        for spelling in (row["code"], row["da"], row["en"], *row["spellings"].split("|")):
            owners.setdefault(fold(spelling) or spelling, set()).add(row["code"])
    owners.pop("", None)
    assert {spelling: codes for spelling, codes in owners.items() if len(codes) > 1} == {}


def test_every_region_that_has_phone_numbers_is_a_country() -> None:
    # 001 and the like stand for networks of no country, AC and TA for parts of Saint Helena.
    regions = phonenumbers.SUPPORTED_REGIONS - {"AC", "TA"}
    assert regions <= countries.CODES


def test_every_shared_domain_is_spelled_as_domains_are_looked_up() -> None:
    for domain in tables.pairs("shared_domains"):
        assert web.ascii_host(domain) == domain
        assert web.root_of_host(domain) in {domain, None}


def test_words_are_chosen_by_the_other_columns() -> None:
    assert "lok" in tables.words("phone_words", kind="extension")
    assert "lok" not in tables.words("phone_words", kind="label")


def test_a_table_that_is_not_there_is_an_error() -> None:
    with pytest.raises(FileNotFoundError):
        tables.rows("no_such_table")
