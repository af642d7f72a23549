"""Which search is answered by what: the index of published annual accounts, and its documents.

Two hosts in one: searches go to the distribution index, documents to the host that it names. The bytes
of a document are packed, and no header says so.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from simulators.accounts.filings import Filing, Filings
from simulators.cvr.register import Register
from simulators.web import Ask, Told, Vendor

HOST: Final = "http://distribution.virk.dk"
DOCUMENTS: Final = "http://regnskaber.virk.dk"
SEARCH: Final = "/offentliggoerelser/_search"
WINDOW: Final = 3000


@dataclass
class Index:
    """The index over a register. `partial`: so many answers are incomplete."""

    register: Register
    filings: Filings
    clock: Callable[[], datetime]
    partial: int = 0
    timed_out: int = 0
    downloads: list[str] = field(default_factory=list)
    """The documents that were fetched."""

    def answer(self, ask: Ask) -> Told:
        """The answer to one call."""
        if ask.path == SEARCH and ask.method in {"GET", "POST"}:
            return Told(200, self._searched(ask.body or {}))
        if ask.method == "GET" and ask.path.endswith(".xml"):
            return self._document(ask.path)
        return Told(404, {"error": "not found", "status": 404})

    def _document(self, path: str) -> Told:
        self.downloads.append(path)
        cvr, year, corrects = path.rpartition("/")[2].removesuffix(".xml").split("-")
        found = self.register.find(int(cvr))
        for one in self._of(int(cvr)) if found else ():
            if (one.ends.year, one.corrects) == (int(year), int(corrects)):
                return Told(200, one.bytes_(), type="application/xml")
        return Told(404, "", type="text/plain")

    def _of(self, cvr: int) -> list[Filing]:
        found = self.register.find(cvr)
        return self.filings.of(cvr, found.form, self.clock().date()) if found else []

    def _searched(self, body: Mapping[str, Any]) -> dict[str, Any]:
        size = int(body.get("size", 10))
        rows = sorted(
            self._fitting(body["query"]),
            key=lambda one: one["offentliggoerelsesTidspunkt"],
            reverse=True,
        )
        failed, late = int(self.partial > 0), self.timed_out > 0
        self.partial, self.timed_out = max(0, self.partial - 1), max(0, self.timed_out - 1)
        shown = rows[: min(size, WINDOW) // (2 if failed or late else 1)]
        hits = [
            {"_index": "indberetninger", "_id": str(n), "_source": one}
            for n, one in enumerate(shown)
        ]
        shards = {"total": 5, "successful": 5 - failed, "failed": failed}
        inner = {"total": len(rows), "max_score": None, "hits": hits}
        return {"took": 3, "timed_out": late, "_shards": shards, "hits": inner}

    def _fitting(self, query: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
        match dict(query):
            case {
                "bool": {
                    "filter": [
                        {"terms": {"cvrNummer": numbers}},
                        {"range": {"offentliggoerelsesTidspunkt": {"gte": since}}},
                    ]
                }
            }:
                pass
            case {"term": {"cvrNummer": number}}:
                numbers, since = [number], "0000"
            case _:
                raise ValueError(query)
        for cvr in numbers:
            for one in self._of(int(cvr)):
                row = _row(one)
                if row["offentliggoerelsesTidspunkt"] >= since:
                    yield row


def _row(one: Filing) -> dict[str, Any]:
    """A publication as it stands in the index. Some have come on paper only."""
    published = one.ends + timedelta(days=140 + 20 * one.corrects)
    name = f"{DOCUMENTS}/{one.cvr % 97}/{one.cvr}-{one.ends.year}-{one.corrects}"
    kinds = [("application/pdf", "pdf")] + ([("application/xml", "xml")] if one.xml else [])
    return {
        "cvrNummer": one.cvr,
        "regNummer": None,
        "omgoerelse": one.corrects > 0,
        "sagsNummer": f"X{one.cvr}",
        "offentliggoerelsestype": "regnskab",
        "offentliggoerelsesTidspunkt": f"{published.isoformat()}T10:11:12.000Z",
        "indlaesningsTidspunkt": f"{published.isoformat()}T10:15:12.000Z",
        "regnskab": {
            "regnskabsperiode": {
                "startDato": one.begins.isoformat(),
                "slutDato": one.ends.isoformat(),
            }
        },
        "dokumenter": [
            {
                "dokumentUrl": f"{name}.{ending}",
                "dokumentMimeType": kind,
                "dokumentType": "AARSRAPPORT",
            }
            for kind, ending in kinds
        ],
    }


@dataclass(slots=True)
class Accounts(Vendor):
    """The index, its documents, and the line to both."""

    desk: Index

    @property
    def elsewhere(self) -> dict[str, str]:
        """Both hosts are here."""
        return {self.host: self.address, DOCUMENTS: self.address}


def build(
    companies: int = 100,
    *,
    seed: int = 7,
    clock: Callable[[], datetime] | None = None,
    register: Register | None = None,
) -> Accounts:
    """The reports of so many companies, or of those of a register that others tell of as well."""
    now = clock or (lambda: datetime.now(UTC))
    held = register or Register(companies, seed, now)
    return Accounts(Index(held, Filings(seed), now), HOST, clock=now)
