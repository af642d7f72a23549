"""`sync consents`: a consent that somebody wrote into a note, confirmed or refused by a named person.

Confirming writes the consent's own fields (channel, date, source, lawful basis) to the system that
the record lives in, by the way of every other write: noted before it leaves, held against the
record's version, read back, told in the history, taken back with `sync undo`. The strictest wins in
every conflict: a no in the note, on the record or on the list is no thing that a confirmation could
end; that is a lift, and takes two.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

from connectors.protocol import Blocks, Pushes
from rules.changes import Change, RecordChange
from rules.checks.notes import PROPOSED, fields_of, marked, met, proposed
from rules.errors import Exit, UserError
from rules.fields.choices import LAWFUL_BASIS
from rules.fields.field import PEOPLE
from rules.formats import cpr, dates
from rules.opt_out_fields import flagged
from rules.opt_out_words import ConsentMeaning, consent_meaning
from rules.records import ABSENT, Ref, Value
from rules.suppression import Channel
from state import acts, cursors, findings, history, mirror, outbox, proposals
from state.findings import Noted
from state.mirror import Held
from state.people import people
from state.screen import Screen, hash_record
from state.store import Tx
from sync.app import App
from sync.facts import StreamFacts
from sync.passes import Pass
from sync.suppression import desk
from sync.suppression.lifts import named

RULE: Final = "consent"
"""What a change is made by that writes a consent which a person confirmed."""
CONFIRMED: Final = "consent.confirmed"
REFUSED: Final = "consent.refused"
BASIS: Final = next(one.da for one in LAWFUL_BASIS if one.value == "consent")
"""What `lawful_basis` holds then."""
TYPED: Final = "true"
"""How a yes is written where fields have types."""
PAGE: Final = 1000


@dataclass(frozen=True, slots=True)
class Proposed:
    """A note that seems to hold a consent. `channels` are those that nobody has answered for."""

    ref: Ref
    stream: str
    field: str
    channels: tuple[Channel, ...]
    since: datetime


@dataclass(frozen=True, slots=True)
class Said:
    """What a person confirms: on which channel, given when, and what shows it."""

    channel: Channel
    at: str
    source: str


@dataclass(frozen=True, slots=True)
class Planned:
    """What confirming would write, to look at first."""

    ref: Ref
    channel: Channel
    changes: tuple[Change, ...]


@dataclass(frozen=True, slots=True)
class Answered:
    """What came of it. `run` is what `sync undo` takes; 0 where nothing was written."""

    ref: Ref
    channel: Channel
    by: str
    written: bool
    run: int
    exit_code: Exit = Exit.OK


# --- what waits ------------------------------------------------------------------------------


def waiting(app: App, limit: int) -> list[Proposed]:
    """The proposals that nobody has answered, oldest first."""
    found: list[Proposed] = []
    after = 0
    with app.store.reading() as tx:
        while len(found) < limit:
            page = findings.listed(tx, code=PROPOSED, after=after, limit=PAGE)
            found += _open(tx, page)
            if len(page) < PAGE:
                break
            after = page[-1].fid
    return found[:limit]


def _open(tx: Tx, page: Sequence[Noted]) -> list[Proposed]:
    rids = [one.rid for one in page if one.rid is not None]
    held, answered = mirror.held(tx, rids), history.declined_of(tx, rids)
    found = []
    for one in page:
        row, name = held.get(one.rid or 0), one.finding.field
        if row is None or name is None:
            continue
        channels = proposed(row.record.values, name, answered.get(row.rid, {}))
        if channels:
            ref = row.record.ref
            found.append(Proposed(ref, one.stream, name, channels, one.first_seen_at))
    return found


@dataclass(frozen=True, slots=True)
class _Note:
    """A record with notes; `marks` are channel -> by what the note that proposes it is known."""

    row: Held
    marks: Mapping[Channel, str]


def _note(tx: Tx, app: App, ref: Ref) -> _Note:
    """UserError when there is no such record."""
    row = mirror.find(tx, ref)
    if row is None or mirror.gone(tx, [row.rid]):
        raise UserError("error.no_record", ref=ref)
    values = row.record.values
    answered = history.declined_of(tx, [row.rid]).get(row.rid, {})
    marks = {
        channel: marked(str(values[name]))
        for name in fields_of(ref.kind, app.catalogue)
        for channel in proposed(values, name, answered)
    }
    return _Note(row, {} if _notes_say_no(row, app) else marks)


def _notes_say_no(row: Held, app: App) -> bool:
    """A no in one of its notes wins over a yes in another."""
    texts = (row.record.values.get(n) for n in fields_of(row.record.ref.kind, app.catalogue))
    return any("opt_out" in met(text) for text in texts if isinstance(text, str))


# --- confirming ------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Case:
    """A note, the person whom it speaks of, and what is to be written there."""

    note: _Note
    person: Held
    changes: tuple[Change, ...]


def plan(app: App, ref: Ref, said: Said) -> Planned:
    """What confirming would write, as far as the last reading knows; UserError when it may not be."""
    case = _case(app, ref, said)
    return Planned(case.person.record.ref, said.channel, case.changes)


def confirm(app: App, ref: Ref, said: Said, by: str) -> Answered:
    """Read the systems, then write it where everything still is as it has to be.

    UserError as `plan`, nothing written.
    """
    named(by)
    _case(app, ref, said)
    with Pass(app, "consents confirm") as one:
        one.pull()
        case = _case(app, ref, said)
        part = _part(one, case.person)
        _queue(app, one, part, case, said, by)
        one.send(part)
        with app.store.reading() as tx:
            after = proposals.next_plan(tx)
        one.decide(after)
        code = one.stop()
        written = bool(part.settled and part.settled.applied)
    run = one.facts.run
    return Answered(ref, said.channel, by, written, run, code if written else Exit.FAILED)


def _part(one: Pass, row: Held) -> StreamFacts:
    where = (row.record.ref.system, row.stream)
    for part in one.facts.streams:
        if (part.system, part.stream.name) == where and part.pulled and not part.given_up:
            return part
    raise UserError("consents.not_read", system=where[0], stream=where[1])


def _case(app: App, ref: Ref, said: Said) -> _Case:
    """UserError when nothing is proposed, or something stricter speaks against it."""
    with app.store.reading() as tx:
        note = _note(tx, app, ref)
        if said.channel not in note.marks:
            raise UserError("consents.not_proposed", ref=ref, channel=said.channel.value)
        person = _person(tx, app, note.row)
        if person is None:
            raise UserError("consents.nobody", ref=ref)
        values = person.record.values
        if _is_blocked(tx, app, person, said.channel) or _says_no(values, said.channel):
            raise UserError("consents.blocked", ref=person.record.ref, channel=said.channel.value)
        closed = _closed(tx, person)
    return _Case(note, person, _changes(app, person, said, closed))


def _person(tx: Tx, app: App, row: Held) -> Held | None:
    """Whose consent it is: the record's own, or that of the contact whom a call or meeting names."""
    ref, named_one = row.record.ref, row.record.values.get("contact_ref")
    if ref.kind in PEOPLE:
        return row
    if not isinstance(named_one, str) or not named_one.strip():
        return None
    name = named_one.strip()
    found = people(tx, app.keys, ref.system, {name}, app.settings.region).get(name)
    return mirror.held(tx, [found.rid]).get(found.rid) if found else None


def _is_blocked(tx: Tx, app: App, row: Held, channel: Channel) -> bool:
    hashed = hash_record(app.keys, row.rid, row.record, app.settings.region, row.also)
    standing = Screen(app.keys).blocked(tx, [hashed], app.clock()).get(row.rid)
    return standing is not None and channel in standing.channels


def _says_no(values: Mapping[str, Value], channel: Channel) -> bool:
    """In an opt-out field, or in the consent's own: taken back in so many words."""
    if any({channel, Channel.ALL} & channels for channels in flagged(values).values()):
        return True
    said = values.get(f"consent_{channel}")
    return isinstance(said, str) and consent_meaning(said) is ConsentMeaning.WITHDRAWN


def _closed(tx: Tx, row: Held) -> frozenset[str]:
    """The fields of its list that nobody can write."""
    leases = cursors.seen(tx, [row.record.ref.system])
    return frozenset(name for one in leases if one.stream == row.stream for name in one.closed)


def _changes(app: App, row: Held, said: Said, closed: frozenset[str]) -> tuple[Change, ...]:
    """The consent's fields as they should stand; UserError when date, source or fields are lacking."""
    values, flag = row.record.values, f"consent_{said.channel}"
    source = cpr.masked(said.source.strip())
    if not source:
        raise UserError("consents.no_source")
    given, yes = desk.when(said.at, app.clock()), _yes(app, row)
    at = dates.evidence(said.at.strip()).value or said.at.strip()
    if yes == TYPED and given.start:
        # As a system with typed fields reads it back.
        at = given.start.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
    wanted = {flag: yes, f"{flag}_at": at, f"{flag}_source": source}
    lacking = [n for n in wanted if values.get(n, ABSENT) is ABSENT or n in closed]
    if lacking:
        raise UserError("consents.no_fields", fields=", ".join(lacking), stream=row.stream)
    if "lawful_basis" not in closed and _is_empty(values, "lawful_basis"):
        wanted["lawful_basis"] = BASIS
    return tuple(
        Change(name, _text(values, name), text, RULE, "person", "reason.consent")
        for name, text in wanted.items()
        if values.get(name) != text
    )


def _yes(app: App, row: Held) -> str:
    """How the record's list writes a yes in a flag."""
    connector = app.systems.get(row.record.ref.system)
    streams = connector.streams() if connector else ()
    stream = next((one for one in streams if one.name == row.stream), None)
    if connector is None or stream is None or not stream.can.push:
        raise UserError("consents.not_writable", stream=row.stream)
    flags = connector.flags(stream) if isinstance(connector, Blocks) else ()
    return TYPED if any(flag.yes == TYPED for flag in flags) else "Ja"


def _text(values: Mapping[str, Value], name: str) -> str | None:
    old = values.get(name)
    return None if old is ABSENT else old


def _is_empty(values: Mapping[str, Value], name: str) -> bool:
    """Whether the field is there, and holds nothing."""
    old = values.get(name, ABSENT)
    return old is None or (isinstance(old, str) and not old.strip())


def _queue(app: App, one: Pass, part: StreamFacts, case: _Case, said: Said, by: str) -> None:
    """Into the outbox, and who confirmed it into the chain of acts, in one transaction."""
    connector, record, changes = app.systems[part.system], case.person.record, case.changes
    assert isinstance(connector, Pushes)  # noqa: S101 - `_yes` has seen that the stream can push
    assert part.pulled is not None  # noqa: S101 - see `_part`
    write = RecordChange(record.ref, record.version, changes, record.place)
    expected = connector.expected_version(part.stream, record, write)
    where = (part.system, part.stream.name, record.place, record.version, expected)
    text, run = proposals.changes_text(changes), one.facts.run
    told = {"channel": said.channel.value, "at": said.at, "run": str(run)}
    with app.store.transaction() as tx:
        outbox.queue(tx, [(case.person.rid, run, None, None, *where, text, "queued")])
        cursors.advance(tx, part.pulled.lease, app.clock())
        _act(tx, app, CONFIRMED, case.person, by, told | {"source": cpr.masked(said.source)})
        if case.person.rid != case.note.row.rid:
            _answer(tx, case.note, [said.channel], run)


def _answer(tx: Tx, note: _Note, channels: Sequence[Channel], run: int) -> None:
    """The note is not proposed again for these as long as it says what it says."""
    rid = note.row.rid
    history.decline(tx, [(rid, f"consent_{one}", note.marks[one], run) for one in channels])
    mirror.make_dirty(tx, [rid])


def _act(tx: Tx, app: App, act: str, row: Held, by: str, details: Mapping[str, str]) -> None:
    acts.record(
        tx, act, acts.about_record(row.rid), by=by, login=app.actor, at=app.clock(), details=details
    )


# --- refusing --------------------------------------------------------------------------------


def refuse(app: App, ref: Ref, channels: Sequence[Channel], why: str, by: str) -> list[Answered]:
    """The note holds no consent: it is not proposed again as long as the note says what it says.

    Without `channels` all that are proposed. UserError when none is.
    """
    named(by)
    if not why.strip():
        raise UserError("consents.no_reason")
    with app.store.transaction() as tx:
        note = _note(tx, app, ref)
        wanted = [one for one in note.marks if not channels or one in channels]
        if not wanted:
            raise UserError("consents.nothing_proposed", ref=ref)
        _answer(tx, note, wanted, 0)
        told = {"channel": ", ".join(wanted), "why": cpr.masked(why.strip())}
        _act(tx, app, REFUSED, note.row, by, told)
    return [Answered(ref, one, by, written=False, run=0) for one in wanted]
