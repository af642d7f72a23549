"""The simulator on a port of this machine, with whatever can go wrong on the way."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from enum import Enum
from typing import Any
from urllib.parse import parse_qsl, unquote

import orjson
import requests
from simulators.inward import Heard, Told
from simulators.salesforce.desk import Answer, Desk, Request
from simulators.salesforce.org import Org
from simulators.salesforce.tickets import App, Tickets
from simulators.web import Counted
from starlette.requests import Request as Incoming
from starlette.responses import Response

HOST = "https://opdigtet.my.salesforce.com"
LOGIN = "https://login.salesforce.com"


class Trouble(Enum):
    """What can go wrong with a request."""

    LOST = "done, and the answer lost"
    DROPPED = "lost before it was done"
    HALF = "done, and half of the answer lost"
    BUSY = "503, not done"
    FAILED = "500, done"
    SLOW = "done, and the answer comes too late"
    HOLLOW = "answered as done, and not done"
    SIGNED_OUT = "all sessions end just before"
    GARBLED = "200 with a page of HTML"


@dataclass(slots=True)
class Fault:
    """Trouble with the requests that fit, after the first `skip` of them, so many `times`."""

    trouble: Trouble
    method: str = ".*"
    path: str = ".*"
    times: int = 1
    skip: int = 0

    def strikes(self, method: str, path: str) -> bool:
        """Whether this request is hit; counts."""
        if (
            not self.times
            or not re.fullmatch(self.method, method)
            or not re.search(self.path, path)
        ):
            return False
        if self.skip:
            self.skip -= 1
            return False
        self.times -= 1
        return True


@dataclass(frozen=True, slots=True)
class Call:
    """One request as it arrived, and the status of its answer."""

    method: str
    path: str
    query: str
    status: int
    body: bytes


@dataclass(slots=True)
class Clock:
    """The server's clock: real time, moved ahead or standing still."""

    ahead: timedelta = timedelta()
    stopped: datetime | None = None

    def __call__(self) -> datetime:
        return (self.stopped or datetime.now(UTC)) + self.ahead

    def pass_by(self, **how: float) -> None:
        """Time goes by."""
        self.ahead += timedelta(**how)


@dataclass(slots=True)
class Vendor(Counted):
    """A whole simulated Salesforce: the org, its desk, and the line to it."""

    clock: Clock
    org: Org
    desk: Desk
    skew: timedelta = timedelta()
    """By how much the clock of the header Date is wrong."""
    faults: list[Fault] = field(default_factory=list)
    calls: list[Call] = field(default_factory=list)
    before: Callable[[str, str], None] = lambda _method, _path: None
    """What others do just before a request arrives."""
    slow_seconds: float = 2.0
    request_takes: timedelta = timedelta()
    """How far a request moves the clock, where time stands still otherwise."""
    address: str = ""

    @property
    def elsewhere(self) -> dict[str, str]:
        """How the vendor's addresses are reached here."""
        return {HOST: self.address, LOGIN: self.address}

    def fault(self, trouble: Trouble, **how: Any) -> None:
        """Let something go wrong once, or as `how` says."""
        self.faults.append(Fault(trouble, **how))

    async def take(self, incoming: Incoming) -> Response:
        """One request from the line."""
        body = await incoming.body()
        headers = {name.lower(): value for name, value in incoming.headers.items()}
        url = incoming.url
        request = Request(incoming.method, url.path, dict(incoming.query_params), headers, body)
        answer, hit = self._heard(request, url.query)
        if hit is Trouble.SLOW:
            await asyncio.sleep(self.slow_seconds)
        return self._response(answer, hit)

    def door(self, heard: Heard) -> Told:
        """One request from within this process (`simulators.inward`)."""
        address = heard.address
        query = dict(parse_qsl(address.query, keep_blank_values=True))
        request = Request(heard.method, unquote(address.path), query, heard.headers, heard.body)
        answer, hit = self._heard(request, address.query)
        if hit in {Trouble.LOST, Trouble.DROPPED}:
            raise requests.ConnectionError
        if hit is Trouble.HALF:
            raise requests.exceptions.ChunkedEncodingError
        if hit is Trouble.SLOW:
            raise requests.ReadTimeout
        return Told(*self._wired(answer, hit))

    def _heard(self, request: Request, query: str) -> tuple[Answer, Trouble | None]:
        """What it comes to, and what is to go wrong with it."""
        if self.request_takes:
            self.clock.pass_by(seconds=self.request_takes.total_seconds())
        method, path = request.method, request.path
        hit = next((f.trouble for f in self.faults if f.strikes(method, path)), None)
        if hit is Trouble.HOLLOW:
            request = replace(request, headers={**request.headers, "hollow": "1"})
        if hit is Trouble.SIGNED_OUT:
            self.desk.tickets.revoke()
        self.before(method, path)
        answer = Answer(503, [{"message": "busy", "errorCode": "SERVER_UNAVAILABLE"}])
        if hit not in {Trouble.BUSY, Trouble.DROPPED}:
            answer = self.desk.answer(request)
        self.calls.append(Call(method, path, query, answer.status, request.body))
        return answer, hit

    def _wired(self, answer: Answer, hit: Trouble | None) -> tuple[int, dict[str, str], bytes]:
        """Status, headers and body as they go over the line."""
        date = format_datetime(self.clock().astimezone(UTC) + self.skew, usegmt=True)
        kind = {"Content-Type": "application/json;charset=UTF-8"}
        headers = {"Date": date, **kind, **answer.headers}
        if hit is Trouble.FAILED:
            return 500, headers, b'[{"message":"oops","errorCode":"UNKNOWN_EXCEPTION"}]'
        if hit is Trouble.GARBLED:
            page = {**headers, "Content-Type": "text/html"}
            return 200, page, b"<html>maintenance</html>"
        if answer.status in {204, 304}:
            return answer.status, headers, b""
        raw = answer.body.encode() if isinstance(answer.body, str) else orjson.dumps(answer.body)
        return answer.status, headers, raw

    def _response(self, answer: Answer, hit: Trouble | None) -> Response:
        status, headers, raw = self._wired(answer, hit)
        if hit in {Trouble.LOST, Trouble.DROPPED, Trouble.HALF}:
            sent = raw[: len(raw) // 2] if hit is Trouble.HALF else b""
            return Broken(sent, 200, {**headers, "Content-Length": str(len(raw) + 8)})
        return Response(raw or None, status, headers)


class Broken(Response):
    """An answer that promises more than it brings: the line breaks off."""

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """Begin, send what there is, and break off."""
        await send(
            {"type": "http.response.start", "status": self.status_code, "headers": self.raw_headers}
        )
        await send({"type": "http.response.body", "body": self.body, "more_body": True})
        scope["transport_gone"] = True
        raise BrokenPipeError


def build(clock: Callable[[], datetime] | None = None, app: App | None = None) -> Vendor:
    """An empty org with an app that may sign in; not served yet."""
    ticking: Any = clock if hasattr(clock, "pass_by") else Clock()
    org = Org(clock=ticking)
    return Vendor(ticking, org, Desk(org, Tickets(ticking, HOST, app or App())))
