"""Blocks by number or address: lists, audiences and queues that know no record.

How an opt-out gets there, whatever the system is (the stage is `sync.stages.listing`):

    the ledger's entry     each of its numbers and addresses of a kind that `takes` names, blocked
                           right now on all channels that standing there forbids, is one `Bar`
    `barred`               what the system shows already costs no write
    `withdraw`             outside the system's hours: off what is dialled or sent next, at once;
                           the rest is parked until they begin
    `bar`                  written, in the system's own spelling
    `barred`               asked again: only what the system shows now counts as confirmed
    `queued`, `unqueue`    each pass: what waits to be dialled is held against our whole list

A connector implements `Bars`, and `Withdraws` and `Queues` if it has such. Errors are those of any
role. Nothing here ever takes a block off, or signs anybody up.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal, NamedTuple, Protocol, runtime_checkable

from rules.barring import Bar, Hours, Takes
from rules.keys import Key, KeyKind
from rules.suppression import Channel


@dataclass(frozen=True, slots=True)
class Barring:
    """Plain facts about how a system keeps somebody away by a number or an address."""

    takes: Takes = field(default_factory=dict)
    """By kind of key (phone, email): the channels that it forbids. Empty: this system has no list."""
    batch_size: int = 200
    """The most that `bar` and `barred` are given at a time."""
    reads: Literal["whole", "asked", "queues"] = "asked"
    """What a comparison can rest on: the whole list, the numbers asked for, or the queues alone."""
    hours: Hours | None = None
    """When it takes additions; None: always."""
    refuses: bool = True
    """Whoever stands there is refused by the system itself; False where only queues are cleared."""
    sweep_seconds: int = 0
    """So long a look at all queues is good for; each pass has one where it is 0."""
    spelling: str = "+4512345678"
    """How a number is written there; for people. The connector does the writing."""

    def forbids(self, channel: Channel) -> bool:
        """Whether standing there forbids this channel to anybody."""
        return any(channel in about for about in self.takes.values())


class Refusal(NamedTuple):
    """The system refuses this number or address, and would refuse it again."""

    bar: Bar
    code: str
    """Its reason, stable and without personal data."""


@runtime_checkable
class Bars(Protocol):
    """Keeps people away by number or address."""

    def barring(self) -> Barring:
        """The facts, as they are in this account; asked once a pass."""
        ...

    def bar(self, batch: Sequence[Bar]) -> Iterator[Refusal]:
        """Keep these away. To do it twice is as once.

        What the system refuses for good is yielded, and the others go on. Of everything else
        `barred` tells: an answer that was lost, or that says yes, proves nothing.
        """
        ...

    def barred(self, batch: Sequence[Bar]) -> Mapping[Bar, str]:
        """Those of `batch` that the system keeps away now, by asking it; and what shows it.

        The word goes into the receipt (texts `receipt.shown.<word>`): "listed", "unsubscribed",
        "unqueued", or "absent" where the system does not know the person and keeps no list in
        which he could stand: that settles it until it does.
        """
        ...


@runtime_checkable
class Withdraws(Protocol):
    """Can take numbers off what is dialled next at any hour, also when its list takes nothing."""

    def withdraw(self, batch: Sequence[Bar]) -> None:
        """Off all that is dialled or sent next. To do it twice is as once."""
        ...


class Queued(NamedTuple):
    """A number that waits to be dialled. `where` is the connector's own way back to it."""

    key: Key
    where: str


@runtime_checkable
class Queues(Protocol):
    """Holds numbers that wait to be dialled, and that others fill anew."""

    def queued(self) -> Iterator[Sequence[Queued]]:
        """All that wait, page by page."""
        ...

    def unqueue(self, batch: Sequence[Queued]) -> None:
        """Take these out. To do it twice is as once."""
        ...


PHONES: Takes = {KeyKind.PHONE: frozenset({Channel.CALL})}
"""A list of numbers that must not be called."""


def barring_of(connector: object) -> Barring | None:
    """The facts of a connector that keeps people away by number or address; None of any other."""
    facts = connector.barring() if isinstance(connector, Bars) else None
    return facts if facts and facts.takes else None
