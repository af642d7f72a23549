"""The report of calls: run for a stretch of time, waited for, and read as rows.

Its stamps carry no zone: they are in the data centre's. Each stretch is cut where that zone's clock
is set back, so that an hour that happens twice falls into two stretches, and what a stamp means
follows from the stretch that it was asked with. A stamp that falls into no such moment shows that
the zone is set wrong, and nothing is believed then.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Final, NamedTuple
from zoneinfo import ZoneInfo

from connectors.five9.client import Api, Refused
from rules.errors import SystemStopped, TryAgain

NEEDED: Final = (
    "CALL ID", "TIMESTAMP", "CALL TYPE", "CAMPAIGN", "AGENT", "DISPOSITION", "ANI", "DNIS",
)  # fmt: skip
MOST_ROWS: Final = 50_000
"""A report of so many rows has been cut off, without a word."""
FORMATS: Final = (
    "%a, %d %b %Y %H:%M:%S", "%a, %d %b %Y %H:%M", "%Y-%m-%d %H:%M:%S", "%Y-%m-%d %H:%M",
)  # fmt: skip
"""How a stamp may be written. Forms in which day and month can be mistaken are not among them."""
_LOOSE: Final = timedelta(minutes=1)
_WAIT_SECONDS: Final = 10
_POLLS: Final = 60

Row = Mapping[str, str]


class Stretch(NamedTuple):
    """A piece of time, from its beginning up to its end; both aware."""

    start: datetime
    end: datetime


class Called(NamedTuple):
    """One row and the moment of its stamp."""

    at: datetime
    row: Row


@dataclass(frozen=True, slots=True)
class CallLog:
    """A report that shows calls, by its folder and its name."""

    api: Api
    folder: str
    name: str
    zone: ZoneInfo

    def through(self, stretch: Stretch) -> Iterator[tuple[Stretch, Sequence[Called]]]:
        """All calls of a stretch of a few days, in pieces that one report shows whole."""
        cut = set_back(self.zone, stretch)
        moments = [stretch.start, *([cut] if cut else []), stretch.end]
        for start, end in pairwise(moments):
            yield from self._whole(Stretch(start, end))

    def _whole(self, piece: Stretch) -> Iterator[tuple[Stretch, Sequence[Called]]]:
        """Halved as often as there are too many."""
        rows = self._rows(piece)
        if len(rows) < MOST_ROWS:
            yield piece, self._dated(rows, piece)
            return
        middle = (piece.start + (piece.end - piece.start) / 2).replace(microsecond=0)
        if middle <= piece.start:
            raise SystemStopped("five9.one_second", system=self.api.system)
        yield from self._whole(Stretch(piece.start, middle))
        yield from self._whole(Stretch(middle, piece.end))

    def _rows(self, stretch: Stretch) -> list[Row]:
        time = {
            one: getattr(stretch, one).isoformat(timespec="seconds") for one in ("end", "start")
        }
        said = {"folderName": self.folder, "reportName": self.name, "criteria": {"time": time}}
        try:
            ident = self.api.call("runReport", said).findtext("return", "")
            self._wait(ident)
            answer = self.api.call("getReportResultCsv", {"identifier": ident})
        except Refused as refused:
            raise self.api.stopped(refused) from refused
        return self._read(answer.findtext("return", ""))

    def _wait(self, ident: str) -> None:
        """A long poll: each question is a query."""
        for _ in range(_POLLS):
            asked = {"identifier": ident, "timeout": _WAIT_SECONDS}
            if self.api.call("isReportRunning", asked).findtext("return") != "true":
                return
        raise TryAgain("error.busy", system=self.api.system, why="isReportRunning")

    def _read(self, text: str) -> list[Row]:
        lines = csv.reader(io.StringIO(text, newline=""))
        names = [one.strip().upper() for one in next(lines, [])]
        if missing := [one for one in NEEDED if one not in names]:
            details = {"system": self.api.system, "report": self.name}
            raise SystemStopped("five9.columns", columns=", ".join(missing), **details)
        return [dict(zip(names, line, strict=False)) for line in lines if line]

    def _dated(self, rows: Sequence[Row], stretch: Stretch) -> list[Called]:
        """Rows of the stretch itself: one at its very end is the next one's as well."""
        dated = [Called(self._moment(row["TIMESTAMP"], stretch), row) for row in rows]
        return [one for one in dated if stretch.start <= one.at < stretch.end]

    def _moment(self, text: str, stretch: Stretch) -> datetime:
        local = _read_stamp(text)
        if local is None:
            raise SystemStopped("five9.stamp", system=self.api.system, report=self.name)
        both = [local.replace(tzinfo=self.zone, fold=one).astimezone(UTC) for one in (0, 1)]
        # The edges are loose, and they come second: they may touch the other of two equal hours.
        for edge in (timedelta(), _LOOSE):
            for at in both:
                if stretch.start - edge <= at < stretch.end + edge:
                    return at
        raise SystemStopped("five9.zone", system=self.api.system, zone=str(self.zone))


def _read_stamp(text: str) -> datetime | None:
    for form in FORMATS:
        try:
            return datetime.strptime(text.strip(), form)  # noqa: DTZ007 - its zone is the report's
        except ValueError:
            continue
    return None


def set_back(zone: ZoneInfo, stretch: Stretch) -> datetime | None:
    """When a zone's clock is set back within a stretch of a few days; None: it is not."""
    if _offset(zone, stretch.end) >= _offset(zone, stretch.start):
        return None
    at = stretch.start.astimezone(UTC).replace(minute=0, second=0, microsecond=0)
    while _offset(zone, at) >= _offset(zone, stretch.start):
        at += timedelta(hours=1)
    return at if stretch.start < at < stretch.end else None


def _offset(zone: ZoneInfo, at: datetime) -> timedelta:
    return at.astimezone(zone).utcoffset() or timedelta()
