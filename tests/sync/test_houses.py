"""Several installations: each is told as it says itself, and one that cannot be asked is never well."""

from __future__ import annotations

import json
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from listening import Listening, listening
from promises.lists import HEADER, people
from visiting import over, person, quick_passwords

from rules.rights import Role
from state.tokens import Scope
from sync.output import as_json
from sync.people import tokens
from sync.service import houses
from sync.service.overview import overview
from sync.service.status import Level
from sync.texts import Texts

TOKEN = "ringren_opdigtet"  # noqa: S105


@dataclass
class Other:
    """An address that answers something."""

    body: bytes = b"{}"
    status: int = 200
    slow: float = 0.0
    url: str = ""
    asked: list[str] = field(default_factory=list)


@contextmanager
def other(body: object = None, status: int = 200, slow: float = 0.0) -> Iterator[Other]:
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    made = Other(raw, status, slow)

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            made.asked.append(self.headers.get("authorization", ""))
            time.sleep(made.slow)
            self.send_response(made.status)
            self.send_header("location", "http://127.0.0.1:1/")
            self.end_headers()
            with suppress(OSError):
                self.wfile.write(made.body)

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    made.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, args=(0.02,))
    thread.start()
    try:
        yield made
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def told(**more: Any) -> dict[str, Any]:
    status = {"level": 2, "at": "2026-11-26T12:00:00Z", "troubles": [
        {"level": 2, "code": "status.no_daemon", "details": {}},
        {"level": 1, "code": "status.refused", "details": {}},
    ]}  # fmt: skip
    return {
        "status": status, "systems": [{}, {}], "opt_outs": {"heard": 7},
        "violations": {"certain": 2}, "waiting": {"plans": 1, "requests": 2}, "new": "x",
    } | more  # fmt: skip


def odd(code: str) -> dict[str, Any]:
    trouble = {"level": 1, "code": code, "details": {"count": "x", "late": "y"}}
    return told(status={"level": 1, "at": "2026-11-26T12:00:00Z", "troubles": [trouble]})


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Listening]:
    """A house that lists others: one in trouble, one that says odd things, and all that cannot be asked."""
    folder = tmp_path_factory.mktemp("page")
    with ExitStack() as stack, pytest.MonkeyPatch.context() as patch:
        patch.setenv("HOUSE_TOKEN", TOKEN)
        patch.setattr(houses, "SECONDS", 0.5)
        stack.enter_context(quick_passwords())
        with socket.create_server(("127.0.0.1", 0)) as closed:
            silent = f"http://127.0.0.1:{closed.getsockname()[1]}"
        answers: dict[str, Any] = {
            "bad": other(told()),
            "odd": other(odd("status.<b>late")),
            "strange": other(odd("status.late")),
            "empty": other({}),
            "rubbish": other(b"<html>"),
            "refused": other({}, 403),
            "led-away": other({}, 302),
            "slow": other(told(), slow=3),
        }
        text = over(folder, [HEADER, *people(1)])
        for name, answer in answers.items():
            url = stack.enter_context(answer).url
            text += f'[houses.named.{name}]\napi = "{url}"\ntoken = {{ env = "HOUSE_TOKEN" }}\n'
        text += f'[houses.named.silent]\napi = "{silent}"\ntoken = {{ env = "HOUSE_TOKEN" }}\n'
        text += '[houses.named.half]\npage = "https://opdigtet-0001.dk"\n'
        yield stack.enter_context(listening(folder, text))


def test_each_is_told_as_it_says_and_what_cannot_be_asked_is_unknown(site: Listening) -> None:
    began = time.monotonic()
    found = {one.name: one for one in houses.houses(site.app)}
    assert time.monotonic() - began < 3 + 5
    bad = found["bad"]
    assert (bad.level, bad.systems, bad.opt_outs) == (Level.CRITICAL, 2, 7)
    assert (bad.violations, bad.waiting, len(bad.troubles)) == (2, 3, 2)
    assert {name: one.why for name, one in found.items() if one.why} == {
        "odd": "houses.why.answer", "empty": "houses.why.answer", "rubbish": "houses.why.answer",
        "refused": "houses.why.token", "led-away": "houses.why.answer", "half": "houses.why.half",
        "slow": "houses.why.silent", "silent": "houses.why.silent",
    }  # fmt: skip
    assert {one.level for one in found.values() if one.why} == {Level.UNKNOWN}
    assert houses.worst(list(found.values())) is Level.CRITICAL
    assert houses.worst([found["slow"], found["strange"]]) is Level.UNKNOWN
    assert houses.worst([]) is Level.OK
    for lang in ("da", "en"):
        said = houses.as_text(list(found.values()), Texts(lang))
        assert TOKEN not in said
        assert said.count("\n") >= len(found)
    assert TOKEN not in as_json(list(found.values()))


def test_the_page_lists_them_the_worst_first(site: Listening) -> None:
    visit = person(site, "Vera", Role.VIEWER)
    assert 'href="/houses"' in visit.get("/").text
    page = visit.get("/houses").text
    assert page.index(">bad<") < page.index(">silent<") < page.index(">strange<")
    assert 'href="https://opdigtet-0001.dk"' in page
    assert "<b>late" not in page
    assert TOKEN not in page


def test_a_real_one_is_understood(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    lists = tmp_path / "lists"
    lists.mkdir()
    with listening(tmp_path, f'[api]\nport = 0\n[files]\nroot = "{lists}"\n') as one:
        made = tokens.make(one.app, "Overblik", {Scope.LOOK}, None, "Anna")
        monkeypatch.setenv("REAL_TOKEN", made.token)
        folder = tmp_path / "mine"
        folder.mkdir()
        section = f'[houses.named.a]\napi = "{one.urls["api"]}"\ntoken = {{ env = "REAL_TOKEN" }}\n'
        with listening(folder, over(folder, [HEADER]) + section) as mine:
            [line] = houses.houses(mine.app)
        status = overview(one.app).status
        assert (line.why, line.level) == (None, status.level)
        assert [each.code for each in line.troubles] == [each.code for each in status.troubles]
