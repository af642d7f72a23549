"""The API over real HTTP: what it records, what it answers, and what it does not let through."""

from __future__ import annotations

import contextlib
import io
import json
import logging
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from listening import Listening, listening

from rules.alarms import Receiver
from rules.errors import UserError
from rules.keys import Key, KeyKind
from rules.suppression import Channel
from state import alerts
from state.ledger import head, newest
from state.tokens import Scope
from sync.app import open_app
from sync.logs import set_up
from sync.people import tokens
from sync.service.alarm_words import message
from sync.settings import SettingsError, read
from sync.suppression import desk
from sync.web import serving
from sync.web.refusals import spoken
from sync.web.serving import serve

ROOT = Path(__file__).parents[2]
PHONE, OTHER, MAIL = "+45 68 12 34 56", "+45 68 12 34 57", "peter@opdigtet-0001.dk"
SETTINGS = "[api]\nport = 0\n[alarms]\nburst_an_hour = 5\n"


@pytest.fixture
def api(tmp_path: Path) -> Iterator[Listening]:
    with listening(tmp_path, SETTINGS) as found:
        found.token = _token(found, Scope.CHECK, Scope.RECORD)
        yield found


def _token(api: Listening, *scopes: Scope) -> str:
    return tokens.make(api.app, "Dialer", scopes, None, "Anna").token


def _entries(api: Listening) -> int:
    with api.app.store.reading() as tx:
        return head(tx).seq


# --- recording and asking --------------------------------------------------------------------


def test_a_no_is_on_the_list_when_the_answer_comes(api: Listening) -> None:
    assert api.ask("/v1/check?phone=68123456").json["blocked"] is False
    answer = api.ask("/v1/opt-outs", {"phone": PHONE, "channel": "call", "evidence": "i røret"})
    assert (answer.status, answer.json["recorded"], answer.json["known"]) == (201, True, False)
    found = desk.check(api.app, [Key(KeyKind.PHONE, "+4568123456")], api.app.clock())
    assert [one.blocked for one in found.channels] == [True, False, False]
    assert api.ask("/v1/check?phone=68123456").json == {
        "blocked": True, "call": True, "email": False, "sms": False,
    }  # fmt: skip
    assert api.ask("/v1/check?phone=68123456&channel=sms").json == {"blocked": False, "sms": False}
    story = desk.story(api.app, [Key(KeyKind.PHONE, "+4568123456")])
    assert [(c.system, c.by, c.said) for c in story.chapters] == [("api", ("Dialer",), "i røret")]


def test_what_others_record_is_known_to_the_next_question(api: Listening) -> None:
    assert api.ask(f"/v1/check?email={MAIL}").json["blocked"] is False
    with opened(api.app.settings) as other:
        said = desk.statement(
            [Key(KeyKind.EMAIL, MAIL)],
            Channel.ALL,
            now=other.clock(),
            at=None,
            evidence="",
            by="Eva",
        )
        desk.record(other, said)
    assert api.ask(f"/v1/check?email={MAIL}").json["blocked"] is True


def test_of_a_batch_each_row_that_can_be_read_counts(api: Listening) -> None:
    rows: list[Any] = [
        {"phone": PHONE},
        {"phone": "ukendt"},
        {"telefon": OTHER},
        7,
        {"email": MAIL},
    ]
    answer = api.ask("/v1/opt-outs", {"opt_outs": rows}, accept_language="da")
    assert (answer.json["recorded"], answer.json["refused"], answer.status) == (2, 3, 201)
    codes = [one.get("error", {}).get("code") for one in answer.json["results"]]
    assert codes == [None, "no_key", "unknown_field", "no_object", None]
    assert "telefonnummer" in answer.json["results"][1]["error"]["remedy"]
    assert "68" not in answer.json["results"][2]["error"]["message"]
    asked = {"items": [{"phone": PHONE}, {"phone": "ukendt"}, {"phone": OTHER}]}
    found = api.ask("/v1/check", asked).json
    assert [one["blocked"] for one in found["results"]] == [True, True, False], (
        "unreadable is not free"
    )
    assert found["unreadable"] == 1


def test_the_same_id_is_the_same_no_however_often_it_is_sent(api: Listening) -> None:
    said = {"phone": PHONE, "id": "call-4711", "at": "2026-01-05T10:00:00+01:00"}
    first, again = api.ask("/v1/opt-outs", said), api.ask("/v1/opt-outs", said)
    assert (first.json["known"], again.json["known"], again.status) == (False, True, 201)
    assert _entries(api) == 1


def test_a_personal_identity_number_is_kept_nowhere(api: Listening) -> None:
    api.ask(
        "/v1/opt-outs", {"phone": PHONE, "evidence": "cpr 311299-7171", "source": "311299-7171"}
    )
    assert api.ask("/v1/opt-outs", {"phone": "311299-7171"}).status == 422
    assert _entries(api) == 1
    for path in api.app.settings.home.rglob("*"):
        assert not path.is_file() or b"311299" not in path.read_bytes()


def test_many_at_once_are_all_recorded(api: Listening) -> None:
    def some(start: int) -> None:
        for number in range(start, start + 5):
            assert api.ask("/v1/opt-outs", {"phone": f"6820{number:04}"}).status == 201

    workers = [threading.Thread(target=some, args=(start,)) for start in range(0, 30, 5)]
    for one in workers:
        one.start()
    for one in workers:
        one.join()
    assert _entries(api) == 30


# --- what breaks in ---------------------------------------------------------------------------


NONSENSE: list[tuple[str, str, object, dict[str, str], int]] = (
    [
        ("/v1/check", "GET", None, {}, 422),
        ("/v1/check?telefon=68123456", "GET", None, {}, 422),
        ("/v1/check?phone=", "GET", None, {}, 422),
        ("/v1/check?phone=68123456&channel=call&channel=sms", "GET", None, {}, 422),
        ("/v1/opt-outs", "GET", None, {}, 405),
        ("/v1/opt-outs", "DELETE", None, {}, 405),
        ("/v1/", "GET", None, {}, 404),
        ("/v1/../etc/passwd", "GET", None, {}, 404),
        ("/v1/opt-outs", "POST", b"{", {"content-type": "application/json"}, 400),
        ("/v1/opt-outs", "POST", b"phone=1", {"content-type": "text/plain"}, 415),
        ("/v1/opt-outs", "POST", b"\xff\xfe", {"content-type": "application/json"}, 400),
        ("/v1/opt-outs", "POST", b"[" * 100_000, {"content-type": "application/json"}, 400),
        ("/v1/opt-outs", "POST", b"[]", {"content-type": "application/json"}, 422),
        ("/v1/opt-outs", "POST", {}, {}, 422),
        ("/v1/opt-outs", "POST", {"phone": 68123456}, {}, 422),
        ("/v1/opt-outs", "POST", {"phone": PHONE, "channel": "fax"}, {}, 422),
        ("/v1/opt-outs", "POST", {"phone": PHONE, "channel": {}}, {}, 422),
        ("/v1/opt-outs", "POST", {"phone": PHONE, "at": "2999-01-01"}, {}, 422),
        ("/v1/opt-outs", "POST", {"phone": PHONE, "at": "i går"}, {}, 422),
        ("/v1/opt-outs", "POST", {"phone": PHONE, "evidence": ["x"]}, {}, 422),
        ("/v1/opt-outs", "POST", {"phone": "1" * 400}, {}, 422),
        ("/v1/opt-outs", "POST", {"phone": [PHONE] * 21}, {}, 422),
        ("/v1/opt-outs", "POST", {"opt_outs": []}, {}, 422),
        ("/v1/opt-outs", "POST", {"opt_outs": [{"phone": PHONE}], "x": 1}, {}, 422),
        ("/v1/opt-outs", "POST", {"opt_outs": [{"phone": PHONE}] * 1001}, {}, 413),
        ("/v1/opt-outs", "POST", b"1" * 2_100_000, {"content-type": "application/json"}, 413),
    ]
)  # fmt: skip


def test_what_makes_no_sense_is_refused_with_a_remedy(api: Listening) -> None:
    for path, method, body, headers, status in NONSENSE:
        answer = api.ask(path, body, method=method, **headers)
        assert answer.status == status, (path, str(body)[:50], answer.text)
        error = answer.json["error"]
        assert error["code"]
        assert error["remedy"] != f"api.{error['code']}.remedy"
        assert "68" not in error["message"]
    assert _entries(api) == 0


def test_a_body_that_tells_no_length_is_cut_off_at_the_limit(api: Listening) -> None:
    place = urlsplit(api.urls["api"])
    with socket.create_connection((place.hostname or "", place.port or 0), timeout=30) as line:
        line.sendall(
            b"POST /v1/opt-outs HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
            b"Authorization: Bearer "
            + api.token.encode()
            + b"\r\nTransfer-Encoding: chunked\r\n\r\n"
        )
        part = b"10000\r\n" + b" " * 0x10000 + b"\r\n"
        try:
            for _ in range(100):
                line.sendall(part)
        except OSError:
            pass  # it hung up already
        assert line.recv(100).startswith(b"HTTP/1.1 413")


def test_headers_are_strict_and_there_are_no_cookies(api: Listening) -> None:
    for path in ("/health/live", "/v1/check?phone=68123456", "/nothing"):
        headers = api.ask(path).headers
        assert headers["cache-control"] == "no-store"
        assert headers["content-security-policy"].startswith("default-src 'none'")
        assert headers["x-content-type-options"] == "nosniff"
        assert "set-cookie" not in headers
        assert "server" not in headers
        assert "access-control-allow-origin" not in headers


def test_no_number_and_no_token_reaches_the_log(
    api: Listening, monkeypatch: pytest.MonkeyPatch
) -> None:
    log = io.StringIO()
    root = logging.getLogger()
    monkeypatch.setattr(root, "handlers", [])
    monkeypatch.setattr(root, "level", root.level)
    set_up("json", "debug", log)
    api.ask(f"/v1/check?phone=68123456&email={MAIL}")
    api.ask("/v1/opt-outs", {"phone": PHONE, "email": MAIL})
    api.ask("/v1/68123456")
    monkeypatch.setattr(desk, "record_all", _broken)
    answer = api.ask("/v1/opt-outs", {"phone": PHONE})
    assert (answer.status, answer.json["error"]["code"]) == (500, "failed")
    said = log.getvalue() + answer.text
    assert "request failed" in said
    assert not any(word in said for word in ("68123456", "68 12 34 56", MAIL, api.token))


def _broken(_app: object, said: object) -> None:
    raise ValueError(f"cannot: {PHONE} {said}")


def test_an_unusual_mass_is_recorded_whole_and_alarmed_once(api: Listening) -> None:
    rows = [{"phone": f"6830{number:04}"} for number in range(8)]
    assert api.ask("/v1/opt-outs", {"opt_outs": rows}).json["recorded"] == 8
    api.ask("/v1/opt-outs", {"phone": PHONE})
    with api.app.store.reading() as tx:
        found = alerts.listed(tx, [alerts.OPEN], 10)
        assert head(tx).seq == 9
    assert [(one.code, one.system, one.details["count"]) for one in found] == [("burst", "api", 9)]
    receiver = Receiver("team", timedelta(), timedelta(hours=4))
    told = message(found, receiver, "da").body
    assert "9 nej tak er kommet gennem API'et på en time" in told


# --- killed ----------------------------------------------------------------------------------


def test_what_was_answered_survives_a_kill(tmp_path: Path) -> None:
    form = '[form]\nport = 0\ncompany = "Opdigtet ApS"\n'
    (tmp_path / "r.toml").write_text(SETTINGS + form, "utf-8")
    command = [sys.executable, "-m", "sync", "serve", "--state", tmp_path / "state", "--json",
               "--settings", tmp_path / "r.toml"]  # fmt: skip
    settings = read(file=tmp_path / "r.toml", root=None, state=tmp_path / "state", lang="en")
    env = os.environ | {"PYTHONPATH": str(ROOT)}
    with opened(settings) as app:
        token = tokens.make(app, "Dialer", [Scope.RECORD], None, "Anna").token
        process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=env, cwd=ROOT)
        try:
            assert process.stdout
            printed = ""
            while not printed.rstrip().endswith("]"):
                printed += process.stdout.readline()
            urls = {one["name"]: one["url"] for one in json.loads(printed)}
            there = Listening(app, urls, token)
            assert there.ask("/v1/opt-outs", {"phone": PHONE}).status == 201
            kind = "application/x-www-form-urlencoded"
            sent = there.ask("/", b"phone=68123457", listener="form", content_type=kind)
            assert sent.status == 200
            process.send_signal(signal.SIGKILL)
            process.wait()
            with app.store.reading() as tx:
                assert [one.event.system for one in newest(tx, 5)] == ["form", "api"]
        finally:
            process.kill()
            process.communicate()


def test_whoever_says_nothing_holds_no_place_for_long(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(serving, "SECONDS_OF_SILENCE", 1)
    monkeypatch.setattr(serving, "MOST_AT_ONCE", 10)
    with listening(tmp_path, SETTINGS) as api, contextlib.ExitStack() as lines:
        place = urlsplit(api.urls["api"])
        address = (place.hostname or "", place.port or 0)
        for said in [b"", b"GET /health/live HTTP/1.1\r\nHost:"] * 8:
            line = lines.enter_context(socket.create_connection(address, timeout=20))
            line.sendall(said)
        assert api.ask("/health/live").status == 503, "all places are taken"
        for _ in range(100):
            if api.ask("/health/live").status == 200:
                break
            time.sleep(0.1)
        assert api.ask("/health/live").status == 200


def test_on_postgresql_it_is_the_same(
    postgres_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("API_DATABASE", postgres_url)
    state = '[state]\nurl = { env = "API_DATABASE" }\n'
    with listening(tmp_path, SETTINGS + state) as api:
        api.token = _token(api, Scope.CHECK, Scope.RECORD)
        assert api.ask("/v1/check?phone=68123456").json["blocked"] is False
        assert api.ask("/v1/opt-outs", {"phone": PHONE}).status == 201
        assert api.ask("/v1/check?phone=68123456").json["blocked"] is True
        tokens.revoke(api.app, 1, "Bent")
        assert api.ask("/v1/check?phone=68123456").status == 401


def opened(settings: Any) -> Any:
    return open_app(settings, actor="tester", dry=False)


# --- settings --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("lines", "told"),
    [
        ('host = "0.0.0.0"', "in clear"),
        ('host = "::"', "in clear"),
        ('host = "example.com"', "no IP address"),
        ('certificate_file = "x.pem"', "without a key"),
        ('token = "x"', "token"),
    ],
)
def test_what_would_open_a_door_is_refused(tmp_path: Path, lines: str, told: str) -> None:
    file = tmp_path / "r.toml"
    file.write_text(f"[api]\nport = 8710\n{lines}\n", "utf-8")
    with pytest.raises(SettingsError) as caught:
        read(file=file, root=None, state=tmp_path / "state", lang="en")
    assert told in str(caught.value)


def test_a_proxy_in_front_is_believed_and_nothing_listens_unasked(tmp_path: Path) -> None:
    file = tmp_path / "r.toml"
    file.write_text('[api]\nport = 8710\nhost = "0.0.0.0"\nbehind_proxy = true\n', "utf-8")
    assert read(file=file, root=None, state=tmp_path / "state", lang="en").api.is_used
    settings = read(file=None, root=None, state=tmp_path / "state", lang="en")
    with opened(settings) as app, pytest.raises(UserError, match="nothing"):
        serve(app, lambda _: None)


@pytest.mark.parametrize(
    ("accepted", "expected"),
    [
        ("", "en"), ("da", "da"), ("en-GB,en;q=0.9,da;q=0.8", "en"), ("de,da;q=0.3", "da"),
        ("nb-NO", "da"), ("da;q=0,en;q=0.1", "en"), ("da;q=x", "en"), (";;,,=", "en"), ("*", "en"),
        ("da;q=9", "da"), ("en;q=0.5,da;q=0.7", "da"),
    ],
)  # fmt: skip
def test_the_language_is_the_one_that_is_liked_best(accepted: str, expected: str) -> None:
    assert spoken(accepted) == expected
