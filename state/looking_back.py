"""Which known contact attempts new entries of the ledger may concern (sync/stages/calls.py)."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from typing import Final, NamedTuple

import sqlalchemy as sa

from rules.keys import HashedKey, KeyKind
from rules.records import Kind, Ref
from rules.suppression import EventType
from state import positions
from state.ledger import head, payloads
from state.ledger_rows import Entry, chunks, entries, entries_in
from state.store import Tx
from state.tables import ledger, match_keys, mirror

_CONSUMER: Final = "violations"
_BLOCKING: Final = (EventType.BLOCK, EventType.DERIVED)


def begin(tx: Tx) -> None:
    """Before the first attempt is logged: what the ledger holds by then is asked about each."""
    if positions.known(tx, _CONSUMER) is None:
        moved(tx, head(tx).seq)


def next_entries(tx: Tx, limit: int) -> list[Entry]:
    """The entries since the last look, oldest first; none as long as there are no attempts."""
    after = positions.known(tx, _CONSUMER)
    if after is None:
        return []
    return entries(tx, sa.and_(ledger.c.seq > after, ledger.c.seq <= after + limit))


def moved(tx: Tx, seq: int) -> None:
    """They were looked at up to here."""
    positions.move(tx, _CONSUMER, seq)


class Concerned(NamedTuple):
    """What entries are about: hashes of numbers and of addresses, rids of records. `since`: the
    first moment at which any of them may hold; None when nobody knows."""

    numbers: set[bytes]
    addresses: set[bytes]
    records: set[int]
    since: datetime | None


def concerned(tx: Tx, new: Collection[Entry]) -> Concerned:
    """What these entries are about, of what attempts can be found by.

    A lift, a correction or a shared key is about all that came of the block it speaks of.
    """
    roots = {e.event.root for e in new if e.event.type not in _BLOCKING and e.event.root}
    found = [e for e in new if e.event.type in _BLOCKING]
    found += entries_in(tx, ledger.c.event_id, roots)
    found += entries_in(tx, ledger.c.root, roots)
    keys = {key for entry in found for key in entry.event.keys | entry.event.carried}
    begun = [entry.event.begins for entry in found]
    known = [one for one in begun if one is not None]
    return Concerned(
        {key.digest for key in keys if key.kind is KeyKind.PHONE},
        {key.digest for key in keys if key.kind is KeyKind.EMAIL},
        _records(tx, found, keys),
        min(known) if known and len(known) == len(begun) else None,
    )


def _records(tx: Tx, found: Collection[Entry], keys: Collection[HashedKey]) -> set[int]:
    """Records that carry one of the keys, or that an entry names."""
    digests = [key.digest for key in keys if key.kind is not KeyKind.REF]
    rids: set[int] = set()
    for some in chunks(digests):
        carrying = sa.select(match_keys.c.rid).where(match_keys.c.digest.in_(some))
        rids.update(tx.execute(carrying).scalars())
    named: dict[tuple[str, Kind], list[str]] = {}
    for payload in payloads(tx, [entry.seq for entry in found]).values():
        for key in payload.keys:
            if key.kind is KeyKind.REF:
                ref = Ref.parse(key.value)
                named.setdefault((ref.system, ref.kind), []).append(ref.id)
    for (system, kind), ids in named.items():
        for some in chunks(ids):
            here = (mirror.c.system == system, mirror.c.kind == kind, mirror.c.id.in_(some))
            rids.update(tx.execute(sa.select(mirror.c.rid).where(*here)).scalars())
    return rids
