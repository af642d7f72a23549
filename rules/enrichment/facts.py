"""What a company as a source knows it says for each field of ours, as text to be spelled by its rules.

A record with a P-number is about that place of work: its address and phone are the unit's. Contact
data of whoever is, or may be, protected from advertising are not taken from the register that says
so (CVR-loven § 19). A head count, and a year's figure, older than two years says nothing, nor does a
signal of half a year ago; another currency is another figure; gross profit is never revenue.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import date, timedelta
from typing import Final, NamedTuple

from rules.enrichment import standing
from rules.enrichment.identity import HOME
from rules.enrichment.record import (
    Address,
    CompanyRecord,
    Headcount,
    Money,
    Related,
    Signal,
    Unit,
)
from rules.enrichment.technologies import listed
from rules.fields.choices import COMPANY_STATUS, CREDIT, SIGNAL, TECHNOLOGY
from rules.fields.field import Choice

REGISTER: Final = "cvr"
OLDEST_COUNT: Final = 24
"""Months: the register keeps old series that ended years ago."""
OLDEST_YEAR: Final = 24
"""Months since the end of the year that a figure is of: by then the next two should be there."""
SIGNAL_LIVES: Final = timedelta(days=180)
"""So long something that happened is a reason to call."""
_STATUS: Final = {choice.value: choice.da for choice in COMPANY_STATUS if choice.value != "unknown"}
_RISK: Final = {choice.value: choice.da for choice in CREDIT}
_SIGNAL: Final = {choice.value: choice.da for choice in SIGNAL}


FACTS: Final = (
    "company_name", "cvr", "p_number", "legal_form", "industry_code", "industry_scheme",
    "industry_label", "industry_code_db25", "sector", "employees", "revenue", "gross_profit",
    "main_phone", "website", "address", "postcode", "city", "country", "technology",
    "parent_company", "ultimate_parent", "credit_rating", "signal", "signal_at", "company_status",
    "ad_protected",
)  # fmt: skip
"""The fields that a company as a source knows it may speak of, in the order of the catalogue."""


class _Place(NamedTuple):
    """Where it is reached: the company's seat, or one of its units."""

    address: Address
    phone: str
    protected: bool | None


def told(
    company: CompanyRecord,
    p_number: str = "",
    today: date | None = None,
    technologies: Sequence[Choice] = TECHNOLOGY,
) -> dict[str, str]:
    """What it says, by field, as far as it says anything; `p_number` is the record's own, `technologies`
    those that matter to whoever asks."""
    place = _place(company, p_number)
    said = {
        "company_name": company.name,
        "cvr": company.cvr if company.number.country == HOME else "",
        "p_number": company.units[0].p_number if len(company.units) == 1 else "",
        "legal_form": standing.form_of(company.form_code),
        "employees": _employees(company.headcount, today),
        "revenue": _money(company.revenue, today),
        "gross_profit": _money(company.gross_profit, today),
        "company_status": _STATUS.get(company.status, ""),
        "ad_protected": _YES_NO[place.protected],
        "website": company.website,
        "sector": company.sector,
        "technology": listed(company.technologies, technologies),
        "parent_company": _name(company.parent),
        "ultimate_parent": _name(company.head),
        "credit_rating": _RISK.get(company.credit.risk, "") if company.credit else "",
        **_signal(company.signals, today),
        **_industry(company),
        **_address(place.address),
        "main_phone": place.phone,
    }
    if company.source == REGISTER and place.protected is not False:
        said |= {"website": "", "main_phone": ""}
    return {field: said[field] for field in FACTS if said.get(field)}


def _place(company: CompanyRecord, p_number: str) -> _Place:
    """The unit with that number; of one that the company has not, nothing is known."""
    if not p_number or not company.units:
        return _Place(company.address, company.phone, company.protected)
    unit = next((one for one in company.units if one.p_number == p_number), None)
    if unit is None:
        return _Place(Address(), "", company.protected)
    return _Place(unit.address, unit.phone, _either(company, unit))


def _either(company: CompanyRecord, unit: Unit) -> bool | None:
    """Protection of the company covers its units; unknown of one of them is unknown."""
    both = {company.protected, unit.protected}
    return True if True in both else None if None in both else False


def _industry(company: CompanyRecord) -> dict[str, str]:
    """A code without its system says nothing: the same digits are two trades."""
    industry = company.industry
    if industry is None or not industry.scheme:
        return {}
    return {
        "industry_code": industry.code,
        "industry_scheme": industry.scheme,
        "industry_label": industry.label,
        "industry_code_db25": industry.code if industry.scheme == "DB25" else "",
    }


def _name(owner: Related | None) -> str:
    return owner.name if owner else ""


def _signal(signals: Sequence[Signal], today: date | None) -> dict[str, str]:
    """What happened last, of what the catalogue's list names."""
    known = [one for one in signals if one.kind in _SIGNAL]
    last = max(known, key=lambda one: (one.day, one.kind), default=None)
    if last is None or (today and today - last.day > SIGNAL_LIVES):
        return {}
    return {"signal": _SIGNAL[last.kind], "signal_at": last.day.isoformat()}


def _address(address: Address) -> dict[str, str]:
    return {
        "address": address.street,
        "postcode": address.postcode,
        "city": address.city,
        "country": address.country,
    }


def _employees(count: Headcount | None, today: date | None) -> str:
    if count is None or (today and count.month and _months(count.month, today) > OLDEST_COUNT):
        return ""
    if count.exact is not None:
        return str(count.exact)
    if count.low is None:
        return ""
    if count.high is None:
        return f"{count.low}+"
    return str(count.low) if count.low == count.high else f"{count.low}-{count.high}"


def _months(first: date, last: date) -> int:
    return (last.year - first.year) * 12 + last.month - first.month


def _money(money: Money | None, today: date | None) -> str:
    if money is None:
        return ""
    if today and money.period_end and _months(money.period_end, today) > OLDEST_YEAR:
        return ""
    return f"{money.amount:f} {'kr.' if money.currency == 'DKK' else money.currency}"


_YES_NO: Final = {True: "Ja", False: "Nej", None: ""}


ESTIMATES: Final[Mapping[str, Callable[[CompanyRecord], bool]]] = {
    "employees": lambda one: one.headcount is not None and one.headcount.estimate,
    "revenue": lambda one: one.revenue is not None and one.revenue.estimate,
    "gross_profit": lambda one: one.gross_profit is not None and one.gross_profit.estimate,
}
"""The fields whose value may be reckoned, and whether this one's is."""
