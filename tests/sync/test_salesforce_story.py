"""Salesforce on the command line: looked at, mended, taken back; with every call counted."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from simulators.salesforce.org import OURS
from simulators.salesforce.people import fill
from simulators.salesforce.serving import HOST, Vendor, build
from simulators.web import served

from sync.cli import program

COMPANIES, CONTACTS, LEADS = 30, 120, 10
OBJECTS = 3


@pytest.fixture
def vendor() -> Iterator[Vendor]:
    vendor = build()
    vendor.clock.ahead = -timedelta(days=1)
    fill(vendor.org, companies=COMPANIES, contacts=CONTACTS, leads=LEADS)
    vendor.clock.ahead = timedelta()
    with served(vendor) as vendor:
        yield vendor


@pytest.fixture
def desk(vendor: Vendor, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Vendor:
    for name in list(os.environ):
        if name.upper().startswith("RINGREN_") or name in {"LC_ALL", "LC_MESSAGES", "LANG"}:
            monkeypatch.delenv(name)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    monkeypatch.setenv("SECRET", vendor.desk.tickets.app.secret)
    monkeypatch.chdir(tmp_path)
    (tmp_path / "ringren.toml").write_text(
        f"""
[state]
path = "state"
[salesforce]
url = "{HOST}"
client_id = "{vendor.desk.tickets.app.key}"
client_secret = {{ env = "SECRET" }}
objects = ["Account", "Contact", "Lead"]
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
    desk.clock.pass_by(minutes=1)
    return CliRunner().invoke(program, list(args), prog_name="sync")


def parts(desk: Vendor) -> list[Any]:
    """What the composite calls held."""
    bodies = [json.loads(one.body) for one in desk.calls if one.path.endswith("/composite")]
    return [part for body in bodies for part in body["compositeRequest"]]


def test_an_org_is_looked_at_mended_and_taken_back(desk: Vendor) -> None:
    org = desk.org
    before, written = org.snapshot(), len(org.journal)
    looked = call(desk, "--dry-run")
    assert looked.exit_code == 2, looked.output
    assert len(org.journal) == written, "a dry run writes nothing"
    assert {one.method for one in desk.calls} <= {"GET", "POST"}
    # A token, what each object looks like, whether there are consents beside them, how many records
    # there are, a query for each, what is still running there, and who in the bin says no: two have
    # flags.
    assert len(desk.calls) == 3 + 3 * OBJECTS + 2

    applied = call(desk, "apply", "1")
    assert applied.exit_code == 0, applied.output
    ours = [entry for entry in org.journal[written:] if entry.who == OURS]
    assert ours
    assert all(entry.asked.keys() <= entry.after.keys() | {"DoNotCall"} for entry in ours)
    assert not any({"DoNotCall", "HasOptedOutOfEmail"} & entry.asked.keys() for entry in ours)
    assert all(
        str(row.get("Phone", "+45")).startswith("+45") for row in org.rows["Contact"].values()
    )
    assert desk.counted("PATCH", "/composite/sobjects") <= OBJECTS, "200 fit into one call"
    read = [part for part in parts(desk) if "/query" in part["url"] or "/deleted" in part["url"]]
    assert len(read) == 2 * OBJECTS, "three queries and three delete logs in one call"

    again = call(desk, "--dry-run")
    assert again.exit_code == 0, again.output

    undone = call(desk, "undo", "2", "--yes")
    assert undone.exit_code == 0, undone.output
    assert org.snapshot() == before


def test_nothing_changed_costs_one_call_beside_signing_in_and_looking(desk: Vendor) -> None:
    for _ in range(3):
        call(desk, "run")
        desk.clock.pass_by(hours=1)
    quiet = call(desk, "run")
    assert quiet.exit_code == 0, quiet.output
    assert len(desk.calls) == 1 + OBJECTS + 1 + 1


def test_a_hidden_flag_is_named_and_nothing_is_written_there(desk: Vendor) -> None:
    desk.org.hidden.add(("Contact", "DoNotCall"))
    written = len(desk.org.journal)
    run = call(desk, "run")
    assert run.exit_code == 5, run.output
    assert "DoNotCall is hidden from us" in " ".join(run.stdout.split())
    assert {entry.table for entry in desk.org.journal[written:]} <= {"Account", "Lead"}


def test_a_check_tries_each_right_by_name_and_writes_nothing(desk: Vendor) -> None:
    desk.org.hidden.add(("Lead", "HasOptedOutOfEmail"))
    desk.org.read_only.add(("Contact", "Title"))
    written = len(desk.org.journal)
    checked = call(desk, "check")
    said = " ".join(checked.stdout.split())
    assert checked.exit_code == 1, checked.output
    assert "Lead: the field HasOptedOutOfEmail is hidden from us" in said
    assert "Contact: the field Title can be read but not written" in said
    assert "of 100000 calls are left today" in said
    assert len(desk.org.journal) == written


def test_a_merge_and_a_conversion_take_the_no_along(desk: Vendor) -> None:
    """Somebody merges away the record that said no, and makes a contact of a lead that did."""
    org = desk.org
    (loser, winner), (lead, _) = list(org.rows["Contact"])[:2], list(org.rows["Lead"])[:2]
    org.edit(loser, DoNotCall=True)
    org.edit(winner, DoNotCall=False)
    org.edit(lead, DoNotCall=True)
    call(desk, "--dry-run")
    org.merge(winner, loser)
    _, contact = org.convert(lead)
    org.edit(contact, DoNotCall=False)
    call(desk, "--dry-run")
    for kind, old, new in (("contact", loser, winner), ("lead", lead, contact)):
        told = json.loads(call(desk, "explain", f"salesforce/{kind}/{old}", "--json").stdout)
        assert told["went_to"] == {"system": "salesforce", "kind": "contact", "id": new}
        said = json.loads(call(desk, "explain", f"salesforce/contact/{new}", "--json").stdout)
        assert said["blocked_by"], "no call list may hold him"
        codes = {one["finding"]["code"] for one in said["found"]}
        assert "opt_out_lost_by_merge" in codes
    said = call(desk, "explain", f"salesforce/contact/{loser}", "--lang", "en").stdout
    assert f"merged into salesforce/contact/{winner}" in " ".join(said.split())
