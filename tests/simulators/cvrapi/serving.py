"""Which look-up is answered by what: a company a call, as cvrapi.dk tells of it.

Told from its documentation and clients: errors stand in the body, some of them in answers of status
200; fifty calls a day from one address; whoever does not say who he is in the right form is answered as
if they were used up.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from typing import Any, Final

from simulators.cvr.register import BINS, FORMS, INDUSTRY, TOWNS, Company, Register, check_digit
from simulators.web import Ask, Told, Vendor

HOST: Final = "https://cvrapi.dk"
AGENT: Final = "Opdigt ApS - Ringren - Prøve 68000000"
QUOTA: Final = 50
_AGENT: Final = re.compile(r"[^-]+ - [^-]+ - [^-]+")


@dataclass
class Shop:
    """The service over a register. `stale`: what changed since it was filled has not arrived yet."""

    register: Register
    clock: Callable[[], datetime]
    quota: int = QUOTA
    stale: bool = False
    broken: list[tuple[int, str]] = field(default_factory=list)
    """Status and error of the next answers, instead of what would be said."""
    asked: list[str] = field(default_factory=list)
    """The numbers that were asked for."""
    _used: dict[date, int] = field(default_factory=dict)

    def answer(self, ask: Ask) -> Told:
        """The answer to one call."""
        if ask.path != "/api" or ask.method != "GET" or ask.one("country") not in {"dk", "no"}:
            return Told(404, "", type="text/html")
        if self.broken:
            status, error = self.broken.pop(0)
            return _failed(status, error)
        today = self.clock().date()
        self._used[today] = self._used.get(today, 0) + 1
        agent = ask.headers.get("user-agent", "").encode("latin-1").decode("utf-8", "replace")
        if not _AGENT.fullmatch(agent) or self._used[today] > self.quota:
            return _failed(200, "QUOTA_EXCEEDED")
        number = ask.one("vat")
        self.asked.append(number)
        if not (number.isdigit() and len(number) == 8 and _is_right(number)):
            return _failed(400, "INVALID_VAT")
        find = self.register.as_made if self.stale else self.register.find
        found = find(int(number))
        return _failed(404, "NOT_FOUND") if found is None else Told(200, told(found))


def _is_right(number: str) -> bool:
    digit = check_digit(int(number[:7]))
    return digit is not None and digit == int(number[7])


def _failed(status: int, error: str) -> Told:
    return Told(status, {"error": error, "t": 0, "version": 6})


def told(one: Company) -> dict[str, Any]:
    """A company as it is told of: dates as people write them, industry as a number."""
    town = next(town for town in TOWNS if town[0] == one.postcode)[1]
    _, _, long, _ = next(form for form in FORMS if form[0] == one.form)
    credit = one.status.removeprefix("UNDER ").capitalize() if "UNDER" in one.status else None
    trade = {"industrycode": int(one.industry), "industrydesc": dict(INDUSTRY).get(one.industry)}
    return {
        "vat": one.cvr,
        "name": one.name,
        "address": _street(one),
        "zipcode": str(one.postcode),
        "city": town,
        "cityname": None,
        "protected": one.protected,
        "phone": one.phone or None,
        "email": one.email or None,
        "fax": None,
        "startdate": f"{one.founded:%d/%m - %Y}",
        "enddate": f"{one.ended:%d/%m - %Y}" if one.ended else None,
        "employees": _heads(one),
        "addressco": None,
        **trade,
        "companycode": one.form,
        "companydesc": long,
        "creditstartdate": None,
        "creditbankrupt": one.status == "UNDER KONKURS",
        "creditstatus": credit,
        "owners": None,
        "productionunits": [],
        "t": 100,
        "version": 6,
    }


def _street(one: Company) -> str:
    letter = "A" if one.house % 5 == 0 else ""
    floor = ", 2. tv" if one.house % 7 == 0 else ""
    return f"{one.street} {one.house}{letter}{floor}"


def _heads(one: Company) -> Any:
    """A number, a span with or without blanks, or nothing."""
    if one.employees is None:
        return None
    if one.employees % 2:
        return one.employees
    low = max(edge for edge in BINS if edge <= one.employees)
    above = BINS[BINS.index(low) + 1 :]
    return f"{low} - {above[0] - 1}" if above else one.employees


@dataclass(slots=True)
class CvrApi(Vendor):
    """The service and the line to it."""

    desk: Shop


def build(
    companies: int = 100,
    *,
    seed: int = 7,
    clock: Callable[[], datetime] | None = None,
    register: Register | None = None,
) -> CvrApi:
    """The service over so many companies, or over a register that others tell of as well."""
    now = clock or (lambda: datetime.now(UTC))
    held = register or Register(companies, seed, now)
    return CvrApi(Shop(held, now), HOST, clock=now)
