"""Lifts and corrections of some entries that wait for a second person."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from rules.suppression import Channel, EventType
from state import requests
from state.ledger_rows import Entry
from state.store import Tx


@dataclass(frozen=True, slots=True)
class Pending:
    """A lift or correction that waits for a second person. `entry` is the number it speaks of."""

    request: int
    what: EventType
    entry: int
    channel: Channel
    by: str
    at: datetime


def pending(tx: Tx, known: Sequence[Entry]) -> tuple[Pending, ...]:
    """What waits, oldest first."""
    numbers = {entry.event.event_id: entry.seq for entry in known}
    return tuple(
        Pending(one.request, one.what, numbers[one.event], said.channel, one.asked_by, one.asked_at)
        for one in requests.open_ones(tx, numbers)
        if (said := one.said)
    )
