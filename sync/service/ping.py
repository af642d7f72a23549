"""The dead man's ping: a word to a service outside, only while all that must run does run.

The service raises the alarm when the word stays away, whatever the reason: a machine without power,
a network that is cut, a service that nobody started, opt-outs that are not passed on. Nothing is said
in it but that it comes; its address is a secret, and is never logged.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Final

from rules.errors import Exit
from state import cursors
from state.store import Tx
from sync.app import App
from sync.service.jobs import JOBS, URGENT, Ended, kind_of, named
from sync.service.status import jobs, stands_still
from sync.systems.doors import need

PING: Final = "ping"
RUN: Final = "run"
MUST: Final = frozenset({RUN, *(one.name for one in JOBS if one.queue == URGENT)} - {PING})
"""The jobs that must run. Alarms are one: when they reach nobody, this is the way left to say so."""


def ping(app: App) -> Ended:
    """Say the word, or hold it back and say why."""
    held = held_by(app)
    if held:
        return Ended(Exit.FAILED, {"message": "job.ping.held", "by": ", ".join(held)})
    status = _send(app)
    if 200 <= status < 300:
        return Ended(Exit.OK)
    return Ended(Exit.FAILED, {"message": "job.ping.refused", "status": status})


def held_by(app: App) -> list[str]:
    """Jobs that do not do their work, and systems that were not read for too long."""
    still = [one.job for one in jobs(app) if kind_of(one.job) in MUST and stands_still(one)]
    with app.store.reading() as tx:
        return [*still, *_unread(tx, app, app.clock())]


def _unread(tx: Tx, app: App, now: datetime) -> Iterator[str]:
    schedule = named(RUN).schedule(app.settings)
    if schedule is None:
        return
    late = timedelta(hours=app.settings.ping.late_hours)
    for system, one in sorted(cursors.readings(tx).items()):
        # A first reading takes as long as it takes.
        known = system in app.systems and one.complete
        if known and one.read_at and schedule.after(one.read_at, one.read_at) + late < now:
            yield system


def _send(app: App) -> int:
    """The status of the answer; TryAgain when there is none."""
    need("ping.not_installed")
    from connectors.session import Line, open_session

    url = app.settings.ping.url
    assert url is not None  # noqa: S101 - without one the job is off
    with open_session(Line(PING, reads=(), shows_path=False)) as session:
        return session.get(url.get_secret_value(), allow_redirects=False).status_code
