"""Puts records into parties: who changed, with all whom keys, links and merges lead to.

    match    the next of those who are marked (state/unmatched.py); gives whose party is another now

What is looked at is always whole: everybody whom the keys of one of them lead to, and so on. So the
outcome depends on what the records say, and not on the order in which they came (`rules.matching`).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from itertools import pairwise
from typing import Final, NamedTuple

import sqlalchemy as sa

from rules.decide import after
from rules.fields.field import COMPANIES, PARTIES
from rules.keys import Key
from rules.matching import MOST_CARRIERS, NOBODY, Card, Group, card, together
from rules.records import Kind, Ref, Value
from state import carriers, parties, proposals, redirects
from state import mirror as mirrored
from state.carriers import Sort
from state.keys import KeyRing
from state.ledger_rows import chunks
from state.store import Tx, among
from state.tables import mirror, unmatched

BATCH: Final = 1000
_LOCK: Final = int("match", 36)


@dataclass(slots=True)
class Known:
    """What holds for all steps of one stage: keys on too many people, and on too many companies."""

    people: set[bytes] = field(default_factory=set)
    companies: set[bytes] = field(default_factory=set)


class Matched(NamedTuple):
    """What a step did: how many marks it took away, who has come to another party or lost his, and
    everybody in a party with one of the marked."""

    looked_at: int
    changed: frozenset[int] = frozenset()
    concerned: frozenset[int] = frozenset()


# --- looking at it ---------------------------------------------------------------------------


def match(
    tx: Tx,
    ring: KeyRing,
    now: datetime,
    region: str = "DK",
    limit: int = BATCH,
    known: Known | None = None,
) -> Matched:
    """Put the next marked records that are decided, and all whom they lead to, into parties.

    `known` goes from step to step as long as nothing is decided in between.
    """
    lock(tx)
    seeds = _next(tx, limit)
    if not seeds:
        return Matched(0)
    whole = _Whole(tx, seeds, known or Known())
    groups = _Reading(tx, ring, region, whole).groups()
    changed = parties.regroup(tx, groups, whole.facts, now)
    _unmark(tx, [rid for rid, one in whole.facts.items() if not one.dirty], seeds)
    return Matched(len(seeds), frozenset(changed), frozenset(_concerned(groups, seeds) | changed))


def lock(tx: Tx) -> None:
    """Until this transaction ends nobody else changes who belongs to whom."""
    if tx.dialect.name == "postgresql":
        tx.execute(sa.select(sa.func.pg_advisory_xact_lock(_LOCK)))


def _next(tx: Tx, limit: int) -> set[int]:
    """Marked records that are decided, so that their keys are those of what they say now."""
    decided = sa.or_(mirror.c.rid.is_(None), mirror.c.decided_with.is_not(None))
    found = tx.execute(
        sa.select(unmatched.c.rid)
        .outerjoin(mirror, mirror.c.rid == unmatched.c.rid)
        .where(decided)
        .order_by(unmatched.c.rid)
        .limit(limit)
    )
    return set(found.scalars())


def _unmark(tx: Tx, *whose: Collection[int]) -> None:
    for some in chunks({rid for rids in whose for rid in rids}):
        tx.execute(sa.delete(unmatched).where(unmatched.c.rid.in_(some)))


def _concerned(groups: Iterable[Group], seeds: Collection[int]) -> set[int]:
    """Everybody in a group with one of the seeds."""
    wanted = set(seeds)
    listed = ([member.rid for member in group.members] for group in groups)
    return {rid for rids in listed if not wanted.isdisjoint(rids) for rid in rids}


# --- all whom they lead to -------------------------------------------------------------------


class _Fact(NamedTuple):
    """Where a record stands; `there` is False when it is deleted."""

    ref: Ref
    place: str
    there: bool
    dirty: bool

    @property
    def company(self) -> bool:
        return self.ref.kind in COMPANIES


class _Whole:
    """Some records, and all whom keys, parties and merges lead to from there, and so on."""

    def __init__(self, tx: Tx, seeds: Collection[int], known: Known) -> None:
        self.tx = tx
        self.facts: dict[int, _Fact] = {}
        self.survivor: dict[int, int] = {}
        self.main: set[bytes] = set()
        """Numbers that are somebody's main number."""
        self.known = known
        self._ways: dict[int, set[int]] = defaultdict(set)
        self._asked: dict[Sort, set[bytes]] = {
            carriers.OF_PEOPLE: set(),
            carriers.OF_COMPANIES: set(),
        }
        self._merges: dict[str, bool] = {}
        new = set(seeds)
        while new:
            facts = _facts(tx, new)
            self.facts |= facts
            found = self._by_parties(facts) | self._by_merges(facts) | self._by_keys(facts)
            new = found - self.facts.keys()

    def sets(self) -> Iterator[set[int]]:
        """Those that belong together as far as anything leads; single records are left out."""
        seen: set[int] = set()
        for rid in self._ways:
            if rid not in seen:
                some, going = {rid}, [rid]
                while going:
                    further = self._ways[going.pop()] - some
                    some |= further
                    going += further
                seen |= some
                yield some

    def _join(self, one: int, other: int) -> None:
        self._ways[one].add(other)
        self._ways[other].add(one)

    def _by_parties(self, facts: Collection[int]) -> set[int]:
        """Whoever stands in a party with one of them: its reason may be gone."""
        return parties.together_with(self.tx, facts)

    def _by_merges(self, facts: Mapping[int, _Fact]) -> set[int]:
        """Where the dead went, and who went up in the living."""
        refs = {one.ref for one in facts.values() if self._knows_merges(one.ref.system)}
        if not refs:
            return set()
        tx = self.tx
        ends = set(redirects.resolve(tx, refs).values())
        gone = {old for olds in redirects.leading_to(tx, ends).values() for old in olds}
        numbers = mirrored.numbers(tx, gone | ends)
        for old, end in redirects.resolve(tx, gone).items():
            if old in numbers and end in numbers:
                self.survivor[numbers[old]] = numbers[end]
                self._join(numbers[old], numbers[end])
        return set(numbers.values())

    def _knows_merges(self, system: str) -> bool:
        if system not in self._merges:
            self._merges[system] = redirects.any_of(self.tx, system)
        return self._merges[system]

    def _by_keys(self, facts: Mapping[int, _Fact]) -> set[int]:
        """Whoever carries a key of theirs: people of people, companies of companies, and people
        whose number is somebody's main number by now."""
        people = [rid for rid, one in facts.items() if not one.company]
        companies = [rid for rid, one in facts.items() if one.company]
        found = self._of(people, carriers.OF_PEOPLE, self.known.people)
        found |= self._of(companies, carriers.OF_COMPANIES, self.known.companies)
        return found | carriers.by_main_number(self.tx, list(facts))

    def _of(self, rids: Sequence[int], sort: Sort, shared: set[bytes]) -> set[int]:
        """Of a key on too many only those are looked at who stand in parties: it may have been one
        of few when they were joined. That is asked once, however many batches follow."""
        if not rids:
            return set()
        sizes = carriers.several(self.tx, rids, sort)
        many = {digest for digest, records in sizes.items() if records > MOST_CARRIERS}
        few = sizes.keys() - many - self._asked[sort]
        found = carriers.in_parties(self.tx, many - shared, sort)
        shared |= many
        self._asked[sort] |= few
        for some in carriers.grouped(self.tx, few, sort).values():
            found.update(some)
            for one, other in pairwise(some):
                self._join(one, other)
        if sort is carriers.OF_PEOPLE:
            self.main |= carriers.main_numbers(self.tx, few)
        return found


def _facts(tx: Tx, rids: Collection[int]) -> dict[int, _Fact]:
    """Of those that are people or companies."""
    columns = (mirror.c.rid, mirror.c.system, mirror.c.kind, mirror.c.id, mirror.c.stream)
    found = tx.execute(
        sa.select(*columns, mirror.c.deleted_at.is_(None), mirror.c.decided_with.is_(None)).where(
            among(tx, mirror.c.rid, sorted(rids)), mirror.c.kind.in_(sorted(PARTIES))
        )
    )
    return {
        rid: _Fact(Ref(system, Kind(kind), ident), f"{system}/{stream}", bool(there), bool(dirty))
        for rid, system, kind, ident, stream, there, dirty in found.all()
    }


# --- what they say ---------------------------------------------------------------------------


class _Reading:
    """The records of a whole, as cards."""

    def __init__(self, tx: Tx, ring: KeyRing, region: str, whole: _Whole) -> None:
        self.tx, self.ring, self.region, self.whole = tx, ring, region, whole

    def groups(self) -> list[Group]:
        """The groups that there are among them. What stands in one list only is not even read."""
        wanted = [rid for some in self.whole.sets() if self._in_several(some) for rid in some]
        wanted = sorted(set(wanted) - parties.pinned(self.tx, wanted))
        people: list[Card] = []
        companies: list[Card] = []
        for rid, values in self._values(wanted):
            one = self._card(rid, values)
            (companies if one.company else people).append(one)
        main = self._of(self.whole.main, people)
        found = together(people, main | self._of(self.whole.known.people, people))
        return [*found, *together(companies, self._of(self.whole.known.companies, companies))]

    def _in_several(self, rids: Collection[int]) -> bool:
        facts = self.whole.facts
        return len({facts[rid].place for rid in rids if facts[rid].there}) > 1

    def _values(self, rids: Sequence[int]) -> Iterator[tuple[int, Mapping[str, Value]]]:
        """As the rules leave them: what stands, with what is proposed."""
        held = mirrored.held(self.tx, rids)
        proposed = proposals.standing(self.tx, rids) if rids else {}
        for rid in rids:
            record = held[rid].record
            changes = proposals.changes_of(proposed[rid][2]) if rid in proposed else ()
            yield rid, after(record, changes) if changes else record.values

    def _card(self, rid: int, values: Mapping[str, Value]) -> Card:
        fact, whole = self.whole.facts[rid], self.whole
        survivor = None if fact.there else whole.survivor.get(rid, NOBODY)
        return card(rid, fact.ref.kind, fact.place, values, self.region, survivor)

    def _of(self, digests: Collection[bytes], cards: Iterable[Card]) -> frozenset[Key]:
        """The keys on the cards that have one of these hashes."""
        if not digests:
            return frozenset()
        keys = {key for one in cards for some in one.keys.values() for key in some}
        return frozenset(key for key in keys if self.ring.digest(key) in digests)
