"""An unusual mass of opt-outs from outside: all of them count at once, and somebody is told.

A flood may be a competitor at the form, a program gone mad, or a mail that made people angry. No
opt-out is refused for it; a person looks.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Final

import sqlalchemy as sa

from rules.alarms import Level
from state import alerts
from state.ledger import head
from state.store import Tx
from state.tables import ledger

if TYPE_CHECKING:
    from sync.app import App

BURST: Final = "burst"
WATCHED: Final = frozenset({"api", "form", "mail"})
"""The doors that open to the outside."""
_HOUR: Final = timedelta(hours=1)
_LOOK_BACK: Final = 20
"""So many times the limit of newest entries are looked at: what else comes in meanwhile is counted
out, at a bounded price."""


def watch(tx: Tx, app: App, systems: Collection[str], now: datetime) -> None:
    """Raise the alarm for each of these doors through which too much came within the hour; end it
    where it has calmed down. In the transaction that records."""
    most = app.settings.alarms.burst_an_hour
    for system in WATCHED.intersection(systems):
        came = _came(tx, system, now - _HOUR, most)
        if came <= most:
            alerts.ended(tx, BURST, [(system, system)], now)
            continue
        alerts.raised(
            tx,
            BURST,
            system=system,
            subject=system,
            level=Level.WARNING,
            details={"count": came, "what": system},
            now=now,
        )


def _came(tx: Tx, system: str, since: datetime, most: int) -> int:
    newest = ledger.c.seq > head(tx).seq - most * _LOOK_BACK
    mine = sa.and_(newest, ledger.c.system == system, ledger.c.heard_at > since)
    return int(tx.execute(sa.select(sa.func.count()).where(mine)).scalar_one())
