"""What a plan holds, by shape: how many records, and which rules change which of their fields.

A plan never changes once it is made, so it is counted once and the figures are kept with it; the
next plan takes them over when no proposal was added or closed in between. So a pass that finds
nothing new does not go through all proposals to say so.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import orjson
import sqlalchemy as sa

from state.proposals import in_plan
from state.store import Store, Tx
from state.tables import plans, proposals


@dataclass(frozen=True, slots=True)
class Shape:
    """Records with the same rules on the same fields; `numbers` are those of some of them."""

    system: str
    stream: str
    rules: tuple[tuple[str, str], ...]
    """(rule, field) of each change."""
    records: int
    numbers: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Counted:
    """A plan's shapes, and what they were counted from: the newest proposal, and how many it closed."""

    shapes: list[Shape]
    newest: int
    closed: int


def of_new_plan(store: Store, plan: int, systems: Sequence[str]) -> list[Shape]:
    """The shapes of a plan that has just been made; kept with it if they had to be counted."""
    with store.reading() as tx:
        found = _kept(tx, plan, systems)
    if found is not None:
        return found
    counted = count(store, plan, systems)
    keep(store, plan, systems, counted)
    return counted.shapes


def count(store: Store, plan: int, systems: Sequence[str]) -> Counted:
    """Go through all proposals of a plan, which may be a draft still."""
    with store.sorting() as tx:
        newest = tx.execute(sa.select(sa.func.max(proposals.c.pid))).scalar_one() or 0
        return Counted(_counted(tx, plan, systems), newest, _closed_with(tx, plan))


def keep(store: Store, plan: int, systems: Sequence[str], counted: Counted) -> None:
    """With the plan; the figures of older ones are of no more use."""
    with store.transaction() as tx:
        for one in _holders(tx, plan, systems):
            _keep(tx, one.plan, None)
        _keep(tx, plan, counted)


def of_plan(tx: Tx, plan: int, systems: Sequence[str]) -> list[Shape]:
    """What a plan holds, by stream and shape; the first and last record of each are named."""
    found = _kept(tx, plan, systems)
    return _counted(tx, plan, systems) if found is None else found


def forget(tx: Tx) -> None:
    """Proposals were deleted that plans hold: count again."""
    tx.execute(sa.update(plans).where(plans.c.shapes.is_not(None)).values(shapes=None))


def _counted(tx: Tx, plan: int, systems: Sequence[str]) -> list[Shape]:
    columns = (proposals.c.system, proposals.c.stream, proposals.c.shape)
    found = tx.execute(
        sa.select(
            *columns,
            sa.func.count().label("records"),
            sa.func.min(proposals.c.pid).label("first"),
            sa.func.max(proposals.c.pid).label("last"),
        )
        .where(in_plan(plan, systems))
        .group_by(*columns)
        .order_by(*columns)
    )
    return [
        Shape(
            row.system,
            row.stream,
            _rules(row.shape),
            row.records,
            (row.first,) if row.first == row.last else (row.first, row.last),
        )
        for row in found
    ]


def _rules(shape: str) -> tuple[tuple[str, str], ...]:
    pairs = (part.rpartition(":") for part in shape.split(","))
    return tuple((rule, field) for rule, _, field in pairs)


# --- kept with a plan ------------------------------------------------------------------------


def _holders(tx: Tx, plan: int, systems: Sequence[str]) -> list[Any]:
    """The plans over these systems that have figures, newest first; none that is newer."""
    found = tx.execute(
        sa.select(plans.c.plan, plans.c.systems, plans.c.shapes)
        .where(plans.c.plan <= plan, plans.c.shapes.is_not(None))
        .order_by(plans.c.plan.desc())
    )
    return [row for row in found if row.systems == list(systems)]


def _kept(tx: Tx, plan: int, systems: Sequence[str]) -> list[Shape] | None:
    """The figures of this plan, counted when it was as it is now, or of an older one that holds
    just the same."""
    for holder in _holders(tx, plan, systems)[:1]:
        told = _read(holder.shapes)
        if not _differs(tx, holder.plan, told, plan, systems):
            return told.shapes
    return None


def _closed_with(tx: Tx, plan: int) -> int:
    """How many proposals the plan brought to an end, those of its own draft among them."""
    ended = sa.select(sa.func.count()).where(proposals.c.plan_until == plan)
    return int(tx.execute(ended).scalar_one())


def _differs(tx: Tx, older: int, told: Counted, plan: int, systems: Sequence[str]) -> bool:
    """Whether the plan holds what was not counted, or the other way round."""
    if _closed_with(tx, older) != told.closed:
        return True
    here = proposals.c.system.in_(systems)
    added = sa.and_(here, proposals.c.pid > told.newest, proposals.c.plan_from <= plan)
    closed = sa.and_(here, proposals.c.plan_until > older, proposals.c.plan_until <= plan)
    return any(
        tx.execute(sa.select(proposals.c.pid).where(one).limit(1)).first() is not None
        for one in (added, closed)
    )


def _keep(tx: Tx, plan: int, told: Counted | None) -> None:
    text = None if told is None else orjson.dumps(told).decode()
    tx.execute(sa.update(plans).where(plans.c.plan == plan).values(shapes=text))


def _read(text: str) -> Counted:
    told = orjson.loads(text)
    # What an older version kept lacks this, and is counted once more.
    return Counted(
        [_shape(**one) for one in told["shapes"]], told["newest"], told.get("closed", -1)
    )


def _shape(
    system: str, stream: str, rules: list[list[str]], records: int, numbers: list[int]
) -> Shape:
    pairs = tuple((rule, field) for rule, field in rules)
    return Shape(system, stream, pairs, records, tuple(numbers))
