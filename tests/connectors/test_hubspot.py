"""HubSpot's connector against the simulated account: cursors, writes, patience, silence."""

from __future__ import annotations

import json
import logging
import re
from collections.abc import Callable, Iterator, Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from simulators.faults import Fault
from simulators.hubspot.limits import plan
from simulators.hubspot.portal import Clock, Entry, Portal
from simulators.hubspot.serving import Vendor, build
from simulators.hubspot.tickets import KEY
from simulators.web import served

from connectors.caller import Patience
from connectors.hubspot import HubSpot
from connectors.hubspot.client import VERSION, dated
from connectors.hubspot.logins import Key, OAuth
from connectors.hubspot.pulling import OVERLAP_MS
from connectors.pace import Pace
from connectors.protocol import Applied, Conflict, Outcome, Page, Rejected, Stream, Unknown
from connectors.session import Unmetered
from rules.changes import Change, RecordChange
from rules.errors import StartOver, SystemStopped, TryAgain, WroteInDryRun
from rules.records import Kind, Record

UPDATE = r".*/batch/update"


class Quota(Unmetered):
    """A meter that remembers what it was told."""

    said: tuple[int, int] = (0, 0)

    def told(self, system: str, used: int, limit: int) -> None:
        self.said = (used, limit)


class Account:
    """The simulated account, and our way to it."""

    def __init__(self, vendor: Vendor) -> None:
        self.vendor, self.portal = vendor, vendor.portal
        self.slept: list[float] = []
        self.meter = Quota()

    def connector(self, *objects: str, **more: Any) -> HubSpot:
        how: dict[str, Any] = {
            "clock": self.portal.clock, "elsewhere": self.vendor.elsewhere,
            "sleep": self.slept.append, "meter": self.meter, "patience": Patience(tries=3),
        }  # fmt: skip
        login = more.pop("login", Key(KEY))
        return HubSpot("hubspot", login, objects=objects or ("contacts",), **{**how, **more})

    def people(self, many: int, **values: str) -> list[int]:
        made = [
            self.portal.create(
                "contacts", {"firstname": f"Prøve {n}", "email": f"p{n}@opdigtet-0001.dk", **values}
            )
            for n in range(many)
        ]
        self.pass_(3600)
        return made

    def pass_(self, seconds: float) -> None:
        assert isinstance(self.portal.clock, Clock)
        self.portal.clock.pass_(seconds)

    def forget_calls(self) -> None:
        self.vendor.calls.clear()

    def title(self, ident: int) -> str:
        return self.portal.rows["contacts"][ident].values.get("jobtitle", "")


@pytest.fixture
def account() -> Iterator[Account]:
    with served(build(Clock())) as vendor:
        yield Account(vendor)


def _read(connector: HubSpot, token: Any = None, name: str = "") -> tuple[list[Page], Any]:
    streams = connector.streams()
    stream = next((s for s in streams if s.name == name), streams[0])
    pages = list(connector.pull(stream, json.loads(json.dumps(token))))
    assert [page.complete for page in pages] == [False] * (len(pages) - 1) + [True]
    return pages, pages[-1].next


def _records(pages: Sequence[Page]) -> dict[str, Record]:
    return {record.ref.id: record for page in pages for record in page.records}


def _titled(record: Record, title: str) -> RecordChange:
    change = Change("title", str(record.values["title"] or ""), title, "r", "hygiene", "reason.x")
    return RecordChange(record.ref, record.version, (change,))


def _push(connector: HubSpot, changes: Sequence[RecordChange]) -> list[Outcome]:
    [stream] = connector.streams()
    return [one for one in connector.push(stream, {}, changes) if isinstance(one, Outcome)]


# --- reading ----------------------------------------------------------------------------------


def test_the_first_reading_takes_a_call_for_each_hundred_one_to_count_and_the_bin(
    account: Account,
) -> None:
    account.people(430)
    pages, _ = _read(account.connector())
    assert len(_records(pages)) == 430
    assert account.vendor.counted("GET", "/objects/") == 5 + 1
    assert account.vendor.counted("POST", "/search") == 1
    assert sum(page.calls_used for page in pages) == 5 + 1 + 1
    assert pages[0].of == (100, 430)


def test_nothing_new_costs_one_search_and_one_look_into_the_bin(account: Account) -> None:
    account.people(30)
    connector = account.connector()
    _, token = _read(connector)
    account.forget_calls()
    [page], _ = _read(connector, token)
    assert not page.records
    assert page.calls_used == 2
    assert (account.vendor.counted("POST"), account.vendor.counted("GET", "/objects/")) == (1, 1)


def test_what_changed_takes_a_call_for_each_two_hundred_beyond_ten_thousand_too(
    account: Account,
) -> None:
    """Beyond 10,000 rows of one query HubSpot refuses; ids pass from five digits to six."""
    portal = account.portal
    portal._last_id = 94_000
    people = [portal.load("contacts", {"firstname": f"P{n}"}, portal.now_ms) for n in range(10_500)]
    connector = account.connector()
    account.pass_(3600)
    _, token = _read(connector)
    portal.rows["contacts"][people[0]].values = {"firstname": "Først"}
    for ident in people:
        row = portal.rows["contacts"][ident]
        row.changed = portal.now_ms
        portal._to_index("contacts", row)
    account.pass_(1)
    account.forget_calls()
    pages, token = _read(connector, token)
    assert len(_records(pages)) == 10_500
    assert sum(len(page.records) for page in pages) == 10_500
    assert account.vendor.counted("POST", "/search") == 53
    assert [one.status for one in account.vendor.calls].count(400) == 0
    pages, _ = _read(connector, token)
    assert len(_records(pages)) <= 500, "what is remembered for the overlap is bounded"


def test_a_row_that_the_index_shows_late_is_found(account: Account) -> None:
    one, two = account.people(2)
    connector = account.connector()
    _, token = _read(connector)
    account.portal.lag_ms = 5 * 60_000
    account.portal.edit("contacts", one, jobtitle="Sent")
    account.pass_(60)
    pages, token = _read(connector, token)
    assert not _records(pages), "the index knows nothing yet"
    account.portal.edit("contacts", two, jobtitle="Senere")
    account.pass_(4 * 60)
    pages, token = _read(connector, token)
    assert set(_records(pages)) == {str(one)}, "its stamp lies below the cursor by now"
    account.pass_(4 * 60)
    pages, _ = _read(connector, token)
    assert set(_records(pages)) == {str(two)}


def test_what_the_index_still_shows_of_old_is_no_news(account: Account) -> None:
    [ident] = account.people(1)
    account.portal.lag_ms = 60_000
    account.portal.edit("contacts", ident, jobtitle="Ny")
    connector = account.connector()
    account.pass_(10)
    pages, token = _read(connector)
    assert _records(pages)[str(ident)].values["title"] == "Ny", "the list shows the record itself"
    pages, token = _read(connector, token)
    assert not _records(pages)
    account.pass_(300)
    pages, _ = _read(connector, token)
    assert not _records(pages)


def test_a_change_and_its_reversal_are_both_told(account: Account) -> None:
    """The same content under a new stamp is news: between the two we may have written."""
    [ident] = account.people(1, jobtitle="A")
    connector = account.connector()
    _, token = _read(connector)
    account.portal.edit("contacts", ident, jobtitle="B")
    account.pass_(1)
    pages, token = _read(connector, token)
    assert _records(pages)[str(ident)].values["title"] == "B"
    account.portal.edit("contacts", ident, jobtitle="A")
    account.pass_(1)
    pages, _ = _read(connector, token)
    assert _records(pages)[str(ident)].values["title"] == "A"


def test_what_changes_while_pages_are_read_is_read_next_time(account: Account) -> None:
    people = account.people(250)
    connector = account.connector()
    _, token = _read(connector)
    for ident in people:
        account.portal.edit("contacts", ident, jobtitle="Ens stempel")
    account.pass_(30)
    [stream] = connector.streams()
    shown, last = {}, None
    for page in connector.pull(stream, token):
        shown |= _records([page])
        last = page.next
        account.portal.edit("contacts", people[0], jobtitle=f"Under læsningen {len(shown)}")
        account.pass_(1)
    assert set(shown) == {str(n) for n in people}
    pages, _ = _read(connector, last)
    assert set(_records(pages)) == {str(people[0])}


@pytest.mark.parametrize("third", [False, True])
def test_a_merge_is_a_way_from_the_old_number_to_the_new(account: Account, *, third: bool) -> None:
    one, two, other = account.people(3)
    connector = account.connector()
    _, token = _read(connector)
    stays = account.portal.merge("contacts", one, two, third=third)
    account.pass_(5)
    pages, token = _read(connector, token)
    gone = {str(two)} | ({str(one)} if third else set())
    ways = {(w.old.id, w.new.id) for page in pages for w in page.redirects}
    assert ways == {(old, str(stays)) for old in gone}
    assert {stone.ref.id for page in pages for stone in page.tombstones} == gone
    assert set(_records(pages)) == {str(stays)}
    [stream] = connector.streams()
    refs = [connector.shape("contacts").ref(n) for n in (*gone, str(other))]
    assert [record.ref.id for record in connector.read(stream, refs)] == [str(other)]
    [page], _ = _read(connector, token)
    assert (page.records, page.tombstones, page.redirects) == ([], (), ())


def test_a_record_that_was_deleted_stays_dead_though_the_index_shows_it(account: Account) -> None:
    one, two = account.people(2)
    connector = account.connector()
    _, token = _read(connector)
    account.portal.edit("contacts", one, jobtitle="Snart væk")
    account.pass_(1)
    account.portal.lag_ms = 120_000
    account.portal.archive("contacts", one)
    account.pass_(1)
    pages, token = _read(connector, token)
    assert [stone.ref.id for stone in pages[-1].tombstones] == [str(one)]
    pages, token = _read(connector, token)
    assert not _records(pages)
    account.pass_(300)
    account.portal.restore("contacts", one)
    account.pass_(300)
    pages, _ = _read(connector, token)
    assert set(_records(pages)) == {str(one)}, "who is taken out of the bin lives again"
    assert two


def test_a_large_bin_is_read_to_its_end_once_an_hour(account: Account) -> None:
    people = account.people(250)
    connector = account.connector()
    _, token = _read(connector)
    for ident in people[:240]:
        account.portal.archive("contacts", ident)
    account.pass_(60)
    account.forget_calls()
    pages, token = _read(connector, token)
    assert account.vendor.counted("GET", "/objects/") == 1
    assert sum(len(page.tombstones) for page in pages) == 100
    account.pass_(3600)
    pages, token = _read(connector, token)
    assert sum(len(page.tombstones) for page in pages) == 140, "each is told once"
    account.pass_(3600)
    pages, _ = _read(connector, token)
    assert not pages[-1].tombstones


def test_a_first_reading_goes_on_where_it_was_stopped(account: Account) -> None:
    account.people(430)
    whole, _ = _read(account.connector())
    account.forget_calls()
    rest, _ = _read(account.connector(), whole[2].next)
    assert account.vendor.counted("GET", "/objects/") == 2 + 1, (
        "nothing that is stored is read again"
    )
    assert len(_records([*whole[:3], *rest])) == 430


def test_who_said_no_and_was_deleted_before_the_first_reading_is_heard(account: Account) -> None:
    account.portal.own("contacts", "ringren_do_not_call", "bool")
    quiet, *people = account.people(250)
    for one in people[:220]:
        account.portal.edit("contacts", one, ringren_do_not_call="true")
        account.portal.archive("contacts", one)
    account.portal.archive("contacts", quiet)
    account.pass_(3600)
    pages, token = _read(account.connector())
    gone = {str(one) for one in people[:220]}
    said = {one.ref.id for page in pages for one in page.records if one.values["opt_out_call"]}
    assert said == gone
    assert gone <= {stone.ref.id for page in pages for stone in page.tombstones}
    assert [page.full for page in pages] == [False] * (len(pages) - 1) + [True]
    assert json.dumps(token).count(":") < 30, "the bin of a year is not remembered in the cursor"
    [page], _ = _read(account.connector(), token)
    assert [*page.records, *page.tombstones] == []


def test_a_reading_that_is_stopped_in_the_bin_goes_on_there(account: Account) -> None:
    account.portal.own("contacts", "ringren_do_not_call", "bool")
    people = account.people(350)
    for one in people[:250]:
        account.portal.edit("contacts", one, ringren_do_not_call="true")
        account.portal.archive("contacts", one)
    whole, _ = _read(account.connector())
    assert len(whole) == 3
    rest, _ = _read(account.connector(), whole[0].next)
    assert [(page.complete, page.full) for page in rest] == [(False, False), (True, True)]
    assert len(_records([whole[0], *rest])) == 350


def test_a_cursor_of_another_time_starts_over(account: Account) -> None:
    [stream] = account.connector().streams()
    with pytest.raises(StartOver):
        list(account.connector().pull(stream, {"form": 0, "at": "done"}))


def test_calls_tell_whom_they_went_to_and_how_they_ended(account: Account) -> None:
    [person] = account.people(1)
    portal = account.portal
    portal.owners["501"] = ("Rav", "Elkedel", "rav@opdigtet-9001.dk")
    option = portal.properties["calls"]["hs_call_disposition"].options
    option["0b1c"] = "Ønsker ikke opkald"

    def call(outcome: str) -> int:
        made = portal.create("calls", {
            "hs_timestamp": "2026-11-25T08:00:00.000Z", "hs_call_direction": "OUTBOUND",
            "hs_call_duration": "61500", "hs_call_to_number": "+4568000001",
            "hs_call_disposition": outcome, "hubspot_owner_id": "501",
            "hs_call_body": "<p>Fru Paraply: <b>ring aldrig</b>&nbsp;mere, og ikke til naboen</p>",
        })  # fmt: skip
        portal.associate("calls", made, "contacts", person)
        return made

    first = call("73a0d17f-1163-4015-bdd5-ec830791da20")
    account.pass_(3600)
    connector = account.connector("calls")
    pages, token = _read(connector)
    assert _records(pages)[str(first)].values == {
        "called_number": "+4568000001", "shown_number": None, "agent": "Rav Elkedel",
        "outcome": "No answer", "direction": "Outbound", "started_at": "2026-11-25T08:00:00Z",
        "duration_seconds": "61", "contact_ref": str(person), "company_ref": None,
        # Of what was said only what means something.
        "note": "ring aldrig",
    }  # fmt: skip
    second = call("0b1c")
    account.pass_(1)
    pages, token = _read(connector, token)
    found = _records(pages)
    assert set(found) == {str(second)}
    assert found[str(second)].values["outcome"] == "Ønsker ikke opkald"
    assert found[str(second)].values["contact_ref"] == str(person)
    [stream] = connector.streams()
    [again] = connector.read(stream, [found[str(second)].ref])
    assert again == found[str(second)]
    assert not stream.can.push
    assert stream.can.calls


def test_stages_of_deals_and_leads_are_told_by_their_labels(account: Account) -> None:
    portal = account.portal
    [person] = account.people(1)
    deal = portal.create("deals", {"dealname": "Ordre", "dealstage": "contractsent"})
    lead = portal.create("leads", {"hs_lead_name": "Blyant", "hs_pipeline_stage": "new-stage-id"})
    portal.associate("leads", lead, "contacts", person)
    account.pass_(3600)
    connector = account.connector("deals", "leads")
    found = {
        stream.name: _records(list(connector.pull(stream, None))) for stream in connector.streams()
    }
    assert found["deals"][str(deal)].values["stage"] == "Contract Sent"
    assert found["leads"][str(lead)].values["stage"] == "New"
    assert found["leads"][str(lead)].values["contact_ref"] == str(person)
    assert found["leads"][str(lead)].ref.kind is Kind.OPPORTUNITY, (
        "a card about a person, no person"
    )
    assert account.vendor.counted("GET", "/pipelines/") == 2, "once an object"


def test_owners_that_may_not_be_known_are_told_by_number(account: Account) -> None:
    account.vendor.tickets.scopes -= {"crm.objects.owners.read"}
    [ident] = account.people(1, hubspot_owner_id="501")
    pages, _ = _read(account.connector())
    assert _records(pages)[str(ident)].values["owner"] == "501"


# --- opt-outs ---------------------------------------------------------------------------------


def test_noes_are_read_and_never_written(account: Account) -> None:
    account.portal.own("contacts", "ringren_do_not_call", "bool")
    [ident] = account.people(1, hs_email_optout="true", ringren_do_not_call="true")
    connector = account.connector()
    pages, _ = _read(connector)
    record = _records(pages)[str(ident)]
    assert (record.values["opt_out_email"], record.values["opt_out_call"]) == ("true", "true")
    for field in ("opt_out_email", "opt_out_call", "opt_out", "consent_call"):
        change = Change(field, "true", "false", "r", "hygiene", "reason.x")
        [outcome] = _push(connector, [RecordChange(record.ref, record.version, (change,))])
        assert isinstance(outcome, Rejected)
    assert account.vendor.counted("POST", "/batch/update") == 0


def test_nothing_in_the_connector_can_subscribe_anybody() -> None:
    folder = Path(__file__).parents[2] / "connectors/hubspot"
    text = "\n".join(path.read_text("utf-8") for path in folder.glob("*.py"))
    # What it asks of preferences takes people off, and nothing else.
    asked = re.findall(r"communication-preferences/[\w/-]+", text)
    assert asked == ["communication-preferences/v4/statuses/batch/unsubscribe-all"]
    assert not re.search(r"\bSUBSCRIBED|communication_preferences", text)


@pytest.mark.parametrize("wait", [30, 7200])
def test_a_no_that_was_set_and_cleared_between_two_readings_is_heard(
    account: Account, wait: int
) -> None:
    account.portal.own("contacts", "ringren_do_not_call", "bool")
    one, other = account.people(2)
    connector = account.connector()
    _, token = _read(connector)
    account.portal.edit("contacts", one, ringren_do_not_call="true")
    account.pass_(60)
    account.portal.edit("contacts", one, "WORKFLOW", ringren_do_not_call="false")
    account.portal.edit("contacts", other, jobtitle="Chef")
    account.pass_(wait)
    pages, token = _read(connector, token)
    said = {ident: record.values["opt_out_call"] for ident, record in _records(pages).items()}
    assert said == {str(one): "false", str(other): None}
    [told] = [episode for page in pages for episode in page.episodes]
    assert (told.record.ref.id, told.field) == (str(one), "opt_out_call")
    assert told.record.values["opt_out_call"] == "true"
    assert told.since == account.portal.clock() - timedelta(seconds=60 + wait)
    pages, token = _read(connector, token)
    assert not _records(pages)
    assert not any(page.episodes for page in pages)


def test_a_no_that_the_index_still_shows_and_that_is_over_is_told_as_such(account: Account) -> None:
    account.portal.own("contacts", "ringren_do_not_call", "bool")
    one, *_ = account.people(3)
    connector = account.connector()
    _, token = _read(connector)
    account.portal.lag_ms = 120_000
    account.portal.edit("contacts", one, ringren_do_not_call="true")
    account.pass_(150)
    account.portal.edit("contacts", one, ringren_do_not_call="false")
    account.pass_(50)
    pages, _ = _read(connector, token)
    # Who is read by himself before the page is taken would not be shown as he was.
    assert _records(pages)[str(one)].values["opt_out_call"] == "true"
    assert [told.record.ref.id for page in pages for told in page.episodes] == [str(one)]


def test_a_no_outlives_the_record_that_was_deleted_with_it(account: Account) -> None:
    account.portal.own("contacts", "ringren_do_not_call", "bool")
    one, *_ = account.people(3)
    connector = account.connector()
    _, token = _read(connector)
    account.portal.edit("contacts", one, ringren_do_not_call="true")
    account.portal.archive("contacts", one)
    account.pass_(30)
    pages, token = _read(connector, token)
    assert _records(pages)[str(one)].values["opt_out_call"] == "true"
    assert [stone.ref.id for page in pages for stone in page.tombstones] == [str(one)]
    pages, token = _read(connector, token)
    assert not _records(pages)


@pytest.mark.parametrize("most", [1000, 1100])
def test_after_a_large_import_nobody_is_asked_for_his_past(
    account: Account, monkeypatch: pytest.MonkeyPatch, most: int
) -> None:
    monkeypatch.setattr("connectors.hubspot.pulling.PAST_MOST", most)
    people = account.people(1100)
    connector = account.connector()
    _, token = _read(connector)
    for ident in people:
        account.portal.edit("contacts", ident, jobtitle="Importeret")
    account.pass_(1)
    account.forget_calls()
    pages, _ = _read(connector, token)
    assert len(_records(pages)) == 1100
    assert account.vendor.counted("POST") == (6 if most < len(people) else 6 + 11)


@pytest.mark.parametrize(
    ("hidden", "fields"),
    [
        ("hs_email_optout", {}),
        ("ringren_do_not_call", {}),
        ("ring_ikke", {"contacts": {"opt_out_call": "ring_ikke"}}),
    ],
)
def test_a_flag_that_is_hidden_closes_the_object_for_writing(
    account: Account, hidden: str, fields: Any
) -> None:
    account.portal.own("contacts", "ringren_do_not_call", "bool")
    account.portal.own("contacts", "ringren_opt_out", "bool")
    account.portal.hidden.add(("contacts", hidden))
    connector = account.connector(fields=fields)
    [stream] = connector.streams()
    assert not stream.can.push
    [problem] = connector.problems()
    assert (problem.message, problem.details["field"]) == ("hubspot.opt_out_hidden", hidden)
    assert problem.stops


def test_a_flag_that_is_hidden_while_pages_are_read_stops_the_reading(account: Account) -> None:
    account.people(150)
    connector = account.connector()
    [stream] = connector.streams()
    pages = connector.pull(stream, None)
    account.portal.hidden.add(("contacts", "hs_email_optout"))
    with pytest.raises(SystemStopped) as caught:
        list(pages)
    assert caught.value.details["field"] == "hs_email_optout"


def test_before_anything_of_ours_is_there_nothing_of_ours_is_missed(account: Account) -> None:
    connector = account.connector(fields={"contacts": {"cvr": "findes_ikke"}})
    [stream] = connector.streams()
    assert stream.can.push
    [problem] = connector.problems()
    assert (problem.details["field"], problem.stops) == ("findes_ikke", False)


def test_an_object_that_may_not_be_seen_is_told_and_the_others_go_on(account: Account) -> None:
    account.vendor.tickets.scopes -= {"crm.objects.calls.read", "crm.schemas.calls.read"}
    connector = account.connector("contacts", "calls")
    assert [stream.name for stream in connector.streams()] == ["contacts"]
    [problem] = connector.problems()
    assert (problem.stream, problem.message) == ("calls", "hubspot.object_hidden")


# --- writing ----------------------------------------------------------------------------------


def test_a_hundred_fixes_take_three_calls(account: Account) -> None:
    people = account.people(100)
    connector = account.connector()
    pages, _ = _read(connector)
    connector.streams()
    account.forget_calls()
    [stream] = [connector.shape("contacts").stream]
    changes = [_titled(one, "Direktør") for one in _records(pages).values()]
    outcomes = list(connector.push(stream, {}, changes))
    assert all(isinstance(one, Applied) for one in outcomes)
    assert [account.title(n) for n in people] == ["Direktør"] * 100
    assert len(account.vendor.calls) == 3


def test_each_record_of_a_batch_has_its_own_outcome(account: Account) -> None:
    good, stale, gone, bad, taken, ours = account.people(6)
    connector = account.connector()
    pages, _ = _read(connector)
    found = _records(pages)
    account.portal.edit("contacts", stale, jobtitle="Et menneskes")
    account.portal.archive("contacts", gone)
    names = {"email": "p0@opdigtet-0001.dk"}
    account.portal.properties["contacts"]["jobtitle"].options = {"Chef": "Chef", "Nej": "Nej"}
    account.portal.properties["contacts"]["jobtitle"].type = "enumeration"

    def change(ident: int, field: str, new: str) -> RecordChange:
        record = found[str(ident)]
        one = Change(field, str(record.values[field] or ""), new, "r", "hygiene", "reason.x")
        return RecordChange(record.ref, record.version, (one,))

    outcomes = _push(connector, [
        change(good, "title", "Chef"), change(stale, "title", "Chef"), change(gone, "title", "Chef"),
        change(bad, "title", "Ukendt"), change(taken, "email", names["email"]),
        change(ours, "opt_out_email", "true"),
    ])  # fmt: skip
    assert [type(one) for one in outcomes] == [
        Applied, Conflict, Conflict, Rejected, Rejected, Rejected,
    ]  # fmt: skip
    codes = [(one.code, one.details.get("field")) for one in outcomes if isinstance(one, Rejected)]
    assert codes == [
        ("value_not_in_list", "jobtitle"),
        ("double_in_the_system", "email"),
        ("field_read_only", "hs_email_optout"),
    ]
    assert account.title(stale) == "Et menneskes"
    assert "Ukendt" not in repr(outcomes), "values of people stay out of what is told"


def test_a_batch_that_is_refused_whole_is_tried_in_halves(account: Account) -> None:
    people = account.people(40)
    account.portal.rules.append(
        lambda _objects, values: "phone" if values.get("firstname") == "Prøve 7" else None
    )
    account.vendor.desk.whole_batches = True
    connector = account.connector()
    pages, _ = _read(connector)
    outcomes = _push(connector, [_titled(one, "Chef") for one in _records(pages).values()])
    refused = [one for one in outcomes if isinstance(one, Rejected)]
    assert [(one.ref.id, one.code) for one in refused] == [(str(people[7]), "field_required")]
    assert sum(isinstance(one, Applied) for one in outcomes) == 39
    assert [account.title(n) for n in people].count("Chef") == 39


def _while(account: Account, path: str, do: Callable[[], None]) -> None:
    """Others do something just before a call is done."""

    def once(_method: str, called: str) -> None:
        if re.fullmatch(path, called):
            account.vendor.before = lambda *_: None
            do()

    account.vendor.before = once


def test_who_writes_between_our_reading_and_our_writing_gets_his_value_back(
    account: Account,
) -> None:
    one, two = account.people(2, jobtitle="gammel")
    connector = account.connector()
    pages, _ = _read(connector)
    changes = [_titled(record, "Vores") for record in _records(pages).values()]
    connector.streams()
    _while(account, UPDATE, lambda: account.portal.edit("contacts", one, jobtitle="Et menneskes"))
    assert _push(connector, changes) == [Conflict(changes[0].ref), Applied(changes[1].ref, _any)]
    assert (account.title(one), account.title(two)) == ("Et menneskes", "Vores")


class _Any:
    def __eq__(self, other: object) -> bool:
        return True

    def __hash__(self) -> int:
        return 0


_any: Any = _Any()


def test_who_writes_after_us_is_left_alone(account: Account) -> None:
    [ident] = account.people(1, jobtitle="gammel")
    connector = account.connector()
    pages, token = _read(connector)
    record = _records(pages)[str(ident)]

    def rival(portal: Portal, entry: Entry) -> None:
        portal.edit("contacts", ident, "WORKFLOW", jobtitle="Arbejdsgangens")

    account.portal.rival = rival
    [outcome] = _push(connector, [_titled(record, "Vores")])
    assert isinstance(outcome, Applied)
    assert account.title(ident) == "Arbejdsgangens"
    account.pass_(1)
    pages, _ = _read(connector, token)
    seen = _records(pages)[str(ident)]
    assert (seen.values["title"], seen.version != outcome.version) == ("Arbejdsgangens", True)


def test_a_workflow_that_puts_the_old_value_back_is_told_from_a_write_that_never_was(
    account: Account,
) -> None:
    """Else it would be sent again in each run, and nobody would freeze it."""
    [ident] = account.people(1, jobtitle="gammel")
    connector = account.connector()
    pages, token = _read(connector)
    account.portal.rival = lambda portal, _: portal.edit("contacts", ident, jobtitle="gammel")
    record = _records(pages)[str(ident)]
    [outcome] = _push(connector, [_titled(record, "Vores")])
    assert isinstance(outcome, Applied)
    account.pass_(1)
    pages, _ = _read(connector, token)
    assert _records(pages)[str(ident)] == record


def test_others_may_write_other_fields_meanwhile_and_are_seen_next_time(account: Account) -> None:
    [ident] = account.people(1, jobtitle="gammel")
    connector = account.connector()
    pages, token = _read(connector)
    change = _titled(_records(pages)[str(ident)], "Vores")
    _while(account, UPDATE, lambda: account.portal.edit("contacts", ident, phone="68000009"))
    [outcome] = _push(connector, [change])
    assert isinstance(outcome, Applied)
    account.pass_(1)
    pages, _ = _read(connector, token)
    seen = _records(pages)[str(ident)]
    assert seen.values["direct_phone"] == "68000009"
    assert seen.version != outcome.version, "else the mirror would never hear of the phone"


def test_what_hubspot_works_out_anew_holds_up_no_write_and_is_seen_with_the_next_change(
    account: Account,
) -> None:
    """No stamp tells of it, so that no search shows it, and the write would clash for ever."""
    [one] = account.people(1, jobtitle="direktør")
    pages, token = _read(connector := account.connector())
    record = _records(pages)[str(one)]
    account.portal.recalculate("contacts", one, notes_last_contacted="2026-11-25T08:00:00Z")
    [done] = _push(connector, [_titled(record, "Direktør")])
    assert isinstance(done, Applied)
    account.pass_(700)
    pages, _ = _read(connector, token)
    [seen] = _records(pages).values()
    assert seen.values["last_contact_at"] == "2026-11-25T08:00:00Z"
    assert seen.version != done.version


@pytest.mark.parametrize(
    ("fault", "done"), [(Fault.LOST, True), (Fault.HALF, True), (Fault.DROPPED, False)]
)
def test_an_answer_that_is_lost_is_not_guessed(
    account: Account, fault: Fault, *, done: bool
) -> None:
    [ident] = account.people(1)
    connector = account.connector()
    pages, token = _read(connector)
    change = _titled(_records(pages)[str(ident)], "Vores")
    account.vendor.fault(fault, path=UPDATE)
    assert [type(one) for one in _push(connector, [change])] == [Unknown]
    assert account.title(ident) == ("Vores" if done else "")
    assert account.vendor.counted("POST", "/batch/update") == 1, "and is not sent again"
    account.pass_(1)
    pages, _ = _read(connector, token)
    assert bool(_records(pages)) is done


def test_a_write_that_was_answered_and_not_stored_is_not_counted_as_done(account: Account) -> None:
    one, two = account.people(2, jobtitle="gammel")
    connector = account.connector()
    pages, _ = _read(connector)
    account.portal.ineffective.add(one)
    outcomes = _push(connector, [_titled(r, "Vores") for r in _records(pages).values()])
    assert [type(outcome) for outcome in outcomes] == [Unknown, Applied]
    assert isinstance(outcomes[0], Unknown)
    assert outcomes[0].claimed, "said to be done: it is not tried for ever"
    assert (account.title(one), account.title(two)) == ("gammel", "Vores")


def test_a_system_that_fails_after_the_write_leaves_it_unknown(account: Account) -> None:
    account.people(1)
    connector = account.connector()
    pages, _ = _read(connector)
    [change] = [_titled(one, "Vores") for one in _records(pages).values()]
    account.vendor.fault(Fault.STATUS, path=r".*/batch/read", status=503, skip=1, times=9)
    assert [type(one) for one in _push(connector, [change])] == [Unknown]


def test_what_the_vendor_makes_of_a_value_is_seen_next_time(account: Account) -> None:
    """It stored our write, in its own spelling: no conflict, and the mirror hears of it."""
    [ident] = account.people(1)
    account.portal.rewrites = lambda name, text: text.upper() if name == "jobtitle" else text
    connector = account.connector()
    pages, token = _read(connector)
    [outcome] = _push(connector, [_titled(_records(pages)[str(ident)], "Vores")])
    assert isinstance(outcome, Applied)
    account.pass_(1)
    pages, _ = _read(connector, token)
    assert _records(pages)[str(ident)].values["title"] == "VORES"


def test_an_empty_value_empties_the_property(account: Account) -> None:
    [ident] = account.people(1, jobtitle="-")
    connector = account.connector()
    pages, _ = _read(connector)
    record = _records(pages)[str(ident)]
    change = Change("title", "-", None, "r", "hygiene", "reason.x")
    [outcome] = _push(connector, [RecordChange(record.ref, record.version, (change,))])
    assert isinstance(outcome, Applied)
    assert account.title(ident) == ""


# --- the line ---------------------------------------------------------------------------------


def test_every_path_has_its_date(account: Account) -> None:
    account.people(1)
    connector = account.connector("contacts", "calls")
    for name in ("contacts", "calls"):
        _read(connector, name=name)
    paths = [one.path for one in account.vendor.calls]
    assert paths
    assert all(f"/{VERSION}" in path and "/v3/" not in path for path in paths)
    assert dated("https://x/crm/v3/owners/") == f"https://x/crm/owners/{VERSION}"


def test_a_dry_run_reads_all_and_writes_nothing(account: Account) -> None:
    account.people(3)
    connector = account.connector(dry=True)
    pages, token = _read(connector)
    _read(connector, token)
    change = _titled(next(iter(_records(pages).values())), "Vores")
    with pytest.raises(WroteInDryRun):
        _push(connector, [change])
    assert account.vendor.counted(path="/batch/update") == 0


def test_limits_are_waited_for_and_a_spent_day_is_not(account: Account) -> None:
    account.people(3)
    connector = account.connector()
    account.vendor.limits = plan("pro")
    _, token = _read(connector)
    assert account.meter.said == (4, 625_000)
    body = {"policyName": "TEN_SECONDLY_ROLLING"}
    account.vendor.fault(Fault.STATUS, path=".*/search", status=429, body=body)
    _, token = _read(connector, token)
    assert max(account.slept) >= 10
    account.slept.clear()
    body = {"policyName": "DAILY"}
    account.vendor.fault(Fault.STATUS, path=".*/search", status=429, body=body)
    with pytest.raises(TryAgain):
        _read(connector, token)
    assert max(account.slept, default=0) < 1


def test_searches_keep_their_pace() -> None:
    now, slept = [0.0], []

    def sleep(seconds: float) -> None:
        slept.append(seconds)
        now[0] += seconds

    pace = Pace(5, lambda: now[0], sleep)
    for _ in range(11):
        pace.wait()
    assert now[0] == pytest.approx(2.0)


def test_oauth_renews_what_has_ended_and_what_was_refused(account: Account) -> None:
    account.people(1)
    app = account.vendor.tickets.app
    login = OAuth(app.client_id, app.client_secret, app.refresh_token)
    connector = account.connector(login=login)
    _, token = _read(connector)
    account.pass_(3600)
    _, token = _read(connector, token)
    assert account.vendor.tickets.issued == 2
    account.vendor.fault(Fault.REVOKED, path=".*/search")
    _read(connector, token)
    assert account.vendor.tickets.issued == 3
    assert app.client_secret not in repr(login)


def test_a_key_that_was_revoked_stops_the_system(account: Account) -> None:
    account.people(150)
    connector = account.connector()
    [stream] = connector.streams()
    account.vendor.fault(Fault.REVOKED, method="GET", path=".*/objects/.*", skip=1)
    with pytest.raises(SystemStopped) as caught:
        list(connector.pull(stream, None))
    assert "EXPIRED_AUTHENTICATION" in caught.value.details["why"]


def test_nothing_of_people_or_keys_is_logged(
    account: Account, caplog: pytest.LogCaptureFixture
) -> None:
    account.people(2, phone="68004711")
    with caplog.at_level(logging.DEBUG):
        connector = account.connector()
        pages, _ = _read(connector)
        _push(connector, [_titled(one, "Kanariefugl") for one in _records(pages).values()])
    for secret in ("68004711", "Kanariefugl", "opdigtet-0001.dk", KEY):
        assert secret not in caplog.text


def test_the_overlap_is_longer_than_the_index_was_ever_seen_to_need() -> None:
    assert OVERLAP_MS >= 5 * 60_000


def test_streams_tell_what_they_are(account: Account) -> None:
    account.portal.own("companies", "cvr_nummer")
    connector = account.connector("companies", "contacts", "calls", "meetings", "deals")
    streams = {stream.name: stream for stream in connector.streams()}
    assert [name for name, s in streams.items() if s.can.push] == ["companies", "contacts"]
    assert all(isinstance(stream, Stream) for stream in streams.values())
    mapped = {column.canonical: column.name for column in streams["companies"].columns}
    assert mapped["cvr"] == "cvr_nummer"
    assert connector.count(streams["contacts"]) == 0
    account.people(3)
    assert (
        connector.count(streams["contacts"]) == len(list(connector.ids(streams["contacts"]))) == 3
    )
    ref = connector.shape("contacts").ref("7")
    assert connector.link("contacts", ref, None) == (
        "https://app.hubspot.com/contacts/4321/record/0-1/7"
    )


# --- for administrators -----------------------------------------------------------------------


def _rights(connector: HubSpot) -> dict[str, tuple[bool, str]]:
    return {one.name: (one.ok, one.message) for one in connector.check()}


def test_each_right_is_tried_by_its_name_and_nothing_is_written(account: Account) -> None:
    account.people(3)
    account.vendor.limits = plan("pro")
    before = account.portal.snapshot()
    found = _rights(account.connector("companies", "contacts", "calls", dry=True))
    assert all(ok for ok, _ in found.values())
    assert found["contacts.hs_email_optout"] == (True, "hubspot.right.flag")
    assert found["crm.objects.contacts.write"] == (True, "hubspot.right.write")
    assert found["daily"] == (True, "hubspot.right.calls")
    assert account.portal.snapshot() == before


def test_what_lacks_is_named(account: Account) -> None:
    account.vendor.tickets.scopes -= {
        "crm.objects.contacts.write", "crm.objects.calls.read", "crm.schemas.calls.read",
    }  # fmt: skip
    account.portal.hidden.add(("contacts", "hs_email_optout"))
    account.vendor.limits = plan("pro")
    account.vendor.limits.used_today = 624_900
    found = _rights(account.connector("contacts", "calls"))
    wrong = {name: message for name, (ok, message) in found.items() if not ok}
    assert wrong == {
        "contacts.hs_email_optout": "hubspot.opt_out_hidden",
        "crm.objects.contacts.write": "hubspot.no_write",
        "calls": "hubspot.object_hidden",
        "daily": "hubspot.few_calls",
    }


def test_of_a_service_key_nothing_is_told_and_that_is_said(account: Account) -> None:
    app = account.vendor.tickets.app
    login = OAuth(app.client_id, app.client_secret, app.refresh_token)
    found = _rights(account.connector(login=login))
    assert found["crm.objects.contacts.write"] == (True, "hubspot.right.write_untried")


def test_missing_properties_are_shown_made_and_then_used(account: Account) -> None:
    account.portal.own("contacts", "ringren_function", "number")
    connector = account.connector("companies", "contacts", "calls")
    journal = len(account.portal.journal)
    wanted = connector.missing()
    names = {(one.stream, one.name) for one in wanted}
    assert {
        ("contacts", "ringren_do_not_call"), ("companies", "ringren_do_not_call"),
        ("contacts", "ringren_data_checked_at"), ("companies", "ringren_cvr"),
        ("contacts", "ringren_manual_check"), ("contacts", "ringren_manual_check_reason"),
    } <= names  # fmt: skip
    assert ("contacts", "ringren_function") not in names, "what is there is never changed"
    assert {one.stream for one in wanted} == {"companies", "contacts"}
    made = list(connector.provision(wanted))
    assert all(one.ok for one in made), [one for one in made if not one.ok]
    assert not connector.missing()
    assert len(account.portal.journal) == journal, "no record was touched"
    flag = account.portal.properties["contacts"]["ringren_do_not_call"]
    assert (flag.type, flag.label, flag.group) == ("bool", "MÅ IKKE RINGES OP", "ringren")
    assert account.portal.properties["contacts"]["ringren_function"].type == "number"
    [stream] = [one for one in connector.streams() if one.name == "contacts"]
    assert {"opt_out_call", "consent_call", "data_checked_at"} <= {
        column.canonical for column in stream.columns
    }
    assert stream.can.push


def test_a_property_that_cannot_be_made_is_told_and_the_others_are_made(account: Account) -> None:
    connector = account.connector("contacts")
    wanted = list(connector.missing())
    account.portal.own("contacts", wanted[0].name)
    made = list(connector.provision(wanted))
    assert [one.ok for one in made] == [False] + [True] * (len(wanted) - 1)
    assert "PROPERTY_EXISTS" in made[0].details["why"] or wanted[0].name in made[0].details["why"]


def test_options_that_a_list_lacks_are_added_and_those_that_are_there_stay(
    account: Account,
) -> None:
    portal = account.portal
    options = {"leder": "Leder", "elev": "Elev"}
    portal.own("contacts", "niveau", "enumeration", options=dict(options))
    connector = account.connector("contacts", fields={"contacts": {"seniority": "niveau"}})
    [wanted] = [one for one in connector.missing() if one.what == "values"]
    assert wanted.name == "niveau"
    [made] = connector.provision([wanted])
    assert made.ok, made
    listed = portal.properties["contacts"]["niveau"]
    assert dict(list(listed.options.items())[:2]) == options
    assert set(wanted.values) <= set(listed.options)
    assert listed.type == "enumeration"
    assert not [one for one in connector.missing() if one.what == "values"]
