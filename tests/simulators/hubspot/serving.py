"""The simulator on a port of this machine: who may come in, how often, and what goes wrong."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from email.utils import format_datetime
from typing import Any
from urllib.parse import parse_qsl, unquote

import orjson
import requests
from simulators.faults import Fault, Trouble
from simulators.hubspot.answers import Told
from simulators.hubspot.desk import Desk
from simulators.hubspot.limits import Limits
from simulators.hubspot.portal import Portal, wall_clock
from simulators.hubspot.tickets import Tickets
from simulators.inward import Heard
from simulators.inward import Told as Wired
from simulators.web import Broken, Call, Counted
from starlette.requests import Request
from starlette.responses import Response

HOST = "https://api.hubapi.com"
_TOKENS = re.compile(r"/oauth/(?:v1|20\d\d-\d\d)/token")
_TOKEN_INFO = "/oauth/v2/private-apps/get/access-token-info"  # noqa: S105 - a path


@dataclass(slots=True)
class Vendor(Counted):
    """A whole simulated HubSpot: the portal, its desk, and the line to it."""

    portal: Portal
    desk: Desk
    tickets: Tickets
    limits: Limits = field(default_factory=Limits)
    skew: timedelta = timedelta()
    """By how much the clock of the header Date is wrong."""
    faults: list[Trouble] = field(default_factory=list)
    calls: list[Call] = field(default_factory=list)
    before: Callable[[str, str], None] = lambda _method, _path: None
    """Told of each call before it is done: what others do in the meantime."""
    address: str = ""

    @property
    def elsewhere(self) -> dict[str, str]:
        """How the vendor's address is reached here."""
        return {HOST: self.address}

    def fault(self, fault: Fault, **how: Any) -> None:
        """Let something go wrong once, or as `how` says."""
        self.faults.append(Trouble(fault, **how))

    async def take(self, request: Request) -> Response:
        """One call from the line."""
        raw, path = await request.body(), request.url.path
        key = request.headers.get("Authorization", "")
        pairs = request.query_params.multi_items()
        told, hit = self._heard(request.method, path, _query(pairs), key, raw)
        if hit and hit.fault is Fault.SLOW:
            await asyncio.sleep(hit.seconds)
        return self._response(told, hit, search=path.endswith("/search"))

    def door(self, heard: Heard) -> Wired:
        """One call from within this process (`simulators.inward`)."""
        path = unquote(heard.address.path)
        pairs = parse_qsl(heard.address.query, keep_blank_values=True)
        key = heard.headers.get("authorization", "")
        told, hit = self._heard(heard.method, path, _query(pairs), key, heard.body)
        match hit.fault if hit else None:
            case Fault.LOST | Fault.DROPPED:
                raise requests.ConnectionError
            case Fault.HALF:
                raise requests.exceptions.ChunkedEncodingError
            case Fault.SLOW:
                raise requests.ReadTimeout
        return Wired(*self._wired(told, search=path.endswith("/search")))

    def _heard(
        self, method: str, path: str, query: Mapping[str, str], key: str, raw: bytes
    ) -> tuple[Told, Trouble | None]:
        """What it comes to, and what is to go wrong with it."""
        self.before(method, path)
        hit = next((one for one in self.faults if one.strikes(method, path)), None)
        told = self._told(method, path, query, key, raw, hit)
        self.calls.append(Call(method, path, told.status, raw))
        return told, hit

    def _told(
        self,
        method: str,
        path: str,
        query: Mapping[str, str],
        key: str,
        raw: bytes,
        hit: Trouble | None,
    ) -> Told:
        if hit and hit.fault is Fault.REVOKED:
            self.tickets.revoke()
        if hit and hit.fault is Fault.STATUS:
            return Told(hit.status, self.desk.envelope("OOPS", "trouble", **hit.body), hit.headers)
        if hit and hit.fault is Fault.DROPPED:
            return Told(503)
        if _TOKENS.fullmatch(path):
            return Told(*self.tickets.grant(dict(parse_qsl(raw.decode()))))
        if told := self._kept_out(method, path, key):
            return told
        body = orjson.loads(raw) if raw else None
        if path == _TOKEN_INFO:
            return self._token_info(str(body["tokenKey"]))
        return self.desk.answer(method, path, query, body)

    def _kept_out(self, method: str, path: str, header: str) -> Told | None:
        if not self.tickets.is_known(header):
            message = "The token is expired or unknown"
            return Told(401, self.desk.envelope("EXPIRED_AUTHENTICATION", message))
        policy = self.limits.refusal(self.portal.now_ms, search=path.endswith("/search"))
        if policy:
            body = self.desk.envelope("RATE_LIMITS", "You have reached a limit")
            return Told(429, {**body, "errorType": "RATE_LIMIT", "policyName": policy})
        if scope := self.tickets.missing(method, path):
            message = "This app hasn't been granted all required scopes"
            context = {"requiredGranularScopes": [scope]}
            return Told(403, self.desk.envelope("MISSING_SCOPES", message, context=context))
        return None

    def _token_info(self, token: str) -> Told:
        scopes = sorted(self.tickets.scopes)
        known = token in self.tickets.keys
        found = {"userId": 1, "hubId": self.portal.portal_id, "appId": 11, "scopes": scopes}
        return Told(200, found) if known else Told(404, self.desk.envelope("NOT_FOUND", "no token"))

    def _wired(self, told: Told, *, search: bool) -> tuple[int, dict[str, str], bytes]:
        """Status, headers and body as they go over the line."""
        date = format_datetime(self.portal.clock() + self.skew, usegmt=True)
        headers = {"Date": date, **self.limits.headers(search=search), **told.headers}
        if told.status == 204:
            return 204, headers, b""
        headers["Content-Type"] = "application/json;charset=utf-8"
        return told.status, headers, orjson.dumps(told.body)

    def _response(self, told: Told, hit: Trouble | None, *, search: bool) -> Response:
        status, headers, raw = self._wired(told, search=search)
        if hit and hit.fault in {Fault.LOST, Fault.DROPPED, Fault.HALF}:
            sent = raw[: len(raw) // 2] if hit.fault is Fault.HALF else b""
            return Broken(sent, status, headers, half=hit.fault is Fault.HALF)
        return Response(raw or None, status, headers)


def _query(pairs: Iterable[tuple[str, str]]) -> dict[str, str]:
    """A name that stands twice is a list, as one with commas is."""
    found: dict[str, str] = {}
    for name, value in pairs:
        found[name] = f"{found[name]},{value}" if name in found else value
    return found


def build(clock: Callable[[], datetime] = wall_clock) -> Vendor:
    """An empty portal; not served yet."""
    portal = Portal(clock)
    return Vendor(portal, Desk(portal), Tickets(clock))
