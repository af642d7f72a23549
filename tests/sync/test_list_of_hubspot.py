"""`sync list check`: a list that HubSpot keeps apart from its records."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from crms import Crm, opened

NAME = "Efterår 2026 / nord"


@pytest.fixture
def crm(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Crm]:
    monkeypatch.setattr("connectors.hubspot.lists.PAGE", 2)
    with opened("hubspot", tmp_path, monkeypatch) as found:
        yield found


def people(crm: Crm, *names: str) -> list[int]:
    """People with mail addresses; their ids. The vendor lists them in an order of its own."""
    ids = [int(crm.person(name, email=f"{name.lower()}@opdigtet-0001.dk")) for name in names]
    crm.vendor.portal.lists[NAME] = ids[::-1]
    return ids


def verdicts(crm: Crm, name: str = NAME) -> dict[str, str]:
    """Id to reason, of everybody on the list."""
    done = crm.call("list", "check", name, "--channel", "email", "--rows", "why.csv")
    assert done.exit_code == 0, done.output
    with Path("why.csv").open(encoding="utf-8", newline="") as file:
        return {row["row"].rpartition("#")[2]: row["reason"] for row in csv.DictReader(file)}


def test_whoever_is_on_it_is_judged_once_and_who_said_no_is_not_released(crm: Crm) -> None:
    ids = people(crm, "Asen", "Bsen", "Csen", "Dsen", "Esen")
    crm.call("run")
    crm.call("suppression", "add", "--email", "bsen@opdigtet-0001.dk")
    found = verdicts(crm)
    assert found.keys() == {str(one) for one in ids}, "page by page, each once"
    assert [one for one, why in found.items() if why == "opted_out"] == [str(ids[1])]


def test_who_is_not_known_here_is_not_released(crm: Crm) -> None:
    people(crm, "Asen")
    crm.call("run")
    crm.vendor.portal.lists[NAME].append(999_999)
    told = json.loads(crm.call("list", "check", NAME, "--channel", "email", "--json").stdout)
    assert told["rows"] == 2
    assert "unreadable" in told["reasons"]


def test_a_list_that_is_nowhere_is_told_and_a_right_that_lacks_too(crm: Crm) -> None:
    people(crm, "Asen")
    crm.call("run")
    assert "Ukendt" in crm.call("list", "check", "Ukendt").output
    tickets = crm.vendor.tickets
    tickets.scopes = tickets.scopes - {"crm.lists.read"}
    done = crm.call("list", "check", NAME)
    assert done.exit_code != 0
    assert "crm.lists.read" in done.output


def test_what_stands_on_records_is_not_asked_for(crm: Crm) -> None:
    people(crm, "Asen")
    crm.call("run")
    before = crm.calls()
    crm.call("list", "check", "contacts", "--channel", "email")
    assert crm.calls() == before
