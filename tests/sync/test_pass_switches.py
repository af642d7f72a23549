"""Switches at work: what is off says nothing, what is only proposed waits, nothing else is looked at.

`crm` is a second system in memory, so that a switch of one can be told from a switch of all.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from promises.lists import HEADER, Lists, people
from simulators.memory import Desk, Memory

from connectors.readonly import ReadOnly
from state.tables import findings, mirror
from sync.app import App
from sync.settings.model import Limits, Rules, Switches
from sync.stages import decide as deciding

MESSY = "K1;Hansen, Bo;68 00 00 00 lok. 12;BO@gmial.com;"
"""A name, a number with an extension and a misspelt domain: changes and findings of three rules."""


@pytest.fixture
def desk() -> Desk:
    found = Desk()
    found.add("X1", full_name="BO HANSEN", direct_phone="68 00 00 11")
    return found


@pytest.fixture
def lists(tmp_path: Path, desk: Desk) -> Lists:
    def with_crm(app: App) -> None:
        crm = Memory("crm", desk)
        app.systems = {**app.systems, "crm": ReadOnly(crm) if app.dry else crm}

    found = Lists(tmp_path, settings={"limits": Limits(max_change_share=1)}, systems=with_crm)
    found.put("kontakter.csv", HEADER, MESSY)
    return found


@pytest.fixture
def decided(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, int]]:
    """(system, how many records) of each stream that was decided with records in it."""
    told: list[tuple[str, int]] = []
    run = deciding.Deciding.run

    def counted(self: Any, *args: Any) -> Any:
        done = run(self, *args)
        told.extend([(self.lease.system, done.records)] if done.records else [])
        return done

    monkeypatch.setattr(deciding.Deciding, "run", counted)
    return told


def _codes(lists: Lists, system: str) -> set[str]:
    """What a dry run finds in a system."""
    lists.dry()
    with lists.app() as app, app.store.reading() as tx:
        here = (findings.c.system == system, findings.c.gone_at.is_(None))
        return set(tx.execute(sa.select(findings.c.code).where(*here)).scalars())


# --- off -------------------------------------------------------------------------------------


def test_a_rule_that_is_off_neither_changes_nor_finds(lists: Lists) -> None:
    said = {"phone_extension", "email_typo"}
    assert said <= _codes(lists, "files")
    lists.settings["rules"] = Rules(switch={"phone": "off", "email": "off"})
    assert not said & _codes(lists, "files")
    lists.run()
    assert lists.rows("kontakter.csv")[1] == MESSY.replace("Hansen, Bo", "Bo Hansen")


def test_what_is_off_in_one_system_goes_on_in_the_other(lists: Lists, desk: Desk) -> None:
    lists.settings["rules"] = Rules(systems={"crm": Switches(switch={"full_name": "off"})})
    lists.run()
    assert lists.rows("kontakter.csv")[1].startswith("K1;Bo Hansen;")
    assert desk.rows["X1"].values["full_name"] == "BO HANSEN"
    assert desk.rows["X1"].values["direct_phone"] == "+4568000011"


# --- propose ---------------------------------------------------------------------------------


def test_what_is_only_proposed_in_one_system_waits_for_a_person_there(
    lists: Lists, desk: Desk
) -> None:
    lists.settings["rules"] = Rules(systems={"crm": Switches(default="propose")})
    lists.run()
    assert lists.rows("kontakter.csv")[1].startswith("K1;Bo Hansen;")
    assert desk.rows["X1"].values["full_name"] == "BO HANSEN"
    lists.apply(lists.dry().report.run.plan.plan)
    assert desk.rows["X1"].values["full_name"] == "Bo Hansen"


def test_a_plan_outlives_a_switch_between_writing_and_proposing(lists: Lists, desk: Desk) -> None:
    plan = lists.dry().report.run.plan.plan
    lists.settings["rules"] = Rules(default="propose")
    lists.apply(plan)
    assert desk.rows["X1"].values["full_name"] == "Bo Hansen"


def test_what_is_only_proposed_stops_no_run(tmp_path: Path) -> None:
    lists = Lists(tmp_path, settings={"rules": Rules(switch={"full_name": "propose"})})
    rows = [f"K{n};BO HANSEN;;bo@opdigtet-{n:04}.dk;" for n in range(40)]
    rows[0] = "K0;BO HANSEN;;BO@opdigtet-0000.dk;"
    lists.put("kontakter.csv", HEADER, *rows)
    assert lists.run().report.totals.applied == 1
    assert lists.rows("kontakter.csv")[1] == "K0;BO HANSEN;;bo@opdigtet-0000.dk;"


# --- what is decided anew --------------------------------------------------------------------


def test_a_switch_of_one_system_has_no_record_of_another_decided_anew(
    lists: Lists, decided: list[tuple[str, int]]
) -> None:
    lists.dry()
    decided.clear()
    lists.settings["rules"] = Rules(systems={"crm": Switches(switch={"phone": "off"})})
    lists.dry()
    assert decided == [("crm", 1)]


def test_a_switch_has_only_streams_with_its_fields_decided_anew(
    lists: Lists, decided: list[tuple[str, int]]
) -> None:
    lists.put("firmaer.csv", "CVR;Firma", "90000004;Opdigtet aps")
    lists.dry()
    decided.clear()
    lists.settings["rules"] = Rules(switch={"cvr": "off"})
    lists.dry()
    assert decided == [("files", 1)]


def test_proposing_instead_of_writing_has_nothing_decided_anew(
    lists: Lists, decided: list[tuple[str, int]]
) -> None:
    lists.dry()
    decided.clear()
    lists.settings["rules"] = Rules(default="propose")
    lists.dry()
    assert decided == []


def test_a_switch_turned_back_brings_the_same_plan_back(lists: Lists) -> None:
    before = lists.digest(lists.dry().report.run.plan.plan)
    lists.settings["rules"] = Rules(switch={"phone": "off", "full_name": "off"})
    assert lists.digest(lists.dry().report.run.plan.plan) != before
    lists.settings["rules"] = Rules()
    assert lists.digest(lists.dry().report.run.plan.plan) == before


def test_each_row_that_the_switch_touches_bears_the_new_mark(lists: Lists) -> None:
    lists.dry()
    with lists.app() as app, app.store.reading() as tx:
        marks = set(tx.execute(sa.select(mirror.c.decided_with)).scalars())
    lists.settings["rules"] = Rules(switch={"phone": "off"})
    lists.dry()
    with lists.app() as app, app.store.reading() as tx:
        assert not marks & set(tx.execute(sa.select(mirror.c.decided_with)).scalars())


# --- promise 1 -------------------------------------------------------------------------------


@pytest.mark.parametrize("how", ["off", "propose"])
def test_no_switch_holds_up_an_opt_out(lists: Lists, how: Any) -> None:
    everywhere = {name: Switches(default=how) for name in ("files", "crm")}
    lists.settings["rules"] = Rules(default=how, systems=everywhere)
    lists.put("kontakter.csv", HEADER, *people(4, flagged=2))
    lists.put("nejtak.csv", "Telefon;E-mail", "68 00 00 11;", ";bo3@opdigtet-0003.dk")
    lists.dry()
    assert [lists.is_blocked(f"68 00000{n}") for n in range(4)] == [True, True, False, True]
    assert lists.is_blocked("68 00 00 11")
