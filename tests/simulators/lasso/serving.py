"""Which call is answered by what: paths, bodies and errors of Lasso X, with its window of a minute."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Final

from simulators.cvr.register import FORMS, INDUSTRY, TOWNS, Company
from simulators.firms import Firms, firms, now
from simulators.web import Ask, Told, Vendor

HOST: Final = "https://api.lassox.com"
KEY: Final = "opdigtet-noegle-til-lasso"
A_MINUTE: Final = 500
GRAPH: Final = 25


@dataclass
class Account:
    """An account. `addons` are what was bought beside it; `ratings` by number, A to E."""

    firms: Firms
    clock: Callable[[], datetime]
    addons: set[str] = field(default_factory=lambda: {"rating"})
    ratings: dict[int, str] = field(default_factory=dict)
    reports: dict[int, dict[str, int]] = field(default_factory=dict)
    """By number: figures of the newest accounts."""
    flagged: set[int] = field(default_factory=set)
    """Companies that it calls protected."""
    rated: list[int] = field(default_factory=list)
    """Each rating that cost a credit."""
    a_minute: int = A_MINUTE
    _began: datetime | None = None
    _calls: int = 0
    _rated_at: dict[int, datetime] = field(default_factory=dict)

    def answer(self, ask: Ask) -> Told:
        """The answer to one call."""
        if ask.headers.get("lasso-api-key") != KEY:
            return problem(401, 3, "Unauthorized")
        if left := self._too_fast():
            return problem(429, 26, "Rate limit exceeded", {"retry-after": str(left)})
        return self._answered(ask)

    def _answered(self, ask: Ask) -> Told:
        match ask.method, ask.path.strip("/").split("/"):
            case "GET", [ident]:
                return self._about(ident, self._company)
            case "GET", ["data", "websites", ident]:
                return self._about(ident, self._sites)
            case "GET", [ident, "reports", "advanced"]:
                return self._about(ident, self._reports)
            case "GET", ["data", "creditsafe", "rating", cvr]:
                return self._rating(cvr)
            case "GET", ["data", "cvr", "search"]:
                return Told(200, self._search(ask))
            case "POST", ["modules", "relations", "graph"]:
                return self._graph(ask.body)
            case _:
                return problem(404, 1, "Not found")

    def _too_fast(self) -> int:
        """Seconds until the window ends; it begins with the first call in it."""
        at = self.clock()
        if self._began is None or at >= self._began + timedelta(minutes=1):
            self._began, self._calls = at, 0
        self._calls += 1
        if self._calls <= self.a_minute:
            return 0
        return max(1, int((self._began + timedelta(minutes=1) - at).total_seconds()))

    def _about(self, ident: str, what: Callable[[Company], Any]) -> Told:
        kind, _, cvr = ident.rpartition("-")
        if kind != "CVR-1" or len(cvr) != 8:
            return problem(400, 7, "Malformed Lasso Id")
        one = self.firms.find(cvr)
        return problem(404, 1, "Not found") if one is None else Told(200, what(one))

    def _company(self, one: Company) -> dict[str, Any]:
        form = next(row for row in FORMS if row[0] == one.form)
        town = next(row for row in TOWNS if row[0] == one.postcode)
        return {
            "lassoId": f"CVR-1-{one.cvr}", "cvr": one.cvr, "unitNumber": 4_000_000_000 + one.cvr,
            "name": one.name, "alternateNames": list(one.secondary),
            "status": one.status.capitalize() if one.cvr % 2 else one.status,
            "statstidende": {"statusCode": None, "statusText": None},
            "lifeTime": {
                "from": f"{one.founded}T00:00:00",
                "to": f"{one.ended}T00:00:00" if one.ended else None,
            },
            "phone": one.phone or None, "email": one.email or None, "fax": None,
            "website": one.website or None, "purpose": None,
            "address": {
                "address1": f"{one.street} {one.house}", "streetName": one.street,
                "postalCode": one.postcode, "postalDistrict": town[1], "cityName": None,
                "municipality": {"name": town[3], "code": town[2]}, "countryCode": "DK",
            },
            "form": {"code": one.form, "shortDescription": form[1], "longDescription": form[2]},
            "industry": {"text": dict(INDUSTRY).get(one.industry, ""), "code": one.industry},
            "altIndustry1": None, "employees": self._employees(one),
            "accounting": {"accountant": None, "optedOut": False},
            "management": {"ceo": None, "members": []}, "stakeholders": [], "ownership": None,
            "productionUnits": [], "commerciallyProtected": one.cvr in self.flagged,
            "creationDate": f"{one.founded}T00:00:00",
            "lastUpdated": f"{one.loaded:%Y-%m-%dT%H:%M:%SZ}",
        }  # fmt: skip

    def _employees(self, one: Company) -> dict[str, Any] | None:
        """Null, a count with its bin, or the bin alone, in either spelling."""
        heads = self.firms.employees(one)
        if heads is None:
            return None
        low, high = next(span for span in reversed(SPANS) if heads >= span[0])
        new = one.cvr % 3
        return {
            "count": heads if new else None, "fullTimeEquivalentCount": None,
            "interval": f"{low}-{high}" if new else f"ANTAL_{low}_{high}", "type": "month",
            "month": one.counted.month, "year": one.counted.year,
        }  # fmt: skip

    def _sites(self, one: Company) -> dict[str, Any]:
        at = f"{self.clock():%Y-%m-%dT%H:%M:%SZ}"
        urls = [{"url": url, "verifiedAt": at} for url in self.firms.domains(one)]
        return {"cvr": one.cvr, "urls": urls}

    def _reports(self, one: Company) -> list[dict[str, Any]]:
        """The newest accounts, and old ones whose facts are empty."""
        figures = self.reports.get(one.cvr, {})
        facts = {
            name: {"value": value, "unit": "DKK", "balance": "credit", "label": name}
            for name, value in figures.items()
        }
        return [_report(one, 2024, {}), _report(one, 2025, {"incomeStatement": facts})]

    def _rating(self, cvr: str) -> Told:
        if "rating" not in self.addons:
            return problem(401, 3, "Unauthorized")
        one = self.firms.find(cvr)
        if one is None or one.cvr not in self.ratings:
            return problem(404, 1, "Not found")
        last = self._rated_at.get(one.cvr)
        if last is None or self.clock() >= last + timedelta(hours=24):
            self._rated_at[one.cvr] = self.clock()
            self.rated.append(one.cvr)
        score = {"creditMax": None, "creditCurrency": "DKK"}
        score |= {"internationalScore": self.ratings[one.cvr], "internationalDescription": ""}
        return Told(200, {"current": score, "previous": None, "latestChange": None, "pdfUrl": ""})

    def _search(self, ask: Ask) -> dict[str, Any]:
        domain, size = ask.one("query"), int(ask.one("pageSize", "20"))
        found = self.firms.of_domain(domain) if ask.one("lookupWeb") == "true" else []
        hits = [
            {
                "lassoId": f"CVR-1-{one.cvr}", "name": one.name, "status": "Normal",
                "entityType": "Company", "postalCode": one.postcode, "country": "DK", "score": 9.1,
            }
            for one in found
            if one.ended is None or ask.one("companyStatus") != "active"
        ]  # fmt: skip
        results = {"results": hits[:size], "resultsFound": len(hits), "page": 1, "pageSize": size}
        return {"companies": {**results, "hasNextPage": False}, "people": {"results": []}}

    def _graph(self, body: dict[str, Any]) -> Told:
        if not 1 <= len(body["ids"]) <= GRAPH:
            return problem(400, 7, "ids: 1 to 25")
        relations: dict[tuple[int, int], dict[str, Any]] = {}
        for ident in body["ids"]:
            child = int(ident.rpartition("-")[2])
            for owner in self.firms.line(child)[: int(body["ingoingDepth"])]:
                relations[owner, child] = _owns(owner, child)
                child = owner
        seen = sorted({cvr for pair in relations for cvr in pair})
        entities = [_entity(one) for cvr in seen if (one := self.firms.find(cvr))]
        return Told(200, {"relations": list(relations.values()), "entities": entities})


SPANS: Final[Sequence[tuple[int, int]]] = (
    (0, 0), (1, 1), (2, 4), (5, 9), (10, 19), (20, 49), (50, 99), (100, 199), (200, 499),
    (500, 999), (1000, 999_999),
)  # fmt: skip


def _report(one: Company, year: int, facts: dict[str, Any]) -> dict[str, Any]:
    period = {"from": f"{year}-01-01", "to": f"{year}-12-31"}
    told = {"lassoId": f"CVR-1-{one.cvr}", "period": period, "reportYear": year}
    return {**told, "data": {"company": {"facts": facts}}}


def _owns(owner: int, child: int) -> dict[str, Any]:
    share = {"label": "66.67-89.99%", "from": 0.6667, "to": 0.8999}
    ends = {"from": f"CVR-1-{owner}", "to": f"CVR-1-{child}"}
    return {"id": f"r{owner}", "type": "ownership", **ends, "data": {"ownershipPercentage": share}}


def _entity(one: Company) -> dict[str, Any]:
    ident = f"CVR-1-{one.cvr}"
    data = {"lassoId": ident, "name": one.name, "cvr": str(one.cvr), "status": "NORMAL"}
    return {"id": ident, "type": "company", "data": data}


def problem(status: int, code: int, words: str, headers: dict[str, str] | None = None) -> Told:
    """An error, as this vendor writes them."""
    body = {"errorMessage": words, "httpStatusCode": status, "errorCode": code}
    body |= {"friendlyError": words, "helpMessage": "", "helpLink": "https://docs.lassox.com/"}
    return Told(status, body, headers or {})


@dataclass(slots=True)
class Lasso(Vendor):
    """An account and the line to it."""

    desk: Account


def build(companies: int = 30, *, seed: int = 7, clock: Callable[[], datetime] = now) -> Lasso:
    """An account that knows so many companies."""
    return Lasso(Account(firms(companies, seed, clock), clock), HOST, clock=clock)
