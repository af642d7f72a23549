"""What a person said of one record, where sources could not settle it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from rules.enrichment.matching import By, Match, NoMatch, Outcome, Reason
from rules.enrichment.record import CompanyRecord

NONE_OF_THEM: Final = ""
AS_IT_STANDS: Final = ""


@dataclass(frozen=True, slots=True)
class Said:
    """`company`: the number of the one that it is, `NONE_OF_THEM`, or None where nothing was said.
    `fields`: by field the source that is right about it, or `AS_IT_STANDS`."""

    company: str | None = None
    fields: Mapping[str, str] = field(default_factory=dict)


NOTHING_SAID: Final = Said()


def settled(outcome: Outcome, said: Said, answers: Sequence[CompanyRecord]) -> Outcome:
    """The outcome with a person's word, where it was a question; a company that no source gives any
    more is asked about anew."""
    if said.company is None or isinstance(outcome, Match):
        return outcome
    reason = Reason("match.person", {"cvr": said.company})
    if said.company == NONE_OF_THEM:
        return NoMatch(reason)
    number = next((one.number for one in answers if one.cvr == said.company), None)
    return Match(number, By.PERSON, reason) if number else outcome


def picks(said: Said, outcome: Outcome, answers: Sequence[CompanyRecord]) -> Mapping[str, str]:
    """By field whose value a person wants. Whose company it is, of that the number is wanted, too."""
    if isinstance(outcome, Match) and outcome.by is By.PERSON:
        told = min(one.source for one in answers if one.number == outcome.company)
        return {"cvr": told, **said.fields}
    return said.fields
