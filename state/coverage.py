"""How many records of a stream have which field filled, and valid: kept, not counted.

Each mirror row carries two bit masks (its share); a batch adds the difference between what its
rows contributed before and contribute now. A recount gives the same figures; a test says so.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import sqlalchemy as sa

from state.store import Tx, adding
from state.tables import coverage, cursors, mirror


@dataclass(frozen=True, slots=True)
class Covered:
    """One field of one stream: records that have it filled, and valid after hygiene."""

    system: str
    stream: str
    field: str
    filled: int
    valid: int


def add(
    tx: Tx,
    system: str,
    stream: str,
    fields: Sequence[str],
    filled: Counter[int],
    valid: Counter[int],
) -> None:
    """Add mask -> how many records (negative for what they contributed before)."""
    rows = []
    for bit, name in enumerate(fields):
        more = {
            "filled": _with_bit(filled.items(), bit),
            "valid": _with_bit(valid.items(), bit),
        }
        if any(more.values()):
            rows.append({"system": system, "stream": stream, "field": name, **more})
    if rows:
        tx.execute(adding(tx, coverage, "filled", "valid"), rows)


def _with_bit(masks: Iterable[tuple[int, int]], bit: int) -> int:
    return sum(n for mask, n in masks if mask >> bit & 1)


def forget(tx: Tx, system: str, stream: str) -> None:
    """The stream's fields are others now: count from nothing as its rows are decided anew."""
    tx.execute(coverage.delete().where(coverage.c.system == system, coverage.c.stream == stream))
    tx.execute(
        mirror.update()
        .where(mirror.c.system == system, mirror.c.stream == stream, mirror.c.filled.is_not(None))
        .values(filled=0, valid=0, decided_with=None)
    )


def read(tx: Tx, systems: Sequence[str]) -> list[Covered]:
    """All figures of these systems."""
    found = tx.execute(
        sa.select(coverage)
        .where(coverage.c.system.in_(systems))
        .order_by(coverage.c.system, coverage.c.stream, coverage.c.field)
    )
    return [Covered(*row) for row in found]


def streams(tx: Tx, systems: Sequence[str]) -> list[tuple[str, str, str, int]]:
    """(system, stream, kind, live records) of each stream."""
    found = tx.execute(
        sa.select(cursors.c.system, cursors.c.stream, cursors.c.kind, cursors.c.records)
        .where(cursors.c.system.in_(systems))
        .order_by(cursors.c.system, cursors.c.stream)
    )
    return [(row.system, row.stream, row.kind, row.records) for row in found]
