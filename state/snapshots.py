"""One figure a day for each stream and measure: trends need a past, and `coverage` has none.

    filled.<field>        records that have the field filled     of all live records
    valid.<field>         records where it is valid as well      of those that have it filled
    blocked.<channel>     live records that are blocked          of all live records
    deliveries.<state>    entries of the ledger in that state    of all the system has to hear of
    ledger.<type>         entries of that type                   of all entries (system and stream "")
    figure.<name>         records that meet a key figure         of all it is asked of    (likewise)
    findings.<severity>   open findings                          of all live records      (likewise)

A day's figures are what stood when it was last taken, whoever took it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date

import sqlalchemy as sa

from state import deliveries
from state.blocked import RECORDS as BLOCKED_RECORDS
from state.store import Tx, upserting
from state.tables import blocked, coverage, cursors, ledger, mirror, snapshots


@dataclass(frozen=True, slots=True)
class Figure:
    """`numerator` of `denominator`. Both are kept, because shares cannot be added up."""

    system: str
    stream: str
    measure: str
    numerator: int
    denominator: int

    @property
    def share(self) -> float | None:
        """From 0 to 1; None when there was nothing to have a share of."""
        return self.numerator / self.denominator if self.denominator else None


def take(
    tx: Tx, day: date, more: Sequence[Figure] = (), systems: Sequence[str] | None = None
) -> int:
    """Keep today's figures; gives how many. `day` is the date in Copenhagen.

    `more` are figures that somebody has counted already, of these systems or of all. Doing so again
    replaces them: the last of a day counts.
    """
    rows = [
        {
            "day": day.isoformat(),
            "system": figure.system,
            "stream": figure.stream,
            "measure": figure.measure,
            "numerator": figure.numerator,
            "denominator": figure.denominator,
        }
        for figure in (*current(tx), *more)
    ]
    of_others = sa.and_(
        snapshots.c.measure.in_({figure.measure for figure in more}),
        snapshots.c.system.not_in(["", *(systems or ())]),
    )
    gone = sa.true() if systems is None else sa.not_(of_others)
    tx.execute(sa.delete(snapshots).where(snapshots.c.day == day.isoformat(), gone))
    if rows:
        tx.execute(upserting(tx, snapshots, "numerator", "denominator"), rows)
    return len(rows)


def current(tx: Tx) -> Iterator[Figure]:
    """The figures as they stand now."""
    live = {
        (row.system, row.stream): row.records
        for row in tx.execute(sa.select(cursors.c.system, cursors.c.stream, cursors.c.records))
    }
    yield from _coverage(tx, live)
    yield from _blocked(tx, live)
    yield from _deliveries(tx)
    yield from _ledger(tx)


_Live = dict[tuple[str, str], int]


def _coverage(tx: Tx, live: _Live) -> Iterator[Figure]:
    for row in tx.execute(sa.select(coverage)):
        all_records = live.get((row.system, row.stream), 0)
        where = (row.system, row.stream)
        yield Figure(*where, f"filled.{row.field}", row.filled, all_records)
        yield Figure(*where, f"valid.{row.field}", row.valid, row.filled)


def _blocked(tx: Tx, live: _Live) -> Iterator[Figure]:
    counted = tx.execute(
        sa.select(mirror.c.system, mirror.c.stream, blocked.c.channels, sa.func.count())
        .select_from(BLOCKED_RECORDS)
        .where(mirror.c.deleted_at.is_(None))
        .group_by(mirror.c.system, mirror.c.stream, blocked.c.channels)
    )
    numbers: Counter[tuple[str, str, str]] = Counter()
    for system, stream, channels, number in counted:
        for channel in channels.split(","):
            numbers[system, stream, channel] += number
    for (system, stream, channel), number in sorted(numbers.items()):
        yield Figure(system, stream, f"blocked.{channel}", number, live.get((system, stream), 0))


def _deliveries(tx: Tx) -> Iterator[Figure]:
    for system, states in deliveries.counts(tx).items():
        everything = sum(states.values())
        for state, number in states.items():
            yield Figure(system, "", f"deliveries.{state}", number, everything)


def _ledger(tx: Tx) -> Iterator[Figure]:
    counted = tx.execute(
        sa.select(ledger.c.event_type, sa.func.count()).group_by(ledger.c.event_type)
    ).all()
    everything = sum(number for _, number in counted)
    for event_type, number in counted:
        yield Figure("", "", f"ledger.{event_type}", number, everything)


def trend(
    tx: Tx, measure: str, first: date, last: date, systems: Sequence[str] = ()
) -> dict[date, Figure]:
    """A measure by day, both ends included; added up over the streams of all or some systems.

    `system` and `stream` of the figures are empty. A day on which none was taken is missing.
    """
    query = (
        sa.select(
            snapshots.c.day,
            sa.func.sum(snapshots.c.numerator),
            sa.func.sum(snapshots.c.denominator),
        )
        .where(
            snapshots.c.measure == measure,
            snapshots.c.day.between(first.isoformat(), last.isoformat()),
        )
        .group_by(snapshots.c.day)
        .order_by(snapshots.c.day)
    )
    if systems:
        query = query.where(snapshots.c.system.in_(systems))
    return {
        date.fromisoformat(day): Figure("", "", measure, int(numerator), int(denominator))
        for day, numerator, denominator in tx.execute(query)
    }


def by_measure(
    tx: Tx,
    measures: Sequence[str],
    first: date,
    last: date,
    systems: Sequence[str] | None = None,
) -> dict[str, dict[date, Figure]]:
    """Some measures by day, both ends included, added up over all streams of these systems, or of all."""
    columns = (snapshots.c.measure, snapshots.c.day)
    found: dict[str, dict[date, Figure]] = {measure: {} for measure in measures}
    for measure, day, numerator, denominator in tx.execute(
        sa.select(
            *columns,
            sa.func.sum(snapshots.c.numerator),
            sa.func.sum(snapshots.c.denominator),
        )
        .where(
            snapshots.c.measure.in_(measures),
            snapshots.c.day.between(first.isoformat(), last.isoformat()),
            sa.true() if systems is None else snapshots.c.system.in_(systems),
        )
        .group_by(*columns)
        .order_by(*columns)
    ):
        figure = Figure("", "", measure, int(numerator), int(denominator))
        found[measure][date.fromisoformat(day)] = figure
    return found


def last_day(tx: Tx, first: date, last: date) -> date | None:
    """The newest day between these two, both included, of which figures were kept."""
    days = snapshots.c.day.between(first.isoformat(), last.isoformat())
    found = tx.execute(sa.select(sa.func.max(snapshots.c.day)).where(days)).scalar_one()
    return date.fromisoformat(found) if found else None


def of_day(tx: Tx, day: date) -> list[Figure]:
    """Everything that was kept of a day, by system, stream and measure."""
    found = tx.execute(
        sa.select(snapshots)
        .where(snapshots.c.day == day.isoformat())
        .order_by(snapshots.c.system, snapshots.c.stream, snapshots.c.measure)
    )
    return [
        Figure(row.system, row.stream, row.measure, row.numerator, row.denominator) for row in found
    ]
