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


def test_a_call_after_the_no_is_found_by_the_dialers_own_time(org: Crm) -> None:
    ringdna.install(org.vendor.org)
    ident = org.person("Asen", Phone=PHONE)
    org.call("run")
    org.call("suppression", "add", "--phone", PHONE, "--at", "2026-03-01")
    told(org, "deliver")
    at = begun(org)
    ringdna.dial(org.vendor.org, ident, PHONE, at)
    org.call("run")
    found = json.loads(org.call("violations", "--json").stdout)
    [one] = found["shown"]
    assert one["verdict"] == "heard_late"
    assert at[:16] in json.dumps(one), "to the second, where Salesforce knows the day"


def test_without_the_package_or_with_its_fields_hidden_salesforces_own_outcome_counts(
    org: Crm,
) -> None:
    ringdna.install(org.vendor.org, hidden=True)
    ident = org.person("Asen", Phone=PHONE)
    org.vendor.org.add(
        "Task", WhoId=ident, TaskSubtype="Call", CallDisposition="DNC", ActivityDate="2026-11-02"
    )
    assert org.call("run").exit_code in (0, 2)
    assert blocked(org, "--phone", PHONE) == ["call"]


def test_a_no_to_texts_in_the_dialers_field_is_heard_and_ours_is_set_beside_it(org: Crm) -> None:
    ringdna.install(org.vendor.org)
    ident = org.person("Asen", Phone=PHONE)
    org.call("run")
    org.vendor.org.edit(ident, ringdna__Has_Opted_Out_Of_SMS__c=True)
    org.call("run")
    assert blocked(org, "--phone", PHONE) == ["sms"]


@pytest.mark.parametrize("name", ["hubspot", "dynamics"])
def test_in_other_systems_it_is_the_number_of_the_call(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with opened(name, tmp_path, monkeypatch) as crm:
        with_calls(tmp_path, name, 'opt_out_dispositions = ["Wrong number"]\n')
        crm.person("Asen", **{crm.names["phone"]: PHONE})
        if name == "hubspot":
            wrong = "17b47fee-58de-441e-a44c-c6300d46f273"
            crm.vendor.portal.create(
                "calls",
                {"hs_timestamp": "1764000000000", "hs_call_to_number": PHONE,
                 "hs_call_disposition": wrong, "hs_call_direction": "OUTBOUND"},
            )  # fmt: skip
        else:
            crm.vendor.org.add(
                "phonecall", subject="x", phonenumber=PHONE, subcategory="wrong NUMBER",
                directioncode=True, actualstart="2026-11-02T08:00:00Z",
            )  # fmt: skip
        crm.call("run")
        assert blocked(crm, "--phone", PHONE) == ["call"]
