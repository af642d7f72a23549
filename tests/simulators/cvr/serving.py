"""Which search is answered by what: the paths, bodies and errors of the distribution index.

Told from the vendor's answers as its users stored them: Elasticsearch 6.8 by its habits, `hits.total`
a number, a window of 3,000, errors as `root_cause`. Queries that it is not known to be asked are
refused as ones that it cannot parse.
"""

from __future__ import annotations

import base64
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Final

from simulators.cvr.documents import document, picked
from simulators.cvr.register import Company, Register
from simulators.web import Ask, Told, Vendor

HOST: Final = "http://distribution.virk.dk"
USER, PASSWORD = "Opdigtet_CVR_I_SKYEN", "opdigtet-kode"
SEARCH: Final = "/cvr-permanent/virksomhed/_search"
WINDOW: Final = 3000
_NUMBER: Final = "Vrvirksomhed.cvrNummer"


class Refused(Exception):
    """A query that is refused, with the kind of error as the index calls it."""

    def __init__(self, kind: str, reason: str, status: int = 400) -> None:
        super().__init__(reason)
        self.kind, self.reason, self.status = kind, reason, status


@dataclass
class Index:
    """The index over a register. `partial` and `stale`: so many answers are incomplete, or old."""

    register: Register
    quota: int | None = None
    """Searches that are answered before it asks for patience."""
    partial: int = 0
    timed_out: int = 0
    asked: list[int] = field(default_factory=list)
    """How many companies each search named."""

    def answer(self, ask: Ask) -> Told:
        """The answer to one call."""
        if ask.headers.get("authorization", "") != signed(USER, PASSWORD):
            return Told(401, "<html><body>Unauthorized</body></html>", type="text/html")
        if self.quota is not None:
            self.quota -= 1
            if self.quota < 0:
                return Told(429, "", type="text/plain")
        if ask.path == "/cvr-permanent/_mapping":
            return Told(200, {"cvr-v-20220630": {"mappings": {"_doc": {"properties": {}}}}})
        if ask.path == "/cvr-permanent/virksomhed/_count":
            return Told(200, {"count": len(self.register)})
        if ask.path != SEARCH or ask.method not in {"GET", "POST"}:
            return _problem(Refused("index_not_found_exception", "no such index", 404))
        try:
            return Told(200, self._searched(ask.body or {}))
        except Refused as why:
            return _problem(why)

    def _searched(self, body: Mapping[str, Any]) -> dict[str, Any]:
        size, begin = int(body.get("size", 10)), int(body.get("from", 0))
        if size + begin > WINDOW:
            kind = "search_phase_execution_exception"
            raise Refused(kind, "Result window is too large", 500)
        found = self._fitting(body.get("query", {"match_all": {}}))
        self.asked.append(_named(body.get("query", {})))
        if "sort" in body:
            found = self._after(found, body)
        everything = list(found) if body.get("query") else None
        total = len(self.register) if everything is None else len(everything)
        source = found if everything is None else everything
        page = _first(source, begin, size)
        return self._body(page, total, body)

    def _body(self, page: list[Company], total: int, body: Mapping[str, Any]) -> dict[str, Any]:
        failed = int(self.partial > 0)
        self.partial, late = max(0, self.partial - 1), self.timed_out > 0
        self.timed_out = max(0, self.timed_out - 1)
        if failed or late:
            page = page[: len(page) // 2]
        shards = {"total": 6, "successful": 6 - failed, "skipped": 0, "failed": failed}
        hits = [_hit(one, body) for one in page]
        inner = {"total": total, "max_score": 1.0 if page else None, "hits": hits}
        return {"took": 7, "timed_out": late, "_shards": shards, "hits": inner}

    def _after(self, found: Iterable[Company], body: Mapping[str, Any]) -> Iterator[Company]:
        if body["sort"] not in ([{_NUMBER: "asc"}], [{_NUMBER: {"order": "asc"}}]):
            raise Refused("parsing_exception", "unknown sort")
        [after] = body.get("search_after", [0])
        return (one for one in found if one.cvr > after)

    def _fitting(self, query: Mapping[str, Any]) -> Iterable[Company]:
        """The companies that a query is about, by number."""
        match dict(query):
            case {"match_all": {}}:
                return self.register.every()
            case {"terms": {"Vrvirksomhed.cvrNummer": numbers}}:
                found = (self.register.find(int(one)) for one in sorted(numbers))
                return (one for one in found if one)
            case {"range": {"Vrvirksomhed.sidstOpdateret": span}}:
                low, high = (datetime.fromisoformat(span[name]) for name in ("gte", "lt"))
                return (one for one in self.register.every() if low <= one.moved < high)
            case {"nested": {"path": "Vrvirksomhed.hjemmeside", "query": inner}}:
                return self._of_sites(inner)
            case _:
                raise Refused("parsing_exception", "no [query] registered for this")

    def _of_sites(self, inner: Mapping[str, Any]) -> Iterable[Company]:
        match dict(inner):
            case {
                "bool": {
                    "filter": [{"terms": {"Vrvirksomhed.hjemmeside.kontaktoplysning": hosts}}],
                    "must_not": [
                        {"exists": {"field": "Vrvirksomhed.hjemmeside.periode.gyldigTil"}}
                    ],
                }
            }:
                found = {one.cvr: one for host in hosts for one in self.register.of_site(host)}
                return (found[cvr] for cvr in sorted(found))
            case _:
                raise Refused("parsing_exception", "no [query] registered for this")


def _named(query: Mapping[str, Any]) -> int:
    return len(query.get("terms", {}).get(_NUMBER, ()))


def _first(found: Iterable[Company], begin: int, size: int) -> list[Company]:
    page = []
    for n, one in enumerate(found):
        if n >= begin + size:
            break
        if n >= begin:
            page.append(one)
    return page


def _hit(one: Company, body: Mapping[str, Any]) -> dict[str, Any]:
    whole = document(one)
    wanted = body.get("_source")
    hit = {
        "_index": "cvr-v-20220630",
        "_type": "_doc",
        "_id": str(whole["Vrvirksomhed"]["enhedsNummer"]),
        "_score": None if "sort" in body else 1.0,
        "_source": picked(whole, wanted) if wanted else whole,
    }
    return hit | ({"sort": [one.cvr]} if "sort" in body else {})


def _problem(why: Refused) -> Told:
    cause = {"type": why.kind, "reason": why.reason}
    body = {"error": {"root_cause": [cause], **cause}, "status": why.status}
    return Told(why.status, body)


def signed(user: str, password: str) -> str:
    """The header of who signs in (RFC 7617)."""
    return "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()


@dataclass(slots=True)
class Cvr(Vendor):
    """The index and the line to it."""

    desk: Index

    @property
    def register(self) -> Register:
        """What it holds."""
        return self.desk.register


def build(
    companies: int = 100,
    *,
    seed: int = 7,
    clock: Callable[[], datetime] | None = None,
    first: int = 0,
) -> Cvr:
    """An index over so many companies, counted from behind `first`."""
    now = clock or (lambda: datetime.now(UTC))
    return Cvr(Index(Register(companies, seed, now, first)), HOST, clock=now)
