"""Consents of Customer Insights - Journeys: by number or address, channel and purpose, in both directions."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from crms import Crm, opened

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
    bo(crm)
    other = crm.person("Bsen", telephone1="68 00 00 01")
    crm.call("suppression", "verify")
    assert {text for text, _, _ in rows(crm)} >= {PHONE, "68 00 00 01"}, "who comes is covered"
    assert other
    assert [one["type"] for one in told(crm, "list")].count("block") == 2, "ours is no news"
    assert other
