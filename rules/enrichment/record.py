"""A company as a source of facts describes it: the one shape in which every source answers.

What a source does not say is empty here, and empty means unknown, never "no". Texts stand as the
source spells them: the rules of each field spell them when they are proposed. What the source calls
secret, or what ended, is not here at all.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import NamedTuple


@dataclass(frozen=True, slots=True, kw_only=True)
class Address:
    """Where a company is. `street` holds street, number, floor and door in one line; an address that
    the source gives as free text only (a foreign one) stands in `street` whole."""

    street: str = ""
    postcode: str = ""
    city: str = ""
    country: str = ""
    """ISO 3166 code of two letters."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Industry:
    """An industry code with its system: the same digits name different trades in DB07 and DB25.

    `code` is six digits without dots; `scheme` is DB07 or DB25, empty when the source does not say.
    """

    code: str
    scheme: str
    label: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Headcount:
    """Employees (heads): exact where the source says so, else from `low` to `high` (None: open).

    `month` is the first day of the month or year that it was counted in; None: nobody says.
    `estimate` says that nobody counted and the source reckoned it.
    """

    exact: int | None = None
    low: int | None = None
    high: int | None = None
    month: date | None = None
    estimate: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Money:
    """An amount of one accounting period, in whole units of `currency` (ISO 4217).

    `estimate` says that the source reckoned it and no accounts state it.
    """

    amount: Decimal
    currency: str = "DKK"
    period_end: date | None = None
    estimate: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Unit:
    """A production unit: a place where the company works, with a P-number of its own."""

    p_number: str
    name: str = ""
    address: Address = Address()
    phone: str = ""
    protected: bool | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Related:
    """A company that owns another one. `cvr` is empty where the source does not say it; `known_as` is
    what the source itself knows it by (a DUNS number, an id)."""

    name: str
    cvr: str = ""
    known_as: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Signal:
    """Something that happened to a company: `kind` is a value of the catalogue's list of signals."""

    kind: str
    day: date


@dataclass(frozen=True, slots=True, kw_only=True)
class Credit:
    """How risky it is to give a company credit: `risk` is a value of the catalogue's list, `model` what
    the source reckoned it by, with the mark that it gave there."""

    risk: str
    model: str


class Number(NamedTuple):
    """A company by the number of its register: in Denmark the CVR number."""

    country: str
    number: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CompanyRecord:
    """One company as one source knew it at `read_at` (aware UTC).

    `source` is a name of `rules.fields.field.SOURCES`; `stamp` is the source's own mark of the
    version, empty when it has none. `cvr` is eight digits, or the number of a foreign register
    (then `country` of the address says whose). `form_code` is the code of the Danish register
    (`rules/tables/cvr_forms.csv`), `status` a value of the catalogue's list. `protected` is
    the advertising protection (CVR-loven § 19) of the company itself; None: the source does not say.
    `revenue` and `gross_profit` are different figures, and neither ever stands for the other.
    `successors` are the CVR numbers of those that it was merged into or split up into. `kept_from`:
    the day on which some of it was told, by a way to the source that knows more than the last one;
    None: all of it is of `read_at`.
    `successors` are the CVR numbers of those that it was merged into or split up into. `parent` owns
    it, `head` stands above all its owners. `sector` is the source's own word for the trade, beside the
    code; `technologies` are products by the names that the source gives them.
    """

    cvr: str
    source: str
    read_at: datetime
    stamp: str = ""
    name: str = ""
    secondary_names: tuple[str, ...] = ()
    status: str = ""
    founded: date | None = None
    ended: date | None = None
    form_code: str = ""
    industry: Industry | None = None
    headcount: Headcount | None = None
    address: Address = Address()
    units: tuple[Unit, ...] = ()
    phone: str = ""
    email: str = ""
    website: str = ""
    protected: bool | None = None
    revenue: Money | None = None
    gross_profit: Money | None = None
    successors: tuple[str, ...] = ()
    kept_from: date | None = None
    sector: str = ""
    parent: Related | None = None
    head: Related | None = None
    technologies: tuple[str, ...] = ()
    signals: tuple[Signal, ...] = ()
    credit: Credit | None = None

    @property
    def number(self) -> Number:
        """What it is known by: the number of its register, and the country of that register."""
        return Number(self.address.country or "DK", self.cvr)

    @property
    def names(self) -> tuple[str, ...]:
        """Its name and its secondary names, as far as there are any."""
        return tuple(name for name in (self.name, *self.secondary_names) if name)
