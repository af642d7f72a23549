"""What the report of a month is made of: counts, and the same of the month before."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Final, NamedTuple

from state.months import Repaired

if TYPE_CHECKING:
    from sync.enrichment.enriching import Gained

DROP: Final = 0.01
"""A share that fell by so much is told of first."""


class Of(NamedTuple):
    """So many of so many."""

    good: int
    of: int

    @property
    def share(self) -> float | None:
        """From 0 to 1; None when there was nothing to have a share of."""
        return self.good / self.of if self.of else None


@dataclass(frozen=True, slots=True)
class Cover:
    """A field of a system: how many records have it filled, how many of those are valid; and the same at
    the end of the month before, None where nothing was kept of it."""

    system: str
    field: str
    filled: Of
    valid: Of
    before: Of | None
    valid_before: Of | None

    @property
    def change(self) -> float | None:
        """By which the share that is filled went up or down."""
        return changed(self.filled, self.before)

    @property
    def fell(self) -> float:
        """By how much the share that is filled, or the valid one of it, went down; 0 if neither did."""
        both = (self.change, changed(self.valid, self.valid_before))
        return max([0.0, *(-one for one in both if one is not None)])


@dataclass(frozen=True, slots=True)
class KeyShare:
    """A key figure over all systems, and the same a month before."""

    name: str
    now: Of
    before: Of | None


@dataclass(frozen=True, slots=True)
class Month:
    """`day`: whose figures stand for the month, the last of which any were kept; None when none were.
    `before`: the same of the month before. `noes` and `lifted`: opt-outs heard and ended in it."""

    month: str
    day: date | None
    before: date | None
    fields: tuple[Cover, ...]
    figures: tuple[KeyShare, ...]
    sources: Mapping[str, Gained]
    noes: int
    lifted: int
    certain: int
    possible: int
    unanswered: int
    repaired: Repaired

    @property
    def fallen(self) -> list[Cover]:
        """Fields that are worse than a month before, the worst first."""
        return sorted((one for one in self.fields if one.fell >= DROP), key=lambda one: -one.fell)


def changed(now: Of, before: Of | None) -> float | None:
    """The difference of two shares; None where there is none."""
    if before is None or before.share is None or now.share is None:
        return None
    return now.share - before.share
