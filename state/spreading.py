"""From the blocks that stand on a record to all that follows: the person's other keys, and kin.

Called by `state.reach`, which says which records have to be looked at, and appends what is found.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from datetime import datetime

from rules import reach as rule
from rules.keys import (
    PERSONAL_KINDS,
    HashedKey,
    Key,
    KeyKind,
    name_address_key,
    name_company_key,
    ref_key,
)
from rules.reach import KeyUse
from rules.records import Kind
from rules.suppression import Event, Evidence, Statement, SuppressionList
from state.keys import KeyRing
from state.kin import Kin
from state.ledger_rows import Entry
from state.screen import HashedRecord


def digests_of(one: HashedRecord) -> Iterator[bytes]:
    """The newest hashes of all keys on a record."""
    yield from one.digests
    yield from (other.key.digest for other in one.also)


def asked(ring: KeyRing, records: Iterable[HashedRecord], kin: Kin) -> set[bytes]:
    """Every hash that the ledger has to be asked about for these records and their kin."""
    keys = [key for one in records for key in keys_on(one, kin)]
    keys += [ref_key(ref) for some in kin.values() for ref, _ in some]
    found = {hashed.digest for hashed in ring.all_hashed(keys)}
    return found | {other.key.digest for one in records for other in one.also}


def keys_on(one: HashedRecord, kin: Kin) -> list[Key]:
    """What a block on it may name. Of a record that was merged away all counts, weak keys too: the
    survivor may have none of them."""
    keys = [ref_key(one.record.ref), *(carried.key for carried in one.carried)]
    if any(evidence is Evidence.MERGE for _, evidence in kin.get(one.rid, ())):
        values = one.record.values
        keys += [key for key in (name_address_key(values), name_company_key(values)) if key]
    return keys


class Spreading:
    """The blocks that stand on a batch of records, and what follows from them."""

    def __init__(
        self,
        ring: KeyRing,
        found: Collection[Entry],
        uses: Mapping[bytes, KeyUse],
        kin: Kin,
        now: datetime,
        max_people: int,
    ) -> None:
        self.ring, self.uses, self.kin = ring, uses, kin
        self.now, self.max_people = now, max_people
        self.list = SuppressionList(entry.event for entry in found)
        self._of_root: dict[str, list[Event]] = {}
        for event in (entry.event for entry in found):
            for root in {event.event_id, event.root or event.event_id}:
                self._of_root.setdefault(root, []).append(event)

    def of(self, one: HashedRecord) -> Iterator[Statement]:
        """What this record's blocks say of the person's other keys, and of the records that are the
        same person or company: one statement of each sort for each root."""
        kind = one.record.ref.kind
        if kind in rule.PEOPLE:
            means = self._means_the_person
        elif kind is Kind.COMPANY:
            means = self._means_the_company
        else:
            return
        hashed = {key: self.ring.hashed(key) for key in keys_on(one, self.kin)}
        asked = {h for some in hashed.values() for h in some} | {a.key for a in one.also}
        roots: dict[str, Event] = {}
        for event in self._standing(frozenset(asked)):
            if means(event, one, hashed):
                roots.setdefault(event.root or event.event_id, event)
        for root, event in roots.items():
            known = self._reached(root)
            if kind in rule.PEOPLE:
                yield from self._to_other_keys(event, one, hashed, known)
            for ref, evidence in self.kin.get(one.rid, ()):
                if known.isdisjoint(self.ring.hashed(ref_key(ref))):
                    yield rule.derived(event, ref, (), evidence=evidence)

    def _to_other_keys(
        self,
        event: Event,
        one: HashedRecord,
        hashed: Mapping[Key, tuple[HashedKey, ...]],
        known: frozenset[HashedKey],
    ) -> Iterator[Statement]:
        new = [k for k in self._own(one) if known.isdisjoint(hashed[k])]
        more = [key for key in self._own_hashes(one) if key not in known]
        if new or more or known.isdisjoint(hashed[ref_key(one.record.ref)]):
            yield rule.derived(event, one.record.ref, new, more)

    def _standing(self, keys: frozenset[HashedKey]) -> list[Event]:
        found = self.list.standing(keys, self.now).values()
        events = dict.fromkeys(event for listed in found for event in listed)
        return [event for event in events if event.evidence is not Evidence.BOUNCE]

    def _means_the_person(
        self, event: Event, one: HashedRecord, hashed: Mapping[Key, tuple[HashedKey, ...]]
    ) -> bool:
        """Whether the block is on this record itself, or on a key that is one person's only."""
        blocking = event.keys | event.carried
        ref = ref_key(one.record.ref)
        return any(
            not blocking.isdisjoint(some)
            and (
                key == ref
                or key.kind is KeyKind.NAME_ADDRESS
                or rule.leads_on(key, self._use(one, key), self.max_people)
            )
            for key, some in hashed.items()
        ) or not blocking.isdisjoint(self._own_hashes(one))

    @staticmethod
    def _means_the_company(
        event: Event, one: HashedRecord, hashed: Mapping[Key, tuple[HashedKey, ...]]
    ) -> bool:
        """Whether the block is on the company itself, and not on a number or address alone."""
        blocking = event.keys | event.carried
        ref = one.record.ref
        return any(
            not blocking.isdisjoint(some) and rule.means_the_company(key, ref)
            for key, some in hashed.items()
        )

    def _own_hashes(self, one: HashedRecord) -> list[HashedKey]:
        """What is this person's alone of the keys that are known by their hash only."""
        return [
            other.key for other in one.also if other.leads and not self._shared(other.key.digest)
        ]

    def _shared(self, digest: bytes) -> bool:
        use = self.uses.get(digest)
        return bool(use and use.shared(self.max_people))

    def _own(self, one: HashedRecord) -> list[Key]:
        """The keys on the record that are this person's and nobody else's."""
        keys = dict.fromkeys(carried.key for carried in one.carried)
        return [
            key
            for key in keys
            if key.kind in PERSONAL_KINDS and not self._use(one, key).shared(self.max_people)
        ]

    def _use(self, one: HashedRecord, key: Key) -> KeyUse:
        """As counted over all records; a record that is not indexed yet counts for itself."""
        here = [
            (c.main, digest)
            for c, digest in zip(one.carried, one.digests, strict=True)
            if c.key == key
        ]
        main = any(is_main for is_main, _ in here)
        counted = next((self.uses[digest] for _, digest in here if digest in self.uses), None)
        return KeyUse(counted.people if counted else 1, main or bool(counted and counted.main))

    def _reached(self, root: str) -> frozenset[HashedKey]:
        """All keys that the root names, carries or was carried to; also what people took out again."""
        return frozenset().union(*(e.keys | e.carried for e in self._of_root.get(root, ())))
