"""Calls to other systems' APIs: how many this customer has used today, shared by all processes.

A process takes calls in blocks, one short transaction each, and gives back what it did not use.
So the count may run ahead of what was sent by a block, and is never behind it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite

from state.store import Tx, adding
from state.tables import api_calls, api_quotas

TOTAL: Final = ""
"""The row that counts all jobs of a day; who takes calls holds it until his transaction ends."""


@dataclass(frozen=True, slots=True)
class Quota:
    """What a vendor said last of its own quota: calls used by everybody, of how many."""

    used: int
    quota: int
    told_at: datetime


def take(
    tx: Tx,
    system: str,
    day: date,
    job: str,
    want: int,
    *,
    day_most: int | None,
    job_most: int | None,
) -> int:
    """Take up to `want` calls, as far as the ceilings of the day and the job allow; how many."""
    granted = _take(tx, system, day, TOTAL, want, day_most)
    of_job = _take(tx, system, day, job, granted, job_most)
    if of_job < granted:
        _add(tx, system, day, TOTAL, of_job - granted)
    return of_job


def give_back(tx: Tx, system: str, day: date, job: str, unused: int) -> None:
    """Calls that were taken and not sent."""
    for row in (TOTAL, job):
        _add(tx, system, day, row, -unused)


def _take(tx: Tx, system: str, day: date, job: str, want: int, most: int | None) -> int:
    after = _add(tx, system, day, job, want)
    too_many = 0 if most is None else min(want, max(0, after - most))
    if too_many:
        _add(tx, system, day, job, -too_many)
    return want - too_many


def _add(tx: Tx, system: str, day: date, job: str, calls: int) -> int:
    """How many there are then."""
    row = {"system": system, "day": day.isoformat(), "job": job, "calls": calls}
    upsert = adding(tx, api_calls, "calls").values(row).returning(api_calls.c.calls)
    return int(tx.execute(upsert).scalar_one())


def pay(tx: Tx, system: str, day: date, job: str, ore: int) -> None:
    """Note that so many øre are about to be spent."""
    for row in (TOTAL, job):
        values = {"system": system, "day": day.isoformat(), "job": row, "calls": 0, "ore": ore}
        tx.execute(adding(tx, api_calls, "ore").values(values))


def paid(tx: Tx, system: str, day: date) -> int:
    """The øre that were spent on that day."""
    spent = sa.select(api_calls.c.ore).where(
        api_calls.c.system == system, api_calls.c.day == day.isoformat(), api_calls.c.job == TOTAL
    )
    return int(tx.execute(spent).scalar_one_or_none() or 0)


def spent(tx: Tx, system: str, first: date, last: date = date.max) -> tuple[int, int]:
    """Calls and øre from that day on, to the last."""
    calls, ore = tx.execute(
        sa.select(sa.func.sum(api_calls.c.calls), sa.func.sum(api_calls.c.ore)).where(
            api_calls.c.system == system,
            api_calls.c.day.between(first.isoformat(), last.isoformat()),
            api_calls.c.job == TOTAL,
        )
    ).one()
    return int(calls or 0), int(ore or 0)


def used(tx: Tx, system: str, day: date) -> Mapping[str, int]:
    """Job -> calls taken on that day; `TOTAL` for all of them."""
    rows = tx.execute(
        sa.select(api_calls.c.job, api_calls.c.calls).where(
            api_calls.c.system == system, api_calls.c.day == day.isoformat()
        )
    )
    return {row.job: row.calls for row in rows}


def note_quota(tx: Tx, system: str, told: Quota) -> None:
    """Keep what the vendor said, unless something later is known."""
    dialect: Any = sqlite if tx.dialect.name == "sqlite" else postgresql
    insert = dialect.insert(api_quotas).values(
        system=system, used=told.used, quota=told.quota, told_at=told.told_at
    )
    new = insert.excluded
    tx.execute(
        insert.on_conflict_do_update(
            index_elements=[api_quotas.c.system],
            set_={"used": new.used, "quota": new.quota, "told_at": new.told_at},
            where=api_quotas.c.told_at <= new.told_at,
        )
    )


def quota(tx: Tx, system: str) -> Quota | None:
    """What the vendor said last; None when it never did."""
    row = tx.execute(sa.select(api_quotas).where(api_quotas.c.system == system)).one_or_none()
    return Quota(row.used, row.quota, row.told_at) if row else None
