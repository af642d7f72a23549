"""Industry, size, form and status over whole records: `cases/company_facts.csv`, one test a row.

`given` are the record's mapped fields, `after` those that differ afterwards, `findings` are
`field:code`, blank between.
"""

from __future__ import annotations

import csv
import pickle
from collections.abc import Mapping
from pathlib import Path

import pytest

from rules.catalogue import DEFAULT, Choice, extend
from rules.formats.industry_schemes import Scheme, labels, scheme_of
from rules.hygiene import RULES, clean
from rules.options import USUAL, Options, bins_of, with_options
from rules.records import Kind, Value
from rules.tables import rows

with (Path(__file__).parent / "cases" / "company_facts.csv").open(
    encoding="utf-8", newline=""
) as file:
    CASES = list(csv.DictReader(file))


def _fields(text: str) -> dict[str, Value]:
    pairs = (part.partition("=") for part in text.split("; ") if part)
    return {name: value for name, _, value in pairs}


def _outcome(
    values: Mapping[str, Value], options: Options = USUAL
) -> tuple[dict[str, Value], list[str]]:
    changes, findings = clean(Kind.COMPANY, values, rules=with_options(RULES, options))
    return (
        {change.field: change.new for change in changes},
        [f"{finding.field}:{finding.code}" for finding in findings],
    )


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["given"])
def test_a_record_comes_out_as_its_case_says(case: dict[str, str]) -> None:
    changes, findings = _outcome(_fields(case["given"]))
    assert changes == _fields(case["after"])
    assert sorted(findings) == sorted(case["findings"].split())


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["given"])
def test_a_record_that_came_out_stays_as_it_is(case: dict[str, str]) -> None:
    given = _fields(case["given"])
    changes, findings = _outcome(given)
    again, still = _outcome({**given, **changes})
    assert again == {}
    assert set(still) == set(findings)


def test_there_are_cases_enough() -> None:
    assert len(CASES) >= 60


# --- what settings say ------------------------------------------------------------------------------


def test_a_range_goes_up_where_the_settings_say_so_and_the_reason_names_both_ends() -> None:
    rules = with_options(RULES, Options(up=True))
    changes, _ = clean(Kind.COMPANY, {"employees": "11-50"}, rules=rules)
    assert [(one.new, one.reason) for one in changes] == [("50-99", "reason.bin.up")]
    assert changes[0].details == {"low": "10-19", "high": "50-99", "text": "11-50"}


@pytest.mark.parametrize(
    ("unit", "bin_"), [("DKK", "0-1"), ("TDKK", "10-25"), ("MDKK", "1000+"), ("unknown", None)]
)
def test_a_bare_number_of_revenue_counts_what_the_settings_say(unit: str, bin_: str | None) -> None:
    changes, findings = _outcome({"revenue": "12500"}, Options(revenue_unit=unit))
    assert changes.get("revenue") == bin_
    assert bool(findings) is (bin_ is None)


def test_the_bins_are_those_of_the_settings() -> None:
    sizes = {"employees": {"values": ["Under 10", "10-49", "50-249", "250+"]}}
    options = Options(employees=bins_of(extend(DEFAULT, sizes), "employees"))
    for text, bin_ in {"9": "Under 10", "10": "10-49", "ca. 49": "10-49", "1000": "250+"}.items():
        assert _outcome({"employees": text}, options) == ({"employees": bin_}, [])
    assert _outcome({"employees": "50-249"}, options) == ({}, [])


def test_a_number_that_falls_between_the_bins_of_the_settings_stays() -> None:
    options = Options(employees=(Choice("1-9", "", ""), Choice("20-49", "", "")))
    for text in ("15", "50", "12-25"):
        assert _outcome({"employees": text}, options) == ({}, ["employees:interval_outside"])


def test_bins_that_name_no_amounts_are_known_by_their_names_only() -> None:
    options = Options(employees=(Choice("lille", "Lille", "Small"), Choice("stor", "", "Large")))
    assert _outcome({"employees": "SMALL"}, options) == ({"employees": "lille"}, [])
    assert _outcome({"employees": "12"}, options) == ({}, ["employees:interval_outside"])


def test_a_code_of_two_meanings_is_what_the_settings_say_when_nothing_else_does() -> None:
    given: dict[str, Value] = {"industry_code": "47.81.00", "industry_scheme": ""}
    assert _outcome(given, Options(scheme=Scheme.DB25)) == ({"industry_scheme": "DB25"}, [])
    dated: dict[str, Value] = {**given, "data_checked_at": "2022-01-01"}
    assert _outcome(dated, Options(scheme=Scheme.DB25)) == ({"industry_scheme": "DB07"}, [])


def test_a_single_successor_is_filled_when_the_settings_ask_for_it() -> None:
    given: dict[str, Value] = {
        "industry_code": "22.22.00",
        "industry_scheme": "DB07",
        "industry_code_db25": "",
    }
    only: dict[str, Value] = {**given, "industry_code": "01.11.00"}
    options = Options(fill_db25=True)
    assert _outcome(only, options) == ({"industry_code_db25": "01.11.00"}, [])
    assert _outcome(given, options)[0] == {}


def test_rules_without_options_stay_the_same_objects_and_all_go_to_another_process() -> None:
    assert with_options(RULES, USUAL) == RULES
    other = with_options(RULES, Options(up=True, scheme=Scheme.DB07, fill_db25=True))
    same = {row.name for row, new in zip(RULES, other, strict=True) if row is new}
    assert {"cvr", "phone", "root_domain_from_website"} <= same
    for row in pickle.loads(pickle.dumps(other)):  # noqa: S301 - our own
        assert row.name


# --- the code tables ----------------------------------------------------------------------------------


def test_the_two_systems_share_codes_that_mean_two_things() -> None:
    shared = labels(Scheme.DB07).keys() & labels(Scheme.DB25).keys()
    assert (len(labels(Scheme.DB07)), len(labels(Scheme.DB25))) == (741, 738)
    assert len(shared) == 543
    assert all(scheme_of(code) is None for code in shared)


def test_every_successor_is_a_code_of_db25() -> None:
    for row in rows("db07_to_db25"):
        candidates = row["db25"].split(" ")
        assert row["db07"] in labels(Scheme.DB07)
        assert set(candidates) <= labels(Scheme.DB25).keys()
        assert (len(candidates) == 1) is (row["sure"] == "only")
