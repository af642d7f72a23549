"""How many records of a stream have the same marks (`rules.marks`): kept, not counted.

Each mirror row carries its own marks; a batch adds the difference between what its rows were
counted as before and are counted as now. A recount gives the same figures; a test says so.

The day of the last data check is counted apart from the rest, on rows of its own.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Final, NamedTuple

import sqlalchemy as sa

from rules.marks import split
from state.store import Tx, adding
from state.tables import cursors, mirror, tallies


class Tally(NamedTuple):
    """So many live records of a stream; its kind is one of `rules.records.Kind`."""

    system: str
    stream: str
    kind: str
    marks: int
    records: int


ONLY_DAY: Final = 1 << 62
"""Set on rows that count days: a day that is not known has no other bit."""


def add(tx: Tx, system: str, stream: str, marks: Counter[int]) -> None:
    """Add marks -> how many records (negative for what they were counted as before)."""
    more: Counter[int] = Counter()
    for number, records in marks.items():
        rest, day = split(number)
        more[rest] += records
        more[day | ONLY_DAY] += records
    rows = [
        {"system": system, "stream": stream, "marks": number, "records": records}
        for number, records in sorted(more.items())
        if records
    ]
    if rows:
        tx.execute(adding(tx, tallies, "records"), rows)


def forget(tx: Tx, system: str, stream: str) -> None:
    """Count from nothing as the stream's rows are decided anew; see `coverage.forget`."""
    tx.execute(tallies.delete().where(tallies.c.system == system, tallies.c.stream == stream))
    tx.execute(
        mirror.update()
        .where(mirror.c.system == system, mirror.c.stream == stream, mirror.c.marks.is_not(None))
        .values(marks=None)
    )


def read(tx: Tx, systems: Sequence[str]) -> list[Tally]:
    """All tallies of these systems, without those that nobody is counted in any more."""
    found = tx.execute(
        sa.select(
            tallies.c.system, tallies.c.stream, cursors.c.kind, tallies.c.marks, tallies.c.records
        )
        .join(
            cursors,
            sa.and_(cursors.c.system == tallies.c.system, cursors.c.stream == tallies.c.stream),
        )
        .where(tallies.c.system.in_(systems), tallies.c.records != 0)
        .order_by(tallies.c.system, tallies.c.stream, tallies.c.marks)
    )
    return [Tally(*row) for row in found]
