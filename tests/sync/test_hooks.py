"""Messages of Aircall over the wire: a call is judged while it rings, a tag is heard at once."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
import requests
from listening import Listening, listening
from simulators.aircall.serving import HOST, Aircall, build
from simulators.aircall.serving import wall_clock as now
from simulators.web import served

from rules.suppression import Channel
from rules.violations import Verdict
from state import alerts
from state.ledger import head
from sync.calling import violations
from sync.stages.quiet import WEBHOOK_OFF
from sync.stages.watch import Watch
from sync.suppression import desk
from sync.suppression.deliver import deliver

PHONE, OTHER = "+4568000001", "+4568000002"
URL = "https://opdigtet-9001.dk/aircall"
EVENTS = ["call.created", "call.ended", "call.tagged"]


@pytest.fixture
def dialer() -> Iterator[Aircall]:
    with served(build()) as there:
        there.limit.a_minute = None
        there.company.user("Rav Elkedel")
        there.company.number("+45 68 99 99 99")
        there.company.tag("Ring ikke")
        there.company.hook(URL, EVENTS, "ringren")
        yield there


@pytest.fixture
def us(dialer: Aircall, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Listening]:
    company = dialer.company
    [hook] = company.webhooks.values()
    monkeypatch.setenv("AIRCALL", company.api_token)
    monkeypatch.setenv("HOOK", hook["token"])
    settings = (
        f'[hooks]\nport = 0\n[aircall]\napi_id = "{company.api_id}"\n'
        'api_token = { env = "AIRCALL" }\nhook_token = { env = "HOOK" }\n'
        f'calls_a_minute = 1000\nelsewhere = {{ "{HOST}" = "{dialer.address}" }}\n'
    )
    with listening(tmp_path, settings) as found:
        deliver(found.app)
        yield found


def send(dialer: Aircall, us: Listening) -> None:
    """What Aircall has to say reaches us, as if the address were ours."""

    def post(url: str, body: Any) -> int:
        address = us.urls["hooks"] + urlsplit(url).path
        return requests.post(address, json=body, timeout=5).status_code

    assert dialer.company.send(post) == 0


def until(held: Callable[[], Any], seconds: float = 10) -> Any:
    """What is found, once it is."""
    end = time.monotonic() + seconds
    while not (found := held()) and time.monotonic() < end:
        time.sleep(0.02)
    return found


def says_no(us: Listening, phone: str = PHONE) -> None:
    said = desk.statement(
        desk.keys([("phone", phone)], "DK"), Channel.CALL,
        now=us.app.clock(), at=None, evidence="", by="anna",
    )  # fmt: skip
    desk.record(us.app, said)


def found(us: Listening) -> list[Any]:
    return list(violations.look(us.app, None, everything=True, limit=99).shown)


def blocked(us: Listening, phone: str = PHONE) -> bool:
    answer = desk.check(us.app, desk.keys([("phone", phone)], "DK"), us.app.clock())
    return any(one.blocked for one in answer.channels)


def test_a_forbidden_call_is_found_while_it_rings(dialer: Aircall, us: Listening) -> None:
    company = dialer.company
    says_no(us)
    company.clock = lambda: now() + timedelta(minutes=6)
    user, number = next(iter(company.users)), next(iter(company.numbers))
    company.outgoing.clear()
    company.begin(PHONE, user=user, number=number)
    company.outgoing = [one for one in company.outgoing if one[1]["event"] == "call.created"]
    began = time.monotonic()
    send(dialer, us)
    [one] = until(lambda: found(us))
    assert time.monotonic() - began < 5
    assert one.verdict is Verdict.CERTAIN
    with us.app.store.reading() as tx:
        assert [one.system for one in alerts.listed(tx, ["open"], 9)] == ["aircall"]


def test_a_tag_is_heard_at_once_and_twice_and_out_of_order_is_as_once(
    dialer: Aircall, us: Listening
) -> None:
    company = dialer.company
    call = company.call(PHONE, user=next(iter(company.users)), ago=60)
    company.put_tag(call, next(iter(company.tags)))
    company.outgoing = [*reversed(company.outgoing), *company.outgoing]
    send(dialer, us)
    assert until(lambda: blocked(us))
    assert not blocked(us, OTHER)
    send(dialer, us)
    deliver(us.app)
    with us.app.store.reading() as tx:
        assert head(tx).seq == 1


def test_what_is_forged_is_refused_and_asks_the_vendor_nothing(
    dialer: Aircall, us: Listening
) -> None:
    calls = len(dialer.calls)
    body = {"resource": "call", "event": "call.created", "data": {"id": 1}, "timestamp": 1}
    url = us.urls["hooks"] + "/aircall"
    for token in ("", "guess", None, 7, ["x"]):
        assert requests.post(url, json={**body, "token": token}, timeout=5).status_code == 403
    for raw in (b"", b"[]", b"{", b"\xff", b'"x"', b"null"):
        assert requests.post(url, data=raw, timeout=5).status_code == 403
    assert requests.post(url, data=b"x" * 2_000_000, timeout=5).status_code == 413
    assert requests.post(us.urls["hooks"] + "/files", json=body, timeout=5).status_code == 404
    assert requests.get(url, timeout=5).status_code == 404
    time.sleep(0.1)
    assert len(dialer.calls) == calls


def test_a_flood_of_messages_reads_only_so_much_and_one_sent_again_nothing(
    dialer: Aircall, us: Listening
) -> None:
    [hook] = dialer.company.webhooks.values()
    calls, url = len(dialer.calls), us.urls["hooks"] + "/aircall"
    body = {"resource": "call", "event": "call.ended", "token": hook["token"], "timestamp": 1}
    for _ in range(30):
        message = {**body, "data": {"id": 7}}
        assert requests.post(url, json=message, timeout=5).status_code == 204
    for ident in range(8, 60):
        message = {**body, "data": {"id": ident}}
        assert requests.post(url, json=message, timeout=5).status_code == 204
    for strange in ({"id": "7"}, {"id": -1}, {"id": True}, [], None):
        message = {**body, "data": strange}
        assert requests.post(url, json=message, timeout=5).status_code == 204
    time.sleep(0.5)
    asked = [one.path for one in dialer.calls[calls:] if one.path.startswith("/v1/calls/")]
    assert asked.count("/v1/calls/7") == 1
    assert 1 <= len(asked) <= 21


def test_a_webhook_that_was_switched_off_is_an_alarm_until_it_is_on_again(
    dialer: Aircall, us: Listening
) -> None:
    [hook] = dialer.company.webhooks.values()

    def off() -> set[tuple[str, str]]:
        with us.app.store.reading() as tx:
            return set(alerts.open_subjects(tx, WEBHOOK_OFF))

    Watch(us.app).end()
    assert off() == set()
    hook["active"] = False
    Watch(us.app).end()
    assert off() == {("aircall", "")}
    hook["active"] = True
    Watch(us.app).end()
    assert off() == set()


def test_no_token_and_no_number_of_a_message_gets_into_the_log(
    dialer: Aircall, us: Listening, capsys: pytest.CaptureFixture[str]
) -> None:
    [hook] = dialer.company.webhooks.values()
    dialer.company.call(PHONE)
    send(dialer, us)
    body = {"token": "guess", "event": "call.created", "data": {"id": 1, "raw_digits": PHONE}}
    requests.post(us.urls["hooks"] + "/aircall", json=body, timeout=5)
    said = "".join(capsys.readouterr())
    assert hook["token"] not in said
    assert "68000001" not in said
    assert json.dumps(body) not in said
