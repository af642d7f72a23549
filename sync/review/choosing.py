"""Questions of sources, with what may be answered, and the answer of a person.

Which company a record is, where its domain, number and name point to several; which of two sources is
right about a field, or whether what stands there is. The answer is kept, and the record decided
anew: what comes of it stands in the next plan like any other change.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

from rules.enrichment.identity import asked, identity
from rules.enrichment.matching import Conflict, Proposal, match
from rules.enrichment.record import CompanyRecord
from rules.enrichment.said import AS_IT_STANDS, NONE_OF_THEM, NOTHING_SAID, Said
from rules.errors import UserError
from rules.hygiene import clean
from rules.records import Kind, Ref, Value
from state import acts, lookups, mirror, said
from state.store import Tx
from sync import listings
from sync.app import App
from sync.enrichment.answers import Answers, texts_of
from sync.listings import Assigned, Wanted
from sync.output import printable
from sync.report.asked import called
from sync.suppression.lifts import named
from sync.texts import Texts

COMPANIES: Final = (
    "company_cvr_differs", "company_cvr_succeeded", "company_cvr_unknown", "company_name_elsewhere",
    "company_domain_of_several", "company_country_differs", "company_mailbox_only",
    "company_name_and_place", "company_name_twins",
)  # fmt: skip
"""Which company it is."""
VALUES: Final = ("facts_disagree", "source_differs")
"""Whose value is right."""
MOST: Final = 100
MOST_CANDIDATES: Final = 8


@dataclass(frozen=True, slots=True)
class Candidate:
    """A company that a record may be, as sources know it."""

    company: str
    name: str
    place: str
    status: str
    sources: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Offer:
    """A value that a source has for the field."""

    source: str
    value: str


@dataclass(frozen=True, slots=True)
class Question:
    """One open question: either companies or values may be chosen. `stands`: what is in the field."""

    finding: Assigned
    ref: Ref
    name: str
    candidates: tuple[Candidate, ...]
    offers: tuple[Offer, ...]
    stands: str


def questions(app: App, limit: int = MOST) -> list[Question]:
    """The open ones: which company first, then whose value."""
    with app.store.reading() as tx:
        found = listings.first(tx, Wanted(), (*COMPANIES, *VALUES), limit, app.duties)
        return [one for each in found if (one := _question(tx, app, each))]


def _question(tx: Tx, app: App, one: Assigned) -> Question | None:
    if not (one.kind and one.ref_id):
        return None
    ref, finding = Ref(one.system, Kind(one.kind), one.ref_id), one.finding
    held = mirror.find(tx, ref)
    if held is None:
        return None
    values: Mapping[str, Value] = held.record.values
    offers: tuple[Offer, ...] = ()
    if finding.code in VALUES:
        told, pairs = finding.details, (("source", "value"), ("other_source", "other"))
        offers = tuple(Offer(told[who], told[what]) for who, what in pairs if who in told)
        candidates: tuple[Candidate, ...] = ()
    else:
        candidates = _candidates(tx, app, ref, values)
    name = _text(values, "company_name") or _text(values, "full_name") or ref.id
    stands = _text(values, finding.field) if finding.field else ""
    return Question(one, ref, name, candidates, offers, stands)


def _candidates(tx: Tx, app: App, ref: Ref, values: Mapping[str, Value]) -> tuple[Candidate, ...]:
    """The companies that it may be, the likeliest first, with all that sources say of each."""
    rules = app.rules(ref.system)
    changes, _ = clean(ref.kind, values, rules=rules, region=app.settings.region)
    who = identity({**values, **{one.field: one.new for one in changes}})
    known = lookups.known(tx, list(app.sources), asked(who))
    answers = tuple(Answers(texts_of(row for rows in known.values() for row in rows)))
    outcome = match(who, answers)
    if not isinstance(outcome, Conflict | Proposal):
        return ()
    return tuple(
        _candidate([one for one in answers if one.number == each.company])
        for each in outcome.candidates[:MOST_CANDIDATES]
    )


def _candidate(records: Sequence[CompanyRecord]) -> Candidate:
    """The newest that is said of a company."""
    newest = max(records, key=lambda one: (bool(one.name), one.read_at, one.source))
    there = newest.address
    place = " ".join(filter(None, (there.postcode, there.city))) if there else ""
    sources = tuple(sorted({one.source for one in records}))
    return Candidate(newest.cvr, newest.name, place, newest.status, sources)


def _text(values: Mapping[str, Value], name: str) -> str:
    found = values.get(name)
    return found if isinstance(found, str) else ""


# --- the answer -------------------------------------------------------------------------------


def answer(
    app: App, ref: Ref, by: str, company: str | None, field: str | None, right: str | None
) -> None:
    """Which company it is, or whose value of a field is right: one of the two. UserError else."""
    by_field = field is not None and right is not None
    if (company is not None) is by_field:
        raise UserError("choosing.one_of_two")
    if company is not None:
        choose_company(app, ref, company, by)
    elif field is not None and right is not None:
        choose_value(app, ref, field, right, by)


def choose_company(app: App, ref: Ref, company: str, by: str) -> None:
    """It is this one of the candidates, or `NONE_OF_THEM`. UserError for any other, without a name, or
    where there is no such record."""
    named(by)
    with app.store.transaction() as tx:
        held = mirror.find(tx, ref)
        if held is None:
            raise UserError("error.no_record", ref=ref)
        may = [one.company for one in _candidates(tx, app, ref, held.record.values)]
        if company != NONE_OF_THEM and company not in may:
            raise UserError("choosing.not_one_of_them", company=company, may=", ".join(may) or "–")
        before = said.of_records(tx, [ref]).get(ref, NOTHING_SAID)
        _keep(tx, app, ref, held.rid, replace(before, company=company), by)


def choose_value(app: App, ref: Ref, field: str, source: str, by: str) -> None:
    """This source is right about the field, or it is right `AS_IT_STANDS`. UserError as above."""
    named(by)
    if source != AS_IT_STANDS and source not in app.sources:
        known = ", ".join(app.sources) or "–"
        raise UserError("error.no_such_source", source=source, known=known)
    with app.store.transaction() as tx:
        held = mirror.find(tx, ref)
        if held is None:
            raise UserError("error.no_record", ref=ref)
        if field not in held.record.values:
            fields = ", ".join(sorted(held.record.values))
            raise UserError("error.no_field", ref=ref, field=field, fields=fields)
        before = said.of_records(tx, [ref]).get(ref, NOTHING_SAID)
        fields_said = {**before.fields, field: source}
        _keep(tx, app, ref, held.rid, replace(before, fields=fields_said), by)


def _keep(tx: Tx, app: App, ref: Ref, rid: int, told: Said, by: str) -> None:
    now = app.clock()
    said.say(tx, ref, told, by, now)
    details = {"company": told.company or "–", **told.fields}
    acts.record(
        tx, "question_answered", acts.about_record(rid), by=by, login=app.actor, at=now,
        details=details,
    )  # fmt: skip
    mirror.make_dirty(tx, [rid])


# --- in words ---------------------------------------------------------------------------------


def as_text(found: Sequence[Question], texts: Texts) -> str:
    """Each question with what may be answered, and how."""
    if not found:
        return texts.get("choosing.nothing")
    return "\n\n".join("\n".join(_lines(one, texts)) for one in found)


def _lines(one: Question, texts: Texts) -> Iterator[str]:
    yield f"{one.ref}  {printable(one.name)}"
    yield f"  {texts.get(f'report.cause.{one.finding.finding.code}')}"
    for each in one.candidates:
        yield f"    {each.company}  {printable(each.name)}  {printable(each.place)}"
    if one.offers:
        yield f"    {texts.get('choosing.stands')}: {printable(one.stands) or '–'}"
    for offer in one.offers:
        yield f"    {called(offer.source, texts)}: {printable(offer.value)}"
