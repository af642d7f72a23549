"""Opt-outs at the desk: recorded by a person, looked up, and explained from the ledger."""

from __future__ import annotations

import contextlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final

from rules import spans
from rules.errors import SystemStopped, TryAgain, UserError
from rules.keys import Key, KeyKind, keys_in
from rules.records import Ref
from rules.spans import Span
from rules.suppression import (
    SINGLE_CHANNELS,
    Channel,
    EventType,
    Evidence,
    Statement,
    SuppressionList,
    Verdict,
)
from state import acts, deliveries, ledger, match_keys, reach, survivors
from state.acts import Act
from state.ledger import Payload, entries_for, payloads
from state.ledger_rows import Entry
from state.screen import hashed_keys
from state.store import Tx
from sync.app import App
from sync.suppression.around import NOTHING, Around, around
from sync.suppression.hearing import hear
from sync.suppression.pending import Pending, pending

DESK: Final = "desk"
"""The system that statements of people at the desk come from."""
MOST_RECORDS: Final = 20


@dataclass(frozen=True, slots=True)
class Answer:
    """May the person be contacted on this channel? `since` is None when nobody knows."""

    channel: Channel
    blocked: bool
    certain: bool
    since: datetime | None
    by: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Checked:
    """What a check found, at one moment."""

    keys: tuple[Key, ...]
    at: datetime
    blocked: bool
    channels: tuple[Answer, ...]


@dataclass(frozen=True, slots=True)
class Added:
    """An opt-out as recorded. `before`: it was on the list already, on all its channels."""

    keys: tuple[Key, ...]
    channel: Channel
    event: str
    before: bool


@dataclass(frozen=True, slots=True)
class Chapter:
    """One entry of the ledger, in clear as far as it has not been erased."""

    seq: int
    event: str
    type: EventType
    channel: Channel
    system: str
    heard_at: datetime
    happened_from: datetime | None
    happened_to: datetime
    evidence: Evidence
    root: str | None
    standing: bool
    stands_for: tuple[Channel, ...]
    keys: tuple[Key, ...]
    carried: tuple[Key, ...]
    ref: str
    name: str
    said: str
    source: str
    by: tuple[str, ...]
    deliveries: Mapping[str, str]
    confirmed: Mapping[str, datetime]
    """When a system was read back and showed it."""
    erased_at: datetime | None


@dataclass(frozen=True, slots=True)
class Story:
    """All that the ledger knows of some keys, oldest first, and the records that carry them."""

    keys: tuple[Key, ...]
    channels: tuple[Answer, ...]
    chapters: tuple[Chapter, ...]
    records: tuple[str, ...]
    records_in_all: int
    waiting: tuple[Pending, ...] = ()
    acts: tuple[Act, ...] = ()
    around: Around = NOTHING


# --- what people type ------------------------------------------------------------------------


def keys(cells: Iterable[tuple[str, str]], region: str) -> list[Key]:
    """(kind, text) pairs as keys; UserError for a text that nobody can be found by, or for none."""
    found: list[Key] = []
    for kind, text in cells:
        some = keys_in(KeyKind(kind), text, region)
        if not some:
            raise UserError("opt_out.no_key", text=text)
        found += some
    if not found:
        raise UserError("opt_out.nothing_asked")
    return list(dict.fromkeys(found))


def guessed(text: str, region: str) -> list[Key]:
    """What a text may mean: an address, a record, else a number, which may be a CVR number too."""
    if text.count("/") >= 2:
        try:
            return [Key(KeyKind.REF, str(Ref.parse(text)))]
        except ValueError:
            pass
    if "@" in text:
        return keys([("email", text)], region)
    label = text.strip().lower()
    if label.startswith("cvr"):
        return keys([("cvr", label.removeprefix("cvr").strip(" :-."))], region)
    found = list(keys_in(KeyKind.PHONE, text, region))
    digits = "".join(text.split())
    if len(digits) == 8 and digits.isdecimal():
        found += keys_in(KeyKind.CVR, digits)
    if not found:
        raise UserError("opt_out.no_key", text=text)
    return found


def when(text: str | None, now: datetime) -> Span:
    """The moment that was typed, by default now; UserError when it is unclear or still to come."""
    if text is None:
        return Span(now, now)
    span = spans.read(text)
    if span is None or span.start is None:
        raise UserError("opt_out.no_date", text=text)
    if span.start > now:
        raise UserError("opt_out.future", text=text)
    return Span(span.start, min(span.end, now))


def statement(
    found: Sequence[Key],
    channel: Channel,
    *,
    now: datetime,
    at: str | None,
    evidence: str,
    by: str,
) -> Statement:
    """What somebody at the desk records."""
    span = when(at, now)
    return Statement(
        type=EventType.BLOCK,
        channel=channel,
        span=span,
        system=DESK,
        keys=tuple(found),
        evidence=Evidence.PERSON,
        identity=(DESK, channel.value, str(span.start), *map(":".join, sorted(found))),
        by=(by,),
        said=evidence,
    )


# --- recording, looking up -------------------------------------------------------------------


def record(app: App, said: Statement) -> Added:
    """Record it at once, whatever else runs; then have the records it concerns looked at anew."""
    [added] = record_all(app, [said])
    carry(app)
    return added


def record_all(app: App, said: Sequence[Statement]) -> list[Added]:
    """Record them in one transaction, at once; `carry` is left to whoever calls."""
    with app.store.transaction(urgent=True) as tx:
        said = [replace(one, keys=survivors.also_named(tx, one.keys)) for one in said]
        before = _are_blocked(tx, app, said)
        new = {entry.event.event_id for entry in hear(tx, app, said)}
    idents = (app.keys.event_id((one.type.value, *one.identity)) for one in said)
    return [
        Added(one.keys, one.channel, ident if ident in new else "", there)
        for one, ident, there in zip(said, idents, before, strict=True)
    ]


def carry(app: App) -> None:
    """Have the records it concerns looked at anew. What cannot be done now, the next pass does:
    the opt-out is recorded already."""
    with contextlib.suppress(SystemStopped, TryAgain):
        while True:
            with app.store.transaction() as tx:
                if not reach.carry(tx):
                    return


def _are_blocked(tx: Tx, app: App, said: Sequence[Statement]) -> list[bool]:
    """Whether each of them was barred on all of its channels already."""
    hashed = [hashed_keys(app.keys, one.keys) for one in said]
    known = entries_for(tx, {key.digest for keys in hashed for key in keys})
    events = SuppressionList(entry.event for entry in known)
    return [
        all(
            events.blocked(keys, channel, one.span.end).blocked
            for channel in (SINGLE_CHANNELS if one.channel is Channel.ALL else (one.channel,))
        )
        for one, keys in zip(said, hashed, strict=True)
    ]


def check(app: App, found: Sequence[Key], at: datetime) -> Checked:
    """Whether somebody with these keys may be contacted at `at`, as the ledger stands now."""
    with app.store.reading() as tx:
        answers, _ = _answers(tx, app, found, at)
    blocked = any(one.blocked for one in answers)
    return Checked(tuple(found), at, blocked, tuple(answers))


def _answers(
    tx: Tx, app: App, found: Sequence[Key], at: datetime
) -> tuple[list[Answer], list[Entry]]:
    hashed = hashed_keys(app.keys, found)
    known = entries_for(tx, {key.digest for key in hashed})
    events = SuppressionList(entry.event for entry in known)
    verdicts = [events.blocked(hashed, channel, at) for channel in SINGLE_CHANNELS]
    return [_answer(verdict) for verdict in verdicts], known


def _answer(verdict: Verdict) -> Answer:
    return Answer(verdict.channel, verdict.blocked, verdict.certain, verdict.since, verdict.by)


def story(app: App, found: Sequence[Key]) -> Story:
    """All that is known of these keys."""
    with app.store.reading() as tx:
        answers, known = _answers(tx, app, found, app.clock())
        found = _meant(tx, app, found, known)
        standing = _by_event({answer.channel: answer.by for answer in answers})
        chapters = _chapters(tx, known, standing)
        digests = [hashed.digest for hashed in app.keys.all_hashed(found)]
        refs, number = match_keys.carriers(tx, digests, MOST_RECORDS)
        waiting = pending(tx, known)
        done = acts.listed(tx, [entry.event.event_id for entry in known])
        else_known = around(tx, app, found)
    records = tuple(str(ref) for ref in refs)
    return Story(
        tuple(found),
        tuple(answers),
        tuple(chapters),
        records,
        number,
        waiting,
        tuple(done),
        else_known,
    )


def _meant(tx: Tx, app: App, found: Sequence[Key], known: Sequence[Entry]) -> Sequence[Key]:
    """Of several readings of a text, those that the ledger or a record knows; else the first."""
    held = {key.digest for entry in known for key in entry.event.keys | entry.event.carried}
    hashes = {key: {h.digest for h in app.keys.hashed(key)} for key in found}
    meant = [
        key for key in found if hashes[key] & held or match_keys.carriers(tx, hashes[key], 0)[1]
    ]
    return meant or found[:1]


def _by_event(by: Mapping[Channel, Sequence[str]]) -> dict[str, tuple[Channel, ...]]:
    """Event -> the single channels that it blocks."""
    events = {event for found in by.values() for event in found}
    return {one: tuple(channel for channel, found in by.items() if one in found) for one in events}


def _chapters(
    tx: Tx, known: Sequence[Entry], standing: Mapping[str, tuple[Channel, ...]]
) -> list[Chapter]:
    seqs = [entry.seq for entry in known]
    clear, sent = payloads(tx, seqs), deliveries.of_entries(tx, seqs)
    confirmed = deliveries.confirmed(tx, seqs)
    return [
        _chapter(
            entry,
            clear[entry.seq],
            {row.system: row.state for row in sent.get(entry.seq, ())},
            confirmed.get(entry.seq, {}),
            standing=standing.get(entry.event.event_id, ()),
        )
        for entry in known
    ]


def _chapter(
    entry: Entry,
    clear: Payload,
    sent: Mapping[str, str],
    confirmed: Mapping[str, datetime],
    *,
    standing: tuple[Channel, ...],
) -> Chapter:
    event = entry.event
    return Chapter(
        seq=entry.seq,
        event=event.event_id,
        type=event.type,
        channel=event.channel,
        system=event.system,
        heard_at=event.heard_at,
        happened_from=event.span.start,
        happened_to=event.span.end,
        evidence=event.evidence,
        root=event.root,
        standing=bool(standing),
        stands_for=standing,
        keys=clear.keys,
        carried=clear.carried,
        ref=clear.ref,
        name=clear.name,
        said=clear.said,
        source=clear.source,
        by=clear.by,
        deliveries=sent,
        confirmed=confirmed,
        erased_at=clear.erased_at,
    )


def newest(app: App, limit: int, *, clear: bool) -> list[Chapter]:
    """The newest entries first, with keys, names and evidence masked unless `clear`."""
    with app.store.reading() as tx:
        found = ledger.newest(tx, limit)
        chapters = _chapters(tx, found, _standing(tx, found, app.clock()))
    return chapters if clear else [_masked(one) for one in chapters]


def _standing(tx: Tx, found: Sequence[Entry], now: datetime) -> dict[str, tuple[Channel, ...]]:
    """Which of the entries block now, on which channels."""
    keys_held = {key for entry in found for key in entry.event.keys | entry.event.carried}
    events = SuppressionList(e.event for e in entries_for(tx, {key.digest for key in keys_held}))
    return _by_event({one: events.blocked(keys_held, one, now).by for one in SINGLE_CHANNELS})


def _masked(one: Chapter) -> Chapter:
    return replace(
        one,
        keys=tuple(masked(key) for key in one.keys),
        carried=tuple(masked(key) for key in one.carried),
        ref="",
        name="•" if one.name else "",
        said="•" if one.said else "",
        source="•" if one.source else "",
    )


def masked(key: Key) -> Key:
    """Enough of a key to recognise it by, too little to call or write to it."""
    value = key.value
    if key.kind is KeyKind.EMAIL:
        local, _, domain = value.rpartition("@")
        return Key(key.kind, f"{local[:1]}•••@{domain}")
    if key.kind is KeyKind.PHONE:
        return Key(key.kind, f"{value[:-6]}••••{value[-2:]}")
    if key.kind in (KeyKind.CVR, KeyKind.MAIL_DOMAIN, KeyKind.P_NUMBER):
        return key
    return Key(key.kind, "•••")
