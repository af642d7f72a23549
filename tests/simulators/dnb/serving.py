"""Which call is answered by what: tokens, matches, blocks and the queue of notices of Direct+.

As clients that run against it have told: codes as text of five digits, `{}` for what is not known, 404
for no match or, at times, a good answer without candidates.
"""

from __future__ import annotations

import base64
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Final

from simulators.cvr.register import TOWNS, Company
from simulators.firms import Firms, firms, now
from simulators.web import Ask, Told, Vendor

HOST: Final = "https://plus.dnb.com"
KEY, SECRET = "opdigtet-noegle", "opdigtet-hemmelighed"
LIFE: Final = timedelta(hours=24)
A_SECOND: Final = 5
KEPT: Final = timedelta(days=4)
REGISTRATION: Final = "/v1/monitoring/registrations/opdigtet"
CORE, GROUP, CREDIT = (
    "companyinfo_L2_v1", "hierarchyconnections_L1_v1", "financialstrengthinsight_L2_v1",
)  # fmt: skip


@dataclass
class Contract:
    """A contract: `blocks` are what it names, `quota` how many look-ups are left of it."""

    firms: Firms
    clock: Callable[[], datetime]
    blocks: set[str] = field(default_factory=lambda: {CORE, GROUP, CREDIT})
    quota: int | None = None
    percentiles: dict[int, int] = field(default_factory=dict)
    segments: dict[int, str] = field(default_factory=dict)
    modelled: set[int] = field(default_factory=set)
    """Companies whose figures it reckoned."""
    revenue: dict[int, int] = field(default_factory=dict)
    empty: bool = False
    """No match is a good answer without candidates, and no 404."""
    inside: str = ""
    """The code of an error that the next answers carry although they are good."""
    answers_in: str = "expiresIn"
    """How it says when a token ends."""
    paced: bool = False
    """Whether it counts calls in a second."""
    matched: list[str] = field(default_factory=list)
    notices: list[tuple[datetime, dict[str, Any]]] = field(default_factory=list)
    _tokens: dict[str, datetime] = field(default_factory=dict)
    _last: deque[datetime] = field(default_factory=deque)

    def answer(self, ask: Ask) -> Told:
        """The answer to one call."""
        if ask.path in {"/v3/token", "/v2/token"}:
            return self._token(ask)
        token = ask.headers.get("authorization", "").removeprefix("Bearer ")
        if self._tokens.get(token, self.clock()) <= self.clock():
            return problem(401, "00004", "Access to this product is not allowed")
        if self.paced and self._too_fast():
            return problem(429, "00047", "Too many requests", {"Retry-After": "1"})
        if self.quota is not None:
            self.quota -= 1
            if self.quota < 0:
                return problem(429, "00050", "Quota exceeded")
        if self.inside:
            return problem(200, self.inside, "Opdigtet")
        return self._answered(ask)

    def _answered(self, ask: Ask) -> Told:
        match ask.path.strip("/").split("/"):
            case ["v1", "match", "cleanseMatch"]:
                return self._match(ask)
            case ["v1", "data", "duns", duns]:
                return self._data(duns, ask.one("blockIDs").split(","))
            case ["v1", "monitoring", "registrations", "opdigtet", "notifications"]:
                return self._notices(int(ask.one("maxNotifications", "100")))
            case _:
                return problem(404, "00037", "Resource not found")

    def _token(self, ask: Ask) -> Told:
        pair = base64.b64encode(f"{KEY}:{SECRET}".encode()).decode()
        if ask.headers.get("authorization") != f"Basic {pair}":
            return problem(401, "00001", "You are not currently authorized")
        token, until = f"opdigtet-{len(self._tokens)}", self.clock() + LIFE
        self._tokens[token] = until
        said = {
            "expiresIn": 86400, "expires_in": 86400, "expirationDateTime": until.isoformat(),
        }  # fmt: skip
        return Told(200, {"access_token": token, self.answers_in: said[self.answers_in]})

    def _too_fast(self) -> bool:
        at = self.clock()
        while self._last and self._last[0] <= at - timedelta(seconds=1):
            self._last.popleft()
        self._last.append(at)
        return len(self._last) > A_SECOND

    # --- companies -------------------------------------------------------------------------

    def _match(self, ask: Ask) -> Told:
        number, url, name = (ask.one(one) for one in ("registrationNumber", "url", "name"))
        if ask.one("countryISOAlpha2Code") != "DK" or not (number or url or name):
            return problem(400, "00003", "Missing information", details=["name"])
        self.matched.append(number or url or name)
        if number:
            found = [one] if (one := self.firms.find(number)) else []
        elif url:
            found = self.firms.of_domain(url)
        else:
            every = self.firms.register.every()
            found = [one for one in every if name.lower() in one.name.lower()][:5]
        if not found and not self.empty:
            return problem(404, "20502", "No match found for the requested input")
        sure = 10 if number else 9 if url else 7
        candidates = [self._candidate(n, one, sure) for n, one in enumerate(found, 1)]
        return Told(200, {
            **_transaction(), "inquiryDetail": {"countryISOAlpha2Code": "DK"},
            "candidatesMatchedQuantity": len(candidates),
            "matchDataCriteria": "National ID Lookup" if number else "Name and Address Lookup",
            "matchCandidates": candidates,
        })  # fmt: skip

    def _candidate(self, n: int, one: Company, sure: int) -> dict[str, Any]:
        quality = {"confidenceCode": sure, "matchGrade": "AAAAAZAFZZZ", "nameMatchScore": 98.0}
        about = {"duns": duns_of(one.cvr), "primaryName": one.name, **self._known(one)}
        return {"displaySequence": n, "organization": about, "matchQualityInformation": quality}

    def _known(self, one: Company) -> dict[str, Any]:
        town = next(row for row in TOWNS if row[0] == one.postcode)
        number = {"registrationNumber": str(one.cvr), "typeDnBCode": 521}
        number["typeDescription"] = "Business Registration Number (DK)"
        stands = {"description": "Active", "dnbCode": 9074}
        if one.ended:
            stands = {"description": "Out of Business", "dnbCode": 403}
        return {
            "dunsControlStatus": {"operatingStatus": stands, "isMarketable": True},
            "primaryAddress": {
                "streetAddress": {"line1": f"{one.street} {one.house}"},
                "addressLocality": {"name": town[1]}, "postalCode": f"{one.postcode:04d}",
                "addressCountry": {"isoAlpha2Code": "DK"},
            },
            "telephone": [{"telephoneNumber": one.phone, "isdCode": "45"}] if one.phone else [],
            "registrationNumbers": [number],
        }  # fmt: skip

    def _data(self, duns: str, blocks: list[str]) -> Told:
        if not set(blocks) <= self.blocks:
            return problem(401, "00004", "Access to this product is not allowed")
        one = self.firms.find(cvr_of(duns))
        if one is None:
            return problem(404, "40105", "Requested product not available")
        about: dict[str, Any] = {
            "duns": duns,
            "primaryName": one.name,
            "countryISOAlpha2Code": "DK",
        }
        for block, what in ((CORE, self._info), (GROUP, self._group), (CREDIT, self._credit)):
            about |= what(one) if block in blocks else {}
        detail = {"duns": duns, "blockIDs": blocks}
        return Told(200, {**_transaction(), "inquiryDetail": detail, "organization": about})

    def _info(self, one: Company) -> dict[str, Any]:
        heads, revenue = self.firms.employees(one), self.revenue.get(one.cvr)
        sure = 9094 if one.cvr in self.modelled else 9092
        group = {"value": 9000, "informationScopeDnBCode": 9067, "reliabilityDnBCode": 9092}
        own = {"value": heads, "informationScopeDnBCode": 9066, "reliabilityDnBCode": sure}
        money = {
            "financialStatementToDate": "2025-12-31", "reliabilityDnBCode": sure,
            "yearlyRevenue": [{"value": revenue, "currency": "DKK"}],
        }  # fmt: skip
        sites = [
            {"url": url.removeprefix("https://"), "domainName": url.removeprefix("https://www.")}
            for url in self.firms.domains(one)
        ]
        return {
            **self._known(one), "registeredName": one.name, "websiteAddress": sites,
            "startDate": str(one.founded.year), "businessEntityType": {"dnbCode": 451},
            "numberOfEmployees": [group] if heads is None else [group, own],
            "financials": [money] if revenue else [], "industryCodes": [],
        }  # fmt: skip

    def _group(self, one: Company) -> dict[str, Any]:
        line = [self._owner(cvr) for cvr in self.firms.line(one.cvr)]
        own = {"duns": duns_of(one.cvr), "primaryName": one.name}
        top = line[-1] if line else own
        return {
            "corporateLinkage": {
                "hierarchyLevel": len(line) + 1, "familytreeRolesPlayed": [],
                "parent": line[0] if line else {}, "domesticUltimate": top, "globalUltimate": top,
                "headQuarter": {}, "branches": [], "branchesCount": 0,
            }
        }  # fmt: skip

    def _owner(self, cvr: int) -> dict[str, str]:
        one = self.firms.find(cvr)
        return {"duns": duns_of(cvr), "primaryName": one.name if one else "Opdigt Holding AB"}

    def _credit(self, one: Company) -> dict[str, Any]:
        """Of Nordic companies much is an empty object."""
        place, segment = self.percentiles.get(one.cvr), self.segments.get(one.cvr)
        failure = {"nationalPercentile": place, "scoreModel": {"description": "DK00000"}}
        rating = {"rating": f"A{segment}", "riskSegment": {"description": segment}}
        return {
            "dnbAssessment": {
                "failureScore": failure if place is not None else {}, "delinquencyScore": {},
                "standardRating": {"rating": "NQ", "ratingReason": []},
                "nordicAAARating": rating if segment else {},
            }
        }  # fmt: skip

    # --- notices ---------------------------------------------------------------------------

    def notify(self, kind: str, duns: str, **more: Any) -> None:
        """Something happens to a company that is watched."""
        about = {"type": kind, "organization": {"duns": duns}, "elements": [], **more}
        self.notices.append((self.clock(), about))

    def _notices(self, most: int) -> Told:
        """What waits, and is then gone; what waited too long is gone as well."""
        self.notices = [one for one in self.notices if one[0] + KEPT > self.clock()]
        some, self.notices = self.notices[:most], self.notices[most:]
        if not some:
            return problem(404, "21501", "No notifications")
        told = [{**one, "deliveryTimeStamp": f"{at:%Y-%m-%dT%H:%M:%SZ}"} for at, one in some]
        return Told(200, {**_transaction(), "notifications": told})


def duns_of(cvr: int) -> str:
    """A made-up number of nine digits."""
    return f"3{cvr:08d}"


def cvr_of(duns: str) -> str:
    """The company that it stands for."""
    return duns[1:] if len(duns) == 9 else ""


def _transaction() -> dict[str, Any]:
    return {"transactionDetail": {"transactionID": "rrt-opdigtet", "serviceVersion": "1"}}


def problem(
    status: int,
    code: str,
    words: str,
    headers: dict[str, str] | None = None,
    details: list[str] | None = None,
) -> Told:
    """An error, as this vendor writes them."""
    named = [{"parameter": one} for one in details or ()]
    error = {"errorMessage": words, "errorCode": code, "errorDetails": named}
    return Told(status, {**_transaction(), "error": error}, headers or {})


@dataclass(slots=True)
class Dnb(Vendor):
    """A contract and the line to it."""

    desk: Contract


def build(companies: int = 30, *, seed: int = 7, clock: Callable[[], datetime] = now) -> Dnb:
    """A contract over so many companies."""
    return Dnb(Contract(firms(companies, seed, clock), clock), HOST, clock=clock)
