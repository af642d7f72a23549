"""What Lasso X tells of a company as a `CompanyRecord`. Pure, and total on whatever is sent.

Phone, site and mail of the company's own answer are the register's, and are not taken: the register
itself is asked for them, and says who is protected. That somebody is protected is believed, that
nobody is, not: the answer about companies has not been seen to say so.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any, Final

from connectors.sources.shapes import amount, cvr_number, day, inside, rows, text, whole
from rules.enrichment.record import (
    Address,
    CompanyRecord,
    Credit,
    Headcount,
    Industry,
    Money,
    Related,
)
from rules.enrichment.standing import status_of
from rules.formats.web import root_domain

SOURCE: Final = "lasso"
_INTERVAL: Final = re.compile(r"(?:ANTAL_)?(\d+)[-_](\d+)")
_OPEN_END: Final = 999_999
_MAJORITY: Final = 0.5
_RISKS: Final = {"A": "normal", "B": "normal", "C": "raised", "D": "high"}
"""Creditsafe's international scale; E means that there is no rating."""


def company(
    doc: Mapping[str, Any],
    read_at: datetime,
    *,
    sites: Sequence[Mapping[str, Any]] = (),
    reports: Sequence[Mapping[str, Any]] = (),
    rating: Mapping[str, Any] | None = None,
    owners: tuple[Related | None, Related | None] = (None, None),
) -> CompanyRecord:
    """The company that an answer tells of, with what other calls tell."""
    ended = day(inside(doc, "lifeTime.to"))
    parent, head = owners
    return CompanyRecord(
        cvr=cvr_number(doc.get("cvr")),
        source=SOURCE,
        read_at=read_at,
        stamp=text(doc.get("lastUpdated")),
        name=text(doc.get("name")),
        secondary_names=tuple(filter(None, map(text, doc.get("alternateNames") or ()))),
        status=_status(doc, ended),
        founded=day(inside(doc, "lifeTime.from")),
        ended=ended,
        form_code=text(inside(doc.get("form"), "code")),
        industry=None if ended else _industry(doc.get("industry")),
        headcount=_headcount(doc.get("employees")),
        address=_address(doc.get("address")),
        website=_site(sites),
        protected=True if doc.get("commerciallyProtected") is True else None,
        revenue=_newest(reports, "revenue"),
        gross_profit=_newest(reports, "grossProfit"),
        parent=parent,
        head=head,
        credit=_credit(rating or {}),
    )


def _status(doc: Mapping[str, Any], ended: date | None) -> str:
    said = status_of(text(doc.get("status")))
    return "dissolved" if ended and said in {"", "active"} else said


def _industry(row: Any) -> Industry | None:
    """A company that trades has had a code of DB25 since 2025."""
    code = text(inside(row, "code")).zfill(6)
    if len(code) != 6 or not code.isdecimal() or code in {"000000", "980000", "999999"}:
        return None
    return Industry(code=code, scheme="DB25", label=text(inside(row, "text")))


def _headcount(row: Any) -> Headcount | None:
    exact = whole(inside(row, "count"))
    span = _INTERVAL.fullmatch(text(inside(row, "interval")))
    if exact is None and not span:
        return None
    low, high = (int(span[1]), int(span[2])) if span else (None, None)
    year, month = whole(inside(row, "year")), whole(inside(row, "month")) or 12
    counted = date(year, month, 1) if year and 1 <= month <= 12 and year < 3000 else None
    return Headcount(
        exact=exact, low=low, high=None if high and high >= _OPEN_END else high, month=counted
    )


def _address(row: Any) -> Address:
    code = inside(row, "postalCode")
    return Address(
        street=text(inside(row, "address1")),
        postcode=f"{code:04d}" if isinstance(code, int) else text(code),
        city=text(inside(row, "postalDistrict")),
        country=text(inside(row, "countryCode")),
    )


def _site(sites: Sequence[Mapping[str, Any]]) -> str:
    """The one that was looked at last; that of a company with several is a guess, and none is made."""
    domains = {root_domain(text(one.get("url"))) for one in sites} - {None}
    if len(domains) != 1:
        return ""
    last = max(sites, key=lambda one: (text(one.get("verifiedAt")), text(one.get("url"))))
    return text(last.get("url"))


def lists(sites: Sequence[Mapping[str, Any]], domain: str) -> bool:
    """Whether the domain is among a company's sites."""
    return any(root_domain(text(one.get("url"))) == domain for one in sites)


def _newest(reports: Sequence[Mapping[str, Any]], figure: str) -> Money | None:
    """A figure of the newest accounts; that they lack it says nothing of those before."""
    newest = max(reports, key=lambda one: text(inside(one, "period.to")), default=None)
    node = inside(newest, f"data.company.facts.incomeStatement.{figure}")
    money = amount(inside(node, "value"))
    if newest is None or money is None:
        return None
    currency = text(inside(node, "unit")) or "DKK"
    return Money(amount=money, currency=currency, period_end=day(inside(newest, "period.to")))


def _credit(rating: Mapping[str, Any]) -> Credit | None:
    said = text(inside(rating, "current.internationalScore")).upper()
    risk = _RISKS.get(said)
    return Credit(risk=risk, model=f"Creditsafe {said}") if risk else None


# --- who owns whom ----------------------------------------------------------------------------


def above(graph: Mapping[str, Any], cvr: str) -> tuple[Related | None, Related | None]:
    """Who owns most of a company, and who stands above all of its owners. `from` owns `to`."""
    names = {text(one.get("id")): one for one in rows(graph.get("entities"))}
    owners = {
        text(one.get("to")): text(one.get("from"))
        for one in rows(graph.get("relations"))
        if _is_majority(one)
    }
    here = f"CVR-1-{cvr}"
    line: list[str] = []
    while (here := owners.get(here, "")) and here not in line:
        line.append(here)
    found = [owner for one in line if (owner := _owner(names.get(one)))]
    return (found[0], found[-1]) if found else (None, None)


def _is_majority(relation: Mapping[str, Any]) -> bool:
    share = inside(relation, "data.ownershipPercentage.from")
    owns = isinstance(share, int | float) and share >= _MAJORITY
    return owns and text(relation.get("from")).startswith("CVR-1-")


def _owner(entity: Mapping[str, Any] | None) -> Related | None:
    name = text(inside(entity, "data.name"))
    cvr = cvr_number(inside(entity, "data.cvr"))
    return Related(name=name, cvr=cvr, known_as=text(inside(entity, "id"))) if name else None
