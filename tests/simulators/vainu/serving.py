"""Which call is answered by what: tokens, queries, jobs and signals of Vainu's API v3.

A field that there is not is ignored, as the real one does: a query that names only such fields answers
with every company. A job goes on by a step each time that somebody looks at it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Final
from urllib.parse import parse_qsl

import orjson
from simulators.cvr.register import FORMS, Company
from simulators.firms import PRODUCTS, Firms, firms, now
from simulators.web import Ask, Told, Vendor

HOST: Final = "https://api.vainu.io"
CLIENT, SECRET = "opdigtet-klient", "opdigtet-hemmelighed"
LIFE: Final = timedelta(hours=1)
CAP: Final = 100
_ROOT: Final = "/api/v3"
_OPEN: Final = (
    "business_id", "name", "website", "founded", "legal_entity", "financial_data.revenue",
    "financial_data.year", "technology_data", "staff_number", "vainu_custom_industry", "phone",
    "domain",
)  # fmt: skip
_CLOSED: Final = {"contacts.email": "data_catalogue_contact_details"}


@dataclass
class Account:
    """An account. `signals`: what happened, as (number, kind of signal, tag, day)."""

    firms: Firms
    clock: Callable[[], datetime]
    revenue: dict[int, int] = field(default_factory=dict)
    signals: list[tuple[int, str, int, datetime]] = field(default_factory=list)
    paths: set[str] = field(default_factory=lambda: set(_OPEN))
    has_signals: bool = True
    deaf: bool = False
    """It overlooks the field by which companies are asked for."""
    envelope: str = "result"
    asked: list[int] = field(default_factory=list)
    """How many companies each query named."""
    jobs: dict[str, tuple[dict[str, Any], int]] = field(default_factory=dict)
    _tokens: dict[str, datetime] = field(default_factory=dict)

    def answer(self, ask: Ask) -> Told:
        """The answer to one call."""
        if ask.path == "/api/oauth/token/":
            return self._token(ask.body)
        if ask.path.startswith("/download/"):
            return self._downloaded(ask.path.rpartition("/")[2])
        token = ask.headers.get("authorization", "").removeprefix("Bearer ")
        if self._tokens.get(token, self.clock()) <= self.clock():
            return Told(401, {"detail": "Authentication credentials were not provided."})
        return self._answered(ask)

    def _answered(self, ask: Ask) -> Told:
        match ask.method, ask.path.removeprefix(_ROOT).strip("/").split("/"):
            case "GET", ["organizations_fields"]:
                return Told(200, self._fields())
            case "POST", ["organizations"]:
                return Told(200, self._page(ask.body))
            case "POST", ["organizations", "async"]:
                return Told(202, self._begun(ask.body))
            case "GET", ["organizations", "async", job]:
                return self._looked_at(job)
            case "POST", ["signals", kind]:
                return self._told(kind, ask.body)
            case _:
                return Told(404, {"detail": "Not found."})

    def _token(self, form: Mapping[str, str]) -> Told:
        good = {"client_id": CLIENT, "client_secret": SECRET, "scope": "vainu:api"}
        good["grant_type"] = "client_credentials"
        if dict(form) != good:
            return Told(401, {"error": "invalid_client"})
        token = f"opdigtet-{len(self._tokens)}"
        self._tokens[token] = self.clock() + LIFE
        life = int(LIFE.total_seconds())
        return Told(200, {"access_token": token, "token_type": "Bearer", "expires_in": life})

    def _fields(self) -> list[dict[str, Any]]:
        listed = [(path, []) for path in sorted(self.paths)]
        closed = [(path, [why]) for path, why in _CLOSED.items()]
        return [
            {
                "api": {"v3": {"path": path}},
                "names": {"translations": {"en": path}},
                "databases": ["FI", "SE", "NO", "DK"],
                "requires_permission": why,
            }
            for path, why in [*listed, *closed]
        ]

    # --- companies -------------------------------------------------------------------------

    def _page(self, body: Mapping[str, Any]) -> dict[str, Any]:
        query = body["query"]
        self.asked.append(_named(query))
        found = [one for one in self.firms.register.every() if self._fits(one, query)]
        start, size = int(body.get("offset", 0)), min(CAP, int(body.get("limit", 20)))
        page = [self._shown(one, body["fields"]) for one in found[start : start + size]]
        return {self.envelope: page, "count": len(found), "next": None}

    def _fits(self, one: Company, query: Mapping[str, Any]) -> bool:
        """Whether a company fits; conditions on fields that there are not are overlooked."""
        if one.cvr in self.firms.unknown:
            return False
        for how, what in query.items():
            if how in {"?ALL", "?ANY"}:
                each = [self._fits(one, inner) for inner in what]
                if not (all(each) if how == "?ALL" else any(each)):
                    return False
                continue
            for path, wanted in what.items():
                if (
                    path in self.paths
                    and not self.deaf
                    and not _meets(how, self._at(one, path), wanted)
                ):
                    return False
        return True

    def _at(self, one: Company, path: str) -> Any:
        whole = self._whole(one)
        for name in path.split("."):
            whole = (whole or {}).get(name)
        return whole

    def _whole(self, one: Company) -> dict[str, Any]:
        sites = self.firms.domains(one)
        revenue = self.revenue.get(one.cvr)
        used = [PRODUCTS[one.cvr % len(PRODUCTS)]] if one.cvr % 4 else []
        return {
            "business_id": f"DK{one.cvr}", "name": one.name, "founded": str(one.founded),
            "website": sites[0] if sites else None,
            "domain": sites[0].removeprefix("https://www.") if sites else None,
            "legal_entity": next(row[1] for row in FORMS if row[0] == one.form),
            "financial_data": {"revenue": revenue, "year": 2025} if revenue else None,
            "technology_data": [{"name": name} for name in used],
            "staff_number": self.firms.employees(one), "phone": one.phone or None,
            "vainu_custom_industry": "Byggeri og håndværk",
        }  # fmt: skip

    def _shown(self, one: Company, wanted: list[str]) -> dict[str, Any]:
        whole, shown = self._whole(one), {"business_id": f"DK{one.cvr}"}
        for path in wanted:
            name = path.partition(".")[0]
            if path in self.paths and name in whole:
                shown[name] = whole[name]
        return shown

    # --- jobs ------------------------------------------------------------------------------

    def _begun(self, body: dict[str, Any]) -> dict[str, Any]:
        job = f"a{len(self.jobs):05d}"
        self.jobs[job] = (body, 0)
        return self._job(job, "accepted")

    def _job(self, job: str, state: str, download: str | None = None) -> dict[str, Any]:
        link = f"{HOST}{_ROOT}/organizations/async/{job}/"
        return {"job_id": job, "link": link, "state": state, "download_link": download}

    def _looked_at(self, job: str) -> Told:
        if job not in self.jobs:
            return Told(404, {"detail": "Not found."})
        body, looks = self.jobs[job]
        self.jobs[job] = (body, looks + 1)
        if looks == 1:
            return Told(504, "<html>Gateway Time-out</html>", type="text/html")
        if looks < 3:
            return Told(200, self._job(job, "process"))
        return Told(200, self._job(job, "completed", f"{HOST}/download/{job}"))

    def _downloaded(self, job: str) -> Told:
        """Without a token; the address is good for little while."""
        if job not in self.jobs or self.jobs[job][1] > 6:
            return Told(403, "<Error>Request has expired</Error>", type="application/xml")
        rows = self._page({**self.jobs[job][0], "limit": CAP})[self.envelope]
        return Told(200, "\n".join(orjson.dumps(row).decode() for row in rows), type="text/plain")

    # --- signals ---------------------------------------------------------------------------

    def _told(self, kind: str, body: Mapping[str, Any]) -> Told:
        if not self.has_signals:
            return Told(403, {"detail": "You do not have permission to perform this action."})
        if "order" in body:
            return Told(400, {"detail": "order"})
        ids, since = _asked_for(body["query"])
        found = [
            self._signal(n, cvr, tag, at)
            for n, (cvr, of, tag, at) in enumerate(self.signals)
            if of == kind
            and (self.deaf or f"DK{cvr}" in ids)
            and f"{at:%Y-%m-%dT%H:%M:%S}" >= since
        ]
        found.sort(key=lambda one: str(one["vainu_date"]), reverse=True)
        start, size = int(body.get("offset", 0)), min(CAP, int(body.get("limit", 20)))
        return Told(200, found[start : start + size])

    def _signal(self, n: int, cvr: int, tag: int, at: datetime) -> dict[str, Any]:
        name = one.name if (one := self.firms.find(cvr)) else ""
        about = {"business_id": f"DK{cvr}", "country": "DK", "name": name, "logo_url": None}
        return {
            "id": f"{n:024x}", "title": "Opdigtet hændelse", "content": "",
            "vainu_date": f"{at:%Y-%m-%dT%H:%M:%S}", "tags": [{"id": tag, "value": "Opdigtet"}],
            "organizations": [about], "dynamic_values": [],
        }  # fmt: skip


def _named(query: Mapping[str, Any]) -> int:
    return sum(len(wanted) for wanted in query.get("?IN", {}).values())


def _asked_for(query: Mapping[str, Any]) -> tuple[set[str], str]:
    ids: set[str] = set()
    since = ""
    for one in query.get("?ALL", [query]):
        ids |= set(one.get("?IN", {}).get("business_ids", ()))
        since = one.get("?GTE", {}).get("vainu_date", since)
    return ids, since


def _meets(how: str, there: Any, wanted: Any) -> bool:
    match how:
        case "?EQ":
            return bool(there == wanted)
        case "?IN":
            return there in wanted
        case "?RANGE":
            return there is not None and wanted[0] <= there < wanted[1]
        case "?ICONTAINS":
            return str(wanted).lower() in str(there or "").lower()
        case _:
            return True


@dataclass(slots=True)
class Vainu(Vendor):
    """An account and the line to it."""

    desk: Account

    def body(self, raw: bytes) -> Any:
        """A form, or JSON."""
        return orjson.loads(raw) if raw.startswith(b"{") else dict(parse_qsl(raw.decode()))


def build(companies: int = 30, *, seed: int = 7, clock: Callable[[], datetime] = now) -> Vainu:
    """An account that knows so many companies."""
    return Vainu(Account(firms(companies, seed, clock), clock), HOST, clock=clock)
