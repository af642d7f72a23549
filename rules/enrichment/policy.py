"""Whose value for which field, and over what. (requirements R43, R44, R48)

    enriched(...) -> changes and findings

For each field the catalogue names the sources in order of trust, over what they may write, how sure
and how fresh they must be, and what happens when two of them differ; settings change each of these.
The same answers give the same outcome in whatever order they came. A change says where it is from:
the source, when it was read, by what the company was recognised, and how sure that is.

What somebody wrote is never overwritten, unless the settings say so for the field; what a source wrote
before is its own, and renewed. Fields that mean something only together go together.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from functools import lru_cache
from typing import Final, NamedTuple

from rules.catalogue import Catalogue
from rules.changes import Change, Finding, Severity
from rules.checks.freshness import CHECKED
from rules.enrichment.facts import ESTIMATES, FACTS, told
from rules.enrichment.matching import Match
from rules.enrichment.record import CompanyRecord
from rules.fields.field import Dispute, Enrich, Field, Role, Type
from rules.folding import fold
from rules.formats.cells import quoted, trimmed
from rules.formats.choices import Picklist
from rules.formats.web import root_domain
from rules.hygiene import Row, clean
from rules.keys import KeyKind, keys_in
from rules.list_rules import picklist
from rules.matching import begin_alike, company_words
from rules.opt_out_words import Meaning, opt_out_meaning
from rules.records import ABSENT, Kind, Value

RULE: Final = "enrichment"
MANUAL: Final = ("manual_check", "manual_check_reason")
"""The flag that a person has to look, and why (`rules.enrichment.manual`)."""
VERSION: Final = 1
TOGETHER: Final = (
    ("address", "postcode", "city", "country"),
    ("industry_code", "industry_scheme", "industry_label"),
    ("signal", "signal_at"),
)
"""Fields that mean something only together; the first says whether there is anything."""

SURE: Final[Mapping[str, int]] = {
    "cvr": 99, "accounts": 99, "lasso": 95, "dnb": 90, "vainu": 90, "linkedin": 85,
}  # fmt: skip
"""How sure a source is, in percent: an order of trust, not a frequency that somebody measured."""
LESS_SURE: Final[Mapping[tuple[str, str], int]] = {
    ("cvr", "main_phone"): 88,
    ("cvr", "website"): 88,
}
"""Where it is less so: companies tell the register a number once, and forget it."""
UNKNOWN_SOURCE: Final = 80
SECOND_HAND: Final[Mapping[tuple[str, str], str]] = {
    ("lasso", "employees"): "cvr",
    ("lasso", "revenue"): "accounts",
    ("lasso", "gross_profit"): "accounts",
    ("lasso", "parent_company"): "cvr",
}
"""What a source has from another one is no second opinion: where that one speaks, it is not heard."""
OF_AN_ESTIMATE: Final = Decimal("0.8")
"""What was reckoned is so much less sure than what accounts state."""


@dataclass(frozen=True, slots=True)
class Terms:
    """What deciding about a record may know beside it and the answers. `may`: the fields that
    sources may write here; None for all. `picked`: by field the source that a person said is right, or
    nothing where it is right as it stands."""

    catalogue: Catalogue
    rules: Sequence[Row]
    region: str = "DK"
    today: date | None = None
    may: Collection[str] | None = None
    picked: Mapping[str, str] = field(default_factory=dict)


def may_write(catalogue: Catalogue, kind: Kind) -> frozenset[str]:
    """The fields of such records that a source may write at all. The address of a contact is where
    that person is reached: it need not be the company's."""
    told = frozenset({*FACTS, CHECKED, *MANUAL})
    if kind is Kind.CONTACT:
        told = told.difference(TOGETHER[0])
    return frozenset(
        field.name
        for field in catalogue.for_kind(kind)
        if field.name in told and field.enrich is not Enrich.NEVER
    )


class Enriched(NamedTuple):
    """What sources would change in a record, and what a person should know about it. `checked`: the day
    on which the company that it is was last confirmed; None where it is not certain which it is."""

    changes: tuple[Change, ...]
    findings: tuple[Finding, ...]
    checked: date | None = None


class _Offer(NamedTuple):
    """What one source says, spelled by the rules of our fields."""

    record: CompanyRecord
    texts: Mapping[str, str]

    @property
    def source(self) -> str:
        return self.record.source


def enriched(
    kind: Kind,
    values: Mapping[str, Value],
    match: Match,
    records: Sequence[CompanyRecord],
    terms: Terms,
    written: Sequence[Change] = (),
) -> Enriched:
    """What the sources' `records` of the matched company would change.

    `values` are as the rules leave them; `written` are the changes that we applied to the record
    before, oldest first. Only fields that are mapped are filled.
    """
    case = _Case(kind, values, match, _offers(kind, values, match, records, terms), terms, written)
    changes: list[Change] = []
    findings: list[Finding] = []
    for fields in _groups(terms, kind, values):
        decided = case.decide(fields)
        changes += decided.changes
        findings += decided.findings
    return Enriched(tuple(changes), tuple(findings))


def _offers(
    kind: Kind,
    values: Mapping[str, Value],
    match: Match,
    records: Sequence[CompanyRecord],
    terms: Terms,
) -> tuple[_Offer, ...]:
    """The newest record of each source about that company, in the order of the alphabet."""
    newest: dict[str, CompanyRecord] = {}
    for one in records:
        known = newest.get(one.source)
        if one.number == match.company and (known is None or _age(known) < _age(one)):
            newest[one.source] = one
    unit = values.get("p_number")
    number = unit.strip() if isinstance(unit, str) else ""
    wanted = terms.catalogue["technology"].choices
    return tuple(
        _Offer(one, _spelled(kind, told(one, number, terms.today, wanted), terms))
        for _, one in sorted(newest.items())
    )


def _age(one: CompanyRecord) -> tuple[datetime, str, str]:
    return one.read_at, one.stamp, repr(one)


def _spelled(kind: Kind, said: Mapping[str, str], terms: Terms) -> dict[str, str]:
    """The texts as the rules spell them, without those that a person would have to mend."""
    changes, findings = clean(kind, dict(said), rules=terms.rules, region=terms.region)
    bad = {one.field for one in findings if one.severity is not Severity.NOTICE}
    after = {**said, **{change.field: change.new or "" for change in changes}}
    return {field: text for field, text in after.items() if text and field not in bad}


def _groups(terms: Terms, kind: Kind, values: Mapping[str, Value]) -> Iterator[tuple[Field, ...]]:
    """The mapped fields that a source may fill, those that go together at their first."""
    mapped = {
        field.name: field
        for field in terms.catalogue.for_kind(kind)
        if values.get(field.name, ABSENT) is not ABSENT
        and field.enrich is not Enrich.NEVER
        and (terms.may is None or field.name in terms.may)
    }
    first_of = {name: some[0] for some in TOGETHER for name in some}
    for name, own in mapped.items():
        group = next((some for some in TOGETHER if name in some), (name,))
        if first_of.get(name, name) == name:
            yield tuple(mapped[one] for one in group if one in mapped)
        elif first_of[name] not in mapped:
            yield (own,)


@dataclass(frozen=True, slots=True)
class _Case:
    """One record, and what the sources say of its company."""

    kind: Kind
    values: Mapping[str, Value]
    match: Match
    offers: tuple[_Offer, ...]
    terms: Terms
    written: Sequence[Change]

    def decide(self, fields: tuple[Field, ...]) -> Enriched:
        """What becomes of fields that go together; nearly always it is one field."""
        fitting = self._fitting(fields[0])
        if not fitting:
            return _NOTHING
        picked = self._picked(fields, fitting)
        if picked is not None:
            return picked
        first = fitting[0]
        other = next((one for one in fitting[1:] if not _agree(fields, first, one)), None)
        if other and fields[0].dispute is Dispute.ASK:
            return Enriched((), (self._disputed(fields, first, other),))
        return self._fill(fields, first)

    def _picked(self, fields: tuple[Field, ...], fitting: Sequence[_Offer]) -> Enriched | None:
        """What a person wants: the value of one source, or nothing changed; None: nobody said so."""
        wanted = next(
            (p for one in fields if (p := self.terms.picked.get(one.name)) is not None), None
        )
        if wanted is None:
            return None
        if not wanted:
            return _NOTHING
        offer = next((one for one in fitting if one.source == wanted), None)
        if offer is None:
            return None
        told_ones = [one for one in fields if one.name in offer.texts]
        return Enriched(
            self._changes(
                [one for one in told_ones if not self._text(one.name) or self._differs(one, offer)],
                offer,
            ),
            (),
        )

    def _fitting(self, field: Field) -> list[_Offer]:
        """Those who may, can, and are sure and fresh enough, the most trusted first."""
        rank = {name: place for place, name in enumerate(field.sources)}
        having = [one for one in self.offers if one.source in rank and field.name in one.texts]
        speaking = {one.source for one in having}
        fitting = [
            one
            for one in having
            if SECOND_HAND.get((one.source, field.name)) not in speaking
            and self._is_fresh(field, one)
            and self._sure(field, one) >= field.least_confidence
        ]
        return sorted(fitting, key=lambda one: rank[one.source])

    def _is_fresh(self, field: Field, offer: _Offer) -> bool:
        today, limit = self.terms.today, field.max_age_days
        if not (today and limit):
            return True
        return (today - offer.record.read_at.date()).days <= limit

    def _sure(self, field: Field, offer: _Offer) -> int:
        """Percent: of the match, times that of the source."""
        own = LESS_SURE.get((offer.source, field.name), SURE.get(offer.source, UNKNOWN_SOURCE))
        estimate = field.name in ESTIMATES and ESTIMATES[field.name](offer.record)
        return int(self.match.confidence * own * (OF_AN_ESTIMATE if estimate else 1))

    def _fill(self, fields: tuple[Field, ...], offer: _Offer) -> Enriched:
        """Fill what is empty; where something else stands, overwrite all of it or none."""
        told_ones = [field for field in fields if field.name in offer.texts]
        empty = [field for field in told_ones if not self._text(field.name)]
        other = [field for field in told_ones if self._differs(field, offer)]
        if all(self._may_overwrite(field, offer) for field in other):
            wanted = [field for field in told_ones if field in empty or field in other]
            return Enriched(self._changes(wanted, offer), ())
        theirs = next(field for field in other if not self._may_overwrite(field, offer))
        return Enriched((), (self._held_against(theirs, offer),))

    def _differs(self, field: Field, offer: _Offer) -> bool:
        text = self._text(field.name)
        return bool(text) and not same(field, text, offer.texts[field.name])

    def _may_overwrite(self, field: Field, offer: _Offer) -> bool:
        """What we wrote and nobody touched is ours to renew. Over other things only where the field
        says so; and over what somebody wrote after us only with news."""
        ours = [one for one in self.written if one.field == field.name and one.rule == RULE]
        if ours and same(field, ours[-1].new or "", self._text(field.name)):
            return self._outranks(field, offer, ours[-1])
        if field.enrich is not Enrich.OLDER:
            return False
        if field.role is Role.REGISTER or not ours:
            return True
        return not same(field, ours[-1].new or "", offer.texts[field.name])

    def _outranks(self, field: Field, offer: _Offer, last: Change) -> bool:
        """A less trusted source does not take the place of a more trusted one while that is fresh."""
        order = field.sources
        if last.source not in order or order.index(offer.source) <= order.index(last.source):
            return True
        today, read, limit = self.terms.today, _day(last), field.max_age_days
        if not (today and read and limit):
            return False
        return (today - read).days > limit

    def _changes(self, fields: Sequence[Field], offer: _Offer) -> tuple[Change, ...]:
        needs = {"needs": " ".join(field.name for field in fields)} if len(fields) > 1 else {}
        return tuple(
            Change(
                field.name,
                self._old(field.name),
                offer.texts[field.name],
                RULE,
                offer.source,
                f"reason.enrichment.{self.match.by}",
                {**self._provenance(field, offer), **needs},
            )
            for field in fields
        )

    def _provenance(self, field: Field, offer: _Offer) -> dict[str, str]:
        """Where a value is from: which company, read when, how sure. By what the company was
        recognised says the reason."""
        return {
            "company": offer.record.cvr,
            "read": offer.record.read_at.isoformat(timespec="minutes"),
            "day": offer.record.read_at.date().isoformat(),
            "confidence": str(self._sure(field, offer)),
        }

    def _disputed(self, fields: tuple[Field, ...], first: _Offer, other: _Offer) -> Finding:
        name = next((f.name for f in fields if not _agree((f,), first, other)), fields[0].name)
        details = {
            "source": first.source,
            "value": quoted(first.texts[name]),
            "other_source": other.source,
            "other": quoted(other.texts[name]),
        }
        return Finding("facts_disagree", Severity.WARNING, name, details)

    def _held_against(self, field: Field, offer: _Offer) -> Finding:
        details = {
            "text": quoted(self._text(field.name)),
            "source": offer.source,
            "value": quoted(offer.texts[field.name]),
        }
        return Finding("source_differs", Severity.NOTICE, field.name, details)

    def _text(self, name: str) -> str:
        text = self.values.get(name)
        return trimmed(text) if isinstance(text, str) else ""

    def _old(self, name: str) -> str | None:
        old = self.values.get(name)
        return old if isinstance(old, str) else None


_NOTHING: Final = Enriched((), ())


def _day(change: Change) -> date | None:
    read = change.details.get("read")
    return datetime.fromisoformat(read).date() if read else None


def _agree(fields: Sequence[Field], a: _Offer, b: _Offer) -> bool:
    """Whether two sources say the same of all that both speak of."""
    return all(
        same(field, a.texts[field.name], b.texts[field.name])
        for field in fields
        if field.name in a.texts and field.name in b.texts
    )


def same(field: Field, a: str, b: str) -> bool:
    """Whether two texts mean one value of a field."""
    return a == b or _meaning(field, a) == _meaning(field, b) or _goes_on(field, a, b)


def _meaning(field: Field, text: str) -> object:
    if field.type in (Type.PICKLIST, Type.INTERVAL) and field.choices:
        return _values(field).value(text) or fold(text)
    if field.type is Type.BOOL:
        return opt_out_meaning(text) is Meaning.NO
    if field.type is Type.PHONE:
        return keys_in(KeyKind.PHONE, text) or text
    if field.type is Type.URL:
        return root_domain(text) or text
    return fold(text)


@lru_cache(maxsize=64)
def _values(field: Field) -> Picklist:
    return picklist(field)


_NAMES: Final = frozenset({"company_name", "parent_company", "ultimate_parent"})


def _goes_on(field: Field, a: str, b: str) -> bool:
    """A company's name with and without its form, or with what it goes on with."""
    if field.name not in _NAMES:
        return False
    mine, others = company_words(a), company_words(b)
    return bool(mine and others) and begin_alike(mine, others)
