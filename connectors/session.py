"""The one way out: every byte to a vendor passes a session made here, whichever client sends it.

Mounted on a `requests.Session`, so that a vendor's own client uses it as well: time-outs, the
budget, the dry run's second belt, and logging without query strings or bodies. What it is not:
it knows no vendor, keeps no token (`connectors.tokens`) and retries nothing; retrying is `Caller`'s.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from typing import Any, Final, Protocol
from urllib.parse import SplitResult, urlsplit, urlunsplit

import requests
from requests.adapters import HTTPAdapter

from connectors.spans import HIDDEN, Note, span, template
from rules.errors import TryAgain, WroteInDryRun

LOG = logging.getLogger(__name__)

CONNECT_SECONDS: Final = 3.0
READ_SECONDS: Final = 30.0


@dataclass(frozen=True, slots=True)
class Read:
    """One kind of request that changes nothing outside. Many reads are POSTs (searches, tokens).

    `path` is a regular expression for the whole path; `body` one that must be found in the body
    (the operation of a SOAP call), where the path does not tell reads from writes.
    """

    method: str
    path: str
    body: str = ""

    def fits(self, method: str, path: str, body: bytes) -> bool:
        """Whether a request is of this kind."""
        return (
            method == self.method
            and re.fullmatch(self.path, path) is not None
            and (not self.body or re.search(self.body.encode(), body) is not None)
        )


class Meter(Protocol):
    """Counts calls against a budget. `connectors` does not know where the count is kept."""

    def spend(self, system: str) -> None:
        """One call is about to leave; `RunStopped` when there is none left for this job."""
        ...

    def told(self, system: str, used: int, limit: int) -> None:
        """What the vendor says of its own quota: calls used of how many in its window."""
        ...


class Unmetered:
    """A meter that lets everything pass and counts it."""

    def __init__(self) -> None:
        self.calls = 0

    def spend(self, system: str) -> None:
        """Counts."""
        del system
        self.calls += 1

    def told(self, system: str, used: int, limit: int) -> None:
        """Nothing is done with it."""


@dataclass(frozen=True, slots=True)
class Line:
    """How one system is reached.

    `reads` is what a dry run may send; `dry` puts that belt on. `elsewhere` maps the beginning of
    an address to another one: tests and the demo send a vendor's host to this machine.
    """

    system: str
    reads: Sequence[Read]
    dry: bool = False
    meter: Meter = field(default_factory=Unmetered)
    elsewhere: Mapping[str, str] = field(default_factory=dict)
    heard: Callable[[requests.Response], None] = lambda _response: None
    """Sees each answer, for quotas that stand in headers."""
    connect_seconds: float = CONNECT_SECONDS
    read_seconds: float = READ_SECONDS
    connections: int = 10
    shows_path: bool = True
    """Whether logs and errors may name what is asked for; not where the path itself is a secret."""
    is_traced: bool = True


class Out(HTTPAdapter):
    """The adapter on which everything leaves."""

    def __init__(self, line: Line) -> None:
        self._line = line
        super().__init__(
            pool_connections=line.connections, pool_maxsize=line.connections, max_retries=0
        )

    def send(  # type: ignore[override]
        self, request: requests.PreparedRequest, timeout: Any = None, **how: Any
    ) -> requests.Response:
        """Send one request, if this run may."""
        line = self._line
        parts = urlsplit(str(request.url))
        method = str(request.method)
        shown = f"{parts.netloc}{parts.path}" if line.shows_path else parts.netloc
        if line.dry and not self._is_read(method, parts.path, request.body):
            raise WroteInDryRun(f"a dry run tried {method} {shown}")
        line.meter.spend(line.system)
        request.url = self._address(str(request.url))
        limits = timeout or (line.connect_seconds, line.read_seconds)
        with self._told(method, parts) as note:
            answer = self._answer(request, shown, timeout=limits, **how)
            note("http.response.status_code", answer.status_code)
        line.heard(answer)
        return answer

    def _answer(
        self, request: requests.PreparedRequest, shown: str, **how: Any
    ) -> requests.Response:
        method = request.method
        try:
            answer = super().send(request, **how)
            if not how.get("stream"):
                # Here, so that an answer that breaks off midway is no answer.
                answer.content  # noqa: B018
        except requests.RequestException as error:
            # The address may hold what must not be logged; the kind of trouble says enough.
            LOG.debug("no answer", extra={"method": method, "to": shown})
            raise NoAnswer(self._line.system, type(error).__name__) from error
        LOG.debug("answer", extra={"method": method, "to": shown, "status": answer.status_code})
        return answer

    def _told(self, method: str, parts: SplitResult) -> AbstractContextManager[Note]:
        """To whoever traces, in the words of OpenTelemetry."""
        line = self._line
        if not line.is_traced:
            return nullcontext(lambda _name, _value: None)
        return span(
            f"call {line.system}",
            lambda: {
                "http.request.method": method,
                "server.address": parts.hostname or "",
                "url.template": template(parts.path) if line.shows_path else HIDDEN,
                "ringren.system": line.system,
            },
        )

    def _is_read(self, method: str, path: str, body: Any) -> bool:
        raw = body.encode() if isinstance(body, str) else bytes(body or b"")
        return any(read.fits(method, path, raw) for read in self._line.reads)

    def _address(self, url: str) -> str:
        for here, there in self._line.elsewhere.items():
            if url.startswith(here):
                return there + url[len(here) :]
        return url


class NoAnswer(TryAgain, requests.RequestException):
    """No answer came: whether the request arrived is not known.

    It is a `requests` error as well, so that vendors' own clients clean up after it.
    """

    def __init__(self, system: str, kind: str) -> None:
        TryAgain.__init__(self, "error.no_answer", system=system, kind=kind)
        self.request = self.response = None


def open_session(line: Line) -> requests.Session:
    """A session whose every request passes `Out`; nothing of the machine's surroundings is trusted."""
    session = requests.Session()
    session.trust_env = False
    out = Out(line)
    session.mount("https://", out)
    session.mount("http://", out)
    return session


def without_query(url: str) -> str:
    """An address as it may be shown: host and path."""
    return urlunsplit(urlsplit(url)._replace(query="", fragment=""))
