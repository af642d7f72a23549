"""Which records a system has still to show as blocked, and how far its deliveries have come.

A blocked record is `told` once the system showed the block on it, or has no field for it. Deciding
it again, for whatever reason, asks anew: what the mirror shows already costs no call. Deliveries
follow from that: an entry is on its way while a record that it reaches is not told.

    waiting -> sent       one of its records is being written, or has been looked at
            -> waiting    a record could not be written: tried again at `due_at`
            -> confirmed  read back on every record that it reaches
            -> settled    there was nothing to show it on; `why` says what is lacking
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

import sqlalchemy as sa

from rules.keys import KeyKind
from rules.records import Kind, Record, Ref
from rules.suppression import Channel, EventType
from state import blocked as blocks
from state.deliveries import DeliveryState
from state.keys import KeyRing
from state.ledger import head, payloads
from state.ledger_rows import Entry, chunks, entries
from state.mirror import held, numbers, values_of
from state.positions import move, position
from state.screen import Screen, hash_records
from state.store import Tx, among, upserting
from state.tables import (
    blocked,
    deliveries,
    flag_tries,
    ledger,
    match_keys,
    mirror,
    receipts,
)

FIRST_WAIT: Final = timedelta(seconds=30)
MOST_WAIT: Final = timedelta(hours=1)
SHOWING: Final = (Kind.COMPANY, Kind.CONTACT, Kind.LEAD)
"""Records on which a block is shown. A call or a deal tells of the past, a row of a list is one."""
SHOWN: Final = "shown "
"""How `deliveries.why` begins where a list of numbers or addresses was read back (`entering`)."""
ABSENT: Final = SHOWN + "absent"
NOTHING_TO_SHOW: Final = ("erased", "not_held")
"""Why an entry has nothing that could stand in such a list; also "lacks ...", a channel."""
_REFRESH: Final = "tell"
_BATCH: Final = 500


@dataclass(frozen=True, slots=True)
class Untold:
    """A blocked record that its system has still to show. Without an id it is known by its content.

    `put_back`: how often its flag was set again on `day`, after somebody had cleared it.
    """

    rid: int
    record: Record
    by_content: bool
    channels: frozenset[Channel]
    events: tuple[str, ...]
    attempts: int
    due_at: datetime | None
    put_back: int
    day: str
    why: str = ""
    """What it waits for."""


# --- records ---------------------------------------------------------------------------------


def untold(
    tx: Tx, system: str, stream: str, after: tuple[int, int] = (-1, 0), limit: int = 200
) -> list[Untold]:
    """The next records of a stream that are not told, in the order of (place, rid)."""
    place = sa.func.coalesce(mirror.c.place, 0)
    rows = tx.execute(
        sa.select(
            mirror.c.rid, mirror.c.kind, mirror.c.id, mirror.c.version, mirror.c.cells,
            mirror.c.place, mirror.c.by_content, blocked.c.channels, blocked.c.events,
            flag_tries.c.attempts, flag_tries.c.due_at, flag_tries.c.put_back, flag_tries.c.day,
            flag_tries.c.why,
        )
        .select_from(_OPEN)
        .where(
            blocked.c.told.is_(False),
            mirror.c.system == system,
            mirror.c.stream == stream,
            mirror.c.deleted_at.is_(None),
            sa.tuple_(place, mirror.c.rid) > sa.tuple_(*after),
        )
        .order_by(place, mirror.c.rid)
        .limit(limit)
    )  # fmt: skip
    return [_untold(system, row) for row in rows]


_OPEN: Final = blocked.join(mirror, mirror.c.rid == blocked.c.rid + 0).outerjoin(
    flag_tries, flag_tries.c.rid == blocked.c.rid
)


def _untold(system: str, row: Any) -> Untold:
    ref = Ref(system, Kind(row.kind), row.id)
    return Untold(
        row.rid,
        Record(ref, row.version, values_of(row.cells), row.place),
        bool(row.by_content),
        frozenset(map(Channel, row.channels.split(","))),
        tuple(row.events),
        row.attempts or 0,
        row.due_at,
        row.put_back or 0,
        row.day or "",
        row.why or "",
    )


def left(tx: Tx, system: str, after: int, limit: int = 500) -> list[Any]:
    """(rid, events, due_at, why) of the next records of a system that are not told, by rid."""
    found = tx.execute(
        sa.select(blocked.c.rid, blocked.c.events, flag_tries.c.due_at, flag_tries.c.why)
        .select_from(_OPEN)
        .where(
            blocked.c.told.is_(False),
            blocked.c.rid > after,
            mirror.c.system == system,
            mirror.c.deleted_at.is_(None),
        )
        .order_by(blocked.c.rid)
        .limit(limit)
    )
    return list(found)


def pass_over(tx: Tx, system: str) -> None:
    """Records on which no block is shown, or which are gone, have nothing to be told of."""
    others = sa.select(mirror.c.rid).where(
        mirror.c.rid == blocked.c.rid,
        mirror.c.system == system,
        sa.or_(mirror.c.kind.not_in(SHOWING), mirror.c.deleted_at.is_not(None)),
    )
    tx.execute(
        sa.update(blocked)
        .where(blocked.c.told.is_(False), sa.exists(others.correlate(blocked)))
        .values(told=True)
    )


def streams_untold(tx: Tx, system: str) -> dict[str, int]:
    """Stream -> how many of its records are not told."""
    found = tx.execute(
        sa.select(mirror.c.stream, sa.func.count())
        .select_from(blocks.RECORDS)
        .where(
            blocked.c.told.is_(False),
            mirror.c.system == system,
            mirror.c.deleted_at.is_(None),
            mirror.c.kind.in_(SHOWING),
        )
        .group_by(mirror.c.stream)
    )
    return {row[0]: row[1] for row in found}


def tell(tx: Tx, rids: Collection[int]) -> None:
    """These records show their block, as far as they can."""
    for some in chunks(rids):
        tx.execute(sa.update(blocked).where(blocked.c.rid.in_(some)).values(told=True))


def hold_up(
    tx: Tx, rows: Iterable[Untold], why: str, now: datetime, after: float | None = None
) -> None:
    """These records could not be told. Waits double, from half a minute to an hour.

    `after`: seconds for which the system asked.
    """
    for one in rows:
        wait = min(FIRST_WAIT * 2 ** min(one.attempts, 10), MOST_WAIT)
        due = now + max(wait, timedelta(seconds=after or 0.0))
        _note(tx, one.rid, {"attempts": one.attempts + 1, "due_at": due, "why": why})


def hold_until(tx: Tx, rows: Iterable[Untold], why: str, due: datetime) -> None:
    """These records are left alone until `due`."""
    for one in rows:
        _note(tx, one.rid, {"due_at": due, "why": why})


def set_again(tx: Tx, rows: Iterable[Untold], day: str) -> None:
    """The flags of these records were put back on `day`, after somebody had cleared them."""
    for one in rows:
        times = one.put_back + 1 if one.day == day else 1
        _note(tx, one.rid, {"put_back": times, "day": day})


def forget_tries(tx: Tx, rids: Collection[int]) -> None:
    """These went well: nothing is waited for any more."""
    for some in chunks(rids):
        tx.execute(
            sa.update(flag_tries)
            .where(flag_tries.c.rid.in_(some))
            .values(attempts=0, due_at=None, why=None)
        )


def _note(tx: Tx, rid: int, values: Mapping[str, Any]) -> None:
    upsert = upserting(tx, flag_tries, *values)
    tx.execute(upsert.values({"rid": rid, "attempts": 0, "put_back": 0, **values}))


# --- deliveries ------------------------------------------------------------------------------

_NOT_CONFIRMED: Final = [
    state.value for state in DeliveryState if state is not DeliveryState.CONFIRMED
]
_ANY: Final = [state.value for state in DeliveryState]


def begin(tx: Tx, system: str, events: Collection[str], *, anew: bool = False) -> None:
    """Records that these events reach are about to be written, or were looked at.

    `anew`: one of them had lost its flag, so that what was confirmed has to be confirmed again.
    """
    states = _ANY if anew else _NOT_CONFIRMED
    sent = {"state": DeliveryState.SENT.value, "due_at": None, "why": None}
    for some in chunks(events):
        tx.execute(
            sa.update(deliveries)
            .where(
                deliveries.c.system == system,
                deliveries.c.seq.in_(_seqs(some)),
                deliveries.c.state.in_(states),
            )
            .values(attempts=deliveries.c.attempts + 1, **sent)
        )


def postpone(tx: Tx, system: str, events: Collection[str], due: datetime, why: str) -> None:
    """A record that these events reach is not told: their deliveries wait until `due`."""
    for some in chunks(events):
        tx.execute(
            sa.update(deliveries)
            .where(deliveries.c.system == system, deliveries.c.seq.in_(_seqs(some)))
            .values(state=DeliveryState.WAITING.value, due_at=due, why=why)
        )


def lacks(tx: Tx, system: str, events: Collection[str], what: str) -> None:
    """The system has no field for this on a record that these events reach."""
    for some in chunks(events):
        tx.execute(
            sa.update(deliveries)
            .where(deliveries.c.system == system, deliveries.c.seq.in_(_seqs(some)))
            .values(why=what)
        )


def _seqs(events: Sequence[str]) -> sa.Select[tuple[int]]:
    return sa.select(ledger.c.seq).where(ledger.c.event_id.in_(events))


def confirm(tx: Tx, system: str, now: datetime, *, by_entry: bool = False) -> int:
    """What was sent and waits for no record any more is confirmed, with a receipt each.

    `by_entry`: the system keeps a list of numbers or addresses; that has to have been read back too.
    """
    sent = deliveries.c.state == DeliveryState.SENT.value
    if by_entry:
        why = deliveries.c.why
        sent = sa.and_(sent, why.startswith(SHOWN, autoescape=True), why != ABSENT)
    return _end(tx, system, sent, "confirmed", now)


def settle(tx: Tx, system: str, now: datetime, *, by_entry: bool = False) -> int:
    """What no record was to be told of. To be called once every record has been decided.

    `by_entry`: and of which nothing can stand in the list of numbers or addresses.
    """
    waiting = sa.and_(
        deliveries.c.state == DeliveryState.WAITING.value,
        sa.or_(deliveries.c.due_at.is_(None), deliveries.c.due_at <= now),
    )
    if by_entry:
        why = deliveries.c.why
        nothing = sa.or_(why.in_(NOTHING_TO_SHOW), why.startswith("lacks "))
        absent = sa.and_(deliveries.c.state == DeliveryState.SENT.value, why == ABSENT)
        waiting = sa.or_(sa.and_(waiting, nothing), absent)
    return _end(tx, system, waiting, "settled", now)


def _end(tx: Tx, system: str, where: sa.ColumnElement[bool], state: str, now: datetime) -> int:
    here = sa.and_(deliveries.c.system == system, where)
    at = sa.literal(now, receipts.c.at.type)
    ended = sa.select(deliveries.c.delivery, sa.literal(state), at, deliveries.c.why).where(here)
    tx.execute(sa.insert(receipts).from_select(["delivery", "state", "at", "shown"], ended))
    done = tx.execute(sa.update(deliveries).where(here).values(state=state, due_at=None))
    return int(done.rowcount)


def open_ones(tx: Tx, system: str) -> int:
    """Deliveries of a system that are neither confirmed nor settled."""
    # Named one by one: an index finds them among millions that are over.
    over = {DeliveryState.CONFIRMED, DeliveryState.SETTLED}
    under_way = [one.value for one in DeliveryState if one not in over]
    query = sa.select(sa.func.count()).where(
        deliveries.c.system == system, deliveries.c.state.in_(under_way)
    )
    return int(tx.execute(query).scalar_one())


# --- whom new entries reach ------------------------------------------------------------------


def refresh(
    tx: Tx, ring: KeyRing, screen: Screen, region: str, now: datetime, limit: int = _BATCH
) -> int:
    """Note which known records the next `limit` new blocks reach; 0 when all are looked at.

    So a new opt-out leaves before anything is read. Deciding finds the rest. A transaction of its own.
    """
    if tx.dialect.name == "postgresql":
        # As `reach.carry`: waits for all who decide records, and lets them wait.
        tx.execute(sa.text("LOCK TABLE mirror IN SHARE ROW EXCLUSIVE MODE"))
    after = position(tx, _REFRESH)
    new = entries(tx, sa.and_(ledger.c.seq > after, ledger.c.seq <= after + limit))
    if not new:
        return 0
    for some in chunks(reached(tx, new), 2000):
        # A record that was never decided is still without keys, and is looked at when it is.
        rows = {
            rid: one
            for rid, one in held(tx, some).items()
            if one.filled is not None and one.record.ref.kind in SHOWING
        }
        also = {rid: one.also for rid, one in rows.items()}
        pairs = [(rid, one.record) for rid, one in rows.items()]
        standing = screen.blocked(tx, hash_records(ring, pairs, region, also), now)
        found = [
            (rid, ",".join(one.channels), list(one.events), one.since)
            for rid, one in standing.items()
        ]
        blocks.replace(tx, list(standing), found, fresh=False)
    move(tx, _REFRESH, new[-1].seq)
    return len(new)


def is_behind(tx: Tx, system: str = "") -> bool:
    """Whether entries came in whose records were not looked for yet, or that a delivery to this
    system alone has not come to."""
    return head(tx).seq > position(tx, _own(system))


def delivered(tx: Tx, system: str, seq: int) -> None:
    """A delivery to this system alone has come to the entries up to here."""
    move(tx, _own(system), seq)


def _own(system: str) -> str:
    return f"{_REFRESH}:{system}" if system else _REFRESH


def all_refreshed(tx: Tx) -> None:
    """Every record has been decided with all that the ledger holds."""
    move(tx, _REFRESH, head(tx).seq)


def reached(tx: Tx, new: Sequence[Entry]) -> set[int]:
    """The records that carry a key of these blocks, or are named by them."""
    said = [e for e in new if e.event.type in (EventType.BLOCK, EventType.DERIVED)]
    keys = {key for e in said for key in e.event.keys | e.event.carried}
    rids: set[int] = set()
    for some in chunks({key.digest for key in keys if key.kind is not KeyKind.REF}):
        query = sa.select(match_keys.c.rid).where(match_keys.c.digest.in_(some))
        rids.update(tx.execute(query).scalars())
    clear = payloads(tx, [e.seq for e in said]).values()
    refs = [Ref.parse(k.value) for one in clear for k in one.keys if k.kind is KeyKind.REF]
    rids.update(numbers(tx, refs).values())
    return rids


def were_set_by_us(tx: Tx, rids: Sequence[int], rule: str, ended: str) -> set[int]:
    """Those of the records on which `rule` once wrote, and `ended` has written nothing since."""
    from state.tables import history

    found: set[int] = set()
    for some in chunks(rids):
        query = sa.select(history.c.rid, history.c.changes).where(
            among(tx, history.c.rid, some), history.c.changes.like(f'%"{rule}"%')
        )
        for row in tx.execute(query.order_by(history.c.cid)):
            if f'"{ended}"' in row.changes:
                found.discard(row.rid)
            else:
                found.add(row.rid)
    return found
