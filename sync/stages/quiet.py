"""Silence is an alarm: a system that has gone quiet, opt-outs that do not reach it, a webhook that
was switched off. Each alarm ends by itself when its cause does."""

from __future__ import annotations

import contextlib
from collections.abc import Collection, Mapping
from datetime import date, datetime, time, timedelta
from typing import Any, Final

from connectors.hooks import Hears
from rules.alarms import Level
from rules.errors import RingrenError
from rules.silence import WEEKS, quiet
from rules.spans import COPENHAGEN
from state import alerts, attempts, heard
from state.store import Tx
from sync.app import App

QUIET: Final = "quiet"
DELIVERY_OLD: Final = "delivery_old"
WEBHOOK_OFF: Final = "webhook_off"
CALLS: Final = "calls"
OPT_OUTS: Final = "opt_outs"
_MARGIN: Final = 4

Said = dict[tuple[str, str], dict[str, Any]]
"""(system, subject) -> what an alarm about it says."""


def look(tx: Tx, app: App, now: datetime, *, history: bool) -> None:
    """Raise what is new and end what is over. `history`: also go through what each system told on
    each day, which is worth doing once a day."""
    settle(tx, DELIVERY_OLD, _old_deliveries(tx, app, now), now, app.chosen)
    if history and app.settings.alarms.quiet:
        settle(tx, QUIET, _gone_quiet(tx, app, now), now)


def settle(
    tx: Tx, code: str, found: Said, now: datetime, systems: Collection[str] | None = None
) -> None:
    """These are what is wrong now, and nothing else of this kind is, in these systems or anywhere."""
    there = alerts.open_subjects(tx, code) - found.keys()
    over = {one for one in there if systems is None or one[0] in systems}
    alerts.ended(tx, code, over, now)
    for (system, subject), details in found.items():
        level = Level.WARNING
        alerts.raised(
            tx, code, system=system, subject=subject, level=level, details=details, now=now
        )


def hooks(app: App) -> Mapping[str, bool]:
    """By system that is to be sent messages: whether it is sent none any more. Asks the systems."""
    found = {}
    for name in app.chosen:
        connector = app.systems[name]
        with contextlib.suppress(RingrenError):
            off = connector.hook_is_off() if isinstance(connector, Hears) else None
            if off is not None:
                found[name] = off
    return found


def webhook(tx: Tx, system: str, now: datetime, *, off: bool) -> None:
    """What a connector knows of its vendor's messages to us: switched off, or on again."""
    if off:
        alerts.raised(
            tx, WEBHOOK_OFF, system=system, subject="", level=Level.WARNING, details={}, now=now
        )
    else:
        alerts.ended(tx, WEBHOOK_OFF, [(system, "")], now)


def _old_deliveries(tx: Tx, app: App, now: datetime) -> Said:
    hours = app.settings.alarms.delivery_hours
    able = [name for name in app.chosen if app.can_block(name) or name in app.keeping]
    waiting = heard.waiting_since(tx, now - timedelta(hours=hours), able)
    return {(name, ""): {"count": count, "hours": hours} for name, count in waiting.items()}


def _gone_quiet(tx: Tx, app: App, now: datetime) -> Said:
    today = now.astimezone(COPENHAGEN).date()
    begin = today - timedelta(weeks=2 * WEEKS + _MARGIN)
    told: Mapping[str, Mapping[str, Mapping[date, int]]] = {
        CALLS: attempts.by_day(tx, begin),
        OPT_OUTS: heard.opt_outs_by_day(tx, datetime.combine(begin, time(), COPENHAGEN)),
    }
    found: Said = {}
    for what, systems in told.items():
        for name in systems.keys() & app.systems.keys():
            # Today is not over.
            if gone := quiet(systems[name], today - timedelta(days=1)):
                found[name, what] = {
                    "what": what,
                    "since": gone.since.isoformat(),
                    "expected": gone.expected,
                }
    return found
