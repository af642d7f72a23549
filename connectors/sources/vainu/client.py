"""Calls to Vainu's API v3, through our own session: a hundred companies a call.

A field that does not exist is ignored without a word, and a query that names one answers with the whole
country. So the catalogue of fields is read before anything is asked, and an answer with more companies
than were asked for stops the source.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, Final, Literal, NamedTuple

import orjson
import requests

from connectors.caller import Patience, json_object
from connectors.session import NoAnswer, Read
from connectors.sources.means import Means
from connectors.sources.shapes import rows, text, whole
from connectors.tokens import Token
from rules.errors import SystemStopped

HOST: Final = "https://api.vainu.io"
_ROOT: Final = "/api/v3"
_TOKEN: Final = "/api/oauth/token/"  # noqa: S105 - a path
READS: Final = (
    Read("POST", _TOKEN),
    Read("GET", rf"{_ROOT}/organizations_fields/"),
    Read("POST", rf"{_ROOT}/organizations/"),
    Read("POST", rf"{_ROOT}/signals/(news|data-changes)/"),
)
BATCH: Final = 100
"""Companies, or signals, in an answer."""
PAGES: Final = 50
"""Pages of signals that are read of a hundred companies; more cannot be meant."""
READ_SECONDS: Final = 125.0
"""The vendor cuts a call off after two minutes."""
COUNTRY: Final = "DK"
ID: Final = "business_id"
_LIFE_SECONDS: Final = 3600

Signals = Literal["news", "data-changes"]


class Catalogue(NamedTuple):
    """Paths that Danish companies have: those that are open, and those behind a permission."""

    open: frozenset[str]
    closed: frozenset[str]


class Api:
    """The API, with an account's own client."""

    def __init__(self, system: str, client: str, secret: str, means: Means) -> None:
        self.system, self.now = system, means.clock
        self._catalogue: Catalogue | None = None
        self._caller = means.caller(
            system,
            READS,
            secret,
            _signed,
            patience=Patience(tries=4, most_seconds=60.0),
            read_seconds=READ_SECONDS,
            fetch=lambda session: _token(session, system, client, secret, means.clock),
        )

    def catalogue(self) -> Catalogue:
        """The fields that there are; read once."""
        if self._catalogue is None:
            answer = self._call("GET", "/organizations_fields/", params={"api_versions": "v3"})
            self._catalogue = _catalogue(_json(answer))
            if ID not in self._catalogue.open:
                raise SystemStopped("source.vainu.no_filter", system=self.system, field=ID)
        return self._catalogue

    def by_ids(self, ids: Sequence[str], paths: Sequence[str]) -> list[Mapping[str, Any]]:
        """The companies with these ids, at most `BATCH`."""
        return self._page({"?IN": {ID: list(ids)}}, paths, len(ids))

    def by_domains(
        self, path: str, domains: Sequence[str], paths: Sequence[str]
    ) -> list[Mapping[str, Any]]:
        """The companies whose domain is one of these, a quarter of `BATCH` at most."""
        return self._page({"?IN": {path: list(domains)}}, paths, BATCH)

    def signals(
        self, kind: Signals, ids: Sequence[str], since: datetime
    ) -> Iterator[Mapping[str, Any]]:
        """What happened to these companies, the newest first."""
        wanted = {
            "?ALL": [
                {"?IN": {"business_ids": list(ids)}},
                {"?GTE": {"vainu_date": f"{since:%Y-%m-%dT%H:%M:%S}"}},
            ]
        }
        asked = frozenset(ids)
        for page in range(PAGES):
            body = {"query": wanted, "limit": BATCH, "offset": page * BATCH}
            told = rows(_json(self._call("POST", f"/signals/{kind}/", json=body)))
            for one in told:
                about = {text(each.get(ID)) for each in rows(one.get("organizations"))}
                if about.isdisjoint(asked):
                    raise SystemStopped("source.vainu.too_many", system=self.system)
                yield one
            if len(told) < BATCH:
                return

    # --- inside ---

    def _page(self, query: Any, paths: Sequence[str], most: int) -> list[Mapping[str, Any]]:
        body = {"query": query, "fields": list(paths), "database": COUNTRY}
        body |= {"limit": BATCH, "offset": 0}
        answer = self._call("POST", "/organizations/", params={"format": "json"}, json=body)
        said = json_object(answer)
        listed = (said or {}).get("result", (said or {}).get("results"))
        if said is None or not isinstance(listed, list):
            raise NoAnswer(self.system, "no JSON")
        if (whole(said.get("count")) or 0) > most:
            raise SystemStopped("source.vainu.too_many", system=self.system)
        return rows(listed)

    def _call(self, method: str, path: str, **what: Any) -> requests.Response:
        answer = self._caller.call(method, HOST + _ROOT + path, repeat=True, **what)
        if answer.status_code != requests.codes.ok:
            why = f"HTTP {answer.status_code}"
            raise SystemStopped("source.firm.wrong", system=self.system, why=why)
        return answer


def _json(answer: requests.Response) -> Any:
    try:
        return orjson.loads(answer.content)
    except orjson.JSONDecodeError:
        return None


def _catalogue(said: Any) -> Catalogue:
    found: tuple[set[str], set[str]] = (set(), set())
    for row in rows(said):
        v3 = (row.get("api") or {}).get("v3") or {}
        if COUNTRY in (row.get("databases") or ()) and v3.get("path"):
            found[bool(row.get("requires_permission"))].add(str(v3["path"]))
    return Catalogue(*map(frozenset, found))


def _token(
    session: requests.Session, system: str, client: str, secret: str, clock: Callable[[], datetime]
) -> Token:
    form = {"grant_type": "client_credentials", "client_id": client}
    form |= {"client_secret": secret, "scope": "vainu:api"}
    answer = session.post(HOST + _TOKEN, data=form, allow_redirects=False)
    said = json_object(answer) or {}
    if answer.status_code >= requests.codes.server_error:
        raise NoAnswer(system, f"HTTP {answer.status_code}")
    if not said.get("access_token"):
        raise SystemStopped("error.sign_in", system=system, why=f"HTTP {answer.status_code}")
    life = timedelta(seconds=whole(said.get("expires_in")) or _LIFE_SECONDS)
    return Token(str(said["access_token"]), clock() + life)


def _signed(token: Token, headers: dict[str, str]) -> None:
    headers["Authorization"] = f"Bearer {token.secret}"
    headers["Accept-Language"] = "en"
