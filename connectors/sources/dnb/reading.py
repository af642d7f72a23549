"""What Direct+ tells of a company as a `CompanyRecord`. Pure, and total on whatever is sent.

An empty object stands for "not available": it is never read as 0, which would be the highest risk.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

from connectors.sources.shapes import amount, cvr_number, day, inside, rows, text, whole
from rules.enrichment.record import (
    Address,
    CompanyRecord,
    Credit,
    Headcount,
    Money,
    Related,
)
from rules.formats.check_digits import passes
from rules.formats.web import root_domain

SOURCE: Final = "dnb"
ACTIVE: Final = 9074
ALONE: Final = (9066, 9068)
"""Employees of the company itself; of its head office. What a group has is another company's count."""
ACTUAL: Final = 9092
_RISKS: Final = ((20, "high"), (50, "raised"), (100, "normal"))
"""By the national percentile, of which 1 is the riskiest and 100 the least."""
_SEGMENTS: Final = {"1": "normal", "2": "normal", "3": "raised", "4": "high", "5": "high"}


def company(doc: Mapping[str, Any], read_at: datetime) -> CompanyRecord:
    """The company of an `organization` object."""
    sites = rows(doc.get("websiteAddress"))
    phones = rows(doc.get("telephone"))
    return CompanyRecord(
        cvr=number_of(doc),
        source=SOURCE,
        read_at=read_at,
        name=text(doc.get("registeredName")) or text(doc.get("primaryName")),
        status="active" if operates(doc) == ACTIVE else "",
        headcount=_headcount(doc),
        address=_address(doc.get("primaryAddress")),
        phone=_phone(phones[0]) if phones else "",
        website=text(sites[0].get("url")) if sites else "",
        revenue=_revenue(doc),
        parent=_owner(doc, "parent"),
        head=_owner(doc, "globalUltimate") or _owner(doc, "domesticUltimate"),
        credit=_credit(doc.get("dnbAssessment")),
    )


def number_of(doc: Mapping[str, Any]) -> str:
    """The Danish number among those that it is registered by, whatever its type is called."""
    found = (
        cvr_number(one.get("registrationNumber")) for one in rows(doc.get("registrationNumbers"))
    )
    return next((one for one in found if passes(one)), "")


def domains(doc: Mapping[str, Any]) -> set[str]:
    """The domains of its sites."""
    sites = rows(doc.get("websiteAddress"))
    hosts = (text(one.get("domainName")) or text(one.get("url")) for one in sites)
    return {root for one in hosts if (root := root_domain(one))}


def operates(doc: Mapping[str, Any]) -> int | None:
    """The vendor's code of how it stands."""
    return whole(inside(doc, "dunsControlStatus.operatingStatus.dnbCode"))


def _headcount(doc: Mapping[str, Any]) -> Headcount | None:
    counted = rows(doc.get("numberOfEmployees"))
    for scope in ALONE:
        for one in counted:
            heads = whole(one.get("value"))
            if one.get("informationScopeDnBCode") == scope and heads is not None:
                return Headcount(exact=heads, estimate=one.get("reliabilityDnBCode") != ACTUAL)
    return None


def _address(row: Any) -> Address:
    return Address(
        street=text(inside(row, "streetAddress.line1")),
        postcode=text(inside(row, "postalCode")),
        city=text(inside(row, "addressLocality.name")),
        country=text(inside(row, "addressCountry.isoAlpha2Code")) or "DK",
    )


def _phone(row: Mapping[str, Any]) -> str:
    number, code = text(row.get("telephoneNumber")), text(row.get("isdCode"))
    return f"+{code} {number}" if number and code else number


def _revenue(doc: Mapping[str, Any]) -> Money | None:
    for one in rows(doc.get("financials")):
        for row in rows(one.get("yearlyRevenue")):
            money = amount(row.get("value"))
            if money is not None and text(row.get("currency")):
                return Money(
                    amount=money,
                    currency=text(row.get("currency")),
                    period_end=day(one.get("financialStatementToDate")),
                    estimate=one.get("reliabilityDnBCode") != ACTUAL,
                )
    return None


def _owner(doc: Mapping[str, Any], role: str) -> Related | None:
    """Somebody above it; at the top of a family the vendor names the company itself."""
    row = inside(doc, f"corporateLinkage.{role}")
    name, duns = text(inside(row, "primaryName")), text(inside(row, "duns"))
    if not name or duns == text(doc.get("duns")):
        return None
    return Related(name=name, known_as=duns)


def _credit(row: Any) -> Credit | None:
    """By the percentile; of Nordic companies that have none by the segment of their rating."""
    place = whole(inside(row, "failureScore.nationalPercentile"))
    model = text(inside(row, "failureScore.scoreModel.description"))
    if place and place <= _RISKS[-1][0]:
        risk = next(name for most, name in _RISKS if place <= most)
        return Credit(risk=risk, model=f"{model} {place}".strip())
    segment = text(inside(row, "nordicAAARating.riskSegment.description"))
    risk = _SEGMENTS.get(segment, "")
    return (
        Credit(risk=risk, model=f"AAA {text(inside(row, 'nordicAAARating.rating'))}")
        if risk
        else None
    )
