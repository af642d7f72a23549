"""After a lift or a correction: our own flags come off, nobody else's do, and nobody is signed up."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from crms import NAMES, Crm, opened
from promises.lists import Lists

from rules.suppression import Channel, Evidence
from state import findings
from sync.review import undo
from sync.suppression import desk, lifts
from sync.suppression.lifts import Consent

PHONE, MAIL = "+4568000001", "bo@opdigtet-0001.dk"
FLAGS = {
    "salesforce": ("DoNotCall", "HasOptedOutOfEmail"),
    "hubspot": ("ringren_do_not_call", "hs_email_optout"),
    "dynamics": ("donotphone", "donotemail"),
}
"""Calls, and mails."""


@pytest.fixture(params=NAMES)
def crm(
    request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Crm]:
    with opened(request.param, tmp_path, monkeypatch) as found:
        yield found


def stand(crm: Crm, ident: str) -> tuple[bool, ...]:
    key = int(ident) if crm.system == "hubspot" else ident
    row = crm.snapshot()[crm.people][key]
    return tuple(row.get(name) in (True, "true") for name in FLAGS[crm.system])


def lifted(crm: Crm, channel: str) -> None:
    asked = crm.call(
        "suppression", "lift", "--phone", PHONE, "--channel", channel, "--at", "2026-02-01",
        "--proof", "mail", "--source", "sag 7", "--by", "Anna", "--json",
    )  # fmt: skip
    for number in json.loads(asked.stdout)["requests"]:
        crm.call("suppression", "approve", str(number), "--by", "Birk")


def codes(crm: Crm) -> list[str]:
    found: list[Any] = json.loads(crm.call("findings", "--json").stdout)
    return [one["finding"]["code"] for one in found if "flag" in one["finding"]["code"]]


def test_a_lifted_channel_loses_our_flag_the_others_keep_theirs_and_nobody_is_signed_up(
    crm: Crm,
) -> None:
    ident = crm.person("Asen", **{crm.names["phone"]: PHONE, crm.names["email"]: MAIL})
    crm.call("run")
    crm.call("suppression", "add", "--phone", PHONE, "--at", "2026-01-01 10:00")
    crm.call("run")
    assert stand(crm, ident) == (True, True)
    crm.later()
    lifted(crm, "call")
    crm.call("run")
    assert stand(crm, ident) == (False, True)
    assert codes(crm) == []
    lifted(crm, "email")
    crm.call("run")
    if crm.system == "hubspot":
        assert stand(crm, ident) == (False, True), "only the person signs up again"
        assert codes(crm) == ["flag_left_after_lift"]
    else:
        assert stand(crm, ident) == (False, False), "and nothing was put back"
        assert codes(crm) == []


# --- lists -----------------------------------------------------------------------------------

HEADER = "Id;Navn;Tlf.;Mail;Nej tak"


@pytest.fixture
def lists(tmp_path: Path) -> Lists:
    return Lists(tmp_path)


def people(lists: Lists, flag: str = "") -> None:
    lists.put("kontakter.csv", HEADER, f"1;Kim Opdigtet;68 00 00 01;;{flag}")


def flag(lists: Lists) -> str:
    return lists.rows("kontakter.csv")[1].split(";")[4]


def no(lists: Lists, channel: Channel = Channel.ALL) -> None:
    with lists.app() as app:
        keys = desk.keys([("phone", PHONE)], "DK")
        said = desk.statement(
            keys, channel, now=app.clock(), at="2026-01-01 10:00", evidence="", by="Rosa Reol"
        )
        desk.record(app, said)


def lift(lists: Lists, channel: Channel, at: str = "2026-02-01") -> None:
    with lists.app() as app:
        span = desk.when(at, app.clock())
        consent = Consent(channel, span, Evidence.MAIL, "sag 7")
        keys = desk.keys([("phone", PHONE)], "DK")
        for number in lifts.propose_lift(app, keys, consent, "Anna").requests:
            lifts.approve(app, number, "Birk")


def noted(lists: Lists) -> list[str]:
    with lists.app() as app, app.store.reading() as tx:
        found = findings.listed(tx)
    return [one.finding.code for one in found if one.finding.code.startswith("flag_")]


def test_a_cell_that_we_filled_is_as_it_was_once_all_is_lifted(lists: Lists) -> None:
    people(lists)
    no(lists)
    lists.run()
    assert flag(lists) != ""
    lift(lists, Channel.ALL)
    lists.dry()
    assert flag(lists) != "", "a dry run takes nothing off"
    outcome = lists.run()
    assert flag(lists) == ""
    assert noted(lists) == []
    with lists.app() as app:
        seen = undo.preview(app, outcome.report.run.run)
        assert (seen.records, dict(seen.skipped)) == (0, {"opt_out": 1}), (
            "that is no undo's business"
        )


def test_what_is_still_blocked_is_named_in_the_cell_and_the_rest_is_not(lists: Lists) -> None:
    people(lists)
    no(lists)
    lists.run()
    lift(lists, Channel.CALL)
    lists.run()
    # One column says no to everything, and no other can say less: it stays, and a person hears of it.
    assert flag(lists) != ""
    assert noted(lists) == ["flag_left_after_lift"]


def test_a_flag_that_stood_there_before_us_is_nobodys_to_take_off(lists: Lists) -> None:
    people(lists, "ja")
    no(lists)
    lists.run()
    lists.now += timedelta(days=2)
    lift(lists, Channel.ALL, "2026-11-25 12:00")
    lists.run()
    assert flag(lists) == "ja"
    assert noted(lists) == []


def test_who_says_no_once_more_after_the_lift_keeps_the_flag(lists: Lists) -> None:
    people(lists)
    no(lists)
    lists.run()
    lift(lists, Channel.ALL)
    with lists.app() as app:
        keys = desk.keys([("phone", PHONE)], "DK")
        said = desk.statement(
            keys, Channel.ALL, now=app.clock(), at=None, evidence="", by="Rosa Reol"
        )
        desk.record(app, said)
    lists.run()
    assert flag(lists) != ""
    assert noted(lists) == []
