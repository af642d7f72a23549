"""The Aircall connector against the simulated company: what it reads, what it takes out, what it asks."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import requests
from simulators.aircall.serving import Aircall as Vendor
from simulators.aircall.serving import Clock, build
from simulators.faults import Fault
from simulators.web import served

from connectors.aircall import Aircall
from connectors.aircall.client import wait_of
from connectors.aircall.shapes import marked
from connectors.barring import barring_of
from connectors.pace import Minute
from connectors.protocol import Applied, Conflict, Unknown
from connectors.readonly import ReadOnly
from rules.barring import Bar
from rules.changes import Change, RecordChange
from rules.errors import StartOver, SystemStopped, TryAgain, WroteInDryRun
from rules.keys import Key, KeyKind
from rules.suppression import Channel

PHONE, OTHER = "+4568000001", "+4568000002"
TAGS = ("Ring ikke", "DNC")


@pytest.fixture
def vendor() -> Iterator[Vendor]:
    with served(build(Clock())) as there:
        there.limit.a_minute = None
        yield there


def aircall(vendor: Vendor, **more: Any) -> Aircall:
    company = vendor.company
    how: dict[str, Any] = {"opt_out_tags": TAGS, "a_minute": 1000, "sleep": lambda _: None}
    return Aircall(
        "aircall", company.api_id, company.api_token,
        **{"clock": company.clock, **how, **more}, elsewhere=vendor.elsewhere,
    )  # fmt: skip


def pulled(connector: Aircall, name: str, token: Any = None) -> tuple[dict[str, Any], Any]:
    """Records by id, and the token behind them."""
    stream = next(one for one in connector.streams() if one.name == name)
    pages = list(connector.pull(stream, token))
    assert [page.complete for page in pages] == [False] * (len(pages) - 1) + [True]
    found = [record for page in pages for record in page.records]
    assert len({record.ref for record in found}) == len(found), "no row twice"
    return {record.ref.id: dict(record.values) for record in found}, pages[-1].next


def passed(vendor: Vendor, seconds: float) -> None:
    assert isinstance(vendor.company.clock, Clock)
    vendor.company.clock.pass_(seconds)


def bars(*numbers: str) -> list[Bar]:
    return [Bar(Key(KeyKind.PHONE, one), frozenset({Channel.CALL})) for one in numbers]


def test_a_call_tells_who_called_whom_with_which_number_and_how_it_ended(vendor: Vendor) -> None:
    company = vendor.company
    user, number = company.user("Rav Elkedel"), company.number("+45 68 99 99 99")
    who = company.contact(last_name="Prøvesen", phone_numbers=[PHONE])
    ident = company.call(PHONE, user=user, number=number, contact=who, seconds=75)
    company.comment(ident, "vil ikke ringes op igen, og hunden hedder Fido")
    values = pulled(aircall(vendor), "calls")[0][str(ident)]
    assert values["called_number"] == PHONE
    assert values["shown_number"] == "+4568999999"
    assert (values["agent"], values["direction"]) == ("Rav Elkedel", "Outbound")
    assert (values["duration_seconds"], values["contact_ref"]) == ("75", str(who))
    assert values["started_at"] == "2026-11-24T09:00:00Z"
    assert "Fido" not in str(values), "of a comment only the words that the rules look for"


def test_a_withheld_number_and_a_call_without_a_number_of_ours_stay_empty(vendor: Vendor) -> None:
    ident = vendor.company.call(None, direction="inbound")
    values = pulled(aircall(vendor), "calls")[0][str(ident)]
    assert values["called_number"] is values["shown_number"] is values["agent"] is None
    assert values["direction"] == "Inbound"


@pytest.mark.parametrize(
    ("tags", "answered", "outcome", "no"),
    [
        ((), True, None, "false"),
        ((), False, "No answer", "false"),
        (("Ring igen",), True, "Ring igen", "false"),
        (("VIP",), False, "No answer", "false"),
        (("ring  IKKE",), True, "Do not call again", "true"),
        (("VIP", "dnc"), False, "Do not call again", "true"),
    ],
)
def test_tags_are_outcomes_and_some_of_them_say_no(
    vendor: Vendor, tags: tuple[str, ...], *, answered: bool, outcome: str | None, no: str
) -> None:
    ident = vendor.company.call(PHONE, answered=answered)
    for name in tags:
        vendor.company.put_tag(ident, vendor.company.tag(name))
    values = pulled(aircall(vendor), "calls")[0][str(ident)]
    assert (values["outcome"], values["opt_out_call"]) == (outcome, no)
    assert (values["opt_out_at"] is not None) == (no == "true")


@pytest.fixture
def low_wall(monkeypatch: pytest.MonkeyPatch) -> int:
    """Paging ends at row 500, on both sides of the line."""
    from simulators.aircall import desk

    from connectors.aircall import pulling

    monkeypatch.setattr(desk, "WALL", 500)
    monkeypatch.setattr(pulling, "WALL", 500)
    return 500


def test_all_calls_are_read_beyond_the_wall_at_the_least_number_of_calls(
    vendor: Vendor, low_wall: int
) -> None:
    many = low_wall * 2 + 120
    for n in range(many):
        vendor.company.call(PHONE, ago=20_000 - n)
    connector = aircall(vendor)
    found, token = pulled(connector, "calls")
    assert len(found) == many
    least = many // 50 + 1
    assert vendor.counted("GET", "/v1/calls") == least, "one row twice at each wall"
    assert pulled(connector, "calls", token)[0] == {}
    overlap = 900 // 50 + 1
    assert vendor.counted("GET", "/v1/calls") - least <= overlap


@pytest.mark.usefixtures("low_wall")
def test_more_rows_in_one_second_than_are_shown_stop_the_stream(vendor: Vendor) -> None:
    for _ in range(501):
        vendor.company.call(PHONE)
    with pytest.raises(SystemStopped) as stopped:
        pulled(aircall(vendor), "calls")
    assert stopped.value.message == "aircall.one_second"


def test_a_call_is_seen_as_it_begins_and_again_when_it_has_ended(vendor: Vendor) -> None:
    company = vendor.company
    user, number = company.user("Rav"), company.number("+45 68 99 99 99")
    connector = aircall(vendor)
    _, token = pulled(connector, "calls")
    passed(vendor, 60)
    ident = company.begin(PHONE, user=user, number=number)
    found, token = pulled(connector, "calls", token)
    assert found[str(ident)]["duration_seconds"] is None
    passed(vendor, 30 * 60)
    company.call(OTHER)
    company.end(ident, 29 * 60)
    found, token = pulled(connector, "calls", token)
    assert found[str(ident)]["duration_seconds"] == str(29 * 60)
    assert pulled(connector, "calls", token)[0] == {}


def test_a_tag_that_comes_hours_later_is_found_within_the_hour_and_days_later_within_a_day(
    vendor: Vendor,
) -> None:
    company = vendor.company
    no, connector = company.tag("Ring ikke"), aircall(vendor)
    first = company.call(PHONE)
    _, token = pulled(connector, "calls")
    passed(vendor, 5 * 3600)
    company.put_tag(first, no)
    found, token = pulled(connector, "calls", token)
    assert found[str(first)]["opt_out_call"] == "true"
    second = company.call(OTHER)
    _, token = pulled(connector, "calls", token)
    passed(vendor, 3 * 86_400)
    company.put_tag(second, no)
    found, token = pulled(connector, "calls", token)
    assert found[str(second)]["opt_out_call"] == "true"


def test_a_tag_is_found_within_the_hour_after_a_fast_clock_of_ours_was_put_right(
    vendor: Vendor,
) -> None:
    true = vendor.company.clock
    no, first = vendor.company.tag("Ring ikke"), vendor.company.call(PHONE)
    _, token = pulled(aircall(vendor, clock=lambda: true() + timedelta(days=3)), "calls")
    passed(vendor, 5 * 3600)
    vendor.company.put_tag(first, no)
    found, _ = pulled(aircall(vendor), "calls", token)
    assert found[str(first)]["opt_out_call"] == "true"


def test_a_call_that_appears_late_is_not_missed(vendor: Vendor) -> None:
    connector = aircall(vendor)
    late = vendor.company.call(PHONE, shown_after=300)
    passed(vendor, 10)
    vendor.company.call(OTHER)
    found, token = pulled(connector, "calls")
    assert str(late) not in found
    passed(vendor, 300)
    assert str(late) in pulled(connector, "calls", token)[0]


def test_other_tags_in_the_settings_read_everything_anew(vendor: Vendor) -> None:
    _, token = pulled(aircall(vendor), "calls")
    with pytest.raises(StartOver):
        pulled(aircall(vendor, opt_out_tags=["Nej"]), "calls", token)
    with pytest.raises(StartOver):
        pulled(aircall(vendor), "calls", {"form": 99})


def test_rows_in_another_order_than_was_asked_for_stop_the_stream(
    vendor: Vendor, monkeypatch: pytest.MonkeyPatch
) -> None:
    from simulators.aircall import desk

    for n in range(3):
        vendor.company.contact(last_name=f"P{n}", phone_numbers=[PHONE])
        passed(vendor, 10)
    vendor.company.edit(next(iter(vendor.company.contacts)), last_name="Ny")
    monkeypatch.setattr(desk, "_between", lambda _ask, rows, _by: list(rows))
    with pytest.raises(SystemStopped) as stopped:
        pulled(aircall(vendor), "contacts")
    assert stopped.value.message == "aircall.order"


# --- the dialer ------------------------------------------------------------------------------


@pytest.fixture
def queues(vendor: Vendor) -> tuple[int, ...]:
    """Four users: two with queues, one with none, one without the feature."""
    company = vendor.company
    users = tuple(company.user(name) for name in ("Rav A", "Birk B", "Lyng C", "Bellis D"))
    company.queue(users[0], "+45 68 00 00 01", OTHER)
    company.queue(users[1], "68000001")
    company.queues[users[1]][0]["called"] = True
    company.without_dialer.add(users[3])
    return users


def test_a_number_goes_out_of_every_queue_however_it_is_spelt(
    vendor: Vendor, queues: tuple[int, ...]
) -> None:
    connector, [bar] = aircall(vendor), bars(PHONE)
    assert connector.barred([bar]) == {}
    assert list(connector.bar([bar])) == []
    assert connector.barred([bar]) == {bar: "unqueued"}
    assert vendor.company.queued() == {"4568000002"}
    assert [one.before["number"] for one in vendor.company.journal if one.who == "api"] == [
        "+45 68 00 00 01",
        "68000001",
    ]


def test_it_takes_one_call_a_user_one_a_number_and_reads_back_only_what_it_touched(
    vendor: Vendor, queues: tuple[int, ...]
) -> None:
    connector = aircall(vendor)
    many = bars(*(f"+4568{n:06d}" for n in range(500)))
    assert len(connector.barred(many)) == 498
    missing = bars(PHONE, OTHER)
    list(connector.bar(missing))
    assert len(connector.barred(missing)) == 2
    path = "dialer_campaign"
    assert vendor.counted("GET", path) == 4 + 2
    assert vendor.counted("DELETE", path) == 3
    passed(vendor, 60)
    connector.barred(many)
    assert vendor.counted("GET", path) == 4 + 2 + 2, "who has no queue is asked again in an hour"
    passed(vendor, 3600)
    vendor.company.queue(queues[2], PHONE)
    assert len(connector.barred(many)) == 499


def test_a_queue_that_cannot_be_read_confirms_nobody(
    vendor: Vendor, queues: tuple[int, ...]
) -> None:
    connector = aircall(vendor)
    vendor.fault(Fault.STATUS, path=f".*/{queues[1]}/.*", status=500, times=99)
    with pytest.raises(TryAgain):
        connector.barred(bars("+4568123456"))


def test_what_others_filled_in_is_shown_and_taken_out(
    vendor: Vendor, queues: tuple[int, ...]
) -> None:
    connector = aircall(vendor)
    found = [one for page in connector.queued() for one in page if one.key.value == PHONE]
    assert len(found) == 2
    connector.unqueue(found)
    connector.unqueue(found)
    assert vendor.company.queued() == {"4568000002"}


def test_it_promises_no_refusal_and_says_what_a_comparison_rests_on(vendor: Vendor) -> None:
    facts = barring_of(aircall(vendor))
    assert facts is not None
    assert (facts.refuses, facts.reads, facts.forbids(Channel.CALL)) == (False, "queues", True)
    assert not facts.forbids(Channel.EMAIL)


# --- contacts --------------------------------------------------------------------------------


def change(record: Any, version: str | None = None) -> RecordChange:
    one = Change("opt_out_call", "false", "true", "suppression", "suppression", "reason.blocked")
    return RecordChange(record.ref, version or record.version, (one,), None)


def test_a_contact_is_marked_in_front_of_what_stands_there_and_once(vendor: Vendor) -> None:
    company = vendor.company
    ident = company.contact(last_name="P", phone_numbers=[PHONE], information="Kaffe kl. 10")
    connector = aircall(vendor)
    stream = connector.streams()[1]
    [record] = next(iter(connector.pull(stream, None))).records
    assert record.values["opt_out_call"] == "false"
    assert "Kaffe" not in str(record.values)
    for _ in range(2):
        [done] = connector.block(stream, None, [change(record)])
        assert isinstance(done, Applied)
    text = company.contacts[ident]["information"]
    assert text == "RING IKKE (Ringren 2026-11-24)\nKaffe kl. 10"
    [again] = connector.read(stream, [record.ref])
    assert again.values["opt_out_call"] == "true"
    assert marked(None, "2026-11-24") == "RING IKKE (Ringren 2026-11-24)"


def test_a_contact_that_is_gone_or_an_answer_that_is_lost_is_no_success(vendor: Vendor) -> None:
    company = vendor.company
    ident = company.contact(last_name="P", phone_numbers=[PHONE])
    connector = aircall(vendor)
    stream = connector.streams()[1]
    [record] = next(iter(connector.pull(stream, None))).records
    vendor.fault(Fault.LOST, method="POST")
    assert isinstance(next(iter(connector.block(stream, None, [change(record)]))), Unknown)
    company.remove(ident)
    assert isinstance(next(iter(connector.block(stream, None, [change(record)]))), Conflict)


def test_marking_can_be_switched_off_and_calls_are_never_marked(vendor: Vendor) -> None:
    calls, contacts = aircall(vendor).streams()
    assert aircall(vendor).flags(calls) == ()
    assert len(aircall(vendor).flags(contacts)) == 1
    assert aircall(vendor, mark_contacts=False).flags(contacts) == ()


# --- the line --------------------------------------------------------------------------------


def test_a_wrong_key_stops_the_system_and_shows_nowhere(vendor: Vendor) -> None:
    vendor.company.api_token = "another"  # noqa: S105 - of nobody
    connector = Aircall(
        "aircall", "opdigtet-id", "opdigtet-token", elsewhere=vendor.elsewhere, a_minute=1000
    )
    with pytest.raises(SystemStopped) as stopped:
        connector.streams()
    assert stopped.value.message == "error.sign_in"
    assert "opdigtet" not in str(stopped.value.details)


def test_a_dry_run_reads_queues_and_takes_nothing_out(
    vendor: Vendor, queues: tuple[int, ...]
) -> None:
    connector = ReadOnly(aircall(vendor, dry=True))
    facts = barring_of(connector)
    assert facts is not None
    assert connector.barred(bars(PHONE)) == {}
    with pytest.raises(WroteInDryRun):
        list(connector.bar(bars(PHONE)))
    with pytest.raises(WroteInDryRun):
        list(aircall(vendor, dry=True).bar(bars(PHONE)))
    assert "4568000001" in vendor.company.queued()


NOW = datetime(2026, 11, 24, 9, tzinfo=UTC)


@pytest.mark.parametrize(
    ("reset", "seconds"),
    [
        (str(int(NOW.timestamp()) + 12), 12.0),
        (str((int(NOW.timestamp()) + 12) * 1000), 12.0),
        (str(int(NOW.timestamp()) - 500), 1.0),
        (str(int(NOW.timestamp()) + 5000), 60.0),
        ("soon", 60.0),
        ("", 60.0),
    ],
)
def test_the_reset_is_read_in_seconds_and_in_milliseconds(reset: str, seconds: float) -> None:
    answer = requests.Response()
    answer.status_code = 429
    if reset:
        answer.headers["X-AircallApi-Reset"] = reset
    assert wait_of(answer, NOW) == seconds


def test_a_refused_call_is_made_again_after_the_wait(vendor: Vendor) -> None:
    waits: list[float] = []

    def sleep(seconds: float) -> None:
        waits.append(seconds)
        passed(vendor, seconds)

    vendor.limit.a_minute = 2
    connector = aircall(vendor, sleep=sleep)
    for _ in range(5):
        connector.api.get("/v1/ping")
    assert sum(waits) >= 60
    assert {one.status for one in vendor.calls} == {200, 429}


def test_no_more_than_our_share_leaves_in_any_minute() -> None:
    now, left = [0.0], []

    def sleep(seconds: float) -> None:
        now[0] += seconds

    pace = Minute(3, clock=lambda: now[0], sleep=sleep)
    for _ in range(10):
        pace.wait()
        left.append(now[0])
        now[0] += 1
    for at in left:
        assert sum(at - 60 < one <= at for one in left) <= 3
    assert left[-1] < 200


def test_the_check_names_key_tags_queues_and_webhooks(
    vendor: Vendor, queues: tuple[int, ...]
) -> None:
    company = vendor.company
    connector = aircall(vendor)
    connector.streams()
    assert [one.message for one in connector.problems()] == ["aircall.no_tag"]
    company.tag("Ring ikke")
    hook = company.hook("https://opdigtet-9001.dk/hemmelig", ["call.created"], "ringren")
    hook["active"] = False
    assert connector.problems() == ()
    found = list(connector.check())
    assert [(one.message, one.ok) for one in found] == [
        ("aircall.right.key", True),
        ("aircall.right.tags", True),
        ("aircall.right.queues", True),
        ("aircall.hook_off", False),
    ]
    told = str(found)
    assert hook["token"] not in told
    assert "hemmelig" not in told
