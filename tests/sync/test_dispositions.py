"""Outcomes of calls that mean no, as CRMs have them, and Revenue.io's as Salesforce has it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from crms import Crm, opened
from simulators.salesforce import ringdna

PHONE, OTHER = "+4568000001", "+4568000002"


def told(crm: Crm, *args: str) -> Any:
    return json.loads(crm.call("suppression", *args, "--json").stdout)


def blocked(crm: Crm, *asked: str) -> list[str]:
    return [one["channel"] for one in told(crm, "check", *asked)["channels"] if one["blocked"]]


def with_calls(tmp_path: Path, name: str, more: str = "") -> None:
    """The system's calls are read, too."""
    file = tmp_path / "ringren.toml"
    text = file.read_text("utf-8")
    people = {"salesforce": '"Contact"', "hubspot": '"contacts"', "dynamics": '"contact"'}[name]
    calls = {"salesforce": '"Task"', "hubspot": '"calls"', "dynamics": '"phonecall"'}[name]
    file.write_text(text.replace(f"{people}]", f"{people}, {calls}]") + more, "utf-8")


@pytest.fixture
def org(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Crm]:
    with opened("salesforce", tmp_path, monkeypatch) as found:
        with_calls(tmp_path, "salesforce")
        yield found


def begun(crm: Crm, minutes: int = 0) -> str:
    at = crm.vendor.clock() - timedelta(minutes=minutes)
    return f"{at:%Y-%m-%dT%H:%M:%S}.000+0000"


def test_an_outcome_that_comes_later_blocks_the_person_and_not_who_only_shares_a_name(
    org: Crm,
) -> None:
    ringdna.install(org.vendor.org)
    ident, other = org.person("Asen", Phone=PHONE), org.person("Bsen", Phone=OTHER)
    task = ringdna.dial(org.vendor.org, ident, PHONE, begun(org, 5))
    heard = ringdna.dial(org.vendor.org, other, OTHER, begun(org, 4))
    ringdna.note(org.vendor.org, heard, "Not interested")
    org.call("run")
    assert blocked(org, "--phone", PHONE) == []
    ringdna.note(org.vendor.org, task, " do not CALL ")
    told(org, "deliver")
    assert blocked(org, "--phone", PHONE) == ["call"]
    assert blocked(org, "--phone", OTHER) == []
    rows = org.snapshot()["Contact"]
    assert rows[ident]["DoNotCall"] is True
    assert not rows[other].get("DoNotCall")
    assert not any(entry.who == "ringren" and "ringdna" in str(entry.asked)
                   for entry in org.vendor.org.journal)  # fmt: skip
