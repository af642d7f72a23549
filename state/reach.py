"""Carries the ledger's events to the records they reach, and finds how far a block goes.

    carry    what was appended since last time: records that carry its keys are decided anew
    settle   which keys of new blocks are shared, and so stay out of it
    spread   blocked records: the person's other keys become derived events, and so do the records
             that they were merged into, or that are the same person or company elsewhere

`settle` and `spread` want the match keys of all records that were pulled, so they come after
deciding; what they append is carried and decided in the same pass. All three remember in the
database how far they are, so that a kill between any two of them loses nothing.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from typing import Final

import sqlalchemy as sa

from rules import reach as rule
from rules.keys import (
    KeyKind,
    who,
)
from rules.reach import MAX_PEOPLE_PER_KEY, KeyUse
from rules.records import Kind, Ref
from rules.suppression import EventType, Evidence, Statement
from state import also
from state import mirror as mirrored
from state.keys import KeyRing
from state.kin import kin_of
from state.ledger import append, entries_for, head, hold, payloads
from state.ledger_rows import Entry, chunks, entries, entries_in
from state.positions import move, position
from state.screen import MAIN_PHONE, hash_records
from state.spreading import Spreading, asked, digests_of
from state.store import Tx
from state.tables import blocked, ledger, match_keys, mirror

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
    concerned = about(tx, ended)
    _mark(tx, concerned)
    _mark_refs(tx, concerned)
    _mark_refs(tx, [entry for entry in new if _names_others(entry)])
    move(tx, _CARRY, new[-1].seq)
    return len(new)


_BLOCKING: Final = (EventType.BLOCK, EventType.DERIVED)
_BY_THEIR_OWN_RECORD: Final = (Evidence.FLAG, Evidence.LIST, Evidence.REACH)
"""What these name as a record is mostly the record that said it: it was being decided anyway."""


def _names_others(entry: Entry) -> bool:
    """Whether a record may be named that was not being decided anyway."""
    evidence = entry.event.evidence
    if evidence not in _BY_THEIR_OWN_RECORD:
        return True
    refs = sum(key.kind is KeyKind.REF for key in entry.event.keys)
    return refs > 1 or (refs > 0 and evidence is Evidence.LIST)


def about(tx: Tx, ended: Collection[str]) -> list[Entry]:
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
    move(tx, _SETTLE, new[-1].seq)
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
    uses = _uses(tx, {digest for one in records for digest in digests_of(one)}, max_people)
    kin = kin_of(tx, {one.rid: one.record.ref for one in records})
    found = entries_for(tx, asked(ring, records, kin))
    spreading = Spreading(ring, found, uses, kin, now, max_people)
    append(tx, ring, [said for one in records for said in spreading.of(one)], now, systems)
    for some in chunks(rids):
        tx.execute(sa.update(blocked).where(blocked.c.rid.in_(some)).values(spread=True))
    return len(rids)


# --- how far we are --------------------------------------------------------------------------


def pending(tx: Tx) -> bool:
    """Whether entries wait to be carried or settled, or blocked records to be spread."""
    last = head(tx).seq
    if any(position(tx, consumer) < last for consumer in (_CARRY, _SETTLE)):
        return True
    waiting = sa.select(blocked.c.rid).where(blocked.c.spread.is_(False)).limit(1)
    return tx.execute(waiting).first() is not None


def _next(tx: Tx, consumer: str, limit: int) -> list[Entry]:
    """The entries that this consumer has not seen, oldest first."""
    after = position(tx, consumer)
    return entries(tx, sa.and_(ledger.c.seq > after, ledger.c.seq <= after + limit))
