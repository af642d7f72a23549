"""A simulated vendor on a port of this machine: what arrives, what goes wrong with it, what it answers.

What a vendor says to a call is its own (`Desk`); how many may be under way at once, faults on
demand and the record of calls are the same for all that are served from here.
"""

from __future__ import annotations

import asyncio
import re
import socket
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any, Protocol, TypeVar
from urllib.parse import parse_qsl, unquote

import orjson
import requests
import uvicorn
from simulators.faults import Fault, Trouble
from simulators.inward import Heard
from simulators.inward import Told as Wired
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

Pairs = Sequence[tuple[str, str]]


class Clock:
    """A clock that stands still until it is told otherwise."""

    def __init__(self, at: datetime | None = None) -> None:
        self.at = at or datetime(2026, 11, 24, 9, tzinfo=UTC)

    def __call__(self) -> datetime:
        """The time."""
        return self.at

    def pass_(self, seconds: float) -> None:
        """Time goes by."""
        self.at += timedelta(seconds=seconds)


@dataclass(frozen=True, slots=True)
class Ask:
    """One call, as it was let in. A name that stands more than once in the query is a list."""

    method: str
    path: str
    query: Mapping[str, tuple[str, ...]]
    headers: Mapping[str, str]
    body: Any
    under_way: int = 1
    """Calls at this moment, this one too."""

    def one(self, name: str, otherwise: str = "") -> str:
        """The last value of a name in the query."""
        return self.query.get(name, (otherwise,))[-1]


@dataclass(frozen=True, slots=True)
class Told:
    """Status, body and headers of an answer. A body of None is empty, text and bytes are sent as they
    are."""

    status: int = 200
    body: Any = None
    headers: Mapping[str, str] = field(default_factory=dict)
    type: str = "application/json; charset=utf-8"


class Desk(Protocol):
    """What a vendor says."""

    def answer(self, ask: Ask) -> Told: ...


@dataclass(frozen=True, slots=True)
class Call:
    """One call as it arrived, and the status of its answer."""

    method: str
    path: str
    status: int
    body: bytes


class Counted:
    """A vendor that keeps the calls that it had."""

    __slots__ = ()
    calls: Any

    def counted(self, method: str = ".*", path: str = ".*") -> int:
        """How many calls fit."""
        return sum(
            bool(re.fullmatch(method, one.method) and re.search(path, one.path))
            for one in self.calls
        )


@dataclass(slots=True)
class Vendor(Counted):
    """A desk and the line to it. `host` is the vendor's own address, which `address` stands in for."""

    desk: Desk
    host: str
    seconds: float = 0.0
    """How long each answer takes."""
    clock: Callable[[], datetime] = lambda: datetime.now(UTC)
    """The time of the header Date."""
    faults: list[Trouble] = field(default_factory=list)
    calls: list[Call] = field(default_factory=list)
    before: Callable[[str, str], None] = lambda _method, _path: None
    """Told of each call before it is done: what others do in the meantime."""
    address: str = ""
    _under_way: int = 0

    @property
    def elsewhere(self) -> dict[str, str]:
        """How the vendor's address is reached here."""
        return {self.host: self.address}

    def fault(self, fault: Fault, **how: Any) -> None:
        """Let something go wrong once, or as `how` says."""
        self.faults.append(Trouble(fault, **how))

    async def take(self, request: Request) -> Response:
        """One call from the line."""
        self._under_way += 1
        try:
            raw = await request.body()
            if self.seconds:
                await asyncio.sleep(self.seconds)
            pairs, path = request.query_params.multi_items(), request.url.path
            told, hit = self._heard(request.method, path, pairs, request.headers, raw)
            if hit and hit.fault is Fault.SLOW:
                await asyncio.sleep(hit.seconds)
        finally:
            self._under_way -= 1
        return self._response(told, hit)

    def door(self, heard: Heard) -> Wired:
        """One call from within this process (`simulators.inward`)."""
        pairs = parse_qsl(heard.address.query, keep_blank_values=True)
        path = unquote(heard.address.path)
        told, hit = self._heard(heard.method, path, pairs, heard.headers, heard.body)
        match hit.fault if hit else None:
            case Fault.LOST | Fault.DROPPED:
                raise requests.ConnectionError
            case Fault.HALF:
                raise requests.exceptions.ChunkedEncodingError
            case Fault.SLOW:
                raise requests.ReadTimeout
        return Wired(told.status, self._headers(told), _bytes_of(told.body))

    def _heard(
        self, method: str, path: str, pairs: Pairs, headers: Mapping[str, str], raw: bytes
    ) -> tuple[Told, Trouble | None]:
        self.before(method, path)
        hit = next((one for one in self.faults if one.strikes(method, path)), None)
        if hit and hit.fault is Fault.STATUS:
            told = Told(hit.status, hit.body or None, hit.headers)
        elif hit and hit.fault is Fault.DROPPED:
            told = Told(503)
        else:
            query: dict[str, tuple[str, ...]] = {}
            for name, value in pairs:
                query[name] = (*query.get(name, ()), value)
            body = self.body(raw) if raw else None
            # Who comes in by the door is the only one.
            under_way = max(self._under_way, 1)
            told = self.desk.answer(Ask(method, path, query, headers, body, under_way))
        self.calls.append(Call(method, path, told.status, raw))
        return told, hit

    def body(self, raw: bytes) -> Any:
        """What a desk is given of a body: most read JSON."""
        return orjson.loads(raw)

    def _response(self, told: Told, hit: Trouble | None) -> Response:
        raw, headers = _bytes_of(told.body), self._headers(told)
        if hit and hit.fault in {Fault.LOST, Fault.DROPPED, Fault.HALF}:
            half = hit.fault is Fault.HALF
            return Broken(raw[: len(raw) // 2] if half else b"", told.status, headers, half=half)
        return Response(raw or None, told.status, headers)

    def _headers(self, told: Told) -> dict[str, str]:
        date = format_datetime(self.clock().astimezone(UTC), usegmt=True)
        return {"Date": date, **told.headers, "Content-Type": told.type}


def _bytes_of(body: Any) -> bytes:
    if isinstance(body, bytes):
        return body
    return b"" if body is None else body.encode() if isinstance(body, str) else orjson.dumps(body)


class Broken(Response):
    """An answer that does not come, or breaks off in the middle: the line is cut."""

    def __init__(self, sent: bytes, status: int, headers: dict[str, str], *, half: bool) -> None:
        length = str(2 * len(sent) + 8)
        super().__init__(sent, status, {**headers, "Content-Length": length})
        self.half = half

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """Send what there is, and cut."""
        if self.half:
            start = {"type": "http.response.start", "status": self.status_code}
            await send({**start, "headers": self.raw_headers})
            await send({"type": "http.response.body", "body": self.body, "more_body": True})
        raise ConnectionAbortedError


class Line:
    """Between uvicorn and the app: a call that is to have no answer loses its connection."""

    def __init__(self, app: Any) -> None:
        self.app = app

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        try:
            await self.app(scope, receive, send)
        except ConnectionAbortedError:
            cycle = send.__self__
            cycle.disconnected = True
            cycle.transport.close()


class Takes(Protocol):
    """What can be served: it takes calls, and is told where it is reached."""

    address: str

    async def take(self, request: Request, /) -> Response: ...


T = TypeVar("T", bound=Takes)


@contextmanager
def served(vendor: T, port: int = 0) -> Iterator[T]:
    """On 127.0.0.1 in a thread of its own, until the block ends."""
    methods = ["GET", "POST", "PATCH", "PUT", "DELETE"]
    app = Starlette(routes=[Route("/{path:path}", vendor.take, methods=methods)])
    config = uvicorn.Config(
        Line(app.router),
        host="127.0.0.1",
        port=port,
        log_level="critical",
        access_log=False,
        date_header=False,
        server_header=False,
        lifespan="off",
    )
    server = uvicorn.Server(config)
    sockets = [config.bind_socket()]
    # Else each answer waits for the acknowledgement of its first half: 40 ms.
    sockets[0].setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    vendor.address = f"http://127.0.0.1:{sockets[0].getsockname()[1]}"
    thread = threading.Thread(target=server.run, kwargs={"sockets": sockets}, daemon=True)
    thread.start()
    while not server.started:
        time.sleep(0.005)
    try:
        yield vendor
    finally:
        server.should_exit = True
        thread.join()
        sockets[0].close()
