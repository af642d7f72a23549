"""A bad run stops itself before it writes and asks a person; opt-outs are recorded all the same."""

from __future__ import annotations

from pathlib import Path

import pytest
from promises.lists import HEADER, Lists, people

from rules.errors import Exit
from sync.passes import Outcome
from sync.settings.model import Limits

CALM = {"max_change_share": 1.0}
"""The raw list needs repairs everywhere, which is what these stories are not about."""


@pytest.fixture
def lists(tmp_path: Path) -> Lists:
    return Lists(tmp_path, settings={"limits": Limits(**CALM)})


def _stops(outcome: Outcome) -> set[str]:
    found = {one.code for one in outcome.report.stops}
    return found | {"shrink" for one in outcome.report.failures if one.exit_code == Exit.GUARD}


def _assert_stopped(lists: Lists, outcome: Outcome, code: str, before: list[str]) -> None:
    assert outcome.exit_code is Exit.GUARD
    assert code in _stops(outcome)
    assert lists.rows("kontakter.csv") == before
    assert lists.written(outcome.report.run.run) == []


# --- shares and numbers ----------------------------------------------------------------------


def test_a_large_share_of_changes_stops_the_run_until_a_person_allows_it(tmp_path: Path) -> None:
    lists = Lists(tmp_path)
    lists.put("kontakter.csv", HEADER, *people(40, flagged=1))
    before = lists.rows("kontakter.csv")
    _assert_stopped(lists, lists.run(), "large_share", before)
    assert lists.is_blocked("68 000000")
    _assert_stopped(lists, lists.run(), "large_share", before)
    allowed = lists.run("large_share")
    assert allowed.exit_code is Exit.OK
    assert allowed.report.totals.applied == 40


def test_too_many_changes_stop_the_run_until_a_person_allows_it(tmp_path: Path) -> None:
    lists = Lists(tmp_path, settings={"limits": Limits(max_change_share=1, max_changes=5)})
    lists.put("kontakter.csv", HEADER, *people(6, flagged=1))
    _assert_stopped(lists, lists.run(), "too_many", lists.rows("kontakter.csv"))
    assert lists.is_blocked("68 000000")
    assert lists.run("too_many").report.totals.applied == 6


def test_one_stream_over_its_limit_holds_back_the_writes_to_all(tmp_path: Path) -> None:
    lists = Lists(tmp_path, settings={"limits": Limits(max_change_share=1, max_changes=5)})
    lists.put("kontakter.csv", HEADER, *people(6))
    quiet = lists.put("andre.csv", HEADER, *people(2, first=50)).read_bytes()
    assert lists.run().exit_code is Exit.GUARD
    assert (lists.root / "andre.csv").read_bytes() == quiet


# --- sources that shrink ---------------------------------------------------------------------


def _shrunken(lists: Lists, rows: list[str], flagged: str | None = None) -> list[str]:
    lists.put("kontakter.csv", HEADER, *people(40))
    assert lists.run().exit_code is Exit.OK
    lists.put("kontakter.csv", HEADER, *rows, *([flagged] if flagged else []))
    return lists.rows("kontakter.csv")


@pytest.mark.parametrize("left", [0, 1, 19])
def test_an_emptied_or_halved_list_stops_the_run_every_time_until_a_person_allows_it(
    lists: Lists, left: int
) -> None:
    before = _shrunken(lists, people(left))
    _assert_stopped(lists, lists.run(), "shrink", before)
    assert lists.dry().exit_code is Exit.GUARD
    _assert_stopped(lists, lists.run(), "shrink", before)
    allowed = lists.run("shrink")
    assert allowed.exit_code is Exit.OK
    assert allowed.report.totals.records == left
    assert lists.run().exit_code is Exit.OK


def test_a_list_that_lost_a_few_rows_stops_nobody(lists: Lists) -> None:
    _shrunken(lists, people(30))
    outcome = lists.run()
    assert outcome.exit_code is Exit.OK
    assert outcome.report.totals.records == 30


def test_opt_outs_in_a_shrunken_list_are_recorded_although_the_run_stops(lists: Lists) -> None:
    before = _shrunken(lists, people(3), "K77;Ny Mand;68 000777;ny@opdigtet-0777.dk;ja")
    _assert_stopped(lists, lists.run(), "shrink", before)
    assert lists.is_blocked("68 000777")


def test_opt_outs_in_a_shrunken_list_are_recorded_by_a_dry_run_too(lists: Lists) -> None:
    _shrunken(lists, people(3), "K77;Ny Mand;68 000777;ny@opdigtet-0777.dk;ja")
    assert lists.dry().exit_code is Exit.GUARD
    assert lists.is_blocked("68 000777")


def test_an_opt_out_list_that_shrinks_stops_the_run_and_keeps_its_opt_outs(lists: Lists) -> None:
    numbers = [f"68 {n:06d}" for n in range(100, 140)]
    lists.put("nejtak.csv", "Telefon", *numbers)
    lists.put("kontakter.csv", HEADER, *people(2))
    assert lists.run().exit_code is Exit.OK
    lists.put("nejtak.csv", "Telefon", "68 000199")
    assert lists.run().exit_code is Exit.GUARD
    assert all(lists.is_blocked(one) for one in (*numbers, "68 000199"))
    assert lists.run("shrink").exit_code is Exit.OK
    assert all(lists.is_blocked(one) for one in (*numbers, "68 000199"))


def test_a_list_that_is_suddenly_gone_stops_the_run_and_its_records_go_when_allowed(
    lists: Lists,
) -> None:
    lists.put("kontakter.csv", HEADER, *people(40))
    lists.put("andre.csv", HEADER, *people(2, first=50))
    lists.run()
    (lists.root / "kontakter.csv").unlink()
    other = lists.put("andre.csv", HEADER, *people(3, first=50)).read_bytes()
    assert lists.run().exit_code is Exit.GUARD
    assert (lists.root / "andre.csv").read_bytes() == other
    allowed = lists.run("shrink")
    assert allowed.exit_code is Exit.OK
    assert allowed.report.totals.records == 3
    assert lists.run().exit_code is Exit.OK


def test_a_shrunken_list_that_comes_back_goes_on_as_if_nothing_had_been(lists: Lists) -> None:
    whole = people(40)
    _shrunken(lists, people(5))
    lists.run()
    lists.put("kontakter.csv", HEADER, *whole)
    outcome = lists.run()
    assert outcome.exit_code is Exit.OK
    assert outcome.report.totals.records == 40


# --- columns that change places --------------------------------------------------------------


def test_swapped_columns_stop_the_run_every_time_until_a_person_allows_it(lists: Lists) -> None:
    rows = [row.split(";") for row in people(40)]
    lists.put("kontakter.csv", HEADER, *(";".join(row) for row in rows))
    assert lists.run().exit_code is Exit.OK
    clean = [row.split(";") for row in lists.rows("kontakter.csv")[1:]]
    swapped = [[row[0], row[1], row[3], row[2], row[4]] for row in clean]
    lists.put("kontakter.csv", HEADER, *(";".join(row) for row in swapped))
    before = lists.rows("kontakter.csv")
    _assert_stopped(lists, lists.run(), "swapped", before)
    _assert_stopped(lists, lists.run(), "swapped", before)
    assert lists.run("swapped").exit_code is not Exit.GUARD
    assert lists.run().exit_code is not Exit.GUARD


def test_a_dry_run_does_not_use_up_the_warning_about_swapped_columns(lists: Lists) -> None:
    lists.put("kontakter.csv", HEADER, *people(40))
    lists.run()
    clean = [row.split(";") for row in lists.rows("kontakter.csv")[1:]]
    swapped = [[row[0], row[1], row[3], row[2], row[4]] for row in clean]
    lists.put("kontakter.csv", HEADER, *(";".join(row) for row in swapped))
    assert "swapped" in _stops(lists.dry())
    _assert_stopped(lists, lists.run(), "swapped", lists.rows("kontakter.csv"))
