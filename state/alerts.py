"""Alarms and whom they were told: kept until they are delivered, repeated until they are answered.

An alarm is raised in the transaction that found its cause. Sending happens outside of any: `claim`
takes what is due, `sent` and `failed` say what came of it; a process that dies in between leaves
the alarm due again after `CLAIM`.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

import sqlalchemy as sa

from rules.alarms import CLAIM, NEVER_HELD, Level, Receiver, first_due, retry_after
from state.store import Tx
from state.tables import alert_sends, alerts

OPEN: Final = "open"
ACKNOWLEDGED: Final = "acknowledged"
OVER: Final = "over"
MOST_AT_ONCE: Final = 1000


@dataclass(frozen=True, slots=True)
class Alert:
    """One alarm. `details` hold nothing that may not leave the house. `sent` counts by receiver."""

    alert: int
    code: str
    system: str
    subject: str
    level: Level
    details: Mapping[str, Any]
    state: str
    raised_at: datetime
    sent: Mapping[str, int]
    failed: Mapping[str, int]


def raised(
    tx: Tx,
    code: str,
    *,
    system: str,
    subject: str,
    level: Level,
    details: Mapping[str, Any],
    now: datetime,
) -> int | None:
    """Raise an alarm; None when one about the same stands open already, which takes the details."""
    same = _open(code, system, subject)
    row = {"details": dict(details)}
    if tx.execute(sa.update(alerts).where(same).values(row)).rowcount:
        return None
    values = {"code": code, "system": system, "subject": subject, "level": level.value}
    done = tx.execute(sa.insert(alerts).values(**values, **row, state=OPEN, raised_at=now))
    return int(done.inserted_primary_key[0])  # type: ignore[index]


def _open(code: str, system: str, subject: str) -> sa.ColumnElement[bool]:
    return sa.and_(
        alerts.c.state == OPEN,
        alerts.c.code == code,
        alerts.c.system == system,
        alerts.c.subject == subject,
    )


def ended(
    tx: Tx, code: str, subjects: Collection[tuple[str, str]], now: datetime, state: str = OVER
) -> int:
    """Close the open alarms about these (system, subject): their cause is gone, or answered for."""
    done = 0
    for system, subject in subjects:
        over = sa.update(alerts).where(_open(code, system, subject))
        done += tx.execute(over.values(state=state, ended_at=now)).rowcount
    return done


def open_subjects(tx: Tx, code: str) -> set[tuple[str, str]]:
    """(system, subject) of the open alarms of a kind."""
    query = sa.select(alerts.c.system, alerts.c.subject)
    return {
        tuple(row) for row in tx.execute(query.where(alerts.c.state == OPEN, alerts.c.code == code))
    }


def count_open(tx: Tx) -> dict[str, int]:
    """How many open alarms there are of each kind."""
    query = sa.select(alerts.c.code, sa.func.count()).where(alerts.c.state == OPEN)
    return {row[0]: int(row[1]) for row in tx.execute(query.group_by(alerts.c.code))}


def count_by_system(tx: Tx) -> dict[str, int]:
    """How many open alarms each system has; those of none under an empty name."""
    query = sa.select(alerts.c.system, sa.func.count()).where(alerts.c.state == OPEN)
    return {row[0]: int(row[1]) for row in tx.execute(query.group_by(alerts.c.system))}


# --- sending ---------------------------------------------------------------------------------


def claim(tx: Tx, receiver: Receiver, now: datetime) -> list[Alert]:
    """The alarms that are due for a receiver, oldest first; others leave them alone for a while.
    What quiet hours hold back is due once they end, all of it at once."""
    _address(tx, receiver)
    due = sa.and_(
        alert_sends.c.receiver == receiver.name,
        alert_sends.c.due_at <= now,
        alerts.c.state == OPEN,
    )
    if receiver.rests(now):
        # What could not be told before they began goes on.
        due &= alerts.c.code.in_(NEVER_HELD) | (alert_sends.c.failed > 0)
    numbers = list(
        tx.execute(
            sa.select(alerts.c.alert)
            .join(alert_sends, alert_sends.c.alert == alerts.c.alert)
            .where(due)
            .order_by(alerts.c.alert)
            .limit(MOST_AT_ONCE)
        ).scalars()
    )
    _move(tx, receiver, numbers, due_at=now + CLAIM)
    return of_numbers(tx, numbers)


def _address(tx: Tx, receiver: Receiver) -> None:
    """Open alarms that a receiver has not been put down for: new alarms, or a new receiver."""
    there = sa.exists().where(
        alert_sends.c.alert == alerts.c.alert, alert_sends.c.receiver == receiver.name
    )
    query = sa.select(alerts.c.alert, alerts.c.level, alerts.c.raised_at).where(
        alerts.c.state == OPEN, ~there
    )
    rows = [
        {
            "alert": row.alert,
            "receiver": receiver.name,
            "sent": 0,
            "failed": 0,
            "due_at": first_due(receiver, row.raised_at) if hears else None,
        }
        for row in tx.execute(query)
        for hears in [receiver.hears(Level(row.level))]
    ]
    if rows:
        tx.execute(sa.insert(alert_sends), rows)


def sent(tx: Tx, receiver: Receiver, numbers: Sequence[int], now: datetime) -> None:
    """These were told; they come again after a while, unless somebody answers for them."""
    values = {"sent": alert_sends.c.sent + 1, "failed": 0, "sent_at": now}
    _move(tx, receiver, numbers, **values, due_at=now + receiver.repeat)


def failed(tx: Tx, receiver: Receiver, found: Sequence[Alert], now: datetime) -> None:
    """These could not be told: tried again soon, then less and less often, never given up."""
    most = max((one.failed.get(receiver.name, 0) for one in found), default=0) + 1
    numbers = [one.alert for one in found]
    _move(tx, receiver, numbers, failed=most, due_at=now + retry_after(most))


def _move(tx: Tx, receiver: Receiver, numbers: Sequence[int], **values: Any) -> None:
    for start in range(0, len(numbers), 500):
        these = alert_sends.c.alert.in_(numbers[start : start + 500])
        mine = alert_sends.c.receiver == receiver.name
        tx.execute(sa.update(alert_sends).where(these, mine).values(**values))


# --- reading ---------------------------------------------------------------------------------


def of_numbers(tx: Tx, numbers: Sequence[int]) -> list[Alert]:
    """Alarms by their numbers, oldest first."""
    found = []
    for start in range(0, len(numbers), 500):
        these = alerts.c.alert.in_(numbers[start : start + 500])
        found += list(tx.execute(sa.select(alerts).where(these).order_by(alerts.c.alert)))
    return _with_sends(tx, found)


def listed(tx: Tx, states: Collection[str], limit: int) -> list[Alert]:
    """The newest first."""
    query = sa.select(alerts).where(alerts.c.state.in_(list(states)))
    return _with_sends(tx, list(tx.execute(query.order_by(alerts.c.alert.desc()).limit(limit))))


def undelivered(tx: Tx) -> int:
    """How many open alarms wait for a receiver who could not be reached."""
    query = (
        sa.select(sa.func.count(sa.distinct(alerts.c.alert)))
        .join(alert_sends, alert_sends.c.alert == alerts.c.alert)
        .where(alerts.c.state == OPEN, alert_sends.c.failed > 0)
    )
    return int(tx.execute(query).scalar_one())


def _with_sends(tx: Tx, rows: Sequence[Any]) -> list[Alert]:
    told: dict[int, list[Any]] = {}
    numbers = [row.alert for row in rows]
    for start in range(0, len(numbers), 500):
        these = alert_sends.c.alert.in_(numbers[start : start + 500])
        for row in tx.execute(sa.select(alert_sends).where(these)):
            told.setdefault(row.alert, []).append(row)
    return [
        Alert(
            alert=row.alert,
            code=row.code,
            system=row.system,
            subject=row.subject,
            level=Level(row.level),
            details=row.details,
            state=row.state,
            raised_at=row.raised_at,
            sent={one.receiver: one.sent for one in told.get(row.alert, ())},
            failed={one.receiver: one.failed for one in told.get(row.alert, ()) if one.failed},
        )
        for row in rows
    ]
