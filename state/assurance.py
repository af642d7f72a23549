"""Whether the suppression list may be relied on now: what speaks against letting a list go.

Fail closed: a system that was not read to its end lately, opt-outs that have not been carried to a
person's other numbers, a comparison that is missing, old or red, a chain that breaks.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

import sqlalchemy as sa

from state import acts, ledger, positions, reach
from state.ledger import Head
from state.store import Tx
from state.tables import cursors, mirror, verifications
from state.tables import ledger as entries

AUDITED: Final = "audited"
_GOOD: Final = frozenset({"green", "repaired"})


@dataclass(frozen=True, slots=True)
class Gap:
    """One thing that speaks against it: texts `assurance.<code>`; `system` is empty for the list."""

    code: str
    system: str = ""


def gaps(
    tx: Tx, systems: Collection[str], now: datetime, read: timedelta, compared: timedelta
) -> list[Gap]:
    """All that speaks against it; empty when the list may be relied on."""
    return [
        *_broken(tx),
        *_waiting(tx),
        *(gap for system in systems for gap in _reading(tx, system, now - read)),
        *(gap for system in systems for gap in _comparing(tx, system, now - compared)),
    ]


def _broken(tx: Tx) -> Iterator[Gap]:
    """What came since the last look is followed; the acts are few."""
    if followed(tx) is None or acts.problems(tx)[1]:
        yield Gap("broken")


def followed(tx: Tx) -> Head | None:
    """The end of the ledger when all that came since the last look follows on; None when not."""
    start = _audited(tx)
    if start is None:
        return None
    found = ledger.verify(tx, start=start)
    return None if found.problems else found.head


def _audited(tx: Tx) -> Head | None:
    """The entry up to which the last audit found all well; None when it is not there any more."""
    seq = positions.position(tx, AUDITED)
    if not seq:
        return ledger.BEGINNING
    found = tx.execute(sa.select(entries.c.chain).where(entries.c.seq == seq)).scalar_one_or_none()
    return None if found is None else Head(seq, bytes(found))


def audited(tx: Tx, last: Head) -> None:
    """Note that all up to here was found well."""
    positions.move(tx, AUDITED, last.seq)


def _waiting(tx: Tx) -> Iterator[Gap]:
    undecided = sa.select(mirror.c.rid).where(mirror.c.decided_with.is_(None)).limit(1)
    if reach.pending(tx) or tx.execute(undecided).first() is not None:
        yield Gap("not_carried")


def _reading(tx: Tx, system: str, since: datetime) -> Iterator[Gap]:
    rows = tx.execute(
        sa.select(cursors.c.complete, cursors.c.moved_at, cursors.c.compared_at).where(
            cursors.c.system == system
        )
    ).all()
    if not rows:
        yield Gap("never_read", system)
    elif not all(row.complete for row in rows):
        yield Gap("half_read", system)
    elif any(max(filter(None, row[1:]), default=since) <= since for row in rows):
        yield Gap("read_long_ago", system)


def _comparing(tx: Tx, system: str, since: datetime) -> Iterator[Gap]:
    row = tx.execute(
        sa.select(verifications.c.verdict, verifications.c.at)
        .where(verifications.c.system == system)
        .order_by(verifications.c.vid.desc())
        .limit(1)
    ).one_or_none()
    if row is None:
        yield Gap("never_compared", system)
    elif row.verdict not in _GOOD:
        yield Gap("not_agreeing", system)
    elif row.at <= since:
        yield Gap("compared_long_ago", system)
