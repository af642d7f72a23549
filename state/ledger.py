"""The ledger of opt-outs and what became of them: append-only, hash-chained, nothing in clear.

`append` is the only function that writes entries, and nothing changes one. Clear keys, names and
evidence stand in the side table `ledger_payload`, which `erase` empties; the chain holds a salted
commitment to them, so it still verifies, and the hashes stay, so the block stays.

Entries are numbered without gaps in the order in which they were committed: a writer holds the
ledger until its transaction ends (SQLite: the write lock; PostgreSQL: an advisory lock).
"""

from __future__ import annotations

import secrets
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any, Final, NamedTuple

import orjson
import sqlalchemy as sa

from rules.keys import Key, KeyKind, fold
from rules.suppression import Event, EventType, Statement, SuppressionList
from state import chain, deliveries
from state.keys import KeyRing, refuse_foreign
from state.ledger_rows import CARRIED, CHUNK, HASHES, NAMED, Entry, chunks, entries, entries_in
from state.store import LISTED, Tx, among, bulk, one_of
from state.tables import ledger, ledger_keys, ledger_payload

_LOCK: Final = int("ledger", 36)
_SALT_BYTES: Final = 16
_ENTRIES: Final = (EventType.BLOCK, EventType.DERIVED)


class Head(NamedTuple):
    """The newest entry: its number (0 for none) and hash. Equal heads mean equal ledgers."""

    seq: int
    chain: bytes


def head(tx: Tx) -> Head:
    """Where the ledger ends now."""
    row = tx.execute(
        sa.select(ledger.c.seq, ledger.c.chain).order_by(ledger.c.seq.desc()).limit(1)
    ).one_or_none()
    return Head(0, chain.GENESIS) if row is None else Head(row.seq, row.chain)


def append(
    tx: Tx,
    ring: KeyRing,
    statements: Iterable[Statement],
    heard_at: datetime,
    systems: Collection[str] = (),
) -> list[Entry]:
    """Record what was said; gives the entries that are new, in order.

    A statement that was recorded before (same identity) adds nothing, unless it is a block
    without a date that has been lifted since: then it may be a new one, and is recorded again.
    `systems` are those that have to hear of blocks.
    """
    new = _unknown(tx, ring, {_id(ring, said): said for said in statements})
    if not new:
        return []
    hold(tx)
    refuse_foreign(tx, ring)
    # Somebody may have recorded the same between the look and the lock.
    new = _unknown(tx, ring, new)
    events = [_event(ring, ident, said, heard_at) for ident, said in new.items()]
    written = _write(tx, events, list(new.values()))
    blocks = [entry.seq for entry in written if entry.event.type in _ENTRIES]
    if blocks:
        deliveries.open_for(tx, blocks, systems, heard_at)
    return written


def hold(tx: Tx) -> None:
    """Keep other writers out of the ledger until this transaction ends.

    SQLite's writing transaction holds the only write lock already.
    """
    if tx.dialect.name == "postgresql":
        tx.execute(sa.select(sa.func.pg_advisory_xact_lock(_LOCK)))


def _id(ring: KeyRing, said: Statement) -> str:
    return ring.event_id((said.type.value, *said.identity))


def _unknown(tx: Tx, ring: KeyRing, said: dict[str, Statement]) -> dict[str, Statement]:
    """The statements that the ledger does not hold yet, by event id."""
    known: set[str] = set()
    for some in chunks(said):
        known.update(
            tx.execute(sa.select(ledger.c.event_id).where(ledger.c.event_id.in_(some))).scalars()
        )
    new = {ident: statement for ident, statement in said.items() if ident not in known}
    if known:
        again = _said_again(tx, ring, {ident: said[ident] for ident in known})
        new |= _unknown(tx, ring, again) if again else {}
    return new


def _said_again(tx: Tx, ring: KeyRing, said: dict[str, Statement]) -> dict[str, Statement]:
    """Known blocks without a date that a consent has ended: said once more, they count anew.

    Their new identity names the consent, so that reading them a third time adds nothing.
    """
    undated = [
        ident
        for ident, one in said.items()
        if one.type is EventType.BLOCK and one.span.start is None
    ]
    lifts = {
        row.root: row.event_id
        for some in chunks(undated)
        for row in tx.execute(
            sa.select(ledger.c.root, ledger.c.event_id)
            .where(ledger.c.root.in_(some), ledger.c.event_type == EventType.LIFT.value)
            .order_by(ledger.c.seq)
        )
    }
    found = {}
    for ident, lift in lifts.items():
        one = said[ident]
        if not _still_blocks(tx, ident, one):
            repeated = replace(one, identity=(*one.identity, "again after", lift))
            found[_id(ring, repeated)] = repeated
    return found


def _still_blocks(tx: Tx, ident: str, said: Statement) -> bool:
    events = [entry.event for entry in with_context(tx, entries(tx, ledger.c.event_id == ident))]
    keys = next(event.keys for event in events if event.event_id == ident)
    verdict = SuppressionList(events).blocked(keys, said.channel, said.span.end)
    return ident in verdict.by


def _event(ring: KeyRing, ident: str, said: Statement, heard_at: datetime) -> Event:
    named = ring.all_hashed(said.keys) | frozenset(said.hashed)
    return Event(
        event_id=ident,
        type=said.type,
        channel=said.channel,
        span=said.span,
        heard_at=heard_at,
        system=said.system,
        keys=named,
        evidence=said.evidence,
        carried=ring.all_hashed(said.carried) - named,
        root=said.root,
        path=said.path,
        approvals=len({fold(name) for name in said.by if fold(name)}),
        documented=bool(said.said.strip() or said.source.strip()),
    )


def _row_insert(table: sa.Table, *names: str) -> sa.Insert:
    """An insert for `bulk`; the order of `names` is that of the values."""
    return sa.insert(table).values(
        {name: sa.bindparam(f"b_{name}", type_=table.c[name].type) for name in names}
    )


_ENTRY = _row_insert(ledger, *(column.name for column in ledger.c))
_KEY = _row_insert(ledger_keys, "seq", "key_kind", "digest", "key_id", "role")
_PAYLOAD = _row_insert(ledger_payload, "seq", "payload", "salt")


def _write(tx: Tx, events: Sequence[Event], said: Sequence[Statement]) -> list[Entry]:
    last = head(tx)
    seq, previous = last
    written: list[Entry] = []
    payloads: list[tuple[Any, ...]] = []
    for event, statement in zip(events, said, strict=True):
        seq += 1
        payload, salt = payload_text(statement), secrets.token_bytes(_SALT_BYTES)
        commitment = chain.commit(payload.encode(), salt)
        linked = chain.link(previous, seq, event, commitment)
        written.append(Entry(seq, event, commitment, previous, linked))
        payloads.append((seq, payload, salt))
        previous = linked
    bulk(tx, _ENTRY, [_entry_row(entry) for entry in written])
    bulk(tx, _KEY, [row for entry in written for row in _key_rows(entry)])
    bulk(tx, _PAYLOAD, payloads)
    return written


def _entry_row(entry: Entry) -> tuple[Any, ...]:
    event = entry.event
    values = {
        "seq": entry.seq,
        "event_id": event.event_id,
        "event_type": event.type.value,
        "channel": event.channel.value,
        "happened_from": event.span.start,
        "happened_to": event.span.end,
        "heard_at": event.heard_at,
        "system": event.system,
        "root": event.root,
        "path": " ".join(event.path),
        "evidence_kind": event.evidence.value,
        "approvals": event.approvals,
        "documented": event.documented,
        "commitment": entry.commitment,
        "previous": entry.previous,
        "chain": entry.chain,
    }
    return tuple(values[column.name] for column in ledger.c)


def _key_rows(entry: Entry) -> Iterable[tuple[Any, ...]]:
    for keys, role in ((entry.event.keys, NAMED), (entry.event.carried, CARRIED)):
        for key in keys:
            yield entry.seq, key.kind.value, key.digest, key.key_id, role


# --- the side table --------------------------------------------------------------------------


class Payload(NamedTuple):
    """What was said, in clear. Empty once erased; `erased_at` then says when."""

    keys: tuple[Key, ...]
    carried: tuple[Key, ...]
    ref: str
    by: tuple[str, ...]
    said: str
    source: str
    name: str
    last_resort: Key | None = None
    erased_at: datetime | None = None


def payload_text(said: Statement) -> str:
    """A statement's clear part as stored: JSON, the text that the commitment is made of."""
    clear = {
        "keys": [[key.kind.value, key.value] for key in said.keys],
        "carried": [[key.kind.value, key.value] for key in said.carried],
        "ref": str(said.ref) if said.ref else "",
        "by": list(said.by),
        "said": said.said,
        "source": said.source,
        "name": said.name,
        "last_resort": list(said.last_resort) if said.last_resort else None,
    }
    return orjson.dumps(clear, option=orjson.OPT_SORT_KEYS).decode()


def payloads(tx: Tx, seqs: Collection[int]) -> dict[int, Payload]:
    """The clear part of entries, by number."""
    found = {}
    for some in chunks(seqs):
        query = sa.select(ledger_payload).where(among(tx, ledger_payload.c.seq, some))
        found.update({row.seq: _payload(row) for row in tx.execute(query)})
    return found


def _payload(row: Any) -> Payload:
    if row.payload is None:
        return Payload((), (), "", (), "", "", "", erased_at=row.erased_at)
    clear = orjson.loads(row.payload)
    for name in ("keys", "carried"):
        clear[name] = tuple(_key(*pair) for pair in clear[name])
    last = clear["last_resort"]
    return Payload(**clear | {"by": tuple(clear["by"]), "last_resort": last and _key(*last)})


def _key(kind: str, value: str) -> Key:
    return Key(KeyKind(kind), value)


def erase(tx: Tx, seqs: Collection[int], at: datetime) -> int:
    """Empty the clear part of these entries; the block and the chain stay. Gives how many."""
    done = 0
    for some in chunks(seqs):
        done += tx.execute(
            sa.update(ledger_payload)
            .where(ledger_payload.c.seq.in_(some), ledger_payload.c.erased_at.is_(None))
            .values(payload=None, salt=None, erased_at=at)
        ).rowcount
    return done


# --- reading ---------------------------------------------------------------------------------


def with_context(tx: Tx, found: Iterable[Entry]) -> list[Entry]:
    """The entries with all that a verdict on them needs, oldest first.

    That is: roots, the events on the way from there, and whatever was said later about any of
    these: lifts, corrections, shared keys.
    """
    held = {entry.seq: entry for entry in found}
    asked: set[str] = set()
    new = list(held.values())
    while new:
        ids = {e.event.event_id for e in new} - asked
        origins = {way for e in new for way in (e.event.root, *e.event.path) if way} - asked
        asked |= ids | origins
        later = sa.and_(ledger.c.event_type != EventType.DERIVED.value)
        more = [*entries_in(tx, ledger.c.event_id, origins)]
        for some in chunks(ids | origins, CHUNK):
            more += entries(tx, sa.and_(among(tx, ledger.c.root, some), later))
        new = [entry for entry in more if entry.seq not in held]
        held |= {entry.seq: entry for entry in new}
    return [held[seq] for seq in sorted(held)]


def entries_for(tx: Tx, digests: Collection[bytes]) -> list[Entry]:
    """All entries that a verdict on these key hashes needs, oldest first, in few queries."""
    seqs: set[int] = set()
    for some in chunks(digests):
        for table in HASHES:
            found = sa.select(table.c.seq).where(one_of(table.c.digest))
            seqs.update(tx.execute(found, {LISTED: some}).scalars())
    return with_context(tx, entries_in(tx, ledger.c.seq, seqs)) if seqs else []


def newest(tx: Tx, limit: int) -> list[Entry]:
    """The last `limit` entries, the newest first."""
    return entries(tx, ledger.c.seq > head(tx).seq - limit)[::-1]


class Verified(NamedTuple):
    """What a look at the whole chain found. `problems` are (entry, code), oldest first.

    Codes: gap (numbers or links do not follow), chain (the entry or its keys were changed),
    payload (the clear part was changed or is missing), head (the ledger is not the one, or ends
    before the head, that was noted).
    """

    entries: int
    erased: int
    head: Head
    problems: tuple[tuple[int, str], ...]


BEGINNING: Final = Head(0, chain.GENESIS)


def verify(
    tx: Tx, noted: Head | None = None, page: int = 2000, start: Head = BEGINNING
) -> Verified:
    """Follow the chain, page by page, from `start` on. `noted` was written down before."""
    last, erased, problems = start, 0, []
    noted_found = noted is None or noted.seq == 0
    while found := entries(
        tx, sa.and_(ledger.c.seq > last.seq, ledger.c.seq <= last.seq + page), born=True
    ):
        clear = _salted(tx, found[0].seq, found[-1].seq)
        for entry in found:
            noted_found |= noted == (entry.seq, entry.chain)
            payload = clear.get(entry.seq)
            erased += payload is not None and payload.erased_at is not None
            problems += [(entry.seq, code) for code in _entry_problems(last, entry, payload)]
            last = Head(entry.seq, entry.chain)
    if noted is not None and not noted_found:
        problems.append((noted.seq, "head"))
    return Verified(last.seq, erased, last, tuple(problems))


def _salted(tx: Tx, first: int, last: int) -> dict[int, Any]:
    query = sa.select(ledger_payload).where(ledger_payload.c.seq.between(first, last))
    return {row.seq: row for row in tx.execute(query)}


def _entry_problems(last: Head, entry: Entry, payload: Any) -> Iterator[str]:
    if entry.seq != last.seq + 1 or entry.previous != last.chain:
        yield "gap"
    if entry.chain != chain.link(entry.previous, entry.seq, entry.event, entry.commitment):
        yield "chain"
    if payload is None or (payload.erased_at is None and not _is_as_committed(entry, payload)):
        yield "payload"


def _is_as_committed(entry: Entry, payload: Any) -> bool:
    if payload.payload is None or payload.salt is None:
        return False
    return chain.commit(payload.payload.encode(), payload.salt) == entry.commitment
