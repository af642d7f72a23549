"""Lifts and corrections: one person proposes, another one approves; nothing else ends a block.

A lift rests on a newer, documented consent of the same person for the same channel; a correction
on two people who say that an entry is wrong. Everything that is done here stands in the chain of
acts as well, with the name that was given and that of the operating system's user.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

import sqlalchemy as sa

from rules.errors import UserError
from rules.formats import cpr
from rules.keys import HashedKey, Key, fold
from rules.spans import Span
from rules.suppression import (
    CLOCK_SKEW,
    DOCUMENTED,
    SINGLE_CHANNELS,
    Channel,
    Event,
    EventType,
    Evidence,
    Statement,
    SuppressionList,
)
from state import acts, deliveries, requests, telling
from state.ledger import Payload, append, entries_for, payloads
from state.ledger_rows import Entry, entries
from state.requests import Request, RequestState
from state.store import Tx
from state.tables import ledger
from sync.app import App
from sync.suppression import desk
from sync.suppression.hearing import kept


@dataclass(frozen=True, slots=True)
class Asked:
    """What was proposed. `entries` are the numbers of what it speaks of, in the same order."""

    what: EventType
    requests: tuple[int, ...]
    entries: tuple[int, ...]
    by: str


@dataclass(frozen=True, slots=True)
class Decided:
    """What came of a request: the entry's number, and the channels that are blocked all the same.

    `on_lists` are the systems whose own list of numbers or addresses holds what was lifted, and
    from which nothing is ever taken off by us.
    """

    request: int
    what: EventType
    state: RequestState
    asked_by: str
    decided_by: str
    entry: int | None
    still_blocked: tuple[Channel, ...]
    on_lists: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Waiting:
    """An open request as people see it; masked unless asked for in clear. `entry` is what it is
    about; a block that a mail may have asked for is about none."""

    request: int
    what: EventType
    entry: int | None
    channel: Channel
    keys: tuple[Key, ...]
    asked_by: str
    asked_at: datetime
    given_from: datetime | None
    evidence: str
    said: str
    source: str


@dataclass(frozen=True, slots=True)
class Consent:
    """What a lift rests on: for which channel, when it was given, and what proves it.

    ValueError for evidence that nobody could be shown: two people would approve it, and it would
    lift nothing.
    """

    channel: Channel
    span: Span
    evidence: Evidence
    source: str
    said: str = ""

    def __post_init__(self) -> None:
        if self.evidence not in DOCUMENTED:
            raise ValueError(f"{self.evidence} proves no consent")


# --- proposing -------------------------------------------------------------------------------


def propose_lift(app: App, found: Sequence[Key], consent: Consent, by: str) -> Asked:
    """Propose that this consent ends what blocks the person on that channel.

    UserError when nothing does, when the consent is not surely newer than all of it, or when it is
    somebody else's or a whole company's block.
    """
    named(by)
    # Before it is made part of what makes two consents the same.
    consent = replace(consent, source=cpr.masked(consent.source), said=cpr.masked(consent.said))
    if not consent.source.strip():
        raise UserError("lifts.no_source")
    with app.store.transaction() as tx:
        roots = _to_lift(tx, app, found, consent)
        said = [_lift(root, found, consent, by) for root in roots]
        return _ask(tx, app, said, roots, by)


def _to_lift(tx: Tx, app: App, found: Sequence[Key], consent: Consent) -> list[Entry]:
    """The roots of all that stands against the person on the channel."""
    hashed = app.keys.all_hashed(found)
    known = entries_for(tx, {key.digest for key in hashed})
    standing = SuppressionList(e.event for e in known).standing(hashed, app.clock())
    asked = SINGLE_CHANNELS if consent.channel is Channel.ALL else (consent.channel,)
    roots = {event.root or event.event_id for one in asked for event in standing[one]}
    if not roots:
        raise UserError("lifts.nothing_stands", channel=consent.channel.value)
    listed = [entry for entry in known if entry.event.event_id in roots]
    for entry in listed:
        _must_be_newer(entry, consent, app.clock())
    return listed


def _must_be_newer(entry: Entry, consent: Consent, now: datetime) -> None:
    block, start = entry.event, consent.span.start
    if start is None or start <= block.span.end + CLOCK_SKEW:
        raise UserError("lifts.not_newer", number=entry.seq)
    if consent.span.end > now:
        raise UserError("lifts.in_future")


def _lift(root: Entry, found: Sequence[Key], consent: Consent, by: str) -> Statement:
    start = consent.span.start
    return Statement(
        type=EventType.LIFT,
        channel=consent.channel,
        span=consent.span,
        system=desk.DESK,
        keys=tuple(found),
        hashed=_person(root.event),
        evidence=consent.evidence,
        identity=(root.event.event_id, consent.channel.value, str(start), consent.source),
        root=root.event.event_id,
        by=(by,),
        said=consent.said,
        source=consent.source,
    )


def _person(root: Event) -> tuple[HashedKey, ...]:
    """The keys of whom the block is about: it is the same person who consents."""
    return tuple(sorted(root.keys | root.carried, key=lambda key: (key.kind, key.digest)))


def propose_correction(app: App, number: int, why: str, by: str) -> Asked:
    """Propose that entry `number` is wrong. UserError when there is none, or no reason."""
    named(by)
    if not why.strip():
        raise UserError("lifts.no_reason")
    with app.store.transaction() as tx:
        found = entries(tx, ledger.c.seq == number)
        if not found:
            raise UserError("lifts.no_entry", number=number)
        now, event = app.clock(), found[0].event
        said = Statement(
            type=EventType.CORRECTION,
            channel=event.channel,
            span=Span(now, now),
            system=desk.DESK,
            keys=(),
            hashed=_person(event),
            evidence=Evidence.PERSON,
            identity=(event.event_id, "correction", now.isoformat()),
            root=event.event_id,
            by=(by,),
            said=why,
        )
        return _ask(tx, app, [said], found, by)


def _ask(tx: Tx, app: App, said: Sequence[Statement], about: Sequence[Entry], by: str) -> Asked:
    now = app.clock()
    numbers = []
    for one in map(kept, said):
        numbers.append(requests.ask(tx, one, by, now))
        _note(tx, app, one, "proposed", by, numbers[-1])
    return Asked(said[0].type, tuple(numbers), tuple(entry.seq for entry in about), by)


def named(by: str) -> None:
    """UserError when there is nothing in a name that could tell one person from another."""
    if not any(sign.isalpha() for sign in by):
        raise UserError("lifts.no_name")


# --- deciding --------------------------------------------------------------------------------


def approve(app: App, number: int, by: str) -> Decided:
    """Approve a request: it becomes an entry, and ends what it speaks of from now on, or blocks.

    UserError when it is not open, or when it is the same person who proposed it.
    """
    named(by)
    with app.store.transaction(urgent=True) as tx:
        request = _open(tx, number)
        said = request.said
        if said is None:
            raise UserError("lifts.erased", number=number)
        if fold(by) == fold(request.asked_by) and _needs_two(app, request):
            raise UserError("lifts.same_person", number=number, by=by)
        said = replace(said, by=_vouching(request, by))
        systems = tuple(app.systems) if said.type is EventType.BLOCK else ()
        written = append(tx, app.keys, [said], app.clock(), systems)
        entry = written[0].event.event_id if written else None
        requests.decide(tx, number, RequestState.APPROVED, by, app.clock(), entry)
        _note(tx, app, said, "approved", by, number)
        still = _still(tx, app, request.event)
        lists = () if said.type is EventType.BLOCK else _on_lists(tx, request.event)
    desk.carry(app)
    seq = written[0].seq if written else None
    return replace(_decided(request, RequestState.APPROVED, by, seq, still), on_lists=lists)


def _on_lists(tx: Tx, event: str) -> tuple[str, ...]:
    """The systems in whose list of numbers or addresses this entry, or one that came of it, was seen."""
    about = sa.or_(ledger.c.event_id == event, ledger.c.root == event)
    seqs = [entry.seq for entry in entries(tx, about)]
    rows = (row for found in deliveries.of_entries(tx, seqs).values() for row in found)
    seen = {
        row.system
        for row in rows
        if (row.why or "").startswith(telling.SHOWN) and row.why != telling.ABSENT
    }
    return tuple(sorted(seen))


def _vouching(request: Request, by: str) -> tuple[str, ...]:
    """Who stands for it: a mail that asks for a block is no person."""
    if request.what is EventType.BLOCK:
        return (by,)
    return tuple(dict.fromkeys((request.asked_by, by)))


def _needs_two(app: App, request: Request) -> bool:
    if request.what is EventType.BLOCK:
        return False
    return request.what is EventType.CORRECTION or not app.settings.suppression.lifts_by_one


def refuse(app: App, number: int, by: str, why: str) -> Decided:
    """Close a request without anything coming of it; UserError without a reason."""
    named(by)
    if not why.strip():
        raise UserError("lifts.no_reason")
    with app.store.transaction() as tx:
        request = _open(tx, number)
        requests.decide(tx, number, RequestState.REFUSED, by, app.clock())
        details = {"request": str(number), "why": why}
        _act(tx, app, f"{request.what}.refused", request.event, by, details)
        still = _still(tx, app, request.event)
    return _decided(request, RequestState.REFUSED, by, None, still)


def _decided(
    request: Request, state: RequestState, by: str, seq: int | None, still: tuple[Channel, ...]
) -> Decided:
    return Decided(request.request, request.what, state, request.asked_by, by, seq, still)


def _open(tx: Tx, number: int) -> Request:
    request = requests.get(tx, number)
    if request is None:
        raise UserError("lifts.no_request", number=number)
    if request.state is not RequestState.OPEN:
        raise UserError("lifts.closed", number=number)
    return request


def _still(tx: Tx, app: App, event: str) -> tuple[Channel, ...]:
    """The channels on which that person is blocked now, by this entry or by others."""
    keys = {key for e in entries(tx, ledger.c.event_id == event) for key in _person(e.event)}
    known = entries_for(tx, {key.digest for key in keys})
    standing = SuppressionList(e.event for e in known).standing(keys, app.clock())
    return tuple(channel for channel, found in standing.items() if found)


def _note(tx: Tx, app: App, said: Statement, did: str, by: str, number: int) -> None:
    details = {"request": str(number), "channel": said.channel.value, "source": said.source}
    _act(tx, app, f"{said.type}.{did}", said.root or "", by, details | {"said": said.said})


def _act(tx: Tx, app: App, act: str, about: str, by: str, details: dict[str, str]) -> None:
    acts.record(
        tx, act, about, by=by, login=app.actor, at=app.clock(),
        details={name: cpr.masked(text) for name, text in details.items() if text},
    )  # fmt: skip


# --- what waits ------------------------------------------------------------------------------


def waiting(
    app: App, *, clear: bool = True, events: Collection[str] | None = None
) -> list[Waiting]:
    """The open requests, oldest first."""
    with app.store.reading() as tx:
        return waiting_in(tx, clear=clear, events=events)


def waiting_in(
    tx: Tx, *, clear: bool = True, events: Collection[str] | None = None
) -> list[Waiting]:
    """The same within a transaction."""
    found = requests.open_ones(tx, events)
    seqs = {
        row.event_id: row.seq
        for row in tx.execute(
            sa.select(ledger.c.event_id, ledger.c.seq).where(
                ledger.c.event_id.in_([one.event for one in found])
            )
        )
    }
    said = payloads(tx, seqs.values())
    return [
        _waiting(one, seqs.get(one.event), _keys(one, seqs, said), clear=clear) for one in found
    ]


def _keys(one: Request, seqs: Mapping[str, int], said: Mapping[int, Payload]) -> tuple[Key, ...]:
    if one.what is EventType.BLOCK:
        return one.said.keys if one.said else ()
    return said[seqs[one.event]].keys


def _waiting(one: Request, seq: int | None, keys: tuple[Key, ...], *, clear: bool) -> Waiting:
    said = one.said
    return Waiting(
        request=one.request,
        what=one.what,
        entry=seq,
        channel=said.channel if said else Channel.ALL,
        keys=keys if clear else tuple(desk.masked(key) for key in keys),
        asked_by=one.asked_by,
        asked_at=one.asked_at,
        given_from=said.span.start if said and one.what is EventType.LIFT else None,
        evidence=said.evidence.value if said else "",
        said=(said.said if clear else "•") if said and said.said else "",
        source=(said.source if clear else "•") if said and said.source else "",
    )
