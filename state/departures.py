"""Flags of ours that left for records, and that nobody has seen there.

Noted before they leave: were we to die behind the write, or were it undone at once, our own word
would come back to us as a no that the record says.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

import sqlalchemy as sa

from state.ledger_rows import chunks
from state.store import Tx
from state.tables import flag_tries

MOST: Final = 12
"""Times remembered for a field: a rival may take our flag off again and again."""


@dataclass(frozen=True, slots=True)
class Departure:
    """Flags that left for a record: the times, by our clock, of each field; newest last."""

    at: datetime
    fields: Mapping[str, Sequence[datetime]]


def leave(tx: Tx, fields: Mapping[int, Collection[str]], now: datetime) -> None:
    """Flags in these fields are about to leave for these records."""
    for some in chunks(fields):
        tried = flag_tries.c.rid.in_(some)
        rows = tx.execute(sa.select(flag_tries.c.rid, flag_tries.c.left_fields).where(tried))
        known = {row.rid: row.left_fields or {} for row in rows}
        fresh = [{"rid": rid, "attempts": 0, "put_back": 0} for rid in some if rid not in known]
        if fresh:
            tx.execute(sa.insert(flag_tries), fresh)
        for rid in some:
            before = known.get(rid, {})
            new = {name: [*before.get(name, ()), now.isoformat()][-MOST:] for name in fields[rid]}
            left = {"left_at": now, "left_fields": {**before, **new}}
            tx.execute(sa.update(flag_tries).where(flag_tries.c.rid == rid).values(left))


def stayed(tx: Tx, fields: Mapping[int, Collection[str]]) -> None:
    """What was about to leave for these records last did not leave at all."""
    for rid, names in fields.items():
        if left := to(tx, rid):
            times = {
                name: said
                for name, at in left.fields.items()
                if (said := at[:-1] if name in names else at)
            }
            last = max((at for said in times.values() for at in said), default=None)
            told = {name: [at.isoformat() for at in said] for name, said in times.items()}
            values = {"left_at": last, "left_fields": told or None}
            tx.execute(sa.update(flag_tries).where(flag_tries.c.rid == rid).values(values))


def arrived(tx: Tx, rids: Collection[int]) -> None:
    """What left for these has been seen there."""
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
    if row is None:
        return None
    times = {
        name: [datetime.fromisoformat(at) for at in said] for name, said in row.left_fields.items()
    }
    return Departure(row.left_at, times)
