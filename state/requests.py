"""Lifts and corrections that wait for a second person, and blocks that a mail may have asked for.

What was proposed stands here in clear until it is decided; what comes of it is an entry of the
ledger. Erasure empties the clear part, which also takes the request back.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any, Final

import orjson
import sqlalchemy as sa

from rules.keys import HashedKey, Key, KeyKind
from rules.spans import Span
from rules.suppression import Channel, EventType, Evidence, Statement
from state.ledger_rows import chunks
from state.store import Tx
from state.tables import requests


class RequestState(StrEnum):
    """How far a request has got."""

    OPEN = "open"
    APPROVED = "approved"
    REFUSED = "refused"


@dataclass(frozen=True, slots=True)
class Request:
    """One proposal. `said` is None once it was erased; `event` is the entry it speaks of."""

    request: int
    what: EventType
    event: str
    state: RequestState
    said: Statement | None
    asked_by: str
    asked_at: datetime
    decided_by: str | None
    decided_at: datetime | None
    entry: str | None


def ask(tx: Tx, said: Statement, by: str, at: datetime) -> int:
    """Propose this lift or correction of the entry `said.root`; gives the request's number."""
    made = tx.execute(
        sa.insert(requests).values(
            what=said.type.value,
            event=said.root,
            state=RequestState.OPEN.value,
            payload=_text(said),
            asked_by=by,
            asked_at=at,
        )
    )
    return int(made.inserted_primary_key[0])  # type: ignore[index]


def decide(
    tx: Tx, number: int, state: RequestState, by: str, at: datetime, entry: str | None = None
) -> bool:
    """Close an open request; False when somebody else was first.

    What a mail says of people is not kept once nothing comes of it.
    """
    dropped = sa.case((requests.c.what == EventType.BLOCK.value, None), else_=requests.c.payload)
    kept = dropped if state is RequestState.REFUSED else requests.c.payload
    done = tx.execute(
        sa.update(requests)
        .where(requests.c.request == number, requests.c.state == RequestState.OPEN.value)
        .values(state=state.value, decided_by=by, decided_at=at, entry=entry, payload=kept)
    )
    return bool(done.rowcount)


def get(tx: Tx, number: int) -> Request | None:
    """One request by its number."""
    row = tx.execute(sa.select(requests).where(requests.c.request == number)).one_or_none()
    return None if row is None else _request(row)


def open_ones(tx: Tx, events: Collection[str] | None = None) -> list[Request]:
    """What waits for somebody, oldest first; only about these entries when they are given."""
    waiting = (
        sa.select(requests)
        .where(requests.c.state == RequestState.OPEN.value)
        .order_by(requests.c.request)
    )
    if events is None:
        return [_request(row) for row in tx.execute(waiting)]
    return [
        _request(row)
        for some in chunks(events)
        for row in tx.execute(waiting.where(requests.c.event.in_(some)))
    ]


def of_event(tx: Tx, event: str) -> list[Request]:
    """All that was ever asked about an entry, or out of a mail, whatever became of it."""
    found = sa.select(requests).where(requests.c.event == event).order_by(requests.c.request)
    return [_request(row) for row in tx.execute(found)]


def about_keys(tx: Tx, keys: Collection[Key]) -> list[str]:
    """What blocks were asked for on any of these keys are about: ids of mails."""
    asked = sa.select(requests).where(
        requests.c.what == EventType.BLOCK.value, requests.c.payload.is_not(None)
    )
    found = (_request(row) for row in tx.execute(asked))
    return [one.event for one in found if one.said and set(one.said.keys) & set(keys)]


def erase(tx: Tx, events: Collection[str]) -> int:
    """Empty the clear part of all requests about these entries; gives how many."""
    done = 0
    for some in chunks(events):
        done += tx.execute(
            sa.update(requests)
            .where(requests.c.event.in_(some), requests.c.payload.is_not(None))
            .values(payload=None, asked_by="", decided_by=None)
        ).rowcount
        tx.execute(
            sa.update(requests)
            .where(requests.c.event.in_(some), requests.c.state == RequestState.OPEN.value)
            .values(state=RequestState.REFUSED.value)
        )
    return done


def _text(said: Statement) -> str:
    clear = {
        "channel": said.channel.value,
        "start": said.span.start,
        "end": said.span.end,
        "system": said.system,
        "keys": [[key.kind.value, key.value] for key in said.keys],
        "hashed": [[key.kind.value, key.key_id, key.digest.hex()] for key in said.hashed],
        "evidence": said.evidence.value,
        "identity": list(said.identity),
        "said": said.said,
        "source": said.source,
    }
    return orjson.dumps(clear).decode()


def _request(row: Any) -> Request:
    return Request(
        request=row.request,
        what=EventType(row.what),
        event=row.event,
        state=RequestState(row.state),
        said=_said(row) if row.payload else None,
        asked_by=row.asked_by,
        asked_at=row.asked_at,
        decided_by=row.decided_by,
        decided_at=row.decided_at,
        entry=row.entry,
    )


def _said(row: Any) -> Statement:
    clear: Final = orjson.loads(row.payload)
    start, what = clear["start"], EventType(row.what)
    return Statement(
        type=what,
        channel=Channel(clear["channel"]),
        span=Span(start and datetime.fromisoformat(start), datetime.fromisoformat(clear["end"])),
        system=clear["system"],
        keys=tuple(Key(KeyKind(kind), value) for kind, value in clear["keys"]),
        hashed=tuple(
            HashedKey(KeyKind(kind), key_id, bytes.fromhex(digest))
            for kind, key_id, digest in clear["hashed"]
        ),
        evidence=Evidence(clear["evidence"]),
        identity=tuple(clear["identity"]),
        root=None if what is EventType.BLOCK else row.event,
        by=(row.asked_by,),
        said=clear["said"],
        source=clear["source"],
    )
