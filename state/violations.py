"""Forbidden contacts: found, answered for by a named person, or withdrawn when they were none."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any, Final, NamedTuple

import sqlalchemy as sa

from rules.suppression import Channel
from rules.violation_causes import Cause
from rules.violations import VIOLATIONS, Judgement, Verdict
from state import acts
from state.attempts import Row
from state.store import Tx, among
from state.tables import violations


class State(StrEnum):
    """Where a violation stands."""

    OPEN = "open"
    ACKNOWLEDGED = "acknowledged"
    WITHDRAWN = "withdrawn"


@dataclass(frozen=True, slots=True)
class Violation:
    """One forbidden contact. `number` is masked; `since` is None when nobody knows since when."""

    violation: int
    rid: int
    verdict: Verdict
    cause: Cause
    state: State
    found_at: datetime
    at: datetime
    system: str
    channel: Channel
    ref: str
    number: str
    agent: str
    call_list: str
    events: tuple[str, ...]
    since: datetime | None
    heard_at: datetime


@dataclass(frozen=True, slots=True)
class Judged:
    """An attempt with its class, and why it was made if it is forbidden."""

    row: Row
    judgement: Judgement
    cause: Cause | None = None


class Settled(NamedTuple):
    """What a person must hear of: new ones, and what turned out worse than was answered for.

    `withdrawn` were looked at again, and were none.
    """

    heard: list[Violation]
    withdrawn: list[Violation]


def settle(tx: Tx, found: Sequence[Judged], now: datetime) -> Settled:
    """Hold new judgements against what is written."""
    known = _of_rids(tx, [one.row.rid for one in found])
    heard: list[int] = []
    withdrawn: list[int] = []
    for one in found:
        old = known.get(one.row.rid)
        if one.judgement.verdict not in VIOLATIONS:
            if old is not None and old.state != State.WITHDRAWN:
                _set(tx, old.violation, {"state": State.WITHDRAWN.value})
                withdrawn.append(old.violation)
            continue
        values = _values(one)
        if old is None:
            row = {**values, "rid": one.row.rid, "found_at": now, "state": State.OPEN.value}
            done = tx.execute(sa.insert(violations).values(row))
            heard.append(done.inserted_primary_key[0])  # type: ignore[index]
        elif _is_news(old, one.judgement.verdict):
            _set(tx, old.violation, values | {"state": State.OPEN.value})
            heard.append(old.violation)
        elif old.verdict != one.judgement.verdict.value:
            _set(tx, old.violation, values)
    return Settled(_all(tx, heard), _all(tx, withdrawn))


def _all(tx: Tx, idents: Sequence[int]) -> list[Violation]:
    rows = (get(tx, ident) for ident in idents)
    return [row for row in rows if row is not None]


def _is_news(old: Any, verdict: Verdict) -> bool:
    worse = VIOLATIONS.index(verdict) < VIOLATIONS.index(Verdict(old.verdict))
    return bool(old.state == State.WITHDRAWN or worse)


def _values(one: Judged) -> dict[str, Any]:
    row, judged = one.row, one.judgement
    assert one.cause is not None and row.span  # noqa: S101, PT018
    return {
        "verdict": judged.verdict.value,
        "cause": one.cause.value,
        "at": row.span.start,
        "system": row.system,
        "channel": row.channel.value,
        "ref": row.ref,
        "number": masked(row.numbers[0]) if row.numbers else "",
        "agent": row.agent or None,
        "call_list": row.call_list,
        "events": [event.event_id for event in judged.by],
        "since": judged.since,
        # A register whose issues are gone by now speaks of calls that were found before.
        "heard_at": judged.heard_at or row.seen_at,
    }


def masked(number: str) -> str:
    """A number, or an address, as it may be shown where it is not needed: its ends."""
    local, at, domain = number.rpartition("@")
    if at:
        return f"{local[:1]}•••@{domain}"
    return f"{number[:-6]}••••{number[-2:]}"


def _set(tx: Tx, ident: int, values: dict[str, Any]) -> None:
    tx.execute(sa.update(violations).where(violations.c.violation == ident).values(values))


def _of_rids(tx: Tx, rids: Collection[int]) -> dict[int, Any]:
    query = sa.select(violations).where(among(tx, violations.c.rid, list(rids)))
    return {row.rid: row for row in tx.execute(query)} if rids else {}


# --- reading ---------------------------------------------------------------------------------


def get(tx: Tx, ident: int) -> Violation | None:
    """One violation, None when there is none of that number."""
    query = sa.select(violations).where(violations.c.violation == ident)
    row = tx.execute(query).one_or_none()
    return None if row is None else _violation(row)


def listed(
    tx: Tx, states: Collection[State], verdicts: Collection[Verdict], limit: int
) -> list[Violation]:
    """The worst first, of these the newest call first."""
    worst = sa.case(
        {one.value: order for order, one in enumerate(VIOLATIONS)}, value=violations.c.verdict
    )
    query = (
        sa.select(violations)
        .where(
            violations.c.state.in_([one.value for one in states]),
            violations.c.verdict.in_([one.value for one in verdicts]),
        )
        .order_by(worst, violations.c.at.desc(), violations.c.violation.desc())
        .limit(limit)
    )
    return [_violation(row) for row in tx.execute(query)]


def counts(tx: Tx) -> dict[State, dict[Verdict, int]]:
    """How many are in which state, by class."""
    query = sa.select(violations.c.state, violations.c.verdict, sa.func.count()).group_by(
        violations.c.state, violations.c.verdict
    )
    found: dict[State, dict[Verdict, int]] = {}
    for state, verdict, number in tx.execute(query):
        found.setdefault(State(state), {})[Verdict(verdict)] = number
    return found


def found_since(tx: Tx, moment: datetime) -> int:
    """How many were found from that moment on."""
    query = sa.select(sa.func.count()).where(violations.c.found_at >= moment)
    return int(tx.execute(query).scalar_one())


def _violation(row: Any) -> Violation:
    return Violation(
        violation=row.violation,
        rid=row.rid,
        verdict=Verdict(row.verdict),
        cause=Cause(row.cause),
        state=State(row.state),
        found_at=row.found_at,
        at=row.at,
        system=row.system,
        channel=Channel(row.channel),
        ref=row.ref,
        number=row.number,
        agent=row.agent or "",
        call_list=row.call_list or "",
        events=tuple(row.events),
        since=row.since,
        heard_at=row.heard_at,
    )


# --- answering -------------------------------------------------------------------------------

ACKNOWLEDGED: Final = "violation.acknowledged"


def acknowledge(
    tx: Tx, idents: Collection[int], *, by: str, login: str, reason: str, now: datetime
) -> list[int]:
    """A person answers for these: who and why goes into the chain of acts. Gives those that were
    open; the others stay as they are."""
    open_ones = sa.and_(
        among(tx, violations.c.violation, list(idents)), violations.c.state == State.OPEN.value
    )
    query = sa.select(violations.c.violation).where(open_ones).order_by(violations.c.violation)
    done = list(tx.execute(query).scalars())
    for ident in done:
        _set(tx, ident, {"state": State.ACKNOWLEDGED.value})
        why = {"reason": reason}
        acts.record(tx, ACKNOWLEDGED, about(ident), by=by, login=login, at=now, details=why)
    return done


def about(ident: int) -> str:
    """How the chain of acts names a violation."""
    return f"violation {ident}"
