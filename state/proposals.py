"""What passes decided and nobody has applied yet, and the plans that hold it.

A proposal stands from the plan that first holds it (`plan_from`) up to, not including, the plan
that no longer does (`plan_until`). So a plan never changes once it is made, two plans share what
both propose, and a pass that finds nothing new writes nothing. What two overlapping plans do
follows: what one of them applied is closed, and the other finds it applied already.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

import orjson
import sqlalchemy as sa

from rules.changes import Change
from state.store import Tx, among, bulk
from state.tables import plans, proposals


@dataclass(frozen=True, slots=True)
class Plan:
    """A plan as stored. `state` is draft, open, or applied."""

    plan: int
    run: int
    author: str
    approver: str | None
    created_at: datetime
    expires_at: datetime
    state: str
    fingerprint: str
    only_rule: str | None
    systems: tuple[str, ...]
    totals: Mapping[str, Any] | None


@dataclass(frozen=True, slots=True)
class Proposal:
    """All changes of one record; `open` while no later pass closed it, `fresh` while the record
    has the version they were computed from and has been decided with the same fingerprint."""

    pid: int
    rid: int
    system: str
    stream: str
    place: int | None
    base_version: str
    fingerprint: str
    changes: tuple[Change, ...]
    closed_as: str | None


def changes_text(changes: Sequence[Change]) -> str:
    """Changes as stored: one short list each."""
    return orjson.dumps([tuple(change) for change in changes], default=dict).decode()


def changes_of(text: str) -> tuple[Change, ...]:
    """The inverse of `changes_text`."""
    return tuple([Change(*row) for row in orjson.loads(text)])


def shape_of(changes: Sequence[Change]) -> str:
    """Which rules change which fields: what totals are counted by."""
    return ",".join(f"{change.rule}:{change.field}" for change in changes)


def open_plan(
    tx: Tx,
    *,
    run: int,
    author: str,
    now: datetime,
    life: timedelta,
    fingerprint: str,
    only_rule: str | None,
    systems: Sequence[str],
) -> int:
    """A new draft; gives its number."""
    made = tx.execute(
        plans.insert()
        .values(
            run=run,
            author=author,
            created_at=now,
            expires_at=now + life,
            state="draft",
            fingerprint=fingerprint,
            only_rule=only_rule,
            systems=list(systems),
        )
        .returning(plans.c.plan)
    )
    return int(made.scalar_one())


def set_plan(tx: Tx, plan: int, **columns: Any) -> None:
    """Change columns of a plan's own row (state, totals, approver)."""
    tx.execute(plans.update().where(plans.c.plan == plan).values(**columns))


def get_plan(tx: Tx, plan: int) -> Plan | None:
    """A plan by number."""
    row = tx.execute(sa.select(plans).where(plans.c.plan == plan)).one_or_none()
    return None if row is None else _plan(row)


def list_plans(tx: Tx, limit: int) -> list[Plan]:
    """The newest first."""
    query = sa.select(plans).order_by(plans.c.plan.desc()).limit(limit)
    return [_plan(row) for row in tx.execute(query)]


def last_plan(tx: Tx, systems: Sequence[str]) -> Plan | None:
    """The newest plan over exactly these systems that a run brought to its end."""
    found = tx.execute(
        sa.select(plans).where(plans.c.state != "draft").order_by(plans.c.plan.desc()).limit(20)
    )
    return next((_plan(row) for row in found if row.systems == list(systems)), None)


def waiting(tx: Tx, now: datetime, systems: Collection[str]) -> list[Plan]:
    """The newest plan of each system, where it may still be carried out and something of it stands."""
    may = sa.and_(plans.c.state == "open", plans.c.expires_at > now)
    newest = (_newest(tx, name, may) for name in systems)
    found = {plan.plan: plan for plan in newest if plan}
    return [plan for _, plan in sorted(found.items()) if stands(tx, plan)]


def _newest(tx: Tx, system: str, where: sa.ColumnElement[bool]) -> Plan | None:
    """The newest plan over this system, among others or alone. As text, so that both databases go
    back from the newest one without taking the others apart."""
    about = sa.cast(plans.c.systems, sa.Text).contains(f'"{system}"', autoescape=True)
    query = sa.select(plans).where(about, where).order_by(plans.c.plan.desc()).limit(1)
    row = tx.execute(query).one_or_none()
    return None if row is None else _plan(row)


def stands(tx: Tx, plan: Plan) -> bool:
    """Whether anything that a plan holds is still proposed: not written since, nor out of date."""
    some = sa.and_(in_plan(plan.plan, plan.systems), proposals.c.plan_until.is_(None))
    return tx.execute(sa.select(proposals.c.pid).where(some).limit(1)).first() is not None


def last_totals(tx: Tx, systems: Collection[str]) -> Mapping[str, Any]:
    """System -> what the newest plan over it that has any notes of it as its totals."""
    newest = {name: _newest(tx, name, plans.c.totals.is_not(None)) for name in systems}
    return {
        name: plan.totals[name]
        for name, plan in newest.items()
        if plan and plan.totals and name in plan.totals
    }


def _plan(row: Any) -> Plan:
    values = {name: getattr(row, name) for name in Plan.__slots__}
    return Plan(**{**values, "systems": tuple(row.systems)})


_INSERT: Final = sa.insert(proposals).values(
    {
        name: sa.bindparam(f"b_{name}")
        for name in (
            "rid",
            "system",
            "stream",
            "place",
            "base_version",
            "fingerprint",
            "shape",
            "changes",
            "plan_from",
        )
    }
)


def add(tx: Tx, rows: Sequence[tuple[int, str, str, int | None, str, str, str, str, int]]) -> None:
    """(rid, system, stream, place, base_version, fingerprint, shape, changes, plan) of each."""
    bulk(tx, _INSERT, rows)


def standing(tx: Tx, rids: Sequence[int]) -> dict[int, tuple[int, str, str]]:
    """Open proposals of these records: rid -> (pid, base version, changes)."""
    found = tx.execute(
        sa.select(
            proposals.c.rid, proposals.c.pid, proposals.c.base_version, proposals.c.changes
        ).where(among(tx, proposals.c.rid, rids), proposals.c.plan_until.is_(None))
    )
    return {row.rid: (row.pid, row.base_version, row.changes) for row in found}


_CLOSE: Final = (
    sa.update(proposals)
    .where(proposals.c.pid == sa.bindparam("b_pid"))
    .values(plan_until=sa.bindparam("b_plan"), closed_as=sa.bindparam("b_as"))
)


def close(tx: Tx, rows: Sequence[tuple[int, str, int]]) -> None:
    """(plan from which on it no longer stands, why, pid) of each."""
    bulk(tx, _CLOSE, rows)


def next_plan(tx: Tx) -> int:
    """The number from which on a proposal that is closed outside a pass no longer stands."""
    newest = tx.execute(sa.select(sa.func.max(plans.c.plan))).scalar_one()
    return int(newest or 0) + 1


def in_plan(plan: int, systems: Sequence[str]) -> sa.ColumnElement[bool]:
    """The proposals that a plan holds."""
    return sa.and_(
        proposals.c.system.in_(systems),
        proposals.c.plan_from <= plan,
        sa.or_(proposals.c.plan_until.is_(None), proposals.c.plan_until > plan),
    )


def of_plan(
    tx: Tx,
    plan: int,
    systems: Sequence[str],
    *,
    stream: str | None = None,
    after: tuple[int, int] = (-1, 0),
    limit: int = 2000,
) -> list[Proposal]:
    """A page of the plan's proposals in the order of (place, pid); `after` is the last one's."""
    place = sa.func.coalesce(proposals.c.place, 0)
    query = sa.select(proposals).where(in_plan(plan, systems))
    if stream is not None:
        query = query.where(proposals.c.stream == stream)
    query = (
        query.where(sa.tuple_(place, proposals.c.pid) > sa.tuple_(*after))
        .order_by(place, proposals.c.pid)
        .limit(limit)
    )
    return [_proposal(row) for row in tx.execute(query)]


def _proposal(row: Any) -> Proposal:
    return Proposal(
        row.pid,
        row.rid,
        row.system,
        row.stream,
        row.place,
        row.base_version,
        row.fingerprint,
        changes_of(row.changes),
        row.closed_as,
    )


def of_record(tx: Tx, rid: int) -> list[Proposal]:
    """Everything ever proposed for a record, newest first."""
    # Each half has an index of its own.
    open_ones, closed = proposals.c.plan_until.is_(None), proposals.c.plan_until.is_not(None)
    found = [
        _proposal(row)
        for half in (open_ones, closed)
        for row in tx.execute(sa.select(proposals).where(proposals.c.rid == rid, half))
    ]
    return sorted(found, key=lambda one: -one.pid)
