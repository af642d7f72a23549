"""The list as lines of JSON, for whoever wants to check it without this program.

    {"ringren_export": 1, "at": …, "head": "12:ab…", "keys": [ids]}
    {"entry": [the fixed form], "previous": hex, "chain": hex, "later": […], "payload": …, "salt": …}
    {"key": [kind, key id, hash], "channels": ["call", …]}        what this program says is blocked
    {"end": {"entries": n, "keys": n}}

`entry` is the form that the chain hashes (state/chain.py), `later` are hashes made under newer keys
([kind, key id, hash, role]), payload and salt stand there only when the export is in clear.
deploy/check_export.py reads nothing else.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Any, Final

import orjson
import sqlalchemy as sa

from rules.keys import HashedKey, KeyKind
from rules.suppression import SuppressionList
from state import chain
from state.keys import KeyRing
from state.ledger import entries_for, head
from state.ledger_rows import HASHES, Entry, entries, keys_of
from state.store import Tx
from state.tables import ledger, ledger_payload, ledger_rehashed

FORMAT: Final = 1
PAGE: Final = 1000


def lines(tx: Tx, ring: KeyRing, at: datetime, *, clear: bool) -> Iterator[bytes]:
    """The whole export as it stands in this transaction, line by line, page by page."""
    last = head(tx)
    yield _line(
        {
            "ringren_export": FORMAT,
            "at": chain.moment(at),
            "head": f"{last.seq}:{last.chain.hex()}",
            "keys": [key.id for key in ring.keys],
        }
    )
    for first in range(0, last.seq, PAGE):
        yield from _entries(tx, first, clear=clear)
    number = 0
    for line in _claims(tx, at):
        number += 1
        yield line
    yield _line({"end": {"entries": last.seq, "keys": number}})


def _line(value: Any) -> bytes:
    return orjson.dumps(value, option=orjson.OPT_APPEND_NEWLINE)


def _entries(tx: Tx, first: int, *, clear: bool) -> Iterator[bytes]:
    here = sa.and_(ledger.c.seq > first, ledger.c.seq <= first + PAGE)
    found = entries(tx, here, born=True)
    later = keys_of(tx, [entry.seq for entry in found], (ledger_rehashed,))
    said = {
        row.seq: row
        for row in tx.execute(
            sa.select(ledger_payload).where(ledger_payload.c.seq.between(first + 1, first + PAGE))
        )
    }
    for entry in found:
        yield _line(_told(entry, later.get(entry.seq, ()), said.get(entry.seq), clear=clear))


def _told(entry: Entry, later: Any, said: Any, *, clear: bool) -> dict[str, Any]:
    told = {
        "entry": orjson.Fragment(chain.fixed_form(entry.seq, entry.event, entry.commitment)),
        "previous": entry.previous.hex(),
        "chain": entry.chain.hex(),
        "later": [[row.key_kind, row.key_id, bytes(row.digest).hex(), row.role] for row in later],
        "erased": said is None or said.erased_at is not None,
    }
    if clear and said is not None and said.payload is not None:
        told |= {"payload": said.payload, "salt": bytes(said.salt).hex()}
    return told


def _claims(tx: Tx, at: datetime) -> Iterator[bytes]:
    """What is blocked at `at`, key by key, in the order of their hashes."""
    for hashes in _pages(tx):
        events = SuppressionList(e.event for e in entries_for(tx, {key.digest for key in hashes}))
        for key in hashes:
            channels = [one.value for one, by in events.standing({key}, at).items() if by]
            if channels:
                told = [key.kind.value, key.key_id, key.digest.hex()]
                yield _line({"key": told, "channels": channels})


def _pages(tx: Tx) -> Iterator[list[HashedKey]]:
    """All hashes of the ledger, some hundreds at a time, in their order."""
    after = b""
    while True:
        some = [
            sa.select(table.c.digest, table.c.key_kind, table.c.key_id)
            .where(table.c.digest > after)
            .distinct()
            .order_by(table.c.digest)
            .limit(PAGE)
            .subquery()
            for table in HASHES
        ]
        both = sa.union(*(sa.select(one) for one in some)).subquery()
        rows = tx.execute(sa.select(both).order_by(both.c.digest).limit(PAGE)).all()
        if not rows:
            return
        yield [HashedKey(KeyKind(row.key_kind), row.key_id, bytes(row.digest)) for row in rows]
        after = bytes(rows[-1].digest)
