"""Puts records into parties: who changed, with all whom keys, links and merges lead to.

    match    the next of those who are marked (state/unmatched.py); gives whose party is another now

What is looked at is always whole: everybody whom the keys of one of them lead to, and so on. So the
outcome depends on what the records say, and not on the order in which they came (`rules.matching`).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any, Final, NamedTuple

import sqlalchemy as sa

from rules.decide import after
from rules.fields.field import COMPANIES, PARTIES
from rules.keys import Key
from rules.matching import MOST_CARRIERS, NOBODY, Card, Group, Why, card, together
from rules.records import Kind, Ref, Value
from state import mirror as mirrored
from state import parties, proposals, redirects
from state.keys import KeyRing
from state.ledger_rows import chunks
from state.match_keys import carried_by
from state.screen import MAIN_PHONE
from state.store import Tx, among
from state.tables import links, match_keys, mirror, unmatched
from state.unmatched import sizes

BATCH: Final = 500
_LOCK: Final = int("match", 36)
_PHONE: Final = "phone"
_OF_PEOPLE: Final = frozenset({"email", _PHONE, Why.ADDRESS.value})
_OF_COMPANIES: Final = _OF_PEOPLE | {"cvr", MAIN_PHONE, Why.SITE.value}
"""The kinds of key, as `match_keys` names them, by which people and companies are matched."""
_PHONES: Final = frozenset({_PHONE, MAIN_PHONE})


class Matched(NamedTuple):
    """What a step did: how many marks it took away, who has come to another party or lost his, and
    everybody in a party with one of the marked."""

    looked_at: int
    changed: frozenset[int] = frozenset()
    concerned: frozenset[int] = frozenset()


# --- looking at it ---------------------------------------------------------------------------


def match(tx: Tx, ring: KeyRing, now: datetime, region: str = "DK", limit: int = BATCH) -> Matched:
    """Put the next marked records that are decided, and all whom they lead to, into parties."""
    if tx.dialect.name == "postgresql":
        tx.execute(sa.select(sa.func.pg_advisory_xact_lock(_LOCK)))
    seeds = _next(tx, limit)
    if not seeds:
        return Matched(0)
    whole = _Whole(tx, seeds)
    groups = _Reading(tx, ring, region, whole).groups()
    changed = parties.regroup(tx, groups, whole.facts, now)
    _unmark(tx, [rid for rid, one in whole.facts.items() if not one.dirty], seeds)
    return Matched(len(seeds), frozenset(changed), frozenset(_concerned(groups, seeds) | changed))


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


class _Carrier(NamedTuple):
    """A record that carries a key, and as what kind of key."""

    rid: int
    key_kind: str
    company: bool


class _Whole:
    """Some records, and all whom keys, parties and merges lead to from there, and so on."""

    def __init__(self, tx: Tx, seeds: Collection[int]) -> None:
        self.tx = tx
        self.facts: dict[int, _Fact] = {}
        self.survivor: dict[int, int] = {}
        self.main: set[bytes] = set()
        """Numbers that are somebody's main number."""
        self.shared: set[bytes] = set()
        """Keys on too many records."""
        self._ways: dict[int, set[int]] = defaultdict(set)
        self._carriers: dict[bytes, list[_Carrier]] = {}
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
        rows = [
            (rid, kind, digest)
            for rid, kind, digest in carried_by(self.tx, list(facts))
            if kind in _OF_COMPANIES
        ]
        self._look_up({digest for _, _, digest in rows} - self._carriers.keys())
        found: set[int] = set()
        for rid, kind, digest in rows:
            for other in self._carriers.get(digest, ()):
                if other.rid != rid and self._leads(kind, other, company=facts[rid].company):
                    found.add(other.rid)
                    if facts[rid].company is other.company and digest not in self.shared:
                        self._join(rid, other.rid)
        return found

    @staticmethod
    def _leads(kind: str, other: _Carrier, *, company: bool) -> bool:
        """Whether who carries a key as `kind` has anything to do with whom else it stands on.

        A number that becomes somebody's main number is no longer the person's who has it, too.
        """
        if other.company:
            return company
        if other.key_kind not in _OF_PEOPLE:
            return False
        return kind in (_PHONES if company or kind not in _OF_PEOPLE else _OF_PEOPLE)

    def _look_up(self, digests: Collection[bytes]) -> None:
        """Who carries these keys. Of a key on too many only those who stand in parties: it may
        have been one of few when they were joined."""
        for some in chunks(digests):
            found = self.tx.execute(sizes(some).having(sa.func.count() > 1))
            several = {bytes(one.digest): one.records for one in found}
            many = {digest for digest, records in several.items() if records > MOST_CARRIERS}
            self.shared |= many
            self._note(_carriers(match_keys.c.digest.in_(list(several.keys() - many))))
            if many:
                here = sa.exists().where(links.c.rid == match_keys.c.rid, links.c.until.is_(None))
                self._note(_carriers(match_keys.c.digest.in_(list(many))).where(here))

    def _note(self, query: sa.Select[Any]) -> None:
        for digest, rid, key_kind, kind in self.tx.execute(query):
            carrier = _Carrier(rid, key_kind, Kind(kind) in COMPANIES)
            self._carriers.setdefault(bytes(digest), []).append(carrier)
            if key_kind == MAIN_PHONE:
                self.main.add(bytes(digest))


def _carriers(where: sa.ColumnElement[bool]) -> sa.Select[Any]:
    """(hash, record, kind of key, kind of record), people and companies only."""
    return (
        sa.select(match_keys.c.digest, match_keys.c.rid, match_keys.c.key_kind, mirror.c.kind)
        .join(mirror, mirror.c.rid == match_keys.c.rid)
        .where(where, mirror.c.kind.in_(sorted(PARTIES)))
    )


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
        for rid, system, kind, ident, stream, there, dirty in found
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
        found = together(people, main | self._of(self.whole.shared, people))
        return [*found, *together(companies, self._of(self.whole.shared, companies))]

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
