"""Doors to the company register: the same companies, told in different ways.

A door says what it can; what it leaves blank stays as another door told it, for a while. So a door
that is down delays only what it alone knows.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import MISSING, dataclass, fields, replace
from datetime import date, datetime, timedelta
from typing import Any, Final, Protocol

from connectors.rights import Right
from connectors.sources.source import Asking, Reply
from rules.enrichment.record import CompanyRecord
from rules.keys import Key, KeyKind
from rules.spans import COPENHAGEN

INDEX: Final = "index"
DATAFORDELER: Final = "datafordeler"
CVRAPI: Final = "cvrapi"
DOORS: Final = (INDEX, DATAFORDELER, CVRAPI)
"""All doors, the one that knows most first."""
SOURCE: Final = "cvr"
KEPT: Final = timedelta(days=14)
"""So long what a door leaves blank stays as another door told it."""
LIFE: Final = timedelta(hours=20)
"""A little less than a day: a night's work begins a little earlier or later than the last."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Can:
    """What a door can. `blank`: what of a company it cannot always tell, by attribute; `fields`: those
    of the catalogue that it fills."""

    asking: Mapping[KeyKind, Asking]
    fields: frozenset[str]
    blank: frozenset[str] = frozenset()
    seconds: float = 1.0


class Door(Protocol):
    """A way to the register."""

    name: str
    can: Can

    def look_up(self, keys: Sequence[Key]) -> Iterator[Reply]:
        """As `Source.look_up`; of a kind of key that stands in `can.asking`."""
        ...

    def check(self) -> Iterator[Right]:
        """Whether we are let in."""
        ...


def kept(
    new: CompanyRecord, old: CompanyRecord, blank: frozenset[str], now: datetime
) -> CompanyRecord:
    """What a door told, and of what it left blank what another one told not long ago."""
    told = old.kept_from or day(old.read_at)
    if new.number != old.number or day(now) - told > KEPT:
        return new
    before = {
        name: getattr(old, name)
        for name in blank
        if getattr(new, name) == _EMPTY[name] != getattr(old, name)
    }
    return replace(new, **before, kept_from=told) if before else new


_EMPTY: Final[dict[str, Any]] = {
    one.name: one.default for one in fields(CompanyRecord) if one.default is not MISSING
}


def day(at: datetime) -> date:
    """The day in Denmark."""
    return at.astimezone(COPENHAGEN).date()
