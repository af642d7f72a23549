"""Searches in the distribution index of the Danish company register (Elasticsearch, `_search`).

There is no client library that is worth its weight: two kinds of query, both POST, both reading. The
index is reached over plain HTTP, so the password travels in clear; a proxy with TLS can stand
between (`url`).
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

import orjson
import requests

from connectors.caller import Patience, json_object
from connectors.pace import Pace
from connectors.session import NoAnswer, Read
from connectors.sources.means import Means
from connectors.tokens import basic
from rules.errors import SystemStopped, TryAgain

HOST: Final = "http://distribution.virk.dk"
SEARCH: Final = "/cvr-permanent/virksomhed/_search"
READS: Final = (Read("POST", rf"(/.*)?{SEARCH}"),)
"""What a dry run may send."""
NUMBERS: Final = 500
"""CVR numbers that one search names; the index shows 3,000 rows at most, and this many are in use."""
PAGE: Final = 1000
"""Rows of a search that may find any number."""
A_SECOND: Final = 2.0
"""Searches in a second: nothing is published, and careful clients keep to this."""
READ_SECONDS: Final = 180.0
_COMPANY: Final = "Vrvirksomhed."
SOURCE: Final = tuple(
    _COMPANY + name
    for name in (
        "cvrNummer", "samtId", "reklamebeskyttet", "sidstOpdateret", "sidstIndlaest",
        "telefonNummer", "sekundaertTelefonNummer", "elektroniskPost", "hjemmeside", "livsforloeb",
        "virksomhedsstatus", "virksomhedMetadata",
    )
)  # fmt: skip
"""A whole document holds all history and may be megabytes: this is all that is asked for."""
_NUMBER: Final = _COMPANY + "cvrNummer"
_SITES: Final = _COMPANY + "hjemmeside"


class Index:
    """The index at `url`, or at the register's own host."""

    def __init__(
        self,
        system: str,
        user: str,
        password: str,
        means: Means,
        *,
        url: str = HOST,
        a_second: float = A_SECOND,
    ) -> None:
        self.system, self.url, self.now = system, url.rstrip("/"), means.clock
        self._pace = Pace(a_second, time.monotonic, means.sleep)
        self._caller = means.caller(
            system,
            READS,
            f"{user}:{password}",
            basic,
            patience=Patience(),
            explain=explained,
            read_seconds=READ_SECONDS,
        )

    def by_numbers(self, numbers: Sequence[str]) -> list[Any]:
        """The documents of these CVR numbers, `NUMBERS` at most; those that there are none of are
        left out."""
        wanted = {"terms": {_NUMBER: [int(one) for one in numbers]}}
        body = {"size": NUMBERS, "_source": SOURCE, "query": wanted}
        return self._documents(self._search(body))

    def by_sites(self, spellings: Sequence[str]) -> Iterator[Any]:
        """The documents of all companies that give one of these web addresses today."""
        open_ones = {
            "filter": [{"terms": {f"{_SITES}.kontaktoplysning": list(spellings)}}],
            "must_not": [{"exists": {"field": f"{_SITES}.periode.gyldigTil"}}],
        }
        yield from self._all({"nested": {"path": _SITES, "query": {"bool": open_ones}}})

    def count(self) -> int:
        """How many companies there are."""
        return _total(self._search({"size": 0, "_source": False}))

    # --- inside ---

    def _all(self, query: Mapping[str, Any]) -> Iterator[Any]:
        """All rows of a query, a page a call, from one number to the next."""
        body = {"size": PAGE, "_source": SOURCE, "query": query, "sort": [{_NUMBER: "asc"}]}
        while True:
            answer = self._search(body)
            yield from self._documents(answer)
            rows = answer["hits"]["hits"]
            if len(rows) < PAGE:
                return
            body["search_after"] = rows[-1]["sort"]

    def _documents(self, answer: Any) -> list[Any]:
        return [row["_source"]["Vrvirksomhed"] for row in answer["hits"]["hits"]]

    def _search(self, body: Mapping[str, Any]) -> Any:
        """The answer to a whole search. One that is not whole would look like "not found"."""
        self._pace.wait()
        answer = self._caller.call(
            "POST",
            self.url + SEARCH,
            repeat=True,
            data=orjson.dumps(body),
            headers={"Content-Type": "application/json"},
        )
        if answer.status_code != requests.codes.ok:
            raise SystemStopped("source.cvr.refused", system=self.system, why=explained(answer))
        said = json_object(answer)
        if said is None or not isinstance(said.get("hits"), dict):
            raise NoAnswer(self.system, "no JSON")
        if said.get("timed_out") or (said.get("_shards") or {}).get("failed"):
            raise Incomplete(self.system)
        return said


class Incomplete(TryAgain):
    """The index answered with a part of what it has."""

    def __init__(self, system: str) -> None:
        super().__init__("source.cvr.incomplete", system=system)


def _total(answer: Any) -> int:
    total = answer["hits"]["total"]
    return int(total["value"] if isinstance(total, dict) else total)


def explained(answer: requests.Response) -> str:
    """What may be shown of an error: its kind. The reason may quote what was asked for."""
    error = (json_object(answer) or {}).get("error")
    kind = str(error.get("type") or "") if isinstance(error, dict) else ""
    return " · ".join(filter(None, (f"HTTP {answer.status_code}", kind)))
