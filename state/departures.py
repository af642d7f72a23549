"""Flags of ours that left for records, and that nobody has seen there.

Noted before they leave: were we to die behind the write, or were it undone at once, our own word
would come back to us as a no that the record says.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa

from state.ledger_rows import chunks
from state.store import Tx
from state.tables import flag_tries


@dataclass(frozen=True, slots=True)
class Departure:
    """Flags that left for a record at `at`, by our clock: the fields that they are in."""

    at: datetime
    fields: frozenset[str]


def leave(tx: Tx, fields: Mapping[int, Collection[str]], now: datetime) -> None:
    """Flags in these fields are about to leave for these records."""
    for some in chunks(fields):
        tried = flag_tries.c.rid.in_(some)
        known = set(tx.execute(sa.select(flag_tries.c.rid).where(tried)).scalars())
        fresh = [{"rid": rid, "attempts": 0, "put_back": 0} for rid in some if rid not in known]
        if fresh:
            tx.execute(sa.insert(flag_tries), fresh)
        alike: dict[tuple[str, ...], list[int]] = {}
        for rid in some:
            alike.setdefault(tuple(sorted(fields[rid])), []).append(rid)
        for names, rids in alike.items():
            left = {"left_at": now, "left_fields": list(names)}
            tx.execute(sa.update(flag_tries).where(flag_tries.c.rid.in_(rids)).values(left))


def arrived(tx: Tx, rids: Collection[int]) -> None:
    """What left for these has been seen there, or seen to be gone again."""
    for some in chunks(rids):
        nothing = {"left_at": None, "left_fields": None}
        tx.execute(sa.update(flag_tries).where(flag_tries.c.rid.in_(some)).values(nothing))


def to(tx: Tx, rid: int) -> Departure | None:
    """What left for a record, if it is not known to have arrived."""
    row = tx.execute(
        sa.select(flag_tries.c.left_at, flag_tries.c.left_fields).where(
            flag_tries.c.rid == rid, flag_tries.c.left_at.is_not(None)
        )
    ).one_or_none()
    return Departure(row.left_at, frozenset(row.left_fields)) if row else None
