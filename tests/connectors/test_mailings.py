"""Mailings of Mailchimp, read as a log: one mail for each recipient, each once, none missed."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from mailers import small_pages
from simulators.mailchimp import serving as chimp
from simulators.mailchimp.account import md5
from simulators.web import Clock, served

from connectors.mailchimp import Mailchimp
from connectors.protocol import Stream
from rules.attempts import Direction, attempt
from rules.errors import StartOver
from rules.keys import Key, KeyKind
from rules.records import Kind, Ref
from rules.suppression import Channel

MAIL, OTHER = "bo@opdigtet-0001.dk", "al@opdigtet-0002.dk"


@pytest.fixture
def chimps(monkeypatch: pytest.MonkeyPatch) -> Iterator[chimp.Mailchimp]:
    small_pages(monkeypatch)
    vendor = chimp.build(Clock())
    vendor.account.audience("a1", "Nyhedsbrev")
    with served(vendor):
        yield vendor


def reader(vendor: chimp.Mailchimp, days: int | None = 31) -> Mailchimp:
    how: dict[str, Any] = {"clock": vendor.account.clock, "sleep": lambda _: None}
    return Mailchimp("mailchimp", chimp.KEY, elsewhere=vendor.elsewhere, mailing_days=days, **how)


def log(connector: Mailchimp) -> Stream:
    [stream] = [one for one in connector.streams() if one.kind is Kind.CALL]
    return stream


def read(connector: Mailchimp, token: Any = None) -> tuple[list[str], Any]:
    """Title and address of each mail that is shown, and the token."""
    pages = list(connector.pull(log(connector), token))
    assert [page.complete for page in pages] == [*(False for _ in pages[1:]), True]
    assert not any(page.full for page in pages), "a log is never whole: nothing leaves it"
    shown = [
        f"{one.values['call_list']} {one.values['recipient']}" for p in pages for one in p.records
    ]
    return shown, json.loads(json.dumps(dict(pages[-1].next)))


def test_each_mail_is_one_that_went_out_by_itself_to_one_address(chimps: chimp.Mailchimp) -> None:
    chimps.account.add("a1", MAIL)
    sent = chimps.account.mail("a1", "Maj")
    [page] = reader(chimps).pull(log(reader(chimps)), None)
    found = attempt(page.records[0])
    assert found is not None
    assert (found.channel, found.direction) == (Channel.EMAIL, Direction.OUTBOUND)
    assert (found.numbers, found.call_list) == ((Key(KeyKind.EMAIL, MAIL),), "Maj")
    assert found.span is not None
    assert found.span.start == datetime(2026, 11, 24, 9, tzinfo=UTC)
    assert found.ref == Ref("mailchimp", Kind.CALL, f"{sent.id}.{md5(MAIL)}")


def test_without_the_setting_none_is_read(chimps: chimp.Mailchimp) -> None:
    assert not [one for one in reader(chimps, None).streams() if one.kind is Kind.CALL]


def test_a_new_mailing_is_read_and_an_old_one_not_again(chimps: chimp.Mailchimp) -> None:
    for n in range(250):
        chimps.account.add("a1", f"p{n}@opdigtet-0001.dk")
    chimps.account.mail("a1", "Maj")
    shown, token = read(reader(chimps))
    assert len(set(shown)) == len(shown) == 250
    assert chimps.counted(path="/sent-to") == 3
    chimps.account.clock.pass_(3600)
    assert read(reader(chimps), token) == ([], token)
    chimps.account.mail("a1", "Juni")
    shown, _ = read(reader(chimps), token)
    assert len(shown) == 250
    assert shown[0].startswith("Juni")


def test_it_goes_on_inside_a_mailing(chimps: chimp.Mailchimp) -> None:
    for n in range(250):
        chimps.account.add("a1", f"p{n}@opdigtet-0001.dk")
    chimps.account.mail("a1", "Maj")
    first = next(iter(reader(chimps).pull(log(reader(chimps)), None)))
    rest, _ = read(reader(chimps), json.loads(json.dumps(dict(first.next))))
    assert len(first.records) == 100
    assert len(rest) == 150


def test_a_long_one_that_ends_after_a_later_one_and_one_that_grew_are_read(
    chimps: chimp.Mailchimp,
) -> None:
    account = chimps.account
    account.add("a1", MAIL)
    long = account.mail("a1", "Lang", status="sending")
    account.clock.pass_(86_400)
    short = account.mail("a1", "Kort")
    shown, token = read(reader(chimps))
    assert shown == [f"Kort {MAIL}"]
    long.status = "sent"
    shown, token = read(reader(chimps), token)
    assert shown == [f"Lang {MAIL}"]
    short.sent_to[md5(OTHER)] = (OTHER, "sent")
    shown, token = read(reader(chimps), token)
    assert f"Kort {OTHER}" in shown
    assert read(reader(chimps), token)[0] == []


def test_the_first_reading_goes_so_many_days_back(chimps: chimp.Mailchimp) -> None:
    account = chimps.account
    account.add("a1", MAIL)
    account.mail("a1", "Gammel")
    account.clock.pass_(timedelta(days=40).total_seconds())
    account.mail("a1", "Ny")
    assert read(reader(chimps))[0] == [f"Ny {MAIL}"]
    assert len(read(reader(chimps, 60))[0]) == 2


def test_single_mails_can_be_looked_up(chimps: chimp.Mailchimp) -> None:
    chimps.account.add("a1", MAIL)
    sent = chimps.account.mail("a1", "Maj")
    connector = reader(chimps)
    ids = [f"{sent.id}.{md5(MAIL)}", f"{sent.id}.{md5(OTHER)}", f"c9.{md5(MAIL)}", "../x.y"]
    refs = [Ref("mailchimp", Kind.CALL, one) for one in ids]
    assert [one.ref for one in connector.read(log(connector), refs)] == refs[:1]
    assert connector.flags(log(connector)) == ()


def test_a_cursor_of_another_form_is_begun_anew(chimps: chimp.Mailchimp) -> None:
    with pytest.raises(StartOver):
        list(reader(chimps).pull(log(reader(chimps)), {"form": 0}))
