"""Flags of ours that left for records, and that nobody has seen there.

Noted before they leave: were we to die behind the write, or were it undone at once, our own word
would come back to us as a no that the record says.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

import sqlalchemy as sa

from state.ledger_rows import chunks
from state.store import Tx
from state.tables import flag_tries

MOST: Final = 12
"""Times remembered for a field: a rival may take our flag off again and again."""


@dataclass(frozen=True, slots=True)
class Departure:
    """Flags that left for a record, last `at` by our clock; the times of each field by the system's,
    newest last."""

    at: datetime
    fields: Mapping[str, Sequence[datetime]]


def leave(tx: Tx, fields: Mapping[int, Collection[str]], now: datetime, there: datetime) -> None:
    """Flags in these fields are about to leave for these records; `there` is the system's time."""
    for some in chunks(fields):
        tried = flag_tries.c.rid.in_(some)
        rows = tx.execute(sa.select(flag_tries.c.rid, flag_tries.c.left_fields).where(tried))
        known = {row.rid: row.left_fields or {} for row in rows}
        fresh = [{"rid": rid, "attempts": 0, "put_back": 0} for rid in some if rid not in known]
        if fresh:
            tx.execute(sa.insert(flag_tries), fresh)
        for rid in some:
            before = known.get(rid, {})
            new = {
                name: [*before.get(name, ()), _noted(now, there)][-MOST:] for name in fields[rid]
            }
            left = {"left_at": now, "left_fields": {**before, **new}}
            tx.execute(sa.update(flag_tries).where(flag_tries.c.rid == rid).values(left))


def stayed(tx: Tx, fields: Mapping[int, Collection[str]]) -> None:
    """What was about to leave for these records last did not leave at all."""
    for rid, names in fields.items():
        if row := _row(tx, rid):
            times = {
                name: left
                for name, said in row.left_fields.items()
                if (left := said[:-1] if name in names else said)
            }
            last = max((_read(one)[0] for said in times.values() for one in said), default=None)
            values = {"left_at": last, "left_fields": times or None}
            tx.execute(sa.update(flag_tries).where(flag_tries.c.rid == rid).values(values))


def arrived(tx: Tx, rids: Collection[int]) -> None:
    """What left for these has been seen there."""
    for some in chunks(rids):
        nothing = {"left_at": None, "left_fields": None}
        tx.execute(sa.update(flag_tries).where(flag_tries.c.rid.in_(some)).values(nothing))


def to(tx: Tx, rid: int) -> Departure | None:
    """What left for a record, if it is not known to have arrived."""
    row = _row(tx, rid)
    if row is None:
        return None
    times = {name: [_read(one)[1] for one in said] for name, said in row.left_fields.items()}
    return Departure(row.left_at, times)


def _row(tx: Tx, rid: int) -> Any:
    return tx.execute(
        sa.select(flag_tries.c.left_at, flag_tries.c.left_fields).where(
            flag_tries.c.rid == rid, flag_tries.c.left_at.is_not(None)
        )
    ).one_or_none()


def _noted(now: datetime, there: datetime) -> str:
    return f"{now.isoformat()} {there.isoformat()}"


def _read(said: str) -> tuple[datetime, datetime]:
    """(by our clock, by the system's); notes of before know of one clock only."""
    ours, _, theirs = said.partition(" ")
    return datetime.fromisoformat(ours), datetime.fromisoformat(theirs or ours)
