"""`sync jobs` and `sync status`: how each job stands, and whether all is well, for people and monitors."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import IntEnum
from typing import Any, Final

from rules.violations import Verdict
from state import alerts, queue, violations
from state import jobs as kept
from state.jobs import JobState
from state.store import Tx
from state.violations import State
from sync.app import App
from sync.listings import width
from sync.output import duration, moment, number, printable, share, table
from sync.progress import BYTES
from sync.service import daemon, schedules
from sync.service.daemon import Standing
from sync.service.far import Far
from sync.service.jobs import JOBS, URGENT, Job, due, every, kind_of, lateness
from sync.texts import Texts

SLACK: Final = timedelta(minutes=15)
"""So late an urgent job may be, and so often it may fail, before it is critical."""
MOST_FAILURES: Final = 3
HOUR: Final = timedelta(hours=1)
SHARED: Final = Standing(0, "")
"""Several processes share the jobs."""


STATES: Final = ("off", "new", "well", "failed", "working", "hangs", "broken")
"""How a job may stand: switched off, never begun, …, killed at its work."""


class Level(IntEnum):
    """The exit codes of `sync status`: what monitoring plug-ins expect."""

    OK = 0
    WARNING = 1
    CRITICAL = 2
    UNKNOWN = 3


@dataclass(frozen=True, slots=True)
class JobLine:
    """One job: when it last went well, when it is due, how late it is, what went wrong last.

    `state` is one of STATES.
    """

    job: str
    when: str
    state: str
    good_at: datetime | None = None
    next_at: datetime | None = None
    late_seconds: int = 0
    failures: int = 0
    exit_code: int | None = None
    error: Mapping[str, Any] | None = None
    far: Far | None = None
    """Of one that is at work and tells: its stage, and how much of how much."""


@dataclass(frozen=True, slots=True)
class Trouble:
    """Something that is not as it should be; `code` is a text key with `details`."""

    level: Level
    code: str
    details: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Status:
    """Whether all is well. `daemon` is None when none is at work."""

    level: Level
    at: datetime
    daemon: Standing | None
    troubles: tuple[Trouble, ...]
    jobs: tuple[JobLine, ...]


# --- looking ----------------------------------------------------------------------------------


def jobs(app: App) -> list[JobLine]:
    """Every job, in the order of the table."""
    with app.store.reading() as tx:
        return list(_lines(tx, app, _standing(tx, app)))


def _standing(tx: Tx, app: App) -> Standing | None:
    """The daemon of this machine, or the workers on any machine that were heard of lately."""
    here = daemon.standing(app.settings.home)
    if here or tx.dialect.name != "postgresql":
        return here
    return SHARED if queue.workers(tx, app.settings.worker.lost_seconds) else None


def status(app: App) -> Status:
    """All that a monitor has to know."""
    with app.store.reading() as tx:
        here = _standing(tx, app)
        lines = tuple(_lines(tx, app, here))
        troubles = sorted(
            [*_of_daemon(here, lines), *_of_jobs(lines), *_of_people(tx)],
            key=lambda one: -one.level,
        )
    level = max((one.level for one in troubles), default=Level.OK)
    if here is None and all(one.state in {"new", "off"} for one in lines):
        level = Level.UNKNOWN
    return Status(level, app.clock(), here, tuple(troubles), lines)


def _lines(tx: Tx, app: App, here: Standing | None) -> Iterator[JobLine]:
    states, now = kept.every(tx), app.clock()
    for job in every(app.settings, JOBS):
        yield _line(job, states.get(job.name) or JobState(job.name), app, here, now)


def _line(job: Job, state: JobState, app: App, here: Standing | None, now: datetime) -> JobLine:
    when, schedule = job.when(app.settings), job.schedule(app.settings)
    if schedule is None:
        return JobLine(job.name, when, "off", state.good_at)
    late, stands = lateness(job, schedule, state, now), _state(job, state, here, now)
    return JobLine(
        job.name,
        when,
        stands,
        state.good_at,
        due(job, schedule, state, now),
        int(late.total_seconds()),
        state.failures,
        state.exit_code,
        state.error,
        # What one that was killed told last is no longer so.
        Far(**state.far) if state.far and stands in {"working", "hangs"} else None,
    )


def _state(job: Job, state: JobState, here: Standing | None, now: datetime) -> str:
    if state.begun_at is None:
        return "new"
    if state.is_begun:
        if here is None or state.begun_at.isoformat() < here.since:
            return "broken"
        return "hangs" if now - state.begun_at > job.limit else "working"
    return "failed" if state.error else "well"


# --- judging ----------------------------------------------------------------------------------

_URGENT: Final = frozenset(job.name for job in JOBS if job.queue == URGENT)


def _of_daemon(here: Standing | None, lines: tuple[JobLine, ...]) -> Iterator[Trouble]:
    if here is None:
        never = all(one.state in {"new", "off"} for one in lines)
        yield Trouble(Level.CRITICAL, "status.never" if never else "status.no_daemon")
    elif here.refused:
        yield Trouble(Level.WARNING, "status.refused")


def stands_still(one: JobLine) -> bool:
    """Whether a job does not do its work: hangs, fails again and again, is late, never began."""
    idle = one.state in {"hangs", "new"}
    return idle or one.failures >= MOST_FAILURES or one.late_seconds > _most_late(one)


def _most_late(one: JobLine) -> float:
    return (SLACK if kind_of(one.job) in _URGENT else HOUR).total_seconds()


def _of_jobs(lines: tuple[JobLine, ...]) -> Iterator[Trouble]:
    for one in lines:
        worse = Level.CRITICAL if kind_of(one.job) in _URGENT else Level.WARNING
        if one.state == "hangs":
            yield Trouble(Level.CRITICAL, "status.hangs", {"job": one.job})
        elif one.error:
            often = one.failures >= MOST_FAILURES
            level = worse if often else Level.WARNING
            yield Trouble(level, "status.failed", {"job": one.job, "error": one.error})
        if one.late_seconds > _most_late(one):
            yield Trouble(worse, "status.late", {"job": one.job, "late": one.late_seconds})


def _of_people(tx: Tx) -> Iterator[Trouble]:
    """What waits for somebody: violations, alarms that reach nobody, systems gone quiet."""
    open_ones = violations.counts(tx).get(State.OPEN, {})
    certain = open_ones.get(Verdict.CERTAIN, 0)
    if certain:
        yield Trouble(Level.CRITICAL, "status.violations", {"count": certain})
    if others := sum(open_ones.values()) - certain:
        yield Trouble(Level.WARNING, "status.doubtful", {"count": others})
    if left := alerts.undelivered(tx):
        yield Trouble(Level.WARNING, "status.untold", {"count": left})
    told_above = {"violation", "job_hangs"}
    rest = sum(n for code, n in alerts.count_open(tx).items() if code not in told_above)
    if rest:
        yield Trouble(Level.WARNING, "status.alarm", {"count": rest})


# --- as text ----------------------------------------------------------------------------------

_HEADS: Final = ("job", "when", "state", "good", "next", "late", "error")


def jobs_table(lines: list[JobLine], texts: Texts) -> str:
    """One line a job, in Copenhagen's time."""
    heads = [texts.get(f"jobs.{name}") for name in _HEADS]
    return table(heads, [_row(one, texts) for one in lines], width=width())


def _row(one: JobLine, texts: Texts) -> list[str]:
    return [
        one.job,
        when_said(one.when, texts),
        f"{texts.get(f'jobs.state.{one.state}')} {far_said(one.far, texts)}".rstrip(),
        moment(one.good_at, texts.lang) if one.good_at else "–",
        moment(one.next_at, texts.lang) if one.next_at else "–",
        duration(one.late_seconds) if one.late_seconds else "–",
        why(one.error, texts),
    ]


def when_said(when: str, texts: Texts) -> str:
    """A schedule as people of that language say it. In the settings it is written in English."""
    if when == schedules.OFF:
        return texts.get("jobs.when.off")
    if every := schedules.EVERY.fullmatch(when):
        return texts.count(f"jobs.when.{every[2]}", int(every[1] or 1))
    at = schedules.AT.fullmatch(when)
    if at is None:
        return when
    kind, _, day = at[1].partition(" ")
    clock = f"{at[2]}{texts.get('jobs.when.between')}{at[3]}"
    if kind in {"daily", "weekdays"}:
        return texts.get(f"jobs.when.{kind}", clock=clock)
    if kind == "month":
        return texts.get(
            "jobs.when.last" if day == "last" else "jobs.when.month", day=day, clock=clock
        )
    days = (texts.find(f"jobs.when.on.{one}") or one for one in kind.split(","))
    return texts.get("jobs.when.days", days=", ".join(days), clock=clock)


def far_said(far: Far | None, texts: Texts) -> str:
    """How far a piece of work is: the stage, and what of it is done."""
    if far is None or not far.stage:
        return ""
    part = (
        share(min(far.done / far.total, 1), texts.lang, 0)
        if far.total
        else number(far.done, texts.lang)
        if far.done and far.unit != BYTES
        else ""
    )
    return f"{texts.get(far.stage)} {part}".rstrip()


def why(error: Mapping[str, Any] | None, texts: Texts) -> str:
    """What went wrong, in words."""
    if not error:
        return ""
    details = {name: value for name, value in error.items() if name != "message"}
    return printable(texts.get(str(error["message"]), **details))


def as_text(found: Status, texts: Texts) -> str:
    """One line for a monitor, then a line for each trouble."""
    word = texts.get(f"status.level.{found.level.name.lower()}")
    if not found.troubles:
        if found.daemon == SHARED:
            return f"{word}: {texts.get('status.all_well_shared')}"
        since = daemon.begun(found.daemon) if found.daemon else None
        shown = moment(since, texts.lang) if since else "–"
        return f"{word}: {texts.get('status.all_well', since=shown)}"
    lines = [said(one, texts) for one in found.troubles]
    more = f" (+{len(lines) - 1})" if len(lines) > 1 else ""
    return "\n".join([f"{word}: {lines[0]}{more}", *(f"  {line}" for line in lines[1:])])


def said(one: Trouble, texts: Texts) -> str:
    """One of them, in words."""
    details = dict(one.details)
    if "error" in details:
        details["error"] = why(details["error"], texts)
    if "late" in details:
        details["late"] = duration(details["late"])
    if "count" in details:
        return texts.count(one.code, details.pop("count"), **details)
    return texts.get(one.code, **details)
