"""Which of our own changes to hold back: what a person took back, and what flips to and fro."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from rules.changes import Change, Finding, Severity

if TYPE_CHECKING:
    from rules.enrichment.record import CompanyRecord
    from rules.enrichment.said import Said
    from rules.enrichment.verdict import Verified
    from rules.keys import Key
    from rules.others import Offer


Cleaned = tuple[tuple[Change, ...], tuple[Finding, ...]]
"""What the rules of hygiene say of one record."""


@dataclass(frozen=True, slots=True)
class Past:
    """What is known of one record beside what stands in it, as far as deciding may know it.

    `written` are the changes that we applied to it before, oldest first, undone ones left out;
    `declined` what a person took back by undo: field -> the value he did not want; `offers` are the
    same person's or company's records elsewhere, where they are asked (`rules.others`); `answers`
    the companies that sources of facts gave for its keys, one for each source and company, and
    `not_found` those of its keys of which a source said on two days that there is no such thing;
    `verdicts` what verifiers said of its addresses; `said` what a person answered to a question of
    sources. `cleaned` is what the rules say of it, where whoever looked for its answers had to know;
    None: they are asked.
    """

    written: Sequence[Change] = ()
    declined: Mapping[str, str | None] = field(default_factory=dict)
    offers: Sequence[Offer] = ()
    answers: Sequence[CompanyRecord] = ()
    not_found: Sequence[Key] = ()
    verdicts: Mapping[Key, Sequence[Verified]] = field(default_factory=dict)
    cleaned: Cleaned | None = None
    said: Said | None = None


NO_PAST = Past()


def hold_back(
    changes: Sequence[Change], past: Past, *, most_times: int
) -> tuple[tuple[Change, ...], tuple[Finding, ...]]:
    """The changes that may go on, and a finding for each that may not.

    A change that we made `most_times` before and that somebody turned back each time is frozen:
    two programs that correct each other would go on for ever (promise 5).
    """
    allowed, findings = [], []
    for change in changes:
        if change.field in past.declined and past.declined[change.field] == change.new:
            findings.append(Finding("taken_back", Severity.NOTICE, change.field))
        elif _times(change, past.written) >= most_times:
            findings.append(
                Finding("flips", Severity.WARNING, change.field, {"times": str(most_times)})
            )
        else:
            allowed.append(change)
    return together(allowed), tuple(findings)


def together(changes: Sequence[Change]) -> tuple[Change, ...]:
    """The changes without those that need another one which is not among them.

    What moves from one field to another is two changes: taking it away from where it stood
    `needs` putting it where it belongs, or it would be lost. An address can need two fields.
    """
    left = tuple(changes)
    while True:
        fields = {change.field for change in left}
        kept = tuple(c for c in left if fields.issuperset(c.details.get("needs", "").split()))
        if len(kept) == len(left):
            return kept
        left = kept


def _times(change: Change, written: Collection[Change]) -> int:
    return sum(1 for one in written if one.field == change.field and one.new == change.new)
