"""Salesforce: what a reading may not miss, what a write may not overwrite, what stops it."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from simulators.salesforce.journal import Entry, Error
from simulators.salesforce.org import ROBOT
from simulators.salesforce.org import Org as Theirs
from simulators.salesforce.people import fill
from simulators.salesforce.schema import Field
from simulators.salesforce.serving import HOST, LOGIN, Clock, Trouble, Vendor, build
from simulators.web import served

from connectors.caller import Patience
from connectors.protocol import Applied, Conflict, Outcome, Rejected, Token, Unknown
from connectors.salesforce import Salesforce
from connectors.salesforce.client import Org
from connectors.salesforce.logins import ClientCredentials, JwtBearer, Login
from connectors.salesforce.paging import SEEN_MOST
from connectors.session import Unmetered
from rules.changes import Change, RecordChange
from rules.errors import StartOver, SystemStopped, TryAgain, WroteInDryRun
from rules.records import ABSENT, Kind, Record, Redirect, Ref

NOON = datetime(2026, 11, 25, 12, 0, tzinfo=UTC)
OBJECTS = ("Account", "Contact", "Lead", "Task", "Event")


class Meter(Unmetered):
    """Notes what the vendor says of its quota."""

    heard: tuple[int, int] = (0, 0)

    def told(self, system: str, used: int, limit: int) -> None:
        self.heard = (used, limit)


@dataclass
class Desk:
    """The org, and our connectors to it; cursors are kept as a store would."""

    vendor: Vendor
    tokens: dict[str, Token] = field(default_factory=dict)
    meter: Meter = field(default_factory=Meter)

    @property
    def org(self) -> Theirs:
        return self.vendor.org

    def connector(
        self,
        *objects: str,
        login: Login | None = None,
        dry: bool = False,
        bulk_from: int = 50_000,
        fields: dict[str, dict[str, str]] | None = None,
    ) -> Salesforce:
        app, clock = self.vendor.desk.tickets.app, self.vendor.clock
        org = Org(
            "salesforce",
            login or ClientCredentials(HOST, app.key, app.secret),
            clock=clock,
            dry=dry,
            meter=self.meter,
            elsewhere=self.vendor.elsewhere,
            patience=Patience(tries=3),
            sleep=lambda _: None,
            elapsed=lambda: clock().timestamp(),
            read_seconds=1.0,
        )
        return Salesforce(
            "salesforce",
            org,
            objects=objects or ["Contact"],
            fields=fields,
            known=self.tokens.get,
            bulk_from=bulk_from,
        )

    def pull(self, connector: Salesforce, name: str = "Contact") -> list[Any]:
        """Read a stream from its cursor to its end; the pages."""
        [stream] = [one for one in connector.streams() if one.name == name]
        pages = []
        for page in connector.pull(stream, self.tokens.get(name)):
            self.tokens[name] = page.next
            pages.append(page)
        return pages

    def records(self, connector: Salesforce, name: str = "Contact") -> dict[str, Record]:
        return {r.ref.id: r for page in self.pull(connector, name) for r in page.records}

    def push(self, connector: Salesforce, changes: Sequence[RecordChange]) -> list[Outcome]:
        [stream] = [one for one in connector.streams() if one.name == "Contact"]
        return list(connector.push(stream, self.tokens["Contact"], changes))  # type: ignore[arg-type]

    def wait(self, **how: float) -> None:
        self.vendor.clock.pass_by(**(how or {"minutes": 1}))


@pytest.fixture
def desk() -> Iterator[Desk]:
    with served(build(Clock(stopped=NOON))) as vendor:
        yield Desk(vendor)


def change(record: Record, **new: str | None) -> RecordChange:
    changes = []
    for name, text in new.items():
        old = record.values.get(name)
        old = None if old is ABSENT else old
        changes.append(Change(name, old, text, "test", "test", "reason.test"))
    return RecordChange(record.ref, record.version, tuple(changes))


# --- signing in ---


def test_it_signs_in_with_a_certificate_and_renews_a_session_that_ended(desk: Desk) -> None:
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    app = desk.vendor.desk.tickets.app
    app.certificate = (
        key.public_key()
        .public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
        .decode()
    )
    pem = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    ).decode()
    fill(desk.org, companies=1, contacts=4100)
    desk.wait()
    connector = desk.connector(login=JwtBearer(LOGIN, app.key, app.user, pem))
    desk.vendor.fault(Trouble.SIGNED_OUT, path="query/01g")
    assert len(desk.records(connector)) == 4100
    assert desk.vendor.desk.tickets.given == 2
    with pytest.raises(SystemStopped, match="bad_key"):
        desk.connector(login=JwtBearer(LOGIN, app.key, app.user, "no key")).streams()


def test_a_wrong_secret_stops_the_system_and_is_not_told(desk: Desk) -> None:
    login = ClientCredentials(HOST, desk.vendor.desk.tickets.app.key, "hemmeligt")
    assert "hemmeligt" not in repr(login)
    with pytest.raises(SystemStopped) as stopped:
        desk.connector(login=login).streams()
    assert stopped.value.details["why"] == "invalid_client"


# --- fail closed ---


@pytest.mark.parametrize("name", ["DoNotCall", "HasOptedOutOfEmail"])
def test_a_hidden_flag_that_says_no_stops_writing_and_is_named(desk: Desk, name: str) -> None:
    desk.org.hidden.add(("Contact", name))
    connector = desk.connector()
    [stream] = connector.streams()
    assert not stream.can.push
    [problem] = connector.problems()
    assert (problem.message, problem.stops) == ("salesforce.no_hidden", True)
    assert problem.details["field"] == name


def test_fields_of_the_settings_go_before_and_a_missing_one_is_told(desk: Desk) -> None:
    desk.org.add_field("Contact", Field("Direkte__c", "phone", 40))
    desk.org.add("Contact", LastName="P", Direkte__c="68000001", Phone="68000002")
    desk.wait()
    wanted = {"Contact": {"direct_phone": "direkte__c", "title": "", "function": "Nope__c"}}
    connector = desk.connector(fields=wanted)
    [record] = desk.records(connector).values()
    assert record.values["direct_phone"] == "68000001"
    assert "title" not in record.values
    assert [p.details["field"] for p in connector.problems()] == ["Nope__c"]


def test_where_countries_are_picked_from_a_list_their_codes_are_read(desk: Desk) -> None:
    plain = {c.canonical: c.name for c in desk.connector("Account").streams()[0].columns}
    assert plain["country"] == "BillingCountry"
    desk.org.add_field("Account", Field("BillingCountryCode", "picklist", 10))
    coded = {c.canonical: c.name for c in desk.connector("Account").streams()[0].columns}
    assert coded["country"] == "BillingCountryCode"


def test_what_cannot_be_written_is_told_to_the_rules(desk: Desk) -> None:
    desk.org.read_only.add(("Contact", "Title"))
    [stream] = desk.connector("Contact").streams()
    closed = {column.canonical for column in stream.columns if not column.writable}
    assert {"title", "owner", "company_ref", "source", "opt_out_call"} <= closed
    assert "email" not in closed


def test_values_are_read_as_text_and_opt_outs_as_flags(desk: Desk) -> None:
    account = desk.org.add("Account", Name="Opdigtet A/S", OwnerId=desk.org._users["somebody"])
    desk.org.add("Contact", LastName="P", AccountId=account, DoNotCall=True)
    desk.org.add(
        "Task", Status="Completed", TaskSubtype="Call", ActivityDate="2026-11-20",
        CallDurationInSeconds=61, CallType="Outbound",
        Description="Ville ikke tale. Ønsker ikke opkald, sagde hun til Ida.",
    )  # fmt: skip
    desk.org.add("Task", Status="Completed", TaskSubtype="Email")
    desk.wait()
    connector = desk.connector(*OBJECTS)
    [contact] = desk.records(connector).values()
    assert contact.values["opt_out_call"] == "true"
    assert contact.values["opt_out_email"] == "false"
    assert contact.values["company_ref"] == account
    [company] = desk.records(connector, "Account").values()
    assert company.values["owner"] == "Somebody"
    [call] = desk.records(connector, "Task").values()
    assert call.values["duration_seconds"] == "61"
    assert call.values["started_at"] == "2026-11-20"
    assert call.values["note"] == "ønsker ikke opkald", "the rest of a note is nobody's business"


def test_members_of_campaigns_are_contacts_and_leads(desk: Desk) -> None:
    messe = desk.org.add("Campaign", Name="Messe 2026")
    contact = desk.org.add("Contact", LastName="P")
    lead = desk.org.add("Lead", LastName="L", Company="Opdigtet A/S")
    desk.org.add("CampaignMember", CampaignId=messe, ContactId=contact)
    desk.org.add("CampaignMember", CampaignId=messe, LeadId=lead)
    desk.wait()
    found = desk.records(desk.connector("CampaignMember"), "CampaignMember").values()
    told = {(one.values["campaign"], one.values["contact_ref"]) for one in found}
    assert told == {("Messe 2026", contact), ("Messe 2026", lead)}


# --- no change missed ---


def test_a_row_that_commits_late_is_found_in_the_overlap(desk: Desk) -> None:
    one = desk.org.add("Contact", LastName="Sen")
    desk.wait()
    desk.records(desk.connector())
    late = desk.org.transaction()
    late.edit(one, LastName="Senere")
    desk.wait(minutes=8)
    desk.org.open.clear()
    assert desk.records(desk.connector()) == {}
    late.commit()
    assert desk.records(desk.connector())[one].values["last_name"] == "Senere"
    assert desk.records(desk.connector()) == {}, "and only once"


def test_a_transaction_that_runs_for_an_hour_holds_the_cursor_back(desk: Desk) -> None:
    one = desk.org.add("Contact", LastName="Sen")
    desk.wait()
    desk.records(desk.connector())
    late = desk.org.transaction()
    late.edit(one, LastName="Senere")
    for _ in range(6):
        desk.wait(minutes=10)
        assert desk.records(desk.connector()) == {}
    late.commit()
    assert desk.records(desk.connector())[one].values["last_name"] == "Senere"


def test_a_transaction_that_was_running_at_the_first_reading_is_not_missed(desk: Desk) -> None:
    one = desk.org.add("Contact", LastName="Sen")
    desk.wait()
    late = desk.org.transaction()
    late.edit(one, LastName="Senere")
    desk.wait(hours=1)
    desk.records(desk.connector())
    late.commit()
    desk.wait(hours=1)
    assert desk.records(desk.connector())[one].values["last_name"] == "Senere"


def test_where_the_delete_log_is_closed_to_us_the_overlap_has_to_do(desk: Desk) -> None:
    one = desk.org.add("Contact", LastName="P")
    desk.wait()
    desk.vendor.desk.closed_logs = True
    desk.pull(desk.connector())
    for _ in range(3):
        desk.wait(hours=1)
        desk.org.edit(one, Title=str(desk.vendor.clock()))
        desk.wait()
        assert set(desk.records(desk.connector())) == {one}
    low = desk.tokens["Contact"]["covered"]
    assert datetime.fromisoformat(low) > NOON + timedelta(hours=2, minutes=50)


def test_a_clock_of_answers_that_is_ahead_hides_no_late_commit_where_the_log_is_closed(
    desk: Desk,
) -> None:
    one = desk.org.add("Contact", LastName="Sen")
    desk.vendor.desk.closed_logs, desk.vendor.skew = True, timedelta(seconds=200)
    desk.wait(hours=1)
    desk.pull(desk.connector())
    late = desk.org.transaction()
    late.edit(one, LastName="Senere")
    desk.wait(minutes=9)
    assert desk.records(desk.connector()) == {}
    late.commit()
    desk.wait(hours=1)
    assert desk.records(desk.connector())[one].values["last_name"] == "Senere"


def test_thousands_of_equal_stamps_are_read_over_a_stop_in_their_midst(desk: Desk) -> None:
    fill(desk.org, companies=1, contacts=4500)
    desk.wait()
    connector = desk.connector()
    [stream] = connector.streams()
    first = next(iter(connector.pull(stream, None)))
    desk.tokens["Contact"] = first.next
    desk.vendor.desk.locators.clear()
    rest = desk.records(desk.connector())
    ids = {record.ref.id for record in first.records}
    assert len(ids) == 2000
    assert ids.isdisjoint(rest)
    assert len(ids) + len(rest) == 4500


def test_a_cursor_that_the_server_forgot_is_asked_for_anew(desk: Desk) -> None:
    fill(desk.org, companies=1, contacts=4500)
    desk.wait()
    connector = desk.connector()
    [stream] = connector.streams()
    pages = connector.pull(stream, None)
    seen = [record.ref.id for record in next(pages).records]
    desk.vendor.desk.locators.clear()
    seen += [record.ref.id for page in pages for record in page.records]
    assert len(seen) == len(set(seen)) == 4500


def test_two_writes_in_one_second_are_told_apart(desk: Desk) -> None:
    one = desk.org.add("Contact", LastName="A")
    desk.wait()
    before = desk.records(desk.connector())[one]
    desk.org.edit(one, LastName="B")
    desk.wait(seconds=6)
    middle = desk.records(desk.connector())[one]
    desk.vendor.clock.ahead -= timedelta(seconds=6)
    desk.org.edit(one, LastName="C")
    desk.wait(seconds=6)
    after = desk.records(desk.connector())[one]
    assert after.values["last_name"] == "C"
    assert len({before.version, middle.version, after.version}) == 3


def test_who_is_converted_in_the_second_in_which_he_was_shown_is_gone(desk: Desk) -> None:
    # The clock of answers is ahead: the second that runs is shown already.
    desk.vendor.skew = timedelta(seconds=200)
    lead = desk.org.add("Lead", LastName="Emne", Company="Opdigtet", Status="Open")
    desk.pull(desk.connector("Contact", "Lead"), "Lead")
    desk.org.edit(lead, LastName="Emnet")
    assert (
        desk.records(desk.connector("Contact", "Lead"), "Lead")[lead].values["last_name"] == "Emnet"
    )
    desk.org.convert(lead)
    desk.wait()
    [leads] = desk.pull(desk.connector("Contact", "Lead"), "Lead")
    assert [stone.ref.id for stone in leads.tombstones] == [lead]


def test_a_mass_change_in_the_overlap_is_shown_again_and_then_forgotten(desk: Desk) -> None:
    count = SEEN_MOST + 200
    fill(desk.org, companies=1, contacts=count)
    desk.wait()
    assert len(desk.records(desk.connector())) == count
    desk.wait()
    assert len(desk.records(desk.connector())) == count, "too many to be remembered"
    desk.wait(hours=1)
    desk.records(desk.connector())
    assert desk.records(desk.connector()) == {}


def test_deletes_merges_and_conversions_leave_stones_and_ways(desk: Desk) -> None:
    org = desk.org
    gone, loser, winner = (org.add("Contact", LastName=f"Nr {n}") for n in range(3))
    lead = org.add("Lead", LastName="Emne", Company="Opdigtet", Status="Open")
    desk.wait()
    connector = desk.connector("Contact", "Lead")
    desk.pull(connector, "Contact")
    desk.pull(connector, "Lead")
    org.remove(gone)
    org.merge(winner, loser, Title="Direktør")
    _, contact = org.convert(lead)
    desk.wait()
    connector = desk.connector("Contact", "Lead")
    [people] = desk.pull(connector, "Contact")
    [leads] = desk.pull(connector, "Lead")

    def ref(ident: str, kind: Kind = Kind.CONTACT) -> Ref:
        return Ref("salesforce", kind, ident)

    assert {stone.ref for stone in people.tombstones} == {ref(gone), ref(loser)}
    assert people.redirects == (Redirect(ref(loser), ref(winner)),)
    assert {record.ref.id for record in people.records} == {winner, contact}
    assert leads.redirects == (Redirect(ref(lead, Kind.LEAD), ref(contact)),)
    assert [stone.ref.id for stone in leads.tombstones] == [lead]


def test_a_record_deleted_past_the_recycle_bin_is_told_by_the_log(desk: Desk) -> None:
    one, _ = (desk.org.add("Contact", LastName=f"Nr {n}") for n in range(2))
    desk.wait()
    desk.pull(desk.connector())
    desk.org.remove(one)
    desk.org.purge(one)
    desk.wait(minutes=2)
    [page] = desk.pull(desk.connector())
    assert [stone.ref.id for stone in page.tombstones] == [one]
    connector = desk.connector()
    [stream] = connector.streams()
    assert connector.count(stream) == 1
    assert one not in {ref.id for ref in connector.ids(stream)}


def test_a_log_that_was_purged_over_the_cursor_means_reading_anew(desk: Desk) -> None:
    desk.org.add("Contact", LastName="P")
    desk.wait()
    desk.pull(desk.connector())
    desk.wait(hours=3)
    desk.org.log_starts = desk.vendor.clock() - timedelta(hours=1)
    with pytest.raises(StartOver):
        desk.pull(desk.connector())


def test_a_log_that_was_purged_just_behind_the_cursor_means_reading_anew_once(desk: Desk) -> None:
    """The answers' clock may be ahead of the one that the log goes by."""
    one = desk.org.add("Contact", LastName="P")
    desk.vendor.skew = timedelta(seconds=200)
    desk.wait()
    desk.pull(desk.connector())
    desk.org.remove(one)
    desk.org.purge(one)
    desk.wait(seconds=5)
    desk.org.log_starts = desk.vendor.clock()
    desk.wait(minutes=2)
    with pytest.raises(StartOver):
        desk.pull(desk.connector())
    desk.tokens.clear()
    desk.pull(desk.connector())
    desk.wait(minutes=2)
    desk.pull(desk.connector())


def test_who_was_away_for_more_than_two_weeks_reads_anew(desk: Desk) -> None:
    desk.pull(desk.connector())
    desk.wait(days=15)
    with pytest.raises(StartOver):
        desk.pull(desk.connector())


def test_a_no_of_a_record_that_is_gone_is_still_heard(desk: Desk) -> None:
    org = desk.org
    before = org.add("Contact", LastName="Før", DoNotCall=True)
    org.remove(before)
    later, quiet = org.add("Contact", LastName="Senere"), org.add("Contact", LastName="Stille")
    desk.wait()
    # Whoever lies in the bin when we come first may be entered again tomorrow.
    [page] = desk.pull(desk.connector())
    assert page.full
    said = {record.ref.id: record.values["opt_out_call"] for record in page.records}
    assert said == {before: "true", later: "false", quiet: "false"}
    assert [stone.ref.id for stone in page.tombstones] == [before]
    org.edit(later, DoNotCall=True)
    org.remove(later, quiet)
    desk.wait()
    [page] = desk.pull(desk.connector())
    said = {record.ref.id: record.values["opt_out_call"] for record in page.records}
    assert said == {later: "true"}
    # The delete log is asked for some minutes once more.
    assert {stone.ref.id for stone in page.tombstones} - {before} == {later, quiet}


def test_a_restored_record_comes_back(desk: Desk) -> None:
    one = desk.org.add("Contact", LastName="Tilbage")
    desk.wait()
    desk.pull(desk.connector())
    desk.org.remove(one)
    desk.wait()
    desk.pull(desk.connector())
    desk.org.restore(one)
    desk.wait()
    [page] = desk.pull(desk.connector())
    assert [record.ref.id for record in page.records] == [one]
    assert not page.tombstones


def test_a_wrong_clock_of_ours_does_not_matter(desk: Desk) -> None:
    desk.org.add("Contact", LastName="P")
    desk.wait()
    connector = desk.connector()
    connector.org._elapsed = lambda: 0.0
    assert len(desk.records(connector)) == 1


# --- calls ---


def test_nothing_changed_costs_one_call_for_five_objects(desk: Desk) -> None:
    fill(desk.org, companies=3, contacts=10, leads=3)
    desk.wait(hours=1)
    connector = desk.connector(*OBJECTS)
    for name in OBJECTS:
        desk.pull(connector, name)
        desk.pull(connector, name)
    desk.wait(hours=1)
    connector = desk.connector(*OBJECTS)
    connector.streams()
    before = connector.org.calls
    for name in OBJECTS:
        [page] = desk.pull(connector, name)
        assert not page.records
    assert connector.org.calls - before == 1


def test_a_composite_call_that_may_not_read_the_log_is_helped_out(desk: Desk) -> None:
    desk.vendor.desk.composite_deleted = False
    one = desk.org.add("Contact", LastName="P")
    desk.wait()
    desk.pull(desk.connector())
    desk.org.remove(one)
    desk.org.purge(one)
    desk.wait(minutes=2)
    [page] = desk.pull(desk.connector())
    assert [stone.ref.id for stone in page.tombstones] == [one]


def test_a_pull_of_n_changed_records_takes_a_call_for_each_2000(desk: Desk) -> None:
    fill(desk.org, companies=1, contacts=6100)
    desk.wait()
    connector = desk.connector()
    connector.streams()
    before = connector.org.calls
    pages = desk.pull(connector)
    # At a first reading one that tells what is still running, and one that looks into the bin.
    assert connector.org.calls - before == 4 + 2
    assert sum(page.calls_used for page in pages) == 4 + 2
    assert desk.meter.heard == (desk.vendor.desk.used, 100_000)


def test_a_push_of_n_records_takes_a_call_for_each_200_and_two_for_each_1000(desk: Desk) -> None:
    fill(desk.org, companies=1, contacts=1000)
    desk.wait(hours=1)
    connector = desk.connector()
    records = desk.records(connector)
    before = connector.org.calls
    outcomes = desk.push(connector, [change(r, title="Ny") for r in records.values()])
    assert {type(one) for one in outcomes} == {Applied}
    assert connector.org.calls - before == 5 + 2


# --- the first reading of a large org ---


@pytest.fixture
def many(desk: Desk) -> Desk:
    fill(desk.org, companies=3, contacts=500)
    desk.org.add("Contact", LastName='Med "tegn"', MailingStreet="Vej 1\r\nSal; 2", DoNotCall=True)
    desk.vendor.desk.bulk.page = 200
    desk.wait()
    return desk


def test_a_large_first_reading_is_a_bulk_job_and_shows_the_same(many: Desk) -> None:
    connector = many.connector(bulk_from=300)
    connector.streams()
    before = connector.org.calls
    [*pages] = many.pull(connector)
    # What is still running, a query that tells how many, the job, two looks, three pages, the bin.
    assert connector.org.calls - before == 1 + 1 + 1 + 2 + 3 + 1
    assert pages[-1].full
    through_bulk = {r.ref.id: r for page in pages for r in page.records}
    many.tokens.clear()
    assert through_bulk == many.records(many.connector())
    assert len(through_bulk) == 501
    many.wait()
    assert many.records(many.connector()) == {}


def test_a_bulk_reading_goes_on_where_it_was_stopped(many: Desk) -> None:
    connector = many.connector(bulk_from=300)
    [stream] = connector.streams()
    first = next(iter(connector.pull(stream, None)))
    many.tokens["Contact"] = first.next
    rest = many.records(many.connector(bulk_from=300))
    ids = {record.ref.id for record in first.records}
    assert ids.isdisjoint(rest)
    assert len(ids) + len(rest) == 501
    assert many.vendor.counted("POST", "jobs/query") == 1
    many.tokens["Contact"] = first.next
    many.vendor.desk.bulk.jobs.clear()
    with pytest.raises(StartOver, match="job_gone"):
        many.pull(many.connector(bulk_from=300))


def test_a_bulk_job_that_fails_leaves_the_ordinary_way(
    many: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    begin = many.vendor.desk.bulk.begin

    def failing(asked: Any) -> Any:
        told = begin(asked)
        many.vendor.desk.bulk.jobs[told["id"]].failed = "too wide"
        return told

    monkeypatch.setattr(type(many.vendor.desk.bulk), "begin", lambda _, asked: failing(asked))
    assert len(many.records(many.connector(bulk_from=300))) == 501


# --- nobody overwritten ---


@pytest.fixture
def people(desk: Desk) -> tuple[Salesforce, list[Record]]:
    for n in range(5):
        desk.org.add("Contact", LastName=f"Nr {n}", Title="gl")
    desk.wait(hours=1)
    connector = desk.connector()
    return connector, list(desk.records(connector).values())


def test_who_wrote_between_our_two_calls_is_not_overwritten_on_a_guarded_write(
    desk: Desk, people: tuple[Salesforce, list[Record]]
) -> None:
    connector, records = people
    one = records[0].ref.id
    desk.org.edit(one, Phone="68000009")
    desk.wait(seconds=30)
    fresh = desk.records(connector)[one]

    def rival(method: str, _path: str) -> None:
        if method == "PATCH":
            desk.wait(seconds=2)
            desk.org.edit(one, Title="Andres")

    desk.vendor.before = rival
    [outcome] = desk.push(connector, [change(fresh, title="Vores")])
    assert outcome == Conflict(fresh.ref)
    assert desk.org.rows["Contact"][one]["Title"] == "Andres"
    assert desk.vendor.counted("PATCH", f"sobjects/Contact/{one}") == 1


def test_who_wrote_before_us_is_not_overwritten_on_a_collection(
    desk: Desk, people: tuple[Salesforce, list[Record]]
) -> None:
    connector, records = people
    desk.org.edit(records[1].ref.id, Title="Andres")
    desk.org.remove(records[2].ref.id)
    outcomes = desk.push(connector, [change(r, title="Vores") for r in records])
    assert [type(one) for one in outcomes] == [Applied, Conflict, Conflict, Applied, Applied]
    assert desk.org.rows["Contact"][records[1].ref.id]["Title"] == "Andres"


def edited(desk: Desk, records: Sequence[Record], many: int) -> tuple[Salesforce, list[Record]]:
    """So many of the records were changed by somebody half a minute ago; all of them read again."""
    for record in records[:many]:
        desk.org.edit(record.ref.id, Phone="68000009")
    desk.wait(seconds=30)
    connector = desk.connector()
    fresh = {one.ref.id: one for one in records} | desk.records(connector)
    return connector, list(fresh.values())


def written_in(desk: Desk, connector: Salesforce, records: Sequence[Record]) -> list[str]:
    """The calls that a push of all of them takes, without the two readings."""
    began = len(desk.vendor.calls)
    outcomes = desk.push(connector, [change(r, title="Vores") for r in records])
    assert {type(one) for one in outcomes} == {Applied}
    calls = desk.vendor.calls[began:]
    assert len(calls) <= 3 * -(-len(records) // 200), "guards and all"
    return [f"{one.method} {one.path.partition('.0/')[2]}" for one in calls[1:-1]]


def test_guarded_writes_go_along_with_the_rest_where_the_org_is_seen_to_heed_them(
    desk: Desk, people: tuple[Salesforce, list[Record]]
) -> None:
    asked = len(desk.vendor.calls)
    connector, records = edited(desk, people[1], 3)
    reading = [
        one
        for one in desk.vendor.calls[asked:]
        if one.path.endswith("/composite") and b"/describe" not in one.body
    ]
    assert len(reading) == 1, "whether it heeds them is asked along with the changes"
    assert written_in(desk, connector, records) == ["POST composite"]
    [*guarded, rest] = json.loads(desk.vendor.calls[-2].body)["compositeRequest"]
    assert [list(one["httpHeaders"]) for one in guarded] == 3 * [["If-Unmodified-Since"]]
    assert len(rest["body"]["records"]) == 2


def test_where_the_org_heeds_no_headers_of_parts_there_is_room_for_few_guarded_writes(
    desk: Desk, people: tuple[Salesforce, list[Record]]
) -> None:
    desk.vendor.desk.composite_headers = False
    connector, records = edited(desk, people[1], 3)
    assert written_in(desk, connector, records) == ["PATCH composite/sobjects"]
    desk.wait(hours=1)
    connector, records = edited(desk, people[1], 1)
    one = next(r for r in records if r.values["direct_phone"] == "68000009")
    [alone] = written_in(desk, connector, [one])
    assert alone == f"PATCH sobjects/Contact/{one.ref.id}"


def test_what_changed_between_our_calls_is_left_alone_also_along_with_the_rest(
    desk: Desk, people: tuple[Salesforce, list[Record]]
) -> None:
    connector, records = edited(desk, people[1], 3)

    def rival(_method: str, path: str) -> None:
        if path.endswith("/composite"):
            desk.wait(seconds=2)
            desk.org.edit(records[0].ref.id, Title="Andres")

    desk.vendor.before = rival
    outcomes = desk.push(connector, [change(r, title="Vores") for r in records])
    assert [type(one) for one in outcomes] == [Conflict, *4 * [Applied]]
    assert desk.org.rows["Contact"][records[0].ref.id]["Title"] == "Andres"


def test_what_we_wrote_ourselves_a_moment_ago_needs_no_guard(
    desk: Desk, people: tuple[Salesforce, list[Record]]
) -> None:
    connector, records = people
    desk.push(connector, [change(r, title="Vores") for r in records])
    fresh = list(connector.read(next(iter(connector.streams())), [r.ref for r in records]))
    began = len(desk.vendor.calls)
    outcomes = desk.push(connector, [change(r, title="gl") for r in fresh])
    assert {type(one) for one in outcomes} == {Applied}
    assert len(desk.vendor.calls) - began == 3


def test_a_collection_that_is_refused_among_guarded_writes_is_told_record_by_record(
    desk: Desk, people: tuple[Salesforce, list[Record]]
) -> None:
    connector, records = edited(desk, people[1], 2)
    too_long = change(records[3], title="x" * 200)
    changes = [change(r, title="Vores") for r in records]
    desk.org.locked.add(records[4].ref.id)
    outcomes = desk.push(connector, [*changes[:3], too_long, changes[4]])
    assert [type(one) for one in outcomes] == [*3 * [Applied], Rejected, Conflict]


@pytest.mark.parametrize("trouble", [Trouble.LOST, Trouble.HALF, Trouble.FAILED, Trouble.SLOW])
def test_a_lost_answer_is_settled_by_reading_back(
    desk: Desk, people: tuple[Salesforce, list[Record]], trouble: Trouble
) -> None:
    connector, records = people
    desk.vendor.slow_seconds = 1.5
    desk.vendor.fault(trouble, method="PATCH")
    outcomes = desk.push(connector, [change(r, title="Vores") for r in records])
    assert {type(one) for one in outcomes} == {Applied}
    assert desk.vendor.counted("PATCH") == 1, "sent once"


@pytest.mark.parametrize("trouble", [Trouble.DROPPED, Trouble.BUSY, Trouble.HOLLOW])
def test_what_cannot_be_read_back_is_not_known(
    desk: Desk, people: tuple[Salesforce, list[Record]], trouble: Trouble
) -> None:
    connector, records = people
    desk.vendor.fault(trouble, method="PATCH")
    outcomes = desk.push(connector, [change(r, title="Vores") for r in records])
    assert {type(one) for one in outcomes} == {Unknown}
    assert {one.claimed for one in outcomes} == {trouble is Trouble.HOLLOW}
    assert {row["Title"] for row in desk.org.rows["Contact"].values()} == {"gl"}


def test_a_rival_that_rewrites_our_value_is_not_taken_for_ours(
    desk: Desk, people: tuple[Salesforce, list[Record]]
) -> None:
    connector, records = people

    def shout(org: Theirs, entry: Entry) -> None:
        org.edit(entry.ident, ROBOT, Title=str(entry.after.get("Title", "")).upper())

    desk.org.automations.append(shout)
    [outcome] = desk.push(connector, [change(records[0], title="Vores")])
    assert isinstance(outcome, Applied), "ours for a moment: whoever counts flips has to know"
    desk.wait()
    [seen] = desk.records(connector).values()
    assert seen.version != outcome.version
    assert seen.values["title"] == "VORES"
    assert seen.version != records[0].version


def test_each_refusal_has_a_code_and_a_field_and_no_value(
    desk: Desk, people: tuple[Salesforce, list[Record]]
) -> None:
    connector, records = people
    desk.org.validation.append(
        lambda _t, row: (
            Error("FIELD_CUSTOM_VALIDATION_EXCEPTION", "hemmelig")
            if row.get("Title") == "X"
            else None
        )
    )
    desk.org.locked.add(records[4].ref.id)
    outcomes = desk.push(
        connector,
        [
            change(records[0], last_name="x" * 81),
            change(records[1], title="X"),
            change(records[2], email="ingen adresse"),
            change(records[3], company_ref="001000000000001AAA"),
            change(records[4], title="Låst"),
        ],
    )
    told = [(one.code, one.details["field"]) for one in outcomes if isinstance(one, Rejected)]
    assert told == [
        ("value_too_long", "LastName"),
        ("own_rule_of_the_system", "Title"),
        ("value_not_taken", "Email"),
        ("field_read_only", "AccountId"),
    ]
    assert "hemmelig" not in repr(outcomes)
    assert outcomes[4] == Conflict(records[4].ref), "somebody has it open: decide anew"


def test_a_quota_that_ends_keeps_what_was_done(desk: Desk) -> None:
    fill(desk.org, companies=1, contacts=500)
    desk.wait(hours=1)
    connector = desk.connector()
    records = desk.records(connector)
    desk.vendor.desk.daily = desk.vendor.desk.used + 3
    [stream] = connector.streams()
    heard: list[Any] = []
    with pytest.raises(TryAgain, match="busy"):  # noqa: PT012 - what comes before the end counts
        for one in connector.push(stream, {}, [change(r, title="Ny") for r in records.values()]):
            heard.append(type(one))  # noqa: PERF401
    assert heard == [Unknown] * 400, "no call was left to read them back"
    assert sum(row.get("Title") == "Ny" for row in desk.org.rows["Contact"].values()) == 400


def test_a_dry_run_reads_everything_and_sends_no_write(desk: Desk) -> None:
    fill(desk.org, companies=2, contacts=5, leads=2)
    desk.wait()
    connector = desk.connector(*OBJECTS, dry=True)
    for name in OBJECTS:
        desk.pull(connector, name)
        desk.pull(connector, name)
    people, _ = connector.streams()[1], connector.problems()
    [record, *_] = connector.read(people, [Ref("salesforce", Kind.CONTACT, "003000000000006AAA")])
    with pytest.raises(WroteInDryRun):
        list(connector.push(people, {}, [change(record, title="Nej")]))
    assert not desk.vendor.counted("PATCH|PUT|DELETE")
    part = {"method": "PATCH", "url": connector.org.path(f"/sobjects/Contact/{record.ref.id}")}
    with pytest.raises(WroteInDryRun):
        connector.org.composite([{**part, "body": {"Title": "Nej"}}])


@pytest.mark.parametrize("trouble", [Trouble.BUSY, Trouble.DROPPED, Trouble.HALF])
def test_a_read_is_repeated(desk: Desk, trouble: Trouble) -> None:
    desk.org.add("Contact", LastName="P")
    desk.wait()
    connector = desk.connector()
    connector.streams()
    desk.vendor.fault(trouble, path="query", times=2)
    assert len(desk.records(connector)) == 1


def test_a_page_for_people_in_place_of_an_answer_is_passing_trouble(desk: Desk) -> None:
    connector = desk.connector()
    connector.streams()
    desk.vendor.fault(Trouble.GARBLED, path="query")
    with pytest.raises(TryAgain):
        desk.pull(connector)


# --- for administrators ---


def test_each_right_is_tried_by_name(desk: Desk) -> None:
    desk.org.tracked |= {("Contact", "DoNotCall"), ("Contact", "HasOptedOutOfEmail")}
    everything = list(desk.connector("Contact").check())
    assert all(right.ok for right in everything)
    assert {"Contact", "Contact.DoNotCall", "Contact/deleted", "DailyApiRequests"} <= {
        right.name for right in everything
    }
    org = desk.org
    org.hidden.add(("Contact", "DoNotCall"))
    org.read_only |= {("Contact", "HasOptedOutOfEmail"), ("Contact", "Phone")}
    org.objects_closed.add("Lead")
    desk.vendor.desk.daily = desk.vendor.desk.used + 50
    wrong = {
        right.name: (right.message, right.stops)
        for right in desk.connector("Contact", "Lead").check()
        if not right.ok
    }
    assert wrong == {
        "Contact.DoNotCall": ("salesforce.no_hidden", True),
        "Contact.HasOptedOutOfEmail": ("salesforce.no_locked", True),
        "Contact.Phone": ("salesforce.field_locked", False),
        "Lead": ("salesforce.object_hidden", True),
        "DailyApiRequests": ("salesforce.few_calls", False),
    }


def test_missing_fields_are_shown_made_granted_and_then_used(desk: Desk) -> None:
    desk.org.add("PermissionSet", Name="Ringren", Label="Ringren")
    connector = desk.connector("Account", "Contact")
    wanted = connector.missing()
    assert {one.name for one in wanted if one.stream == "Contact"} >= {
        "RR_Data_Checked_At__c",
        "RR_Consent_Call__c",
        "RR_Manual_Check__c",
        "RR_Warning__c",
    }
    roles = next(one for one in wanted if one.name == "RR_Buying_Role__c")
    assert (roles.type, roles.values[0]) == ("Picklist", "decision_maker")
    assert not desk.vendor.counted("POST", "tooling")
    assert all(made.ok and not made.message for made in connector.provision(wanted))
    assert connector.missing() == []
    people = next(one for one in connector.streams() if one.name == "Contact")
    assert "data_checked_at" in {column.canonical for column in people.columns}
    one = desk.org.add("Contact", LastName="P", RR_Data_Checked_At__c="2026-11-20")
    desk.wait()
    assert desk.records(connector)[one].values["data_checked_at"] == "2026-11-20"


def test_a_field_that_cannot_be_made_or_granted_is_told_and_the_others_go_on(desk: Desk) -> None:
    connector = desk.connector("Contact")
    wanted = connector.missing()
    desk.org.add_field("Contact", Field(wanted[0].name, "double", 0))
    made = list(connector.provision(wanted))
    assert [one.message for one in made[:2]] == ["salesforce.not_made", "salesforce.not_granted"]
    assert made[0].details == {"why": "DUPLICATE_DEVELOPER_NAME"}
    assert desk.org.tables["Contact"].fields[wanted[0].name].type == "double", "left as it was"


def test_hidden_flags_and_closed_fields_are_granted_to_the_permission_set(desk: Desk) -> None:
    ringren = desk.org.add("PermissionSet", Name="Ringren", Label="Ringren")
    desk.org.add(
        "FieldPermissions",
        ParentId=ringren,
        SobjectType="Contact",
        Field="Contact.Title",
        PermissionsRead=True,
        PermissionsEdit=False,
    )
    desk.org.hidden.add(("Contact", "DoNotCall"))
    desk.org.read_only |= {("Contact", "HasOptedOutOfEmail"), ("Contact", "Title")}
    connector = desk.connector("Contact")
    rights = [one for one in connector.missing() if one.what == "right"]
    assert {one.name for one in rights} == {"DoNotCall", "HasOptedOutOfEmail", "Title"}
    assert all(made.ok and not made.message for made in connector.provision(rights))
    assert not [one for one in connector.missing() if one.what == "right"]
    people = next(one for one in connector.streams() if one.name == "Contact")
    assert people.can.push


def test_a_field_that_was_there_and_hidden_is_granted_and_told(desk: Desk) -> None:
    desk.org.add("PermissionSet", Name="Ringren", Label="Ringren")
    desk.org.add_field("Contact", Field("RR_Seniority__c", "string", 80))
    desk.org.hidden.add(("Contact", "RR_Seniority__c"))
    connector = desk.connector("Contact")
    wanted = [one for one in connector.missing() if one.name == "RR_Seniority__c"]
    [made] = connector.provision(wanted)
    assert (made.ok, made.message) == (True, "salesforce.was_there")
    assert desk.org.tables["Contact"].fields["RR_Seniority__c"].type == "string"
    assert "seniority" in {c.canonical for s in connector.streams() for c in s.columns}


def test_values_that_a_list_lacks_are_added_and_those_that_are_there_stay(desk: Desk) -> None:
    one = Field("Niveau__c", "picklist", 40, values=("leder", "Chef"), restricted=True)
    desk.org.add_field("Contact", one)
    connector = desk.connector("Contact", fields={"Contact": {"seniority": "Niveau__c"}})
    [wanted] = [w for w in connector.missing() if w.what == "values"]
    assert (wanted.name, wanted.canonical) == ("Niveau__c", "seniority")
    [made] = connector.provision([wanted])
    assert made.ok, made
    assert one.values[:2] == ("leder", "Chef")
    assert set(wanted.values) <= set(one.values)
    assert one.type == "picklist"
    assert not [w for w in connector.missing() if w.what == "values"]


def test_the_warning_speaks_of_what_is_there_or_about_to_be_made(desk: Desk) -> None:
    connector = desk.connector("Account", "Contact")
    formulas = {w.stream: w.formula for w in connector.missing() if w.type == "Formula"}
    assert "DoNotCall" in formulas["Contact"]
    assert 'ISPICKVAL(RR_Lawful_Basis__c, "")' in formulas["Contact"]
    assert "DoNotCall" not in formulas["Account"]
    assert "RR_Opt_Out_Call__c" in formulas["Account"]
