"""Who is who: which records of different lists stand for the same person or company, and why.

    card(...)          what a record says of who it is
    together(cards)    which of them are one

Precision before recall: a wrong join would carry a value, and an opt-out, to a stranger. A key joins
the records that carry it and that nothing speaks against; whoever fits two that do not fit each
other is left out; and where the keys of one rank together would make one of two that differ, none
of them joins anybody there. The outcome is the same in whatever order the records came, and holds
for as long as they say what they say.
"""

from __future__ import annotations

from collections.abc import Container, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from enum import StrEnum
from functools import lru_cache
from itertools import combinations
from typing import Final, NamedTuple

from rules import tables
from rules.fields.field import COMPANIES, PEOPLE
from rules.folding import fold as letters
from rules.formats import forms, web
from rules.formats.check_digits import passes
from rules.keys import (
    Carried,
    Key,
    KeyKind,
    fold,
    is_role_mailbox,
    name_address_key,
    name_of,
    record_keys,
    site_key,
)
from rules.records import Kind, Value

Values = Mapping[str, Value]

VERSION: Final = 1
"""Of the keys in `further_keys`, which are stored."""


class Why(StrEnum):
    """What two records have in common, the surest first; stored, so the values never change."""

    MERGED = "merged"
    CVR = "cvr"
    EMAIL = "email"
    SITE = "site"
    PHONE = "phone"
    ADDRESS = "name_address"


CONFIDENCE: Final[Mapping[Why, Decimal]] = {
    Why.MERGED: Decimal(1),
    Why.CVR: Decimal("0.98"),
    Why.EMAIL: Decimal("0.95"),
    Why.SITE: Decimal("0.9"),
    Why.PHONE: Decimal("0.9"),
    Why.ADDRESS: Decimal("0.8"),
}
"""How sure each is, from 0 to 1: an order of trust, not a frequency that somebody measured."""

MOST_CARRIERS: Final = 40
"""A key on more records than this is nobody's own: a placeholder, a shared number."""


@dataclass(frozen=True, slots=True)
class Card:
    """What a record says of who it is. `place` names its list, `words` are those of its name.

    `survivor` is the number of the record that it was merged into, `NOBODY` when it was just
    deleted. Such a record is gone; what it said holds for the survivor.
    """

    rid: int
    place: str
    company: bool
    words: tuple[str, ...]
    form: str = ""
    cvr: str = ""
    p_number: str = ""
    keys: Mapping[Why, frozenset[Key]] = field(default_factory=dict)
    survivor: int | None = None


NOBODY: Final = 0
"""The survivor of a record that has none."""


class Member(NamedTuple):
    """A record of a group, and what it has in common with others there."""

    rid: int
    why: tuple[Why, ...]

    @property
    def confidence(self) -> Decimal:
        """That of its best reason."""
        return max(CONFIDENCE[one] for one in self.why)


class Group(NamedTuple):
    """Records of at least two lists that are the same person or company, by their numbers."""

    company: bool
    members: tuple[Member, ...]


# --- what a record says ----------------------------------------------------------------------


def card(
    rid: int,
    kind: Kind,
    place: str,
    values: Values,
    region: str = "DK",
    survivor: int | None = None,
) -> Card:
    """The card of a person or a company; `values` are as the rules leave them."""
    company = kind in COMPANIES
    carried = record_keys(values, region)
    cvr = next((one.key.value for one in carried if one.key.kind is KeyKind.CVR), "")
    name = _text(values, "company_name") if company else name_of(values)
    return Card(
        rid,
        place,
        company,
        words=company_words(name) if company else _words(name),
        form=forms.form_of(name) if company and name else "",
        cvr=cvr,
        p_number=_text(values, "p_number").strip() if company else "",
        keys=_by_reason(kind, carried, further_keys(kind, values, region)),
        survivor=survivor,
    )


def _by_reason(
    kind: Kind, carried: Iterable[Carried], further: Iterable[tuple[str, Key]]
) -> dict[Why, frozenset[Key]]:
    says_who = _of_a_company if kind in COMPANIES else _of_a_person
    found: dict[Why, set[Key]] = {}
    for one in carried:
        if why := says_who(one):
            found.setdefault(why, set()).add(one.key)
    for name, key in further:
        found.setdefault(Why(name), set()).add(key)
    return {why: frozenset(some) for why, some in found.items()}


def _of_a_person(carried: Carried) -> Why | None:
    """An address that one person reads, a number that is not the company's main number."""
    key, main = carried
    if key.kind is KeyKind.EMAIL:
        return None if is_role_mailbox(key) else Why.EMAIL
    return Why.PHONE if key.kind is KeyKind.PHONE and not main else None


def _of_a_company(carried: Carried) -> Why | None:
    """A CVR number with a right check digit, any number, an address at a domain of its own."""
    key = carried.key
    if key.kind is KeyKind.CVR:
        return Why.CVR if passes(key.value) else None
    if key.kind is KeyKind.EMAIL:
        own = web.identifies_company(key.value.rpartition("@")[2])
        return Why.EMAIL if own and not is_role_mailbox(key) else None
    return Why.PHONE if key.kind is KeyKind.PHONE else None


def further_keys(kind: Kind, values: Values, region: str = "DK") -> Iterator[tuple[str, Key]]:
    """The keys by which matching knows a record beside those in its fields, with their reason."""
    if kind in PEOPLE:
        if key := name_address_key(values):
            yield Why.ADDRESS, key
    elif kind in COMPANIES:
        if key := site_key(values, region):
            yield Why.SITE, key
        if key := _company_address(values):
            yield Why.ADDRESS, key


def _company_address(values: Values) -> Key | None:
    parts = (
        "".join(company_words(_text(values, "company_name"))),
        *(fold(_text(values, name)) for name in ("address", "postcode")),
    )
    return Key(KeyKind.NAME_ADDRESS, "company|" + "|".join(parts)) if all(parts) else None


def _text(values: Values, name: str) -> str:
    text = values.get(name)
    return text if isinstance(text, str) else ""


@lru_cache(maxsize=8192)
def _words(name: str) -> tuple[str, ...]:
    return tuple(word for word in map(letters, name.split()) if word)


@lru_cache(maxsize=8192)
def company_words(name: str) -> tuple[str, ...]:
    """Without the legal form: one list writes it, another does not."""
    named = (word for word in name.split() if word.lower().strip(".,()") not in _forms())
    return tuple(word for word in map(letters, named) if word)


@lru_cache(maxsize=1)
def _forms() -> frozenset[str]:
    return frozenset(word.rstrip(".") for word in tables.words("legal_forms"))


# --- which are one ---------------------------------------------------------------------------


def together(cards: Iterable[Card], common: Container[Key] = frozenset()) -> list[Group]:
    """The groups that these records make, by the number of their first members.

    `common` are keys that are nobody's own: a company's main number on a person, a number on more
    than `MOST_CARRIERS` records. Records that no key leads to one another may be given together.
    """
    listed = sorted(cards, key=lambda one: one.rid)
    found = [
        group
        for company in (False, True)
        for group in _Joining([one for one in listed if one.company is company], common).groups()
    ]
    return sorted(found, key=lambda group: group.members[0].rid)


class _Joining:
    """People, or companies, joined rank by rank."""

    def __init__(self, cards: Sequence[Card], common: Container[Key]) -> None:
        of_rid = {one.rid: one for one in cards}
        self.cards = {one.rid: one for one in cards if _speaks(one, of_rid)}
        self.common = common
        self.group_of: dict[int, frozenset[int]] = {rid: frozenset((rid,)) for rid in self.cards}
        self.why: dict[int, set[Why]] = {rid: set() for rid in self.cards}

    def groups(self) -> Iterator[Group]:
        for why in Why:
            self._take(why, list(self._joins(why)))
        for rids in dict.fromkeys(self.group_of.values()):
            if len(rids) > 1:
                yield from self._group(sorted(rids))

    def _group(self, rids: Sequence[int]) -> Iterator[Group]:
        alive = [self.cards[rid] for rid in rids if self.cards[rid].survivor is None]
        if len({one.place for one in alive}) > 1:
            members = (Member(one.rid, self._reasons(one.rid, rids)) for one in alive)
            yield Group(alive[0].company, tuple(members))

    def _reasons(self, rid: int, rids: Sequence[int]) -> tuple[Why, ...]:
        """Its own, and those of the records that were merged into it."""
        merged = (self.why[one] for one in rids if self.cards[one].survivor == rid)
        found = self.why[rid].union(*merged)
        return tuple(why for why in Why if why in found)

    def _joins(self, why: Why) -> Iterator[frozenset[int]]:
        """Sets of records that are one for this reason, as far as they themselves can tell."""
        if why is Why.MERGED:
            for one in self.cards.values():
                if one.survivor is not None:
                    yield frozenset((one.rid, one.survivor))
            return
        carriers: dict[Key, list[Card]] = {}
        for one in self.cards.values():
            for key in one.keys.get(why, ()):
                if key not in self.common:
                    carriers.setdefault(key, []).append(one)
        for some in carriers.values():
            if 1 < len(some) <= MOST_CARRIERS:
                yield from _cliques(why, some)

    def _take(self, why: Why, joins: Sequence[frozenset[int]]) -> None:
        """Join all of a rank, but where that would make one of two that differ."""
        before, after = dict(self.group_of), dict(self.group_of)
        for join in joins:
            whole = frozenset().union(*(after[rid] for rid in join))
            after.update(dict.fromkeys(whole, whole))
        refused = {
            whole
            for whole in set(after.values())
            if any(
                _differ(self.cards[a], self.cards[b])
                for a, b in combinations(sorted(whole), 2)
                if before[a] != before[b]
            )
        }
        for join in joins:
            whole = after[next(iter(join))]
            if whole not in refused:
                self.group_of.update(dict.fromkeys(whole, whole))
            if whole not in refused or len({before[rid] for rid in join}) == 1:
                for rid in join:
                    self.why[rid].add(why)


def _cliques(why: Why, carriers: Sequence[Card]) -> Iterator[frozenset[int]]:
    """The carriers of one key in sets of which everybody fits everybody.

    Who fits two that do not fit each other could be either, and is left out. Of the others, those
    that fit one another fit nobody else.
    """
    fits = {one.rid: {one.rid} for one in carriers}
    for a, b in combinations(carriers, 2):
        if _fit(why, a, b):
            fits[a.rid].add(b.rid)
            fits[b.rid].add(a.rid)
    could_be_either = {
        rid
        for rid, some in fits.items()
        if any(other not in fits[one] for one, other in combinations(some, 2))
    }
    for rid, some in fits.items():
        left = frozenset(some - could_be_either)
        if rid == min(left, default=None) and len(left) > 1:
            yield left


# --- what speaks for and against -------------------------------------------------------------


def _speaks(one: Card, of_rid: Mapping[int, Card]) -> bool:
    """Whether it has a say: who was merged, only of somebody who lives and does not differ from him."""
    if one.survivor is None:
        return True
    end = of_rid.get(one.survivor)
    return end is not None and end.survivor is None and not _differ(one, end)


def _differ(a: Card, b: Card) -> bool:
    """Whether they cannot be one: two CVR numbers, two production units, two people's names."""
    if a.cvr and b.cvr and a.cvr != b.cvr:
        return True
    if a.company:
        return bool(a.p_number and b.p_number) and a.p_number != b.p_number
    return not _may_be_one(a.words, b.words)


def _fit(why: Why, a: Card, b: Card) -> bool:
    """Whether two carriers of one key are one, as far as the two of them can tell."""
    if _differ(a, b):
        return False
    if not a.company:
        return _people_fit(why, a, b)
    if why is Why.CVR:
        return True
    if a.form and b.form and a.form != b.form:
        return False
    if why is Why.PHONE:
        return bool(a.words) and "".join(a.words) == "".join(b.words)
    return begin_alike(a.words, b.words)


def _people_fit(why: Why, a: Card, b: Card) -> bool:
    """Numbers change hands, so both names are needed; two of one name may live in one house."""
    if why is Why.PHONE:
        return min(len(a.words), len(b.words)) > 1
    if why is Why.ADDRESS:
        return not all(_apart(one, a, b) for one in (Why.EMAIL, Why.PHONE))
    return True


def _apart(why: Why, a: Card, b: Card) -> bool:
    """Whether both have such keys, and none in common."""
    mine, others = a.keys.get(why, _NONE), b.keys.get(why, _NONE)
    return bool(mine and others) and mine.isdisjoint(others)


_NONE: Final[frozenset[Key]] = frozenset()


def _may_be_one(a: Sequence[str], b: Sequence[str]) -> bool:
    """Whether two people's names can be one person's: `A. Hansen`, `Anne Hansen`, `Anne Lund Hansen`.

    No name says nothing against any; a single word may be the first or the last of the other.
    """
    short, long = sorted((a, b), key=len)
    if not short or "".join(short) == "".join(long):
        return True
    if len(short) == 1:
        return short[0] in {long[0], long[-1]}
    if set(short) <= set(long) and short[0] == long[0]:
        return True
    return short[-1] == long[-1] and _same_first(short[0], long[0])


def _same_first(a: str, b: str) -> bool:
    return a == b or (1 in {len(a), len(b)} and a[0] == b[0])


def begin_alike(a: Sequence[str], b: Sequence[str]) -> bool:
    """Whether one company's name goes on where the other's ends; no name says nothing against any."""
    short, long = sorted((a, b), key=len)
    whole = "".join(short) == "".join(long)
    return not short or whole or (len(short) > 1 and tuple(long[: len(short)]) == tuple(short))
