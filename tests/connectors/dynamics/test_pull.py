"""Reading: links as cursors, dead links, merges, secured columns, empty columns, faults."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest
from dynamics_desk import Desk, pulled, records, stream_of
from simulators.dynamics import Fault
from simulators.dynamics.site import CLIENT

from connectors.protocol import Page
from rules.errors import StartOver, SystemStopped, TryAgain, WroteInDryRun
from rules.opt_out_fields import FLAGS
from rules.records import Kind, Record, Ref


def ids(pages: Any) -> list[str]:
    return [record.ref.id for record in records(pages)]


# --- cursors ---------------------------------------------------------------------------------


def test_nothing_changed_costs_one_call_for_a_table(desk: Desk) -> None:
    connector = desk.connector("account", "contact", "lead")
    tokens = {s.name: pulled(connector, None, s.name)[-1].next for s in connector.streams()}
    desk.site.api.calls.clear()
    for name, token in tokens.items():
        [page] = pulled(connector, token, name)
        assert (page.records, page.complete, page.full) == ([], True, False)
    assert len(desk.site.api.calls) == 3


def test_a_large_pull_costs_its_pages_and_no_more(desk: Desk) -> None:
    desk.site.org.page = 50
    for _ in range(500):
        desk.contact()
    connector = desk.connector()
    pages = pulled(connector)
    assert len(desk.asked("contacts")) == sum(page.calls_used for page in pages) == 10
    assert len(desk.asked("EntityDefinitions")) == 1


def test_what_changes_while_the_first_load_runs_is_shown_afterwards(desk: Desk) -> None:
    desk.site.org.page = 2
    people = [desk.contact() for _ in range(6)]
    connector = desk.connector()
    reading = connector.pull(stream_of(connector), None)
    next(reading)
    desk.site.org.edit("contact", people[0], jobtitle="Ejer")
    desk.site.org.remove("contact", people[1])
    rest = list(reading)
    later = pulled(connector, rest[-1].next)
    assert [r.values["title"] for r in records(later)] == ["Ejer"]
    assert [stone.ref.id for page in later for stone in page.tombstones] == [people[1]]


@pytest.mark.parametrize("status", [400, 404, 409, 410, 412, 413])
def test_a_dead_link_means_reading_anew_and_comparing_ids(desk: Desk, status: int) -> None:
    people = [desk.contact() for _ in range(3)]
    connector = desk.connector()
    token = pulled(connector)[-1].next
    desk.site.org.remove("contact", people[0])
    desk.site.org.edit("contact", people[1], jobtitle="Ejer")
    desk.site.org.oldest_token = desk.site.org.version
    desk.site.org.expired = (status, "0x80060889")
    with pytest.raises(StartOver):
        pulled(connector, token)
    anew = pulled(connector)
    assert ids(anew) == people[1:]
    assert anew[-1].full


def test_a_link_of_other_columns_or_another_version_means_reading_anew(desk: Desk) -> None:
    desk.contact(nickname="Vand")
    token = pulled(desk.connector())[-1].next
    other = desk.connector(fields={"contact": {"full_name": "nickname"}})
    with pytest.raises(StartOver):
        pulled(other, token)
    with pytest.raises(StartOver):
        pulled(desk.connector(), {**token, "format": 99})


def test_a_link_to_a_strange_host_is_not_followed(desk: Desk) -> None:
    connector = desk.connector()
    with pytest.raises(SystemStopped):
        connector.org.relative("https://opdigtet-0002.dk/api/data/v9.2/contacts?$deltatoken=1")


def test_late_commits_are_not_missed(desk: Desk) -> None:
    org, people = desk.site.org, [desk.contact() for _ in range(4)]
    connector = desk.connector()
    token = pulled(connector)[-1].next
    late = org.begin("contact", people[0], jobtitle="Sen")
    org.edit("contact", people[1], jobtitle="Hurtig")
    token = pulled(connector, token)[-1].next
    org.commit(late)
    found = {r.ref.id: r.values["title"] for r in records(pulled(connector, token))}
    assert found == {people[0]: "Sen", people[1]: "Hurtig"}


def test_a_no_that_writes_under_way_keep_from_one_reading_after_another_is_told(
    desk: Desk,
) -> None:
    org, people = desk.site.org, [desk.contact() for _ in range(4)]
    org.audit("contact", "donotphone")
    connector = desk.connector()
    token = pulled(connector)[-1].next
    org.clock.pass_(8 * 3600)
    token = pulled(connector, token)[-1].next
    # He says no, it is taken back, and he is changed once more while another's write is under way.
    org.edit("contact", people[0], donotphone=True)
    org.clock.pass_(20 * 60)
    late = org.begin("contact", people[1], jobtitle="Sen")
    org.edit("contact", people[0], donotphone=False)
    for _ in range(4):
        org.clock.pass_(60)
        pages = pulled(connector, token)
        assert not records(pages)
        token = pages[-1].next
    org.commit(late)
    [told] = [one for page in pulled(connector, token) for one in page.episodes]
    assert told.record.ref.id == people[0]


def said_and_gone(pages: Sequence[Page]) -> tuple[dict[str, str | None], set[str]]:
    """Who is shown to say no, with his number; and who is buried."""
    said = {r.ref.id: r.values.get("direct_phone") for r in records(pages) if no_of(r)}
    return said, {stone.ref.id for page in pages for stone in page.tombstones}


def no_of(record: Record) -> bool:
    return record.values.get("opt_out_call") == "true"


def test_who_said_no_and_was_deleted_is_heard_where_the_log_is_kept(desk: Desk) -> None:
    org = desk.site.org
    org.audit("contact", "donotphone", "telephone1")
    before, later, dead, quiet, there = (
        desk.contact(telephone1=f"68 00 00 {n:02}") for n in range(5)
    )
    org.edit("contact", before, donotphone=True)
    org.remove("contact", before)
    connector = desk.connector()
    pages = pulled(connector)
    assert said_and_gone(pages) == ({before: "68 00 00 00"}, {before})
    assert pages[-1].full

    org.edit("contact", later, donotphone=True)
    org.remove("contact", later)
    org.remove("contact", quiet)
    pages = pulled(connector, pages[-1].next)
    assert said_and_gone(pages) == ({later: "68 00 00 01"}, {later, quiet})

    token = pages[-1].next
    org.edit("contact", dead, donotphone=True)
    org.remove("contact", dead)
    org.oldest_token = org.version + 1
    pages = pulled(connector, connector.anew(stream_of(connector), token))
    assert said_and_gone(pages)[0].items() >= {dead: "68 00 00 02"}.items()
    assert there in ids(pages)


def test_a_no_that_was_taken_back_before_the_record_was_deleted_is_told(desk: Desk) -> None:
    org = desk.site.org
    org.audit("contact", "donotphone")
    one = desk.contact()
    connector = desk.connector()
    token = pulled(connector)[-1].next
    org.edit("contact", one, donotphone=True)
    org.edit("contact", one, donotphone=False)
    org.remove("contact", one)
    [page] = pulled(connector, token)
    assert [told.record.ref.id for told in page.episodes] == [one]
    assert [stone.ref.id for stone in page.tombstones] == [one]
    assert not page.records


def test_a_table_without_change_tracking_is_read_whole_each_time(desk: Desk) -> None:
    people = [desk.contact() for _ in range(3)]
    desk.site.org.tables["contact"].change_tracking = False
    connector = desk.connector()
    assert not stream_of(connector).can.delete_feed
    [problem] = connector.problems()
    assert (problem.message, problem.stops) == ("dynamics.not_tracked", False)
    token = pulled(connector)[-1].next
    desk.site.org.remove("contact", people[0])
    again = pulled(connector, token)
    assert ids(again) == people[1:]
    assert again[-1].full


# --- deletes and merges ------------------------------------------------------------------------


def test_a_merged_row_is_shown_once_more_then_buried_and_leads_on(desk: Desk) -> None:
    winner, loser = desk.contact(), desk.contact(telephone1="+4568000001")
    connector = desk.connector()
    token = pulled(connector)[-1].next
    desk.site.org.edit("contact", loser, donotphone=True)
    desk.site.org.merge("contact", winner, loser)
    [page] = pulled(connector, token)
    shown = {record.ref.id: record for record in page.records}
    assert shown[loser].values["opt_out_call"] == "true"
    assert [stone.ref.id for stone in page.tombstones] == [loser]
    [way] = page.redirects
    assert (way.old.id, way.new.id) == (loser, winner)
    assert [ref.id for ref in connector.ids(stream_of(connector))] == [winner]


def test_a_row_made_anew_under_its_old_id_is_not_buried(desk: Desk) -> None:
    desk.site.org.buries_the_living = True
    ident = desk.contact()
    connector = desk.connector()
    token = pulled(connector)[-1].next
    desk.site.org.remove("contact", ident)
    desk.site.org.add("contact", ident, lastname="Tilbage")
    [page] = pulled(connector, token)
    assert [record.ref.id for record in page.records] == [ident]
    assert page.tombstones == []


# --- values ------------------------------------------------------------------------------------


def test_values_are_canonical_text(desk: Desk) -> None:
    org = desk.site.org
    company = org.add("account", name="Fabel ApS", numberofemployees=57)
    desk.contact(
        firstname="Solsort",
        telephone1="+4568000001",
        company="68 00 00 02",
        donotphone=False,
        donotsendmm=True,
        _parentcustomerid_value=company,
        _ownerid_value=org.persons[0],
    )
    [record] = records(pulled(desk.connector()))
    wanted = {
        "first_name": "Solsort",
        "last_name": "Vandkande",
        "title": None,
        "direct_phone": "+4568000001",
        "company_ref": company,
        "owner": "Rav Elkedel",
        "opt_out_call": "false",
        "opt_out_email": "true",
        "opt_out_sms": "true",
    }
    assert wanted.items() <= record.values.items()
    assert record.version.startswith('W/"')


def test_the_column_called_company_is_a_phone_number_and_no_companys_name(desk: Desk) -> None:
    columns = {column.name: column for column in stream_of(desk.connector()).columns}
    assert (columns["company"].canonical, columns["company"].key) == (None, "phone")


def test_calls_and_meetings_are_read_with_their_words(desk: Desk) -> None:
    org, who = desk.site.org, desk.contact()
    org.add(
        "phonecall",
        subject="Opkald",
        phonenumber="+4568000001",
        directioncode=True,
        actualdurationminutes=3,
        actualstart="2026-11-02T09:14:03Z",
        subcategory="Ring igen",
        description="Hun er på ferie. RING IKKE IGEN før jul, og hils Viggo",
        _regardingobjectid_value=who,
        _ownerid_value=org.persons[1],
    )
    org.add("appointment", subject="Møde", statecode=1, scheduledstart="2026-11-03T08:00:00Z")
    connector = desk.connector("phonecall", "appointment")
    [call] = records(pulled(connector, None, "phonecall"))
    assert dict(call.values) == {
        "called_number": "+4568000001",
        "agent": "Birk Blyant",
        "outcome": "Ring igen",
        "direction": "outbound",
        "started_at": "2026-11-02T09:14:03Z",
        "duration_seconds": "180",
        "note": "ring ikke igen",
        "contact_ref": who,
    }
    assert call.ref.kind is Kind.CALL
    [meeting] = records(pulled(connector, None, "appointment"))
    assert meeting.values["outcome"] == "held"
    assert not any(stream.can.push for stream in connector.streams())


def test_leads_and_members_name_their_campaign_and_whom_they_are_about(desk: Desk) -> None:
    org = desk.site.org
    messe = org.add("campaign", name="Messe 2026")
    lead = org.add("lead", subject="Messe", lastname="Blyant", _campaignid_value=messe)
    uge = org.add("list", listname="Uge 45", createdfromcode=4)
    org.add("listmember", name="Blyant", entitytype=4, _listid_value=uge, _entityid_value=lead)
    connector = desk.connector("lead", "listmember")
    [one] = records(pulled(connector, None, "lead"))
    [member] = records(pulled(connector, None, "listmember"))
    assert one.values["campaign"] == "Messe 2026"
    assert (member.values["campaign"], member.values["contact_ref"]) == ("Uge 45", lead)


def test_a_campaigns_answer_no_marketing_is_a_row_of_an_opt_out_list(desk: Desk) -> None:
    org = desk.site.org
    for code, address in ((1, "ja"), (3, "nej")):
        email = f"{address}@opdigtet-0001.dk"
        org.add("campaignresponse", subject="Svar", responsecode=code, emailaddress=email)
    connector = desk.connector("campaignresponse")
    [record] = records(pulled(connector, None, "campaignresponse"))
    assert (record.ref.kind, record.values["email"]) == (Kind.OPT_OUT, "nej@opdigtet-0001.dk")


def test_a_column_left_out_of_a_row_is_not_taken_for_empty(desk: Desk) -> None:
    ident = desk.contact(jobtitle="Ejer", donotphone=True)
    connector = desk.connector()
    token = pulled(connector)[-1].next
    desk.site.org.leaves_out_nulls = True
    row = desk.site.org.rows["contact"][ident]
    desk.site.org.edit("contact", ident, jobtitle=None)
    row["donotemail"] = None
    [record] = records(pulled(connector, token))
    assert "title" not in record.values
    # One of three flags is not there: nobody can say that none of them says no.
    assert "opt_out_email" not in record.values
    assert record.values["opt_out_call"] == "true"


def test_choices_that_settings_map_are_read_and_written_by_their_labels(desk: Desk) -> None:
    desk.contact(preferredcontactmethodcode=3)
    connector = desk.connector(fields={"contact": {"function": "preferredcontactmethodcode"}})
    [record] = records(pulled(connector))
    assert record.values["function"] == "Phone"
    shape = connector.shapes["contact"]
    assert shape.written("function", "Email") == ("preferredcontactmethodcode", 2)


# --- what is hidden ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "flag", ["donotphone", "donotbulkemail", "donotsendmm", "msdyn_gdproptout"]
)
def test_a_hidden_flag_keeps_the_table_from_being_written(desk: Desk, flag: str) -> None:
    desk.site.org.tables["contact"].columns[flag].secured = True
    connector = desk.connector()
    assert not stream_of(connector).can.push
    [problem] = connector.problems()
    assert (problem.message, problem.details["field"]) == ("dynamics.no_hidden", flag)
    assert problem.stops


def test_a_secured_flag_that_we_may_see_is_like_any_other(desk: Desk) -> None:
    desk.site.org.tables["contact"].columns["donotphone"].secured = True
    desk.site.org.user(CLIENT).sees.add(("contact", "donotphone"))
    desk.contact(donotphone=True)
    connector = desk.connector()
    assert stream_of(connector).can.push
    assert records(pulled(connector))[0].values["opt_out_call"] == "true"


def test_a_missing_guard_keeps_the_table_from_being_written(desk: Desk) -> None:
    del desk.site.org.tables["contact"].columns["donotphone"]
    connector = desk.connector()
    assert not stream_of(connector).can.push
    assert connector.problems()[0].details["field"] == "donotphone"


def test_without_version_checks_by_the_server_nothing_is_written(desk: Desk) -> None:
    desk.site.org.tables["contact"].optimistic = False
    connector = desk.connector()
    assert not stream_of(connector).can.push
    assert [one.message for one in connector.problems()] == ["dynamics.not_guarded"]


def test_no_table_maps_a_flag_for_writing(desk: Desk) -> None:
    connector = desk.connector("account", "contact", "lead")
    flags = set(FLAGS) - {"do_not_call_reason"}
    for shape in connector.shapes.values():
        assert all(row.write == "" for row in shape.rows if row.canonical in flags)


# --- faults ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("fault", [Fault.DROPPED, Fault.LOST, Fault.HALF, Fault.BUSY, Fault.BROKEN])
def test_a_page_that_fails_is_asked_for_again(desk: Desk, fault: Fault) -> None:
    desk.site.org.page = 2
    people = [desk.contact() for _ in range(5)]
    connector = desk.connector()
    connector.streams()
    desk.site.plan(fault, "contacts", times=2)
    assert ids(pulled(connector)) == people
    assert len(desk.slept) == 2


def test_a_token_revoked_between_pages_is_renewed_once(desk: Desk) -> None:
    desk.site.org.page = 2
    people = [desk.contact() for _ in range(5)]
    connector = desk.connector()
    reading = connector.pull(stream_of(connector), None)
    first = next(reading)
    desk.site.plan(Fault.REVOKED, "contacts")
    assert ids([first, *reading]) == people
    assert desk.site.tenant.given == 2


def test_a_page_that_comes_slowly_is_given_up_in_time(desk: Desk) -> None:
    desk.contact()
    connector = desk.connector(read_seconds=0.2)
    connector.streams()
    desk.site.plan(Fault.SLOW, "contacts", times=9, seconds=2)
    with pytest.raises(TryAgain):
        pulled(connector)


def test_service_protection_is_waited_for_as_long_as_it_says(desk: Desk) -> None:
    desk.contact()
    connector = desk.connector()
    connector.streams()
    desk.site.plan(Fault.THROTTLED, "contacts", seconds=17)
    assert len(ids(pulled(connector))) == 1
    assert desk.slept[0] >= 17


def test_patience_has_an_end(desk: Desk) -> None:
    connector = desk.connector()
    connector.streams()
    desk.site.plan(Fault.THROTTLED, "contacts", seconds=290)
    with pytest.raises(TryAgain) as told:
        pulled(connector)
    assert told.value.after_seconds == 290
    assert desk.slept == []


def test_a_right_that_is_missing_is_named(desk: Desk) -> None:
    desk.site.org.user(CLIENT).rights = {"prvReadAccount"}
    connector = desk.connector()
    with pytest.raises(SystemStopped) as told:
        pulled(connector)
    assert "prvReadContact" in str(told.value.details)


def test_owners_whose_names_may_not_be_read_are_told_by_their_ids(desk: Desk) -> None:
    desk.site.org.user(CLIENT).rights = {"prvReadContact"}
    owner = desk.site.org.persons[0]
    desk.contact(_ownerid_value=owner)
    assert records(pulled(desk.connector()))[0].values["owner"] == owner


# --- single records and dry runs ------------------------------------------------------------------


def test_single_records_are_read_two_hundred_a_call(desk: Desk) -> None:
    people = [desk.contact() for _ in range(250)]
    connector = desk.connector()
    stream = stream_of(connector)
    refs = [Ref("dynamics", Kind.CONTACT, ident) for ident in [*people, "no-guid' or 1 eq 1"]]
    desk.site.api.calls.clear()
    assert len(list(connector.read(stream, refs))) == 250
    assert len(desk.asked("contacts")) == 2


def test_a_dry_run_lets_reads_through_and_no_batch(desk: Desk) -> None:
    desk.contact()
    connector = desk.connector(dry=True)
    assert len(ids(pulled(connector))) == 1
    with pytest.raises(WroteInDryRun):
        connector.org.batch([])
    with pytest.raises(WroteInDryRun):
        connector.org.post("Merge", {})
