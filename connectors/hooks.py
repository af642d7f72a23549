"""A vendor's messages to us (webhooks): verified, and then taken as a hint to read, never as facts.

Messages come late, twice, in any order, or not at all, and some vendors do not sign them: so what
they say is not stored. Each names a record, and that record is read. What no message told of, the
next reading finds.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple, Protocol, runtime_checkable


class Hint(NamedTuple):
    """Something happened to a record of a stream."""

    stream: str
    ident: str
    event: str
    """The vendor's own name of it; for logs."""


@runtime_checkable
class Hears(Protocol):
    """Is sent messages by its vendor."""

    def hints(self, headers: Mapping[str, str], body: bytes) -> Sequence[Hint] | None:
        """What a message tells of; None when it is not the vendor's, or cannot be read. Total.

        `headers` by names in lower case. Nothing of a message goes into a log.
        """
        ...

    def hook_is_off(self) -> bool | None:
        """Whether the vendor sends us nothing any more; None when it never was to. Asks the vendor."""
        ...
