"""Mailchimp and ActiveCampaign: what their interfaces leave open, and the connectors have to close."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from mailers import small_pages
from simulators.activecampaign import serving as campaigns
from simulators.faults import Fault
from simulators.mailchimp import serving as chimp
from simulators.web import Clock, served

from connectors.activecampaign import ActiveCampaign
from connectors.caller import Patience
from connectors.mailchimp import Mailchimp
from connectors.mailchimp.client import explained
from connectors.mailchimp.members import says
from connectors.protocol import Conflict, Rejected
from rules.changes import Change, RecordChange
from rules.errors import SystemStopped, TryAgain, WroteInDryRun
from rules.records import Record

MAIL = "bo@opdigtet-0001.dk"


@pytest.fixture
def chimps(monkeypatch: pytest.MonkeyPatch) -> Iterator[chimp.Mailchimp]:
    small_pages(monkeypatch)
    vendor = chimp.build(Clock())
    vendor.account.audience("a1", "Nyhedsbrev")
    with served(vendor):
        yield vendor


@pytest.fixture
def camp() -> Iterator[campaigns.ActiveCampaign]:
    vendor = campaigns.build(Clock())
    vendor.account.add_list("Nyhedsbrev")
    with served(vendor):
        yield vendor


def mailchimp(vendor: chimp.Mailchimp, key: str = chimp.KEY, **how: Any) -> Mailchimp:
    how = {"sleep": lambda _: None, "patience": Patience(tries=2), **how}
    return Mailchimp("mailchimp", key, elsewhere=vendor.elsewhere, **how)


def campaign(vendor: campaigns.ActiveCampaign) -> ActiveCampaign:
    how: dict[str, Any] = {"clock": vendor.account.clock, "sleep": lambda _: None}
    return ActiveCampaign(
        "activecampaign", campaigns.HOST, campaigns.KEY, elsewhere=vendor.elsewhere, **how
    )


def pulled(connector: Any, token: Any = None, at: int = 0) -> tuple[dict[str, Record], Any]:
    """By address what a reading of a stream shows, and its token."""
    pages = list(connector.pull(connector.streams()[at], token))
    records = [record for page in pages for record in page.records]
    assert len({one.ref for one in records}) == len(records), "nobody is shown twice"
    token = json.loads(json.dumps(dict(pages[-1].next)))
    return {str(one.values["email"]): one for one in records}, token


def blocking(record: Record) -> RecordChange:
    change = Change(
        "opt_out_email", "false", "true", "suppression", "suppression", "reason.blocked"
    )
    return RecordChange(record.ref, record.version, (change,))


# --- Mailchimp ---


def test_an_import_of_thousands_in_one_second_is_read_to_its_end(chimps: chimp.Mailchimp) -> None:
    for n in range(250):
        chimps.account.add("a1", f"p{n}@opdigtet-0001.dk")
    found, token = pulled(mailchimp(chimps))
    assert len(found) == 250
    assert chimps.counted(path="/a1/members") <= 6
    assert pulled(mailchimp(chimps), token)[0] == {}


def test_who_changes_while_the_pages_are_read_hides_nobody(chimps: chimp.Mailchimp) -> None:
    clock = chimps.account.clock
    for n in range(210):
        chimps.account.add("a1", f"p{n}@opdigtet-0001.dk")
        clock.pass_(1)

    def others(_: str, path: str) -> None:
        if path.endswith("/members"):
            clock.pass_(1)
            for n in range(5):
                chimps.account.edit("a1", f"p{n}@opdigtet-0001.dk", FNAME=str(clock()))

    chimps.before = others
    connector = mailchimp(chimps)
    stream = connector.streams()[0]
    shown = {one.values["email"] for page in connector.pull(stream, None) for one in page.records}
    assert len(shown) == 210


def test_a_refusal_without_a_word_is_load_and_one_with_words_is_a_right(
    chimps: chimp.Mailchimp,
) -> None:
    connector = mailchimp(chimps)
    chimps.fault(Fault.STATUS, status=403, times=9)
    with pytest.raises(TryAgain):
        connector.streams()
    chimps.faults.clear()
    chimps.fault(Fault.STATUS, status=403, body={"title": "Forbidden", "detail": MAIL}, times=9)
    with pytest.raises(SystemStopped) as stopped:
        connector.streams()
    assert MAIL not in str(stopped.value.details)


def test_what_is_shown_of_a_problem_holds_no_address(chimps: chimp.Mailchimp) -> None:
    import requests

    body = {"email_address": MAIL, "status": "subscribed"}
    chimps.account.add("a1", MAIL)
    chimps.account.unsubscribe("a1", MAIL)
    url = f"{chimps.address}/3.0/lists/a1/members/{MAIL}"
    answer = requests.put(url, json=body, auth=("", chimp.KEY), timeout=5)
    assert "Member In Compliance State" in explained(answer)
    assert MAIL not in explained(answer)


def test_a_key_without_its_data_center_is_told(chimps: chimp.Mailchimp) -> None:
    with pytest.raises(SystemStopped) as stopped:
        mailchimp(chimps, "0123456789abcdef").streams()
    assert stopped.value.message == "mailchimp.no_place"
    assert not chimps.calls


def test_a_status_that_nobody_knows_is_handed_on_and_so_blocks() -> None:
    assert [says(one) for one in ("unsubscribed", "subscribed", "cleaned")] == [
        ("true"), ("false"), ("false")
    ]  # fmt: skip
    assert says("paused") == "paused"


def test_complaints_are_rows_of_a_list_of_their_own_with_their_day(chimps: chimp.Mailchimp) -> None:
    chimps.account.add("a1", MAIL)
    chimps.account.complain("a1", MAIL)
    found, token = pulled(mailchimp(chimps), at=1)
    assert found[MAIL].values["opt_out_at"] == "2026-11-24T09:00:00Z"
    assert found[MAIL].values["channel"] == "e-mail"
    assert pulled(mailchimp(chimps), token, at=1)[0] == {}


def test_a_member_who_moves_is_the_same_one_with_another_address(chimps: chimp.Mailchimp) -> None:
    chimps.account.add("a1", MAIL)
    before, token = pulled(mailchimp(chimps))
    chimps.account.clock.pass_(1)
    chimps.account.move("a1", MAIL, "bo.ny@opdigtet-0001.dk")
    after, _ = pulled(mailchimp(chimps), token)
    assert after["bo.ny@opdigtet-0001.dk"].ref == before[MAIL].ref


def test_many_are_read_page_by_page_and_few_one_by_one(chimps: chimp.Mailchimp) -> None:
    for n in range(60):
        chimps.account.add("a1", f"p{n}@opdigtet-0001.dk")
    connector = mailchimp(chimps)
    found, _ = pulled(connector)
    refs = [one.ref for one in found.values()]
    stream = connector.streams()[0]
    chimps.calls.clear()
    assert len(list(connector.read(stream, refs))) == 60
    assert len(chimps.calls) <= 6
    chimps.calls.clear()
    assert len(list(connector.read(stream, refs[:3]))) == 3
    assert len(chimps.calls) == 3


def test_of_a_batch_each_gets_its_own_answer(chimps: chimp.Mailchimp) -> None:
    for name in ("al", "bo", "cy"):
        chimps.account.add("a1", f"{name}@opdigtet-0001.dk")
    connector = mailchimp(chimps)
    stream = connector.streams()[0]
    found, _ = pulled(connector)
    bad = found["bo@opdigtet-0001.dk"]
    list(connector.read(stream, [one.ref for one in found.values()]))
    chimps.account.forget("a1", "al@opdigtet-0001.dk")
    outcomes = list(connector.block(stream, None, map(blocking, found.values())))
    gone = [one for one in outcomes if isinstance(one, Conflict)]
    assert [one.ref for one in gone] == [found["al@opdigtet-0001.dk"].ref]
    assert not [one for one in outcomes if isinstance(one, Rejected)]
    assert chimps.account.status("a1", str(bad.values["email"])) == "unsubscribed"
    assert chimps.account.status("a1", "al@opdigtet-0001.dk") == ""


def test_a_dry_run_may_read_and_nothing_else(chimps: chimp.Mailchimp) -> None:
    chimps.account.add("a1", MAIL)
    connector = mailchimp(chimps, dry=True)
    found, _ = pulled(connector)
    with pytest.raises(WroteInDryRun):
        list(connector.block(connector.streams()[0], None, [blocking(found[MAIL])]))
    assert chimps.account.status("a1", MAIL) == "subscribed"


# --- ActiveCampaign ---


def test_a_no_that_moves_no_time_is_found_by_counting(camp: campaigns.ActiveCampaign) -> None:
    for n in range(3):
        camp.account.add(f"p{n}@opdigtet-0001.dk", 1)
    camp.account.clock.pass_(5 * 3600)
    _, token = pulled(campaign(camp))
    camp.account.silent = True
    camp.account.unsubscribe("p1@opdigtet-0001.dk", 1)
    found, token = pulled(campaign(camp), token)
    assert found["p1@opdigtet-0001.dk"].values["opt_out_email"] == "2026-11-24T14:00:00Z"
    assert pulled(campaign(camp), token)[0] == {}


def test_all_noes_are_read_once_a_day_in_any_case(camp: campaigns.ActiveCampaign) -> None:
    for n in range(2):
        camp.account.add(f"p{n}@opdigtet-0001.dk", 1)
    camp.account.unsubscribe("p0@opdigtet-0001.dk", 1)
    camp.account.clock.pass_(5 * 3600)
    _, token = pulled(campaign(camp))
    # One comes, one goes, and neither moves a time: the count is the same.
    camp.account.silent = True
    camp.account.unsubscribe("p1@opdigtet-0001.dk", 1)
    camp.account.set(camp.account.find("p0@opdigtet-0001.dk"), 1, "1", "people")
    _, token = pulled(campaign(camp), token)
    camp.account.clock.pass_(24 * 3600)
    found, _ = pulled(campaign(camp), token)
    assert list(found) == ["p1@opdigtet-0001.dk"]


def test_a_list_that_holds_fewer_than_are_known_is_read_as_a_whole(
    camp: campaigns.ActiveCampaign,
) -> None:
    for n in range(120):
        camp.account.add(f"p{n}@opdigtet-0001.dk", 1)
    camp.account.clock.pass_(5 * 3600)
    _, token = pulled(campaign(camp))
    connector = campaign(camp)
    camp.calls.clear()
    [page] = connector.pull(connector.streams()[0], token)
    assert not page.full
    assert len(camp.calls) == 4, "the lists, the changes, how many there are, how many say no"
    camp.account.drop("p7@opdigtet-0001.dk")
    pages = list(connector.pull(connector.streams()[0], token))
    assert pages[-1].full
    assert len({one.ref for page in pages for one in page.records}) == 119
    camp.calls.clear()
    list(connector.pull(connector.streams()[0], pages[-1].next))
    assert len(camp.calls) == 4


def test_only_status_two_is_ever_sent(camp: campaigns.ActiveCampaign) -> None:
    camp.account.add(MAIL, 1)
    connector = campaign(camp)
    found, _ = pulled(connector)
    list(connector.block(connector.streams()[0], None, [blocking(found[MAIL])]))
    assert camp.account.status(MAIL, 1) == "2"
    [sent] = [json.loads(one.body) for one in camp.calls if one.method == "POST"]
    assert sent == {"contactList": {"list": 1, "contact": 1, "status": 2}}


def test_calls_keep_to_five_a_second(camp: campaigns.ActiveCampaign) -> None:
    waits: list[float] = []
    connector = ActiveCampaign(
        "activecampaign",
        campaigns.HOST,
        campaigns.KEY,
        elsewhere=camp.elsewhere,
        sleep=waits.append,
    )
    for _ in range(6):
        connector.streams()
    assert sum(waits) > 0.5


def test_a_row_of_a_status_that_nobody_knows_blocks(camp: campaigns.ActiveCampaign) -> None:
    camp.account.add(MAIL, 1, status="7")
    camp.account.add("al@opdigtet-0001.dk", 1, status="91")
    found, _ = pulled(campaign(camp))
    assert found[MAIL].values["opt_out_email"] == "status 7"
    assert list(found) == [MAIL], "who was removed from the list is not on it"
