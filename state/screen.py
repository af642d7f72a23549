"""Which records of a page are blocked: asked for every record, so it has to cost next to nothing.

The hashes of all keys in the ledger are kept in memory, as long as they are few; each page first
asks the ledger whether its head has moved. Only records that hit are looked into.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from types import MappingProxyType
from typing import Final, NamedTuple

import sqlalchemy as sa

from rules.keys import (
    Carried,
    HashedKey,
    Key,
    KeyKind,
    domain_key,
    name_address_key,
    name_company_key,
    record_keys,
    ref_key,
)
from rules.records import Record
from rules.suppression import Channel, Evidence, SuppressionList
from state.also import DOMAIN, Also, read
from state.chain import GENESIS
from state.keys import KeyRing, refuse_foreign
from state.ledger import Head, entries_for, head
from state.ledger_rows import HASHES, chunks
from state.store import Tx
from state.tables import ledger, ledger_keys

MOST_IN_MEMORY: Final = 100_000
NOTHING: Final[Mapping[int, str | None]] = MappingProxyType({})
MAIN_PHONE: Final = "main_phone"
"""How `match_keys` names a number that stands in a main-number field."""


class HashedRecord(NamedTuple):
    """A record with the keys in its fields, and their newest hashes in the same order."""

    rid: int
    record: Record
    carried: tuple[Carried, ...]
    digests: tuple[bytes, ...]
    also: tuple[Also, ...] = ()
    """What stands in fields that nothing is mapped to: hashes only (state/also.py)."""

    def match_keys(self) -> tuple[tuple[int, str, bytes], ...]:
        """(rid, kind, digest) as `match_keys` holds them."""
        rid, pairs = self.rid, zip(self.carried, self.digests, strict=True)
        keys = [(rid, _STORED[c.main, c.key.kind], digest) for c, digest in pairs]
        if self.also:
            keys += [(rid, one.name, one.key.digest) for one in self.also if one.name != DOMAIN]
        return tuple(keys)


_STORED: Final = {
    (main, kind): MAIN_PHONE if main else kind.value for main in (True, False) for kind in KeyKind
}


@dataclass(frozen=True, slots=True)
class Standing:
    """How a record is blocked: each single channel, blocking events, the earliest start."""

    channels: tuple[Channel, ...]
    events: tuple[str, ...]
    since: datetime | None


def hash_record(
    ring: KeyRing, rid: int, record: Record, region: str, also: str | None = None
) -> HashedRecord:
    """A record with the hashes of the keys that it carries; `also`: its stored text, if any."""
    carried = record_keys(record.values, region)
    more = read(also) if also else ()
    return HashedRecord(rid, record, carried, ring.digests(carried), more)


def hash_records(
    ring: KeyRing,
    rows: Iterable[tuple[int, Record]],
    region: str,
    also: Mapping[int, str | None] = NOTHING,
) -> list[HashedRecord]:
    """(rid, record) pairs with the hashes of the keys that they carry.

    `also` is the stored text of each rid that has one.
    """
    return [hash_record(ring, rid, record, region, also.get(rid)) for rid, record in rows]


_UNUSUAL: Final = frozenset({KeyKind.REF, KeyKind.MAIL_DOMAIN, KeyKind.NAME_ADDRESS})


def usual(ring: KeyRing, kinds: frozenset[str]) -> bool:
    """Whether a ledger with these kinds of keys knows records by their newest hashes alone."""
    return len(ring.keys) == 1 and not kinds & _UNUSUAL


def all_digests(ring: KeyRing, one: HashedRecord, kinds: frozenset[str]) -> tuple[bytes, ...]:
    """Every hash by which a ledger with these kinds of keys could know the record."""
    unusual = kinds & _UNUSUAL
    stored = tuple(other.key.digest for other in one.also) if one.also else ()
    if usual(ring, kinds):
        return (*one.digests, *stored) if stored else one.digests
    more = _unusual_keys(one, unusual)
    if len(ring.keys) > 1:
        more += [carried.key for carried in one.carried]
    hashes = (hashed.digest for key in more for hashed in ring.hashed(key))
    return (*one.digests, *stored, *hashes)


def _unusual_keys(one: HashedRecord, kinds: Collection[str]) -> list[Key]:
    keys: list[Key | None] = []
    if KeyKind.REF in kinds:
        keys.append(ref_key(one.record.ref))
    if KeyKind.MAIL_DOMAIN in kinds:
        keys += [domain_key(c.key) for c in one.carried if c.key.kind is KeyKind.EMAIL]
    if KeyKind.NAME_ADDRESS in kinds:
        keys += [name_address_key(one.record.values), name_company_key(one.record.values)]
    return [key for key in keys if key]


def all_keys(ring: KeyRing, one: HashedRecord) -> frozenset[HashedKey]:
    """Every key by which the ledger could know the record, under all hashing keys."""
    keys = [*_unusual_keys(one, _UNUSUAL), *(carried.key for carried in one.carried)]
    return ring.all_hashed(keys) | {other.key for other in one.also}


class Screen:
    """The keys of the ledger, kept up to date. One for each process and database; not shared
    between threads."""

    def __init__(self, ring: KeyRing, most_in_memory: int = MOST_IN_MEMORY) -> None:
        self.ring = ring
        self._most = most_in_memory
        self._head = Head(0, GENESIS)
        self._net: set[bytes] | None = set()
        self._kinds: set[str] = set()
        self._older_keys = len(ring.keys) > 1

    def blocked(
        self, tx: Tx, records: Sequence[HashedRecord], at: datetime, *, bounces: bool = False
    ) -> dict[int, Standing]:
        """How each blocked record of a page is blocked at `at`, by rid; the others are left out.

        `bounces`: addresses that do not answer count as well, though nobody said no.
        Holds for the ledger as this transaction sees it at this moment.
        """
        self._refresh(tx)
        if not self._kinds or not records:
            return {}
        asked = self._asked(records)
        hits = self._hits(tx, {digest for digests in asked.values() for digest in digests})
        if not hits:
            return {}
        events = SuppressionList(entry.event for entry in entries_for(tx, hits))
        found = {}
        for rid, digests in asked.items():
            keys = [key for digest, key in digests.items() if digest in hits]
            standing = _standing(events, keys, at, bounces=bounces) if keys else None
            if standing:
                found[rid] = standing
        return found

    def hits(self, tx: Tx, digests: Collection[bytes]) -> set[bytes]:
        """Those of these hashes that the ledger holds; from memory as long as it is small."""
        self._refresh(tx)
        return self._hits(tx, digests) if digests and self._kinds else set()

    def kinds(self, tx: Tx) -> frozenset[str]:
        """The kinds of key that the ledger holds now."""
        self._refresh(tx)
        return frozenset(self._kinds)

    def suspects(
        self, tx: Tx, digests: Mapping[int, Sequence[bytes]], kinds: frozenset[str]
    ) -> list[int]:
        """Those rids one of whose hashes the ledger holds: they are to be looked into.

        `digests` are the `all_digests` of each record, made for a ledger with `kinds` of keys;
        when it has others by now, everybody is suspect.
        """
        self._refresh(tx)
        if not self._kinds or not digests:
            return []
        if self._kinds - kinds:
            return list(digests)
        if self._net is None:
            hits = self._hits(tx, {one for listed in digests.values() for one in listed})
        else:
            hits = self._net
        return [rid for rid, listed in digests.items() if not hits.isdisjoint(listed)]

    def _asked(self, records: Sequence[HashedRecord]) -> dict[int, dict[bytes, HashedKey]]:
        """The hashes that each record is asked about. The unusual ones only if the ledger has any."""
        unusual = self._kinds & _UNUSUAL
        newest, net = self.ring.newest, self._net
        asked: dict[int, dict[bytes, HashedKey]] = {}
        for one in records:
            found: dict[bytes, HashedKey] = {}
            for carried, digest in zip(one.carried, one.digests, strict=True):
                if net is None or digest in net:
                    found[digest] = HashedKey(carried.key.kind, newest, digest)
            for other in one.also:
                found[other.key.digest] = other.key
            if unusual or self._older_keys:
                more = _unusual_keys(one, unusual)
                if self._older_keys:
                    more += [carried.key for carried in one.carried]
                found |= {h.digest: h for key in more for h in self.ring.hashed(key)}
            if found:
                asked[one.rid] = found
        return asked

    def _hits(self, tx: Tx, digests: Collection[bytes]) -> set[bytes]:
        if self._net is not None:
            return self._net.intersection(digests)
        hits: set[bytes] = set()
        for some in chunks(digests):
            for table in HASHES:
                found = sa.select(table.c.digest).where(table.c.digest.in_(some))
                hits.update(tx.execute(found).scalars())
        return hits

    def _refresh(self, tx: Tx) -> None:
        """Take in what was appended since the last page. The hash proves that it is an append:
        what a rolled-back transaction wrote has the same numbers and another hash."""
        now = head(tx)
        if now == self._head:
            return
        refuse_foreign(tx, self.ring)
        known = tx.execute(
            sa.select(ledger.c.chain).where(ledger.c.seq == self._head.seq)
        ).scalar_one_or_none()
        if self._head.seq and known != self._head.chain:
            self._head, self._net, self._kinds = Head(0, GENESIS), set(), set()
        new = ledger_keys.c.seq > self._head.seq
        kinds = sa.select(ledger_keys.c.key_kind).where(new).distinct()
        self._kinds |= set(tx.execute(kinds).scalars())
        if self._net is not None:
            self._net = self._with_new(tx, self._net)
        self._head = now

    def _with_new(self, tx: Tx, net: set[bytes]) -> set[bytes] | None:
        """The hashes in memory with those of new entries; None when they have become too many."""
        for table in HASHES:
            new = sa.select(table.c.digest).where(table.c.seq > self._head.seq)
            for digest in tx.execute(new).scalars():
                net.add(digest)
                if len(net) > self._most:
                    return None
        return net


def _standing(
    events: SuppressionList, keys: Sequence[HashedKey], at: datetime, *, bounces: bool
) -> Standing | None:
    said = {
        channel: [one for one in found if bounces or one.evidence is not Evidence.BOUNCE]
        for channel, found in events.standing(keys, at).items()
    }
    stand = {channel: found for channel, found in said.items() if found}
    if not stand:
        return None
    listed = [event for found in stand.values() for event in found]
    starts = [event.begins for event in listed]
    return Standing(
        channels=tuple(stand),
        events=tuple(dict.fromkeys(event.event_id for event in listed)),
        since=None if None in starts else min(start for start in starts if start),
    )


def hashed_keys(ring: KeyRing, keys: Iterable[Key]) -> frozenset[HashedKey]:
    """Keys as the ledger may hold them, for a single question; mail domains are asked along."""
    listed = list(keys)
    domains = [domain_key(key) for key in listed if key.kind is KeyKind.EMAIL]
    return ring.all_hashed([*listed, *(domain for domain in domains if domain)])


Standings = Mapping[int, Standing]
