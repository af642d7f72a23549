"""Flags that say no, as systems with typed fields have them: which there are, and how they are set.

Not by `translate`'s rows of what hygiene may write: a flag is set when somebody is blocked, and never
for any other reason. It is taken off only after a lift or a correction, where we had set it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Final

from connectors.translate import Map
from rules.flags import ALL, Flag
from rules.suppression import Channel

CHANNELS: Final[Mapping[str, frozenset[Channel]]] = {
    "opt_out": ALL,
    "opt_out_call": frozenset({Channel.CALL}),
    "opt_out_email": frozenset({Channel.EMAIL}),
    "opt_out_sms": frozenset({Channel.SMS}),
}
"""What each canonical field forbids."""


def is_set(text: str | None) -> bool:
    """Whether the flag stands once a change to this text is made."""
    return bool(text) and text != "false"


def flags_of(rows: Iterable[Map], settable: Callable[[str], bool]) -> tuple[Flag, ...]:
    """The rows that are flags. `settable`: whether our user may write a vendor's field."""
    return tuple(
        Flag(row.canonical, CHANNELS[row.canonical])
        for row in rows
        if row.canonical in CHANNELS
        and row.read == "flag"
        and all(settable(one) for one in row.vendor.split("+"))
    )
