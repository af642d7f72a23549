"""What the suppression list means: events of the ledger, folded into "blocked or not".

    blocked(keys, channel, at, known_at, events) -> Verdict

is a pure fold: the same events in any order give the same verdict, for any moment. Each block is
judged for itself, so that one more block can never unblock anybody. Where something is unclear
(ties, unknown times, clocks that differ) the answer is "blocked".

Terms: a *statement* is what a source said, in clear; an *event* is the statement as the ledger
holds it, hashed; the *root* of a derived event is the block it spreads from.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

from rules.keys import HashedKey, Key
from rules.records import Ref
from rules.spans import Span

CLOCK_SKEW: Final = timedelta(minutes=5)
"""How far two systems' clocks may differ: a consent this close after a block is a tie."""


class Channel(StrEnum):
    """How somebody is contacted. SMS and direct messages are electronic mail in Danish law."""

    CALL = "call"
    EMAIL = "email"
    SMS = "sms"
    ALL = "all"


SINGLE_CHANNELS: Final = (Channel.CALL, Channel.EMAIL, Channel.SMS)


class EventType(StrEnum):
    """What an event does.

    block: somebody asked not to be contacted. derived: the same block reaches another key of
    the same person. shared: a key that the block's record carried belongs to several people, or
    to a main number, so that the block stays with the record. lift: a newer, documented consent.
    correction: two people say that an event is wrong.
    """

    BLOCK = "block"
    DERIVED = "derived"
    SHARED = "shared"
    LIFT = "lift"
    CORRECTION = "correction"


class Evidence(StrEnum):
    """What an event rests on."""

    FLAG = "flag"
    LIST = "list"
    PERSON = "person"
    REACH = "reach"
    MERGE = "merge"
    PARTY = "party"
    FORM = "form"
    MAIL = "mail"
    LETTER = "letter"
    RECORDING = "recording"
    CONTRACT = "contract"
    BOUNCE = "bounce"
    """A mailbox that does not answer: it is about the address, and says nothing of the person."""


DOCUMENTED: Final = frozenset(
    {Evidence.FORM, Evidence.MAIL, Evidence.LETTER, Evidence.RECORDING, Evidence.CONTRACT}
)
"""Evidence that a consent may rest on: something that can be shown to an authority."""


@dataclass(frozen=True, slots=True)
class Statement:
    """What a source said about a person's contact, in clear; the ledger turns it into an event.

    `keys` are named by the source itself. `carried` are the person's other keys on the record
    that said it: they are blocked too, unless they turn out to be shared. `identity` is what
    makes two readings of the same thing the same event. `root` is the event that a derived
    event, a shared key, a lift or a correction speaks of; `path` the events on the way to it.
    `by` names the people who vouch for it; `said` is the cell or sentence itself. `last_resort`
    is a weak key, used when all that is carried turns out to be shared. `hashed` are named keys of
    which nothing is known but their hash.
    """

    type: EventType
    channel: Channel
    span: Span
    system: str
    keys: tuple[Key, ...]
    evidence: Evidence
    identity: tuple[str, ...]
    carried: tuple[Key, ...] = ()
    ref: Ref | None = None
    root: str | None = None
    path: tuple[str, ...] = ()
    by: tuple[str, ...] = ()
    said: str = ""
    source: str = ""
    name: str = ""
    last_resort: Key | None = None
    hashed: tuple[HashedKey, ...] = ()


@dataclass(frozen=True, slots=True)
class Event:
    """One entry of the ledger, without anything in clear. Times are aware UTC.

    `approvals` counts the different people who vouched for it; `documented` says that evidence
    was given in words beside its kind.
    """

    event_id: str
    type: EventType
    channel: Channel
    span: Span
    heard_at: datetime
    system: str
    keys: frozenset[HashedKey]
    evidence: Evidence
    carried: frozenset[HashedKey] = frozenset()
    root: str | None = None
    path: tuple[str, ...] = ()
    approvals: int = 0
    documented: bool = False

    @property
    def begins(self) -> datetime | None:
        """The first moment at which it may have held; a date in the future is no such thing."""
        return None if self.span.start is None else min(self.span.start, self.heard_at)


@dataclass(frozen=True, slots=True)
class Verdict:
    """Whether a contact is forbidden, and why.

    `by` are the ids of the blocking events, oldest first. `certain` is False when the block may
    have come after the moment asked for. `since` is the earliest start (None with `blocked`:
    nobody knows). `path` leads from the first block's root to the key that was asked for.
    """

    blocked: bool
    channel: Channel
    by: tuple[str, ...] = ()
    since: datetime | None = None
    certain: bool = False
    path: tuple[str, ...] = ()


def blocked(
    keys: Collection[HashedKey],
    channel: Channel,
    at: datetime,
    known_at: datetime | None,
    events: Iterable[Event],
) -> Verdict:
    """May whoever carries any of `keys` be contacted on `channel` at `at`?

    `known_at` leaves out what was heard later; None takes all that stands in the ledger, also
    what a clock that runs ahead put into the future. Asking for ALL asks whether any channel is
    blocked. ValueError for moments without a zone.
    """
    return SuppressionList(events).blocked(keys, channel, at, known_at)


class SuppressionList:
    """Events, indexed for questions. Built at once or event by event: the answers are the same."""

    __slots__ = ("_about", "_by_key", "_ids", "_seen")

    def __init__(self, events: Iterable[Event] = ()) -> None:
        self._seen: set[Event] = set()
        self._ids: dict[str, list[Event]] = defaultdict(list)
        self._by_key: dict[HashedKey, list[Event]] = defaultdict(list)
        # What was said later about an event, by its id: lifts, corrections, shared keys.
        self._about: dict[str, list[Event]] = defaultdict(list)
        for event in events:
            self.add(event)

    def add(self, event: Event) -> None:
        """Take in one event; the same event again changes nothing."""
        if event in self._seen:
            return
        self._seen.add(event)
        self._ids[event.event_id].append(event)
        if event.type in (EventType.BLOCK, EventType.DERIVED):
            for key in event.keys | event.carried:
                self._by_key[key].append(event)
        elif event.root is not None:
            self._about[event.root].append(event)

    def blocked(
        self,
        keys: Collection[HashedKey],
        channel: Channel,
        at: datetime,
        known_at: datetime | None = None,
    ) -> Verdict:
        """As the function of that name."""
        asked = SINGLE_CHANNELS if channel is Channel.ALL else (channel,)
        stand = self.standing(keys, at, known_at)
        events = {event for one in asked for event in stand[one]}
        return verdict_of(events, channel, at)

    def standing(
        self, keys: Collection[HashedKey], at: datetime, known_at: datetime | None = None
    ) -> dict[Channel, list[Event]]:
        """The events that forbid each single channel to whoever carries any of `keys`, oldest first."""
        if at.tzinfo is None or (known_at is not None and known_at.tzinfo is None):
            raise ValueError("`at` and `known_at` need a time zone")
        found: dict[Channel, list[Event]] = {channel: [] for channel in SINGLE_CHANNELS}
        holding = {
            event
            for key in keys
            for event in self._by_key.get(key, ())
            if self._holds(event, key, at, known_at)
        }
        for event in sorted(holding, key=_age) if len(holding) > 1 else holding:
            for channel in _covered(event.channel):
                if not self._is_lifted(event, channel, at, known_at):
                    found[channel].append(event)
        return found

    def _holds(self, event: Event, key: HashedKey, at: datetime, known_at: datetime | None) -> bool:
        """Whether this block, through this key, stands at `at`, lifts left aside."""
        if known_at is not None and event.heard_at > known_at:
            return False
        if event.begins is not None and event.begins > at:
            return False
        if key not in event.keys and self._is_shared(event, key, known_at):
            return False
        return not self._is_wrong(event, known_at)

    def _is_wrong(self, event: Event, known_at: datetime | None) -> bool:
        """Corrected itself, or reached only through something that is."""
        if not self._about:
            return False
        if any(self._effective(c, event, known_at) for c in self._corrections(event.event_id)):
            return True
        ways = set(event.path) | ({event.root} if event.root else set())
        return any(
            self._effective(c, origin, known_at)
            for way in ways - {event.event_id}
            for origin in self._ids.get(way, ())
            for c in self._corrections(way)
        )

    def _corrections(self, event_id: str) -> Iterator[Event]:
        return (e for e in self._about.get(event_id, ()) if e.type is EventType.CORRECTION)

    def _effective(self, correction: Event, target: Event, known_at: datetime | None) -> bool:
        """Two people, heard after what it corrects, and not itself corrected.

        "Heard after" makes chains of corrections end, and two clocks' ties block.
        """
        if correction.approvals < 2 or correction.heard_at <= target.heard_at:
            return False
        if known_at is not None and correction.heard_at > known_at:
            return False
        return not any(
            self._effective(later, correction, known_at)
            for later in self._corrections(correction.event_id)
        )

    def _is_shared(self, event: Event, key: HashedKey, known_at: datetime | None) -> bool:
        return any(
            about.type is EventType.SHARED
            and key in about.keys
            and (known_at is None or about.heard_at <= known_at)
            and not self._is_wrong(about, known_at)
            for about in self._about.get(event.event_id, ())
        )

    def _is_lifted(
        self, event: Event, channel: Channel, at: datetime, known_at: datetime | None
    ) -> bool:
        """Whether a consent has ended this block for this one channel."""
        root = event.root or event.event_id
        said = self._about.get(root)
        if not said:
            return False
        person = self._person_of(root)
        return any(
            lift.type is EventType.LIFT
            and lift.channel in (channel, Channel.ALL)
            and bool(lift.keys & person)
            and all(
                _lifts(lift, block, at, known_at) for block in (event, *self._ids.get(root, ()))
            )
            and not self._is_wrong(lift, known_at)
            for lift in said
        )

    def _person_of(self, root: str) -> frozenset[HashedKey]:
        """The keys of the person whom the block is about."""
        return frozenset().union(*(e.keys | e.carried for e in self._ids.get(root, ())))


def _covered(channel: Channel) -> tuple[Channel, ...]:
    return SINGLE_CHANNELS if channel is Channel.ALL else (channel,)


def _lifts(lift: Event, block: Event, at: datetime, known_at: datetime | None) -> bool:
    """A consent counts when it is documented, approved, past, and surely newer than the block."""
    started = lift.span.start
    newest = (
        max(block.span.end, block.heard_at) if block.type is EventType.BLOCK else block.span.end
    )
    return (
        started is not None
        and lift.approvals >= 1
        and lift.documented
        and lift.evidence in DOCUMENTED
        and started > block.span.end + CLOCK_SKEW
        and lift.span.end <= min(lift.heard_at, at)
        and lift.heard_at > newest
        and (known_at is None or lift.heard_at <= known_at)
    )


def _age(event: Event) -> tuple[datetime, str]:
    return event.heard_at, event.event_id


def verdict_of(standing: Collection[Event], channel: Channel, at: datetime) -> Verdict:
    """The verdict that follows from the events that stand."""
    if not standing:
        return Verdict(blocked=False, channel=channel)
    listed = sorted(standing, key=_age)
    starts = [event.begins for event in listed]
    first = listed[0]
    return Verdict(
        blocked=True,
        channel=channel,
        by=tuple(event.event_id for event in listed),
        since=None if None in starts else min(s for s in starts if s is not None),
        certain=any(min(event.span.end, event.heard_at) <= at for event in listed),
        path=(*first.path, first.event_id) if first.root else (first.event_id,),
    )
