"""Somebody kept away by a number or an address, where a system keeps lists of these and no flags.

What has to stand in a list follows from the ledger; when the system takes it follows from its hours.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from typing import Final, NamedTuple
from zoneinfo import ZoneInfo

from rules.keys import Key, KeyKind
from rules.suppression import Channel

Takes = Mapping[KeyKind, frozenset[Channel]]
"""The kinds of key that a list holds, each with the channels that standing there forbids."""


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
    return Bar(key, about) if about and about <= blocked else None


NOTHING: Final[frozenset[Channel]] = frozenset()
