"""What people decided about findings: that they are right as they stand, or wait until a day.

Who decided, when and why stands in the chain of acts; a finding names the act. A decision holds as
long as the finding says what it said: once it says something else, or went and came back, it is open
again (`state.findings.replace`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa

from rules.checks.notes import PROPOSED
from state.store import Tx, among
from state.tables import findings


@dataclass(frozen=True, slots=True)
class Chosen:
    """Which findings: those of the codes, and those of the numbers; of these only the ones that fit
    the rest. Empty: none; None: any."""

    codes: Sequence[str] = ()
    numbers: Sequence[int] = ()
    severity: str | None = None
    field: str | None = None
    stream: str | None = None


def count(tx: Tx, chosen: Chosen, *, decided: bool) -> int:
    """How many of them are there that are open, or decided."""
    return int(
        tx.execute(
            sa.select(sa.func.count()).select_from(findings).where(_these(tx, chosen, decided))
        ).scalar_one()
    )


def records(tx: Tx, chosen: Chosen, *, decided: bool) -> list[int | None]:
    """The records that they are about, two at most: enough to know whether it is one."""
    query = sa.select(findings.c.rid).where(_these(tx, chosen, decided)).distinct().limit(2)
    return list(tx.execute(query).scalars())


def decide(tx: Tx, chosen: Chosen, act: int, opens_at: datetime | None) -> int:
    """Those that are open wait no more, because of this act; gives how many."""
    done = sa.update(findings).where(_these(tx, chosen, decided=False))
    return tx.execute(done.values(decision=act, opens_at=opens_at)).rowcount


def reopen(tx: Tx, chosen: Chosen) -> int:
    """Those that were decided are open again; gives how many."""
    done = sa.update(findings).where(_these(tx, chosen, decided=True))
    return tx.execute(done.values(decision=None, opens_at=None)).rowcount


def reopen_due(tx: Tx, now: datetime) -> int:
    """Those whose day has come are open again."""
    due = sa.and_(findings.c.decision.is_not(None), findings.c.opens_at <= now)
    done = sa.update(findings).where(due)
    return tx.execute(done.values(decision=None, opens_at=None)).rowcount


def _these(tx: Tx, chosen: Chosen, decided: bool) -> sa.ColumnElement[bool]:  # noqa: FBT001
    named = sa.or_(
        findings.c.code.in_(chosen.codes), among(tx, findings.c.fid, list(chosen.numbers))
    )
    fitting = [
        column == value
        for column, value in (
            (findings.c.severity, chosen.severity),
            (findings.c.field, chosen.field),
            (findings.c.stream, chosen.stream),
        )
        if value is not None
    ]
    # A consent in a note is answered with a date and a source, or refused: nobody puts it aside.
    named = sa.and_(named, findings.c.code != PROPOSED)
    stands = findings.c.decision.is_not(None) if decided else findings.c.decision.is_(None)
    return sa.and_(named, *fitting, findings.c.gone_at.is_(None), stands)
