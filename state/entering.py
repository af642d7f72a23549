"""Deliveries of entries to lists of numbers and addresses: what is due, and how far it has come.

    waiting -> parked     the system's hours are closed; taken up when they begin
            -> waiting    not there yet: tried again at `due_at`
            -> sent       every number and address of it was read back; `why` says how it is shown
    sent    -> confirmed  in the end, unless a record that the entry reaches is not told
            -> settled    in the end, where nothing of it can stand there; `why` says why

An entry with a due date in the future is left alone until then.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

import sqlalchemy as sa

from rules.barring import Bar, Takes, bars_of
from rules.keys import Key
from rules.suppression import SINGLE_CHANNELS, Channel, Evidence, SuppressionList
from state import positions
from state.deliveries import DeliveryState
from state.keys import KeyRing
from state.ledger import entries_for, payloads
from state.ledger_rows import chunks
from state.store import Tx, among
from state.tables import deliveries, ledger, ledger_keys
from state.telling import FIRST_WAIT, MOST_WAIT, NOTHING_TO_SHOW, SHOWN

ERASED, NOT_HELD = NOTHING_TO_SHOW
_IS_TAKEN_UP: Final = deliveries.c.state.in_(
    one.value
    for one in (
        DeliveryState.WAITING,
        DeliveryState.PARKED,
        DeliveryState.SENT,
        DeliveryState.FAILED,
    )
)


@dataclass(frozen=True, slots=True)
class Entering:
    """A delivery, and what has to stand in the list for it; where that is nothing, `why`.

    `sent`: it has been on its way already, to a record.
    """

    delivery: int
    seq: int
    attempts: int
    sent: bool
    bars: tuple[Bar, ...]
    why: str = ""


def due(
    tx: Tx, ring: KeyRing, system: str, takes: Takes, after: int, now: datetime, limit: int
) -> list[Entering]:
    """The next open deliveries of a system that may be tried now, by the number of their entry."""
    rows = _rows(
        tx,
        system,
        after,
        limit,
        _IS_TAKEN_UP,
        sa.or_(deliveries.c.due_at.is_(None), deliveries.c.due_at <= now),
    )
    return _entering(tx, ring, rows, takes, now)


def shown(
    tx: Tx, ring: KeyRing, system: str, takes: Takes, after: int, now: datetime, limit: int
) -> list[Entering]:
    """The next deliveries that are confirmed, with what the list has to hold for them by now."""
    confirmed = deliveries.c.state == DeliveryState.CONFIRMED.value
    return _entering(tx, ring, _rows(tx, system, after, limit, confirmed), takes, now)


def _rows(
    tx: Tx, system: str, after: int, limit: int, *where: sa.ColumnElement[bool]
) -> Sequence[Any]:
    query = (
        sa.select(
            deliveries.c.delivery,
            deliveries.c.seq,
            deliveries.c.attempts,
            deliveries.c.state,
            ledger.c.channel,
        )
        .join(ledger, ledger.c.seq == deliveries.c.seq)
        .where(deliveries.c.system == system, deliveries.c.seq > after, *where)
        .order_by(deliveries.c.seq)
        .limit(limit)
    )
    return tx.execute(query).all()


def _entering(
    tx: Tx, ring: KeyRing, rows: Sequence[Any], takes: Takes, now: datetime
) -> list[Entering]:
    clear = payloads(tx, [row.seq for row in rows])
    keys = {
        row.seq: [
            key for key in (*clear[row.seq].keys, *clear[row.seq].carried) if key.kind in takes
        ]
        for row in rows
    }
    standing = _blocked(tx, ring, {key for some in keys.values() for key in some}, now)
    found = []
    for row in rows:
        bars = [bars_of(key, standing[key], takes) for key in dict.fromkeys(keys[row.seq])]
        wanted = tuple(bar for bar in bars if bar is not None)
        why = "" if wanted else _why(row.channel, clear[row.seq].erased_at, takes)
        sent = row.state == DeliveryState.SENT.value
        found.append(Entering(row.delivery, row.seq, row.attempts, sent, wanted, why))
    return found


def _blocked(
    tx: Tx, ring: KeyRing, keys: Collection[Key], now: datetime
) -> Mapping[Key, frozenset[Channel]]:
    """The single channels on which each key is blocked right now, by any entry."""
    hashed = {key: ring.hashed(key) for key in keys}
    digests = {one.digest for some in hashed.values() for one in some}
    events = (one.event for one in entries_for(tx, digests))
    # Nobody is taken off a list, or put on one, because a mailbox does not answer.
    listed = SuppressionList(one for one in events if one.evidence is not Evidence.BOUNCE)
    return {
        key: frozenset(channel for channel, by in listed.standing(some, now).items() if by)
        for key, some in hashed.items()
    }


def blocked_keys(
    tx: Tx, ring: KeyRing, keys: Collection[Key], takes: Takes, now: datetime
) -> set[Key]:
    """Those of `keys` that a list of this kind has to hold right now."""
    standing = _blocked(tx, ring, keys, now)
    return {key for key, channels in standing.items() if bars_of(key, channels, takes)}


def was_entered(
    tx: Tx, ring: KeyRing, system: str, keys: Collection[Key], channel: Channel
) -> bool:
    """Whether we have put one of these into the system's list, or tried to, for a block of `channel`."""
    digests = {one.digest for key in keys for one in ring.hashed(key)}
    query = (
        sa.select(deliveries.c.delivery)
        .join(ledger_keys, ledger_keys.c.seq == deliveries.c.seq)
        .join(ledger, ledger.c.seq == deliveries.c.seq)
        .where(
            ledger_keys.c.digest.in_(digests),
            deliveries.c.system == system,
            deliveries.c.attempts > 0,
            ledger.c.channel.in_((channel.value, Channel.ALL.value)),
        )
    )
    return tx.execute(query.limit(1)).first() is not None


def _why(channel: str, erased_at: datetime | None, takes: Takes) -> str:
    if erased_at is not None:
        return ERASED
    about = frozenset().union(*takes.values())
    said = SINGLE_CHANNELS if channel == Channel.ALL.value else (Channel(channel),)
    lacking = [one for one in said if one not in about]
    return f"lacks {','.join(lacking)}" if len(lacking) == len(said) else NOT_HELD


# --- how far it has come ---------------------------------------------------------------------


def tried(tx: Tx, rows: Iterable[Entering]) -> None:
    """These are about to be written: noted before anything leaves."""
    for some in chunks([one.delivery for one in rows]):
        tx.execute(
            sa.update(deliveries)
            .where(among(tx, deliveries.c.delivery, some))
            .values(
                state=DeliveryState.WAITING.value, attempts=deliveries.c.attempts + 1, due_at=None
            )
        )


def read_back(tx: Tx, rows: Iterable[tuple[Entering, str]]) -> None:
    """All of these stand in the list; `telling.confirm` writes their receipts."""
    by_word: dict[str, list[int]] = {}
    for one, word in rows:
        by_word.setdefault(word, []).append(one.delivery)
    for word, found in by_word.items():
        _set(tx, found, state=DeliveryState.SENT.value, due_at=None, why=SHOWN + word)


def hold_up(
    tx: Tx, rows: Iterable[Entering], why: str, now: datetime, after: float | None = None
) -> None:
    """These do not stand there yet: waits double, from half a minute to an hour.

    `after`: seconds for which the system asked.
    """
    by_due: dict[datetime, list[int]] = {}
    for one in rows:
        wait = min(FIRST_WAIT * 2 ** min(one.attempts, 10), MOST_WAIT)
        due_at = now + max(wait, timedelta(seconds=after or 0.0))
        by_due.setdefault(due_at, []).append(one.delivery)
    for due_at, found in by_due.items():
        _set(tx, found, state=DeliveryState.WAITING.value, due_at=due_at, why=why)


def hold_up_rest(
    tx: Tx, system: str, after: int, why: str, now: datetime, due_at: datetime
) -> None:
    """The system cannot be used now: all that is due beyond the entry `after` waits until `due_at`."""
    tx.execute(
        sa.update(deliveries)
        .where(
            deliveries.c.system == system,
            deliveries.c.seq > after,
            _IS_TAKEN_UP,
            sa.or_(deliveries.c.due_at.is_(None), deliveries.c.due_at <= now),
        )
        .values(state=DeliveryState.WAITING.value, due_at=due_at, why=why)
    )


def park(tx: Tx, rows: Iterable[Entering], until: datetime) -> None:
    """The system's hours are closed."""
    found = [one.delivery for one in rows]
    _set(tx, found, state=DeliveryState.PARKED.value, due_at=until, why="hours")


def nothing(tx: Tx, rows: Iterable[Entering]) -> None:
    """Nothing of these can stand in the list; what a record was to be told of, it is told."""
    by_why: dict[str, list[int]] = {}
    for one in rows:
        if one.sent:
            by_why.setdefault("", []).append(one.delivery)
        else:
            by_why.setdefault(one.why, []).append(one.delivery)
    for why, found in by_why.items():
        if why:
            _set(tx, found, state=DeliveryState.WAITING.value, due_at=None, why=why)
        else:
            _set(tx, found, why=SHOWN + "records")


def reopen(tx: Tx, found: Collection[int]) -> None:
    """What was confirmed is not there any more."""
    _set(tx, found, state=DeliveryState.WAITING.value, due_at=None, why="not_read_back")


def _set(tx: Tx, found: Collection[int], **values: Any) -> None:
    for some in chunks(found):
        tx.execute(
            sa.update(deliveries).where(among(tx, deliveries.c.delivery, some)).values(**values)
        )


# --- queues ----------------------------------------------------------------------------------

_SWEPT: Final = "swept: "


def is_swept(tx: Tx, system: str, now: datetime, seconds: int) -> bool:
    """Whether all queues of a system were looked at so short a time ago."""
    last = positions.known(tx, _SWEPT + system)
    return last is not None and 0 <= now.timestamp() - last < seconds


def sweep(tx: Tx, system: str, now: datetime) -> None:
    """All queues of a system were looked at: kept as seconds, in whatever else is remembered so."""
    positions.move(tx, _SWEPT + system, int(now.timestamp()))
