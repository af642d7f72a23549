"""Reads events out of the ledger's tables; the writing is done in `state.ledger`, and only there."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from typing import Any, Final

import sqlalchemy as sa

from rules.keys import HashedKey, KeyKind
from rules.spans import Span
from rules.suppression import Channel, Event, EventType, Evidence
from state.store import Tx, among
from state.tables import ledger, ledger_keys, ledger_rehashed

NAMED: Final = "named"
CARRIED: Final = "carried"
HASHES: Final = (ledger_keys, ledger_rehashed)
"""Where hashes stand: those that an entry was born with, and those that were made later."""
CHUNK: Final = 500
"""Values in one IN list; SQLite's limit is 32,766 parameters."""


@dataclass(frozen=True, slots=True)
class Entry:
    """An event with its place in the ledger."""

    seq: int
    event: Event
    commitment: bytes
    previous: bytes
    chain: bytes


def entries(tx: Tx, where: sa.ColumnElement[bool], *, born: bool = False) -> list[Entry]:
    """The entries that fulfil a condition on `ledger`, oldest first.

    `born` leaves out hashes that were made later, under a newer key: the chain does not know them.
    """
    rows = tx.execute(sa.select(ledger).where(where).order_by(ledger.c.seq)).all()
    keys = keys_of(tx, [row.seq for row in rows], (ledger_keys,) if born else HASHES)
    return [entry(row, keys.get(row.seq, ())) for row in rows]


def entries_in(tx: Tx, column: sa.Column[Any], values: Collection[Any]) -> Iterator[Entry]:
    """The entries whose `column` is one of `values`, in few queries."""
    for some in chunks(values):
        yield from entries(tx, among(tx, column, some))


def keys_of(
    tx: Tx, seqs: Collection[int], tables: Collection[sa.Table] = HASHES
) -> dict[int, list[Any]]:
    """The key rows of entries, by entry."""
    found: dict[int, list[Any]] = {}
    for some in chunks(seqs):
        for table in tables:
            for row in tx.execute(sa.select(table).where(among(tx, table.c.seq, some))):
                found.setdefault(row.seq, []).append(row)
    return found


_KINDS: Final = {kind.value: kind for kind in KeyKind}
_TYPES: Final = {one.value: one for one in EventType}
_CHANNELS: Final = {channel.value: channel for channel in Channel}
_EVIDENCE: Final = {one.value: one for one in Evidence}


def entry(row: Any, keys: Iterable[Any]) -> Entry:
    """A row of the ledger with its key rows, as a value."""
    named: set[HashedKey] = set()
    carried: set[HashedKey] = set()
    for key in keys:
        hashed = HashedKey(_KINDS[key.key_kind], key.key_id, key.digest)
        (named if key.role == NAMED else carried).add(hashed)
    event = Event(
        event_id=row.event_id,
        type=_TYPES[row.event_type],
        channel=_CHANNELS[row.channel],
        span=Span(row.happened_from, row.happened_to),
        heard_at=row.heard_at,
        system=row.system,
        keys=frozenset(named),
        evidence=_EVIDENCE[row.evidence_kind],
        carried=frozenset(carried),
        root=row.root,
        path=tuple(row.path.split()),
        approvals=row.approvals,
        documented=row.documented,
    )
    return Entry(row.seq, event, row.commitment, row.previous, row.chain)


def chunks(values: Collection[Any], size: int = CHUNK) -> Iterator[list[Any]]:
    """The values in lists short enough for one statement."""
    listed = list(values)
    for start in range(0, len(listed), size):
        yield listed[start : start + size]
