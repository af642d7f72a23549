"""How each job of the daemon stands: when it was last seen to, how it ended, what was missed.

A job that is killed leaves a beginning without an end, and its moment stays unseen: it is due
again at the next start. One that ends that way again and again is not begun a fourth time before
its next moment.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite

from state.store import Tx
from state.tables import jobs

MOST_BROKEN: Final = 3


@dataclass(frozen=True, slots=True)
class JobState:
    """One job. `failures` and `broken` (killed) count those one after another."""

    job: str
    fired_at: datetime | None = None
    begun_at: datetime | None = None
    ended_at: datetime | None = None
    good_at: datetime | None = None
    exit_code: int | None = None
    error: Mapping[str, Any] | None = None
    failures: int = 0
    broken: int = 0
    holder: str | None = None
    far: Mapping[str, Any] | None = None

    @property
    def is_begun(self) -> bool:
        """It has begun and not ended: it is at work, or whoever did it is gone."""
        return self.holder is not None


def every(tx: Tx) -> dict[str, JobState]:
    """All jobs that were ever begun, by name."""
    return {row.job: JobState(*row) for row in tx.execute(sa.select(jobs))}


def of(tx: Tx, job: str) -> JobState:
    """One job; as new when it was never begun."""
    row = tx.execute(sa.select(jobs).where(jobs.c.job == job)).one_or_none()
    return JobState(*row) if row else JobState(job)


def meet(tx: Tx, job: str, now: datetime) -> None:
    """A job that is new here: what is due from now on counts as missed if it does not run."""
    tx.execute(_new(tx, job, now))


def _new(tx: Tx, job: str, seen_to: datetime | None) -> sa.Insert:
    insert = postgresql.insert if tx.dialect.name == "postgresql" else sqlite.insert
    row = insert(jobs).values(job=job, failures=0, broken=0, fired_at=seen_to)
    return row.on_conflict_do_nothing()


def begin(tx: Tx, job: str, holder: str, now: datetime, fired: datetime) -> None:
    """It begins, for the moment `fired`. One beginning too many counts as having seen to it."""
    tx.execute(_new(tx, job, None))
    broken = jobs.c.broken + 1
    seen_to = sa.case((broken >= MOST_BROKEN, sa.literal(fired, jobs.c.fired_at.type)))
    tx.execute(
        _mine(job).values(
            begun_at=now,
            holder=holder,
            broken=broken,
            far=None,
            fired_at=sa.func.coalesce(seen_to, jobs.c.fired_at),
        )
    )


def end(
    tx: Tx,
    job: str,
    holder: str,
    now: datetime,
    fired: datetime,
    *,
    exit_code: int,
    error: Mapping[str, Any] | None,
) -> None:
    """It came to its end, well when there is no `error`. Who was given up and has come back has
    nothing to say of it while somebody else is at the same."""
    told = {"exit_code": exit_code, "error": dict(error) if error else None, "ended_at": now}
    well = {"good_at": now, "failures": 0} if error is None else {"failures": jobs.c.failures + 1}
    ended = _mine(job).where(_still(holder))
    tx.execute(ended.values(**told, **well, fired_at=fired, holder=None, broken=0, far=None))


def far(tx: Tx, job: str, holder: str, told: Mapping[str, Any]) -> None:
    """How far it is (`sync.service.far.Far`), as long as this one is at it."""
    tx.execute(_mine(job).where(jobs.c.holder == holder).values(far=dict(told)))


def leave(tx: Tx, job: str, holder: str, now: datetime) -> None:
    """It was asked to stop and did: what is left of it is due again."""
    tx.execute(
        _mine(job).where(_still(holder)).values(ended_at=now, holder=None, broken=0, far=None)
    )


def held(tx: Tx, job: str) -> JobState:
    """One job, and until this transaction ends nobody else decides about it."""
    tx.execute(_new(tx, job, None))
    row = tx.execute(sa.select(jobs).where(jobs.c.job == job).with_for_update()).one()
    return JobState(*row)


def let_go(tx: Tx, job: str) -> None:
    """Whoever was at it is gone: it is due again. Such beginnings are counted (`begin`)."""
    tx.execute(_mine(job).values(holder=None, far=None))


def _mine(job: str) -> sa.Update:
    return sa.update(jobs).where(jobs.c.job == job)


def _still(holder: str) -> sa.ColumnElement[bool]:
    return sa.or_(jobs.c.holder == holder, jobs.c.holder.is_(None))
