"""The cursor of each stream, and the lease that makes a pass over it exclusive.

A lease carries an epoch (fencing): every page commits with `WHERE epoch = :mine`, so that a
process which was paused, lost its lease and woke up again cannot write a single row more.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite

from rules.errors import LeaseLost, SystemStopped
from rules.options import Headings
from rules.records import Kind
from state.store import Tx
from state.tables import cursors

LEASE = timedelta(seconds=60)
LEASE_HELD = "error.lease_held"
"""What the error says of a stream that somebody else is at work on."""


@dataclass(frozen=True, slots=True)
class Lease:
    """The right to move one cursor. `pass_no` counts the readings of the stream, `units`
    are what its headers say of the cells of a field (`rules.header_units`), `closed` the fields
    that nobody can write.
    """

    system: str
    stream: str
    kind: Kind
    epoch: int
    holder: str
    pass_no: int
    token: Mapping[str, Any] | None
    complete: bool
    fields: tuple[str, ...]
    units: Mapping[str, str]
    closed: tuple[str, ...]
    records: int
    compared_at: datetime | None = None
    listed_at: datetime | None = None
    """When counts or ids were last compared, or everything was read."""
    keyed: tuple[str, ...] = ()
    """The columns that are read as match keys only, and behind them the hashing keys' ids."""

    @property
    def headings(self) -> Headings:
        """What the columns say to the rules."""
        return Headings(self.units, frozenset(self.closed))


def _mine(system: str, stream: str) -> sa.ColumnElement[bool]:
    return sa.and_(cursors.c.system == system, cursors.c.stream == stream)


def take(
    tx: Tx,
    system: str,
    stream: str,
    kind: Kind,
    *,
    holder: str,
    now: datetime,
    gone: Sequence[str] = (),
) -> Lease:
    """Take the cursor, making it if it is new; SystemStopped while somebody alive holds it.

    `gone` names holders that are known to be dead (a process of this machine that ended), whose
    lease need not be waited for. A reading that was complete starts a new pass, one that was
    not goes on where it stopped.
    """
    _make(tx, system, stream, kind)
    row = tx.execute(sa.select(cursors).where(_mine(system, stream)).with_for_update()).one()
    held = row.holder not in (None, holder, *gone) and row.leased_until > now
    if held:
        raise SystemStopped(LEASE_HELD, system=system, stream=stream, holder=row.holder)
    pass_no = row.pass_no + 1 if row.complete else row.pass_no
    lease = replace(_lease(row), kind=kind, epoch=row.epoch + 1, holder=holder, pass_no=pass_no)
    tx.execute(
        cursors.update()
        .where(_mine(system, stream))
        .values(epoch=lease.epoch, holder=holder, leased_until=now + LEASE, kind=kind)
    )
    return lease


def _make(tx: Tx, system: str, stream: str, kind: Kind) -> None:
    """A cursor that nobody holds, unless there is one; several processes may come at once."""
    insert = postgresql.insert if tx.dialect.name == "postgresql" else sqlite.insert
    new = insert(cursors).values(
        system=system,
        stream=stream,
        kind=kind,
        complete=False,
        pass_no=1,
        records=0,
        fields=[],
        epoch=0,
    )
    tx.execute(new.on_conflict_do_nothing())


def _lease(row: Any) -> Lease:
    return Lease(
        row.system,
        row.stream,
        Kind(row.kind),
        epoch=row.epoch,
        holder=row.holder or "",
        pass_no=row.pass_no,
        token=row.token,
        complete=row.complete,
        fields=tuple(row.fields),
        units=row.units or {},
        closed=tuple(row.closed or ()),
        records=row.records,
        compared_at=row.compared_at,
        listed_at=row.listed_at,
        keyed=tuple(row.keyed or ()),
    )


def seen(tx: Tx, systems: Sequence[str]) -> list[Lease]:
    """The cursors as they stand, as leases that nobody took: for looking, not for moving them."""
    found = tx.execute(
        sa.select(cursors)
        .where(cursors.c.system.in_(systems), cursors.c.records > 0)
        .order_by(cursors.c.system, cursors.c.stream)
    )
    return [_lease(row) for row in found]


def token_of(tx: Tx, system: str, stream: str) -> Mapping[str, Any] | None:
    """The stored cursor of a stream; None when it was never read."""
    found = tx.execute(sa.select(cursors.c.token).where(_mine(system, stream)))
    token: Mapping[str, Any] | None = found.scalar_one_or_none()
    return token


def standing(tx: Tx, system: str) -> dict[str, tuple[bool, int]]:
    """Stream -> (whether a reading of it came to its end, records so far)."""
    found = tx.execute(
        sa.select(cursors.c.stream, cursors.c.complete, cursors.c.records).where(
            cursors.c.system == system, cursors.c.token.is_not(None)
        )
    )
    return {row.stream: (row.complete, row.records) for row in found}


def filled(tx: Tx, system: str) -> list[tuple[str, Kind]]:
    """(stream, kind) of the system's cursors that count records."""
    found = tx.execute(
        sa.select(cursors.c.stream, cursors.c.kind)
        .where(cursors.c.system == system, cursors.c.records > 0)
        .order_by(cursors.c.stream)
    )
    return [(row.stream, Kind(row.kind)) for row in found]


@dataclass(frozen=True, slots=True)
class Reading:
    """How far a system was read: records, whether each list was read to its end, and when the list
    that waits longest was read last; None when one never was."""

    records: int
    complete: bool
    read_at: datetime | None


def readings(tx: Tx) -> dict[str, Reading]:
    """Every system that was ever read."""
    found: dict[str, list[Any]] = {}
    for row in tx.execute(sa.select(cursors)):
        found.setdefault(row.system, []).append(row)
    return {system: _reading(rows) for system, rows in found.items()}


def _reading(rows: Sequence[Any]) -> Reading:
    each = [max(filter(None, (row.moved_at, row.compared_at)), default=None) for row in rows]
    known = [at for at in each if at is not None]
    return Reading(
        sum(row.records for row in rows),
        all(row.complete for row in rows),
        min(known) if len(known) == len(each) else None,
    )


def leased(tx: Tx, system: str, now: datetime) -> set[str]:
    """The system's streams that somebody has a lease on now."""
    held = sa.and_(cursors.c.holder.is_not(None), cursors.c.leased_until > now)
    query = sa.select(cursors.c.stream).where(cursors.c.system == system, held)
    return set(tx.execute(query).scalars())


def at_work(tx: Tx, now: datetime) -> list[str]:
    """Who has a lease on anything now."""
    held = sa.and_(cursors.c.holder.is_not(None), cursors.c.leased_until > now)
    return list(tx.execute(sa.select(cursors.c.holder).where(held).distinct()).scalars())


def holders(tx: Tx, system: str) -> list[str]:
    """Who holds a lease on the system's cursors now."""
    found = tx.execute(
        sa.select(cursors.c.holder).where(cursors.c.system == system, cursors.c.holder.is_not(None))
    )
    return [row.holder for row in found]


def advance(tx: Tx, lease: Lease, now: datetime, **columns: Any) -> None:
    """Move the cursor with this page's effects and renew the lease; LeaseLost rolls both back."""
    moved = tx.execute(
        cursors.update()
        .where(_mine(lease.system, lease.stream), cursors.c.epoch == lease.epoch)
        .values(leased_until=now + LEASE, pass_no=lease.pass_no, **columns)
    )
    if moved.rowcount != 1:
        raise LeaseLost("error.lease_lost", system=lease.system, stream=lease.stream)


def release(tx: Tx, lease: Lease) -> None:
    """Give the lease back; harmless when it was lost already."""
    tx.execute(
        cursors.update()
        .where(_mine(lease.system, lease.stream), cursors.c.epoch == lease.epoch)
        .values(holder=None, leased_until=None)
    )
