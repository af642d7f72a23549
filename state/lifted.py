"""Flags of ours that a lift or a correction has left behind, until they are taken off.

Who may have such a flag is noted once for each new lift, as a finding: what waits is seen by people,
and survives whatever happens to the pass that would take it off.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from datetime import datetime
from typing import Final

import sqlalchemy as sa

from rules.changes import Change, Finding, Severity
from rules.flags import LIFTED, RULE
from rules.suppression import EventType
from state import findings, history, mirror
from state.findings import Judged
from state.history import Written
from state.ledger import head
from state.ledger_rows import chunks, entries
from state.positions import move, position
from state.reach import about
from state.store import Tx
from state.tables import findings as table
from state.tables import ledger
from state.telling import reached

WAITS: Final = "flag_to_take_off"
STAYS: Final = "flag_left_after_lift"
ORIGIN: Final = "lift"
_POSITION: Final = "untell"
_ENDING: Final = (EventType.LIFT.value, EventType.CORRECTION.value)


def is_behind(tx: Tx) -> bool:
    """Whether entries came in of which it was not looked whether they end anything."""
    return head(tx).seq != position(tx, _POSITION)


def note(tx: Tx, now: datetime) -> None:
    """Note the records on which a flag of ours stands that a new lift or correction is about."""
    after, last = position(tx, _POSITION), head(tx).seq
    new = entries(tx, sa.and_(ledger.c.seq > after, ledger.c.event_type.in_(_ENDING)))
    roots = [one.event.root for one in new if one.event.root]
    for some in chunks(reached(tx, about(tx, roots)) if roots else ()):
        ours = of_ours(tx, some)
        for rid, row in mirror.held(tx, [rid for rid in some if ours.get(rid)]).items():
            found = (Finding(WAITS, Severity.NOTICE),)
            judged = [Judged(rid, row.record.place, found)]
            findings.replace(
                tx, row.record.ref.system, row.stream, ORIGIN, judged, now, fresh=False
            )
    move(tx, _POSITION, last)


def waiting(tx: Tx, system: str, stream: str, limit: int) -> list[int]:
    """The records of a stream that wait, oldest first."""
    query = (
        sa.select(table.c.rid)
        .where(
            table.c.system == system,
            table.c.stream == stream,
            table.c.origin == ORIGIN,
            table.c.code == WAITS,
            table.c.gone_at.is_(None),
        )
        .order_by(table.c.fid)
        .limit(limit)
    )
    return [rid for rid in tx.execute(query).scalars() if rid is not None]


def of_ours(tx: Tx, rids: Collection[int]) -> dict[int, dict[str, Change]]:
    """Record -> the fields that we wrote last as flags, by the change that did.

    A field that anybody had us change since, or that we have taken off, is not among them.
    """
    return {rid: _flags(rows) for rid, rows in history.of_records(tx, list(rids)).items()}


def _flags(rows: Iterable[Written]) -> dict[str, Change]:
    found: dict[str, Change] = {}
    for one in sorted(rows, key=lambda row: row.cid):
        for change in one.changes:
            if change.rule == RULE and one.undone_by is None:
                first = found.get(change.field)
                found[change.field] = change._replace(old=first.old if first else change.old)
            else:
                found.pop(change.field, None)
    return {name: change for name, change in found.items() if change.rule != LIFTED}
