"""Runs, and what each of them changed outside: for explain and undo."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

import sqlalchemy as sa

from rules.changes import Change
from rules.records import Kind
from state.proposals import changes_of
from state.store import Tx, among, bulk
from state.tables import declined, history, mirror, runs

BY_ITSELF: Final = "daemon"
"""The actor of runs that nobody asked for."""


@dataclass(frozen=True, slots=True)
class Run:
    """One run as stored."""

    run: int
    command: str
    actor: str
    dry: bool
    started_at: datetime
    ended_at: datetime | None
    exit_code: int | None
    fingerprint: str
    totals: Mapping[str, Any] | None


@dataclass(frozen=True, slots=True)
class Written:
    """What one run changed in one record; without the values once it is `emptied_at`."""

    cid: int
    run: int
    rid: int
    system: str
    stream: str
    base_version: str
    version: str
    changes: tuple[Change, ...]
    actor: str
    applied_at: datetime
    undoes: int | None
    undone_by: int | None
    emptied_at: datetime | None


def start_run(
    tx: Tx, *, command: str, actor: str, dry: bool, now: datetime, fingerprint: str
) -> int:
    """A new run; gives its number."""
    made = tx.execute(
        runs.insert()
        .values(command=command, actor=actor, dry=dry, started_at=now, fingerprint=fingerprint)
        .returning(runs.c.run)
    )
    return int(made.scalar_one())


def end_run(tx: Tx, run: int, *, now: datetime, exit_code: int, totals: Mapping[str, Any]) -> None:
    """The run has ended, well or not."""
    tx.execute(
        runs.update()
        .where(runs.c.run == run)
        .values(ended_at=now, exit_code=exit_code, totals=totals)
    )


def forget_run(tx: Tx, run: int) -> None:
    """A run that did nothing; its number is never given out again."""
    tx.execute(sa.delete(runs).where(runs.c.run == run))


def get_run(tx: Tx, run: int) -> Run | None:
    """A run by number."""
    row = tx.execute(sa.select(runs).where(runs.c.run == run)).one_or_none()
    return None if row is None else Run(*row)


def list_runs(tx: Tx, limit: int = 50) -> list[Run]:
    """The newest runs first."""
    return [
        Run(*row) for row in tx.execute(sa.select(runs).order_by(runs.c.run.desc()).limit(limit))
    ]


def newest_of(tx: Tx, commands: Collection[str]) -> Run | None:
    """The newest run of these commands that came to its end."""
    return next(iter(newest_runs(tx, commands, 1)), None)


def newest_runs(tx: Tx, commands: Collection[str], limit: int = 50) -> list[Run]:
    """The runs of these commands that came to their end, the newest first."""
    query = sa.select(runs).where(runs.c.command.in_(commands), runs.c.totals.is_not(None))
    return [Run(*row) for row in tx.execute(query.order_by(runs.c.run.desc()).limit(limit))]


def runs_before(tx: Tx, run: int, limit: int = 50) -> list[Run]:
    """The runs before one that came to their end, the newest first."""
    query = sa.select(runs).where(runs.c.run < run, runs.c.totals.is_not(None))
    return [Run(*row) for row in tx.execute(query.order_by(runs.c.run.desc()).limit(limit))]


_INSERT: Final = sa.insert(history).values(
    {
        name: sa.bindparam(f"b_{name}", type_=history.c[name].type)
        for name in (
            "run",
            "rid",
            "system",
            "stream",
            "base_version",
            "version",
            "changes",
            "actor",
            "applied_at",
            "undoes",
        )
    }
)


def add(tx: Tx, rows: Sequence[tuple[Any, ...]]) -> None:
    """(run, rid, system, stream, base, version, changes, actor, now, undoes) of each write."""
    bulk(tx, _INSERT, rows)


_UNDONE: Final = (
    sa.update(history)
    .where(history.c.cid == sa.bindparam("b_cid"))
    .values(undone_by=sa.bindparam("b_run"))
)


def set_undone(tx: Tx, rows: Sequence[tuple[int, int]]) -> None:
    """(undoing run, history row) of each."""
    bulk(tx, _UNDONE, rows)


def of_run(
    tx: Tx, run: int, *, rid: int | None = None, after: int = 0, limit: int = 2000
) -> list[Written]:
    """A page of what a run wrote, by number."""
    query = sa.select(history).where(history.c.run == run, history.c.cid > after)
    if rid is not None:
        query = query.where(history.c.rid == rid)
    return [_written(row) for row in tx.execute(query.order_by(history.c.cid).limit(limit))]


def by_number(tx: Tx, cids: Sequence[int]) -> list[Written]:
    """What was written under these numbers."""
    if not cids:
        return []
    return [_written(row) for row in tx.execute(sa.select(history).where(history.c.cid.in_(cids)))]


def count_run(tx: Tx, run: int) -> int:
    """How many records a run wrote."""
    return int(
        tx.execute(
            sa.select(sa.func.count()).select_from(history).where(history.c.run == run)
        ).scalar_one()
    )


def of_record(tx: Tx, rid: int) -> list[Written]:
    """Everything we ever wrote to a record, oldest first."""
    found = tx.execute(sa.select(history).where(history.c.rid == rid).order_by(history.c.cid))
    return [_written(row) for row in found]


def of_records(tx: Tx, rids: Sequence[int]) -> dict[int, list[Written]]:
    """The same for many records at once."""
    if not rids:
        return {}
    rows: dict[int, list[Written]] = {}
    found = tx.execute(sa.select(history).where(history.c.rid.in_(rids)).order_by(history.c.cid))
    for row in found:
        rows.setdefault(row.rid, []).append(_written(row))
    return rows


def written_since(
    tx: Tx, system: str, kind: Kind, ids: Sequence[str], since: datetime
) -> dict[str, dict[str, str | None]]:
    """What we wrote to these records since then, as it stood last: id -> field -> value."""
    # By an index of its own: nearly always nothing was written to anybody.
    fresh = sa.and_(history.c.emptied_at.is_(None), history.c.applied_at >= since)
    if tx.execute(sa.select(history.c.cid).where(fresh).limit(1)).first() is None:
        return {}
    mine = (mirror.c.system == system, mirror.c.kind == kind, among(tx, mirror.c.id, ids))
    rows: dict[str, dict[str, str | None]] = {}
    for row in tx.execute(
        sa.select(mirror.c.id, history.c.changes)
        .join(mirror, mirror.c.rid == history.c.rid)
        .where(*mine, fresh)
        .order_by(history.c.cid)
    ):
        rows.setdefault(row.id, {}).update({c.field: c.new for c in changes_of(row.changes)})
    return rows


_DECLINE: Final = sa.insert(declined).values(
    rid=sa.bindparam("b_rid"),
    field=sa.bindparam("b_field"),
    value=sa.bindparam("b_value"),
    run=sa.bindparam("b_run"),
)


def decline(tx: Tx, rows: Sequence[tuple[int, str, str | None, int]]) -> None:
    """(rid, field, the value that a person took back, undoing run) of each."""
    for rid, name, _, _ in rows:
        tx.execute(sa.delete(declined).where(declined.c.rid == rid, declined.c.field == name))
    bulk(tx, _DECLINE, rows)


def declined_of(tx: Tx, rids: Sequence[int]) -> dict[int, dict[str, str | None]]:
    """What was taken back in these records: rid -> field -> value."""
    if not rids:
        return {}
    rows: dict[int, dict[str, str | None]] = {}
    for row in tx.execute(sa.select(declined).where(declined.c.rid.in_(rids))):
        rows.setdefault(row.rid, {})[row.field] = row.value
    return rows


def _written(row: Any) -> Written:
    return Written(
        row.cid,
        row.run,
        row.rid,
        row.system,
        row.stream,
        row.base_version,
        row.version,
        changes_of(row.changes),
        row.actor,
        row.applied_at,
        row.undoes,
        row.undone_by,
        row.emptied_at,
    )
