"""Calls to a system: signing in, patience, time-outs, the budget, and what a dry run may send."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from connectors.caller import Busy, Caller, Patience
from connectors.session import Line, NoAnswer, Read, Unmetered, open_session
from connectors.statuses import Ask, ask_of
from connectors.tokens import Token, Tokens
from rules.errors import SystemStopped, TryAgain, WroteInDryRun

HOST = "https://vendor.opdigtet-0001.dk"
Answer = tuple[int, dict[str, str]]


@dataclass
class Vendor:
    """A vendor that answers as it is told, request by request, and notes what reached it."""

    answers: list[Answer | None] = field(default_factory=list)
    seen: list[tuple[str, str, str]] = field(default_factory=list)
    address: str = ""

    def next(self) -> Answer | None:
        return self.answers.pop(0) if self.answers else (200, {})


@contextmanager
def _served(vendor: Vendor) -> Iterator[None]:
    class Handler(BaseHTTPRequestHandler):
        def _take(self) -> None:
            size = int(self.headers.get("Content-Length") or 0)
            self.rfile.read(size)
            vendor.seen.append((self.command, self.path, self.headers.get("Authorization", "")))
            answer = vendor.next()
            if answer is None:
                self.close_connection = True
                return
            status, headers = answer
            self.send_response(status)
            for name, text in {"Content-Length": "0", **headers}.items():
                self.send_header(name, text)
            self.end_headers()
            self.close_connection = "Content-Length" in headers

        do_GET = do_POST = do_PATCH = do_DELETE = _take  # noqa: N815 - named by http.server

        def log_message(self, *_: Any) -> None:
            """Nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    vendor.address = f"http://127.0.0.1:{server.server_address[1]}"
    try:
        yield
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


@pytest.fixture
def vendor() -> Iterator[Vendor]:
    vendor = Vendor()
    with _served(vendor):
        yield vendor


@dataclass
class Desk:
    """A caller with its clock, and how long it slept."""

    vendor: Vendor
    slept: list[float] = field(default_factory=list)
    fetched: int = 0
    now: datetime = datetime(2026, 11, 25, 9, 0, tzinfo=UTC)
    life: timedelta | None = None
    meter: Unmetered = field(default_factory=Unmetered)

    def fetch(self) -> Token:
        self.fetched += 1
        return Token(f"token-{self.fetched}", self.now + self.life if self.life else None)

    def caller(self, *, dry: bool = False, reads: tuple[Read, ...] = (), tries: int = 4) -> Caller:
        line = Line(
            "vendor", reads, dry=dry, meter=self.meter, elsewhere={HOST: self.vendor.address}
        )

        def sign(token: Token, headers: dict[str, str]) -> None:
            headers["Authorization"] = f"Bearer {token.secret}"

        return Caller(
            "vendor",
            open_session(line),
            Tokens(self.fetch, lambda: self.now),
            sign,
            patience=Patience(tries=tries),
            sleep=self.slept.append,
        )


@pytest.fixture
def desk(vendor: Vendor) -> Desk:
    return Desk(vendor)


def test_an_answer_comes_back_and_is_counted(desk: Desk, vendor: Vendor) -> None:
    assert desk.caller().call("GET", f"{HOST}/x?q=1", repeat=True).status_code == 200
    assert vendor.seen == [("GET", "/x?q=1", "Bearer token-1")]
    assert desk.meter.calls == 1


def test_a_dead_token_is_renewed_once_and_the_call_repeated(desk: Desk, vendor: Vendor) -> None:
    vendor.answers = [(401, {}), (200, {})]
    assert desk.caller().call("PATCH", f"{HOST}/x", repeat=False).status_code == 200
    assert [auth for _, _, auth in vendor.seen] == ["Bearer token-1", "Bearer token-2"]


def test_a_token_that_stays_dead_stops_the_system(desk: Desk, vendor: Vendor) -> None:
    vendor.answers = [(401, {}), (401, {})]
    with pytest.raises(SystemStopped):
        desk.caller().call("GET", f"{HOST}/x", repeat=True)
    assert len(vendor.seen) == 2


def test_a_token_near_its_end_is_renewed_before_it_is_refused(desk: Desk, vendor: Vendor) -> None:
    desk.life = timedelta(minutes=10)
    caller = desk.caller()
    caller.call("GET", f"{HOST}/x", repeat=True)
    desk.now += timedelta(minutes=9, seconds=30)
    caller.call("GET", f"{HOST}/x", repeat=True)
    assert [auth for _, _, auth in vendor.seen] == ["Bearer token-1", "Bearer token-2"]


def test_threads_that_find_a_token_dead_renew_it_once(desk: Desk) -> None:
    tokens = Tokens(desk.fetch, lambda: desk.now)
    dead = tokens.now()
    begin = threading.Barrier(8)
    got: list[Token] = []

    def renew() -> None:
        begin.wait()
        got.append(tokens.renew(dead))

    threads = [threading.Thread(target=renew) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert {one.secret for one in got} == {"token-2"}
    assert desk.fetched == 2


def test_a_token_is_not_shown() -> None:
    assert "secret" not in repr(Token("very-secret"))


@pytest.mark.parametrize("repeat", [True, False])
def test_too_many_requests_are_waited_for_as_long_as_the_system_says(
    desk: Desk, vendor: Vendor, *, repeat: bool
) -> None:
    vendor.answers = [(429, {"Retry-After": "7"}), (200, {})]
    desk.caller().call("PATCH", f"{HOST}/x", repeat=repeat)
    assert len(vendor.seen) == 2
    assert desk.slept[0] >= 7


def test_a_failure_of_the_system_is_repeated_only_where_that_does_nothing_twice(
    desk: Desk, vendor: Vendor
) -> None:
    vendor.answers = [(503, {}), (200, {})]
    assert desk.caller().call("GET", f"{HOST}/x", repeat=True).status_code == 200
    vendor.answers = [(503, {}), (200, {})]
    with pytest.raises(Busy):
        desk.caller().call("PATCH", f"{HOST}/x", repeat=False)
    assert len(vendor.seen) == 3


def test_who_asks_for_hours_is_left_alone(desk: Desk, vendor: Vendor) -> None:
    vendor.answers = [(429, {"Retry-After": "86400"})]
    with pytest.raises(TryAgain) as caught:
        desk.caller().call("GET", f"{HOST}/x", repeat=True)
    assert caught.value.after_seconds == 86_400
    assert not desk.slept


def test_patience_has_an_end(desk: Desk, vendor: Vendor) -> None:
    vendor.answers = [(503, {})] * 9
    with pytest.raises(TryAgain):
        desk.caller(tries=4).call("GET", f"{HOST}/x", repeat=True)
    assert len(vendor.seen) == 4


def test_a_lost_answer_is_told_apart_from_a_refusal(desk: Desk, vendor: Vendor) -> None:
    vendor.answers = [None]
    with pytest.raises(NoAnswer):
        desk.caller().call("PATCH", f"{HOST}/x", repeat=False)
    assert len(vendor.seen) == 1, "nobody knows whether it was done: it is not done again"


def test_half_an_answer_is_no_answer(desk: Desk, vendor: Vendor) -> None:
    vendor.answers = [(200, {"Content-Length": "99"})]
    with pytest.raises(NoAnswer):
        desk.caller().call("PATCH", f"{HOST}/x", repeat=False)
    assert len(vendor.seen) == 1


def test_a_dry_run_sends_what_is_listed_as_a_read_and_nothing_else(
    desk: Desk, vendor: Vendor
) -> None:
    reads = (
        Read("GET", r"/records(/\d+)?"),
        Read("POST", r"/search"),
        Read("POST", r"/soap", r"<getUpdated\b"),
    )
    caller = desk.caller(dry=True, reads=reads)
    caller.call("GET", f"{HOST}/records/7", repeat=True)
    caller.call("POST", f"{HOST}/search", repeat=True, json={"q": "x"})
    caller.call("POST", f"{HOST}/soap", repeat=True, data="<x><getUpdated/></x>")
    for method, path, body in (
        ("PATCH", "/records/7", ""),
        ("POST", "/records", ""),
        ("GET", "/records/7/delete", ""),
        ("POST", "/soap", "<x><merge/></x>"),
        ("DELETE", "/search", ""),
    ):
        with pytest.raises(WroteInDryRun):
            caller.call(method, f"{HOST}{path}", repeat=True, data=body)
    assert len(vendor.seen) == 3


@pytest.mark.parametrize(
    ("status", "ask"),
    [(200, Ask.GO_ON), (404, Ask.GONE), (418, Ask.REFUSED), (500, Ask.WAIT), (599, Ask.WAIT)],
)
def test_each_status_asks_for_something(status: int, ask: Ask) -> None:
    assert ask_of(status) is ask


def test_a_vendor_may_mean_something_else() -> None:
    assert ask_of(404, {404: Ask.STOP}) is Ask.STOP
