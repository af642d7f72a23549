"""The org on loopback: uvicorn in a thread, tokens checked, and faults on demand."""

from __future__ import annotations

import asyncio
import re
import threading
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Any, Self
from urllib.parse import parse_qsl, unquote

import requests
import uvicorn
from simulators.dynamics.api import ROOT, Api, query_of, refusal, throttled
from simulators.dynamics.batch import Asked, Said
from simulators.dynamics.org import Org, Refused
from simulators.dynamics.signin import App, Denied, Tenant
from simulators.inward import Heard, Told
from starlette.requests import Request
from starlette.responses import Response

HOST = "https://opdigtet-0001.crm4.dynamics.com"
LOGIN = "https://login.microsoftonline.com"
TENANT = "00000000-0000-0000-0000-0000000000aa"
CLIENT = "00000000-0000-0000-0000-0000000000cc"
SECRET = "made-up-secret"  # noqa: S105

Receive = Callable[[], Awaitable[Any]]
Send = Callable[[Any], Awaitable[None]]


class Fault(Enum):
    """What can go wrong with one request."""

    LOST = "answer lost after the write"
    DROPPED = "connection lost before anything was done"
    HALF = "half a body"
    SLOW = "a body that comes slowly"
    BUSY = "503"
    BROKEN = "500, nothing done"
    THROTTLED = "429 with Retry-After"
    CROWDED = "429 for too many at once"
    REVOKED = "the token is dead"
    NO_EFFECT = "an answer as if it had been done"
    GARBLED = "an answer that nobody can read"


@dataclass(slots=True)
class Planned:
    """A fault that waits for a request whose "METHOD path" the pattern is found in."""

    fault: Fault
    pattern: re.Pattern[str]
    times: int
    seconds: float


class Site:
    """A context manager; `elsewhere` maps the vendor's addresses to where it listens."""

    def __init__(self, org: Org | None = None, port: int = 0) -> None:
        self.org = org or Org()
        self.api = Api(self.org, HOST)
        self.tenant = Tenant(TENANT, LOGIN, self.org.clock)
        self.tenant.apps[CLIENT] = App(CLIENT, {SECRET})
        self.planned: list[Planned] = []
        self.before: Callable[[str, str], None] = lambda _method, _path: None
        """What others do just before a request arrives."""
        self._server = uvicorn.Server(
            uvicorn.Config(
                self._serve, "127.0.0.1", port, log_config=None, lifespan="off", ws="none",
                access_log=False, http="h11",
                interface="asgi3",
                proxy_headers=False, date_header=False, server_header=False,
            )
        )  # fmt: skip
        self._thread = threading.Thread(target=self._server.run, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        while not self._server.started:
            time.sleep(0.005)
        return self

    def __exit__(self, *_: object) -> None:
        self._server.should_exit = True
        self._thread.join()

    @property
    def address(self) -> str:
        """Where it listens."""
        port = self._server.servers[0].sockets[0].getsockname()[1]
        return f"http://127.0.0.1:{port}"

    @property
    def elsewhere(self) -> dict[str, str]:
        """The vendor's addresses, and this one."""
        return {HOST: self.address, LOGIN: self.address}

    def plan(self, fault: Fault, pattern: str = "", times: int = 1, seconds: float = 1) -> None:
        """The next `times` requests that fit will go wrong."""
        self.planned.append(Planned(fault, re.compile(pattern), times, seconds))

    def _due(self, shown: str) -> Planned | None:
        for one in self.planned:
            if one.times and one.pattern.search(shown):
                one.times -= 1
                return one
        return None

    async def _serve(self, scope: Any, receive: Receive, send: Send) -> None:
        request = Request(scope, receive)
        body = await request.body()
        path = unquote(request.url.path)
        headers = {name.lower(): value for name, value in request.headers.items()}
        said, planned = self._heard(request.method, path, request.url.query, headers, body)
        if said is None:
            _cut(send)
            return
        await self._send(said, planned, scope, receive, send)

    def door(self, heard: Heard) -> Told:
        """One request from within this process (`simulators.inward`)."""
        path = unquote(heard.address.path)
        said, planned = self._heard(
            heard.method, path, heard.address.query, heard.headers, heard.body
        )
        if said is None:
            raise requests.ConnectionError
        match planned.fault if planned else None:
            case Fault.HALF:
                raise requests.exceptions.ChunkedEncodingError
            case Fault.SLOW:
                raise requests.ReadTimeout
        return Told(said.status, self._headers(said), _content(said, planned))

    def _heard(
        self, method: str, path: str, query: str, headers: Mapping[str, str], body: bytes
    ) -> tuple[Said | None, Planned | None]:
        """The answer, None where none comes, and what is to go wrong with it."""
        self.before(method, path)
        if not path.startswith(ROOT):
            return self._sign_in(path, body), None
        asked = Asked(method, path.removeprefix(ROOT), query_of(query), headers, body)
        planned = self._due(f"{asked.method} {asked.path}")
        said = self._said(asked, planned)
        lost = planned is not None and planned.fault in {Fault.DROPPED, Fault.LOST}
        return None if lost else said, planned

    def _said(self, asked: Asked, planned: Planned | None) -> Said | None:
        client_id = self.tenant.who(asked.headers.get("authorization", ""))
        if planned and planned.fault is Fault.REVOKED:
            self.tenant.revoke()
            client_id = None
        if client_id is None:
            return Said(401, b"", {"WWW-Authenticate": "Bearer error=invalid_token"})
        match planned.fault if planned else None:
            case Fault.DROPPED:
                return None
            case Fault.BUSY:
                return Said(503, b"Service Unavailable", {"Retry-After": "2"})
            case Fault.BROKEN:
                return refusal(Refused(500, "0x80040216", "An unexpected error occurred."))
            case Fault.THROTTLED:
                return refusal(throttled(int(planned.seconds) if planned else 1))
            case Fault.CROWDED:
                return refusal(throttled(1, "0x80072326"))
            case Fault.NO_EFFECT:
                with self.org.lock:
                    self.org.deaf = True
                    try:
                        return self.api.answer(asked, client_id)
                    finally:
                        self.org.deaf = False
        return self.api.answer(asked, client_id)

    async def _send(
        self, said: Said, planned: Planned | None, scope: Any, receive: Receive, send: Send
    ) -> None:
        content, headers = _content(said, planned), self._headers(said)
        match planned.fault if planned else None:
            case Fault.HALF:
                await _start(send, said.status, headers, len(content))
                await send({"type": "http.response.body", "body": content[: len(content) // 2]})
            case Fault.SLOW:
                await _start(send, said.status, headers, len(content))
                for at in range(0, len(content), max(1, len(content) // 4)):
                    piece = content[at : at + max(1, len(content) // 4)]
                    await send({"type": "http.response.body", "body": piece, "more_body": True})
                    await asyncio.sleep((planned.seconds if planned else 1) / 4)
                await send({"type": "http.response.body", "body": b""})
            case _:
                await Response(content, said.status, headers)(scope, receive, send)

    def _headers(self, said: Said) -> dict[str, str]:
        return {
            "Content-Type": "application/json; odata.metadata=minimal",
            "OData-Version": "4.0",
            "Date": (self.org.clock() + self.org.skew).strftime("%a, %d %b %Y %H:%M:%S GMT"),
            "x-ms-ratelimit-burst-remaining-xrm-requests": str(self.api.most),
            **said.headers,
        }

    def _sign_in(self, path: str, body: bytes) -> Said:
        at = f"/{self.tenant.name}"
        with self.org.lock:
            if path == f"{at}/v2.0/.well-known/openid-configuration":
                return Said(200, self.tenant.discovery())
            if path == f"{at}/oauth2/v2.0/token":
                try:
                    return Said(200, self.tenant.token(dict(parse_qsl(body.decode())), HOST))
                except Denied as error:
                    return Said(400, error.body)
        return Said(404, {"error": "not_found"})


def _content(said: Said, planned: Planned | None) -> bytes:
    """The body; of a batch that nobody can read, with broken status lines."""
    content = said.content()
    if planned and planned.fault is Fault.GARBLED:
        return content.replace(b"HTTP/1.1 2", b"HTTP/1.1 ?")
    return content


async def _start(send: Send, status: int, headers: Mapping[str, str], length: int) -> None:
    told = [(name.lower().encode(), value.encode()) for name, value in headers.items()]
    told.append((b"content-length", str(length).encode()))
    await send({"type": "http.response.start", "status": status, "headers": told})


def _cut(send: Send) -> None:
    """Closes the connection without a word: uvicorn's own end of it."""
    send.__self__.transport.close()  # type: ignore[attr-defined]
