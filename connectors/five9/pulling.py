"""Reading calls: each quarter of an hour what is new, and what may have changed behind it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any, Final, Self

from connectors.five9.report import CallLog, Stretch
from connectors.five9.shapes import Shape
from connectors.overlap import newest, noted
from connectors.protocol import Page, Token
from rules.records import Record

FORM: Final = 1
QUARTER: Final = 15 * 60
"""Reports are not made to be asked all the time: one a quarter is an eighth of the day's limit."""
SKEW: Final = 5 * 60
"""So far two clocks that are kept may differ."""
OVERLAP: Final = 2 * 3600
"""Dispositions and the time after a call come late."""
DAY: Final = 86_400
WEEK: Final = timedelta(days=7)
_SHOWN: Final = 8


@dataclass(frozen=True, slots=True)
class Mark:
    """Where a reading stands.

    Calls up to `low` have been read; `high` is when the reading that is under way began, 0 between
    readings. `at` is when the last one began, `day` the last time that two days were read anew.
    `seen` is what was shown of the overlap, `tags` stands for the dispositions that mean no.
    """

    low: int
    high: int = 0
    at: int = 0
    day: int = 0
    tags: str = ""
    seen: Mapping[str, str] = field(default_factory=dict)

    def is_of_quarter(self, now: int) -> bool:
        """Whether the last reading began in the quarter in which it is `now`."""
        return now - now % QUARTER <= self.at <= now + SKEW

    @property
    def token(self) -> dict[str, Any]:
        """As JSON."""
        names = ("low", "high", "at", "day", "tags")
        return {"form": FORM, **{one: getattr(self, one) for one in names}, "seen": dict(self.seen)}

    @classmethod
    def of(cls, token: Token | None) -> Self | None:
        """From JSON; None for what is not ours."""
        if not token or token.get("form") != FORM:
            return None
        try:
            numbers = {one: int(token[one]) for one in ("low", "high", "at", "day")}
            return cls(**numbers, tags=str(token["tags"]), seen=dict(token["seen"]))
        except (KeyError, TypeError, ValueError):
            return None


@dataclass(slots=True)
class Pulling:
    """One pull. `days` is how far back a first reading goes."""

    log: CallLog
    shape: Shape
    days: int

    def pages(self, mark: Mark | None) -> Iterator[Page]:
        """From a mark to now; nothing, and no call, when the quarter has been read."""
        if mark and self._has_read(mark):
            yield Page([], mark.token, complete=True)
            return
        now = int(self.log.api.now().timestamp())
        mark = self._begun(mark, now)
        end = _at(mark.high)
        while mark.high:
            start = _at(mark.low)
            for piece, called in self.log.through(Stretch(start, min(start + WEEK, end))):
                found = self.shape.records(called)
                mark, news = _behind(mark, found)
                last = piece.end >= end
                mark = replace(mark, low=int(piece.end.timestamp()))
                mark = replace(mark, high=0, at=mark.high) if last else mark
                again = len(found) - len(news)
                yield Page(news, mark.token, complete=last, calls_used=3, again=again)

    def rows(self) -> Iterator[Record]:
        """Every call as far back as is read."""
        now = int(self.log.api.now().timestamp())
        start = _at(now - self.days * DAY)
        while start < _at(now):
            end = min(start + WEEK, _at(now))
            for _, called in self.log.through(Stretch(start, end)):
                yield from (record for _, record in self.shape.records(called))
            start = end

    def _has_read(self, mark: Mark) -> bool:
        """Whether this quarter has been read: by our clock, and where that is wrong, by theirs."""
        api = self.log.api
        clocks = (api.clock, api.now)
        return not mark.high and any(mark.is_of_quarter(int(one().timestamp())) for one in clocks)

    def _begun(self, mark: Mark | None, now: int) -> Mark:
        if mark is None or mark.low > now:
            # A mark in times to come is that of a clock which was fast: what it leaves out is unknown.
            low = now - self.days * DAY
            return Mark(low, high=now, day=now, tags=self.shape.tags)
        if mark.high:
            return mark
        low, day = mark.low - OVERLAP, mark.day
        if now - day >= DAY:
            low, day = min(low, now - 2 * DAY), now
        return replace(mark, low=low, high=now, day=day)


def _behind(mark: Mark, found: list[tuple[datetime, Record]]) -> tuple[Mark, list[Record]]:
    """Without what was shown as it is now; and what the next reading will meet again."""
    seen, news = dict(mark.seen), []
    for at, record in found:
        what = noted(int(at.timestamp()), record.version[:_SHOWN])
        if seen.get(record.ref.id) != what:
            news.append(record)
        seen[record.ref.id] = what
    return replace(mark, seen=newest(seen, mark.high - OVERLAP)), news


def _at(seconds: int) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)
