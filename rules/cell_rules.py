"""The rules that read a cell: which format runs on which field, and what it depends on.

Not the formats themselves (`rules.formats`), and not what comes of their verdict (`rules.hygiene`).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Final

from rules.fills import CLEANED
from rules.formats import (
    addresses,
    bins,
    company_names,
    countries,
    cvr,
    dates,
    email,
    industry,
    names,
    numbers,
    phone,
    postcodes,
    titles,
    towns,
    web,
)
from rules.formats.cells import Guess, guessed
from rules.formats.choices import Picklist
from rules.formats.formatted import Formatted
from rules.private import PHONE_FIELDS
from rules.records import Kind


@dataclass(frozen=True, slots=True, eq=False)
class Rule:
    """One format on some fields.

    `settled` is the quick look that nearly every cell gets: True means that `unsettled` would
    neither change it nor report. `usual`, where there is one, guesses (spelling, reason) of what is
    spelt in a usual way; a guess that is settled is what `unsettled` would give, and is taken.
    `unsettled` reads the cell. These two are called with the record's region besides when the rule
    is `regional`. `version` rises whenever the same cell may come out
    differently; `tables` and `libraries` are what the outcome depends on besides. Into the fields
    of `moves` it may put what a cell held besides. `options` name what settings said to it
    (`rules.options`). `lists`: the picklist by which each field is read, instead of `settled` and
    `unsettled`. `closed`: of its fields those that nobody can write; it only says what it finds there.
    """

    name: str
    fields: tuple[str, ...]
    settled: Callable[[str], bool]
    unsettled: Callable[..., Formatted]
    version: int
    kinds: frozenset[Kind] = CLEANED
    regional: bool = False
    tables: tuple[str, ...] = ()
    libraries: tuple[str, ...] = ()
    moves: tuple[str, ...] = ()
    options: tuple[str, ...] = ()
    lists: Mapping[str, Picklist] | None = None
    usual: Callable[..., Guess | None] | None = None
    closed: frozenset[str] = frozenset()

    def on(self, field: str) -> Rule:
        """The rule as it works on one of its fields."""
        if self.lists is None:
            return self
        own = self.lists[field]
        return replace(self, settled=own.settled, unsettled=own.unsettled, lists=None)

    def within(self, allows: Callable[[str], bool]) -> Rule | None:
        """The rule with the fields that it may touch; None when there is none."""
        fields = tuple(filter(allows, self.fields))
        moves = tuple(filter(allows, self.moves))
        if (fields, moves) == (self.fields, self.moves):
            return self
        return replace(self, fields=fields, moves=moves) if fields else None

    def closing(self, closed: frozenset[str]) -> Rule:
        """The rule where nobody can write these fields: it changes them no more, and moves nothing
        into them."""
        here = closed.intersection(self.fields)
        moves = tuple(name for name in self.moves if name not in closed)
        return replace(self, closed=here, moves=moves) if here or moves != self.moves else self

    def read(self, text: str, region: str) -> Formatted:
        """What the format makes of a cell."""
        if self.settled(text):
            return Formatted(text)
        if self.usual is not None:
            guess = self.usual(text, region) if self.regional else self.usual(text)
            formatted = guessed(guess, self.settled)
            if formatted is not None:
                return formatted
        return self.unsettled(text, region) if self.regional else self.unsettled(text)


_NAME_TABLES = (
    "first_names", "name_capitals", "name_particles", "name_titles", "not_persons", "surnames",
)  # fmt: skip

_TOWN_TABLES = ("postcodes", "town_words")
TITLE_TABLES = ("title_ambiguous", "title_variants", "title_words", "titles")

DATE_FIELDS: Final = ("next_action_at", "data_checked_at", "signal_at", "informed_at")
TIME_FIELDS: Final = ("started_at", "last_contact_at")
EVIDENCE_FIELDS: Final = ("consent_call_at", "consent_email_at", "consent_sms_at", "opt_out_at")
"""Dates that prove a yes or a no: their writing may change, their meaning must not."""

CELL_RULES: Final[tuple[Rule, ...]] = (
    Rule(
        "cvr",
        ("cvr",),
        cvr.settled,
        cvr.unsettled,
        cvr.VERSION,
        tables=("placeholders", "placeholder_numbers"),
        usual=cvr.usual,
    ),
    Rule(
        "company_name",
        ("company_name",),
        company_names.settled,
        company_names.unsettled,
        company_names.VERSION,
        tables=("placeholders", "legal_forms", "company_tails", "not_companies"),
        usual=company_names.usual,
    ),
    Rule(
        "full_name",
        ("full_name",),
        names.settled,
        names.unsettled,
        names.VERSION,
        tables=("placeholders", *_NAME_TABLES),
        moves=("title",),
        usual=names.usual,
    ),
    Rule(
        "first_name",
        ("first_name",),
        names.settled,
        names.unsettled_first,
        names.VERSION,
        tables=("placeholders", *_NAME_TABLES),
        moves=("title",),
        usual=names.usual,
    ),
    Rule(
        "last_name",
        ("last_name",),
        names.settled,
        names.unsettled_last,
        names.VERSION,
        tables=("placeholders", *_NAME_TABLES),
        moves=("title",),
        usual=names.usual,
    ),
    Rule(
        "phone",
        PHONE_FIELDS,
        phone.settled,
        phone.unsettled,
        phone.VERSION,
        regional=True,
        tables=("placeholders", "placeholder_numbers", "phone_words", "countries"),
        libraries=("phonenumbers",),
        moves=("phone_extension", "other_phone", "email", "cvr"),
        usual=phone.usual,
    ),
    Rule(
        "email",
        ("email",),
        email.settled,
        email.unsettled,
        email.VERSION,
        tables=("placeholders", "mail_slips", "shared_domains"),
        libraries=("email-validator", "tldextract"),
        moves=("full_name",),
        usual=email.usual,
    ),
    Rule(
        "website",
        ("website",),
        web.settled,
        web.unsettled,
        web.VERSION,
        tables=("placeholders", "mail_slips", "shared_domains"),
        libraries=("tldextract",),
        usual=web.usual,
    ),
    Rule(
        "root_domain",
        ("root_domain",),
        web.settled_domain,
        web.domain,
        web.VERSION,
        tables=("placeholders", "mail_slips", "shared_domains"),
        libraries=("tldextract",),
    ),
    Rule(
        "country",
        ("country",),
        countries.settled,
        countries.unsettled,
        countries.VERSION,
        tables=("placeholders", "countries"),
    ),
    Rule(
        "industry_code",
        ("industry_code",),
        industry.settled,
        industry.unsettled,
        industry.VERSION,
        tables=("placeholders", "db07", "db25"),
        moves=("industry_label", "industry_scheme"),
    ),
    Rule(
        "industry_code_db25",
        ("industry_code_db25",),
        industry.settled_db25,
        industry.unsettled_db25,
        industry.VERSION,
        tables=("placeholders", "db07", "db25"),
        moves=("industry_label", "industry_scheme"),
    ),
    Rule(
        "employees",
        ("employees",),
        bins.EMPLOYEES.settled,
        bins.employees,
        bins.VERSION,
        tables=("placeholders", "amount_words"),
    ),
    Rule(
        "revenue",
        ("revenue", "gross_profit"),
        bins.REVENUE.settled,
        bins.revenue,
        bins.VERSION,
        tables=("placeholders", "amount_words"),
    ),
    Rule(
        "postcode",
        ("postcode",),
        postcodes.settled,
        postcodes.unsettled,
        postcodes.VERSION,
        regional=True,
        tables=("placeholders", "countries", *_TOWN_TABLES),
        moves=("city",),
    ),
    Rule(
        "city",
        ("city",),
        towns.settled,
        towns.unsettled,
        towns.VERSION,
        regional=True,
        tables=("placeholders", "countries", *_TOWN_TABLES),
        moves=("postcode",),
    ),
    Rule(
        "address",
        ("address",),
        addresses.settled,
        addresses.unsettled,
        addresses.VERSION,
        regional=True,
        tables=("placeholders", "countries", *_TOWN_TABLES),
        moves=("postcode", "city", "country"),
    ),
    Rule(
        "date",
        DATE_FIELDS,
        dates.settled_day,
        dates.unsettled_day,
        dates.VERSION,
        tables=("placeholders",),
    ),
    Rule(
        "datetime",
        TIME_FIELDS,
        dates.settled,
        dates.unsettled,
        dates.VERSION,
        tables=("placeholders",),
    ),
    Rule(
        "evidence_date",
        EVIDENCE_FIELDS,
        dates.settled,
        dates.unsettled_evidence,
        dates.VERSION,
        tables=("placeholders",),
    ),
    Rule(
        "p_number",
        ("p_number",),
        numbers.settled_p_number,
        numbers.p_number,
        numbers.VERSION,
        tables=("placeholders",),
    ),
    Rule(
        "phone_extension",
        ("phone_extension",),
        numbers.settled_extension,
        numbers.extension,
        numbers.VERSION,
        tables=("placeholders", "placeholder_numbers", "phone_words", "countries"),
        libraries=("phonenumbers",),
    ),
    Rule(
        "priority",
        ("priority",),
        numbers.settled_number,
        numbers.number,
        numbers.VERSION,
        tables=("placeholders",),
    ),
    Rule(
        "duration_seconds",
        ("duration_seconds",),
        numbers.settled_seconds,
        numbers.seconds,
        numbers.VERSION,
        tables=("placeholders",),
    ),
    Rule(
        "title",
        ("title",),
        titles.settled,
        titles.unsettled,
        titles.VERSION,
        tables=("placeholders", *TITLE_TABLES),
    ),
)
"""In this order. What one rule puts into an empty field is not cleaned again in the same pass.

The address comes after the fields into which it gives away what is not its own, so that it finds
them as they will stand.
"""
