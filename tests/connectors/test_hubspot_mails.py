"""Types of mail that people leave one by one, and messages that HubSpot signs."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from crms import Crm, opened
from hypothesis import given
from hypothesis import strategies as st
from listening import Listening, listening
from simulators.hubspot.messages import event, message, signed

from connectors.hubspot.hooks import hints_of, signature
from sync.suppression import desk
from sync.suppression.deliver import deliver

MAIL, PHONE = "bo@opdigtet-0001.dk", "+4568000001"
SECRET, URL = "app-hemmelighed", "https://hooks.opdigtet-9001.dk/hubspot"
NOW = datetime(2026, 11, 25, 9, tzinfo=UTC)
CHANGE = "contact.propertyChange"


@pytest.fixture
def crm(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Crm]:
    with opened("hubspot", tmp_path, monkeypatch) as found:
        found.vendor.portal.mail_type("101", "Nyhedsbrev")
        found.vendor.portal.mail_type("102", "Webinarer")
        yield found


def told(crm: Crm, *args: str) -> Any:
    return json.loads(crm.call("suppression", *args, "--json").stdout)


def blocked(crm: Crm, *asked: str) -> list[str]:
    return [one["channel"] for one in told(crm, "check", *asked)["channels"] if one["blocked"]]


def bo(crm: Crm, **more: str) -> str:
    return crm.person("Asen", email=MAIL, phone=PHONE, **more)


# --- types of mail -------------------------------------------------------------------------------


def test_who_leaves_one_type_of_mail_is_out_of_all_mail_and_may_be_called(crm: Crm) -> None:
    ident = bo(crm)
    crm.call("run")
    crm.vendor.portal.leave(MAIL, "102")
    told(crm, "deliver")
    assert blocked(crm, "--email", MAIL) == ["email"]
    row = crm.snapshot()["contacts"][int(ident)]
    assert row["hs_email_optout"] == "true", "the other types too"
    assert row.get("ringren_do_not_call") != "true"
    assert told(crm, "deliver")["systems"]["hubspot"]["written"] == 0


def test_people_are_born_opted_out_and_a_no_that_was_taken_back_is_heard(crm: Crm) -> None:
    bo(crm, hs_email_optout_101="true")
    other = "al@opdigtet-0002.dk"
    crm.person("Bsen", email=other)
    crm.call("run")
    assert blocked(crm, "--email", MAIL) == ["email"]
    crm.vendor.portal.leave(other, "101")
    crm.later()
    crm.vendor.portal.leave(other, "101", back=True)
    crm.call("run")
    assert blocked(crm, "--email", other) == ["email"]


def test_a_type_whose_property_is_hidden_is_told_by_check(crm: Crm) -> None:
    crm.vendor.portal.hidden.add(("contacts", "hs_email_optout_101"))
    said = crm.call("check", "hubspot").output
    assert "hs_email_optout_101 is not shown" in said
    assert "hs_email_optout_102 is not shown" not in said


# --- signatures ----------------------------------------------------------------------------------


def heard(headers: dict[str, str], body: bytes, now: datetime = NOW, **other: str) -> Any:
    low = {name.lower(): value for name, value in headers.items()}
    return hints_of(low, body, other.get("secret", SECRET), other.get("url", URL), now)


def sent(*events: Any, at: datetime = NOW) -> tuple[dict[str, str], bytes]:
    return message(SECRET, URL, events, at)


def test_a_batch_names_each_record_once_and_of_a_merge_the_one_that_remains() -> None:
    found = heard(
        *sent(
            event(CHANGE, 7), event(CHANGE, 7), event("company.creation", 8),
            event("contact.merge", 1, primaryObjectId=2, mergedObjectIds=[3], newObjectId=9),
            event("object.propertyChange", 5, objectTypeId="0-48"),
            event("conversation.newMessage", 6), "nonsense", event(CHANGE, "7"), event(CHANGE, -1),
        )
    )  # fmt: skip
    assert [(one.stream, one.ident) for one in found] == [
        ("contacts", "7"), ("companies", "8"), ("contacts", "9"), ("calls", "5"),
    ]  # fmt: skip


@pytest.mark.parametrize("seconds", [-301, 31, 86_400])
def test_what_is_too_old_or_from_the_future_is_refused(seconds: int) -> None:
    assert heard(*sent(event(CHANGE, 7), at=NOW + timedelta(seconds=seconds))) is None


@pytest.mark.parametrize("seconds", [-299, 0, 29])
def test_what_is_fresh_is_taken(seconds: int) -> None:
    assert heard(*sent(event(CHANGE, 7), at=NOW + timedelta(seconds=seconds)))


def test_forgeries_are_refused() -> None:
    headers, body = sent(event(CHANGE, 7))
    time_name, mark = "X-HubSpot-Request-Timestamp", "X-HubSpot-Signature-v3"
    assert heard(headers, body.replace(b"7", b"8")) is None
    assert heard(headers, body, secret=SECRET[:-1]) is None
    assert heard(headers, body, url=URL + "/andet") is None
    assert heard(headers, body, secret="") is heard(headers, body, url="") is None
    assert heard({**headers, time_name: str(int(headers[time_name]) + 1)}, body) is None
    assert heard({**headers, time_name: "i går"}, body) is None
    assert heard({time_name: headers[time_name]}, body) is None
    assert heard({**headers, mark: "æ"}, body) is None
    assert heard(*sent(*[event(CHANGE, n + 1) for n in range(101)])) is None


def test_an_address_is_signed_with_some_signs_unescaped() -> None:
    url = "https://hooks.opdigtet-9001.dk/hubspot%2Fa%20b%3fx%3D1"
    same = "https://hooks.opdigtet-9001.dk/hubspot/a%20b?x%3D1"
    assert signature(b"[]", SECRET, url, "1") == signed(SECRET, "POST", same, b"[]", "1")


@given(st.binary(max_size=200), st.text(max_size=30), st.text(max_size=60))
def test_whatever_comes_is_read_or_refused(body: bytes, when: str, mark: str) -> None:
    headers = {"X-HubSpot-Request-Timestamp": when, "X-HubSpot-Signature-v3": mark}
    assert heard(headers, body) is None
    time_ = str(int(NOW.timestamp() * 1000))
    right = {
        "X-HubSpot-Request-Timestamp": time_,
        "X-HubSpot-Signature-v3": signed(SECRET, "POST", URL, body, time_),
    }
    assert heard(right, body) in (None, [])


# --- over the wire -------------------------------------------------------------------------------


@pytest.fixture
def stage(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[Crm, Listening, int]]:
    monkeypatch.setenv("HOOK", SECRET)
    with opened("hubspot", tmp_path, monkeypatch) as crm:
        crm.vendor.portal.mail_type("101", "Nyhedsbrev")
        ident = bo(crm)
        text = (tmp_path / "ringren.toml").read_text("utf-8")
        own = f'hook_secret = {{ env = "HOOK" }}\nhook_url = "{URL}"\n[hooks]\nport = 0\n'
        settings = "[hubspot]\n" + text.partition("[hubspot]\n")[2] + own
        (tmp_path / "ringren.toml").write_text(text + own, "utf-8")
        with listening(tmp_path, settings) as us:
            deliver(us.app)
            yield crm, us, int(ident)


def post(us: Listening, headers: dict[str, str], body: bytes) -> int:
    return us.ask("/hubspot", body, method="POST", listener="hooks", **headers).status


def until(held: Callable[[], Any], seconds: float = 10) -> Any:
    end = time.monotonic() + seconds
    while not (found := held()) and time.monotonic() < end:
        time.sleep(0.02)
    return found


def is_blocked(us: Listening, kinds: Sequence[tuple[str, str]]) -> bool:
    answer = desk.check(us.app, desk.keys(list(kinds), "DK"), us.app.clock())
    return any(one.blocked for one in answer.channels)


def test_a_signed_batch_is_heard_at_once_and_once_and_a_forged_one_asks_nothing(
    stage: tuple[Crm, Listening, int],
) -> None:
    crm, us, ident = stage
    other = crm.person("Bsen", email="al@opdigtet-0002.dk")
    crm.vendor.portal.leave(MAIL, "101")
    crm.vendor.portal.unsubscribe("al@opdigtet-0002.dk")
    asked = len(crm.vendor.calls)
    events = [event(CHANGE, ident), event(CHANGE, int(other))]
    now = us.app.clock()
    headers, body = message("forkert", URL, events, now)
    assert post(us, headers, body) == 403
    headers, body = message(SECRET, URL, events, now - timedelta(minutes=6))
    assert post(us, headers, body) == 403
    assert len(crm.vendor.calls) == asked
    headers, body = message(SECRET, URL, events, now)
    assert post(us, headers, body) == 204
    assert until(lambda: is_blocked(us, [("email", MAIL)]))
    assert until(lambda: is_blocked(us, [("email", "al@opdigtet-0002.dk")])), "the whole batch"
    asked = len(crm.vendor.calls)
    assert post(us, headers, body) == 204
    time.sleep(0.3)
    assert len(crm.vendor.calls) == asked, "the same message is read once"
