"""What a monitoring system asks of us, as one table: names, labels, units, and when a value is bad.

    MEASURES   name, unit, labels, where its values come from, what is too much
    figures    everything the rows read: the figures of `sync overview` and `sync status`, and few more

Names and units are Prometheus' (base units, `_total` for what only grows). What a row means and what
to do about it stands in `sync/texts/metrics.toml`. No label ever holds anything about a person: only
systems, jobs, and words of our own.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from importlib.metadata import PackageNotFoundError, version
from typing import Final

from rules.changes import Severity
from rules.violations import VIOLATIONS
from state import alerts, findings
from state.ledger import head
from state.size import sizes
from state.store import Tx
from state.verifying import GOOD
from sync.app import App
from sync.service.overview import Overview, SystemLine, overview
from sync.service.status import STATES, JobLine
from sync.texts import Texts

PREFIX: Final = "ringren_"
Sample = tuple[tuple[str, ...], float]
"""Values of the labels, and the value."""
Count = Callable[[Tx], Mapping[str, int]]


class Unit(StrEnum):
    """What a value is a number of."""

    SECONDS = "seconds"
    MOMENT = "moment"
    BYTES = "bytes"
    COUNT = "count"
    YES = "yes"
    LEVEL = "level"


@dataclass(frozen=True, slots=True)
class Figures:
    """What all rows read. `log_bytes` is None where the database keeps its log elsewhere."""

    overview: Overview
    findings: Mapping[str, int]
    alarms: Mapping[str, int]
    untold: int
    entries: int
    database_bytes: int
    log_bytes: int | None
    free_bytes: int


@dataclass(frozen=True, slots=True)
class Measure:
    """One row. `bad`: when somebody should look, as it is written behind the name in PromQL; empty
    where no value is bad by itself."""

    name: str
    unit: Unit
    reads: Callable[[Figures], Iterable[Sample]]
    labels: tuple[str, ...] = ()
    bad: str = ""

    @property
    def only_grows(self) -> bool:
        """A counter, where the others are gauges."""
        return self.name.endswith("_total")


def figures(app: App, count: Count = findings.by_severity) -> Figures:
    """As all stands now. `count` counts findings, or remembers them."""
    seen = overview(app)
    with app.store.reading() as tx:
        size, log = sizes(tx)
        return Figures(
            overview=seen,
            findings=count(tx),
            alarms=alerts.count_open(tx),
            untold=alerts.undelivered(tx),
            entries=head(tx).seq,
            database_bytes=size,
            log_bytes=log,
            free_bytes=shutil.disk_usage(app.settings.home).free,
        )


def said(row: Measure, texts: Texts) -> str:
    """What it is, in words."""
    return texts.get(f"metrics.{row.name.removeprefix(PREFIX)}")


def what_to_do(row: Measure, texts: Texts) -> str:
    """When it is bad; empty where there is nothing to do."""
    return texts.find(f"metrics.{row.name.removeprefix(PREFIX)}.bad") or ""


# --- how rows read ---------------------------------------------------------------------------


def _one(read: Callable[[Figures], float | None]) -> Callable[[Figures], Iterator[Sample]]:
    """A row without labels; nothing is told where there is no value."""

    def samples(found: Figures) -> Iterator[Sample]:
        value = read(found)
        if value is not None:
            yield (), value

    return samples


def _each(read: Callable[[SystemLine], float | None]) -> Callable[[Figures], Iterator[Sample]]:
    """A value for each system that has one."""

    def samples(found: Figures) -> Iterator[Sample]:
        for line in found.overview.systems:
            value = read(line)
            if value is not None:
                yield (line.system,), value

    return samples


def _jobs(read: Callable[[JobLine], float | None]) -> Callable[[Figures], Iterator[Sample]]:
    """A value for each job that is switched on and has one."""

    def samples(found: Figures) -> Iterator[Sample]:
        for line in found.overview.status.jobs:
            value = None if line.state == "off" else read(line)
            if value is not None:
                yield (line.job,), value

    return samples


def _words(
    known: Iterable[str], read: Callable[[Figures], Mapping[str, int]]
) -> Callable[[Figures], Iterator[Sample]]:
    """A value for each of some words, 0 where there is none: so that a graph does not break off."""
    all_words = tuple(known)

    def samples(found: Figures) -> Iterator[Sample]:
        values = read(found)
        for word in dict.fromkeys((*all_words, *values)):
            yield (word,), values.get(word, 0)

    return samples


def _stamp(at: datetime | None) -> float | None:
    return at.timestamp() if at else None


def _job_states(found: Figures) -> Iterator[Sample]:
    for line in found.overview.status.jobs:
        for state in STATES:
            yield (line.job, state), line.state == state


def _slowest(found: Figures) -> float | None:
    took = found.overview.opt_outs.slowest
    return took.total_seconds() if took else None


def _is_up(found: Figures) -> float:
    return found.overview.status.daemon is not None


def _refused(found: Figures) -> float:
    here = found.overview.status.daemon
    return here is not None and bool(here.refused)


def _oldest(line: SystemLine) -> float:
    """0 where nothing waits, so that a graph comes down to it."""
    return line.oldest_seconds or 0


def _quota(line: SystemLine) -> float | None:
    return line.quota.quota if line.quota else None


def _quota_left(line: SystemLine) -> float | None:
    return max(line.quota.quota - line.quota.used, 0) if line.quota else None


def _compared_at(line: SystemLine) -> float | None:
    return _stamp(line.drift.at) if line.drift else None


def _drifts(line: SystemLine) -> float | None:
    return line.drift.verdict not in GOOD if line.drift else None


def _release(_found: Figures) -> Iterator[Sample]:
    try:
        yield (version("ringren"),), 1
    except PackageNotFoundError:  # run from its folder
        yield ("",), 1


# --- the table -------------------------------------------------------------------------------

SYSTEM: Final = ("system",)
JOB: Final = ("job",)

MEASURES: Final = tuple(
    Measure(PREFIX + name, unit, *rest)
    for name, unit, *rest in (
        # Opt-outs first of all.
        ("opt_out_oldest_undelivered_seconds", Unit.SECONDS, _each(_oldest), SYSTEM, "> 3600"),
        ("opt_out_deliveries_pending", Unit.COUNT, _each(lambda one: one.under_way), SYSTEM),
        ("opt_out_deliveries_failed", Unit.COUNT, _each(lambda one: one.failed), SYSTEM, "> 0"),
        ("opt_outs_today", Unit.COUNT, _one(lambda one: one.overview.opt_outs.heard)),
        ("opt_outs_today_pending", Unit.COUNT, _one(lambda one: one.overview.opt_outs.under_way)),
        ("opt_outs_today_slowest_seconds", Unit.SECONDS, _one(_slowest), (), "> 3600"),
        ("ledger_entries_total", Unit.COUNT, _one(lambda one: one.entries)),
        (
            "violations_open",
            Unit.COUNT,
            _words(VIOLATIONS, lambda one: one.overview.violations),
            ("verdict",),
            "> 0",
        ),
        # All in one.
        ("status", Unit.LEVEL, _one(lambda one: one.overview.status.level), (), ">= 2"),
        ("daemon_up", Unit.YES, _one(_is_up), (), "== 0"),
        ("settings_refused", Unit.YES, _one(_refused), (), "> 0"),
        # Systems.
        (
            "system_last_read_timestamp_seconds",
            Unit.MOMENT,
            _each(lambda one: _stamp(one.read_at)),
            SYSTEM,
        ),
        (
            "system_read_age_seconds",
            Unit.SECONDS,
            _each(lambda one: one.late_seconds),
            SYSTEM,
            "> 7200",
        ),
        ("system_complete", Unit.YES, _each(lambda one: one.complete), SYSTEM),
        ("system_records", Unit.COUNT, _each(lambda one: one.records), SYSTEM),
        ("system_error", Unit.YES, _each(lambda one: one.error is not None), SYSTEM, "> 0"),
        ("system_calls_today", Unit.COUNT, _each(lambda one: one.calls_today), SYSTEM),
        ("system_quota_calls", Unit.COUNT, _each(_quota), SYSTEM),
        ("system_quota_left_calls", Unit.COUNT, _each(_quota_left), SYSTEM, "== 0"),
        ("system_last_compared_timestamp_seconds", Unit.MOMENT, _each(_compared_at), SYSTEM),
        ("system_drift", Unit.YES, _each(_drifts), SYSTEM, "> 0"),
        ("system_alarms_open", Unit.COUNT, _each(lambda one: one.alarms), SYSTEM),
        # What waits for a person.
        ("alarms_open", Unit.COUNT, _words((), lambda one: one.alarms), ("code",)),
        ("alarms_undelivered", Unit.COUNT, _one(lambda one: one.untold), (), "> 0"),
        ("findings_open", Unit.COUNT, _words(Severity, lambda one: one.findings), ("severity",)),
        ("plans_waiting", Unit.COUNT, _one(lambda one: one.overview.waiting["plans"])),
        ("requests_waiting", Unit.COUNT, _one(lambda one: one.overview.waiting["requests"])),
        # Jobs.
        (
            "job_last_good_timestamp_seconds",
            Unit.MOMENT,
            _jobs(lambda one: _stamp(one.good_at)),
            JOB,
        ),
        ("job_late_seconds", Unit.SECONDS, _jobs(lambda one: one.late_seconds), JOB, "> 3600"),
        ("job_failures", Unit.COUNT, _jobs(lambda one: one.failures), JOB, ">= 3"),
        ("job_state", Unit.YES, _job_states, ("job", "state")),
        # The house.
        ("database_bytes", Unit.BYTES, _one(lambda one: one.database_bytes)),
        ("database_log_bytes", Unit.BYTES, _one(lambda one: one.log_bytes), (), "> 1e9"),
        ("disk_free_bytes", Unit.BYTES, _one(lambda one: one.free_bytes), (), "< 1e9"),
        ("build_info", Unit.YES, _release, ("version",)),
    )
)
