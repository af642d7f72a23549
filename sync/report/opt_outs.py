"""The part of the report about who must not be contacted. Never folded, never left out."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Final

from rules.records import Value
from rules.suppression import SINGLE_CHANNELS, Channel
from state import deliveries, mirror, overview
from state.blocked import BlockedRecord
from state.store import Tx
from sync.facts import StreamFacts
from sync.report.model import Blocked, BlockedStream, OptOuts

MOST_LISTED: Final = 500
"""Blocked records that the report names; the full list names every one."""

_NAMES: Final = (("full_name",), ("first_name", "last_name"), ("company_name",))
_KEYS: Final = ("direct_phone", "main_phone", "email", "cvr")


Heard = Mapping[tuple[str, str], int]
"""(system, stream) -> opt-outs that a pass heard there for the first time."""


def heard_by(parts: Sequence[StreamFacts]) -> Heard:
    """What a pass heard."""
    return {
        (part.system, part.stream.name): part.pulled.statements for part in parts if part.pulled
    }


def of_systems(tx: Tx, systems: Sequence[str], heard: Heard) -> OptOuts:
    """Everybody who is blocked in these systems now, and what a pass heard."""
    counted = overview.blocked_channels(tx, systems)
    listed = overview.blocked_page(tx, systems, limit=MOST_LISTED)
    held = mirror.held(tx, [one.rid for one in listed])
    recorded, derived = overview.opt_outs_recorded(tx)
    return OptOuts(
        records=sum(number for by in counted.values() for number in by.values()),
        channels=_channels(counted),
        streams=tuple(
            BlockedStream(
                system=where[0],
                stream=where[1],
                records=sum(counted.get(where, {}).values()),
                heard=heard.get(where, 0),
            )
            for where in sorted(counted.keys() | {at for at, number in heard.items() if number})
        ),
        heard=sum(heard.values()),
        recorded=recorded,
        derived=derived,
        deliveries={
            system: {state.value: number for state, number in sorted(states.items())}
            for system, states in sorted(deliveries.counts(tx).items())
        },
        listed=tuple(
            as_blocked(one, held[one.rid].record.values if one.rid in held else {})
            for one in listed
        ),
    )


def _channels(counted: Mapping[tuple[str, str], Mapping[str, int]]) -> dict[str, int]:
    numbers: Counter[str] = Counter()
    for by in counted.values():
        for channels, number in by.items():
            for channel in split(channels.split(",")):
                numbers[channel] += number
    return {channel.value: numbers[channel.value] for channel in SINGLE_CHANNELS}


def split(channels: Sequence[str]) -> tuple[str, ...]:
    """Single channels, also where the store says "all"."""
    every = tuple(channel.value for channel in SINGLE_CHANNELS)
    return every if Channel.ALL.value in channels else tuple(channels)


def as_blocked(one: BlockedRecord, values: Mapping[str, Value]) -> Blocked:
    """A blocked record as the report names it."""
    return Blocked(
        ref=f"{one.system}/{one.kind}/{one.id}",
        stream=one.stream,
        place=one.place,
        who=who(values),
        channels=split(one.channels),
        since=one.since,
    )


def who(values: Mapping[str, Value]) -> str:
    """What a person recognises the record by: a name, else a number or address."""
    for names in _NAMES:
        found = [value for name in names if isinstance(value := values.get(name), str) and value]
        if found:
            return " ".join(found)
    return next((str(values[name]) for name in _KEYS if isinstance(values.get(name), str)), "")
