"""Somebody kept away by a number or an address, where a system keeps lists of these and no flags.

What has to stand in a list follows from the ledger; when the system takes it follows from its hours.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from enum import StrEnum
from typing import Final, NamedTuple
from zoneinfo import ZoneInfo

from rules.keys import Key, KeyKind
from rules.suppression import Channel

Takes = Mapping[KeyKind, frozenset[Channel]]
"""The kinds of key that a list holds, each with the channels that standing there forbids: all of them
together, or one by one where they are `Each`."""


class Each(frozenset[Channel]):
    """Channels of which each can be forbidden by itself."""


class Bar(NamedTuple):
    """A number or an address, canonical as in the ledger, and the channels it is blocked on.

    Only channels that the system's list is about are named.
    """

    key: Key
    channels: frozenset[Channel]


@dataclass(frozen=True, slots=True)
class Hours:
    """The time of day in which a system takes what is sent to it, by its own clock.

    `begin` after `end`: through the night. The same: always.
    """

    begin: time
    end: time
    zone: str

    def opens(self, now: datetime) -> datetime:
        """`now` where it is open, else the next moment at which it is. `now` is aware."""
        here = now.astimezone(ZoneInfo(self.zone))
        if self._holds(here.time()):
            return now
        day = here.date() + timedelta(days=1 if here.time() >= self.begin else 0)
        return datetime.combine(day, self.begin, here.tzinfo).astimezone(now.tzinfo)

    def _holds(self, at: time) -> bool:
        if self.begin == self.end:
            return True
        if self.begin < self.end:
            return self.begin <= at < self.end
        return at >= self.begin or at < self.end


def bars_of(key: Key, blocked: frozenset[Channel], takes: Takes) -> Bar | None:
    """What has to stand in a list for a key that is blocked on these channels; None: nothing.

    A list that forbids more than what is blocked is left alone, as with flags.
    """
    about = takes.get(key.kind, NOTHING)
    held = frozenset(about & blocked) if isinstance(about, Each) else about
    return Bar(key, held) if held and held <= blocked else None


NOTHING: Final[frozenset[Channel]] = frozenset()


class Spelling(StrEnum):
    """How a system writes a number of the ledger, `+4533123456`."""

    PLUS = "+4533123456"
    DIGITS = "4533123456"
    ZEROS = "004533123456"
    NATIONAL = "33123456"


def spelt(number: str, spelling: Spelling) -> str:
    """A number in E.164, spelt for a system. A foreign one is never NATIONAL: 00 and its code."""
    digits = number.removeprefix("+")
    if spelling is Spelling.PLUS:
        return f"+{digits}"
    if spelling is Spelling.DIGITS:
        return digits
    if spelling is Spelling.NATIONAL and digits.startswith("45"):
        return digits[2:]
    return f"00{digits}"


def all_spellings(number: str) -> frozenset[str]:
    """Every way in which a number may stand in somebody's list, blanks left aside."""
    return frozenset(spelt(number, one) for one in Spelling)
