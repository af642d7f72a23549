"""What people said of pairs of records: that two are one, or that they are not; in the chain of acts.

A label is a proposal by a named person. Nothing is merged by it; the last one about a pair counts.
"""

from __future__ import annotations

from datetime import datetime
from typing import Final, NamedTuple

import sqlalchemy as sa

from rules.refine.pairs import Verdict
from state import acts
from state.store import Tx
from state.tables import acts as table

ACT: Final = "double.proposed"
_PAGE: Final = 2000


class Label(NamedTuple):
    """What was said of two records, the one with the lower number first."""

    rids: tuple[int, int]
    verdict: Verdict
    by: str
    at: datetime
    confidence: str


def propose(tx: Tx, label: Label, *, login: str, file: str) -> None:
    """Note what somebody said."""
    low, high = sorted(label.rids)
    details = {"verdict": label.verdict.value, "confidence": label.confidence, "file": file}
    acts.record(
        tx, ACT, f"pair {low} {high}", by=label.by, login=login, at=label.at, details=details
    )


def standing(tx: Tx) -> dict[tuple[int, int], Label]:
    """The last label of each pair, in the order in which pairs were first spoken of; those that were
    erased are left out."""
    found: dict[tuple[int, int], Label] = {}
    after = 0
    while rows := tx.execute(
        sa.select(table)
        .where(table.c.act == ACT, table.c.seq > after, table.c.payload.is_not(None))
        .order_by(table.c.seq)
        .limit(_PAGE)
    ).all():
        for row in rows:
            one = acts.read(row)
            _, low, high = one.about.split()
            rids = (int(low), int(high))
            verdict = Verdict(one.details["verdict"])
            found[rids] = Label(rids, verdict, one.by, one.at, one.details["confidence"])
        after = rows[-1].seq
    return found
