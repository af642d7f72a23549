"""What headers say of their cells: `cases/header_units.csv`, and what the rules make of it.

`mapped` tells whether a list with this header would be read into the field without being asked.
"""

from __future__ import annotations

import csv
import pickle
from collections.abc import Mapping
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rules.catalogue import DEFAULT, extend
from rules.fingerprint import fingerprint
from rules.formats import numbers
from rules.formats.industry_schemes import Scheme
from rules.header_units import MEASURED, unit_of, without_unit
from rules.headers import match
from rules.hygiene import RULES, clean, rules_of
from rules.options import Options, with_options
from rules.records import ABSENT, Kind, Value

with (Path(__file__).parent / "cases" / "header_units.csv").open(encoding="utf-8") as file:
    CASES = list(csv.DictReader(file))
UNITS = ("milliseconds", "minutes", "hours", "mm:ss", "hh:mm:ss")


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["header"])
def test_a_header_says_what_its_case_says(case: Mapping[str, str]) -> None:
    assert unit_of(case["field"], case["header"]) == case["unit"]
    kind = Kind.CALL if case["field"] == "duration_seconds" else Kind.COMPANY
    found = match([case["header"], "CVR"], file_name="liste.csv", kind=kind)
    assert (found.columns[0].canonical == case["field"]) == (case["mapped"] == "yes")


@given(st.sampled_from(sorted(MEASURED)), st.text(max_size=40))
def test_no_header_is_too_odd_to_be_read(field: str, header: str) -> None:
    unit_of(field, header)
    without_unit(field, header)


def test_a_field_without_a_unit_has_none_whatever_its_header() -> None:
    assert unit_of("note", "Note (mio. kr.)") == ""


# --- what comes of it ----------------------------------------------------------------------------


def _outcome(field: str, text: str, unit: str, **options: object) -> tuple[Value | None, list[str]]:
    """The new value, None when it stays, and the codes; the record must then be at rest."""
    kind = Kind.CALL if field == "duration_seconds" else Kind.COMPANY
    rules = with_options(RULES, Options(units={field: unit}, **options))  # type: ignore[arg-type]
    changes, findings = clean(kind, {field: text}, rules=rules)
    if changes:
        assert clean(kind, {field: changes[0].new}, rules=rules)[0] == ()
    return (changes[0].new if changes else None, [one.code for one in findings])


@pytest.mark.parametrize(
    ("text", "unit", "new", "codes"),
    [
        ("12,3", "MDKK", "10-25", []),
        ("10-25", "MDKK", None, []),
        ("800 t.kr.", "MDKK", "0-1", []),
        ("12.300.000,00", "MDKK", "10-25", []),
        ("1.230.000", "MDKK", None, ["revenue_unit_unknown"]),
        ("12300", "TDKK", "10-25 mio. kr.", []),
        ("12,3 mio. kr.", "TDKK", "10-25 mio. kr.", []),
        ("10-25", "TDKK", None, ["revenue_unit_unknown"]),
        ("15-20", "TDKK", "0-1 mio. kr.", []),
        ("over 2000 mio", "TDKK", "over 1000 mio. kr.", []),
        ("12300000", "DKK", "10-25 mio. kr.", []),
        ("2300000", "DKK", "1-5 mio. kr.", []),
        ("12,3", "DKK", None, ["revenue_unit_unknown"]),
        ("12,3", "EUR", None, ["revenue_currency"]),
        ("12,3 mio", "EUR", None, ["revenue_currency"]),
        ("12,3 mio. kr.", "EUR", "10-25 mio. kr.", []),
        ("10-25", "EUR", None, ["revenue_unit_unknown"]),
    ],
)
def test_revenue_is_read_in_the_unit_of_its_column(
    text: str, unit: str, new: str | None, codes: list[str]
) -> None:
    assert _outcome("revenue", text, unit) == (new, codes)


def test_the_header_is_stronger_than_the_setting_and_the_cell_than_both() -> None:
    assert _outcome("revenue", "12300", "TDKK", revenue_unit="MDKK") == ("10-25 mio. kr.", [])
    assert _outcome("revenue", "12 mio", "TDKK", revenue_unit="DKK") == ("10-25 mio. kr.", [])
    assert _outcome("revenue", "12", "EUR", revenue_unit="MDKK") == (None, ["revenue_currency"])
    assert _outcome("revenue", "12300", "", revenue_unit="TDKK") == ("10-25", [])


@pytest.mark.parametrize(
    ("text", "unit", "new", "codes"),
    [
        ("2", "minutes", None, []),
        ("2,5", "minutes", None, []),
        ("2,0", "minutes", "2", []),
        ("00:02:30", "minutes", "2,5", []),
        ("2 min. 30 sek.", "minutes", "2,5", []),
        ("00:02:20", "minutes", None, []),
        ("02:30", "minutes", None, ["duration_unclear"]),
        ("lang", "minutes", None, ["duration_invalid"]),
        ("-5", "minutes", None, ["duration_invalid"]),
        ("1,500", "minutes", None, ["number_unclear"]),
        ("2 min.", "milliseconds", "120000", []),
        ("1 time", "hours", "1", []),
        ("90 min", "hours", "1,5", []),
        ("02:30", "mm:ss", None, []),
        (" 02:30", "mm:ss", "02:30", []),
        ("00:02:30", "mm:ss", "02:30", []),
        ("2 min 30 sek", "mm:ss", "02:30", []),
        ("150", "mm:ss", None, ["duration_invalid"]),
        ("00:02:30", "hh:mm:ss", None, []),
        ("150 sek", "hh:mm:ss", "00:02:30", []),
        ("02:30", "hh:mm:ss", None, ["duration_unclear"]),
        ("00:02:30", "seconds", "150", []),
        ("2,5", "seconds", None, ["duration_invalid"]),
    ],
)
def test_a_duration_stays_in_the_unit_of_its_column(
    text: str, unit: str, new: str | None, codes: list[str]
) -> None:
    assert _outcome("duration_seconds", text, unit) == (new, codes)


@given(
    st.text(max_size=12) | st.from_regex(r"[0-9]{1,3}[:., ][0-9]{1,3}( ?(min|sek|t))?"),
    st.sampled_from(UNITS),
)
def test_a_duration_that_was_read_is_left_alone(text: str, unit: str) -> None:
    once = numbers.duration(text, unit)
    if once.value:
        assert numbers.duration(once.value, unit).value == once.value
    if numbers.settled_duration(unit)(text):
        assert (once.value, once.issues) == (text, ())


@pytest.mark.parametrize(
    ("given", "header", "after", "codes"),
    [
        ({"industry_code": "47.81.00"}, "DB25", {"industry_scheme": "DB25"}, []),
        ({"industry_code": "47.81.00"}, "DB07", {"industry_scheme": "DB07"}, []),
        (
            {"industry_code": "47.81.00", "data_checked_at": "2022-01-01"},
            "DB25",
            {"industry_scheme": "DB25"},
            [],
        ),
        ({"industry_code": "47.81.00", "industry_scheme": "DB07"}, "DB25", {}, []),
        ({"industry_code": "62.01.00", "industry_scheme": ABSENT}, "DB25", {},
         ["industry_scheme_wrong"]),
    ],
)  # fmt: skip
def test_a_code_is_of_the_system_of_its_column(
    given: dict[str, Value], header: str, after: dict[str, Value], codes: list[str]
) -> None:
    options = Options(scheme=Scheme.DB07, units={"industry_code": header})
    values = {"industry_scheme": "", **given}
    changes, findings = clean(Kind.COMPANY, values, rules=with_options(RULES, options))
    assert {one.field: one.new for one in changes} == after
    assert [one.code for one in findings] == codes


def test_only_what_the_header_speaks_of_is_decided_anew() -> None:
    headed = with_options(RULES, Options(units={"revenue": "TDKK"}))
    assert fingerprint(Kind.COMPANY, headed, ["revenue"]) != fingerprint(
        Kind.COMPANY, RULES, ["revenue"]
    )
    assert fingerprint(Kind.CALL, headed, ["agent", "outcome"]) == fingerprint(
        Kind.CALL, RULES, ["agent", "outcome"]
    )
    assert with_options(RULES, Options(units={"duration_seconds": "seconds"}))[-1] is RULES[-1]
    every = {"revenue": "EUR", "duration_seconds": "mm:ss", "industry_code": "DB25"}
    pickle.loads(pickle.dumps(with_options(RULES, Options(units=every))))  # noqa: S301 - our own


# --- fills and the lists of the settings ------------------------------------------------------------


@pytest.mark.parametrize(
    ("values", "filled"),
    [
        (["A/S", "ApS"], "ApS"),
        (["A/S"], None),
        ([{"value": "anpart", "da": "Anpartsselskab", "spellings": ["ApS"]}], "Anpartsselskab"),
    ],
)
def test_a_fill_gives_only_what_the_list_of_the_settings_has(
    values: list[object], filled: str | None
) -> None:
    rules = rules_of(extend(DEFAULT, {"legal_form": {"values": values}}))
    record: dict[str, Value] = {"company_name": "Opdigtet Handel ApS", "legal_form": ""}
    changes, findings = clean(Kind.COMPANY, record, rules=rules)
    assert [one.new for one in changes] == ([filled] if filled else [])
    assert not findings
    assert rules_of(extend(DEFAULT, {"legal_form": {"owner": "sales"}})) != rules
