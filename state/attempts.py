"""The log of contact attempts, and how each stands against the list (R68, R75).

A row is written in the transaction that takes the call's page into the mirror. It stays when the
record outside is deleted, and ends by a life of its own.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from datetime import date, datetime
from typing import Any, Final, NamedTuple

import sqlalchemy as sa

from rules.attempts import Attempt, Direction
from rules.spans import COPENHAGEN, Span
from rules.suppression import Channel
from rules.violations import Verdict
from state.store import Tx, adding, among, bulk
from state.tables import attempt_days, attempts

NO_DAY: Final = ""


class Row(NamedTuple):
    """An attempt as stored. `numbers` are those of its cell; `digest` finds it by the first of
    them; `person` is the rid of the contact. A list is None when the log knows of none."""

    rid: int
    system: str
    stream: str
    ref: str
    channel: Channel
    span: Span | None
    seconds: int
    direction: Direction
    numbers: tuple[str, ...]
    digest: bytes | None
    person: int | None
    contact: str
    agent: str
    call_list: str | None
    outcome: str
    verdict: Verdict
    seen_at: datetime

    @property
    def day(self) -> str:
        """The day in Denmark on which it began; empty when nobody knows."""
        return day_of(self.span)


def day_of(span: Span | None) -> str:
    """The day in Denmark on which something began, as ISO text."""
    if span is None or span.start is None:
        return NO_DAY
    return span.start.astimezone(COPENHAGEN).date().isoformat()


def row_of(
    rid: int,
    stream: str,
    said: Attempt,
    digest: bytes | None,
    person: int | None,
    seen_at: datetime,
) -> Row:
    """An attempt, as it is to be stored once it is judged. A list is "" when it stands on none."""
    return Row(
        rid=rid,
        system=said.ref.system,
        stream=stream,
        ref=str(said.ref),
        channel=said.channel,
        span=said.span,
        seconds=said.seconds,
        direction=said.direction,
        numbers=tuple(key.value for key in said.numbers),
        digest=digest,
        person=person,
        contact=said.contact,
        agent=said.agent,
        call_list=None if said.by_hand is None else said.call_list,
        outcome=said.outcome,
        verdict=Verdict.LAWFUL,
        seen_at=seen_at,
    )


_COLUMNS: Final = tuple(column.name for column in attempts.c)
_INSERT: Final = sa.insert(attempts).values(
    {name: sa.bindparam(f"b_{name}", type_=attempts.c[name].type) for name in _COLUMNS}
)


def put(tx: Tx, rows: Sequence[Row], *, known: Collection[int] = ()) -> None:
    """Write rows; those of `known` rids replace what stood there. Counts of days follow."""
    if not rows:
        return
    delta: Counter[tuple[str, str, str]] = Counter()
    if known:
        old = of_rids(tx, known)
        for one in old.values():
            delta[one.system, one.day, one.verdict.value] -= 1
        tx.execute(sa.delete(attempts).where(among(tx, attempts.c.rid, list(old))))
    for one in rows:
        delta[one.system, one.day, one.verdict.value] += 1
    bulk(tx, _INSERT, [_values(one) for one in rows])
    _count(tx, delta)


def _values(one: Row) -> tuple[Any, ...]:
    start, end = (one.span.start, one.span.end) if one.span else (None, None)
    return (
        one.rid, one.system, one.stream, one.ref, one.channel.value, start, end, one.seconds,
        one.direction.value, " ".join(one.numbers) or None, one.digest, one.person, one.contact or None,
        one.agent or None, one.call_list, one.outcome or None, one.verdict.value, one.seen_at,
    )  # fmt: skip


def judged_anew(tx: Tx, found: Iterable[tuple[Row, Verdict]]) -> None:
    """Write other classes of attempts that are there."""
    changed = [(row, verdict) for row, verdict in found if row.verdict is not verdict]
    delta: Counter[tuple[str, str, str]] = Counter()
    for row, verdict in changed:
        delta[row.system, row.day, row.verdict.value] -= 1
        delta[row.system, row.day, verdict.value] += 1
    bulk(tx, _JUDGED, [(verdict.value, row.rid) for row, verdict in changed])
    _count(tx, delta)


_JUDGED: Final = (
    sa.update(attempts)
    .where(attempts.c.rid == sa.bindparam("b_rid"))
    .values(verdict=sa.bindparam("b_verdict"))
)


def _count(tx: Tx, delta: Mapping[tuple[str, str, str], int]) -> None:
    rows = [
        {"system": system, "day": day, "verdict": verdict, "attempts": number}
        for (system, day, verdict), number in delta.items()
        if number
    ]
    if rows:
        tx.execute(adding(tx, attempt_days, "attempts"), rows)


# --- reading ---------------------------------------------------------------------------------


def of_rids(tx: Tx, rids: Collection[int]) -> dict[int, Row]:
    """Stored attempts by rid."""
    rows = tx.execute(sa.select(attempts).where(among(tx, attempts.c.rid, list(rids))))
    return {row.rid: _row(row) for row in rows}


def reached(tx: Tx, digests: Collection[bytes], people: Collection[int]) -> list[Row]:
    """The attempts to these numbers and these contacts, in the order in which they were seen."""
    found: dict[int, Row] = {}
    wanted = list(digests)
    for start in range(0, len(wanted), 500):
        some = attempts.c.digest.in_(wanted[start : start + 500])
        found |= {row.rid: _row(row) for row in tx.execute(sa.select(attempts).where(some))}
    if people:
        query = sa.select(attempts).where(among(tx, attempts.c.person, list(people)))
        found |= {row.rid: _row(row) for row in tx.execute(query)}
    return [found[rid] for rid in sorted(found)]


def to_several(tx: Tx, since: datetime | None) -> Iterator[Row]:
    """Mails that went to several addresses, only the first of which finds them; since a moment."""
    query = sa.select(attempts).where(
        attempts.c.channel == Channel.EMAIL.value, attempts.c.number.contains(" ")
    )
    if since is not None:
        query = query.where(attempts.c.at_from >= since)
    yield from map(_row, tx.execute(query.order_by(attempts.c.rid)))


def of_numbers(tx: Tx, digests: Collection[bytes], limit: int) -> list[Row]:
    """The newest attempts to these numbers first."""
    query = sa.select(attempts).where(attempts.c.digest.in_(list(digests)))
    rows = tx.execute(query.order_by(attempts.c.at_from.desc(), attempts.c.rid.desc()).limit(limit))
    return [_row(row) for row in rows]


def count_numbers(tx: Tx, digests: Collection[bytes]) -> int:
    """How many attempts to these numbers there are."""
    query = sa.select(sa.func.count()).where(attempts.c.digest.in_(list(digests)))
    return int(tx.execute(query).scalar_one())


def requests(tx: Tx, digests: Collection[bytes], outcomes: Collection[str]) -> dict[bytes, Any]:
    """Digest -> when whoever has that number called us with one of these outcomes."""
    found: dict[bytes, list[datetime]] = {}
    wanted = list(digests)
    for start in range(0, len(wanted), 500):
        query = sa.select(attempts.c.digest, attempts.c.at_to).where(
            attempts.c.digest.in_(wanted[start : start + 500]),
            attempts.c.direction == Direction.INBOUND.value,
            attempts.c.outcome.in_(list(outcomes)),
            attempts.c.at_to.is_not(None),
        )
        for row in tx.execute(query):
            found.setdefault(row.digest, []).append(row.at_to)
    return found


def counts(tx: Tx) -> dict[Verdict, int]:
    """How many attempts are in each class, whenever they were made."""
    query = sa.select(attempt_days.c.verdict, sa.func.sum(attempt_days.c.attempts)).group_by(
        attempt_days.c.verdict
    )
    found = {verdict: int(number) for verdict, number in tx.execute(query) if number}
    return {verdict: found[verdict.value] for verdict in Verdict if verdict.value in found}


def by_day(tx: Tx, since: date) -> dict[str, dict[date, int]]:
    """System -> day in Denmark -> attempts, from `since` on."""
    query = (
        sa.select(attempt_days.c.system, attempt_days.c.day, sa.func.sum(attempt_days.c.attempts))
        .where(attempt_days.c.day >= since.isoformat())
        .group_by(attempt_days.c.system, attempt_days.c.day)
    )
    found: dict[str, dict[date, int]] = {}
    for system, day, number in tx.execute(query):
        found.setdefault(system, {})[date.fromisoformat(day)] = int(number)
    return found


_VERDICTS: Final = {one.value: one for one in Verdict}
_CHANNELS: Final = {one.value: one for one in Channel}
_DIRECTIONS: Final = {one.value: one for one in Direction}


def _row(row: Any) -> Row:
    return Row(
        rid=row.rid,
        system=row.system,
        stream=row.stream,
        ref=row.ref,
        channel=_CHANNELS[row.channel],
        span=None if row.at_to is None else Span(row.at_from, row.at_to),
        seconds=row.seconds or 0,
        direction=_DIRECTIONS[row.direction],
        numbers=tuple((row.number or "").split()),
        digest=row.digest,
        person=row.person,
        contact=row.contact or "",
        agent=row.agent or "",
        call_list=row.call_list,
        outcome=row.outcome or "",
        verdict=_VERDICTS[row.verdict],
        seen_at=row.seen_at,
    )
