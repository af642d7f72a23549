"""Consents that stand beside the records of a CRM: a no there is heard, and a no of ours is written."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from crms import Crm, opened
from simulators.salesforce.serving import Trouble

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


def test_a_no_to_the_phone_blocks_calls_and_texts_to_the_person_and_no_mail(crm: Crm) -> None:
    ident, party = somebody(crm)
    consent(crm, party, "Phone", "OptOut")
    consent(crm, party, "Email", "OptIn")
    crm.call("run")
    assert blocked(crm, "--phone", PHONE) == ["call", "sms"]
    assert blocked(crm, "--email", MAIL) == ["call", "sms"]
    assert rows(crm, "Contact")[ident]["DoNotCall"] is True


def test_a_no_of_one_number_is_about_that_number(crm: Crm) -> None:
    _, party = somebody(crm, Phone="68 00 00 02")
    point(crm, party, SPELT, "OptOut")
    crm.call("run")
    assert blocked(crm, "--phone", PHONE) == ["call", "sms"]
    assert blocked(crm, "--phone", "+4568000002") == []


def test_an_individual_that_wants_no_advertising_is_blocked_everywhere(crm: Crm) -> None:
    _, party = somebody(crm)
    crm.call("run")
    assert blocked(crm, "--phone", PHONE) == []
    crm.vendor.org.edit(party, HasOptedOutTracking=True)
    crm.call("run")
    assert blocked(crm, "--phone", PHONE) == [], "what is not tracked may be called"
    crm.vendor.org.edit(party, HasOptedOutSolicit=True)
    crm.call("run")
    assert blocked(crm, "--phone", PHONE) == ["call", "email", "sms"]


@pytest.mark.slow
def test_a_yes_lifts_nothing_and_is_put_back(crm: Crm) -> None:
    _, party = somebody(crm)
    said = consent(crm, party, "Email", "OptOut")
    crm.call("run")
    crm.vendor.org.edit(said, PrivacyConsentStatus="OptIn")
    crm.call("run")
    assert blocked(crm, "--email", MAIL) == ["email"]
    crm.call("suppression", "verify")
    assert statuses(crm, "ContactPointTypeConsent") == ["OptOut"], "and it is put back"


def test_who_is_linked_to_an_individual_later_is_born_opted_out(crm: Crm) -> None:
    org = crm.vendor.org
    party = org.add("Individual", LastName="Asen")
    consent(crm, party, "Phone", "OptOut")
    crm.call("run")
    crm.person("Asen", Phone=SPELT, IndividualId=party)
    crm.call("run")
    assert blocked(crm, "--phone", PHONE) == ["call", "sms"]


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


@pytest.mark.slow
def test_a_number_that_two_individuals_share_is_nobodys_own(crm: Crm) -> None:
    somebody(crm)
    _, other = somebody(crm, Email="al@opdigtet-0001.dk")
    point(crm, other, SPELT)
    crm.call("run")
    crm.call("suppression", "add", "--phone", PHONE, "--channel", "call")
    assert deliver(crm)["open"] == 0
    assert statuses(crm, "ContactPointTypeConsent") == []
    assert statuses(crm, "ContactPointConsent") == ["OptOut"]


@pytest.mark.slow
def test_who_is_not_in_the_org_gets_no_row_there(crm: Crm) -> None:
    crm.call("run")
    crm.call("suppression", "add", "--phone", "+4568000009")
    assert deliver(crm)["open"] == 0
    assert rows(crm, "ContactPointTypeConsent") == rows(crm, "ContactPointConsent") == {}


@pytest.mark.parametrize(
    "trouble",
    [
        Trouble.LOST,
        pytest.param(Trouble.HOLLOW, marks=pytest.mark.slow),
        pytest.param(Trouble.BUSY, marks=pytest.mark.slow),
    ],
)
def test_an_answer_that_is_lost_or_untrue_makes_one_row_and_confirms_nothing_unread(
    crm: Crm, trouble: Trouble
) -> None:
    _, _ = somebody(crm)
    crm.call("run")
    crm.call("suppression", "add", "--email", MAIL, "--channel", "email")
    crm.vendor.fault(trouble, method="POST", path="/composite/sobjects$", times=1)
    deliver(crm)
    for _ in range(3):
        crm.later()
    assert deliver(crm)["open"] == 0
    assert statuses(crm, "ContactPointTypeConsent") == ["OptOut"]


def test_consents_that_cannot_be_read_or_written_confirm_nothing(crm: Crm) -> None:
    _, _ = somebody(crm)
    crm.call("run")
    crm.vendor.org.read_only.add(("ContactPointTypeConsent", "PrivacyConsentStatus"))
    crm.call("suppression", "add", "--email", MAIL, "--channel", "email")
    done = deliver(crm)
    assert done["open"] == 1
    assert done["refused"] >= 1
    crm.vendor.org.hidden.add(("ContactPointTypeConsent", "PrivacyConsentStatus"))
    assert deliver(crm)["open"] == 1
    said = crm.call("check", crm.system)
    assert said.exit_code != 0
    assert "PrivacyConsentStatus" in said.output


@pytest.mark.slow
def test_an_org_without_these_objects_has_flags_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with opened("salesforce", tmp_path, monkeypatch) as crm:
        crm.person("Asen", Phone=SPELT)
        crm.call("run")
        crm.call("suppression", "add", "--phone", PHONE)
        assert deliver(crm)["open"] == 0
        assert crm.call("check", crm.system).exit_code == 0
