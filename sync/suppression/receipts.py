"""The receipt of an opt-out: when each system confirmed it, to the second, and on which records.

Built from what stands in the ledger, the deliveries and our own history at the moment of asking; a
system counts as confirmed once every delivery that comes of the opt-out is.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

import sqlalchemy as sa

from rules.errors import UserError
from rules.flags import RULE
from rules.keys import Key
from rules.suppression import Channel, EventType, Evidence
from state import history, ledger, match_keys, mirror
from state.deliveries import DeliveryState
from state.ledger import payloads
from state.ledger_rows import Entry, chunks, entries
from state.store import Tx
from state.tables import deliveries, receipts
from state.telling import SHOWN
from sync.app import App
from sync.suppression import desk

MOST_RECORDS: Final = 200
_WORST: Final = (
    DeliveryState.FAILED,
    DeliveryState.WAITING,
    DeliveryState.PARKED,
    DeliveryState.SENT,
    DeliveryState.CONFIRMED,
    DeliveryState.SETTLED,
)


@dataclass(frozen=True, slots=True)
class Shown:
    """A record on which a system shows the opt-out; `set_at` when we set it, None if it stood there."""

    ref: str
    fields: tuple[str, ...]
    set_at: datetime | None


@dataclass(frozen=True, slots=True)
class Confirmation:
    """How far one system has come. `seconds` from our hearing of it to its confirmation.

    `lacks` are channels that the system has no field for; `why` is what a wait is about, `by` what
    was read back where it keeps a list.
    """

    system: str
    state: DeliveryState
    at: datetime | None
    seconds: float | None
    attempts: int
    due_at: datetime | None
    why: str
    by: str
    lacks: tuple[str, ...]
    records: tuple[Shown, ...]


@dataclass(frozen=True, slots=True)
class Receipt:
    """One opt-out. `chain` is the ledger's hash at that entry: it proves what stood there when."""

    seq: int
    event: str
    channel: Channel
    keys: tuple[Key, ...]
    reached: tuple[Key, ...]
    heard_at: datetime
    happened_from: datetime | None
    happened_to: datetime
    system: str
    evidence: Evidence
    by: tuple[str, ...]
    said: str
    standing: bool
    chain: str
    systems: tuple[Confirmation, ...]

    @property
    def is_confirmed(self) -> bool:
        """Whether nothing is under way any more."""
        over = (DeliveryState.CONFIRMED, DeliveryState.SETTLED)
        return all(one.state in over for one in self.systems)


@dataclass(frozen=True, slots=True)
class Receipts:
    """All opt-outs of the keys that were asked for, the newest first."""

    asked: str
    at: datetime
    items: tuple[Receipt, ...]


def receipts_of(app: App, asked: str) -> Receipts:
    """The receipts of an entry by its number, or of all that blocks a number, an address or a record."""
    with app.store.reading() as tx:
        found = _entries(tx, app, asked)
        roots = [one for one in found if one.event.type is EventType.BLOCK]
        if not roots:
            raise UserError("receipt.nothing", asked=asked)
        items = [_receipt(tx, app, root) for root in roots]
    items.sort(key=lambda one: -one.seq)
    return Receipts(asked, app.clock(), tuple(items))


def _entries(tx: Tx, app: App, asked: str) -> list[Entry]:
    if asked.isdecimal() and len(asked) < 8:
        return entries(tx, ledger_seq() == int(asked))
    keys = desk.guessed(asked, app.settings.region)
    digests = {one.digest for one in app.keys.all_hashed(keys)}
    return ledger.entries_for(tx, digests)


def ledger_seq() -> sa.Column[int]:
    """The number of an entry."""
    from state.tables import ledger as rows

    return rows.c.seq


def _receipt(tx: Tx, app: App, root: Entry) -> Receipt:
    from state.tables import ledger as rows

    derived = entries(
        tx, sa.and_(rows.c.root == root.event.event_id, rows.c.event_type == "derived")
    )
    event, family = root.event, [root, *derived]
    clear = payloads(tx, [one.seq for one in family])
    said = clear[root.seq]
    keys = (*said.keys, *said.carried)
    reached = {key for one in derived for key in clear[one.seq].keys} - set(keys)
    standing = event.event_id in desk._standing(tx, [root], app.clock())  # noqa: SLF001
    return Receipt(
        seq=root.seq,
        event=event.event_id,
        channel=event.channel,
        keys=keys,
        reached=tuple(sorted(reached)),
        heard_at=event.heard_at,
        happened_from=event.span.start,
        happened_to=event.span.end,
        system=event.system,
        evidence=event.evidence,
        by=said.by,
        said=said.said,
        standing=standing,
        chain=root.chain.hex(),
        systems=tuple(_confirmations(tx, root, family)),
    )


def _confirmations(tx: Tx, root: Entry, family: Sequence[Entry]) -> Iterable[Confirmation]:
    rows = _deliveries(tx, [one.seq for one in family])
    shown = _shown(tx, family)
    for system in sorted({row.system for row in rows}):
        mine = [row for row in rows if row.system == system]
        states = {DeliveryState(row.state) for row in mine}
        state = next(one for one in _WORST if one in states)
        ended = [row.at for row in mine if row.at is not None]
        at = max(ended) if state in _WORST[4:] and len(ended) == len(mine) else None
        whys = [row.why or "" for row in mine]
        yield Confirmation(
            system=system,
            state=state,
            at=at,
            seconds=(at - root.event.heard_at).total_seconds() if at else None,
            attempts=max(row.attempts for row in mine),
            due_at=max((row.due_at for row in mine if row.due_at), default=None),
            why=next((why for why in whys if why and not why.startswith(("lacks ", SHOWN))), ""),
            by=next((why.removeprefix(SHOWN) for why in whys if why.startswith(SHOWN)), ""),
            lacks=_lacks(whys),
            records=tuple(one for name, one in shown if name == system),
        )


def _lacks(whys: Iterable[str]) -> tuple[str, ...]:
    named = [why.removeprefix("lacks ").split(",") for why in whys if why.startswith("lacks ")]
    return tuple(dict.fromkeys(one for listed in named for one in listed))


def _deliveries(tx: Tx, seqs: Collection[int]) -> list[Any]:
    """The deliveries of entries, each with the time of its last receipt."""
    last = (
        sa.select(receipts.c.delivery, sa.func.max(receipts.c.at).label("at"))
        .group_by(receipts.c.delivery)
        .subquery()
    )
    found: list[Any] = []
    for some in chunks(seqs):
        found += tx.execute(
            sa.select(deliveries, last.c.at)
            .outerjoin(last, last.c.delivery == deliveries.c.delivery)
            .where(deliveries.c.seq.in_(some))
        ).all()
    return found


def _shown(tx: Tx, family: Sequence[Entry]) -> list[tuple[str, Shown]]:
    """(system, record) of the records that carry its keys, and the flags that we set there."""
    digests = {key.digest for one in family for key in one.event.keys | one.event.carried}
    refs, _ = match_keys.carriers(tx, list(digests), MOST_RECORDS)
    numbers = mirror.numbers(tx, refs)
    ours = history.of_records(tx, list(numbers.values()))
    found = []
    for ref, rid in numbers.items():
        writes = [one for one in ours.get(rid, ()) if any(c.rule == RULE for c in one.changes)]
        fields = tuple(
            dict.fromkeys(c.field for one in writes for c in one.changes if c.rule == RULE)
        )
        at = writes[-1].applied_at if writes else None
        found.append((ref.system, Shown(str(ref), fields, at)))
    return sorted(found, key=lambda pair: (pair[0], pair[1].ref))
