"""A role of connectors for a sandbox: records of our own are made, changed, merged and taken away.

Nothing else in the program makes or deletes a record. It serves to see what a vendor really does
(`sync check SYSTEM --live-contract`), and touches only what it has made itself.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Protocol, runtime_checkable

from connectors.protocol import Stream


class NotOffered(Exception):
    """The system's interface has no such thing for us; `why` is a text key."""

    def __init__(self, why: str) -> None:
        super().__init__(why)
        self.why = why


@runtime_checkable
class Trials(Protocol):
    """Values are canonical text, flags `true` or `false`; what is not mapped is left out.

    Errors are those of every role: `SystemStopped` for what is refused, `TryAgain` for a lost answer.
    """

    def trial_make(self, stream: Stream, values: Mapping[str, str]) -> str:
        """Make a record; its id."""
        ...

    def trial_edit(self, stream: Stream, ident: str, values: Mapping[str, str]) -> None:
        """Write without any guard, as somebody else would."""
        ...

    def trial_merge(self, stream: Stream, winner: str, loser: str) -> str:
        """Merge two records; the id of what remains. `NotOffered` where that cannot be done."""
        ...

    def trial_remove(self, stream: Stream, ident: str) -> None:
        """Take a record away; nothing happens when it is gone."""
        ...

    def trial_find(self, stream: Stream, values: Mapping[str, str]) -> Sequence[str]:
        """The ids of living records with this `last_name` (or this `email`)."""
        ...
