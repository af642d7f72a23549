"""An opt-out finds a person by any number or address on the record, in whatever field it stands.

Fields that nothing is mapped to are read as match keys: kept hashed, and nowhere in clear.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from crms import NAMES, Crm, opened

from sync.homes import DATABASE

NUMBER, SPELT = "+4568123456", "+45 68 12 34 56"
ADDRESS = "anden.vej@opdigtet-0007.dk"
PHONES = {"salesforce": "Vagt_Telefon__c", "hubspot": "vagt_nummer", "dynamics": "new_vagt"}
MAILS = {"salesforce": "Privat__c", "hubspot": "privat_mail", "dynamics": "new_privat"}
STANDARD = {"salesforce": "AssistantPhone", "hubspot": "fax", "dynamics": "company"}
"""A field of the vendor's own that nothing is mapped to."""


@pytest.fixture(params=NAMES)
def crm(
    request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Crm]:
    with opened(request.param, tmp_path, monkeypatch) as crm:
        crm.field(PHONES[crm.system], "phone")
        crm.field(MAILS[crm.system], "email")
        yield crm


def run(crm: Crm) -> Any:
    ran = crm.call("run", "--json")
    assert ran.stdout, ran.output
    return json.loads(ran.stdout)


def blocked(crm: Crm) -> set[str]:
    return {one["ref"].rpartition("/")[2] for one in run(crm)["opt_outs"]["listed"]}


@pytest.mark.parametrize("where", [PHONES, STANDARD])
def test_a_number_in_a_field_that_nothing_is_mapped_to_blocks_the_person(
    crm: Crm, where: dict[str, str]
) -> None:
    person = crm.person("Opdigt", **{where[crm.system]: SPELT})
    other = crm.person("Anderledes", **{where[crm.system]: "+45 68 99 99 99"})
    assert blocked(crm) == set()
    assert crm.call("opt-out", "add", "--phone", "68123456").exit_code == 0
    assert blocked(crm) == {person}

    crm.edit(other, **{where[crm.system]: "0045 68123456"})
    assert blocked(crm) == {person, other}, "a number that comes later"
    crm.edit(person, **{where[crm.system]: "+45 68 11 11 11"})
    found = blocked(crm)
    assert other in found
    if where is STANDARD:
        _is_nowhere_in_clear("68123456")


def test_an_address_in_a_field_that_nothing_is_mapped_to_blocks_the_person(crm: Crm) -> None:
    person = crm.person("Opdigt", **{MAILS[crm.system]: ADDRESS.upper()})
    run(crm)
    _is_nowhere_in_clear(ADDRESS)
    assert crm.call("opt-out", "add", "--email", ADDRESS).exit_code == 0
    assert blocked(crm) == {person}


def test_whoever_says_no_is_not_called_by_the_number_he_has_elsewhere(crm: Crm) -> None:
    said_no = {crm.names["no"]: "true" if crm.system == "hubspot" else True}
    person = crm.person("Opdigt", **said_no, **{PHONES[crm.system]: SPELT})
    again = crm.person("Opdigtet", **{crm.names["phone"]: NUMBER})
    assert blocked(crm) == {person, again}


def test_a_field_that_the_customer_adds_is_read_of_records_that_have_not_changed(
    crm: Crm,
) -> None:
    new = {"salesforce": "Ny__c", "hubspot": "ny_telefon", "dynamics": "new_ny"}[crm.system]
    crm.call("opt-out", "add", "--phone", NUMBER)
    crm.field(new, "phone")
    person = crm.person("Opdigt", **{new: SPELT})
    hidden = _hidden(crm, new)
    assert blocked(crm) == set()
    hidden()
    assert blocked(crm) == {person}
    assert blocked(crm) == {person}


def test_a_pass_tells_which_fields_are_kept_as_match_keys_only(crm: Crm) -> None:
    crm.person("Opdigt", **{PHONES[crm.system]: SPELT})
    checked = crm.call("check")
    line = next(one for one in checked.stdout.splitlines() if PHONES[crm.system] in one)
    assert "match key only, hashed" in line


def _hidden(crm: Crm, name: str) -> Any:
    """Hide a field; gives what shows it again."""
    if crm.system == "dynamics":
        columns = crm.vendor.org.tables["contact"].columns
        columns[name].secured = True
        return lambda: setattr(columns[name], "secured", False)
    hidden = crm.vendor.org.hidden if crm.system == "salesforce" else crm.vendor.portal.hidden
    hidden.add((crm.people, name))
    return lambda: hidden.discard((crm.people, name))


def _is_nowhere_in_clear(text: str) -> None:
    """In no file of the state, but for the ledger's side table, which has it when it was said."""
    import sqlite3

    base = sqlite3.connect(Path("state", DATABASE))
    tables = [row[0] for row in base.execute("SELECT name FROM sqlite_master WHERE type='table'")]
    for table in tables:
        if table in {"ledger_payload", "findings"}:
            continue
        for row in base.execute(f"SELECT * FROM {table}"):  # noqa: S608
            assert text not in " ".join(map(str, row)), table
    base.close()
