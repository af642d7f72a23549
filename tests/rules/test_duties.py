"""Whose a finding is, by when, and on which days anybody is called."""

from __future__ import annotations

from datetime import date, timedelta
from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rules import tables
from rules.call_days import easter, is_call_day, next_call_day
from rules.catalogue import DEFAULT, extend
from rules.changes import Severity
from rules.duties import BY_SEVERITY, CALL_DAY, TABLE, USUAL, Duties
from rules.fields.field import OWNERS
from sync.codes import codes
from sync.settings.model import Owner

FRIDAY = date(2026, 11, 27)


def test_a_finding_is_due_by_its_severity() -> None:
    for severity, days in BY_SEVERITY.items():
        assert USUAL.due("email_invalid", severity, FRIDAY) == FRIDAY + timedelta(days=days)


def test_the_table_and_the_settings_say_otherwise() -> None:
    assert USUAL.due("missing_at_hand_off", Severity.WARNING, FRIDAY) == FRIDAY
    assert USUAL.due("missing_for_call_list", Severity.WARNING, FRIDAY) == date(2026, 11, 30)
    own = Duties(days={"missing_at_hand_off": 3}, owners={"missing_at_hand_off": "marketing"})
    assert own.due("missing_at_hand_off", Severity.WARNING, FRIDAY) == date(2026, 11, 30)
    assert own.owner("missing_at_hand_off") == "marketing"
    assert USUAL.owner("missing_at_hand_off") == "sales"


def test_what_nobody_else_owns_is_the_owners_of_the_field() -> None:
    assert USUAL.owner("cvr_invalid", "cvr") == "register"
    other = Duties(extend(DEFAULT, {"cvr": {"owner": "finance"}}))
    assert other.owner("cvr_invalid", "cvr") == "finance"
    assert USUAL.owner("nul_bytes", None) in OWNERS


def test_the_table_names_findings_owners_and_terms_that_there_are() -> None:
    for row in tables.rows(TABLE):
        assert row["code"] in codes()
        assert row["owner"] in OWNERS
        assert row["due"] == CALL_DAY or row["due"].isdigit()
    assert get_args(Owner) == OWNERS


# --- call days --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("year", "day"),
    [
        (1999, "04-04"), (2000, "04-23"), (2008, "03-23"), (2011, "04-24"), (2024, "03-31"),
        (2025, "04-20"), (2026, "04-05"), (2027, "03-28"), (2038, "04-25"),
    ],
)  # fmt: skip
def test_easter(year: int, day: str) -> None:
    assert easter(year) == date.fromisoformat(f"{year}-{day}")


@pytest.mark.parametrize(
    "day",
    [
        "2027-01-01", "2027-03-25", "2027-03-26", "2027-03-29", "2027-05-06", "2027-05-17",
        "2026-06-05", "2026-12-24", "2026-12-25", "2026-12-31", "2023-05-05", "2026-11-28",
        "2026-11-29",
    ],
)  # fmt: skip
def test_nobody_is_called_on_holidays_and_weekends(day: str) -> None:
    assert not is_call_day(date.fromisoformat(day))


def test_store_bededag_is_a_working_day_since_2024() -> None:
    assert is_call_day(date(2024, 4, 26))
    assert not is_call_day(date(2023, 5, 5))


@given(st.dates(date(1990, 1, 1), date(2090, 12, 31)))
def test_the_next_call_day_is_near_and_one(day: date) -> None:
    following = next_call_day(day)
    assert is_call_day(following)
    assert 1 <= (following - day).days <= 7
    between = [day + timedelta(days=n) for n in range(1, (following - day).days)]
    assert not any(map(is_call_day, between))
