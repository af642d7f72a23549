"""The Five9 connector against the simulated domain: what it reads, adds, takes out, and refuses."""

from __future__ import annotations

import re
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from simulators.faults import Fault as Broken
from simulators.five9.desk import CLASSES as THEIRS
from simulators.five9.domain import NIGHT, PACIFIC
from simulators.five9.serving import Clock, build
from simulators.five9.serving import Five9 as Vendor
from simulators.five9.soap import Fault
from simulators.web import served

from connectors.barring import barring_of
from connectors.five9 import Five9, report
from connectors.five9.client import READING, READS
from connectors.five9.envelope import NotSoap, opened, request
from connectors.five9.limits import CLASSES, Quota, Window
from connectors.five9.numbers import NumberFormat, canonical, spelt
from connectors.readonly import ReadOnly
from rules.barring import Bar, Hours
from rules.errors import StartOver, SystemStopped, TryAgain, WroteInDryRun
from rules.keys import Key, KeyKind
from rules.suppression import Channel

PHONE, OTHER, OURS = "+4568000001", "+4568000002", "+4568999999"
IDD, IDD_OTHER, IDD_OURS = "0114568000001", "0114568000002", "0114568999999"


def bar(number: str) -> Bar:
    return Bar(Key(KeyKind.PHONE, number), frozenset({Channel.CALL}))


@pytest.fixture
def vendor() -> Iterator[Vendor]:
    with served(build(Clock())) as there:
        there.domain.dnc.add(IDD_OURS)
        yield there


def five9(vendor: Vendor, **more: Any) -> Five9:
    domain = vendor.domain
    how: dict[str, Any] = {"probe_number": OURS, "days_back": 3, "sleep": lambda _: None}
    return Five9(
        "five9", domain.user, domain.password,
        **{"clock": domain.clock, **how, **more}, elsewhere=vendor.elsewhere,
    )  # fmt: skip


def pulled(connector: Five9, token: Any = None) -> tuple[dict[str, Any], Any]:
    [stream] = connector.streams()
    pages = list(connector.pull(stream, token))
    found = [record for page in pages for record in page.records]
    return {record.ref.id: dict(record.values) for record in found}, pages[-1].next


def asked(vendor: Vendor, operation: str) -> int:
    return vendor.office.asked.count(operation)


def passed(vendor: Vendor, seconds: float) -> None:
    assert isinstance(vendor.domain.clock, Clock)
    vendor.domain.clock.pass_(seconds)


# --- the list of numbers -------------------------------------------------------------------------


def test_numbers_are_added_and_only_what_the_list_knows_is_believed(vendor: Vendor) -> None:
    connector = five9(vendor)
    assert connector.barred([bar(PHONE)]) == {}
    assert not list(connector.bar([bar(PHONE), bar(OTHER)]))
    assert connector.barred([bar(PHONE), bar(OTHER), bar("+4568000003")]) == {
        bar(PHONE): "listed",
        bar(OTHER): "listed",
    }
    assert {IDD, IDD_OTHER} < vendor.domain.dnc
    vendor.domain.deaf = True
    list(connector.bar([bar("+4568000003")]))
    assert not connector.barred([bar("+4568000003")]), "a yes without effect is no block"


def test_n_numbers_are_added_and_confirmed_in_the_fewest_calls(vendor: Vendor) -> None:
    connector, many = five9(vendor), [bar(f"+45680{n:05d}") for n in range(3000)]
    connector.barred(many)
    before = len(vendor.office.asked)
    list(connector.bar(many))
    assert len(connector.barred(many)) == 3000
    calls = vendor.office.asked[before:]
    assert calls == ["getListsInfo", "addNumbersToDnc", "checkDncForNumbers"]


@pytest.mark.parametrize(
    ("how", "listed", "message"),
    [
        ({"number_format": NumberFormat.E164}, {IDD_OURS}, "five9.spelling"),
        ({}, {OURS}, "five9.spelling"),
        ({}, {IDD_OURS, OURS}, "five9.spelling"),
        ({}, set(), "five9.probe_missing"),
        ({"probe_number": ""}, {IDD_OURS}, "five9.no_probe"),
    ],
)
def test_without_a_proven_spelling_nothing_is_added_or_believed(
    vendor: Vendor, how: dict[str, Any], listed: set[str], message: str
) -> None:
    domain = vendor.domain
    domain.dnc = listed | {IDD, PHONE}
    domain.put("A", IDD_OTHER, IDD)
    connector = five9(vendor, **how)
    assert connector.barred([bar(PHONE)]) == {}
    with pytest.raises(SystemStopped) as stopped:
        list(connector.bar([bar(OTHER)]))
    assert stopped.value.message == message
    assert message in {one.message for one in connector.problems()}
    assert domain.waiting() == {IDD}, "out of the calling lists all the same"
    assert not asked(vendor, "addNumbersToDnc")


def test_out_of_hours_it_is_tried_again_in_a_quarter_and_lists_are_cleared(vendor: Vendor) -> None:
    passed(vendor, 6 * 3600)
    vendor.domain.put("A", IDD)
    connector = five9(vendor)
    with pytest.raises(TryAgain) as later:
        list(connector.bar([bar(PHONE)]))
    assert (later.value.message, later.value.after_seconds) == ("five9.closed", 900)
    assert vendor.domain.waiting() == set()


def test_the_usual_hours_are_the_vendors() -> None:
    hours = Hours(*NIGHT, PACIFIC)
    noon = datetime(2026, 11, 24, 16, tzinfo=UTC)
    assert hours.opens(noon) == datetime(2026, 11, 25, 7, tzinfo=UTC)


def test_a_number_that_is_refused_stands_alone_and_the_others_go_on(vendor: Vendor) -> None:
    connector = five9(vendor)
    batch = [bar(PHONE), bar("+45680000"), bar(OTHER)]
    vendor.domain.spelling = "e164"
    vendor.domain.dnc = {OURS}
    connector = five9(vendor, number_format=NumberFormat.E164)
    assert [one.bar for one in connector.bar(batch)] == [bar("+45680000")]
    assert connector.barred(batch).keys() == {bar(PHONE), bar(OTHER)}


def test_a_batch_that_is_too_large_is_halved(vendor: Vendor) -> None:
    fault = Fault("TooManyItemsFault", limit=2, message="")
    vendor.office.next_faults = [("addNumbersToDnc", fault), ("checkDncForNumbers", fault)]
    vendor.domain.dnc.add(IDD_OTHER)
    connector = five9(vendor)
    assert not list(connector.bar([bar(PHONE), bar(OTHER)]))
    assert len(connector.barred([bar(PHONE), bar(OTHER)])) == 2


def test_numbers_leave_every_list_by_every_field_in_either_spelling(vendor: Vendor) -> None:
    domain = vendor.domain
    domain.put("A", IDD, IDD_OTHER)
    domain.put("B", PHONE, place="number3")
    domain.put("C", IDD, place="number2")
    five9(vendor).withdraw([bar(PHONE)])
    assert domain.waiting() == {IDD_OTHER}
    domain.put("A", IDD)
    five9(vendor, lists=("C",)).withdraw([bar(PHONE)])
    assert domain.waiting() == {IDD, IDD_OTHER}


def test_lists_that_cannot_be_cleared_do_not_keep_a_number_off_the_list_of_numbers(
    vendor: Vendor,
) -> None:
    vendor.domain.put("A", IDD)
    fault = Fault("IncorrectArgumentFault", message="")
    vendor.office.next_faults = [("deleteRecordFromList", fault)]
    connector = five9(vendor)
    with pytest.raises(SystemStopped):
        list(connector.bar([bar(PHONE)]))
    assert IDD in vendor.domain.dnc
    vendor.office.next_faults = [("deleteRecordFromList", Fault("ListNotFoundFault", listName="A"))]
    assert not list(connector.bar([bar(PHONE)])), "a list that is gone holds nobody"


def test_many_numbers_leave_a_list_in_one_go_for_each_field(vendor: Vendor) -> None:
    numbers = [f"01145680{n:05d}" for n in range(500)]
    vendor.domain.put("A", *numbers, IDD_OURS)
    five9(vendor).withdraw([bar(f"+{one[3:]}") for one in numbers])
    assert vendor.domain.waiting() == {IDD_OURS}
    assert (asked(vendor, "deleteFromList"), asked(vendor, "deleteRecordFromList")) == (3, 0)


def test_spellings_go_there_and_back() -> None:
    for number in ("+4568000001", "+14155550100", "+46700000000"):
        for how in NumberFormat:
            assert canonical(spelt(number, how), how) == number
    assert canonical("", NumberFormat.IDD011) is None
    assert canonical("anonymous", NumberFormat.IDD011) == "anonymous"


# --- calls ---------------------------------------------------------------------------------------


def test_calls_are_read_once_a_quarter_and_only_what_is_new_is_shown(vendor: Vendor) -> None:
    first = vendor.domain.call(IDD, ago=600, seconds=90, disposition="No Answer")
    found, token = pulled(five9(vendor))
    assert found[first] == {
        "called_number": PHONE, "shown_number": OURS, "agent": "Rav Elkedel", "campaign": "Efterår",
        "call_list": "Efterår 1", "direction": "Outbound", "started_at": "2026-11-24T08:50:00Z",
        "duration_seconds": "90", "outcome": "No Answer", "opt_out_call": "false",
        "opt_out_at": None, "opt_out_source": None,
    }  # fmt: skip
    reports = asked(vendor, "runReport")
    passed(vendor, 600)
    later = vendor.domain.call(IDD_OTHER, ago=10, kind="Inbound")
    assert pulled(five9(vendor), token) == ({}, token)
    assert asked(vendor, "runReport") == reports, "the quarter has been read"
    passed(vendor, 600)
    found, token = pulled(five9(vendor), token)
    assert list(found) == [later]
    assert (found[later]["called_number"], found[later]["direction"]) == (OTHER, "Inbound")
    assert asked(vendor, "runReport") == reports + 1


@pytest.mark.parametrize("wrong", [timedelta(days=3), timedelta(hours=-2)])
def test_a_wrong_clock_of_ours_leaves_no_call_out_once_it_is_put_right(
    vendor: Vendor, wrong: timedelta
) -> None:
    true = vendor.domain.clock
    _, token = pulled(five9(vendor, clock=lambda: true() + wrong))
    passed(vendor, 1000)
    first = vendor.domain.call(IDD, ago=600, disposition="Ring ikke")
    found, token = pulled(five9(vendor, clock=lambda: true() + wrong), token)
    assert list(found) == [first], "it is their quarter that counts"
    passed(vendor, 1000)
    second = vendor.domain.call(IDD_OTHER, ago=600, disposition="Ring ikke")
    found, _ = pulled(five9(vendor), token)
    assert list(found) == [second]


def test_a_mark_in_times_to_come_is_not_believed(vendor: Vendor) -> None:
    """From before their clock was asked."""
    _, token = pulled(five9(vendor))
    ahead = {one: token[one] + 3 * 86_400 for one in ("low", "at", "day")}
    passed(vendor, 1000)
    missed = vendor.domain.call(IDD, ago=600, disposition="Ring ikke")
    found, after = pulled(five9(vendor), token | ahead)
    assert missed in found
    assert after["low"] == int(vendor.domain.clock().timestamp())


def test_a_disposition_that_comes_late_is_heard(vendor: Vendor) -> None:
    first = vendor.domain.call(IDD, ago=600)
    old = vendor.domain.call(IDD_OTHER, ago=30 * 3600)
    _, token = pulled(five9(vendor))
    vendor.domain.dispose(first, "Ring ikke")
    passed(vendor, 1000)
    found, token = pulled(five9(vendor), token)
    assert found[first]["opt_out_at"] == "2026-11-24T08:50:30Z", "from the end of the call on"
    assert found[first]["opt_out_source"] == "disposition: Ring ikke"
    vendor.domain.dispose(old, "Ring aldrig")
    passed(vendor, 24 * 3600 - 1000)
    vendor.domain.calls[old]["TIMESTAMP"] += timedelta(days=1)
    found, _ = pulled(five9(vendor), token)
    assert found[old]["opt_out_call"] == "true"


def test_named_dispositions_count_and_a_change_of_them_starts_over(vendor: Vendor) -> None:
    first = vendor.domain.call(IDD, ago=600, disposition="Nej tak, sagt")
    found, token = pulled(five9(vendor))
    assert found[first]["opt_out_call"] == "false"
    connector = five9(vendor, opt_out_dispositions=["nej  tak, SAGT"])
    with pytest.raises(StartOver):
        pulled(connector, token)
    assert pulled(connector)[0][first]["outcome"] == "Do not call again"


def test_calls_by_hand_have_no_list_and_unknown_types_went_out(vendor: Vendor) -> None:
    hand = vendor.domain.call(IDD, ago=60, kind="Manual")
    other = vendor.domain.call(IDD, ago=50, kind="3rd party conference")
    found, _ = pulled(five9(vendor))
    assert (found[hand]["campaign"], found[hand]["call_list"]) == (None, None)
    assert found[other]["direction"] == "Outbound"


def test_a_report_that_is_cut_off_is_halved_until_it_is_whole(
    vendor: Vendor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(report, "MOST_ROWS", 10)
    vendor.office.limits.on = False
    vendor.domain.most_rows, vendor.domain.polls = 10, 0
    for n in range(15):
        vendor.domain.call(IDD, ago=60 + n * 7)
    now = vendor.domain.clock()
    log = report.CallLog(five9(vendor).api, "Ringren", "Ringren Call Log", ZoneInfo(PACIFIC))
    pieces = list(log.through(report.Stretch(now - timedelta(minutes=10), now)))
    assert sum(len(called) for _, called in pieces) == 15
    assert [one.end for one, _ in pieces[:-1]] == [one.start for one, _ in pieces[1:]]
    for n in range(12):
        vendor.domain.call(IDD, ago=2, ident=f"9{n}")
    with pytest.raises(SystemStopped, match="one_second"):
        list(log.through(report.Stretch(now - timedelta(seconds=8), now)))


def test_the_hour_that_happens_twice_falls_into_two_reports(vendor: Vendor) -> None:
    clock = vendor.domain.clock
    assert isinstance(clock, Clock)
    clock.at = datetime(2026, 11, 1, 12, tzinfo=UTC)
    stamps = [f"2026-11-01T{hour}:59:45Z" for hour in ("07", "08", "09", "10")]
    for stamp in stamps:
        vendor.domain.call(IDD, ago=(clock.at - datetime.fromisoformat(stamp)).total_seconds())
    found, _ = pulled(five9(vendor))
    assert sorted(one["started_at"] for one in found.values()) == stamps


@pytest.mark.parametrize("zone", ["Europe/London", "America/New_York"])
def test_a_wrong_zone_is_noticed(vendor: Vendor, zone: str) -> None:
    vendor.domain.call(IDD, ago=600)
    vendor.domain.call(IDD, ago=3 * 86_400 - 600)
    with pytest.raises(SystemStopped, match=r"five9\.zone"):
        pulled(five9(vendor, zone=zone))


def test_what_the_report_lacks_is_named(vendor: Vendor) -> None:
    vendor.domain.call(IDD, ago=600)
    vendor.domain.stamp = "%m/%d/%Y %H:%M"
    with pytest.raises(SystemStopped, match=r"five9\.stamp"):
        pulled(five9(vendor))
    vendor.domain.reports[("Ringren", "Ringren Call Log")] = ("CALL ID", "TIMESTAMP", "ANI")
    with pytest.raises(SystemStopped) as stopped:
        pulled(five9(vendor))
    assert stopped.value.details["columns"] == "CALL TYPE, CAMPAIGN, AGENT, DISPOSITION, DNIS"


# --- the line ------------------------------------------------------------------------------------


def test_a_dry_run_sends_operations_that_read_and_no_other(vendor: Vendor) -> None:
    vendor.domain.call(IDD, ago=600)
    vendor.domain.put("A", IDD)
    before = len(vendor.domain.journal)
    connector = five9(vendor, dry=True)
    assert pulled(connector)[0]
    assert all(one.ok for one in connector.check())
    with pytest.raises(WroteInDryRun):
        connector.withdraw([bar(PHONE)])
    vendor.domain.lists.clear()
    with pytest.raises(WroteInDryRun):
        list(connector.bar([bar(PHONE)]))
    with pytest.raises(WroteInDryRun):
        list(ReadOnly(connector).bar([bar(PHONE)]))
    assert barring_of(ReadOnly(connector)) == connector.barring()
    assert len(vendor.domain.journal) == before


def test_the_list_of_reads_cannot_be_talked_round() -> None:
    [read] = READS
    for name in READING:
        assert read.fits("POST", "/wsadmin/v13/AdminWebService", request(name, {}))
    for name in ("addNumbersToDnc", "deleteFromList", "deleteRecordFromList", "runReportNow"):
        body = request(name, {"numbers": ["<f:runReport>", request("runReport", {}).decode()]})
        assert not read.fits("POST", "/wsadmin/v13/AdminWebService", body)
    assert not read.fits("POST", "/wsadmin/v13/Other", request("runReport", {}))
    assert not set(READING) & {"addNumbersToDnc", "deleteFromList", "deleteRecordFromList"}


def test_faults_that_pass_are_waited_for_and_others_say_what_to_do(vendor: Vendor) -> None:
    for name in ("ServerFault", "SessionClosedFault"):
        vendor.office.next_faults.append(("checkDncForNumbers", Fault(name, message="")))
    vendor.fault(Broken.LOST, method="POST")
    vendor.fault(Broken.HALF, method="POST", skip=1)
    vendor.fault(Broken.STATUS, method="POST", status=502, skip=2)
    assert five9(vendor).barred([bar(OURS)])
    vendor.office.next_faults = [("getDispositions", Fault("AccessDisallowedFault", message=""))]
    with pytest.raises(SystemStopped, match="no_right"):
        five9(vendor).streams()
    vendor.office.next_faults = [("getDispositions", Fault("NewFault", message=IDD))]
    with pytest.raises(SystemStopped) as stopped:
        five9(vendor).streams()
    assert stopped.value.details["why"] == "NewFault", "free text goes nowhere"


def test_two_jobs_with_the_same_user_wait_for_each_other(vendor: Vendor) -> None:
    def never(_seconds: float) -> None:
        raise AssertionError("one of them was thrown out")

    vendor.seconds = 0.01
    jobs = [five9(vendor, sleep=never) for _ in range(3)]
    with ThreadPoolExecutor(3) as threads:
        found = threads.map(lambda one: [one.barred([bar(OURS)]) for _ in range(3)], jobs)
    assert all(all(one) for one in found)


def test_a_wrong_password_is_tried_once(vendor: Vendor) -> None:
    connector = five9(vendor)
    vendor.domain.password = "another"  # noqa: S105 - made up
    with pytest.raises(SystemStopped, match="sign_in"):
        connector.streams()
    assert len(vendor.calls) == 1


def test_a_fifth_of_each_limit_is_left_to_others(vendor: Vendor) -> None:
    office, limits = vendor.office, vendor.office.limits
    limits.others("Upload", 330, office.now)
    # The minute in which the others did that is over.
    passed(vendor, 60)
    with pytest.raises(TryAgain) as later:
        list(five9(vendor).bar([bar(PHONE)]))
    assert later.value.message == "five9.limit"
    assert later.value.after_seconds == 59 * 60, "the hour began at nine"
    assert not asked(vendor, "addNumbersToDnc")
    slept: list[float] = []

    def sleep(seconds: float) -> None:
        slept.append(seconds)
        passed(vendor, seconds)

    limits.others("Query", 400, office.now)
    five9(vendor, sleep=sleep).streams()
    assert slept == [60.0]


def test_one_call_too_many_waits_for_the_window_that_is_full() -> None:
    slept: list[float] = []
    told = [Window("Query", 60, 450, 450)]
    now = datetime(2026, 11, 24, 9, 0, 40, tzinfo=UTC)
    quota = Quota("five9", "Etc/GMT", lambda: told, lambda: now, slept.append)
    quota.refused("Query")
    assert slept == [20.0]
    told.append(Window("Query", 86_400, 10, 10))
    with pytest.raises(TryAgain):
        quota.refused("Query")


def test_operations_have_the_classes_that_the_vendor_counts() -> None:
    for name in {*READING, *CLASSES} - {"getCallCountersState"}:
        assert THEIRS.get(name, "Query") == CLASSES.get(name, "Query"), name


@pytest.mark.parametrize(
    "raw", [b"", b"<html/>", b"\xff\xfe", b'<!DOCTYPE a [<!ENTITY b "c">]><a>&b;</a>']
)
def test_what_is_no_envelope_is_refused(raw: bytes) -> None:
    with pytest.raises(NotSoap):
        opened(raw)


def test_texts_cannot_break_out_of_an_envelope() -> None:
    body = request("checkDncForNumbers", {"numbers": ["</numbers><f:x/>", "a&b"]})
    assert len(re.findall(rb"<f:", body)) == 1
    assert [one.text for one in opened(body)] == ["</numbers><f:x/>", "a&b"]
