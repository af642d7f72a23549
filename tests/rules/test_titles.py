"""Job titles: the table of standard titles, what titles say, and what stands beside them (R37)."""

from __future__ import annotations

import csv
from collections import Counter
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rules import tables
from rules.catalogue import DEFAULT, extend
from rules.changes import Severity
from rules.fields.choices import FUNCTION, SENIORITY
from rules.formats import title_words, titles
from rules.hygiene import clean, rules_of
from rules.records import Kind

with (Path(__file__).parent / "cases" / "title.csv").open(encoding="utf-8", newline="") as file:
    CASES = list(csv.DictReader(file))
FUNCTIONS = {choice.value for choice in FUNCTION}
LEVELS = {choice.value for choice in SENIORITY}
TITLES = {row["title"]: row for row in tables.rows("titles")}
VARIANTS = tables.rows("title_variants")


def _lead(**values: str) -> tuple[dict[str, str | None], list[tuple[str | None, str]]]:
    changes, findings = clean(Kind.LEAD, values)
    after = {**values, **{change.field: change.new for change in changes}}
    return after, [(finding.field, finding.code) for finding in findings]


# --- the tables ---------------------------------------------------------------------------------


def test_there_are_as_many_titles_as_were_promised() -> None:
    assert len(TITLES) >= 150
    assert len(VARIANTS) >= 600
    assert len(CASES) >= 150
    assert Counter(row["language"] for row in VARIANTS).keys() == {"da", "en"}


def test_every_variant_is_a_spelling_of_exactly_one_standard_title() -> None:
    found: dict[str, str] = {}
    for row in TITLES.values():
        for name in {row["da"], row["en"]} - {""}:
            assert found.setdefault(title_words.key(name), row["title"]) == row["title"], name
    for row in VARIANTS:
        key = title_words.key(row["variant"])
        assert key not in found, f"{row['variant']}: twice, or a name that needs no variant"
        found[key] = row["title"]


def test_a_variant_becomes_its_title_in_its_own_language() -> None:
    for row in VARIANTS:
        wanted = TITLES[row["title"]][row["language"]]
        assert wanted, row
        for spelling in (row["variant"], row["variant"].upper(), row["variant"].capitalize()):
            assert titles.title(spelling).value == wanted, spelling


def test_every_title_has_a_name_and_says_something() -> None:
    for row in TITLES.values():
        assert row["da"] or row["en"]
        assert set(row["function"].split()) <= FUNCTIONS
        assert row["seniority"] in LEVELS | {""}
        assert row["function"] or row["seniority"]


def test_every_word_says_what_its_kind_says() -> None:
    kinds = Counter()
    for row in tables.rows("title_words"):
        kinds[row["kind"]] += 1
        assert row["function"] in FUNCTIONS | {""}
        assert {row["seniority"], row["with_area"]} <= LEVELS | {""}
        assert bool(row["function"]) or row["kind"] != "area"
        assert bool(row["seniority"] or row["with_area"]) == (row["kind"] == "rank")
    assert kinds.keys() == {
        "rank", "area", "qualifier", "deputy", "former", "degree", "department", "of", "workplace",
        "inside",
    }  # fmt: skip


def test_words_are_looked_up_by_one_key_each() -> None:
    keys = [title_words.key(row["word"]) for row in tables.rows("title_words")]
    assert [key for key, times in Counter(keys).items() if times > 1] == []


def test_the_functions_and_levels_of_the_list_are_all_in_use() -> None:
    assert {name for row in TITLES.values() for name in row["function"].split()} == FUNCTIONS
    assert {row["seniority"] for row in TITLES.values()} - {""} == LEVELS


# --- what a title says --------------------------------------------------------------------------


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["before"])
def test_a_title_has_the_functions_and_the_level_of_its_case(case: dict[str, str]) -> None:
    if case["findings"] == "placeholder":
        return
    reading = titles.reading(case["before"].replace("\\n", "\n"))
    assert reading.functions == tuple(case["functions"].split())
    assert reading.seniority == case["seniority"]


_PARTS = (
    "salgschef", "CEO", "Head of", "sales", "marketing", "og", "&", "/", ",", "Norden", "senior",
    "tidligere", "PM", "hos", "i", "Opdigtet", "bolcher", "(", ")", "IT-", "HR", "leder", "vice",
    "assistent", "for", "salgs-", "-", "+", "cand.merc.", "direktør", "kundeservice", "afdelingen",
)  # fmt: skip
_TITLES = st.lists(st.sampled_from(_PARTS), max_size=9).map(" ".join)


@given(_TITLES)
def test_a_title_says_something_or_has_an_issue(text: str) -> None:
    reading = titles.reading(text)
    assert set(reading.functions) <= FUNCTIONS
    assert reading.seniority in LEVELS | {""}
    assert bool(reading.issue) or bool(reading.functions or reading.seniority)
    assert not (reading.issue and reading.seniority)


@given(_TITLES)
def test_no_word_of_a_composed_title_is_lost(text: str) -> None:
    formatted = titles.title(text)
    if formatted.value not in title_words.standard_names():
        assert formatted.value is not None
        assert formatted.value.split() == text.split()


@given(_TITLES, st.sampled_from(["bolcheblander", "Xyzzy", "9"]))
def test_one_unknown_word_and_nothing_is_read(text: str, unknown: str) -> None:
    reading = titles.reading(f"{unknown} {text}")
    assert reading.issue
    assert not reading.functions


@given(_TITLES)
def test_capitals_make_no_difference_to_what_a_title_says(text: str) -> None:
    assert titles.reading(text.upper()) == titles.reading(text.lower())


def test_the_level_of_several_titles_is_the_highest_whatever_their_order() -> None:
    names = ["Ejer", "CEO", "Salgschef", "Bogholder"]
    for first in names:
        for second in names:
            highest = min((first, second), key=names.index)
            both = titles.reading(f"{first} / {second}")
            assert both.seniority == titles.reading(highest).seniority
            assert both.functions[0] == titles.reading(highest).functions[0]


def test_somebody_who_left_is_a_warning_and_the_rest_are_notices() -> None:
    assert titles.title("tidligere direktør").issues[0].severity is Severity.WARNING
    assert titles.title("Bolcheblander").issues[0].severity is Severity.NOTICE


def test_no_sex_is_read_from_a_title_and_none_written_into_it() -> None:
    for own in ("Forkvinde", "Forperson", "Formand for bestyrelsen"):
        assert "kvinde" in own.lower() or "kvinde" not in (titles.title(own).value or "").lower()
    assert titles.title("Forkvinde").value == "Forkvinde"
    assert titles.title("Forperson").value == "Forperson"


# --- function and level beside it ---------------------------------------------------------------


def test_function_and_level_are_filled_beside_a_title_where_they_are_empty() -> None:
    after, codes = _lead(title="nordic sales manager", function="", seniority=" ")
    assert after == {"title": "nordic sales manager", "function": "Salg", "seniority": "Leder"}
    assert codes == []


def test_function_and_level_are_filled_from_the_title_as_it_is_repaired() -> None:
    after, _ = _lead(title="CEO\nFounder", function="", seniority="")
    assert after == {"title": "CEO / Founder", "function": "Ledelse", "seniority": "Ejer"}


def test_what_stands_is_never_overwritten() -> None:
    after, codes = _lead(title="Salgschef", function="Økonomi", seniority="Medarbejder")
    assert after == {"title": "Salgschef", "function": "Økonomi", "seniority": "Medarbejder"}
    assert codes == [("function", "function_contradicts_title")]


@pytest.mark.parametrize(
    ("title", "function"),
    [
        ("Salgschef", "Salg"),
        ("Salgschef", "sales"),
        ("Salgs- og marketingchef", "Marketing"),
        ("Direktør", "Salg"),
        ("Projektleder", "It"),
        ("Salgschef", "Ledelse"),
        ("Salgschef", "Bolcher"),
        ("Bolcheblander", "Salg"),
    ],
)
def test_a_function_that_the_title_does_not_rule_out_is_no_contradiction(
    title: str, function: str
) -> None:
    assert ("function", "function_contradicts_title") not in _lead(title=title, function=function)[
        1
    ]


@pytest.mark.parametrize("title", ["Bolcheblander", "Formand", "tidligere salgschef", "MBA", ""])
def test_nothing_is_filled_from_a_title_that_is_not_understood(title: str) -> None:
    after, _ = _lead(title=title, function="", seniority="")
    assert (after["function"], after["seniority"]) == ("", "")


def test_a_department_for_a_title_gives_the_function_and_no_level() -> None:
    after, codes = _lead(title="Salg", function="", seniority="")
    assert (after["function"], after["seniority"]) == ("Salg", "")
    assert codes == [("title", "title_is_area")]


def test_only_mapped_fields_are_filled() -> None:
    assert _lead(title="salgschef")[0] == {"title": "Salgschef"}


def test_a_list_of_the_settings_gets_its_own_words_and_nothing_else() -> None:
    own = [{"value": "sales", "da": "Salgsteam", "en": "Sales team"}]
    rules = rules_of(extend(DEFAULT, {"function": {"values": own}}))
    values = {"title": "Salgschef", "function": "", "seniority": ""}
    changes, _ = clean(Kind.LEAD, values, rules=rules)
    assert {change.field: change.new for change in changes} == {
        "function": "Salgsteam", "seniority": "Chef"
    }  # fmt: skip
    changes, _ = clean(Kind.LEAD, {**values, "title": "Bogholder"}, rules=rules)
    assert {change.field: change.new for change in changes} == {"seniority": "Medarbejder"}
