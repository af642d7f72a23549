"""What Vainu tells of a company as a `CompanyRecord`. Pure, and total on whatever is sent."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date, datetime
from typing import Any, Final

from connectors.sources.shapes import amount, cvr_number, day, inside, rows, text, whole
from rules import tables
from rules.enrichment.record import Address, CompanyRecord, Headcount, Money, Signal

SOURCE: Final = "vainu"
PATHS: Final = (
    "business_id", "name", "website", "founded", "financial_data.revenue", "financial_data.year",
    "technology_data",
)  # fmt: skip
"""The paths that the vendor's own pages name; others are settings."""


def company(
    doc: Mapping[str, Any],
    paths: Mapping[str, str],
    read_at: datetime,
    signals: Sequence[Signal] = (),
) -> CompanyRecord:
    """The company that a row tells of; `paths` are where a customer's account has other facts."""
    said = {fact: inside(doc, path) for fact, path in paths.items()}
    heads = whole(said.get("employees"))
    return CompanyRecord(
        cvr=cvr_number(doc.get("business_id")),
        source=SOURCE,
        read_at=read_at,
        name=text(doc.get("name")),
        founded=day(doc.get("founded")),
        headcount=None if heads is None else Headcount(exact=heads),
        address=Address(country="DK"),
        phone=text(said.get("phone")),
        website=text(doc.get("website")) or text(said.get("domain")),
        revenue=_revenue(doc.get("financial_data")),
        sector=text(said.get("sector")),
        technologies=tuple(sorted(_technologies(doc.get("technology_data")))),
        signals=tuple(signals),
    )


def _revenue(row: Any) -> Money | None:
    """In kroner, as all of a Danish company's."""
    money, year = amount(inside(row, "revenue")), whole(inside(row, "year"))
    end = date(year, 12, 31) if year and 1900 < year < 3000 else None
    return None if money is None else Money(amount=money, period_end=end)


def _technologies(listed: Any) -> Iterator[str]:
    yield from filter(None, (text(one.get("name")) for one in rows(listed)))


def signals_of(
    told: Iterable[Mapping[str, Any]], more: Mapping[str, str]
) -> dict[str, list[Signal]]:
    """By CVR number: what happened; `more` are marks that the settings add, to their meaning."""
    meaning = {**tables.pairs("vainu_signals"), **more}
    found: dict[str, list[Signal]] = {}
    for one in told:
        at = day(one.get("vainu_date"))
        kinds = {meaning.get(text(tag.get("id"))) for tag in rows(one.get("tags"))} - {None}
        for about in rows(one.get("organizations")) if at else ():
            known = found.setdefault(cvr_number(about.get("business_id")), [])
            known += [Signal(kind=str(kind), day=at) for kind in sorted(map(str, kinds)) if at]
    return {
        cvr: sorted(set(some), key=lambda one: (one.day, one.kind)) for cvr, some in found.items()
    }
