"""The part of the report about the past: since the last run, and day by day."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import date, timedelta
from typing import Any, Final, Literal, NamedTuple

from state import history, snapshots
from state.history import Run as StoredRun
from state.snapshots import Figure
from state.store import Tx
from sync.report import words
from sync.report.figures import Delta, KeyFigure, Point, Trend, TrendLine
from sync.report.model import Totals

Better = Literal["more", "fewer", "neither"]

DAYS: Final = 365
MOST_POINTS: Final = 60
FIGURES: Final = ("phone", "email", "permitted_call", "checked_recently", "cvr")
"""Key figures that are drawn, as they stand: repairs show once they are made."""

_DELTAS: Final[tuple[tuple[str, Better], ...]] = (
    ("records", "neither"),
    ("touched", "fewer"),
    ("error", "fewer"),
    ("warning", "fewer"),
    ("broken", "fewer"),
    ("blocked", "neither"),
)


class Counted(NamedTuple):
    """Records that stand somewhere, those that are blocked, open findings by severity."""

    records: int
    blocked: int
    findings: Mapping[str, int]


def kept(figures: Sequence[KeyFigure], counted: Counted, system: str = "") -> list[Figure]:
    """What the day's snapshot keeps of a system."""
    found = [
        Figure(system, "", f"figure.{one.name}", as_it_stands, one.of)
        for one in figures
        if (as_it_stands := one.good if one.before is None else one.before) is not None
    ]
    found += [
        Figure(
            system, "", f"findings.{severity}", counted.findings.get(severity, 0), counted.records
        )
        for severity in ("error", "warning", "notice")
    ]
    found.append(Figure(system, "", "blocked", counted.blocked, counted.records))
    return found


def trend(
    tx: Tx,
    run: int,
    today: date,
    figures: Sequence[KeyFigure],
    totals: Totals,
    systems: Sequence[str],
    *,
    whole: bool,
) -> Trend:
    """Against earlier runs over the same systems; the day itself is as this report has it. `whole`:
    these are all systems that there are."""
    now = {one.measure: one for one in kept(figures, counted(totals))}
    measures = [*(f"figure.{name}" for name in FIGURES), *_COUNTS, "blocked"]
    past = snapshots.by_measure(
        tx,
        measures,
        today - timedelta(days=DAYS),
        today - timedelta(days=1),
        None if whole else systems,
    )
    earlier = filter(_comparable, history.runs_before(tx, run))
    before = next((one for one in earlier if _is_about(one, systems)), None)
    return Trend(
        since=before.started_at if before else None,
        since_run=before.run if before else None,
        deltas=tuple(_deltas(before.totals, totals)) if before and before.totals else (),
        lines=tuple(_lines(past, now, today, {one.name: one for one in figures})),
    )


def counted(totals: Totals) -> Counted:
    """The same of a report."""
    return Counted(totals.records, totals.blocked, totals.findings)


_COUNTS: Final = ("findings.error", "findings.warning")


def _comparable(run: StoredRun) -> bool:
    """A run that went through everything there was."""
    told = (run.totals or {}).get("run", {})
    return bool(told) and not told.get("sample") and not told.get("only_rule")


def _is_about(run: StoredRun, systems: Sequence[str]) -> bool:
    """Whether it went through just these."""
    told = (run.totals or {}).get("run", {})
    return list(told.get("systems", ())) == list(systems)


def _deltas(stored: Mapping[str, Any], totals: Totals) -> Iterator[Delta]:
    before, now = _counted(stored["totals"]), _counted(totals.model_dump())
    for name, better in _DELTAS:
        yield Delta(
            name=name,
            label=words.words(f"report.delta.{name}"),
            better=better,
            before=before[name],
            now=now[name],
        )


def _counted(totals: Mapping[str, Any]) -> dict[str, int]:
    severities = totals["findings"]
    return {
        name: severities.get(name, 0) if name in {"error", "warning"} else totals[name]
        for name, _ in _DELTAS
    }


def _lines(
    past: Mapping[str, Mapping[date, Figure]],
    now: Mapping[str, Figure],
    today: date,
    figures: Mapping[str, KeyFigure],
) -> Iterator[TrendLine]:
    for name in FIGURES:
        measure = f"figure.{name}"
        if measure in now:
            points = _points(past[measure], now[measure], today)
            label = figures[name].label
            yield TrendLine(name=name, label=label, unit="share", better="more", points=points)
    findings = _added([_points(past[measure], now[measure], today) for measure in _COUNTS])
    for name, better, points in (
        ("findings", "fewer", findings),
        ("blocked", "neither", _points(past["blocked"], now["blocked"], today)),
    ):
        label = words.words(f"report.trend.{name}")
        yield TrendLine(name=name, label=label, unit="count", better=better, points=points)  # type: ignore[arg-type]


def _points(past: Mapping[date, Figure], now: Figure, today: date) -> tuple[Point, ...]:
    days = sorted(past.items())
    # The newest days all, older ones every so many: a year of them tells no more than sixty.
    step = max(1, -(-len(days) // MOST_POINTS))
    chosen = [*days[::-1][::step][::-1], (today, now)]
    return tuple(
        Point(day=day, numerator=one.numerator, denominator=one.denominator) for day, one in chosen
    )


def _added(lines: Sequence[Sequence[Point]]) -> tuple[Point, ...]:
    """Several counts of the same days as one."""
    sums: dict[date, Point] = {}
    for line in lines:
        for one in line:
            so_far = sums.get(one.day)
            more = so_far.numerator if so_far else 0
            sums[one.day] = one.model_copy(update={"numerator": one.numerator + more})
    return tuple(sums[day] for day in sorted(sums))
