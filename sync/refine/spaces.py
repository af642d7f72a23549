"""What can be reconciled: a space of entities of one type, and what is asked of it."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from rules.refine.ranking import Ranked


@dataclass(frozen=True, slots=True)
class Asked:
    """One question: the text of a cell, and what its row says besides, by property."""

    text: str
    says: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Link:
    """A value that is an entity itself."""

    id: str
    name: str


Value = str | Link


@dataclass(frozen=True, slots=True)
class Entity:
    """One thing: its `values` by property, as far as whoever asks may have them."""

    id: str
    name: str
    type: str
    description: str = ""
    values: Mapping[str, Sequence[Value]] = field(default_factory=dict)


class Space(Protocol):
    """All entities of one type. `closed`: only for who shows a token."""

    @property
    def type(self) -> str:
        """Its name in the protocol."""

    @property
    def closed(self) -> bool:
        """Whether nobody may ask without a token."""

    @property
    def properties(self) -> Sequence[str]:
        """What an entity may say, in order."""

    def candidates(self, asked: Asked) -> Sequence[Ranked]:
        """Who it may be, the likeliest first; keys are ids of entities."""

    def entities(self, ids: Collection[str]) -> dict[str, Entity]:
        """Those of the ids that there are."""

    def beginning(self, prefix: str, most: int) -> list[str]:
        """Ids of up to `most` entities whose name, or id, begins like this."""
