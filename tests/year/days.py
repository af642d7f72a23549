"""Which days of a year are hostile, and what goes wrong on them: thirty, the same for the same seed."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, date, datetime, time, timedelta
from random import Random
from typing import Final
from zoneinfo import ZoneInfo

from year.things import THINGS

COPENHAGEN: Final = ZoneInfo("Europe/Copenhagen")
FIRST: Final = date(2027, 12, 27)
DAYS: Final = 366
HOSTILE: Final = 30
FIXED: Final[Mapping[date, tuple[tuple[time, str], ...]]] = {
    date(2027, 12, 31): ((time(23, 50), "an ordinary hour"),),
    date(2028, 1, 1): ((time(0, 10), "killed"), (time(5, 25), "salesforce away")),
    date(2028, 1, 31): ((time(23, 50), "asked to stop"),),
    date(2028, 2, 28): ((time(23, 50), "tokens ended"),),
    date(2028, 2, 29): ((time(3, 20), "disk full"), (time(12, 0), "clock two hours ahead")),
    date(2028, 3, 1): ((time(0, 5), "an ordinary hour"),),
    date(2028, 3, 25): ((time(23, 55), "nobody reached"),),
    date(2028, 3, 26): (
        (time(1, 50), "an ordinary hour"), (time(3, 20), "killed"), (time(5, 20), "asked to stop"),
    ),
    date(2028, 4, 30): ((time(23, 50), "disk full"),),
    date(2028, 5, 17): ((time(9, 0), "machine off for a week"),),
    date(2028, 8, 1): ((time(20, 0), "machine off for a night"),),
    date(2028, 9, 12): ((time(10, 0), "clock three days ahead"),),
    date(2028, 10, 28): ((time(20, 30), "machine off for a night"),),
    date(2028, 10, 29): ((time(9, 0), "answers lost"),),
    date(2028, 12, 24): ((time(17, 0), "both dialers away"),),
}  # fmt: skip
"""Nights on which the clock is put on or back, the leap day, ends of months and of the year."""

Plan = Mapping[date, list[tuple[datetime, str]]]


def at(day: date, moment: time) -> datetime:
    """A moment in Denmark, in UTC."""
    return datetime.combine(day, moment, COPENHAGEN).astimezone(UTC)


def plan(seed: int, first: date = FIRST, days: int = DAYS, hostile: int = HOSTILE) -> Plan:
    """By day: when what begins. The rest of the thirty are drawn, and so is what happens then."""
    r = Random(f"days {seed}")
    drawn = dict(FIXED)
    bag: list[str] = []
    while len(drawn) < hostile:
        day = FIRST + timedelta(days=r.randrange(2, DAYS - 7))
        if day in drawn:
            continue
        things = []
        for hour in sorted(r.sample(range(7, 22), 2)):
            if not bag:
                bag = [one for one in THINGS if "off" not in one and "three" not in one]
                r.shuffle(bag)
            things.append((time(hour, r.choice((0, 25, 28, 59))), bag.pop()))
        drawn[day] = tuple(things)
    last = first + timedelta(days=days)
    return {
        day: [(at(day, moment), name) for moment, name in things]
        for day, things in sorted(drawn.items())
        if first <= day < last
    }
