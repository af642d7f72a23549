"""The queue of the second engine: procrastinate's tables beside ours, on PostgreSQL.

It ships the SQL that makes and changes its tables; which of its steps was taken last stands on its
table of jobs, as a comment. What is due is decided under the lock of the job's own row, so that
each moment is queued once however many clocks there are, and a moment whose run was lost is queued
again.
"""

from __future__ import annotations

import functools
from collections.abc import Collection
from pathlib import Path
from typing import Any, Final, NamedTuple

import sqlalchemy as sa

from state.store import Store, Tx

_LOCK: Final = int("queue", 36)
_JOBS: Final = "procrastinate_jobs"


class Lost(NamedTuple):
    """A run whose worker has not been heard of for too long."""

    number: int
    job: str


# --- its tables -------------------------------------------------------------------------------


@functools.cache
def _steps() -> tuple[Path, ...]:
    """The steps that the installed procrastinate ships, oldest first."""
    from procrastinate.schema import SchemaManager

    return tuple(sorted(Path(SchemaManager.get_migrations_path()).glob("*.sql")))


def newest() -> str:
    """The newest step that is known here."""
    return _steps()[-1].stem


def prepare(store: Store) -> None:
    """Leave the database with the queue's tables of this version. A newer one is left as it is."""
    with store.reading() as tx:
        if version(tx) == newest():
            return
    with store.transaction() as tx:
        tx.execute(sa.select(sa.func.pg_advisory_xact_lock(_LOCK)))
        _take_steps(tx, version(tx))


def version(tx: Tx) -> str | None:
    """The step that was taken last; None where there is no queue."""
    # From the table itself: to_regclass() may answer from a cache of before we waited.
    asked = (
        "SELECT obj_description(oid, 'pg_class') FROM pg_class "
        "WHERE relname = :name AND relnamespace = current_schema()::regnamespace"
    )
    found: str | None = tx.execute(sa.text(asked), {"name": _JOBS}).scalar_one_or_none()
    return found


def _take_steps(tx: Tx, last: str | None) -> None:
    if last is None:
        from procrastinate.schema import SchemaManager

        _run(tx, SchemaManager.get_schema())
    elif last < newest():
        for step in _steps():
            if step.stem > last:
                _run(tx, step.read_text("utf-8"))
    else:
        return
    tx.exec_driver_sql(f"COMMENT ON TABLE {_JOBS} IS '{newest()}'")


def _run(tx: Tx, sql: str) -> None:
    """Several statements at once, as they stand: nothing in them is a parameter."""
    raw: Any = tx.connection.driver_connection
    with raw.cursor() as cursor:
        cursor.execute(sql)


# --- what is in it ----------------------------------------------------------------------------


def holds(tx: Tx, job: str) -> bool:
    """Whether a run of this job waits, or is at work."""
    asked = f"SELECT 1 FROM {_JOBS} WHERE queueing_lock = :job AND status IN ('todo', 'doing')"  # noqa: S608
    return tx.execute(sa.text(asked), {"job": job}).first() is not None


_LOST: Final = (
    f"SELECT j.id, j.queueing_lock FROM {_JOBS} j "  # noqa: S608
    "LEFT JOIN procrastinate_workers w ON w.id = j.worker_id "
    "WHERE j.status = 'doing' AND (w.id IS NULL OR "
    "w.last_heartbeat < now() - make_interval(secs => :silent))"
)


def lost(tx: Tx, silent: float) -> list[Lost]:
    """Runs whose worker has been silent for so many seconds."""
    return [Lost(*row) for row in tx.execute(sa.text(_LOST), {"silent": silent})]


def under(tx: Tx, workers: Collection[int]) -> list[Lost]:
    """What these workers are at, as the queue has it."""
    asked = (
        f"SELECT id, queueing_lock FROM {_JOBS} WHERE status = 'doing' AND worker_id = ANY(:ids)"  # noqa: S608
    )
    return [Lost(*row) for row in tx.execute(sa.text(asked), {"ids": list(workers)})]


def take_off(tx: Tx, one: Lost) -> bool:
    """Remove such a run, if it is still there."""
    gone = sa.text(f"DELETE FROM {_JOBS} WHERE id = :number AND status = 'doing'")  # noqa: S608
    return tx.execute(gone, {"number": one.number}).rowcount == 1


def workers(tx: Tx, silent: float) -> int:
    """How many workers have been heard of within so many seconds."""
    if version(tx) is None:
        return 0
    asked = (
        "SELECT count(*) FROM procrastinate_workers "
        "WHERE last_heartbeat > now() - make_interval(secs => :silent)"
    )
    return int(tx.execute(sa.text(asked), {"silent": silent}).scalar_one())
