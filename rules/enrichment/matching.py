"""Which company a record is, among those that sources know. (requirements R40, R41)

The root domain of its site decides, the CVR number comes second, name and postcode only propose. A
domain of several companies decides nothing, neither for nor against. Where the domain and a valid CVR
number name two companies, or the name points elsewhere than the domain does, a person decides, and
nothing is taken from either. Wrong joins carry a stranger's facts: in doubt it is a question.

The answer is the same in whatever order the companies come.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from difflib import SequenceMatcher
from enum import StrEnum
from functools import cached_property
from typing import Final, NamedTuple

from rules.changes import NO_DETAILS
from rules.enrichment.identity import HOME, Identity, own_domain
from rules.enrichment.record import CompanyRecord, Number
from rules.enrichment.standing import Standing, standing_of
from rules.folding import fold
from rules.formats import forms
from rules.matching import begin_alike, company_words

MOST_CANDIDATES: Final = 10
"""A domain of more companies than this is a host's: who of them is meant, it does not even suggest."""
_NAMED: Final = 5
"""So many of them a reason names."""
_ALIKE: Final = 0.88
"""How alike two names at one postcode are that a slip of the keyboard tells apart."""


class By(StrEnum):
    """What decided, the surest first; stored, so the values never change."""

    PERSON = "person"
    """Somebody was asked, and said so."""
    DOMAIN_AND_CVR = "domain_cvr"
    CVR = "cvr"
    DOMAIN = "domain"
    MAILBOX = "mailbox"


CONFIDENCE: Final[Mapping[By, Decimal]] = {
    By.PERSON: Decimal(1),
    By.DOMAIN_AND_CVR: Decimal("0.99"),
    By.CVR: Decimal("0.97"),
    By.DOMAIN: Decimal("0.95"),
    By.MAILBOX: Decimal("0.9"),
}
"""How sure each is, from 0 to 1: an order of trust, not a frequency that somebody measured."""


class Reason(NamedTuple):
    """Why: `code` is a text key, `details` are its arguments; that of a finding where a person is asked."""

    code: str
    details: Mapping[str, str] = NO_DETAILS


class Candidate(NamedTuple):
    """A company that it may be."""

    company: Number
    name: str


@dataclass(frozen=True, slots=True)
class Match:
    """It is this company. `doubts` are what speaks against it, too little to ask a person."""

    company: Number
    by: By
    reason: Reason
    doubts: tuple[Reason, ...] = ()

    @property
    def confidence(self) -> Decimal:
        """That of what decided."""
        return CONFIDENCE[self.by]


@dataclass(frozen=True, slots=True)
class Proposal:
    """It may be one of these, the likeliest first: a person says. Nothing is taken from them."""

    candidates: tuple[Candidate, ...]
    reason: Reason


@dataclass(frozen=True, slots=True)
class Conflict:
    """What it says of itself names different companies, or a domain names several."""

    candidates: tuple[Candidate, ...]
    reason: Reason


@dataclass(frozen=True, slots=True)
class NoMatch:
    """No company that we know of."""

    reason: Reason


Outcome = Match | Proposal | Conflict | NoMatch


def _conflict(candidates: tuple[Candidate, ...], reason: Reason) -> Conflict:
    return Conflict(candidates, _naming(candidates, reason))


def _proposal(candidates: tuple[Candidate, ...], reason: Reason) -> Proposal:
    return Proposal(candidates, _naming(candidates, reason))


def _naming(candidates: Sequence[Candidate], reason: Reason) -> Reason:
    """The reason, which names those that it may be."""
    named = [f"{one.company.number} {one.name}".strip() for one in candidates[:_NAMED]]
    more = ["…"] if len(candidates) > _NAMED else []
    return Reason(reason.code, {**reason.details, "candidates": ", ".join(named + more)})


# --- the companies that sources know ---------------------------------------------------------


@dataclass(frozen=True)
class Company:
    """All that the sources say of who one company is."""

    number: Number
    records: Sequence[CompanyRecord] = field(repr=False)

    @cached_property
    def sites(self) -> frozenset[str]:
        return frozenset(own_domain(one.website) for one in self.records) - {""}

    @cached_property
    def mailboxes(self) -> frozenset[str]:
        return frozenset(own_domain(one.email) for one in self.records) - {""}

    @cached_property
    def names(self) -> tuple[str, ...]:
        return tuple(sorted({name for one in self.records for name in one.names}))

    @cached_property
    def ceased(self) -> bool:
        return any(standing_of(one.status) is Standing.CEASED for one in self.records)

    @cached_property
    def candidate(self) -> Candidate:
        called = sorted(one.name for one in self.records if one.name)
        return Candidate(self.number, called[0] if called else "")

    def lies_in(self, who: Identity) -> bool:
        """Whether its address, or that of one of its units, has the record's postcode."""
        places = [one.address for one in self.records]
        places += [unit.address for one in self.records for unit in one.units]
        return bool(who.postcode) and any(who.postcode == place.postcode for place in places)

    def bears(self, name: str) -> bool:
        """Whether one of its names goes on where this one ends, or the other way round."""
        return any(_same_name(name, own) for own in self.names)

    def alike(self, name: str) -> float:
        """How like its likest name is, from 0 to 1."""
        words = "".join(company_words(name))
        return max((_likeness(words, "".join(company_words(own))) for own in self.names), default=0)


def _same_name(a: str, b: str) -> bool:
    mine, others = company_words(a), company_words(b)
    if not (mine and others and begin_alike(mine, others)):
        return False
    form, other = forms.form_of(a), forms.form_of(b)
    return not (form and other and form != other)


def _likeness(a: str, b: str) -> float:
    return SequenceMatcher(None, a, b, autojunk=False).ratio() if a and b else 0.0


def grouped(records: Iterable[CompanyRecord]) -> tuple[Company, ...]:
    found: dict[Number, list[CompanyRecord]] = {}
    for one in records:
        found.setdefault(one.number, []).append(one)
    return tuple(Company(number, found[number]) for number in sorted(found))


def _still_there(companies: Iterable[Company]) -> tuple[Company, ...]:
    """Those that have not ceased, where there are any: a name and a domain outlive a company."""
    some = tuple(companies)
    return tuple(one for one in some if not one.ceased) or some


# --- the decision ----------------------------------------------------------------------------


def match(who: Identity, records: Iterable[CompanyRecord]) -> Outcome:
    """The company that the record is, among those that sources gave for its keys."""
    return _Case(who, grouped(records)).outcome()


def has_domain(domain: str, records: Iterable[CompanyRecord]) -> bool:
    """Whether a company, of which these records tell, says itself that the domain is its own.

    Of a record with its number nothing else can come then, whoever has the domain besides.
    """
    return any(domain in one.sites and not one.ceased for one in grouped(records))


class _Case:
    """One record, and the companies that it may be."""

    def __init__(self, who: Identity, companies: Sequence[Company]) -> None:
        self.who = who
        self.companies = companies
        at_site = [one for one in companies if who.site and who.site in one.sites]
        self.at_site = _still_there(at_site)
        home = Number(HOME, who.cvr)
        self.numbered = next((one for one in companies if who.cvr and one.number == home), None)

    def outcome(self) -> Outcome:
        """The domain, then the number, then what only proposes."""
        if self.who.foreign and not any(map(self._same_country, self.companies)):
            return self._abroad()
        at_home = [one for one in self.at_site if self._same_country(one)]
        if len(at_home) == 1:
            return self._by_domain(at_home[0])
        if self.numbered is not None:
            return self._by_number(self.numbered, at_home)
        if at_home:
            return self._several(at_home)
        return self._by_mailbox() or self._by_name()

    def _abroad(self) -> Outcome:
        """Another country's company, of which no source knows; its number may be a Danish one."""
        details = {"country": self.who.country, "cvr": self.who.cvr}
        if self.numbered is None:
            return NoMatch(Reason("match.foreign", details))
        return _conflict(
            (self.numbered.candidate,), Reason("finding.company_country_differs", details)
        )

    def _same_country(self, one: Company) -> bool:
        return one.number.country == (self.who.country or HOME)

    def _by_domain(self, one: Company) -> Outcome:
        """One company has the domain. A valid number of another one makes it a question."""
        details = {"domain": self.who.site, "cvr": one.number.number}
        if self.who.cvr:
            if one.number == Number(HOME, self.who.cvr):
                return self._matched(
                    one, By.DOMAIN_AND_CVR, Reason("match.domain_and_cvr", details)
                )
            return self._two_companies(one)
        elsewhere = [] if one.bears(self.who.name) else self._named()
        if elsewhere:
            return _conflict(
                tuple(each.candidate for each in (one, *elsewhere)),
                Reason("finding.company_name_elsewhere", {**details, "name": self.who.name}),
            )
        return self._matched(one, By.DOMAIN, Reason("match.domain", details))

    def _two_companies(self, one: Company) -> Conflict:
        if self.numbered is None:
            return _conflict((one.candidate,), self._unknown(one))
        details = {"domain": self.who.site, "cvr": self.who.cvr, "other": one.number.number}
        heirs = {heir for each in self.numbered.records for heir in each.successors}
        code = (
            "finding.company_cvr_succeeded"
            if one.number.number in heirs
            else "finding.company_cvr_differs"
        )
        return _conflict((self.numbered.candidate, one.candidate), Reason(code, details))

    def _by_number(self, one: Company, at_site: Sequence[Company]) -> Match:
        """The number decides; a domain of several companies says nothing against it."""
        details = {"cvr": one.number.number}
        if at_site:
            details |= {"domain": self.who.site, "count": str(len(at_site))}
        code = "match.cvr_domain_shared" if at_site else "match.cvr"
        return self._matched(one, By.CVR, Reason(code, details))

    def _matched(self, one: Company, by: By, reason: Reason) -> Match:
        doubts = []
        if self.who.name and one.names and not self._is_called(one):
            doubts.append(
                Reason(
                    "finding.company_called_otherwise",
                    {"name": self.who.name, "other": one.names[0]},
                )
            )
        return Match(one.number, by, reason, tuple(doubts))

    def _is_called(self, one: Company) -> bool:
        return one.bears(self.who.name) or one.alike(self.who.name) >= _ALIKE

    def _several(self, at_site: Sequence[Company]) -> Outcome:
        """A domain of several companies, and no number that says which of them."""
        details = {"domain": self.who.site, "count": str(len(at_site))}
        if len(at_site) > MOST_CANDIDATES:
            named = [one for one in at_site if self._is_called(one)]
            if not named or len(named) > MOST_CANDIDATES:
                return self._by_name()
            at_site = named
        listed = sorted(at_site, key=self._likelihood)
        return _conflict(
            tuple(one.candidate for one in listed),
            Reason("finding.company_domain_of_several", details),
        )

    def _likelihood(self, one: Company) -> tuple[bool, bool, float, Number]:
        name = self.who.name
        return not one.bears(name), not one.lies_in(self.who), -one.alike(name), one.number

    def _by_mailbox(self) -> Outcome | None:
        """A domain of mail: its own or its accountant's. With the company's own name it decides."""
        domains = {self.who.site, self.who.mailbox} - {""}
        fitting = [
            one
            for one in self.companies
            if self._same_country(one) and domains & (one.mailboxes | one.sites)
        ]
        some = _still_there(fitting)
        if not some or len(some) > MOST_CANDIDATES:
            return None
        details = {"domain": ", ".join(sorted(domains)), "count": str(len(some))}
        if len(some) == 1 and self._says_the_same(some[0], domains):
            if self.who.cvr:
                return _conflict((some[0].candidate,), self._unknown(some[0]))
            return self._matched(some[0], By.MAILBOX, Reason("match.mailbox", details))
        listed = sorted(some, key=self._likelihood)
        return _proposal(
            tuple(one.candidate for one in listed), Reason("finding.company_mailbox_only", details)
        )

    def _says_the_same(self, one: Company, domains: Collection[str]) -> bool:
        """Its name, or no name at all and mail at the company's own site."""
        return one.bears(self.who.name) or (not self.who.name and bool(one.sites & set(domains)))

    def _unknown(self, one: Company) -> Reason:
        """A number that no source knows, beside a domain that is a company's."""
        domain = self.who.site or self.who.mailbox
        details = {"domain": domain, "cvr": self.who.cvr, "other": one.number.number}
        return Reason("finding.company_cvr_unknown", details)

    def _by_name(self) -> Outcome:
        """Name and postcode: never more than a proposal."""
        named = self._named()
        if not named:
            return NoMatch(Reason("match.nobody"))
        details = {"name": self.who.name, "postcode": self.who.postcode}
        code = "finding.company_name_and_place" if len(named) == 1 else "finding.company_name_twins"
        return _proposal(tuple(one.candidate for one in named), Reason(code, details))

    def _named(self) -> list[Company]:
        """Companies of the record's name in its postcode or town, the likeliest first."""
        if not self.who.name:
            return []
        town = fold(self.who.city)
        here = [
            one
            for one in self.companies
            if self._same_country(one) and self._is_called(one) and self._is_near(one, town)
        ]
        return sorted(_still_there(here), key=self._likelihood)[:MOST_CANDIDATES]

    def _is_near(self, one: Company, town: str) -> bool:
        towns = {fold(each.address.city) for each in one.records}
        return one.lies_in(self.who) or bool(town and one.bears(self.who.name) and town in towns)
