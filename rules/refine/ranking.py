"""How likely each of several is what was asked for; and whether the rules would decide it alone.

Nothing is decided here that the rules of matching do not decide: `match` is theirs. A score from
`DECIDED` up says the same as a figure; below it stands who only resembles what was asked for.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from difflib import SequenceMatcher
from typing import Final, NamedTuple

from rules.enrichment.identity import HOME, Identity
from rules.enrichment.matching import Company, Match, grouped, match
from rules.enrichment.record import CompanyRecord, Number
from rules.matching import Card, together

DECIDED: Final = 80.0
"""From here up the rules decide without a person; 100 is certain."""
_OWN_KEY: Final = 78.0
"""Its number or its domain, but something speaks against it, or it is not the only one."""
_MAIL: Final = 74.0
"""Only the domain of its mail: its own, or its accountant's."""
_ALIKE: Final = 65.0
"""The same name, and nothing else."""
_SAME_PLACE: Final = 10.0
_LEAST: Final = 0.6
"""Names that are less alike than this have nothing to do with each other."""


class Feature(NamedTuple):
    """One thing that the score is made of."""

    name: str
    value: float | bool


@dataclass(frozen=True, slots=True)
class Ranked:
    """A candidate: by which `key` it is known, from 0 to 100 how likely, whether that is decided."""

    key: Hashable
    score: float
    match: bool = False
    features: Sequence[Feature] = field(default=())


def best_first(found: Iterable[Ranked]) -> list[Ranked]:
    """The likeliest first; those that are equal in an order that stays."""
    return sorted(found, key=lambda one: (-one.score, not one.match, str(one.key)))


class Likeness:
    """How alike texts are to one, from 0 to 1; 0 where that is less than counts."""

    def __init__(self, wanted: str) -> None:
        self._long = len(wanted)
        # What is compared with many is looked through once.
        self._seen = SequenceMatcher(None, "", wanted, autojunk=False)

    def of(self, text: str) -> float:
        """Of this text."""
        long = self._long + len(text)
        if not text or 2 * min(self._long, len(text)) < _LEAST * long:
            return 0.0
        self._seen.set_seq1(text)
        return self._seen.ratio() if self._seen.quick_ratio() >= _LEAST else 0.0


def undecided(likeness: float) -> float:
    """The score of what merely looks alike; 0 for what does not."""
    return round(_ALIKE * likeness, 1) if likeness >= _LEAST else 0.0


# --- companies that sources know ----------------------------------------------------------------


def companies(who: Identity, records: Iterable[CompanyRecord]) -> list[Ranked]:
    """The companies that `who` may be, by their numbers; those that nothing speaks for are left out."""
    some = list(records)
    outcome = match(who, some)
    decided = outcome if isinstance(outcome, Match) else None
    return best_first(
        one for company in grouped(some) if (one := _ranked(who, company, decided)).score > 0
    )


def _ranked(who: Identity, company: Company, decided: Match | None) -> Ranked:
    likeness = 1.0 if company.bears(who.name) else company.alike(who.name)
    near = company.lies_in(who)
    site = bool(who.site) and who.site in company.sites
    number = bool(who.cvr) and company.number == Number(HOME, who.cvr)
    features = (
        Feature("name", round(likeness, 3)),
        Feature("same_place", near),
        Feature("same_domain", site),
        Feature("same_number", number),
    )
    if decided is not None and decided.company == company.number:
        return Ranked(company.number, float(decided.confidence * 100), True, features)
    mail = bool({who.site, who.mailbox} - {""} & (company.mailboxes | company.sites))
    scores = [undecided(likeness), _OWN_KEY if site or number else 0.0, _MAIL if mail else 0.0]
    score = max(scores)
    if score and near:
        score = min(score + _SAME_PLACE, max(_OWN_KEY, score))
    return Ranked(company.number, score, False, features)


# --- companies of our own lists -------------------------------------------------------------------


def customers(asked: Card, cards: Mapping[int, Card]) -> list[Ranked]:
    """The records of our own lists that `asked` may be, by their numbers.

    Decided is the only one that matching joins with it: of two the rules do not know which.
    """
    groups = together([asked, *cards.values()])
    mine = next((g.members for g in groups if asked.rid in {m.rid for m in g.members}), ())
    joined = {one.rid: float(one.confidence * 100) for one in mine if one.rid != asked.rid}
    name = Likeness("".join(asked.words))
    found = []
    for rid, card in cards.items():
        likeness = name.of("".join(card.words))
        features = (Feature("name", round(likeness, 3)), Feature("same_company", rid in joined))
        only = rid in joined and len(joined) == 1
        score = joined[rid] if only else _OWN_KEY if rid in joined else undecided(likeness)
        if score:
            found.append(Ranked(rid, score, only, features))
    return best_first(found)
