"""What counts as gone quiet: by each system's own history."""

from __future__ import annotations

import csv
from collections.abc import Mapping
from datetime import date, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rules.silence import quiet

TABLE = Path(__file__).parent / "cases" / "silence.csv"
CASES = list(csv.DictReader(TABLE.read_text("utf-8").splitlines()))


def counts_of(case: Mapping[str, str]) -> dict[date, int]:
    usual = [int(number) for number in case["monday_to_sunday"].split()]
    end = date.fromisoformat(case["last_day"]) - timedelta(days=int(case["silent_days"]))
    days = [end - timedelta(days=n) for n in range(int(case["weeks"]) * 7)]
    found = {day: usual[day.weekday()] for day in days}
    return found | ({days[-1]: 1, days[30]: int(case["odd"])} if case["odd"] else {})


@pytest.mark.parametrize("case", CASES, ids=[case["case"] for case in CASES])
def test_a_system_is_quiet_when_a_person_would_wonder(case: Mapping[str, str]) -> None:
    found = quiet(counts_of(case), date.fromisoformat(case["last_day"]))
    assert (found is not None) == (case["quiet"] == "yes")


def test_it_says_since_when_and_how_much_was_to_be_expected() -> None:
    found = quiet(counts_of(CASES[0]), date(2026, 11, 24))
    assert found
    assert (found.since, found.expected) == (date(2026, 11, 23), 480)


days = st.dates(date(2026, 1, 1), date(2026, 12, 31))


@given(st.dictionaries(days, st.integers(0, 1000), max_size=80), days)
def test_whoever_spoke_on_the_last_day_is_never_quiet(counts: dict[date, int], day: date) -> None:
    assert quiet({**counts, day: 1}, day) is None
    assert quiet(counts, day) == quiet({**counts, day: 0} if day not in counts else counts, day)
