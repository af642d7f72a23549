"""When something happened, as an interval: sources say a day, a minute, or nothing at all.

Everything inside is aware UTC. A text without a zone is read in the zone of whoever wrote it
(Europe/Copenhagen); an hour that happens twice in October gives the interval of both.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from typing import Final
from zoneinfo import ZoneInfo

from rules import moments
from rules.moments import Moment

COPENHAGEN: Final = ZoneInfo("Europe/Copenhagen")
EARLIEST: Final = datetime(1995, 1, 1, tzinfo=UTC)
"""Before this a date is a placeholder (1900, 1970), and means nothing."""


@dataclass(frozen=True, slots=True)
class Span:
    """Not before `start` (None: nobody knows), not after `end`; ValueError when they are naive."""

    start: datetime | None
    end: datetime

    def __post_init__(self) -> None:
        if self.end.tzinfo is None or (self.start is not None and self.start.tzinfo is None):
            raise ValueError("a span needs moments with a time zone")
        if self.start is not None and self.start > self.end:
            raise ValueError("a span cannot end before it starts")


def until(heard_at: datetime, last_seen_false: datetime | None = None) -> Span:
    """What is known of a flag without a date: it was set after it was last seen unset."""
    if last_seen_false is not None and last_seen_false > heard_at:
        last_seen_false = None
    return Span(last_seen_false, heard_at)


@lru_cache(maxsize=8192)
def read(text: str, zone: ZoneInfo = COPENHAGEN) -> Span | None:
    """The span that a date or time text names; None when it names none, or a placeholder.

    As wide as it is written: a day, a minute or a second. What can be read both ways round
    (`03/04/2024`) gives the interval of both, as does an hour that happens twice.
    """
    moment = moments.read(text)
    if not isinstance(moment, Moment):
        return None
    try:
        spans = [_of(moment, day, zone) for day in (moment.day, moment.other) if day]
    except (ValueError, OverflowError):
        return None
    span = Span(min(span.start for span in spans if span.start), max(span.end for span in spans))
    return span if span.end > EARLIEST else None


_TICK: Final = timedelta(microseconds=1)


def _of(moment: Moment, day: date, zone: ZoneInfo) -> Span:
    if moment.clock is None:
        local = datetime.combine(day, time())
        return Span(_utc(local, zone, 0), _utc(local + timedelta(days=1), zone, 0) - _TICK)
    local = datetime.combine(day, moment.clock.replace(microsecond=0))
    width = timedelta(seconds=1 if moment.exact else 60) - _TICK
    if moment.offset is not None:
        start = (local - moment.offset).replace(tzinfo=UTC)
        return Span(start, start + width)
    sides = (_utc(local, zone, 0), _utc(local, zone, 1))
    return Span(min(sides), max(sides) + width)


def _utc(local: datetime, zone: ZoneInfo, fold: int) -> datetime:
    return local.replace(tzinfo=zone, fold=fold).astimezone(UTC)
