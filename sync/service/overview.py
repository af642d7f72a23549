"""`sync overview`, and the first thing that the page shows: how all stands at this moment.

Asked of the store alone, and of figures that are kept: a million records cost no more than a
thousand.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any, Final

from rules.spans import COPENHAGEN
from rules.violations import Verdict
from state import alerts, calls, cursors, deliveries, proposals, requests, snapshots, verifying
from state import violations as contacts
from state.calls import Quota
from state.deliveries import DeliveryState, Since
from state.snapshots import Figure
from state.store import Tx
from state.verifying import Verified
from state.violations import State
from sync.app import App
from sync.listings import width
from sync.output import duration, moment, number, share, table
from sync.report import charts, words
from sync.report.figures import Point, TrendLine
from sync.report.trend import FIGURES
from sync.service import status as standing
from sync.service.status import Status
from sync.texts import Texts

DAYS: Final = 90


@dataclass(frozen=True, slots=True)
class SystemLine:
    """One system. `late_seconds`: since it was last read; `under_way`: opt-outs that it has still to
    show, beside those that `failed`; `oldest_seconds`: since the first of all these was heard; `drift`: the last comparison of the list of opt-outs with what it shows."""

    system: str
    records: int
    complete: bool
    read_at: datetime | None
    late_seconds: int | None
    calls_today: int
    quota: Quota | None
    under_way: int
    failed: int
    oldest_seconds: int | None
    drift: Verified | None
    alarms: int
    error: Mapping[str, Any] | None


@dataclass(frozen=True, slots=True)
class Overview:
    """All of it. `waiting`: what waits for a person, by kind."""

    status: Status
    systems: tuple[SystemLine, ...]
    opt_outs: Since
    violations: Mapping[str, int]
    waiting: Mapping[str, int]
    quality: tuple[TrendLine, ...]


def overview(app: App) -> Overview:
    """As it stands now."""
    found = standing.status(app)
    with app.store.reading() as tx:
        opened = contacts.counts(tx).get(State.OPEN, {})
        return Overview(
            status=found,
            systems=tuple(_systems(tx, app, found)),
            opt_outs=deliveries.since(tx, midnight(app.today)),
            violations={one.value: count for one, count in opened.items() if count},
            waiting={
                "plans": len(proposals.waiting(tx, app.clock(), tuple(app.systems))),
                "requests": len(requests.open_ones(tx)),
            },
            quality=tuple(quality(tx, app.today)),
        )


def midnight(day: date) -> datetime:
    """When a day begins in Denmark."""
    return datetime(day.year, day.month, day.day, tzinfo=COPENHAGEN)


# --- systems ---------------------------------------------------------------------------------


def _systems(tx: Tx, app: App, found: Status) -> Iterator[SystemLine]:
    now, read = app.clock(), cursors.readings(tx)
    open_ones, alarms = deliveries.under_way(tx), alerts.count_by_system(tx)
    compared, errors = verifying.latest(tx), dict(_errors(found))
    for name in sorted({*app.systems, *read}):
        one, left = read.get(name), open_ones.get(name)
        read_at = one.read_at if one else None
        states = left.states if left else {}
        failed = states.get(DeliveryState.FAILED, 0)
        yield SystemLine(
            system=name,
            records=one.records if one else 0,
            complete=bool(one and one.complete),
            read_at=read_at,
            late_seconds=_since(read_at, now),
            calls_today=calls.used(tx, name, app.today).get(calls.TOTAL, 0),
            quota=calls.quota(tx, name),
            under_way=sum(states.values()) - failed,
            failed=failed,
            oldest_seconds=_since(left.since if left else None, now),
            drift=compared.get(name),
            alarms=alarms.get(name, 0),
            error=errors.get(name),
        )


def _since(at: datetime | None, now: datetime) -> int | None:
    return int((now - at).total_seconds()) if at else None


def _errors(found: Status) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """What the last run of a job said of a system."""
    for line in found.jobs:
        if line.error and line.error.get("system"):
            yield str(line.error["system"]), line.error


# --- quality ---------------------------------------------------------------------------------


def quality(tx: Tx, today: date, days: int = DAYS) -> Iterator[TrendLine]:
    """The key figures day by day, as they were kept; those that were ever taken."""
    measures = [f"figure.{name}" for name in FIGURES]
    findings = ["findings.error", "findings.warning"]
    kept = snapshots.by_measure(tx, [*measures, *findings], today - timedelta(days=days), today)
    for name, measure in zip(FIGURES, measures, strict=True):
        if points := _points([kept[measure]]):
            label = words.words(f"report.figure.{name}")
            yield TrendLine(name=name, label=label, unit="share", better="more", points=points)
    if points := _points([kept[one] for one in findings]):
        label = words.words("report.trend.findings")
        yield TrendLine(name="findings", label=label, unit="count", better="fewer", points=points)


def _points(lines: Sequence[Mapping[date, Figure]]) -> tuple[Point, ...]:
    """Several measures of the same days as one."""
    return tuple(
        Point(
            day=day,
            numerator=sum(one[day].numerator for one in lines if day in one),
            denominator=max(one[day].denominator for one in lines if day in one),
        )
        for day in sorted({day for one in lines for day in one})
    )


# --- as text ---------------------------------------------------------------------------------

COLUMNS: Final = ("system", "records", "read", "calls", "under_way", "drift", "error")


def as_text(found: Overview, texts: Texts) -> str:
    """Whether all is well, then each system, the opt-outs of today, and how good the data are."""
    lines = [standing.as_text(found.status, texts), ""]
    if found.systems:
        headings = [texts.get(f"overview.{name}") for name in COLUMNS]
        rows = [[cell for _, cell in cells(one, texts)] for one in found.systems]
        lines += [table(headings, rows, right=frozenset({1, 4}), width=width()), ""]
    lines += [opt_outs_said(found.opt_outs, found.status.at, texts)]
    lines += [violations_said(found, texts)]
    lines += [
        texts.count(f"overview.waits.{kind}", count)
        for kind, count in found.waiting.items()
        if count
    ]
    lines += [charts.told(line, texts) for line in found.quality]
    return "\n".join(lines)


def violations_said(found: Overview, texts: Texts) -> str:
    """How many nobody has answered for."""
    certain = found.violations.get(Verdict.CERTAIN, 0)
    others = sum(found.violations.values()) - certain
    if not certain and not others:
        return texts.get("overview.no_violations")
    told = {"certain": number(certain, texts.lang), "others": number(others, texts.lang)}
    return texts.get("overview.violations", **told)


def cells(one: SystemLine, texts: Texts) -> list[tuple[str, str]]:
    """(column, what stands there) of one system."""
    return [
        ("system", texts.find(f"opt_out.system.{one.system}") or one.system),
        ("records", number(one.records, texts.lang)),
        ("read", _read(one, texts)),
        ("calls", _calls(one, texts)),
        ("under_way", _under_way(one, texts)),
        ("drift", _drift(one, texts)),
        ("error", standing.why(one.error, texts)),
    ]


def _read(one: SystemLine, texts: Texts) -> str:
    if one.read_at is None or one.late_seconds is None:
        return texts.get("overview.never_read")
    key = "overview.read_ago" if one.complete else "overview.half_read"
    return texts.get(key, ago=duration(one.late_seconds))


def _calls(one: SystemLine, texts: Texts) -> str:
    """What was used today, and how much of what the vendor allows."""
    used = number(one.calls_today, texts.lang)
    if one.quota is None or not one.quota.quota:
        return used if one.calls_today else "–"
    part = share(one.quota.used / one.quota.quota, texts.lang, 0)
    return texts.get(
        "overview.quota", used=used, part=part, quota=number(one.quota.quota, texts.lang)
    )


def _under_way(one: SystemLine, texts: Texts) -> str:
    """How many opt-outs it has still to show, and how long the first of them has waited."""
    left = number(one.under_way + one.failed, texts.lang)
    if one.oldest_seconds is None:
        return left
    return texts.get("overview.under_way_since", left=left, ago=duration(one.oldest_seconds))


def _drift(one: SystemLine, texts: Texts) -> str:
    if one.drift is None:
        return texts.get("overview.never_compared")
    at = moment(one.drift.at, texts.lang)
    return texts.get(f"overview.drift.{one.drift.verdict}", at=at)


def opt_outs_said(found: Since, now: datetime, texts: Texts) -> str:
    """How many today, how far they are, and how long the slowest took."""
    said = [texts.count("overview.heard", found.heard)]
    if found.heard:
        said.append(texts.get("overview.confirmed", confirmed=found.heard - found.under_way,
                              left=found.under_way))  # fmt: skip
    if found.slowest is not None:
        said.append(texts.get("overview.slowest", took=duration(found.slowest.total_seconds())))
    if found.oldest is not None:
        ago = duration((now - found.oldest).total_seconds())
        said.append(texts.get("overview.oldest", ago=ago))
    return " ".join(said)
