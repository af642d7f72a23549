"""A plan does what it says or less; a dry run is the real path without its last step."""

from __future__ import annotations

import shutil
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from promises.lists import HEADER, Lists, people

from rules.errors import Exit, UserError
from state import proposals
from sync.settings.model import Limits, Plans, Rules


@pytest.fixture
def lists(tmp_path: Path) -> Lists:
    return Lists(tmp_path, settings={"limits": Limits(max_change_share=1)})


def _plan(outcome: Any) -> int:
    number: int = outcome.report.run.plan.plan
    return number


# --- dry runs --------------------------------------------------------------------------------


def test_a_dry_run_touches_nothing_and_a_run_then_does_what_it_said(lists: Lists) -> None:
    path = lists.put("kontakter.csv", HEADER, *people(5))
    before = (path.read_bytes(), path.stat())
    dry = lists.dry()
    assert (path.read_bytes(), path.stat()) == before
    assert dry.exit_code is Exit.CHANGES
    assert dry.report.totals.waiting == 5
    assert [one.name for one in lists.root.iterdir()] == ["kontakter.csv"]
    assert lists.run().report.totals.applied == 5


def test_the_plan_of_a_dry_run_is_the_plan_of_the_run(lists: Lists, tmp_path: Path) -> None:
    lists.put("kontakter.csv", HEADER, *people(25, flagged=3))
    lists.put("nejtak.csv", "Telefon", "68 000007")
    other = Lists(tmp_path / "copy", settings=lists.settings)
    shutil.copytree(lists.root, other.root, dirs_exist_ok=True)
    planned = lists.digest(_plan(lists.dry()))
    assert planned == other.digest(_plan(other.run()))
    assert planned == lists.digest(_plan(lists.dry()))
    assert planned == lists.digest(_plan(lists.run()))


def test_a_dry_run_marks_nothing_as_done(lists: Lists) -> None:
    lists.put("kontakter.csv", HEADER, *people(4))
    for _ in range(3):
        assert lists.dry().report.totals.waiting == 4
    assert lists.run().report.totals.applied == 4
    assert lists.dry().exit_code is Exit.OK


# --- apply -----------------------------------------------------------------------------------


def test_applying_does_less_when_records_have_moved_on_and_never_more(lists: Lists) -> None:
    lists.put("kontakter.csv", HEADER, *people(4))
    plan = _plan(lists.dry())
    rows = lists.rows("kontakter.csv")
    moved = rows[2].replace("68 000001", "68 000091")
    lists.put("kontakter.csv", *rows[:2], moved, *rows[3:], *people(1, first=9))
    outcome = lists.apply(plan)
    after = lists.rows("kontakter.csv")
    assert outcome.report.totals.applied == 3
    assert sum(outcome.report.totals.dropped.values()) == 1
    assert "68 000091" in after[2]
    assert after[5] == people(1, first=9)[0]


def test_of_two_overlapping_plans_the_second_does_what_is_left(lists: Lists) -> None:
    lists.put("kontakter.csv", HEADER, *people(3))
    first = _plan(lists.dry())
    lists.put("kontakter.csv", HEADER, *people(5))
    second = _plan(lists.dry())
    assert lists.apply(first).report.totals.applied == 3
    done = lists.apply(second).report.totals
    assert (done.applied, done.dropped) == (2, {"applied": 3})
    again = lists.apply(second).report.totals
    assert again.applied == 0


def test_an_older_plan_applied_after_the_newer_one_does_nothing(lists: Lists) -> None:
    lists.put("kontakter.csv", HEADER, *people(3))
    first = _plan(lists.dry())
    lists.put("kontakter.csv", HEADER, *people(5))
    second = _plan(lists.dry())
    assert lists.apply(second).report.totals.applied == 5
    before = lists.rows("kontakter.csv")
    assert lists.apply(first).report.totals.applied == 0
    assert lists.rows("kontakter.csv") == before


def test_an_expired_plan_is_refused(lists: Lists) -> None:
    lists.settings["plans"] = Plans(expire_days=2)
    lists.put("kontakter.csv", HEADER, *people(2))
    plan = _plan(lists.dry())
    before = lists.rows("kontakter.csv")
    lists.now += timedelta(days=2, seconds=5)
    with pytest.raises(UserError, match=r"error\.plan_expired"):
        lists.apply(plan)
    assert lists.rows("kontakter.csv") == before


def test_a_plan_made_with_other_settings_is_refused(lists: Lists) -> None:
    lists.put("kontakter.csv", HEADER, *people(2))
    plan = _plan(lists.dry())
    lists.settings["rules"] = Rules(switch={"phone": "off"})
    before = lists.rows("kontakter.csv")
    with pytest.raises(UserError, match=r"error\.plan_settings"):
        lists.apply(plan)
    assert lists.rows("kontakter.csv") == before


def test_an_unknown_or_unfinished_plan_is_refused(lists: Lists) -> None:
    lists.put("kontakter.csv", HEADER, *people(2))
    plan = _plan(lists.dry())
    with pytest.raises(UserError, match=r"error\.no_plan"):
        lists.apply(plan + 1)
    with lists.app() as app, app.store.transaction() as tx:
        proposals.set_plan(tx, plan, state="draft")
    with pytest.raises(UserError, match=r"error\.plan_unfinished"):
        lists.apply(plan)


def test_the_author_and_the_approver_of_a_plan_are_kept(lists: Lists) -> None:
    lists.put("kontakter.csv", HEADER, *people(1))
    plan = _plan(lists.dry())
    lists.apply(plan)
    with lists.app() as app, app.store.reading() as tx:
        kept = proposals.get_plan(tx, plan)
    assert kept is not None
    assert (kept.author, kept.approver, kept.state) == ("anna", "birgit", "applied")


def test_a_person_opting_out_between_plan_and_apply_is_blocked_and_the_repair_still_made(
    lists: Lists,
) -> None:
    lists.put("kontakter.csv", HEADER, *people(2))
    plan = _plan(lists.dry())
    lists.put("nejtak.csv", "Telefon", "68 000001")
    lists.apply(plan)
    assert lists.is_blocked("68 000001")


# --- settings and rules ----------------------------------------------------------------------


def test_a_settings_change_that_leaves_a_repair_as_it_is_does_not_hold_it_up(lists: Lists) -> None:
    lists.put("kontakter.csv", HEADER, "K1;Bo Hansen;68 000001;bo@opdigtet-0001.dk;")
    assert lists.dry().report.totals.waiting == 1
    lists.settings["rules"] = Rules(switch={"email": "off"})
    assert lists.dry().report.totals.waiting == 1
    assert lists.run().report.totals.applied == 1


def test_a_rule_switched_off_takes_its_repairs_out_of_the_next_plan(lists: Lists) -> None:
    lists.put("kontakter.csv", HEADER, "K1;Bo Hansen;68 000001;BO@opdigtet-0001.dk;")
    lists.dry()
    lists.settings["rules"] = Rules(switch={"phone": "off"})
    lists.run()
    assert lists.rows("kontakter.csv")[1] == "K1;Bo Hansen;68 000001;bo@opdigtet-0001.dk;"


def test_what_may_only_be_proposed_is_written_by_apply_alone(lists: Lists) -> None:
    lists.settings["rules"] = Rules(switch={"phone": "propose"})
    lists.put("kontakter.csv", HEADER, "K1;Bo Hansen;68 000001;BO@opdigtet-0001.dk;")
    lists.run()
    assert lists.rows("kontakter.csv")[1] == "K1;Bo Hansen;68 000001;bo@opdigtet-0001.dk;"
    lists.apply(_plan(lists.dry()))
    assert lists.rows("kontakter.csv")[1] == "K1;Bo Hansen;+4568000001;bo@opdigtet-0001.dk;"


def test_one_rule_alone_is_run_and_the_others_stay_proposed(lists: Lists) -> None:
    lists.put("kontakter.csv", HEADER, *people(2))
    lists.run(only="phone")
    rows = [row.split(";") for row in lists.rows("kontakter.csv")[1:]]
    assert [row[2] for row in rows] == ["+4568000000", "+4568000001"]
    assert [row[1] for row in rows] == ["prøve abasen", "prøve abbsen"]
    assert lists.dry().report.totals.waiting == 2


@pytest.mark.parametrize("held", ["propose", "off"])
def test_no_number_is_lost_when_the_field_it_would_move_to_may_not_be_written(
    lists: Lists, held: Any
) -> None:
    lists.settings["rules"] = Rules(fields={"other_phone": {"phone": held}})
    lists.put(
        "kontakter.csv",
        "Kontakt-id;Navn;Telefon;Telefon 2;E-mail",
        "K1;Bo Hansen;68 000001 / 68 000002;;bo@opdigtet-0001.dk",
    )
    lists.run()
    digits = lists.rows("kontakter.csv")[1].replace(" ", "")
    assert "68000001" in digits
    assert "68000002" in digits


def test_a_sample_is_for_looking_only(lists: Lists) -> None:
    lists.put("kontakter.csv", HEADER, *people(3))
    assert lists.dry(sample=1).exit_code in {Exit.CHANGES, Exit.OK}
    assert lists.run().report.totals.applied == 3
