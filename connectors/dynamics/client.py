"""The line to one environment: pages, batches and descriptions, counted and waited for.

There is no client library that can do what is needed here (change tracking, If-Match in batches):
the Web API is called directly, version 9.2. docs/systems/dynamics.md has the table of calls.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from http import HTTPStatus
from typing import Any, Final
from urllib.parse import quote

import orjson
import requests

from connectors.caller import Caller, Patience
from connectors.dynamics import batches
from connectors.entra import Clock, Login, fetching
from connectors.session import Line, Meter, Read, Unmetered, open_session
from connectors.statuses import Ask
from connectors.tokens import Token, Tokens
from rules.errors import StartOver, SystemStopped

PATH: Final = "/api/data/v9.2/"
PAGE: Final = 5000
"""Rows of a page, the most that is given. All pages of one reading must be asked for alike."""
COUNTED: Final = 'odata.maxpagesize=1,odata.include-annotations="*"'
_CRM: Final = "Microsoft.Dynamics.CRM."
TRACKED: Final = f"odata.track-changes,odata.maxpagesize={PAGE}"

READS: Final[tuple[Read, ...]] = (
    Read("GET", r"/[\w.-]+/v2\.0/\.well-known/openid-configuration"),
    Read("POST", r"/[\w.-]+/oauth2/v2\.0/token"),
    Read("GET", r"/api/data/v9\.2/.*"),
)
"""What a dry run may send. A batch is not among them, whatever stands in it."""

_STATUSES: Final[Mapping[int, Ask]] = {}
_HEADERS: Final = {
    "Accept": "application/json",
    "OData-Version": "4.0",
    "OData-MaxVersion": "4.0",
    # Without it, an answer may come from a cache.
    "If-None-Match": "null",
}
_PRIVILEGE: Final = re.compile(r"\bprv[A-Z]\w{2,60}")
_CODE: Final = re.compile(r"-?\w{1,40}")
_TOO_LARGE: Final = frozenset({HTTPStatus.REQUEST_ENTITY_TOO_LARGE, HTTPStatus.BAD_REQUEST})


class TooMuch(Exception):
    """The batch was refused as a whole: in smaller pieces it may go through. `code` says why."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


class Org:
    """One environment. Errors: those of `Caller`, and `SystemStopped` for what it refuses."""

    def __init__(
        self,
        system: str,
        url: str,
        login: Login,
        *,
        clock: Clock,
        dry: bool = False,
        meter: Meter | None = None,
        elsewhere: Mapping[str, str] | None = None,
        patience: Patience | None = None,
        sleep: Callable[[float], None] = time.sleep,
        elapsed: Callable[[], float] = time.monotonic,
        read_seconds: float = 150.0,
    ) -> None:
        self.system, self.host = system, url.rstrip("/")
        self.sleep, self.elapsed = sleep, elapsed
        self.calls = self.throttled = 0
        self.dated: datetime | None = None
        """The server's time in its last answer, to the second."""
        self._then = 0.0
        self.schema_changed = False
        """We have made columns: metadata is to be read past the server's caches."""
        line = Line(
            system,
            READS,
            dry=dry,
            meter=meter or Unmetered(),
            elsewhere=elsewhere or {},
            heard=self._heard,
            # A batch of a thousand writes may take two minutes, after which the server gives up.
            read_seconds=read_seconds,
        )
        session = open_session(line)
        scope = f"{self.host}/.default"
        self._caller = Caller(
            system,
            session,
            Tokens(fetching(system, session, login, scope, clock), clock),
            _sign,
            statuses=_STATUSES,
            explain=explained,
            patience=patience or Patience(),
            sleep=sleep,
        )

    def _heard(self, answer: requests.Response) -> None:
        self.calls += 1
        self.throttled += answer.status_code == HTTPStatus.TOO_MANY_REQUESTS
        if said := answer.headers.get("Date"):
            self.dated, self._then = parsedate_to_datetime(said).astimezone(UTC), self.elapsed()

    def now(self) -> datetime | None:
        """The server's time, from its last answer and what has passed since; never this machine's."""
        return self.dated and self.dated + timedelta(seconds=self.elapsed() - self._then)

    # --- rows ---

    def page(self, address: str, prefer: str = TRACKED) -> Mapping[str, Any]:
        """A page of rows. `address` is what stands behind the version, or what `relative` gave.

        `StartOver` when it was a link and the link is dead: any refusal of one means so, but for
        those that ask for patience or for another sign-in, which never come here.
        """
        answer = self._get(address, prefer)
        if answer.status_code >= HTTPStatus.BAD_REQUEST and is_link(address):
            raise StartOver("dynamics.link_dead", system=self.system, why=explained(answer))
        return self._json(answer)

    def get(self, address: str) -> Mapping[str, Any]:
        """What stands at an address: metadata, functions, lists."""
        return self._json(self._get(address, f"odata.maxpagesize={PAGE}"))

    def count(self, address: str) -> int | None:
        """How many rows an address with `$count=true` has; None when there are more than it counts."""
        told = self._json(self._get(address, COUNTED))
        if told.get(f"@{_CRM}totalrecordcountlimitexceeded"):
            return None
        return int(told[f"@{_CRM}totalrecordcount"])

    def relative(self, link: str) -> str:
        """The part of a link that is stored; SystemStopped when it leads to somebody else.

        Our token goes where a link leads, so it must lead to where it came from.
        """
        base = f"{self.host}{PATH}"
        if not link.startswith(base):
            raise SystemStopped("dynamics.strange_link", system=self.system)
        return link[len(base) :]

    def _get(self, address: str, prefer: str) -> requests.Response:
        headers = {**_HEADERS, "Prefer": prefer}
        if self.schema_changed:
            headers["Consistency"] = "Strong"
        return self._caller.call("GET", self.url(address), repeat=True, headers=headers)

    def url(self, address: str) -> str:
        """The whole address."""
        return f"{self.host}{PATH}{address}"

    # --- writes ---

    def batch(self, parts: Sequence[batches.Request]) -> list[batches.Answer | None]:
        """What became of each request of a batch, sent once; None where it cannot be told.

        `NoAnswer` and `Busy` when nothing came back that says so; `TooMuch` when all of it was
        refused.
        """
        kind, body = batches.written(parts)
        answer = self._caller.call(
            "POST",
            self.url("$batch"),
            repeat=False,
            headers={
                **_HEADERS,
                "Content-Type": kind,
                "Accept": "multipart/mixed",
                "Prefer": "odata.continue-on-error",
            },
            data=body,
        )
        if answer.status_code in _TOO_LARGE:
            raise TooMuch(code_of(_content(answer)) or str(answer.status_code))
        if answer.status_code >= HTTPStatus.BAD_REQUEST:
            raise self._trouble(answer)
        return batches.read(answer.headers.get("Content-Type", ""), answer.content, len(parts))

    def post(self, address: str, body: Mapping[str, Any]) -> None:
        """Make something, sent once: a column, a merge. `SystemStopped` when it is refused."""
        self.send("POST", address, body)

    def send(self, method: str, address: str, body: Mapping[str, Any] | None) -> None:
        """A single write, sent once. What is to be deleted and is not there is no trouble."""
        headers = {**_HEADERS, "Content-Type": "application/json"}
        raw = None if body is None else orjson.dumps(body)
        answer = self._caller.call(
            method, self.url(address), repeat=False, headers=headers, data=raw
        )
        if answer.status_code == HTTPStatus.NOT_FOUND and method == "DELETE":
            return
        if answer.status_code >= HTTPStatus.BAD_REQUEST:
            raise self._trouble(answer)

    def _json(self, answer: requests.Response) -> Mapping[str, Any]:
        if answer.status_code >= HTTPStatus.BAD_REQUEST:
            raise self._trouble(answer)
        found = _content(answer)
        if not isinstance(found, dict):
            raise SystemStopped("dynamics.unreadable", system=self.system)
        return found

    def _trouble(self, answer: requests.Response) -> SystemStopped:
        return SystemStopped("dynamics.refused", system=self.system, why=explained(answer))


def is_link(address: str) -> bool:
    """Whether an address was given to us by the server, to go on from."""
    return "$skiptoken=" in address or "$deltatoken=" in address


def among(key: str, ids: Sequence[str]) -> str:
    """A filter for known rows. Ids are hex digits and dashes; the caller has seen to that."""
    listed = ",".join(f"'{one}'" for one in ids)
    return quote(
        f"Microsoft.Dynamics.CRM.In(PropertyName='{key}',PropertyValues=[{listed}])", safe="(),'[]="
    )


def code_of(content: Any) -> str:
    """The code of an error's body, empty when there is none."""
    error = content.get("error") if isinstance(content, Mapping) else None
    code = error.get("code") if isinstance(error, Mapping) else None
    return code if isinstance(code, str) and _CODE.fullmatch(code) else ""


def privileges_in(content: Any) -> tuple[str, ...]:
    """The privileges that an error's message names; the rest of it may hold people's data."""
    error = content.get("error") if isinstance(content, Mapping) else None
    message = error.get("message") if isinstance(error, Mapping) else None
    return tuple(dict.fromkeys(_PRIVILEGE.findall(message))) if isinstance(message, str) else ()


def explained(answer: requests.Response) -> str:
    """What may be shown of an error: status, code, names of privileges."""
    content = _content(answer)
    told = (f"HTTP {answer.status_code}", code_of(content), *privileges_in(content))
    return ", ".join(filter(None, told))


def _content(answer: requests.Response) -> Any:
    try:
        return orjson.loads(answer.content)
    except orjson.JSONDecodeError:
        return None


def _sign(token: Token, headers: dict[str, str]) -> None:
    headers["Authorization"] = f"Bearer {token.secret}"
