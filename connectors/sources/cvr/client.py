"""Searches in the distribution index of the Danish company register: two kinds of query."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from connectors.sources.distribution import A_SECOND, HOST, Searches, total
from connectors.sources.means import Means
from connectors.tokens import basic

SEARCH: Final = "/cvr-permanent/virksomhed/_search"
NUMBERS: Final = 500
"""CVR numbers that one search names; the index shows 3,000 rows at most, and this many are in use."""
PAGE: Final = 1000
"""Rows of a search that may find any number."""
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
        searches = Searches(
            system,
            SEARCH,
            means,
            secret=f"{user}:{password}",
            sign=basic,
            url=url,
            a_second=a_second,
        )
        self.url, self.now = searches.url, means.clock
        self._search = searches.search

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
        return total(self._search({"size": 0, "_source": False}))

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
