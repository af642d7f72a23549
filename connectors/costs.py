"""What records cost in calls: the fewest that the vendor's interface allows. Pure, but for `Reckons`.

Signing in and asking what fields there are is not in it: that is the same for one record and a
million.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Protocol, runtime_checkable

if TYPE_CHECKING:
    from connectors.protocol import Stream


@dataclass(frozen=True, slots=True)
class Costs:
    """How many records of one stream a call shows or writes.

    `first`: a first reading; `changes`: later ones; `writes`: a write. `guarding` further calls go
    with each `batch` of writes, for the readings before and after. `together`: streams whose
    changes one call asks for. `bulk`: (records from which on a first reading is a job, calls the
    job itself takes, records a call of it shows).
    """

    first: int
    changes: int
    writes: int
    guarding: int = 0
    batch: int = 1
    together: int = 1
    bulk: tuple[int, int, int] | None = None

    def reading(self, records: int, *, first: bool) -> int:
        """The fewest calls that show so many records; one when there are none."""
        if first and self.bulk and records >= self.bulk[0]:
            return self.bulk[1] + _pages(records, self.bulk[2])
        return max(1, _pages(records, self.first if first else self.changes))

    def writing(self, records: int) -> int:
        """The fewest calls that write so many records, guarded."""
        return _pages(records, self.writes) + self.guarding * _pages(records, self.batch)


def _pages(records: int, page: int) -> int:
    return -(-records // page)


@dataclass(frozen=True, slots=True)
class Reading:
    """So many records of a stream are, or were, read."""

    costs: Costs
    records: int
    first: bool


def fewest(readings: Iterable[Reading]) -> int:
    """The fewest calls for all readings of one system."""
    calls, shared = 0, 0.0
    for one in readings:
        needed = one.costs.reading(one.records, first=one.first)
        if not one.first and needed == 1:
            shared += 1 / one.costs.together
        else:
            calls += needed
    return calls + -(-round(shared * _PARTS) // _PARTS)


_PARTS: Final = 1000


@runtime_checkable
class Reckons(Protocol):
    """Can say how many records there are about, in few calls."""

    def about(self, streams: Sequence[Stream]) -> Mapping[str, int]:
        """By stream; those of which nothing can be said are left out."""
        ...
