"""`sync check SYSTEM --live-contract`: writes to its own records only, and leaves none behind."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from crms import NAMES, Crm, opened
from simulators.dynamics.site import Fault as DynamicsFault
from simulators.faults import Fault as HubSpotFault
from simulators.salesforce.serving import Trouble

from rules.errors import Exit
from sync.systems import live_contract

OBJECTS = {
    "salesforce": "/sobjects/Contact",
    "hubspot": r".*/contacts(/\d+)?",
    "dynamics": "contacts",
}


@pytest.fixture(params=NAMES)
def crm(
    request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Crm]:
    monkeypatch.setattr(live_contract.time, "sleep", lambda _: None)
    monkeypatch.setattr("connectors.caller.time.sleep", lambda _: None)
    with opened(request.param, tmp_path, monkeypatch) as crm:
        crm.person("Opdigt", **{crm.names["phone"]: "68 12 34 56"})
        yield crm


def tried(crm: Crm, *args: str) -> tuple[int, Any]:
    ran = crm.call("check", crm.system, "--live-contract", "--json", *args)
    assert ran.stdout, ran.output
    return ran.exit_code, json.loads(ran.stdout)


def lost(crm: Crm, method: str, times: int = 1) -> None:
    """The answers to these requests get lost, after they were done."""
    where = OBJECTS[crm.system]
    if crm.system == "salesforce":
        crm.vendor.fault(Trouble.LOST, method=method, path=where, times=times)
    elif crm.system == "hubspot":
        crm.vendor.fault(HubSpotFault.LOST, method=method, path=where, times=times)
    else:
        crm.vendor.plan(DynamicsFault.LOST, f"{method} {where}", times=times)


def busy(crm: Crm, method: str, times: int) -> None:
    """These requests are not done."""
    where = OBJECTS[crm.system]
    if crm.system == "salesforce":
        crm.vendor.fault(Trouble.BUSY, method=method, path=where, times=times)
    elif crm.system == "hubspot":
        crm.vendor.fault(HubSpotFault.STATUS, method=method, path=where, times=times, status=503)
    else:
        crm.vendor.plan(DynamicsFault.BUSY, f"{method} {where}", times=times)


def test_without_a_yes_it_says_what_it_would_do_and_does_nothing(crm: Crm) -> None:
    before = crm.snapshot()
    ran = crm.call("check", crm.system, "--live-contract")
    assert ran.exit_code == Exit.CHANGES, ran.output
    assert "Use a sandbox or a test account" in ran.stdout
    assert "Ringren prøve" in ran.stdout
    assert "--yes" in ran.stdout
    assert crm.snapshot() == before


def test_all_is_tried_told_one_by_one_and_taken_away_again(crm: Crm) -> None:
    before = crm.snapshot()
    code, told = tried(crm, "--yes")
    verdicts = {one["name"]: one["verdict"] for one in told["items"]}
    merge = {"salesforce": "skipped", "hubspot": "ok", "dynamics": "otherwise"}[crm.system]
    assert verdicts == {
        "create": "ok", "read": "ok", "update": "ok", "conflict": "ok", "opt_out": "ok",
        "merge": merge, "delete": "ok", "clean_up": "ok",
    }, told  # fmt: skip
    assert (code, told["left"]) == (Exit.OK, [])
    assert crm.snapshot() == before


@pytest.mark.parametrize("method", ["POST", "DELETE"])
def test_a_lost_answer_leaves_nothing_behind(crm: Crm, method: str) -> None:
    before = crm.snapshot()
    lost(crm, method)
    code, told = tried(crm, "--yes")
    struck = {"POST": "create", "DELETE": "delete"}[method]
    assert {o["name"] for o in told["items"] if o["verdict"] == "failed"} == {struck}
    assert (code, told["left"]) == (Exit.FAILED, [])
    assert told["items"][-1]["verdict"] == "ok"
    assert crm.snapshot() == before


def test_a_system_that_is_busy_for_a_while_is_cleaned_all_the_same(crm: Crm) -> None:
    before = crm.snapshot()
    busy(crm, "DELETE", times=2)
    _, told = tried(crm, "--yes")
    assert told["left"] == []
    assert crm.snapshot() == before


def test_what_cannot_be_taken_away_is_named(crm: Crm) -> None:
    busy(crm, "DELETE", times=1000)
    code, told = tried(crm, "--yes")
    assert code == Exit.FAILED
    mark = told["mark"]
    assert f"Ringren prøve {mark} A" in told["left"] or f"Ringren prøve {mark} B" in told["left"]
    assert mark in told["items"][-1]["message"]


@pytest.mark.parametrize("step", ["_read", "_conflict", "_merge"])
def test_ctrl_c_leaves_nothing_behind_and_says_so(
    crm: Crm, step: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken_off(_self: object) -> Any:
        raise KeyboardInterrupt

    before = crm.snapshot()
    monkeypatch.setattr(live_contract._Trial, step, broken_off)
    ran = crm.call("check", crm.system, "--live-contract", "--yes")
    assert ran.exit_code == 130, ran.output
    assert "nothing of what we made is left" in ran.stdout
    assert crm.snapshot() == before


def test_a_systems_name_checks_that_system_only_and_the_contract_needs_one(crm: Crm) -> None:
    checked = crm.call("check", crm.system)
    assert f"{crm.system}/{crm.people}" in checked.stdout
    other = next(name for name in NAMES if name != crm.system)
    assert crm.call("check", other).exit_code == Exit.USER
    nothing = crm.call("check", "--live-contract", "--yes")
    assert (nothing.exit_code, "Say in which system" in nothing.output) == (Exit.USER, True)
