"""Hashes of old entries under the newest key, so that the key before it may go.

The chain knows the hashes that an entry was born with, and these stay. What is made later stands in
`ledger_rehashed` beside it. Only an entry whose clear part is there can be hashed again: an erased
one is recognised by the keys that were live when it was, and these are needed for ever.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

import sqlalchemy as sa

from rules.keys import HashedKey, Key
from state.keys import KeyRing
from state.ledger import Payload, hold, payloads
from state.ledger_rows import CARRIED, NAMED, chunks
from state.store import Tx, bulk
from state.tables import ledger, ledger_keys, ledger_payload, ledger_rehashed

BATCH: Final = 2000

_COLUMNS: Final = ("seq", "key_kind", "digest", "key_id", "role")
_INSERT: Final = sa.insert(ledger_rehashed).values(
    {name: sa.bindparam(f"b_{name}", type_=ledger_rehashed.c[name].type) for name in _COLUMNS}
)


def rehash(tx: Tx, ring: KeyRing, after: int, limit: int = BATCH) -> int:
    """Hash the next `limit` entries after number `after` under the newest key; 0 at the end.

    Gives the number of the last entry looked at. Hashing one twice adds nothing.
    """
    hold(tx)
    window = (
        sa.select(ledger_payload.c.seq)
        .where(ledger_payload.c.seq > after)
        .order_by(ledger_payload.c.seq)
        .limit(limit)
    )
    seqs = list(tx.execute(window).scalars())
    if not seqs:
        return 0
    clear = payloads(tx, _without(tx, seqs, ring.newest))
    rows = [row for seq, payload in clear.items() for row in _rows(ring, seq, payload)]
    bulk(tx, _INSERT, rows)
    return int(seqs[-1])


def _without(tx: Tx, seqs: list[int], key_id: str) -> list[int]:
    """Those of the entries that have no hash under this key yet, and are not erased."""
    found: list[int] = []
    for some in chunks(seqs):
        query = sa.select(ledger_payload.c.seq).where(
            ledger_payload.c.seq.in_(some),
            ledger_payload.c.erased_at.is_(None),
            *(~_has(table, ledger_payload.c.seq, key_id) for table in _HASHES),
        )
        found += tx.execute(query).scalars()
    return found


_HASHES: Final = (ledger_keys, ledger_rehashed)


def _has(table: sa.Table, seq: sa.ColumnElement[int], key_id: str) -> sa.ColumnElement[bool]:
    hashes = table.alias()
    return sa.exists().where(hashes.c.seq == seq, hashes.c.key_id == key_id)


def _rows(ring: KeyRing, seq: int, payload: Payload) -> Iterator[tuple[Any, ...]]:
    """An entry that was born with hashes only (from another system's record) gives none."""
    named = dict.fromkeys(payload.keys)
    for keys, role in ((named, NAMED), (payload.carried, CARRIED)):
        for key in keys:
            if role == NAMED or key not in named:
                hashed = _newest(ring, key)
                yield seq, hashed.kind.value, hashed.digest, hashed.key_id, role


def _newest(ring: KeyRing, key: Key) -> HashedKey:
    return HashedKey(key.kind, ring.newest, ring.digest(key))


def needed(tx: Tx, key_id: str, others: tuple[str, ...]) -> int:
    """How many entries can be recognised by this key, and not by each of their keys under `others`.

    It may go when there is none. An entry counts as long as one of its hashes under this key has no
    sister under any of the other keys.
    """
    counted = sa.union_all(
        *(sa.select(table.c.seq).where(table.c.key_id == key_id).distinct() for table in _HASHES)
    ).subquery()
    seqs = sa.select(counted.c.seq).distinct().order_by(counted.c.seq)
    found = 0
    for some in chunks(list(tx.execute(seqs).scalars())):
        have: dict[int, dict[tuple[str, str], int]] = {}
        for table in _HASHES:
            rows = tx.execute(
                sa.select(table.c.seq, table.c.key_id, table.c.key_kind, sa.func.count())
                .where(table.c.seq.in_(some))
                .group_by(table.c.seq, table.c.key_id, table.c.key_kind)
            )
            for seq, name, kind, number in rows:
                counts = have.setdefault(seq, {})
                counts[name, kind] = counts.get((name, kind), 0) + number
        found += sum(not _covered(counts, key_id, others) for counts in have.values())
    return found


def _covered(counts: dict[tuple[str, str], int], key_id: str, others: tuple[str, ...]) -> bool:
    """Whether one other key has as many hashes of each kind as this one has."""
    mine = {kind: number for (name, kind), number in counts.items() if name == key_id}
    return any(
        all(counts.get((other, kind), 0) >= number for kind, number in mine.items())
        for other in others
    )


def missing(tx: Tx, key_id: str) -> int:
    """How many entries that are not erased have no hash under this key."""
    return int(
        tx.execute(
            sa.select(sa.func.count())
            .select_from(ledger.join(ledger_payload, ledger_payload.c.seq == ledger.c.seq))
            .where(
                ledger_payload.c.erased_at.is_(None),
                *(~_has(table, ledger.c.seq, key_id) for table in _HASHES),
            )
        ).scalar_one()
    )
