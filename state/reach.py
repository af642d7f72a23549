"""Carries the ledger's events to the records they reach, and finds how far a block goes.

    carry    what was appended since last time: records that carry its keys are decided anew
    settle   which keys of new blocks are shared, and so stay out of it
    spread   blocked records: the person's other keys become derived events

`settle` and `spread` want the match keys of all records that were pulled, so they come after
deciding; what they append is carried and decided in the same pass. All three remember in the
database how far they are, so that a kill between any two of them loses nothing.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from datetime import datetime
from typing import Final

import sqlalchemy as sa

from rules import reach as rule
from rules.keys import PERSONAL_KINDS, HashedKey, Key, KeyKind, ref_key, who
from rules.reach import MAX_PEOPLE_PER_KEY, KeyUse
from rules.records import Kind, Ref
from rules.suppression import Event, EventType, Evidence, Statement, SuppressionList
from state import also
from state import mirror as mirrored
from state.keys import KeyRing
from state.ledger import append, entries_for, head, hold, payloads
from state.ledger_rows import Entry, chunks, entries, entries_in
from state.screen import MAIN_PHONE, HashedRecord, hash_records
from state.store import Tx
from state.tables import blocked, ledger, match_keys, mirror, reach

_CARRY: Final = "carry"
_SETTLE: Final = "settle"
_BATCH: Final = 500
_MOST_CARRIERS: Final = 200
"""A key on more records than this is not looked through for who is who: it is shared."""


def deciding(tx: Tx) -> None:
    """Call first in a transaction that decides records: `carry` waits until it has ended.

    Else a block that came in between would mark a record that is just being decided without it.
    Several may decide at once. SQLite's writing transactions follow one another anyway.
    """
    if tx.dialect.name == "postgresql":
        tx.execute(sa.text("LOCK TABLE mirror IN ROW EXCLUSIVE MODE"))


def carry(tx: Tx, limit: int = _BATCH) -> int:
    """Have the records decided anew that the next `limit` new entries concern; 0 at the end.

    Gives how many entries were carried. A transaction of its own, nothing else in it.
    """
    if tx.dialect.name == "postgresql":
        # Waits for all who write records, and lets them wait: so there is no deadlock over rows.
        tx.execute(sa.text("LOCK TABLE mirror IN SHARE ROW EXCLUSIVE MODE"))
    new = _next(tx, _CARRY, limit)
    if not new:
        return 0
    _mark(tx, [e for e in new if e.event.type is EventType.BLOCK])
    _mark(tx, [e for e in new if e.event.type is EventType.DERIVED], unless_known=True)
    ended = [e.event.root for e in new if e.event.type not in _BLOCKING and e.event.root]
    concerned = _about(tx, ended)
    _mark(tx, concerned)
    _mark_refs(tx, concerned)
    _mark_refs(tx, [entry for entry in new if entry.event.evidence not in _BY_THEIR_OWN_RECORD])
    _move(tx, _CARRY, new[-1].seq)
    return len(new)


_BLOCKING: Final = (EventType.BLOCK, EventType.DERIVED)
_BY_THEIR_OWN_RECORD: Final = (Evidence.FLAG, Evidence.LIST, Evidence.REACH)
"""What these name as a record is the record that said it: it was being decided anyway."""


def _about(tx: Tx, ended: Collection[str]) -> list[Entry]:
    """What a lift, a correction or a shared key is about, and all that came of the same root."""
    found: dict[int, Entry] = {}
    asked: set[str] = set()
    new = set(ended)
    while new:
        asked |= new
        entries_here = [*entries_in(tx, ledger.c.event_id, new)]
        found |= {entry.seq: entry for entry in entries_here}
        new = {entry.event.root for entry in entries_here if entry.event.root} - asked
    found |= {entry.seq: entry for entry in entries_in(tx, ledger.c.root, asked)}
    return list(found.values())


def _mark(tx: Tx, found: Collection[Entry], *, unless_known: bool = False) -> None:
    """Mark the records dirty that carry a key of these entries.

    `unless_known` leaves out records that are shown as blocked by the same root: the way from
    there to one more key of the same person changes nothing for them.
    """
    keys = {key for entry in found for key in entry.event.keys | entry.event.carried}
    if any(key.kind is KeyKind.MAIL_DOMAIN for key in keys):
        # No index finds who has an address there: everything is looked at again.
        tx.execute(_dirty(sa.true()))
        return
    roots: dict[bytes, set[str]] = {}
    for entry in found:
        for key in entry.event.keys | entry.event.carried:
            roots.setdefault(key.digest, set()).add(entry.event.root or entry.event.event_id)
    for some in chunks([key.digest for key in keys if key.kind is not KeyKind.REF]):
        rows = tx.execute(
            sa.select(match_keys.c.rid, match_keys.c.digest, blocked.c.events)
            .outerjoin(blocked, blocked.c.rid == match_keys.c.rid)
            .where(match_keys.c.digest.in_(some))
        )
        rids = {
            row.rid
            for row in rows
            if not (unless_known and roots[row.digest].issubset(row.events or ()))
        }
        for those in chunks(rids):
            tx.execute(_dirty(mirror.c.rid.in_(those)))


def _mark_refs(tx: Tx, found: Collection[Entry]) -> None:
    """Mark the records dirty that these entries name, as far as they are still there in clear."""
    ids: dict[tuple[str, Kind], list[str]] = {}
    for payload in payloads(tx, [entry.seq for entry in found]).values():
        for key in payload.keys:
            if key.kind is KeyKind.REF:
                ref = Ref.parse(key.value)
                ids.setdefault((ref.system, ref.kind), []).append(ref.id)
    for (system, kind), listed in ids.items():
        for some in chunks(listed):
            here = (mirror.c.system == system, mirror.c.kind == kind, mirror.c.id.in_(some))
            tx.execute(_dirty(sa.and_(*here)))


def _dirty(where: sa.ColumnElement[bool]) -> sa.Update:
    return (
        sa.update(mirror)
        .where(where, mirror.c.decided_with.is_not(None))
        .values(decided_with=sa.null())
    )


# --- which keys are shared -------------------------------------------------------------------


def settle(
    tx: Tx, ring: KeyRing, now: datetime, max_people: int = MAX_PEOPLE_PER_KEY, limit: int = _BATCH
) -> int:
    """Find the shared keys among those that the next blocks carry; 0 when all are looked at."""
    hold(tx)
    new = _next(tx, _SETTLE, limit)
    if not new:
        return 0
    blocks = [e for e in new if e.event.type is EventType.BLOCK and e.event.carried]
    uses = _uses(tx, {key.digest for entry in blocks for key in entry.event.carried}, max_people)
    is_shared = {digest for digest, use in uses.items() if use.shared(max_people)}
    clear = payloads(tx, [entry.seq for entry in blocks])
    said: list[Statement] = []
    for entry in blocks:
        payload = clear[entry.seq]
        found = [k for k in payload.carried if is_shared & {h.digest for h in ring.hashed(k)}]
        said += [rule.shared(entry.event, key) for key in found]
        if payload.last_resort and len(found) == len(payload.carried):
            said.append(rule.kept_by_name(entry.event, payload.last_resort))
    append(tx, ring, said, now)
    _move(tx, _SETTLE, new[-1].seq)
    return len(new)


_MAIN: Final = (MAIN_PHONE, also.MAIN)


def _uses(tx: Tx, digests: Collection[bytes], max_people: int) -> dict[bytes, KeyUse]:
    """Where keys stand, by hash. Names are looked at only where the records alone are too many."""
    found: dict[bytes, KeyUse] = {}
    for some in chunks(digests):
        rows = tx.execute(
            sa.select(
                match_keys.c.digest,
                sa.func.count(sa.distinct(match_keys.c.rid)),
                sa.func.max(sa.case((match_keys.c.key_kind.in_(_MAIN), 1), else_=0)),
            )
            .join(mirror, mirror.c.rid == match_keys.c.rid)
            .where(
                match_keys.c.digest.in_(some),
                mirror.c.deleted_at.is_(None),
                mirror.c.kind.in_((*rule.PEOPLE, Kind.COMPANY)),
            )
            .group_by(match_keys.c.digest)
        ).all()
        for digest, records, main in rows:
            people = records
            if not main and max_people < records <= _MOST_CARRIERS:
                people = _people(tx, digest)
            found[digest] = KeyUse(people, bool(main))
    return found


def _people(tx: Tx, digest: bytes) -> int:
    """How many different people carry the key, told apart by name, else by company."""
    rids = sa.select(match_keys.c.rid).where(match_keys.c.digest == digest).distinct()
    held = mirrored.held(tx, list(tx.execute(rids).scalars()))
    return len({who(o.record.values) for o in held.values() if o.record.ref.kind in rule.PEOPLE})


# --- the person's other keys -----------------------------------------------------------------


def spread(
    tx: Tx,
    ring: KeyRing,
    now: datetime,
    *,
    systems: Collection[str] = (),
    region: str = "DK",
    max_people: int = MAX_PEOPLE_PER_KEY,
    limit: int = _BATCH,
) -> int:
    """Carry the blocks of the next blocked records to the person's other keys; 0 at the end.

    Gives how many records were looked at. `systems` have to hear of what is appended.
    """
    hold(tx)
    waiting = (
        sa.select(blocked.c.rid)
        .where(blocked.c.spread.is_(False))
        .order_by(blocked.c.rid)
        .limit(limit)
    )
    rids = list(tx.execute(waiting).scalars())
    if not rids:
        return 0
    held = mirrored.held(tx, rids)
    stored = {rid: one.also for rid, one in held.items()}
    records = hash_records(ring, [(r, one.record) for r, one in held.items()], region, stored)
    uses = _uses(tx, {digest for one in records for digest in _digests(one)}, max_people)
    found = entries_for(tx, _asked(ring, records))
    spreading = _Spreading(ring, found, uses, now, max_people)
    append(tx, ring, [said for one in records for said in spreading.of(one)], now, systems)
    for some in chunks(rids):
        tx.execute(sa.update(blocked).where(blocked.c.rid.in_(some)).values(spread=True))
    return len(rids)


def _digests(one: HashedRecord) -> Iterator[bytes]:
    yield from one.digests
    yield from (other.key.digest for other in one.also)


def _asked(ring: KeyRing, records: Iterable[HashedRecord]) -> set[bytes]:
    found = {hashed.digest for one in records for hashed in ring.all_hashed(_keys(one))}
    return found | {other.key.digest for one in records for other in one.also}


def _keys(one: HashedRecord) -> list[Key]:
    return [ref_key(one.record.ref), *(carried.key for carried in one.carried)]


class _Spreading:
    """The blocks that stand on a batch of records, and what follows from them."""

    def __init__(
        self,
        ring: KeyRing,
        found: Collection[Entry],
        uses: Mapping[bytes, KeyUse],
        now: datetime,
        max_people: int,
    ) -> None:
        self.ring, self.uses, self.now, self.max_people = ring, uses, now, max_people
        self.list = SuppressionList(entry.event for entry in found)
        self._of_root: dict[str, list[Event]] = {}
        for event in (entry.event for entry in found):
            for root in {event.event_id, event.root or event.event_id}:
                self._of_root.setdefault(root, []).append(event)

    def of(self, one: HashedRecord) -> Iterator[Statement]:
        """What this record's blocks say of the person's other keys: one statement for each root."""
        if one.record.ref.kind not in rule.PEOPLE:
            return
        hashed = {key: self.ring.hashed(key) for key in _keys(one)}
        asked = {h for some in hashed.values() for h in some} | {a.key for a in one.also}
        roots: dict[str, Event] = {}
        for event in self._standing(frozenset(asked)):
            if self._means_the_person(event, one, hashed):
                roots.setdefault(event.root or event.event_id, event)
        for root, event in roots.items():
            known = self._reached(root)
            new = [k for k in self._own(one) if known.isdisjoint(hashed[k])]
            more = [key for key in self._own_hashes(one) if key not in known]
            if new or more or known.isdisjoint(hashed[ref_key(one.record.ref)]):
                yield rule.derived(event, one.record.ref, new, more)

    def _standing(self, keys: frozenset[HashedKey]) -> list[Event]:
        found = self.list.standing(keys, self.now).values()
        return list(dict.fromkeys(event for listed in found for event in listed))

    def _means_the_person(
        self, event: Event, one: HashedRecord, hashed: Mapping[Key, tuple[HashedKey, ...]]
    ) -> bool:
        """Whether the block is on this record itself, or on a key that is one person's only."""
        blocking = event.keys | event.carried
        ref = ref_key(one.record.ref)
        return any(
            not blocking.isdisjoint(some)
            and (key == ref or rule.leads_on(key, self._use(one, key), self.max_people))
            for key, some in hashed.items()
        ) or not blocking.isdisjoint(self._own_hashes(one))

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


# --- how far we are --------------------------------------------------------------------------


def pending(tx: Tx) -> bool:
    """Whether entries wait to be carried or settled, or blocked records to be spread."""
    last = head(tx).seq
    if any(_position(tx, consumer) < last for consumer in (_CARRY, _SETTLE)):
        return True
    waiting = sa.select(blocked.c.rid).where(blocked.c.spread.is_(False)).limit(1)
    return tx.execute(waiting).first() is not None


def _position(tx: Tx, consumer: str) -> int:
    query = sa.select(reach.c.ledger_seq).where(reach.c.consumer == consumer)
    return int(tx.execute(query).scalar_one_or_none() or 0)


def _next(tx: Tx, consumer: str, limit: int) -> list[Entry]:
    """The entries that this consumer has not seen, oldest first."""
    after = _position(tx, consumer)
    return entries(tx, sa.and_(ledger.c.seq > after, ledger.c.seq <= after + limit))


def _move(tx: Tx, consumer: str, seq: int) -> None:
    moved = sa.update(reach).where(reach.c.consumer == consumer).values(ledger_seq=seq)
    if tx.execute(moved).rowcount == 0:
        tx.execute(sa.insert(reach).values(consumer=consumer, ledger_seq=seq))
