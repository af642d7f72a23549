"""What a run will cost is said before it begins, and afterwards what it could have cost at least."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from crms import NAMES, Crm, opened

from connectors.costs import Costs, Reading, fewest

HUBSPOT = Costs(first=100, changes=200, writes=100, guarding=2, batch=100)
SALESFORCE = Costs(2000, 2000, 200, 2, 1000, together=5, bulk=(50_000, 3, 20_000))


def test_the_fewest_calls_are_what_the_vendors_pages_allow() -> None:
    assert HUBSPOT.reading(240_001, first=True) == 2401
    assert HUBSPOT.reading(201, first=False) == 2
    assert HUBSPOT.writing(101) == 6
    assert SALESFORCE.reading(49_999, first=True) == 25
    assert SALESFORCE.reading(200_000, first=True) == 13
    assert SALESFORCE.writing(1000) == 7
    quiet = [Reading(SALESFORCE, 0, first=False)] * 4
    assert fewest(quiet) == 1
    assert fewest([*quiet, *quiet]) == 2
    assert fewest([Reading(HUBSPOT, 0, first=False)] * 3) == 3
    assert fewest([*quiet, Reading(SALESFORCE, 2001, first=False)]) == 3
    assert fewest([]) == 0


@pytest.fixture(params=NAMES)
def crm(
    request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Crm]:
    with opened(request.param, tmp_path, monkeypatch) as crm:
        crm.person("Opdigt", **{crm.names["phone"]: "68 12 34 56"})
        yield crm


def calls(crm: Crm, *args: str) -> tuple[Any, str]:
    ran = crm.call(*args)
    assert ran.stdout, ran.output
    [told] = json.loads(ran.stdout)["effects"]["calls"]
    return told, ran.stderr


def test_a_dry_run_says_before_and_after_what_it_costs_and_what_its_plan_would(crm: Crm) -> None:
    told, said = calls(crm, "run", "--dry-run", "--json", "--verbose")
    names = {"salesforce": "Salesforce", "hubspot": "HubSpot", "dynamics": "Dynamics 365"}
    assert f"{names[crm.system]}: about 2" in said
    assert (told["expected"], told["fewest"]) == (2, 2)
    assert told["used"] > told["expected"]
    assert told["to_write"] == {"salesforce": 3, "hubspot": 3, "dynamics": 1}[crm.system]
    assert (told["quota"] is None) == (crm.system != "salesforce"), "the others tell nothing here"
    if told["quota"] is not None:
        assert told["left"] == told["quota"] - told["quota_used"]
        assert "calls left today will be used" in said

    shown = crm.call("run", "--dry-run")
    assert "the records alone need at least" in " ".join(shown.stdout.split())
    assert "writing the plan needs at least" in " ".join(shown.stdout.split())


def test_a_look_that_finds_nothing_is_one_call_an_object_and_salesforce_groups_them(
    crm: Crm,
) -> None:
    for _ in range(2):
        crm.call("run")
    told, _ = calls(crm, "run", "--json")
    fewest_ = 1 if crm.system == "salesforce" else 2
    assert (told["expected"], told["fewest"], told["to_write"]) == (fewest_, fewest_, None)


def test_where_fewer_calls_are_left_than_are_needed_it_is_said_before(crm: Crm) -> None:
    with Path("ringren.toml").open("a", encoding="utf-8") as file:
        file.write("calls_a_day = 5\n")
    _, said = calls(crm, "run", "--dry-run", "--json", "--verbose")
    assert "that is more than are left" in said
