"""Consents as lists by number and address: whom they mean, what is written, what is believed."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from simulators.dynamics import HOST as DYNAMICS_HOST
from simulators.dynamics import Site
from simulators.dynamics.site import CLIENT, SECRET, TENANT, Fault
from simulators.salesforce import ringdna
from simulators.salesforce.serving import HOST, Clock, Trouble, Vendor, build
from simulators.web import served

from connectors.barring import barring_of
from connectors.caller import Patience
from connectors.dynamics import Dynamics
from connectors.dynamics import client as dynamics
from connectors.entra import Login
from connectors.salesforce import Salesforce
from connectors.salesforce.client import Org
from connectors.salesforce.logins import ClientCredentials
from rules.barring import Bar
from rules.errors import SystemStopped
from rules.keys import Key, KeyKind
from rules.suppression import Channel

NOON = datetime(2026, 11, 25, 12, 0, tzinfo=UTC)
TYPED, POINTED = "ContactPointTypeConsent", "ContactPointConsent"
TABLE = "msdynmkt_contactpointconsent4"
CALLS = Bar(Key(KeyKind.PHONE, "+4568000001"), frozenset({Channel.CALL}))
TEXTS = Bar(Key(KeyKind.PHONE, "+4568000001"), frozenset({Channel.SMS}))
MAILS = Bar(Key(KeyKind.EMAIL, "bo'b@opdigtet-0001.dk"), frozenset({Channel.EMAIL}))
NOBODY = Bar(Key(KeyKind.PHONE, "+4568000009"), frozenset({Channel.CALL}))
TEXT, VOICE, YES, NO = 534120001, 534120003, 534120001, 534120002


# --- Salesforce ----------------------------------------------------------------------------------


@pytest.fixture
def org() -> Iterator[Vendor]:
    with served(build(Clock(stopped=NOON, ahead=timedelta()))) as vendor:
        vendor.org.privacy()
        yield vendor


def salesforce(vendor: Vendor, *objects: str) -> Salesforce:
    app, clock = vendor.desk.tickets.app, vendor.clock
    line = Org(
        "salesforce", ClientCredentials(HOST, app.key, app.secret), clock=clock,
        elsewhere=vendor.elsewhere, elapsed=lambda: clock().timestamp(), sleep=lambda _: None,
        patience=Patience(tries=2),
    )  # fmt: skip
    noes = ["Do not call"]
    return Salesforce("salesforce", line, objects=objects or ["Contact"], opt_out_dispositions=noes)


def somebody(vendor: Vendor, **own: Any) -> str:
    """A person's individual."""
    party = vendor.org.add("Individual", LastName="Asen")
    values = {"Phone": "68 0000-01", "Email": MAILS.key.value, **own}
    vendor.org.add("Contact", LastName="Asen", IndividualId=party, **values)
    return party


def said(vendor: Vendor, table: str = TYPED) -> list[str]:
    return [str(row["PrivacyConsentStatus"]) for row in vendor.org.rows.get(table, {}).values()]


def test_whoever_alone_carries_it_says_no_and_it_costs_a_look_a_write_and_a_look(
    org: Vendor,
) -> None:
    somebody(org)
    connector = salesforce(org)
    facts = barring_of(connector)
    assert facts is not None
    assert (facts.reads, facts.batch_size) == ("asked", 100)
    wanted = [CALLS, MAILS, NOBODY]
    assert connector.barred(wanted) == {NOBODY: "absent"}
    asked = len(org.calls)
    assert list(connector.bar([CALLS, MAILS])) == []
    assert len(org.calls) == asked + 1
    assert connector.barred(wanted) == {CALLS: "consent", MAILS: "consent", NOBODY: "absent"}
    assert said(org) == ["OptOut", "OptOut"]
    assert list(connector.bar([CALLS, MAILS])) == []
    assert said(org) == ["OptOut", "OptOut"], "nothing twice"


def test_a_number_that_several_individuals_share_is_nobodys_own(org: Vendor) -> None:
    somebody(org)
    other = somebody(org)
    org.org.add("ContactPointPhone", ParentId=other, TelephoneNumber="+45 68 00 00 01")
    connector = salesforce(org)
    assert list(connector.bar([CALLS])) == []
    assert (said(org), said(org, POINTED)) == ([], ["OptOut"])
    assert connector.barred([CALLS]) == {CALLS: "consent"}


def test_every_row_of_every_purpose_has_to_say_no(org: Vendor) -> None:
    party = somebody(org)
    kept = {"PartyId": party, "ContactPointType": "Phone", "CaptureSource": "x", "Name": "x"}
    for status in ("OptIn", "OptOut", "Seen"):
        org.org.add(TYPED, PrivacyConsentStatus=status, **kept)
    connector = salesforce(org)
    assert connector.barred([CALLS]) == {}
    assert list(connector.bar([CALLS])) == []
    assert said(org) == ["OptOut"] * 3


@pytest.mark.parametrize("trouble", [Trouble.LOST, Trouble.HOLLOW, Trouble.BUSY])
def test_an_answer_proves_nothing(org: Vendor, trouble: Trouble) -> None:
    somebody(org)
    connector = salesforce(org)
    connector.barred([MAILS])
    org.fault(trouble, method="POST", path="/composite/sobjects$")
    assert list(connector.bar([MAILS])) == []
    there = trouble is Trouble.LOST
    assert connector.barred([MAILS]) == ({MAILS: "consent"} if there else {})
    list(connector.bar([MAILS]))
    assert said(org) == ["OptOut"]


def test_what_may_not_be_written_is_refused_and_what_is_hidden_stops(org: Vendor) -> None:
    somebody(org)
    org.org.read_only.add((TYPED, "PrivacyConsentStatus"))
    [refusal] = salesforce(org).bar([MAILS])
    assert refusal.code == "field_read_only"
    org.org.hidden.add((TYPED, "PrivacyConsentStatus"))
    connector = salesforce(org)
    with pytest.raises(SystemStopped, match=r"no_hidden"):
        connector.barred([MAILS])
    assert TYPED not in [one.name for one in connector.streams()]
    assert TYPED in [one.stream for one in connector.problems() if one.stops]
    assert any(one.name.startswith(TYPED) and not one.ok for one in connector.check())


def test_without_these_objects_there_is_no_list(org: Vendor) -> None:
    org.org.objects_closed |= {TYPED, POINTED, "Individual"}
    connector = salesforce(org)
    assert barring_of(connector) is None
    assert [one.name for one in connector.streams()] == ["Contact"]
    assert not [one for one in connector.problems() if one.stops]


def test_the_dialers_package_counts_where_it_is_filled_and_either_outcome_says_no(
    org: Vendor,
) -> None:
    ringdna.install(org.org)
    ident = org.org.add("Contact", LastName="Asen", ringdna__Has_Opted_Out_Of_SMS__c=True)
    task = ringdna.dial(org.org, ident, "+4568000001", "2026-11-25T09:30:05.000+0000")
    plain = {"TaskSubtype": "Call", "ActivityDate": "2026-11-24", "WhoId": ident}
    other = org.org.add("Task", CallDisposition="DO NOT CALL", **plain)
    org.org.edit(other, ringdna__Call_Disposition__c="Connected")
    connector = salesforce(org, "Contact", "Task")
    streams = {one.name: one for one in connector.streams()}
    read = {
        one.ref.id: one.values
        for page in connector.pull(streams["Task"], None)
        for one in page.records
    }
    assert read[task]["started_at"] == "2026-11-25T09:30:05Z"
    assert (read[task]["opt_out_call"], read[other]["opt_out_call"]) == ("false", "true")
    assert (read[other]["started_at"], read[other]["outcome"]) == ("2026-11-24", "Connected")
    [person] = [r for page in connector.pull(streams["Contact"], None) for r in page.records]
    assert person.values["opt_out_sms"] == "true"
    ringdna.install(org.org, hidden=True)
    assert "started_at" in {c.canonical for c in salesforce(org, "Task").streams()[0].columns}


def test_who_is_linked_to_an_individual_later_is_shown_as_opted_out(org: Vendor) -> None:
    party = org.org.add("Individual", LastName="Asen")
    kept = {"PartyId": party, "ContactPointType": "Phone", "CaptureSource": "x", "Name": "x"}
    row = org.org.add(TYPED, PrivacyConsentStatus="OptOut", **kept)
    org.clock.pass_by(hours=1)
    connector = salesforce(org)
    [stream] = [one for one in connector.streams() if one.name == TYPED]
    pages = list(connector.pull(stream, None))
    [first] = [one for page in pages for one in page.records]
    assert not first.values.get("contact_ref")
    org.clock.pass_by(hours=1)
    ident = org.org.add("Contact", LastName="Asen", IndividualId=party, Phone="68 00 00 01")
    org.clock.pass_by(minutes=1)
    later = list(salesforce(org).pull(stream, pages[-1].next))
    [again] = [one for page in later for one in page.records]
    assert (again.ref.id, again.values["contact_ref"]) == (row, f"contact/{ident}")
    assert again.version != first.version
    assert (again.values["channel"], again.values["direct_phone"]) == ("phone, sms", "68 00 00 01")


# --- Dynamics ------------------------------------------------------------------------------------


@pytest.fixture
def site() -> Iterator[Site]:
    with Site() as there:
        there.org.journeys()
        there.org.add("msdynmkt_purpose", msdynmkt_name="Nyheder", msdynmkt_type=534120000)
        yield there


def journeys(site: Site) -> Dynamics:
    line = dynamics.Org(
        "dynamics", DYNAMICS_HOST, Login(TENANT, CLIENT, SECRET), clock=site.org.clock,
        elsewhere=site.elsewhere, patience=Patience(tries=2), sleep=lambda _: None,
    )  # fmt: skip
    return Dynamics("dynamics", line, objects=["contact"])


def rows(site: Site) -> list[tuple[str, int, int]]:
    found = site.org.rows[TABLE].values()
    names = ("msdynmkt_contactpointvalue", "msdynmkt_contactpointtype", "msdynmkt_value")
    return sorted(tuple(row[name] for name in names) for row in found)  # type: ignore[misc]


def test_each_channel_is_written_by_itself_as_the_number_stands_there(site: Site) -> None:
    site.org.add("contact", lastname="Asen", telephone1="6800 0001", mobilephone="+4568000001")
    connector = journeys(site)
    assert connector.barred([TEXTS, NOBODY]) == {NOBODY: "absent"}
    assert list(connector.bar([TEXTS])) == []
    assert rows(site) == [("+4568000001", TEXT, NO), ("6800 0001", TEXT, NO)]
    assert connector.barred([TEXTS, CALLS]) == {TEXTS: "consent"}
    [ident, _] = site.org.rows[TABLE]
    site.org.edit(TABLE, ident, msdynmkt_value=YES)
    assert connector.barred([TEXTS]) == {}
    list(connector.bar([TEXTS]))
    assert [said for _, _, said in rows(site)] == [NO, NO]


@pytest.mark.parametrize(("trouble", "there"), [(Fault.LOST, True), (Fault.DROPPED, False)])
def test_an_answer_of_a_batch_that_is_lost_proves_nothing(
    site: Site, trouble: Fault, *, there: bool
) -> None:
    site.org.add("contact", lastname="Asen", telephone1="+4568000001")
    connector = journeys(site)
    connector.barred([CALLS])
    site.plan(trouble, r"\$batch")
    assert list(connector.bar([CALLS])) == []
    assert connector.barred([CALLS]) == ({CALLS: "consent"} if there else {})
    list(connector.bar([CALLS]))
    assert rows(site) == [("+4568000001", VOICE, NO)], "nothing twice"


def test_without_the_right_to_make_rows_it_is_refused_and_check_names_it(site: Site) -> None:
    site.org.add("contact", lastname="Asen", telephone1="+4568000001")
    user = site.org.user(CLIENT)
    user.rights = site.api._rights(user) - {f"prvCreate{TABLE}"}
    connector = journeys(site)
    connector.barred([CALLS])
    assert [one.code for one in connector.bar([CALLS])] == ["0x80040220"]
    assert f"prvCreate{TABLE}" in [one.name for one in connector.check() if not one.ok]


def test_each_channel_is_read_for_itself_and_tracking_is_no_contact(site: Site) -> None:
    [news] = site.org.rows["msdynmkt_purpose"]
    seen = site.org.add("msdynmkt_purpose", msdynmkt_name="Sporing", msdynmkt_type=534120002)
    about = [
        ("+4568000001", VOICE, NO, news), ("al@opdigtet-0001.dk", 534120000, NO, news),
        ("bo@opdigtet-0001.dk", 534120000, NO, seen), ("+4568000003", VOICE, YES, news),
        ("+4568000004", 534120002, NO, news),
    ]  # fmt: skip
    for text, kind, no, purpose in about:
        site.org.add(
            TABLE, msdynmkt_contactpointvalue=text, msdynmkt_contactpointtype=kind,
            msdynmkt_value=no, msdynmkt_contactpointconsenttype=534120000,
            _msdynmkt_purposeid_value=purpose,
        )  # fmt: skip
    connector = journeys(site)
    [stream] = [one for one in connector.streams() if one.name == TABLE]
    found = {
        one.values.get("email") or one.values.get("direct_phone"): one.values["channel"]
        for page in connector.pull(stream, None)
        for one in page.records
    }
    assert found == {
        "+4568000001": "call", "al@opdigtet-0001.dk": "email", "+4568000004": None,
    }, "a channel of their own counts as every channel"  # fmt: skip


def test_an_outcome_in_other_systems_says_no_too(site: Site) -> None:
    call = site.org.add(
        "phonecall", subject="x", phonenumber="+4568000001", subcategory=" dnc ",
        directioncode=True, actualstart="2026-11-02T08:00:00Z",
    )  # fmt: skip
    site.org.add("phonecall", subject="x", phonenumber="+4568000002", subcategory="Mødt")
    line = journeys(site).org
    connector = Dynamics("dynamics", line, objects=["phonecall"], opt_out_dispositions=["DNC"])
    [stream] = connector.streams()
    read = [one for page in connector.pull(stream, None) for one in page.records]
    assert [one.ref.id for one in read if one.values["opt_out_call"] == "true"] == [call]
    assert {one.values.get("opt_out_at") for one in read} == {"2026-11-02T08:00:00Z", None}
    assert "opt_out_call" in {column.canonical for column in stream.columns}


def test_an_environment_without_journeys_has_no_list() -> None:
    with Site() as site:
        connector = journeys(site)
        assert barring_of(connector) is None
        assert [one.name for one in connector.streams()] == ["contact"]
