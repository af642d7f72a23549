"""Aircall on the command line, beside a CRM: out of queues and marked, tags heard, calls alarmed."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from crms import Crm, opened
from simulators.aircall.serving import HOST, Aircall, build
from simulators.aircall.serving import wall_clock as now
from simulators.faults import Fault
from simulators.web import served

PHONE, OTHER = "+4568000001", "+4568000002"


@pytest.fixture
def crm(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Crm]:
    with opened("hubspot", tmp_path, monkeypatch) as found:
        yield found


@pytest.fixture
def dialer(crm: Crm, monkeypatch: pytest.MonkeyPatch) -> Iterator[Aircall]:
    with served(build()) as there:
        company = there.company
        there.limit.a_minute = None
        monkeypatch.setenv("AIRCALL", company.api_token)
        text = Path("ringren.toml").read_text("utf-8") + (
            f'\n[aircall]\napi_id = "{company.api_id}"\napi_token = {{ env = "AIRCALL" }}\n'
            f'calls_a_minute = 1000\nsweep_minutes = 0\nelsewhere = {{ "{HOST}" = "{there.address}" }}\n'
        )
        Path("ringren.toml").write_text(text, "utf-8")
        company.user("Rav Elkedel")
        company.number("+45 68 99 99 99")
        company.tag("Ring ikke")
        yield there


def told(crm: Crm, *args: str) -> Any:
    done = crm.call("suppression", *args, "--json")
    assert done.stdout.startswith("{"), done.output
    return json.loads(done.stdout)


def receipt(crm: Crm, phone: str = PHONE) -> dict[str, Any]:
    """By system, as the first opt-out of the number stands."""
    found = told(crm, "receipt", phone)["items"][-1]["systems"]
    return {one["system"]: one for one in found}


def user(dialer: Aircall) -> int:
    return next(iter(dialer.company.users))


def test_an_opt_out_in_the_crm_leaves_no_queue_and_marks_the_contact(
    crm: Crm, dialer: Aircall
) -> None:
    company = dialer.company
    ident = crm.person("Asen", **{crm.names["phone"]: PHONE, crm.names["no"]: "true"})
    contact = company.contact(last_name="Asen", phone_numbers=["+45 68 00 00 01"])
    other = company.contact(last_name="Bsen", phone_numbers=[OTHER])
    company.queue(user(dialer), "68 00 00 01", OTHER)
    done = told(crm, "deliver")["systems"]["aircall"]
    assert company.queued() == {"4568000002"}
    assert company.contacts[contact]["information"].startswith("RING IKKE (Ringren ")
    assert company.contacts[other]["information"] is None
    assert (done["open"], done["refused"]) == (0, 0)
    mine = receipt(crm)["aircall"]
    assert (mine["state"], mine["by"]) == ("confirmed", "unqueued")
    assert mine["seconds"] >= 0
    assert any(one["ref"] == f"aircall/contact/{contact}" for one in mine["records"])
    writes = len(company.journal)
    again = told(crm, "deliver")["systems"]
    assert len(company.journal) == writes
    assert sum(one["written"] for one in again.values()) == 0
    listed = json.loads(crm.call("suppression", "list", "--json").stdout)
    said = {one["system"] for one in listed if one["type"] == "block"}
    assert said == {"hubspot"}, "our own mark is no news"
    assert ident


def test_a_tag_in_the_dialer_blocks_in_the_crm(crm: Crm, dialer: Aircall) -> None:
    company = dialer.company
    crm.person("Asen", **{crm.names["phone"]: PHONE})
    told(crm, "deliver")
    call = company.call(PHONE, user=user(dialer), ago=120)
    company.put_tag(call, next(iter(company.tags)))
    told(crm, "deliver")
    [row] = crm.snapshot()[crm.people].values()
    assert row[crm.names["no"]] == "true"
    systems = receipt(crm)
    assert {name: one["state"] for name, one in systems.items()} == {
        "aircall": "confirmed",
        "hubspot": "confirmed",
    }
    found = json.loads(crm.call("violations", "--json").stdout)
    assert not found["shown"], "the call on which the no was given is none"


def test_a_call_to_a_blocked_number_is_a_certain_violation_that_nothing_could_refuse(
    crm: Crm, dialer: Aircall
) -> None:
    company = dialer.company
    crm.person("Asen", **{crm.names["phone"]: PHONE})
    told(crm, "add", "--phone", PHONE, "--at", (now() - timedelta(days=2)).strftime("%Y-%m-%d"))
    told(crm, "deliver")
    # Beyond the five minutes by which two clocks may differ.
    company.clock = lambda: now() + timedelta(minutes=6)
    company.call(OTHER, user=user(dialer), number=next(iter(company.numbers)))
    call = company.begin(PHONE, user=user(dialer), number=next(iter(company.numbers)))
    crm.call("suppression", "deliver")
    [one] = json.loads(crm.call("violations", "--json").stdout)["shown"]
    assert (one["verdict"], one["cause"]) == ("certain", "cannot_block")
    assert str(call) in json.dumps(one)
    assert one["agent"] == "Rav Elkedel"


def test_a_number_put_back_into_a_queue_goes_out_with_the_next_pass_and_the_comparison_says_so(
    crm: Crm, dialer: Aircall
) -> None:
    company = dialer.company
    company.queue(user(dialer), OTHER, PHONE)
    told(crm, "add", "--phone", PHONE)
    dialer.fault(Fault.LOST, method="DELETE")
    told(crm, "deliver")
    assert company.queued() == {"4568000002"}, "done, though the answer was lost"
    company.queue(user(dialer), PHONE, who="import")
    done = told(crm, "deliver")["systems"]["aircall"]
    assert company.queued() == {"4568000002"}
    assert done["unqueued"] == 1
    # Nothing was delivered anew: the sweep alone saw it.
    assert receipt(crm)["aircall"]["state"] == "confirmed"
    said = crm.call("suppression", "verify").output
    assert "no list of numbers" in said
    assert "Aircall: everything agrees." in said


def test_a_dialer_that_cannot_be_read_confirms_nothing_and_the_crm_goes_on(
    crm: Crm, dialer: Aircall
) -> None:
    company = dialer.company
    crm.person("Asen", **{crm.names["phone"]: PHONE})
    told(crm, "deliver")
    told(crm, "add", "--phone", PHONE)
    company.api_token, kept = "another", company.api_token
    told(crm, "deliver")
    systems = receipt(crm)
    assert systems["hubspot"]["state"] == "confirmed"
    assert systems["aircall"]["state"] == "waiting"
    company.api_token = kept
    crm.later()
    told(crm, "deliver")
    assert receipt(crm)["aircall"]["state"] in {"confirmed", "waiting"}


def test_check_looks_at_key_tags_and_queues_in_both_languages(crm: Crm, dialer: Aircall) -> None:
    said = crm.call("check", "aircall").output
    assert "Opdigtet Salg ApS" in said
    assert "ring ikke" in said
    assert dialer.company.api_token not in said
    dialer.company.tags.clear()
    assert "Ingen af mærkaterne" in crm.call("check", "aircall", lang="da").output
