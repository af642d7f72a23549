"""Texts of ActiveCampaign, read as a log: one for each recipient who got it; and stops as noes."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
from simulators.activecampaign import serving as campaigns
from simulators.web import Clock, served

from connectors.activecampaign import ActiveCampaign
from connectors.protocol import Stream
from rules.attempts import Direction, attempt
from rules.errors import StartOver
from rules.keys import Key, KeyKind
from rules.records import Kind, Ref
from rules.suppression import Channel

MAIL, OTHER = "bo@opdigtet-0001.dk", "al@opdigtet-0002.dk"
NUMBER, ANOTHER = "+4568000001", "+4568000002"
ZONE = "Etc/GMT+6"
"""The simulated account's: six hours behind, whatever the season."""


@pytest.fixture
def vendor() -> Iterator[campaigns.ActiveCampaign]:
    made = campaigns.build(Clock())
    on = made.account.add_list("Nyhedsbrev")
    made.account.add(MAIL, on, phone=NUMBER)
    made.account.add(OTHER, on, phone=ANOTHER)
    with served(made):
        yield made


def reader(vendor: campaigns.ActiveCampaign, days: int | None = 31, zone: str = ZONE) -> Any:
    how: dict[str, Any] = {"clock": vendor.account.clock, "sleep": lambda _: None}
    how |= {"text_days": days, "text_zone": zone, "elsewhere": vendor.elsewhere}
    return ActiveCampaign("activecampaign", campaigns.HOST, campaigns.KEY, **how)


def stream(connector: ActiveCampaign, name: str) -> Stream:
    [found] = [one for one in connector.streams() if one.name == name]
    return found


def read(connector: ActiveCampaign, token: Any = None) -> tuple[list[str], Any]:
    """Title and number of each text that is shown, and the token."""
    pages = list(connector.pull(stream(connector, "texts"), token))
    assert [page.complete for page in pages] == [*(False for _ in pages[1:]), True]
    assert not any(page.full for page in pages), "a log is never whole: nothing leaves it"
    shown = [
        f"{one.values['call_list']} {one.values['called_number']}"
        for page in pages
        for one in page.records
    ]
    return shown, json.loads(json.dumps(dict(pages[-1].next)))


def test_each_text_is_one_that_went_out_to_one_number_at_its_second(
    vendor: campaigns.ActiveCampaign,
) -> None:
    sent = vendor.account.text("Maj", MAIL)
    connector = reader(vendor)
    [page] = connector.pull(stream(connector, "texts"), None)
    found = attempt(page.records[0])
    assert found is not None
    assert (found.channel, found.direction) == (Channel.SMS, Direction.OUTBOUND)
    assert (found.numbers, found.call_list) == ((Key(KeyKind.PHONE, NUMBER),), "Maj")
    assert found.span is not None
    assert found.span.start == datetime(2026, 11, 24, 9, tzinfo=UTC)
    assert found.ref == Ref("activecampaign", Kind.CALL, f"{sent.id}.1")


def test_without_the_setting_none_is_read(vendor: campaigns.ActiveCampaign) -> None:
    names = {one.name for one in reader(vendor, None).streams()}
    assert names.isdisjoint({"texts", "stops"})


def test_a_new_one_is_read_one_that_grew_again_and_an_old_one_not(
    vendor: campaigns.ActiveCampaign,
) -> None:
    account = vendor.account
    growing = account.text("Maj", MAIL, status="sending")
    account.text("Kladde", MAIL, status="draft")
    shown, token = read(reader(vendor))
    assert shown == [f"Maj {NUMBER}"]
    assert read(reader(vendor), token) == ([], token)
    growing.sent_to[2] = account.clock()
    growing.status = "sent"
    shown, token = read(reader(vendor), token)
    assert shown == [f"Maj {NUMBER}", f"Maj {ANOTHER}"]
    account.text("Juni", OTHER)
    assert read(reader(vendor), token)[0] == [f"Juni {ANOTHER}"]


def test_what_did_not_arrive_is_no_contact(vendor: campaigns.ActiveCampaign) -> None:
    vendor.account.text("Maj", MAIL, OTHER).failed.add(1)
    assert read(reader(vendor))[0] == [f"Maj {ANOTHER}"]


def test_many_recipients_are_walked_page_by_page_and_resumed(
    vendor: campaigns.ActiveCampaign,
) -> None:
    account, [on] = vendor.account, vendor.account.lists
    people = [f"p{n}@opdigtet-0003.dk" for n in range(250)]
    for n, one in enumerate(people):
        account.add(one, on, phone=f"+456800{n:04}")
    account.text("Alle", *people)
    connector = reader(vendor)
    shown, _ = read(connector)
    assert len(set(shown)) == len(shown) == 250
    first = next(iter(connector.pull(stream(connector, "texts"), None)))
    rest, _ = read(connector, json.loads(json.dumps(dict(first.next))))
    assert (len(first.records), len(rest)) == (100, 150)


def test_a_stop_is_a_no_to_texts_from_that_number(vendor: campaigns.ActiveCampaign) -> None:
    connector = reader(vendor)
    sent = vendor.account.text("Maj", MAIL, OTHER)
    [page] = connector.pull(stream(connector, "stops"), None)
    assert not page.records
    sent.stops.add(2)
    [page] = connector.pull(stream(connector, "stops"), page.next)
    [one] = page.records
    assert (one.ref.kind, one.values["direct_phone"]) == (Kind.OPT_OUT, ANOTHER)
    assert one.values["channel"] == "sms"
    assert [each.ref for each in connector.read(stream(connector, "stops"), [one.ref])] == [one.ref]


def test_single_texts_can_be_looked_up_and_nothing_is_written(
    vendor: campaigns.ActiveCampaign,
) -> None:
    sent = vendor.account.text("Maj", MAIL)
    connector = reader(vendor)
    log = stream(connector, "texts")
    ids = [f"{sent.id}.1", f"{sent.id}.2", "99.1", "../x"]
    refs = [Ref("activecampaign", Kind.CALL, one) for one in ids]
    assert [one.ref for one in connector.read(log, refs)] == refs[:1]
    assert connector.flags(log) == connector.flags(stream(connector, "stops")) == ()


def test_a_cursor_of_another_form_is_begun_anew(vendor: campaigns.ActiveCampaign) -> None:
    connector = reader(vendor)
    with pytest.raises(StartOver):
        list(connector.pull(stream(connector, "texts"), {"form": 0}))


def test_the_check_tells_the_newest_text_so_that_a_wrong_zone_is_seen(
    vendor: campaigns.ActiveCampaign,
) -> None:
    vendor.account.text("Maj", MAIL)
    said = {zone: list(reader(vendor, zone=zone).check())[-1].details for zone in (ZONE, "UTC")}
    assert said == {
        ZONE: {"at": "2026-11-24 09:00+00:00"},
        "UTC": {"at": "2026-11-24 03:00+00:00"},
    }
