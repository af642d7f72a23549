"""The geometry of curves, and the words that say the same."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date
from typing import Final, NamedTuple

from sync.output import number, share
from sync.report.figures import Delta, Point, TrendLine
from sync.report.phrases import day
from sync.texts import Texts

WIDTH: Final = 240
TOP: Final = 8
FLOOR: Final = 60


class Drawn(NamedTuple):
    """A curve as SVG paths, and where its last point is."""

    path: str
    area: str
    last: tuple[str, str]


def curve(line: TrendLine) -> Drawn:
    """The line over its days. Shares are drawn from 0 to 100 per cent, counts from 0 to the most."""
    values = [_number(line, point) for point in line.points]
    most = 1.0 if line.unit == "share" else max([*values, 1.0])
    first = line.points[0].day
    days = max((line.points[-1].day - first).days, 1)
    spots = [
        (
            _short(4 + (WIDTH - 8) * (point.day - first).days / days),
            _short(FLOOR - (FLOOR - TOP) * value / most),
        )
        for point, value in zip(line.points, values, strict=True)
    ]
    path = "M" + " L".join(f"{x} {y}" for x, y in spots)
    area = f"{path} L{spots[-1][0]} {FLOOR} L{spots[0][0]} {FLOOR} Z"
    return Drawn(path, area, spots[-1])


def _number(line: TrendLine, point: Point) -> float:
    if line.unit == "count":
        return float(point.numerator)
    return point.numerator / point.denominator if point.denominator else 0.0


def _short(value: float) -> str:
    return f"{value:.1f}".removesuffix(".0")


def value(line: TrendLine, point: Point, texts: Texts) -> str:
    """What a line says of one day."""
    if line.unit == "count":
        return number(point.numerator, texts.lang)
    if not point.denominator:
        return texts.get("report.unknown")
    return share(point.numerator / point.denominator, texts.lang)


def told(line: TrendLine, texts: Texts) -> str:
    """A line in words: where it began and where it is; of its first day just that."""
    first, last = line.points[0], line.points[-1]
    return texts.get(
        "report.trend.line" if len(line.points) > 1 else "report.trend.point",
        label=line.label.of(texts.lang),
        first=value(line, first, texts),
        first_day=day(first.day, texts.lang),
        last=value(line, last, texts),
        last_day=day(last.day, texts.lang),
    )


def days(lines: Sequence[TrendLine], texts: Texts) -> Iterator[tuple[date, list[str]]]:
    """Every day that is drawn, the newest first, with what each line says of it."""
    by_day = [{point.day: point for point in line.points} for line in lines]
    for at in sorted({at for points in by_day for at in points}, reverse=True):
        yield (
            at,
            [
                value(line, points[at], texts) if at in points else texts.get("report.unknown")
                for line, points in zip(lines, by_day, strict=True)
            ],
        )


def difference(one: Delta, texts: Texts) -> str:
    """`+12`, `−3`, or that nothing changed."""
    more = one.now - one.before
    if not more:
        return texts.get("report.trend.unchanged")
    return f"{'+' if more > 0 else '−'}{number(abs(more), texts.lang)}"


def mood(one: Delta) -> str:
    """Whether a difference is for the better: the name of a class."""
    more = one.now - one.before
    if not more or one.better == "neither":
        return ""
    return "better" if (more > 0) == (one.better == "more") else "worse"
