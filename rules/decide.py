"""One record's decision: the order of all the rules.

1. hygiene: formats, in the order of `rules.hygiene.RULES`
2. sources: what registers and vendors know of the company that it is about
3. others: what another system holds of the same person or company, for fields that are empty
4. trust: what must be held back although a rule wants it
5. the flag that asks a person to look, and the day of the last check
6. checks: what is missing, old or unproven in the record as it will be then

Suppression is no step here: whether a record is blocked is asked of the ledger alone, and no rule,
trust or merge has a say in it (promise 1).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Final

from rules.catalogue import DEFAULT, Catalogue
from rules.changes import Change, Decision, Finding
from rules.checks.desk import NO_TERMS, Terms
from rules.checks.freshness import CHECKED
from rules.checks.notes import unanswered
from rules.checks.record import look
from rules.enrichment.checked import dated
from rules.enrichment.deciding import from_sources
from rules.enrichment.informing import INFORMED, owed
from rules.enrichment.manual import FLAG, manual
from rules.enrichment.policy import Enriched
from rules.enrichment.policy import Terms as Sources
from rules.enrichment.said import NOTHING_SAID
from rules.enrichment.verifying import from_verdicts
from rules.hygiene import RULES, Row, clean
from rules.others import from_others
from rules.records import ABSENT, Record, Value
from rules.trust import NO_PAST, Past, hold_back, together


@dataclass(frozen=True, slots=True)
class Context:
    """Everything that a decision may know beside the record and its past."""

    rules: Sequence[Row] = RULES
    region: str = "DK"
    flips: int = 2
    catalogue: Catalogue = DEFAULT
    terms: Terms = NO_TERMS
    fills: frozenset[str] = frozenset()
    """The fields that may be taken from another system."""
    sourced: frozenset[str] = frozenset()
    """The fields that sources of facts may write."""
    asks: Mapping[str, str] = field(default_factory=dict)
    """By code: in a few words what a person is asked in the record itself (`rules.enrichment.manual`)."""


def decide(record: Record, context: Context, past: Past = NO_PAST) -> Decision:
    """What should change in this record, and what a person should know about it."""
    changes, findings = past.cleaned or clean(
        record.ref.kind, record.values, rules=context.rules, region=context.region
    )
    told = _NOTHING_TOLD
    if past.answers or past.not_found:
        told = _from_sources(record, changes, context, past)
        changes, findings = (*changes, *told.changes), (*findings, *told.findings)
    if past.offers and context.fills:
        changes = (*changes, *_from_others(record, changes, context, past))
    if changes and past is not NO_PAST:
        changes, held = hold_back(changes, past, most_times=context.flips)
        findings = (*findings, *held)
    judged: tuple[Finding, ...] = ()
    if past.verdicts:
        judged = from_verdicts(after(record, changes), past.verdicts)
        findings = (*findings, *judged)
    if FLAG in context.sourced and FLAG not in past.declined:
        changes = _with_flag(record, changes, (*told.findings, *judged), context, past)
    look_again: date | None = None
    if told.checked and CHECKED in context.sourced and CHECKED not in past.declined:
        changes, look_again = dated(record.values, changes, told.checked)
    values = after(record, changes) if changes else record.values
    if past.written or values.get(INFORMED, ABSENT) is not ABSENT:
        untold = owed(record.ref.kind, values, past.written)
        findings = (*findings, untold) if untold else findings
    lacking, again_on = look(record.ref.kind, values, context.catalogue, context.terms)
    again_on = min(filter(None, (again_on, look_again)), default=None)
    if lacking and past.declined:
        lacking = unanswered(lacking, values, past.declined)
    return Decision(changes, (*findings, *lacking) if lacking else findings, again_on, values)


_NOTHING_TOLD: Final = Enriched((), ())


def _from_sources(
    record: Record, changes: Sequence[Change], context: Context, past: Past
) -> Enriched:
    """What sources know, for fields that no rule is about to write."""
    left, touched = after(record, changes), {change.field for change in changes}
    found = from_sources(
        record.ref.kind,
        left,
        tuple(past.answers),
        past.not_found,
        Sources(
            context.catalogue, context.rules, context.region, context.terms.today, context.sourced
        ),
        past.written,
        past.said or NOTHING_SAID,
    )
    free = [one for one in found.changes if one.field not in touched]
    return found._replace(changes=together(free))


def _from_others(
    record: Record, changes: Sequence[Change], context: Context, past: Past
) -> tuple[Change, ...]:
    """What fills fields that are empty, and not about to be filled or emptied by a rule."""
    touched = {change.field for change in changes}
    return from_others(
        record.ref.kind,
        after(record, changes),
        past.offers,
        context.fills - touched,
        rules=context.rules,
        region=context.region,
    )


def _with_flag(
    record: Record,
    changes: Sequence[Change],
    findings: Sequence[Finding],
    context: Context,
    past: Past,
) -> tuple[Change, ...]:
    """What is written to the flag of a manual check goes before how a rule would spell it."""
    if not findings and not record.values.get(FLAG):
        return tuple(changes)
    flag = manual(record.values, findings, context.asks, past.written)
    ours = {one.field for one in flag}
    return (*(one for one in changes if one.field not in ours), *flag)


def after(record: Record, changes: Sequence[Change]) -> dict[str, Value]:
    """The record's values once the changes are made."""
    values: dict[str, Value] = dict(record.values)
    for change in changes:
        values[change.field] = change.new
    return values
