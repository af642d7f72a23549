"""A vendor's messages to us (webhooks): verified, and then taken as a hint to read, never as facts.

Messages come late, twice, in any order, or not at all, and some vendors do not sign them: so what
they say is not stored. Each names a record, and that record is read. What no message told of, the
next reading finds.
"""

from __future__ import annotations

import hmac
from collections.abc import Mapping, Sequence
from typing import NamedTuple, Protocol, runtime_checkable
from urllib.parse import parse_qsl


def is_word(said: str, secret: str) -> bool:
    """Whether the word of an address is ours; nothing is, where there is no secret."""
    return bool(secret) and hmac.compare_digest(said.encode(), secret.encode())


def form_of(body: bytes) -> dict[str, str]:
    """The fields of a form, the last of each name; nothing for what is none."""
    try:
        return dict(parse_qsl(body.decode(), keep_blank_values=True, max_num_fields=1000))
    except ValueError:
        return {}


class Hint(NamedTuple):
    """Something happened to a record of a stream."""

    stream: str
    ident: str
    event: str
    """The vendor's own name of it; for logs."""


@runtime_checkable
class Hears(Protocol):
    """Is sent messages by its vendor."""

    def hints(
        self, headers: Mapping[str, str], body: bytes, word: str = ""
    ) -> Sequence[Hint] | None:
        """What a message tells of; None when it is not the vendor's, or cannot be read. Total.

        `headers` by names in lower case; `word` is what the address had behind the system's name,
        the secret of vendors that sign nothing. Nothing of a message goes into a log.
        """
        ...

    def hook_is_off(self) -> bool | None:
        """Whether the vendor sends us nothing any more; None when it never was to. Asks the vendor."""
        ...
