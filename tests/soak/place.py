"""A system as everybody else uses it: what people and programs do there, and what they see of us.

One class a vendor gives the same verbs to all of them; traits (`phone`, `name`, …) stand for the
vendor's fields. What a place tells comes from the simulator's own rows and journal.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime, timedelta
from random import Random
from typing import Any, Protocol

from connectors.protocol import Connector, Token
from rules.records import Kind

Texts = Mapping[str, str]
"""Trait → text as it stands there; what is empty is left out."""
Known = Callable[[str], Token | None]


@dataclass(frozen=True, slots=True)
class News:
    """One write, as the system's journal tells of it. `no`: it says "do not contact"."""

    kind: Kind
    ident: str
    ours: bool
    before: Texts
    asked: Texts
    after: Texts | None
    at: Any
    no: bool = False
    cleared: bool = False
    """Its "do not contact" was taken off."""
    gone: bool = False
    """It was deleted."""
    into: str = ""
    """It went up in this one, which alone tells of it."""
    second: str = ""
    """The stamp it got, where that is whole seconds."""
    rival: bool = False
    """A program did it that turns back whatever we write."""


@dataclass(frozen=True, slots=True)
class Field:
    """A trait's field there, and the canonical one that it is read as."""

    vendor: str
    canonical: str


class Place(Protocol):
    """One outside system for one life."""

    system: str
    fields: Mapping[Kind, Mapping[str, Field]]
    """By kind: which traits its records have. `no` is a flag of the kinds that have one."""
    skew: timedelta
    """How far the clock that it shows to us is ahead of its own."""
    history: bool
    """Whether it tells of a flag that was set and cleared between two readings."""
    forgets: bool
    """Whether a record that is deleted takes with it what it said and nobody has read."""
    unheard: set[tuple[Kind, str]]
    """Who said no and was not read since. Kept by the witness."""
    pending: Mapping[tuple[Kind, str], News]
    """Who was written to and not read since. The witness's."""

    went: dict[tuple[Kind, str], tuple[Kind, str]]
    """Who was merged into whom."""

    # --- ours ---

    def connector(self, known: Known) -> Connector:
        """As a process of ours would build it."""
        ...

    def reached(self, visit: Callable[[str], None]) -> AbstractContextManager[None]:
        """While it lasts, our requests arrive; `visit` hears of each, before and behind it."""
        ...

    def now(self) -> datetime:
        """The time there."""
        ...

    # --- theirs ---

    def add(self, kind: Kind, traits: Texts, *, no: bool = False) -> str:
        """Somebody enters a record; its id."""
        ...

    def edit(self, kind: Kind, ident: str, traits: Texts) -> None:
        """Somebody types over some of it."""
        ...

    def flag(self, kind: Kind, ident: str, *, no: bool) -> None:
        """Somebody sets the flag that says no, or clears it."""
        ...

    def remove(self, kind: Kind, ident: str) -> None:
        """Somebody deletes it."""
        ...

    def living(self, kind: Kind) -> Sequence[str]:
        """The ids of what is there."""
        ...

    def flagged(self, kind: Kind, ident: str) -> bool:
        """Whether its flag says no now."""
        ...

    def ways(self) -> Mapping[str, Callable[[Random], str | None]]:
        """What else happens here, by name: merges, late commits, dead tokens; gives what was done
        in words, None when it could not be."""
        ...

    def oppose(self) -> None:
        """From now on a program turns back whatever we write."""
        ...

    def pass_by(self, seconds: float) -> None:
        """Time goes by."""
        ...

    def spoil(self, r: Random) -> str:
        """Something will go wrong with the next pass; what."""
        ...

    def calm(self) -> None:
        """Nothing goes wrong any more."""
        ...

    def settle(self) -> None:
        """Nothing stays half done."""
        ...

    def exposed(self, point: str) -> str | None:
        """Whose record somebody may edit at this point of a pass: "*" for any, an id, None for none.

        What the vendor leaves unguarded, and our documentation says so, is left out.
        """
        ...

    # --- what is to be seen ---

    def truth(self, kind: Kind) -> Mapping[str, Mapping[str, str | None]]:
        """All records that are there: id → canonical field → text."""
        ...

    def news(self) -> Sequence[News]:
        """Every write since the last call, oldest first."""
        ...

    def shows(self, one: News) -> bool:
        """Whether a reading that begins now has to show it."""
        ...
