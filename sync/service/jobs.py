"""What the daemon does by itself, as one table. A command, the daemon and a test do the same.

    JOBS      name, what it does, lock, queue, priority, time limit, how often it is tried again
    every     the same with a job for each system, where there are several
    due       when a job is due next, from its schedule and how it stands
    carry_out one run of it, with a note of when it began and how it ended

`lock`: two jobs with the same lock are never at work at once. `queue`: urgent ones have threads of
their own and wait for nobody. When each is due stands in the settings, under [jobs].
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any, Final

import structlog

from rules.errors import Exit, Leaving, RingrenError, UserError
from state import jobs as kept
from state.cursors import LEASE_HELD
from state.jobs import JobState
from state.store import Store, Tx
from sync.app import App, Clock
from sync.facts import Failure
from sync.logs import logger
from sync.masking import mask_entry
from sync.service.far import seen
from sync.service.schedules import At, Schedule, read
from sync.settings import Settings

URGENT: Final = "urgent"
BULK: Final = "bulk"
_WELL: Final = frozenset({Exit.OK, Exit.CHANGES, Exit.VIOLATION})
"""It did its work, whatever it found: what it found is told elsewhere."""
SEEN: Final = timedelta(minutes=1)
"""A job that has nothing to do is begun so often all the same, so that everybody sees it live."""
LOG = logger(__name__)


@dataclass(frozen=True, slots=True)
class Ended:
    """How a run of a job ended; `error` is a text key with its details, None when it went well."""

    exit_code: Exit
    error: Mapping[str, Any] | None = None


@dataclass(frozen=True, slots=True)
class Job:
    """One row. `priority`: of what waits in one queue, the highest goes first. `limit`: at work for longer, it hangs. `tries`: so often it is tried again after a
    failure, `pause` apart, before its next moment. `dry`: it may write to no system. `patience`: so
    many seconds it waits for a list that another job is at work on. `needs`: the section of the
    settings without which it has nothing to do. `rests`: whether there is nothing to do now, for a
    job that is due every few seconds: then it is begun once a minute only, to be seen. `each`: where
    there are several systems there is one for each, so that a slow one holds up no other; `system` is
    then which, and part of its name and lock."""

    name: str
    does: Callable[[App], Ended]
    lock: str
    queue: str
    priority: int
    limit: timedelta
    tries: int = 0
    pause: timedelta = timedelta(minutes=15)
    dry: bool = False
    patience: int = 0
    needs: str = ""
    rests: Callable[[Tx, str], bool] | None = None
    each: bool = False
    system: str = ""

    def at(self, system: str) -> Job:
        """The same for one system alone."""
        own = {"name": f"{self.name}:{system}", "lock": f"{self.lock}:{system}", "system": system}
        return replace(self, **own)  # type: ignore[arg-type]

    @property
    def only(self) -> tuple[str, ...] | None:
        """The systems that it is about; None for all."""
        return (self.system,) if self.system else None

    def schedule(self, settings: Settings) -> Schedule | None:
        """When it is due; None when it is switched off, or what it needs is not there."""
        if self.needs and not getattr(settings, self.needs).is_used:
            return None
        return read(self.when(settings))

    def when(self, settings: Settings) -> str:
        """The same as it is written."""
        return str(getattr(settings.jobs, kind_of(self.name)))


def kind_of(name: str) -> str:
    """The row of a job: `run` of `run:hubspot`."""
    return name.partition(":")[0]


# --- what they do -----------------------------------------------------------------------------


def _ended(code: Exit, failures: Iterable[Failure] = ()) -> Ended:
    """Another pass of ours that holds a list is no failure: it does the same work."""
    wrong = [one for one in failures if one.message != LEASE_HELD and one.exit_code not in _WELL]
    if code in _WELL or (code is Exit.FAILED and failures and not wrong):
        return Ended(code if code in _WELL else Exit.OK)
    if not wrong:
        return Ended(code, {"message": f"job.ended.{code.value}"})
    return Ended(code, {"message": wrong[0].message, **wrong[0].details, "system": wrong[0].system})


def _deliver(app: App) -> Ended:
    from sync.suppression.deliver import tell

    told = tell(app)
    return _ended(told.exit_code, told.failures) if told else Ended(Exit.OK)


def _nothing_new(tx: Tx, system: str) -> bool:
    from state import telling

    return not telling.is_behind(tx, system)


def _poll(app: App) -> Ended:
    from sync.suppression.deliver import deliver

    told = deliver(app, first=False)
    return _ended(told.exit_code, told.failures)


def _mailbox(app: App) -> Ended:
    from sync.suppression.mailbox import read

    read(app)
    return Ended(Exit.OK)


def _alarms(app: App) -> Ended:
    from state import alerts
    from sync.service.alarms import Teller

    Teller(app, app.sends).now()
    with app.store.reading() as tx:
        left = alerts.undelivered(tx)
    return (
        Ended(Exit.FAILED, {"message": "job.alarms.left", "left": left}) if left else Ended(Exit.OK)
    )


def _ping(app: App) -> Ended:
    from sync.service.ping import ping

    return ping(app)


def _run(app: App) -> Ended:
    from sync.run import run

    done = run(app, dry=False)
    return _ended(done.exit_code, done.failures)


def _verify(app: App) -> Ended:
    from sync.suppression.verify import verify

    found = verify(app)
    return _ended(found.exit_code, found.failures)


def _enrich(app: App) -> Ended:
    from sync.enrichment.enriching import enrich
    from sync.stages.asking import Wish

    done, _ = enrich(app, Wish(), dry=False)
    return _ended(done.exit_code, done.failures)


def _reconcile(app: App) -> Ended:
    from sync.systems.reconcile import reconcile

    found = reconcile(app, None, whole=True)
    return _ended(found.exit_code, found.failures)


def _report(app: App) -> Ended:
    from sync.service.daily import write

    write(app)
    return Ended(Exit.OK)


def _coverage(app: App) -> Ended:
    from sync.service.monthly import write

    told = write(app)
    missed = [name for name, arrived in told.items() if not arrived]
    error = {"message": "job.monthly.untold", "names": ", ".join(missed)}
    # Who has it already does not get it again because of somebody else.
    return Ended(Exit.FAILED, error) if missed and len(missed) == len(told) else Ended(Exit.OK)


def _purge(app: App) -> Ended:
    from state.purge import Lifetimes, purge_all

    purge_all(app.store, app.clock(), Lifetimes(**app.settings.purge.model_dump()))
    return Ended(Exit.OK)


def _backup(app: App) -> Ended:
    from sync.upkeep.backups import make

    make(app, None)
    return Ended(Exit.OK)


def _archive(app: App) -> Ended:
    from sync.upkeep.archiving import put_away

    put_away(app, None)
    return Ended(Exit.OK)


_MINUTES = timedelta(minutes=1)
_HOURS = timedelta(hours=1)

JOBS: Final = (
    Job("deliver", _deliver, "deliver", URGENT, 90, 10 * _MINUTES, rests=_nothing_new, each=True),
    Job("poll", _poll, "poll", URGENT, 80, 30 * _MINUTES, each=True),
    Job("mailbox", _mailbox, "mailbox", URGENT, 70, 30 * _MINUTES, needs="mailbox"),
    Job("alarms", _alarms, "alarms", URGENT, 60, 10 * _MINUTES),
    Job("ping", _ping, "ping", URGENT, 55, 5 * _MINUTES, needs="ping"),
    Job("run", _run, "systems", BULK, 50, 24 * _HOURS, patience=60, each=True),
    Job("verify", _verify, "systems", BULK, 40, 12 * _HOURS, tries=3, patience=60, each=True),
    Job("enrich", _enrich, "systems", BULK, 35, 12 * _HOURS, tries=1, patience=60, needs="sources"),
    Job(
        "reconcile",
        _reconcile,
        "systems",
        BULK,
        30,
        24 * _HOURS,
        tries=1,
        dry=True,
        patience=60,
        each=True,
    ),
    Job("report", _report, "house", BULK, 20, _HOURS, tries=3),
    Job("coverage", _coverage, "house", BULK, 15, _HOURS, tries=3),
    Job("purge", _purge, "house", BULK, 10, 4 * _HOURS, tries=3),
    Job("backup", _backup, "backup", BULK, 5, 12 * _HOURS, tries=3, dry=True, needs="backup"),
    Job("archive", _archive, "house", BULK, 4, 4 * _HOURS, tries=3, dry=True, needs="archive"),
)
"""In the order in which they matter: opt-outs first of all."""


def every(settings: Settings, rows: Sequence[Job]) -> list[Job]:
    """All jobs of an installation. Where there is one system, they are called as in `rows`."""
    several = settings.everywhere
    if len(several) < 2:
        return list(rows)
    return [
        job for row in rows for job in ([row.at(name) for name in several] if row.each else [row])
    ]


def named(name: str) -> Job:
    """The job of this name, or the row of all that are called so; UserError when there is none."""
    kind, _, system = name.partition(":")
    found = next((one for one in JOBS if one.name == kind and (one.each or not system)), None)
    if found is None:
        raise UserError("error.no_job", name=name, known=", ".join(one.name for one in JOBS))
    return found.at(system) if system else found


def asked_for(settings: Settings, name: str) -> list[Job]:
    """The jobs that a name stands for: one, or one for each system; UserError when there is none."""
    row = named(name)
    if not row.system:
        return every(settings, [row])
    if row.system not in settings.everywhere:
        known = ", ".join(one.name for one in every(settings, JOBS))
        raise UserError("error.no_job", name=name, known=known)
    return [row]


# --- when they are due ------------------------------------------------------------------------


def due(job: Job, schedule: Schedule, state: JobState, now: datetime) -> datetime:
    """The next moment; one that is past was missed and is made up for, once.

    A job that was never begun: one that comes again and again is due now, one with a time of day
    at the next such time. One that failed is tried again before that, as its row says.
    """
    regular = schedule.after(state.fired_at, now)
    if 0 < state.failures <= job.tries and state.ended_at and isinstance(schedule, At):
        return min(regular, state.ended_at + job.pause)
    return regular


def lateness(job: Job, schedule: Schedule, state: JobState, now: datetime) -> timedelta:
    """How long it has been due without having begun; nothing while it is at work, or may rest."""
    if state.is_begun or state.fired_at is None:
        return timedelta(0)
    may_rest = SEEN if job.rests else timedelta(0)
    return max(now - schedule.after(state.fired_at, state.fired_at) - may_rest, timedelta(0))


def may_rest(job: Job, tx: Tx, now: datetime) -> bool:
    """Whether it may be left out now: there is nothing to do, and it was begun a moment ago."""
    if job.rests is None:
        return False
    begun = kept.of(tx, job.name).begun_at
    return bool(begun and timedelta(0) <= now - begun < SEEN and job.rests(tx, job.system))


# --- one run ----------------------------------------------------------------------------------

Opens = Callable[[Job], AbstractContextManager[App]]
Crashed = Callable[[Exception], object]


def carry_out(
    job: Job, store: Store, opens: Opens, clock: Clock, holder: str, crashed: Crashed
) -> Ended:
    """Do it once, and keep how it ended; errors end here. Leaving when it was asked to stop.

    `opens` gives an app for the run; `crashed` is told of an error that nobody expected.
    """
    fired = clock()
    with store.transaction() as tx:
        kept.begin(tx, job.name, holder, fired, fired)
    try:
        with (
            structlog.contextvars.bound_contextvars(job=job.name),
            opens(job) as app,
            seen(app, store, job.name, holder),
        ):
            ended = job.does(app)
    except Leaving:
        with store.transaction() as tx:
            kept.leave(tx, job.name, holder, clock())
        raise
    except RingrenError as error:
        ended = Ended(error.exit_code, {"message": error.message, **error.details})
        if error.exit_code is Exit.BUG:
            crashed(error)
    except Exception as error:  # noqa: BLE001 - no job may end the daemon
        crashed(error)
        ended = Ended(Exit.BUG, {"message": "error.bug", "kind": type(error).__name__})
    _note(job, store, holder, ended, clock(), fired)
    return ended


def _note(
    job: Job, store: Store, holder: str, ended: Ended, now: datetime, fired: datetime
) -> None:
    error = None
    if ended.error:
        error = mask_entry({k: v for k, v in ended.error.items() if k != "message"})
        error["message"] = ended.error["message"]
        LOG.warning("job failed", job=job.name, exit_code=ended.exit_code.name, **_why(ended))
    with store.transaction() as tx:
        kept.end(tx, job.name, holder, now, fired, exit_code=ended.exit_code, error=error)


def _why(ended: Ended) -> dict[str, Any]:
    return {"why": (ended.error or {}).get("message", "")}
