"""HubSpot on the command line: looked at, mended, taken back; with every call counted."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from math import ceil
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from simulators.faults import Fault
from simulators.hubspot.people import fill
from simulators.hubspot.portal import OURS
from simulators.hubspot.serving import HOST, Vendor, build
from simulators.hubspot.tickets import KEY
from simulators.web import served

from sync.cli import program

COMPANIES, CONTACTS = 30, 240
OBJECTS = 2


@pytest.fixture
def vendor() -> Iterator[Vendor]:
    vendor = build()
    fill(vendor.portal, companies=COMPANIES, contacts=CONTACTS)
    with served(vendor) as vendor:
        yield vendor


@pytest.fixture
def desk(vendor: Vendor, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Vendor:
    for name in list(os.environ):
        if name.upper().startswith("RINGREN_") or name in {"LC_ALL", "LC_MESSAGES", "LANG"}:
            monkeypatch.delenv(name)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    monkeypatch.setenv("TOKEN", KEY)
    monkeypatch.chdir(tmp_path)
    (tmp_path / "ringren.toml").write_text(
        f"""
[state]
path = "state"
[hubspot]
token = {{ env = "TOKEN" }}
objects = ["companies", "contacts"]
elsewhere = {{ "{HOST}" = "{vendor.address}" }}
[limits]
max_change_share = 1.0
swapped_share = 1.0
""",
        "utf-8",
    )
    return vendor


def call(desk: Vendor, *args: str) -> Result:
    desk.calls.clear()
    return CliRunner().invoke(program, list(args), prog_name="sync")


def test_an_account_is_looked_at_mended_and_taken_back(desk: Vendor) -> None:
    portal = desk.portal
    before, written = portal.snapshot(), len(portal.journal)
    looked = call(desk, "--dry-run")
    assert looked.exit_code == 2, looked.output
    assert len(portal.journal) == written, "a dry run writes nothing"
    pages = ceil(COMPANIES / 100) + ceil(CONTACTS / 100)
    # What each object looks like, how many there are, a call for each hundred, who owns them, and
    # who in the bin of contacts says no.
    assert len(desk.calls) == OBJECTS + OBJECTS + pages + 1 + 1

    applied = call(desk, "apply", "1")
    assert applied.exit_code == 0, applied.output
    ours = [entry for entry in portal.journal[written:] if entry.who == OURS]
    assert ours
    assert not any("optout" in name for entry in ours for name in entry.asked)
    people = portal.rows["contacts"].values()
    assert all(row.values["phone"].startswith("+45") for row in people)
    batches = sum(ceil(sum(entry.objects == name for entry in ours) / 100) for name in portal.rows)
    assert desk.counted("POST", "/batch/") == 3 * batches, "read before, write, look after"
    assert desk.counted("POST", "/search") == desk.counted("GET", "/objects/") == OBJECTS

    again = call(desk, "--dry-run")
    assert again.exit_code == 0, again.output

    undone = call(desk, "undo", "2", "--yes")
    assert undone.exit_code == 0, undone.output
    assert portal.snapshot() == before


def test_nothing_changed_costs_one_call_an_object_and_one_for_its_bin(desk: Vendor) -> None:
    call(desk, "run")
    quiet = call(desk, "run")
    assert quiet.exit_code == 0, quiet.output
    assert desk.counted("POST", "/search") == OBJECTS
    assert desk.counted("GET", "/objects/") == OBJECTS
    assert desk.counted("POST", "/batch/") == 0


def test_what_was_written_and_never_answered_is_found_though_the_index_lags(desk: Vendor) -> None:
    """Else nobody would know of the write, and nothing could take it back."""
    before = desk.portal.snapshot()
    call(desk, "--dry-run")
    desk.portal.lag_ms = 3_600_000
    desk.fault(Fault.LOST, path=".*/contacts/batch/update", times=9)
    applied = call(desk, "apply", "1")
    assert applied.exit_code == 5, applied.output
    assert any(entry.objects == "contacts" for entry in desk.portal.journal)
    desk.faults.clear()
    again = call(desk, "run")
    assert again.exit_code == 0, again.output
    assert desk.counted("POST", "/contacts/batch/update") == 0, "it is known to be done"
    undone = call(desk, "undo", "2", "--yes")
    assert undone.exit_code == 0, undone.output
    assert desk.portal.snapshot() == before


def test_a_hidden_flag_is_named_and_nothing_is_written_there(desk: Vendor) -> None:
    desk.portal.hidden.add(("contacts", "hs_email_optout"))
    run = call(desk, "run")
    assert run.exit_code == 5, run.output
    assert "hs_email_optout" in run.stdout
    assert {entry.objects for entry in desk.portal.journal} == {"companies"}


def test_a_check_tries_each_right_by_name_and_writes_nothing(desk: Vendor) -> None:
    desk.tickets.scopes -= {"crm.objects.contacts.write"}
    checked = call(desk, "check")
    said = " ".join(checked.stdout.split())
    assert "contacts can be read: 240 records" in said
    assert "contacts: the key may not write (crm.objects.contacts.write)" in said
    assert not desk.portal.journal


@pytest.mark.parametrize("third", [False, True])
def test_a_merge_takes_the_no_along(desk: Vendor, *, third: bool) -> None:
    """HubSpot keeps what the first of them says of e-mail, in a third record as well."""
    portal = desk.portal
    loser, winner = list(portal.rows["contacts"])[:2]
    portal.edit("contacts", loser, hs_email_optout="true")
    portal.edit("contacts", winner, hs_email_optout="false")
    call(desk, "--dry-run")
    stays = portal.merge("contacts", winner, loser, third=third)
    call(desk, "--dry-run")
    told = json.loads(call(desk, "explain", f"hubspot/contact/{loser}", "--json").stdout)
    assert told["went_to"]["id"] == str(stays)
    assert told["gone"]
    said = json.loads(call(desk, "explain", f"hubspot/contact/{stays}", "--json").stdout)
    assert {one["id"] for one in said["came_from"]} >= {str(loser)}
    assert said["blocked_by"]
    assert "opt_out_lost_by_merge" in {one["finding"]["code"] for one in said["found"]}
