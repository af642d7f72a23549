"""The REST API: what each request comes to. Knows paths and bodies, no sockets.

Composite calls go through the same door as single ones, one after the other.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from urllib.parse import parse_qsl

import orjson
from simulators.salesforce.bulk import Bulk
from simulators.salesforce.journal import Row
from simulators.salesforce.org import Org
from simulators.salesforce.soql import Malformed
from simulators.salesforce.tickets import Tickets

VERSIONS = range(31, 69)


@dataclass(frozen=True, slots=True)
class Request:
    """One request, as it came in."""

    method: str
    path: str
    query: Mapping[str, str]
    headers: Mapping[str, str]
    """Names in small letters."""
    body: bytes = b""

    def json(self) -> Any:
        """The body; `Refused` when it is none."""
        try:
            return orjson.loads(self.body)
        except orjson.JSONDecodeError:
            raise Refused(400, "JSON_PARSER_ERROR", "Unexpected character") from None


@dataclass(frozen=True, slots=True)
class Answer:
    """What goes back."""

    status: int
    body: Any = None
    headers: Mapping[str, str] = field(default_factory=dict)


class Refused(Exception):
    """A request that is answered with Salesforce's list of errors."""

    def __init__(self, status: int, code: str, message: str, fields: tuple[str, ...] = ()) -> None:
        super().__init__(message)
        self.status = status
        self.body = [{"message": message, "errorCode": code, "fields": list(fields)}]
        if not fields:
            del self.body[0]["fields"]


@dataclass(slots=True)
class Locator:
    """An open query: which records it found when it began."""

    table: str
    fields: tuple[str, ...]
    found: list[Row]
    until: datetime
    size: int


@dataclass(slots=True)
class Desk:
    """Answers for one org. `daily` is its quota, `used` what has gone of it."""

    org: Org
    tickets: Tickets
    daily: int = 100_000
    used: int = 0
    page: int = 2000
    """Rows of a page at most: the real service sends fewer when they are wide."""
    composite_headers: bool = True
    """Whether a subrequest's own headers count: nobody has confirmed it of the real service."""
    composite_deleted: bool = True
    """Whether a composite call may ask for the delete log: not confirmed either."""
    closed_logs: bool = False
    """Whether the integration user may not read the delete log."""
    locators: dict[str, Locator] = field(default_factory=dict)
    bulk: Bulk = field(init=False)
    _locators_given: int = 0

    def __post_init__(self) -> None:
        self.bulk = Bulk(self.org)

    def answer(self, request: Request) -> Answer:
        """Sign in, count, route."""
        if request.path.rstrip("/") == "/services/oauth2/token":
            form = dict(parse_qsl(request.body.decode()))
            return Answer(*self.tickets.ask(form, request.headers.get("authorization", "")))
        if request.path.rstrip("/") == "/services/data":
            return Answer(200, [_version(number) for number in VERSIONS])
        who = self.tickets.user(request.headers.get("authorization", ""))
        if who is None:
            words = "Session expired or invalid"
            return Answer(401, [{"message": words, "errorCode": "INVALID_SESSION_ID"}])
        if self.used >= self.daily:
            words = "TotalRequests Limit exceeded."
            return self._counted(
                Answer(403, [{"message": words, "errorCode": "REQUEST_LIMIT_EXCEEDED"}])
            )
        self.used += 1
        with self.org.lock:
            return self._counted(self.routed(request, who))

    def _counted(self, answer: Answer) -> Answer:
        usage = {"Sforce-Limit-Info": f"api-usage={self.used}/{self.daily}"}
        return Answer(answer.status, answer.body, {**answer.headers, **usage})

    def routed(self, request: Request, who: str, *, how: str = "single") -> Answer:
        """The answer of the end point that a request names."""
        try:
            handle, parts = self._handler(request)
            return handle(self, request, who, how, *parts)
        except Refused as refused:
            return Answer(refused.status, refused.body)
        except Malformed as wrong:
            return Answer(400, [{"message": str(wrong), "errorCode": wrong.code}])

    def _handler(self, request: Request) -> tuple[Callable[..., Answer], tuple[str, ...]]:
        from simulators.salesforce.routes import ROUTES

        rest = self._rest(request.path)
        for method, pattern, handle in ROUTES:
            found = re.fullmatch(pattern, rest)
            if found and method == request.method:
                return handle, found.groups()
        raise Refused(404, "NOT_FOUND", "The requested resource does not exist")

    @staticmethod
    def _rest(path: str) -> str:
        found = re.fullmatch(r"/services/data/v(\d+)\.0/(.*?)/?", path)
        if found is None:
            raise Refused(404, "NOT_FOUND", "The requested resource does not exist")
        if int(found[1]) not in VERSIONS:
            raise Refused(410, "UNSUPPORTED_API_VERSION", f"Version {found[1]}.0 is retired")
        return found[2]


def _version(number: int) -> dict[str, str]:
    return {
        "label": f"API {number}",
        "url": f"/services/data/v{number}.0",
        "version": f"{number}.0",
    }
