"""Consents of Customer Insights - Journeys: by number or address, channel and purpose, in both directions."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from crms import Crm, opened
from simulators.dynamics.site import Fault

TABLE = "msdynmkt_contactpointconsent4"
PHONE, MAIL, SPELT = "+4568000001", "bo@opdigtet-0001.dk", "68 00 00 01"
EMAIL, TEXT, CUSTOM, VOICE = 534120000, 534120001, 534120002, 534120003
YES, NO = 534120001, 534120002
COMMERCIAL, SERVICE, TRACKING = 534120000, 534120001, 534120002


@pytest.fixture
def crm(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Crm]:
    with opened("dynamics", tmp_path, monkeypatch) as found:
        found.vendor.org.journeys()
        yield found


def purpose(crm: Crm, name: str, kind: int = COMMERCIAL) -> str:
    return str(crm.vendor.org.add("msdynmkt_purpose", msdynmkt_name=name, msdynmkt_type=kind))


def consent(crm: Crm, text: str, kind: int, said: int, about: str) -> str:
    return str(
        crm.vendor.org.add(
            TABLE, msdynmkt_contactpointvalue=text, msdynmkt_contactpointtype=kind,
            msdynmkt_value=said, msdynmkt_contactpointconsenttype=534120000,
            _msdynmkt_purposeid_value=about,
        )
    )  # fmt: skip


def told(crm: Crm, *args: str) -> Any:
    return json.loads(crm.call("suppression", *args, "--json").stdout)


def deliver(crm: Crm) -> Any:
    return told(crm, "deliver")["systems"][crm.system]


def blocked(crm: Crm, *asked: str) -> list[str]:
    return [one["channel"] for one in told(crm, "check", *asked)["channels"] if one["blocked"]]


def rows(crm: Crm) -> list[tuple[str, int, int]]:
    return sorted(
        (
            row["msdynmkt_contactpointvalue"],
            row["msdynmkt_contactpointtype"],
            row["msdynmkt_value"],
        )
        for row in crm.vendor.org.rows[TABLE].values()
    )


def bo(crm: Crm) -> str:
    return crm.person("Asen", telephone1=SPELT, emailaddress1=MAIL)


def test_each_channel_is_heard_for_itself_and_tracking_is_no_contact(crm: Crm) -> None:
    news, seen = purpose(crm, "Nyheder"), purpose(crm, "Sporing", TRACKING)
    consent(crm, PHONE, VOICE, NO, news)
    consent(crm, "al@opdigtet-0001.dk", EMAIL, NO, news)
    consent(crm, "bo@opdigtet-0001.dk", EMAIL, NO, seen)
    consent(crm, "+4568000002", TEXT, NO, news)
    consent(crm, "+4568000003", VOICE, YES, news)
    consent(crm, "+4568000004", CUSTOM, NO, news)
    crm.call("run")
    assert blocked(crm, "--phone", PHONE) == ["call"]
    assert blocked(crm, "--email", "al@opdigtet-0001.dk") == ["email"]
    assert blocked(crm, "--email", MAIL) == []
    assert blocked(crm, "--phone", "+4568000002") == ["sms"]
    assert blocked(crm, "--phone", "+4568000003") == []
    assert blocked(crm, "--phone", "+4568000004") == ["call", "email", "sms"]


def test_a_no_of_ours_stands_for_every_commercial_purpose_and_is_no_news(crm: Crm) -> None:
    one, other = purpose(crm, "Nyheder"), purpose(crm, "Tilbud")
    service = purpose(crm, "Service", SERVICE)
    consent(crm, MAIL, EMAIL, YES, one)
    consent(crm, MAIL, EMAIL, YES, service)
    ident = bo(crm)
    crm.call("run")
    crm.call("suppression", "add", "--phone", PHONE, "--channel", "call")
    crm.call("suppression", "add", "--email", MAIL, "--channel", "email")
    assert deliver(crm)["open"] == 0
    assert rows(crm) == [
        (PHONE, VOICE, NO), (PHONE, VOICE, NO),
        (MAIL, EMAIL, YES), (MAIL, EMAIL, NO), (MAIL, EMAIL, NO),
    ]  # fmt: skip
    assert crm.snapshot()["contact"][ident]["donotphone"] is True
    items = told(crm, "receipt", PHONE)["items"]
    assert {one["state"] for item in items for one in item["systems"]} == {"confirmed"}
    kept = rows(crm)
    crm.call("run")
    crm.call("suppression", "verify")
    assert rows(crm) == kept
    assert [one["type"] for one in told(crm, "list")].count("block") == 2, "ours is no news"
    assert other


def test_who_is_not_there_gets_no_row_and_who_comes_is_covered_by_the_daily_look(crm: Crm) -> None:
    purpose(crm, "Nyheder")
    crm.call("run")
    crm.call("suppression", "add", "--phone", PHONE, "--channel", "call")
    assert deliver(crm)["open"] == 0
    assert rows(crm) == []
    bo(crm)
    crm.call("suppression", "verify")
    assert rows(crm) == [(SPELT, VOICE, NO)]


@pytest.mark.slow
def test_what_somebody_opts_in_again_is_put_back(crm: Crm) -> None:
    purpose(crm, "Nyheder")
    bo(crm)
    crm.call("run")
    crm.call("suppression", "add", "--phone", PHONE, "--channel", "sms")
    deliver(crm)
    [ident] = crm.vendor.org.rows[TABLE]
    crm.vendor.org.edit(TABLE, ident, msdynmkt_value=YES)
    crm.call("suppression", "verify")
    assert rows(crm) == [(PHONE, TEXT, NO)]
    assert blocked(crm, "--phone", PHONE) == ["sms"]


@pytest.mark.parametrize(
    ("trouble", "done"),
    [(Fault.LOST, True), pytest.param(Fault.DROPPED, False, marks=pytest.mark.slow)],
)
def test_a_lost_answer_is_looked_after_and_confirms_nothing_that_is_not_there(
    crm: Crm, trouble: Fault, *, done: bool
) -> None:
    purpose(crm, "Nyheder")
    bo(crm)
    crm.call("run")
    crm.call("suppression", "add", "--phone", PHONE, "--channel", "sms")
    batches: list[str] = []

    def before(_method: str, path: str) -> None:
        # The first batch looks, the second writes.
        batches.extend([path] if path.endswith("$batch") else [])
        if len(batches) == 2:
            crm.vendor.plan(trouble, r"\$batch")
            batches.append("planned")

    crm.vendor.before = before
    assert deliver(crm)["open"] == (not done)
    assert "planned" in batches
    assert rows(crm) == [(PHONE, TEXT, NO)] * done
    crm.vendor.before = lambda _method, _path: None
    crm.call("suppression", "verify")
    assert rows(crm) == [(PHONE, TEXT, NO)] * done, "nothing twice"


def test_without_the_rights_nothing_is_confirmed_and_check_says_which(crm: Crm) -> None:
    purpose(crm, "Nyheder")
    bo(crm)
    crm.call("run")
    user = next(iter(crm.vendor.org.users.values()))
    rights = crm.vendor.api._rights(user)
    user.rights = rights - {f"prvCreate{TABLE}"}
    crm.call("suppression", "add", "--phone", PHONE, "--channel", "sms")
    assert deliver(crm)["open"] == 1
    assert rows(crm) == []
    said = crm.call("check", crm.system)
    assert said.exit_code != 0
    assert f"prvCreate{TABLE}" in said.output
