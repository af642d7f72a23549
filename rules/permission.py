"""May we contact this person, on this channel, for this purpose, today? A pure function.

    permission(facts, channel, purpose, today, terms) -> Permission

Who the person is decides first, the channel second (Danish law: a call to a company's employee is
another thing than one to a consumer, and an e-mail needs consent from everybody). Every rule gives
its own answer, and the strictest of them wins: refused before unknown before allowed. What is not
known is never allowed unless a setting that names just this says so.

Engineering, not legal advice. Sources: markedsføringsloven § 10, forbrugeraftaleloven § 4, CVR-loven
§ 19, GDPR art. 6, 7 and 21.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum
from typing import Final

from rules.suppression import Channel


class Person(StrEnum):
    """Who is contacted. A lead without a company is a consumer; info@ is nobody in particular."""

    CONSUMER = "consumer"
    SOLE_TRADER = "sole_trader"
    EMPLOYEE = "employee"
    ROLE_MAILBOX = "role_mailbox"
    COMPANY = "company"


class Purpose(StrEnum):
    """What for. One line that sells makes the whole message marketing."""

    MARKETING = "marketing"
    SERVICE = "service"


class Answer(StrEnum):
    """What may be done."""

    ALLOWED = "allowed"
    UNKNOWN = "unknown"
    REFUSED = "refused"


@dataclass(frozen=True, slots=True)
class Consent:
    """A yes to one channel. Without date and source it is none (GDPR art. 7(1))."""

    given: date | None = None
    source: str = ""
    last_used: date | None = None

    @property
    def documented(self) -> bool:
        """It can be shown."""
        return self.given is not None and bool(self.source.strip())


@dataclass(frozen=True, slots=True)
class Customer:
    """The exception for existing customers, its five parts (markedsføringsloven § 10, stk. 2).

    All of them or nothing; what nobody knows is not there.
    """

    address_from_customer: bool = False
    in_a_sale: bool = False
    own_similar_products: bool = False
    no_offered_then: bool = False
    no_offered_each_time: bool = False

    def missing(self) -> tuple[str, ...]:
        """The parts that are not there."""
        return tuple(name for name in self.__slots__ if not getattr(self, name))


@dataclass(frozen=True, slots=True)
class Facts:
    """What is known of a person and the company. None: nobody knows.

    `refused` are channels on which a yes was taken back or never given in words; `protected` is the
    advertising protection of the company or its production unit; `robinson` whether the person
    stands on the Robinson list, as of `robinson_checked`.
    """

    person: Person
    opted_out: frozenset[Channel] = frozenset()
    refused: frozenset[Channel] = frozenset()
    consents: Mapping[Channel, Consent] = field(default_factory=dict)
    basis: str = ""
    basis_ref: str = ""
    customer: Customer | None = None
    protected: bool | None = None
    protected_checked: date | None = None
    robinson: bool | None = None
    robinson_checked: date | None = None


@dataclass(frozen=True, slots=True)
class Terms:
    """The settings that may let more through. Each names the one thing that it lets through."""

    unknown_protection: bool = False
    sole_trader_unchecked: bool = False
    call_without_basis: bool = False
    excepted_goods: bool = False
    """We sell what may be sold to consumers by phone: books, newspapers, insurance, rescue."""
    consent_unused_months: int = 12
    protection_days: int = 365


@dataclass(frozen=True, slots=True)
class Permission:
    """The answer, why (a code, explained by the texts `permission.<code>`), and the paragraph."""

    answer: Answer
    code: str
    channel: Channel
    missing: tuple[str, ...] = ()

    @property
    def law(self) -> str:
        """The paragraph that it rests on, as a key: texts `law.<key>`."""
        return LAW[self.code]


LAW: Final = {
    "opted_out": "gdpr_21",
    "taken_back": "gdpr_7_3",
    "service": "mfl_10_service",
    "protected": "cvr_19",
    "protection_unknown": "cvr_19",
    "protection_old": "cvr_19",
    "robinson": "mfl_10_4",
    "robinson_unknown": "mfl_10_4",
    "robinson_old": "mfl_10_4",
    "consent": "gdpr_7_1",
    "consent_unproven": "gdpr_7_1",
    "consent_old": "gdpr_7_1",
    "consent_future": "gdpr_7_1",
    "no_consent": "mfl_10_1",
    "customer": "mfl_10_2",
    "customer_incomplete": "mfl_10_2",
    "consumer_call": "fal_4",
    "excepted_goods": "fal_4_goods",
    "company_call": "gdpr_6_f",
    "basis": "gdpr_6_f",
    "basis_unproven": "gdpr_6_f",
    "basis_missing": "gdpr_6_f",
}
"""Reason -> paragraph."""

_STRICTEST: Final = (Answer.REFUSED, Answer.UNKNOWN, Answer.ALLOWED)
NATURAL: Final = frozenset({Person.CONSUMER, Person.SOLE_TRADER})
"""Whom registers of people are about."""
_BASES: Final = frozenset({"legitimate_interest", "contract", "existing_customer"})


def permission(
    facts: Facts, channel: Channel, purpose: Purpose, today: date, terms: Terms = Terms()
) -> Permission:
    """The strictest answer of all rules that have one; ValueError for `Channel.ALL`."""
    if channel is Channel.ALL:
        raise ValueError("one channel at a time")
    said = list(_Case(facts, channel, purpose, today, terms).said())
    answer, code, missing = min(said, key=lambda one: _STRICTEST.index(one[0]))
    return Permission(answer, code, channel, missing)


_Said = tuple[Answer, str, tuple[str, ...]]


def _so(answer: Answer, code: str, missing: tuple[str, ...] = ()) -> _Said:
    return answer, code, missing


@dataclass(frozen=True, slots=True)
class _Case:
    facts: Facts
    channel: Channel
    purpose: Purpose
    today: date
    terms: Terms

    def said(self) -> Iterator[_Said]:
        """What each rule says. A no comes first: nothing is weighed against it (art. 21(3))."""
        if self.facts.opted_out & {self.channel, Channel.ALL}:
            yield _so(Answer.REFUSED, "opted_out")
        if self.facts.refused & {self.channel, Channel.ALL}:
            yield _so(Answer.REFUSED, "taken_back")
        if self.purpose is Purpose.SERVICE:
            yield _so(Answer.ALLOWED, "service")
            return
        consent = self._consent()
        if consent is None or consent[0] is not Answer.ALLOWED:
            yield from self._protection()
            yield from self._robinson()
        yield self._call(consent) if self.channel is Channel.CALL else self._mail(consent)

    def _consent(self) -> _Said | None:
        """What the consent to this channel is worth; None when there is none."""
        consent = self.facts.consents.get(self.channel)
        if consent is None:
            return None
        if consent.given is None or not consent.documented:
            return _so(Answer.UNKNOWN, "consent_unproven")
        if consent.given > self.today:
            return _so(Answer.UNKNOWN, "consent_future")
        used = max(consent.given, consent.last_used or consent.given)
        if months_between(used, self.today) >= self.terms.consent_unused_months:
            return _so(Answer.UNKNOWN, "consent_old")
        return _so(Answer.ALLOWED, "consent")

    def _protection(self) -> Iterator[_Said]:
        """Data of a protected company are for no advertising at all, calls and letters included."""
        if self.facts.person is Person.CONSUMER:
            return
        checked = self.facts.protected_checked
        if self.facts.protected:
            yield _so(Answer.REFUSED, "protected")
        elif self.terms.unknown_protection:
            return
        elif self.facts.protected is None:
            yield _so(Answer.UNKNOWN, "protection_unknown")
        elif checked is not None and (self.today - checked).days > self.terms.protection_days:
            yield _so(Answer.UNKNOWN, "protection_old")

    def _robinson(self) -> Iterator[_Said]:
        """The list of those who declined in general; it comes anew each quarter."""
        if self.facts.person not in NATURAL or self.channel is not Channel.CALL:
            return
        if self.facts.robinson:
            yield _so(Answer.REFUSED, "robinson")
        elif self.facts.person is Person.SOLE_TRADER and self.terms.sole_trader_unchecked:
            return
        elif self.facts.robinson is None or self.facts.robinson_checked is None:
            yield _so(Answer.UNKNOWN, "robinson_unknown")
        elif quarter(self.facts.robinson_checked) < quarter(self.today):
            yield _so(Answer.UNKNOWN, "robinson_old")

    def _mail(self, consent: _Said | None) -> _Said:
        """Electronic mail, text messages among it: prior consent, or the five parts together."""
        customer = self.facts.customer
        if consent and consent[0] is Answer.ALLOWED:
            return consent
        if customer is not None and not customer.missing():
            return _so(Answer.ALLOWED, "customer")
        if consent is not None:
            return consent
        if customer is not None:
            return _so(Answer.REFUSED, "customer_incomplete", customer.missing())
        return _so(Answer.REFUSED, "no_consent")

    def _call(self, consent: _Said | None) -> _Said:
        if consent and consent[0] is Answer.ALLOWED:
            return consent
        if self.facts.person is Person.CONSUMER:
            if self.terms.excepted_goods:
                return _so(Answer.ALLOWED, "excepted_goods")
            return _so(Answer.REFUSED, "consumer_call")
        if self.facts.person in {Person.COMPANY, Person.ROLE_MAILBOX}:
            return _so(Answer.ALLOWED, "company_call")
        return self._basis()

    def _basis(self) -> _Said:
        """A named person at work: a legitimate interest, weighed in writing before it is used."""
        if self.facts.basis in _BASES and self.facts.basis_ref.strip():
            return _so(Answer.ALLOWED, "basis")
        if self.terms.call_without_basis:
            return _so(Answer.ALLOWED, "basis")
        return _so(Answer.UNKNOWN, "basis_unproven" if self.facts.basis else "basis_missing")


def quarter(day: date) -> tuple[int, int]:
    """(year, quarter 1 to 4): the issue of the Robinson list that holds on a day."""
    return day.year, (day.month + 2) // 3


def months_between(first: date, last: date) -> int:
    """Whole months from one day to a later one."""
    months = (last.year - first.year) * 12 + last.month - first.month
    return months - (last.day < first.day)
