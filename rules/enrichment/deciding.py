"""What sources' answers come to for one record: which company it is, what is filled, who is asked."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import date
from typing import Final

from rules.changes import Change, Finding, Severity
from rules.enrichment.identity import identity
from rules.enrichment.matching import Conflict, Match, Proposal, Reason, match
from rules.enrichment.policy import Enriched, Terms, enriched
from rules.enrichment.record import CompanyRecord
from rules.enrichment.said import NOTHING_SAID, Said, picks, settled
from rules.enrichment.standing import Standing, standing_of
from rules.keys import Key, KeyKind
from rules.records import Kind, Value
from rules.spans import COPENHAGEN

_FINDING: Final = "finding."
_FLAGGED: Final = {
    Standing.WINDING_UP: "company_winding_up",
    Standing.BANKRUPT: "company_bankrupt",
    Standing.CEASED: "company_ceased",
}


def from_sources(
    kind: Kind,
    values: Mapping[str, Value],
    answers: Sequence[CompanyRecord],
    not_found: Collection[Key],
    terms: Terms,
    written: Sequence[Change] = (),
    said: Said = NOTHING_SAID,
) -> Enriched:
    """What the answers for a record's keys would change in it, and what a person should know.

    `values` are as the rules leave them. `not_found` are those of its keys of which a source said,
    on two days, that there is no such thing. Where it is not certain which company it is, nothing is
    taken from any, unless a person `said` which.
    """
    missing = tuple(_missing(not_found))
    if not answers:
        return Enriched((), missing)
    outcome = settled(match(identity(values), answers), said, answers)
    terms = replace(terms, picked=picks(said, outcome, answers))
    by = " ".join(sorted({one.source for one in answers}))
    if isinstance(outcome, Match):
        changes, findings, _ = enriched(kind, values, outcome, answers, terms, written)
        doubts = [_finding(one, by, Severity.NOTICE, "company_name") for one in outcome.doubts]
        known = [one for one in answers if one.number == outcome.company]
        found = (*missing, *_flagged(known, terms), *doubts, *findings)
        return Enriched(changes, found, _checked(known))
    if isinstance(outcome, Conflict):
        return Enriched((), (*missing, _finding(outcome.reason, by, Severity.WARNING)))
    if isinstance(outcome, Proposal):
        return Enriched((), (*missing, _finding(outcome.reason, by, Severity.NOTICE)))
    return Enriched((), missing)


def _checked(known: Sequence[CompanyRecord]) -> date | None:
    """When the company was last seen. Who only has figures of it does not say that it is there."""
    seen = [one.read_at for one in known if one.name]
    return max(seen).astimezone(COPENHAGEN).date() if seen else None


def _finding(reason: Reason, by: str, severity: Severity, field: str | None = None) -> Finding:
    details = {**reason.details, "source": by}
    return Finding(reason.code.removeprefix(_FINDING), severity, field, details)


def _missing(not_found: Collection[Key]) -> Iterator[Finding]:
    for key in sorted(not_found):
        if key.kind is KeyKind.CVR:
            yield Finding("cvr_not_in_register", Severity.WARNING, "cvr", {"text": key.value})


def _flagged(records: Sequence[CompanyRecord], terms: Terms) -> Iterator[Finding]:
    """Who is closing or closed, by the most trusted source that says how the company stands."""
    order = terms.catalogue["company_status"].sources
    telling = [one for one in records if one.source in order and one.status]
    if not telling:
        return
    first = min(telling, key=lambda one: (order.index(one.source), repr(one)))
    code = _FLAGGED.get(standing_of(first.status))
    if code:
        details = {
            "name": first.name,
            "cvr": first.cvr,
            "heirs": ", ".join(first.successors) or "–",
            "source": first.source,
        }
        yield Finding(code, Severity.WARNING, "company_status", details)
