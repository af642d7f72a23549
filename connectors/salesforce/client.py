"""The line to one org: queries, descriptions and composite calls, counted and waited for.

simple-salesforce makes what it makes well (describe, queries and their pages, bulk jobs) on a
session of ours; whatever needs a header to arrive, or more records than one, is called directly:
after a 401 that library sends its request again without the headers that were given.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime, parsedate_to_datetime
from http import HTTPStatus
from typing import Any, Final
from urllib.parse import quote

import orjson
import requests
from simple_salesforce.api import Salesforce
from simple_salesforce.exceptions import SalesforceError

from connectors.caller import Caller, Patience
from connectors.salesforce.logins import Clock, Login, fetching
from connectors.session import Line, Meter, Read, Unmetered, open_session
from connectors.statuses import Ask
from connectors.tokens import Token, Tokens
from rules.errors import SystemStopped, TryAgain

VERSION: Final = "67.0"
SETTLES: Final = timedelta(seconds=5)
"""So long before the server's now a reading ends: stamps of the last seconds are still being set."""
RETRIEVE_MOST: Final = 2000
LONG_AGO: Final = datetime(2000, 1, 1, tzinfo=UTC)
_V: Final = r"/services/data/v\d+\.0"

READS: Final[tuple[Read, ...]] = (
    Read("POST", r"/services/oauth2/token"),
    Read("GET", r"/services/data/?"),
    Read("GET", rf"{_V}/.*"),
    Read("POST", rf"{_V}/composite/sobjects/\w+", r'"ids":'),
    Read("POST", rf"{_V}/composite", r'\A(?s:(?!.*"method":\s*"(?!GET")).*)\Z'),
    Read("POST", rf"{_V}/jobs/query", r'"operation":\s*"query(All)?"'),
)
"""What a dry run may send. A batch read is a POST with ids, a composite one has only GETs inside."""

_STATUSES: Final[Mapping[int, Ask]] = {403: Ask.REFUSED, 300: Ask.REFUSED}
# 403 is both "no right" and "no calls left": the code in the body tells.
_USAGE: Final = re.compile(r"api-usage=(\d+)/(\d+)")
_PASSING: Final = frozenset(
    {"REQUEST_LIMIT_EXCEEDED", "SERVER_UNAVAILABLE", "QUERY_TIMEOUT", "REQUEST_RUNNING_TOO_LONG"}
)


class LocatorDead(Exception):
    """The open query has ended on the server: ask anew from where it had come to."""


class Org:
    """One org. Errors: those of `Caller`, and `SystemStopped` for what the org refuses."""

    def __init__(
        self,
        system: str,
        login: Login,
        *,
        clock: Clock,
        dry: bool = False,
        meter: Meter | None = None,
        elsewhere: Mapping[str, str] | None = None,
        version: str = VERSION,
        patience: Patience | None = None,
        sleep: Callable[[float], None] = time.sleep,
        elapsed: Callable[[], float] = time.monotonic,
        read_seconds: float = 60.0,
    ) -> None:
        self.system, self.version = system, version
        self._meter, self._elapsed, self.sleep = meter or Unmetered(), elapsed, sleep
        self._heard_at: tuple[datetime, float] | None = None
        self.calls = 0
        self.heeds: bool | None = None
        """Whether headers of a composite call's parts are heeded; None while nobody has asked."""
        line = Line(
            system,
            READS,
            dry=dry,
            meter=self._meter,
            elsewhere=elsewhere or {},
            heard=self._heard,
            read_seconds=read_seconds,
        )
        session = open_session(line)
        self._tokens = Tokens(fetching(system, session, login, clock), clock)
        self._caller = Caller(
            system,
            session,
            self._tokens,
            _sign,
            statuses=_STATUSES,
            explain=explained,
            patience=patience or Patience(),
            sleep=sleep,
        )
        self._client: _Client | None = None
        self.host = login.url.rstrip("/")
        """Where records are looked at; from the first sign-in on as its answer says."""

    # --- the server's clock and quota ---

    def _heard(self, answer: requests.Response) -> None:
        self.calls += 1
        if said := answer.headers.get("Date"):
            at = parsedate_to_datetime(said).astimezone(UTC)
            self._heard_at = (at, self._elapsed())
        if usage := _USAGE.search(answer.headers.get("Sforce-Limit-Info", "")):
            self._meter.told(self.system, int(usage[1]), int(usage[2]))

    def now(self) -> datetime:
        """The server's time, from its last answer and what has passed since; never this machine's."""
        if self._heard_at is None:
            self.versions()
        assert self._heard_at is not None  # noqa: S101 - every answer of HTTP/1.1 is dated
        at, then = self._heard_at
        return at + timedelta(seconds=self._elapsed() - then)

    def settled(self) -> datetime:
        """Up to when stamps are surely set, to the second."""
        return (self.now() - SETTLES).replace(microsecond=0)

    @property
    def user(self) -> str:
        """The id of the user whom we are signed in as; "" when the sign-in did not say."""
        return self._tokens.now().user

    # --- what simple-salesforce does ---

    @property
    def client(self) -> Salesforce:
        """Its client, on our session."""
        if self._client is None:
            self.host = self._tokens.now().host
            self._client = _Client(self.host, self.version, _Signed(self._caller))
        return self._client

    def describe(self, name: str) -> Mapping[str, Any] | None:
        """An object as it stands for our user; None when there is none for him."""
        try:
            return dict(getattr(self.client, name).describe())
        except SalesforceError as error:
            if error.status == HTTPStatus.NOT_FOUND:
                return None
            raise self._refused(error) from error

    def query(self, soql: str, *, deleted: bool) -> Mapping[str, Any]:
        """The first page of a query."""
        try:
            return dict(self.client.query(soql, include_deleted=deleted))
        except SalesforceError as error:
            raise self._refused(error) from error

    def more(self, url: str) -> Mapping[str, Any]:
        """A further page; `LocatorDead` when the server has forgotten the query."""
        try:
            return dict(self.client.query_more(url, identifier_is_url=True))
        except SalesforceError as error:
            raise self._refused(error) from error

    def _refused(self, error: SalesforceError) -> Exception:
        return self.trouble(error.status, error.content)

    # --- what is called directly ---

    def versions(self) -> Sequence[Mapping[str, str]]:
        """Which versions of the interface the org speaks."""
        answer = self._caller.call("GET", self.url("/services/data/"), repeat=True)
        return list(self._json(answer))

    def limits(self) -> Mapping[str, Any]:
        """What is left of the org's limits."""
        return dict(self._read("GET", "/limits"))

    def counts(self, names: Sequence[str]) -> Mapping[str, int]:
        """About how many records objects have."""
        told = self._read("GET", f"/limits/recordCount?sObjects={','.join(names)}")
        return {one["name"]: int(one["count"]) for one in told["sObjects"]}

    def custom_field(self, table: str, name: str) -> tuple[str, dict[str, Any]] | None:
        """Id and metadata of one of the customer's own fields, as the Tooling API tells of it."""
        bare = name.removesuffix("__c")
        # Both are names that describe gave us.
        asked = (
            f"SELECT Id FROM CustomField WHERE DeveloperName = '{bare}' "  # noqa: S608
            f"AND EntityDefinition.QualifiedApiName = '{table}'"
        )
        found = self._read("GET", f"/tooling/query?q={quote(asked)}")["records"]
        if not found:
            return None
        ident = str(found[0]["Id"])
        return ident, dict(self._read("GET", f"/tooling/sobjects/CustomField/{ident}")["Metadata"])

    def deleted(self, name: str, start: datetime, end: datetime) -> Mapping[str, Any]:
        """The delete log of an object, from `start` to `end`."""
        window = f"start={quote(start.isoformat())}&end={quote(end.isoformat())}"
        return dict(self._read("GET", f"/sobjects/{name}/deleted/?{window}"))

    def retrieve(
        self, name: str, ids: Sequence[str], fields: Sequence[str]
    ) -> list[Mapping[str, Any] | None]:
        """Up to 2,000 known records in the order asked, None for one that is gone: one call."""
        body = {"ids": list(ids), "fields": list(fields)}
        return list(self._read("POST", f"/composite/sobjects/{name}", body))

    def composite(self, parts: Sequence[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
        """Several reads in one call; the answers in the order asked."""
        asked = [{**part, "referenceId": f"r{at}"} for at, part in enumerate(parts)]
        body = {"allOrNone": False, "compositeRequest": asked}
        return list(self._read("POST", "/composite", body)["compositeResponse"])

    def question(self) -> Sequence[Mapping[str, Any]]:
        """A part of a composite call that tells whether parts' headers are heeded; none once known.

        Our own user is asked for on the condition that he has not changed since long ago. Who
        heeds that says 412, who does not shows him. It costs nothing in a call that is made anyway.
        """
        if self.heeds is not None or not self.user:
            return ()
        path = self.path(f"/sobjects/User/{self.user}?fields=Id")
        return ({"method": "GET", "url": path, "httpHeaders": guard(LONG_AGO)},)

    def heard(self, answer: Mapping[str, Any]) -> None:
        """The answer to the question."""
        self.heeds = answer["httpStatusCode"] == HTTPStatus.PRECONDITION_FAILED

    def job(self, asked: Mapping[str, str]) -> Mapping[str, Any]:
        """Start a query job of the Bulk API. It changes nothing; a second one would only be lost."""
        return dict(self._read("POST", "/jobs/query", asked))

    def job_state(self, job: str) -> Mapping[str, Any] | None:
        """How far a job has come; None when there is none."""
        answer = self._send("GET", f"/jobs/query/{job}", None, repeat=True)
        return dict(self._checked(answer)) if answer.status_code != HTTPStatus.NOT_FOUND else None

    def job_page(self, job: str, locator: str, most: int) -> tuple[str, str] | None:
        """A page of a job's results as CSV, and the next page's locator; None: no such job."""
        more = f"&locator={quote(locator)}" if locator else ""
        path = f"/jobs/query/{job}/results?maxRecords={most}{more}"
        answer = self._send("GET", path, None, repeat=True)
        if answer.status_code == HTTPStatus.NOT_FOUND:
            return None
        if answer.status_code >= HTTPStatus.MULTIPLE_CHOICES:
            raise self.trouble(answer.status_code, _content(answer))
        following = answer.headers.get("Sforce-Locator", "null")
        return answer.content.decode(), "" if following == "null" else following

    def write(
        self, method: str, path: str, body: Any, headers: Mapping[str, str] | None = None
    ) -> requests.Response:
        """A write, sent once. `NoAnswer` or `Busy` when it is not known what became of it."""
        return self._send(method, path, body, repeat=False, headers=headers)

    def _read(self, method: str, path: str, body: Any = None) -> Any:
        return self._checked(self._send(method, path, body, repeat=True))

    def _checked(self, answer: requests.Response) -> Any:
        if answer.status_code >= HTTPStatus.MULTIPLE_CHOICES:
            raise self.trouble(answer.status_code, _content(answer))
        return self._json(answer)

    def _send(
        self,
        method: str,
        path: str,
        body: Any,
        *,
        repeat: bool,
        headers: Mapping[str, str] | None = None,
    ) -> requests.Response:
        raw = None if body is None else orjson.dumps(body)
        given = {"Content-Type": "application/json", **(headers or {})}
        return self._caller.call(
            method, self.url(self.path(path)), repeat=repeat, headers=given, data=raw
        )

    def path(self, rest: str) -> str:
        """The path of an end point."""
        return f"/services/data/v{self.version}{rest}"

    def query_path(self, soql: str, *, deleted: bool) -> str:
        """The path of a query, as a part of a composite call names it."""
        return self.path(f"/query{'All' if deleted else ''}?q={quote(soql)}")

    def url(self, path: str) -> str:
        """An address at the host that the sign-in named."""
        return f"{self._tokens.now().host}{path}"

    def _json(self, answer: requests.Response) -> Any:
        return _loaded(self.system, answer)

    def trouble(self, status: int, content: Any) -> Exception:
        """The error that a refused request comes to. Only codes and names of fields are shown."""
        code = code_of(content)
        if code == "INVALID_QUERY_LOCATOR":
            return LocatorDead()
        if code in _PASSING:
            return TryAgain("error.busy", system=self.system, why=code)
        if status == HTTPStatus.FORBIDDEN or code in {"INVALID_FIELD", "INVALID_TYPE"}:
            return SystemStopped("error.no_right", system=self.system, why=code or str(status))
        return SystemStopped("salesforce.refused", system=self.system, why=code or str(status))


def guard(at: datetime) -> dict[str, str]:
    """The header that lets a request through only where nothing was changed after a moment."""
    return {"If-Unmodified-Since": format_datetime(at.astimezone(UTC), usegmt=True)}


def _sign(token: Token, headers: dict[str, str]) -> None:
    headers["Authorization"] = f"Bearer {token.secret}"


def explained(answer: requests.Response) -> str:
    """What may be shown of an error."""
    code = code_of(_content(answer))
    return f"HTTP {answer.status_code} {code}".rstrip()


def code_of(content: Any) -> str:
    """The first code of a list of errors, however it is called there; "" when there is none."""
    first = content[0] if isinstance(content, list) and content else content
    if not isinstance(first, dict):
        return ""
    return str(first.get("errorCode") or first.get("statusCode") or first.get("error") or "")


def _content(answer: requests.Response) -> Any:
    try:
        return orjson.loads(answer.content)
    except orjson.JSONDecodeError:
        return None


def _loaded(system: str, answer: requests.Response) -> Any:
    try:
        return orjson.loads(answer.content)
    except orjson.JSONDecodeError:
        # A page for people, while the system is being mended.
        raise TryAgain("error.busy", system=system, why="no JSON") from None


class _Signed(requests.Session):
    """A session for the library: each request is signed, waited for and repeated by `Caller`."""

    def __init__(self, caller: Caller) -> None:
        super().__init__()
        self._caller = caller

    def request(self, method: str, url: str, **how: Any) -> requests.Response:  # type: ignore[override]
        headers = {
            name: value
            for name, value in dict(how.pop("headers", None) or {}).items()
            if name.lower() not in {"authorization", "x-prettyprint"}
        }
        return self._caller.call(str(method), str(url), repeat=True, headers=headers, **how)


class _Client(Salesforce):
    """The library, with a quicker reader of JSON. Only reads go through it, so all may be repeated."""

    def __init__(self, host: str, version: str, session: requests.Session) -> None:
        super().__init__(
            session_id="signed-by-the-session",
            instance_url=host,
            version=version,
            session=session,
        )

    def parse_result_to_json(self, result: requests.Response) -> Any:
        return _loaded("salesforce", result)
