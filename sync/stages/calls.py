"""Each contact attempt held against the list as it stood, in the transaction that takes it in.

Two things make work here: new or changed calls, and opt-outs that reach back to calls that are
known already. Nothing goes through the whole log.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Final

from connectors.protocol import Stream
from rules.attempts import CALL_BACK, OPTED_OUT, Attempt, Direction, attempt
from rules.keys import HashedKey, Key, KeyKind, ref_key
from rules.records import Kind, Record, Ref
from rules.suppression import Channel, SuppressionList
from rules.violation_causes import cause
from rules.violations import VIOLATIONS, Facts, Judgement, judge_by, on_register
from state import attempts, looking_back, violations
from state.attempts import Row
from state.ledger import entries_for
from state.looking_back import Concerned
from state.merging import Merged
from state.people import Person, people
from state.screen import Screen
from state.store import Tx
from state.violations import Judged, Settled
from sync.app import App
from sync.stages import registered
from sync.stages.circumstances import Known

WISHES: Final = frozenset({CALL_BACK, "no_answer", "voicemail"})
"""Outcomes of a call from the other side after which it expects to be called."""
STEP: Final = 500
NOTHING: Final = Settled([], [])


@dataclass(slots=True)
class _Case:
    """One attempt on the table, with all that is known of it beside the list."""

    row: Row
    said: Attempt
    person: Person | None
    requests: tuple[datetime, ...] = ()
    digests: frozenset[bytes] = field(default_factory=frozenset)


def take(
    tx: Tx, app: App, screen: Screen, stream: Stream, merged: Merged, now: datetime
) -> Settled:
    """Log the calls of a merged page and hold them against the list; gives what came of it."""
    if stream.kind is not Kind.CALL:
        return NOTHING
    pairs = [*merged.born, *((rid, record) for rid, record, _ in merged.moved)]
    said = [(rid, one) for rid, record in pairs if (one := _read(app, record))]
    if not said:
        return NOTHING
    looking_back.begin(tx)
    who = _who(tx, app, [one for _, one in said])
    cases = [
        _Case(_row(app, rid, stream.name, one, who, now), one, who.get(one.contact))
        for rid, one in said
    ]
    judged = _judged(tx, app, screen, cases)
    rows = [one.row._replace(verdict=one.judgement.verdict) for one in judged]
    attempts.put(tx, rows, known=[rid for rid, _, _ in merged.moved])
    found = violations.settle(tx, _with_causes(tx, app, judged), now)
    wished = _wished(tx, app, screen, rows, now)
    return Settled(found.heard + wished.heard, found.withdrawn + wished.withdrawn)


def look_back(tx: Tx, app: App, screen: Screen, now: datetime) -> tuple[int, Settled]:
    """Hold the calls anew that the next new entries of the ledger concern.

    Gives how many entries were looked at, 0 at the end, and what came of it.
    """
    new = looking_back.next_entries(tx, STEP)
    if not new:
        return 0, NOTHING
    about = looking_back.concerned(tx, new)
    rows = attempts.reached(tx, about.numbers | about.addresses, about.records)
    found = anew(tx, app, screen, [*rows, *_also_to(tx, app, about, rows)], now)
    looking_back.moved(tx, new[-1].seq)
    return len(new), found


def _also_to(tx: Tx, app: App, about: Concerned, found: Sequence[Row]) -> list[Row]:
    """Mails that went to one of these addresses beside others, which is not what they are found by."""
    if not about.addresses:
        return []
    known = {row.rid for row in found}
    return [
        row
        for row in attempts.to_several(tx, about.since)
        if row.rid not in known
        and any(
            hashed.digest in about.addresses
            for address in row.numbers[1:]
            for hashed in app.keys.hashed(Key(KeyKind.EMAIL, address))
        )
    ]


def anew(tx: Tx, app: App, screen: Screen, rows: Sequence[Row], now: datetime) -> Settled:
    """Hold known attempts against the list once more."""
    if not rows:
        return NOTHING
    known = [(row, _of_row(row)) for row in rows]
    who = _who(tx, app, [one for _, one in known])
    cases = [_Case(row, one, who.get(one.contact)) for row, one in known]
    judged = _judged(tx, app, screen, cases)
    attempts.judged_anew(tx, ((one.row, one.judgement.verdict) for one in judged))
    return violations.settle(tx, _with_causes(tx, app, judged), now)


def _wished(tx: Tx, app: App, screen: Screen, rows: Sequence[Row], now: datetime) -> Settled:
    """Calls that came in: those that went out afterwards may have been asked for."""
    wishes = {row.digest for row in rows if _is_wish(row) and row.digest}
    if not wishes:
        return NOTHING
    later = [row for row in attempts.reached(tx, wishes, ()) if row.verdict in VIOLATIONS]
    return anew(tx, app, screen, later, now)


def _is_wish(row: Row) -> bool:
    return row.direction is Direction.INBOUND and row.outcome in WISHES


# --- reading ---------------------------------------------------------------------------------


def _read(app: App, record: Record) -> Attempt | None:
    return attempt(record, app.settings.region)


def _of_row(row: Row) -> Attempt:
    return Attempt(
        ref=Ref.parse(row.ref),
        channel=row.channel,
        span=row.span,
        seconds=row.seconds,
        direction=row.direction,
        numbers=tuple(
            Key(KeyKind.EMAIL if row.channel is Channel.EMAIL else KeyKind.PHONE, number)
            for number in row.numbers
        ),
        contact=row.contact,
        agent=row.agent,
        call_list=row.call_list or "",
        outcome=row.outcome,
        by_hand=None if row.call_list is None else not row.call_list,
    )


def _who(tx: Tx, app: App, said: Sequence[Attempt]) -> Mapping[str, Person]:
    """Contact as the log has it -> the person; all of one system."""
    named = {one.contact for one in said if one.contact}
    return people(tx, app.keys, said[0].ref.system, named, app.settings.region) if named else {}


def _row(
    app: App, rid: int, stream: str, said: Attempt, who: Mapping[str, Person], now: datetime
) -> Row:
    person = who.get(said.contact)
    digest = app.keys.digest(said.numbers[0]) if said.numbers else None
    rid_of = person.rid if person else None
    return attempts.row_of(rid, stream, said, digest, rid_of, now)


# --- judging ---------------------------------------------------------------------------------


def _judged(tx: Tx, app: App, screen: Screen, cases: Sequence[_Case]) -> list[Judged]:
    """The class of each; only those with a key that the ledger holds are looked into."""
    for case in cases:
        case.digests = _digests(app, case)
    hits = screen.hits(tx, frozenset().union(*(case.digests for case in cases)))
    suspects = [case for case in cases if not hits.isdisjoint(case.digests)]
    listed = SuppressionList(one.event for one in entries_for(tx, hits)) if suspects else _NOBODY
    wished = _requests(tx, suspects)
    for case in suspects:
        _meant_first(app, case, listed)
        case.requests = tuple(wished.get(case.row.digest or b"", ()))
    return _held_against_registers(
        tx, app, [Judged(case.row, _judge(app, case, listed, hits)) for case in cases]
    )


def _held_against_registers(tx: Tx, app: App, judged: list[Judged]) -> list[Judged]:
    """Those that no opt-out forbids may still be to somebody on a register."""
    found = registered.called(tx, app, judged)
    if not found:
        return judged
    wished = attempts.requests(
        tx, {one.row.digest for one in judged if one.row.rid in found and one.row.digest}, WISHES
    )
    return [
        Judged(
            one.row,
            on_register(_begun(one.row), wished.get(one.row.digest or b"", ()), found[one.row.rid]),
        )
        if one.row.rid in found
        else one
        for one in judged
    ]


def _begun(row: Row) -> datetime:
    assert row.span is not None and row.span.start is not None  # noqa: S101, PT018 - see `registered`
    return row.span.start


_NOBODY: Final = SuppressionList()


def _digests(app: App, case: _Case) -> frozenset[bytes]:
    """Every hash by which the ledger may know the number or the person."""
    ring = app.keys
    if len(ring.keys) == 1 and len(case.said.numbers) < 2:
        own = frozenset({case.row.digest}) if case.row.digest else frozenset()
    else:
        own = frozenset(h.digest for key in case.said.numbers for h in ring.hashed(key))
    return own | case.person.digests if case.person else own


def _meant_first(app: App, case: _Case, listed: SuppressionList) -> None:
    """Of several addresses that a mail went to, one that is blocked is shown and found by."""
    said, now = case.said, app.clock()
    if said.channel is Channel.CALL or len(said.numbers) < 2:
        return
    blocked = {
        key: bool(listed.standing(frozenset(app.keys.hashed(key)), now)[said.channel])
        for key in said.numbers
    }
    numbers = tuple(sorted(said.numbers, key=lambda key: not blocked[key]))
    case.said = replace(said, numbers=numbers)
    values = tuple(key.value for key in numbers)
    case.row = case.row._replace(numbers=values, digest=app.keys.digest(numbers[0]))


def _requests(tx: Tx, cases: Sequence[_Case]) -> Mapping[bytes, Sequence[datetime]]:
    return attempts.requests(tx, {c.row.digest for c in cases if c.row.digest}, WISHES)


def _judge(app: App, case: _Case, listed: SuppressionList, hits: Collection[bytes]) -> Judgement:
    said, ring = case.said, app.keys
    is_hit = not case.digests.isdisjoint(hits)
    numbers: tuple[frozenset[HashedKey], ...] = ()
    if said.numbers:
        # Whom the ledger does not know need not be hashed for it.
        numbers = tuple(frozenset(ring.hashed(key)) if is_hit else _NONE for key in said.numbers)
    person = case.person
    facts = Facts(
        channel=said.channel,
        span=said.span,
        seconds=said.seconds,
        direction=said.direction,
        numbers=numbers,
        person=person.keys if person else _NONE,
        carries=person is not None and not person.own.isdisjoint(said.numbers),
        own=frozenset(ring.hashed(ref_key(said.ref))) if is_hit else _NONE,
        opted_out=said.outcome == OPTED_OUT,
        requests=case.requests,
        all_reached=said.channel is not Channel.CALL,
    )
    return judge_by(facts, listed if is_hit else _NOBODY)


_NONE: Final[frozenset[HashedKey]] = frozenset()


def _with_causes(tx: Tx, app: App, judged: Sequence[Judged]) -> list[Judged]:
    """Forbidden ones with the reason why they were made; the rest as they are."""
    forbidden = [one for one in judged if one.judgement.verdict in VIOLATIONS]
    if not forbidden:
        return list(judged)
    known = Known(tx, app, forbidden)
    return [
        Judged(one.row, one.judgement, cause(one.judgement, known.of(one)))
        if one.judgement.verdict in VIOLATIONS
        else one
        for one in judged
    ]
