"""Consents that stand beside the records of a CRM: a no there is heard, and a no of ours is written."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from crms import Crm, opened

PHONE, MAIL = "+4568000001", "bo@opdigtet-0001.dk"
SPELT = "68 00 00 01"


@pytest.fixture
def crm(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Crm]:
    with opened("salesforce", tmp_path, monkeypatch) as found:
        found.vendor.org.privacy()
        yield found


def told(crm: Crm, *args: str) -> Any:
    return json.loads(crm.call("suppression", *args, "--json").stdout)


def deliver(crm: Crm) -> Any:
    return told(crm, "deliver")["systems"][crm.system]


def blocked(crm: Crm, *asked: str) -> list[str]:
    return [one["channel"] for one in told(crm, "check", *asked)["channels"] if one["blocked"]]


def somebody(crm: Crm, **own: Any) -> tuple[str, str]:
    """A person and his individual."""
    party = crm.vendor.org.add("Individual", LastName="Asen")
    return crm.person("Asen", IndividualId=party, **{"Phone": SPELT, "Email": MAIL, **own}), party


def consent(crm: Crm, party: str, kind: str, status: str, **more: Any) -> str:
    about = {"PartyId": party, "ContactPointType": kind, "CaptureSource": "Formular"}
    when = {"CaptureDate": "2026-11-01T10:00:00.000+0000", "CaptureContactPointType": "Web"}
    made = crm.vendor.org.add(
        "ContactPointTypeConsent",
        Name="x",
        PrivacyConsentStatus=status,
        **{**about, **when, **more},
    )
    return str(made)


def point(crm: Crm, party: str, phone: str, status: str = "") -> tuple[str, str]:
    """A number as a contact point of its own, with a consent where one is said."""
    org = crm.vendor.org
    there = org.add("ContactPointPhone", ParentId=party, TelephoneNumber=phone)
    if not status:
        return there, ""
    return there, org.add(
        "ContactPointConsent", Name="x", ContactPointId=there, PrivacyConsentStatus=status,
        CaptureDate="2026-11-01T10:00:00.000+0000", CaptureSource="Formular",
        CaptureContactPointType="Phone",
    )  # fmt: skip


def rows(crm: Crm, table: str) -> dict[str, dict[str, Any]]:
    found = crm.vendor.org.rows.get(table, {})
    return {ident: row for ident, row in found.items() if not row.get("IsDeleted")}


def statuses(crm: Crm, table: str) -> list[str]:
    return [one["PrivacyConsentStatus"] for one in rows(crm, table).values()]


# --- heard ---------------------------------------------------------------------------------------


def test_noes_beside_the_records_are_heard_each_for_what_it_is_about(crm: Crm) -> None:
    ident, party = somebody(crm)
    consent(crm, party, "Phone", "OptOut")
    consent(crm, party, "Email", "OptIn")
    point(crm, party, "68 00 00 02", "OptOut")
    org = crm.vendor.org
    other = org.add("Individual", LastName="Bsen", HasOptedOutSolicit=True)
    crm.person("Bsen", IndividualId=other, Phone="+4568000003")
    tracked = org.add("Individual", LastName="Csen", HasOptedOutTracking=True)
    crm.person("Csen", IndividualId=tracked, Phone="+4568000004")
    crm.call("run")
    assert blocked(crm, "--email", MAIL) == ["call", "sms"], "the person, and no mail"
    assert blocked(crm, "--phone", "+4568000002") == ["call", "sms"], "the number"
    assert blocked(crm, "--phone", "+4568000003") == ["call", "email", "sms"]
    assert blocked(crm, "--phone", "+4568000004") == [], "who is not tracked may be called"
    assert rows(crm, "Contact")[ident]["DoNotCall"] is True


# --- written -------------------------------------------------------------------------------------


def test_a_no_of_ours_stands_on_the_consents_and_is_read_back(crm: Crm) -> None:
    _, party = somebody(crm)
    consent(crm, party, "Phone", "OptIn")
    point(crm, party, SPELT)
    crm.call("run")
    crm.call("suppression", "add", "--phone", PHONE)
    done = deliver(crm)
    assert (done["open"], done["waiting"]) == (0, 0)
    mine = rows(crm, "ContactPointTypeConsent").values()
    assert [(one["ContactPointType"], one["PrivacyConsentStatus"]) for one in mine] == [
        ("Phone", "OptOut"),
        ("Email", "OptOut"),
    ], "his address follows his number"
    assert statuses(crm, "ContactPointConsent") == ["OptOut"]
    (root,) = told(crm, "receipt", PHONE)["items"]
    (there,) = root["systems"]
    assert there["state"] == "confirmed"
    writes = [one for one in crm.vendor.calls if one.method in {"PATCH", "POST"}]
    crm.call("run")
    again = [one for one in crm.vendor.calls if one.method in {"PATCH", "POST"}][len(writes) :]
    assert not [one for one in again if one.path.endswith("/composite/sobjects")]
    assert [one["type"] for one in told(crm, "list")].count("block") == 1, "ours is no news"
    for ident in rows(crm, "ContactPointTypeConsent"):
        crm.vendor.org.edit(ident, PrivacyConsentStatus="OptIn")
    crm.call("suppression", "verify")
    assert statuses(crm, "ContactPointTypeConsent") == ["OptOut"] * 2, "a yes is put back"
    assert blocked(crm, "--phone", PHONE) == ["call", "email", "sms"], "and lifts nothing"
