"""What happened in a span of time, counted: opt-outs, forbidden contacts, repairs.

`first` and `until` are moments: the beginning is in, the end is not.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import datetime

import orjson
import sqlalchemy as sa

from rules.suppression import EventType
from state.store import Tx
from state.tables import history, ledger, violations

_PAGE = 2000


@dataclass(frozen=True, slots=True)
class Repaired:
    """Fields by the rule that changed them, the records that they belong to, and those of them that
    were put back since."""

    by_rule: Counter[str]
    records: int
    taken_back: int


def heard(tx: Tx, first: datetime, until: datetime) -> Counter[EventType]:
    """Entries of the ledger by type."""
    rows = tx.execute(
        sa.select(ledger.c.event_type, sa.func.count())
        .where(ledger.c.heard_at >= first, ledger.c.heard_at < until)
        .group_by(ledger.c.event_type)
    )
    return Counter({EventType(kind): int(number) for kind, number in rows})


def forbidden(tx: Tx, first: datetime, until: datetime) -> Counter[tuple[str, str]]:
    """(verdict, state) of the contacts that were found in that time."""
    rows = tx.execute(
        sa.select(violations.c.verdict, violations.c.state, sa.func.count())
        .where(violations.c.found_at >= first, violations.c.found_at < until)
        .group_by(violations.c.verdict, violations.c.state)
    )
    return Counter({(verdict, state): int(number) for verdict, state, number in rows})


def repaired(tx: Tx, first: datetime, until: datetime) -> Repaired:
    """What was written, but for what took something back."""
    by_rule: Counter[str] = Counter()
    taken_back = 0
    records: set[int] = set()
    rows = tx.execute(
        sa.select(history.c.rid, history.c.changes, history.c.undone_by).where(
            history.c.applied_at >= first, history.c.applied_at < until, history.c.undoes.is_(None)
        ),
        execution_options={"yield_per": _PAGE},
    )
    for rid, text, undone_by in rows:
        records.add(rid)
        taken_back += undone_by is not None
        by_rule.update(one[3] for one in orjson.loads(text))
    return Repaired(by_rule, len(records), taken_back)
