"""Flags that say no, as systems with typed fields have them: which there are, and how they are set.

Not by `translate`'s rows of what hygiene may write: a flag is set when somebody is blocked, and never
for any other reason. It is taken off only after a lift or a correction, where we had set it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import datetime
from typing import Final, NamedTuple

from connectors.protocol import Column, Episode
from connectors.translate import Map
from rules.flags import ALL, Flag
from rules.opt_out_words import folded
from rules.records import Record, Value
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


class Over(NamedTuple):
    """A no that a history tells of and that stands no more. `theirs`: somebody else than us said it."""

    since: datetime
    theirs: bool


def told(record: Record, field: str, over: Iterable[Over]) -> Iterator[Episode]:
    """The last of these noes, and the last that is surely not ours: what we set since hides none."""
    newest = sorted(over, reverse=True)
    last = {*newest[:1], *[one for one in newest if one.theirs][:1]}
    for one in sorted(last):
        yield Episode(record, field, one.since, one.theirs)


NOES: Final = ("opt_out_call", "opt_out_at", "opt_out_source")
"""What the outcome of a call says, where it means no."""


def noes_of(names: Iterable[str]) -> frozenset[str]:
    """Outcomes that mean "do not call", as they are compared."""
    return frozenset(filter(None, map(folded, names)))


def said_by_outcome(values: dict[str, Value], noes: frozenset[str], other: Value = None) -> None:
    """A call whose outcome means no says no, dated by the call. `other`: what a second field has."""
    told = (one for one in (values.get("outcome"), other) if isinstance(one, str))
    outcome = next((one for one in told if folded(one) in noes), None)
    values["opt_out_call"] = "false" if outcome is None else "true"
    if outcome is not None:
        values["opt_out_at"], values["opt_out_source"] = (
            values.get("started_at"),
            f"outcome: {outcome}",
        )


def outcome_columns(rows: Iterable[Map]) -> tuple[Column, ...]:
    """As a stream of calls tells of them: they stand where the outcome stands."""
    vendor = next((row.vendor for row in rows if row.canonical == "outcome"), "")
    return tuple(Column(vendor, name, writable=False) for name in NOES) if vendor else ()


def flags_of(rows: Iterable[Map], settable: Callable[[str], bool]) -> tuple[Flag, ...]:
    """The rows that are flags. `settable`: whether our user may write a vendor's field."""
    return tuple(
        Flag(row.canonical, CHANNELS[row.canonical])
        for row in rows
        if row.canonical in CHANNELS
        and row.read == "flag"
        and all(settable(one) for one in row.vendor.split("+"))
    )
