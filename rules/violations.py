"""Each contact attempt held against the list as it stood at that second (R68).

    judge(facts, events) -> Judgement

is pure: the same facts and events give the same class, in whatever order they arrived. Each
attempt is in exactly one class. "As it stood" means: with what had been heard by then; what was
heard later makes an older call suspect, in a class of its own.

Two systems' clocks differ (`CLOCK_SKEW`), and logs say a second, a minute or a day: certain is
what holds at the earliest and at the latest moment at which the call can have begun.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, time, timedelta
from enum import StrEnum
from typing import Final

from rules.attempts import Direction
from rules.keys import HashedKey
from rules.registers import Issue
from rules.spans import COPENHAGEN, Span
from rules.suppression import CLOCK_SKEW, Channel, Event, SuppressionList


class Verdict(StrEnum):
    """The classes of contact attempts, each in one of them.

    certain: blocked at that moment beyond doubt. possible: blocked, but the time, the direction or
    the number leaves a doubt. person_only: the log has no number, and the person was blocked.
    heard_late: the no came first and reached us after the call. requested: blocked, and the other
    side had asked to be called since. giving: the call on which the no was given. inbound: the
    other side called. not_comparable: the log, or the opt-out, lacks what tells. register: nobody
    said no to us, and a register that we had held the person. lawful: the rest.
    """

    CERTAIN = "certain"
    POSSIBLE = "possible"
    PERSON_ONLY = "person_only"
    REGISTER = "register"
    HEARD_LATE = "heard_late"
    REQUESTED = "requested"
    GIVING = "giving"
    INBOUND = "inbound"
    NOT_COMPARABLE = "not_comparable"
    LAWFUL = "lawful"


class Doubt(StrEnum):
    """What keeps a call to somebody on the list from being certain.

    direction: the log does not say who called whom. several_numbers: one of several in the cell was
    called. other_number: the number stands on the person's record as nobody's own, or not at all.
    day_only: the log tells the time to no better than an hour. close: the no came within the minutes
    by which two systems' clocks may differ. time: the no is dated loosely.
    """

    DIRECTION = "direction"
    SEVERAL_NUMBERS = "several_numbers"
    OTHER_NUMBER = "other_number"
    DAY_ONLY = "day_only"
    CLOSE = "close"
    TIME = "time"


def doubts(
    span: Span | None,
    direction: Direction,
    numbers: int,
    events: Iterable[Event],
    *,
    through_person: bool,
) -> tuple[Doubt, ...]:
    """Why a call is only possibly forbidden by these events; never empty."""
    found = [
        (Doubt.DIRECTION, direction is Direction.UNCLEAR),
        (Doubt.SEVERAL_NUMBERS, numbers > 1),
        (Doubt.OTHER_NUMBER, through_person and numbers > 0),
    ]
    if span is not None and span.start is not None:
        late = any(one.heard_at > span.start - CLOCK_SKEW for one in events)
        wide = span.end - span.start > _NARROW
        found += [(Doubt.DAY_ONLY, late and wide), (Doubt.CLOSE, late and not wide)]
    said = tuple(doubt for doubt, holds in found if holds)
    return said or (Doubt.TIME,)


VIOLATIONS: Final = (
    Verdict.CERTAIN,
    Verdict.POSSIBLE,
    Verdict.PERSON_ONLY,
    Verdict.REGISTER,
    Verdict.HEARD_LATE,
)
"""The classes that a person has to answer for, the worst first."""

WRAP_UP: Final = timedelta(minutes=15)
"""So long after a call its agent may still be writing down what was said on it."""
SAID_SO: Final = timedelta(days=1)
"""So long after a call that ended with a no, the no may be dated."""
REQUEST_LASTS: Final = timedelta(days=30)
"""A wish to be called back is good for so long."""
_NARROW: Final = timedelta(hours=1)
_END_OF_TIME: Final = datetime.max.replace(tzinfo=UTC)
_NO_KEYS: Final[frozenset[HashedKey]] = frozenset()


@dataclass(frozen=True, slots=True)
class Facts:
    """What is known of one attempt beside the list.

    `own` are the hashes of the attempt's own record; `numbers` those of each number in its cell;
    `person` all keys of the contact that the log names, `carries` whether the number called stands
    there as the person's own. `requests` are moments at which the other side asked to be called.
    """

    channel: Channel
    span: Span | None
    seconds: int = 0
    direction: Direction = Direction.OUTBOUND
    numbers: tuple[frozenset[HashedKey], ...] = ()
    person: frozenset[HashedKey] = _NO_KEYS
    carries: bool = False
    own: frozenset[HashedKey] = _NO_KEYS
    opted_out: bool = False
    requests: tuple[datetime, ...] = ()
    all_reached: bool = False
    """Each of `numbers` was contacted: a mail goes to all its addresses, a call to one number."""


@dataclass(frozen=True, slots=True)
class Judgement:
    """The class of an attempt, and the events that put it there, oldest first.

    `by_person`: through the person's record, not through the number itself. `issue`: of the
    register that the person stands on, where that is what speaks against it.
    """

    verdict: Verdict
    by: tuple[Event, ...] = ()
    by_person: bool = False
    issue: Issue | None = None

    @property
    def heard_at(self) -> datetime | None:
        """When we heard the first of them."""
        if self.issue:
            return self.issue.imported_at
        return min((event.heard_at for event in self.by), default=None)

    @property
    def since(self) -> datetime | None:
        """The earliest moment that the no is known to be from; None: nobody knows."""
        if self.issue:
            return datetime.combine(self.issue.dated, time(), COPENHAGEN)
        starts = [event.begins for event in self.by]
        return None if None in starts else min((s for s in starts if s), default=None)


LAWFUL: Final = Judgement(Verdict.LAWFUL)
_RANK: Final = (
    Verdict.CERTAIN,
    Verdict.POSSIBLE,
    Verdict.PERSON_ONLY,
    Verdict.HEARD_LATE,
    Verdict.GIVING,
    Verdict.NOT_COMPARABLE,
    Verdict.LAWFUL,
)


def judge(facts: Facts, events: Iterable[Event]) -> Judgement:
    """The class of one attempt. `events` are all that concern its keys, and what was said of them."""
    return judge_by(facts, SuppressionList(events))


def judge_by(facts: Facts, listed: SuppressionList) -> Judgement:
    """As `judge`, with a list that serves many."""
    if facts.direction is Direction.INBOUND:
        return Judgement(Verdict.INBOUND)
    if not facts.numbers and not facts.person:
        return Judgement(Verdict.NOT_COMPARABLE)
    if facts.span is None or facts.span.start is None:
        return _without_time(facts, listed)
    found = _worst(_Looking(facts, facts.span.start, facts.span.end, listed))
    if found.verdict in VIOLATIONS and _was_asked_for(facts, found):
        return Judgement(Verdict.REQUESTED, found.by, found.by_person)
    if found.verdict is Verdict.CERTAIN and facts.direction is Direction.UNCLEAR:
        return Judgement(Verdict.POSSIBLE, found.by, found.by_person)
    return found


def on_register(
    begun: datetime, requests: Sequence[datetime], issue: Issue | None = None
) -> Judgement:
    """The class of a call that no opt-out forbids, to somebody whom a register holds: theirs, who
    asked to be called, alone is none (markedsføringsloven § 10: a prior request)."""
    if any(begun - REQUEST_LASTS < asked <= begun for asked in requests):
        return Judgement(Verdict.REQUESTED)
    return Judgement(Verdict.REGISTER, issue=issue)


def _without_time(facts: Facts, listed: SuppressionList) -> Judgement:
    """Whoever was never blocked was called lawfully at any time."""
    keys = facts.person.union(*facts.numbers)
    standing = listed.standing(keys, _END_OF_TIME)[facts.channel]
    return Judgement(Verdict.NOT_COMPARABLE, tuple(standing)) if standing else LAWFUL


def _worst(looking: _Looking) -> Judgement:
    """By the number and by the person; the worse of the two counts."""
    facts = looking.facts
    by_each = [looking.at(keys) for keys in facts.numbers]
    all_count = facts.all_reached and by_each
    by_number = min(by_each, key=_rank) if all_count else _of_several(by_each)
    if not facts.person or by_number.verdict is Verdict.CERTAIN:
        return by_number
    person = looking.at(facts.person)
    if person.verdict in {Verdict.CERTAIN, Verdict.POSSIBLE}:
        person = Judgement(_through_person(facts, person.verdict), person.by, by_person=True)
    else:
        person = Judgement(person.verdict, person.by, by_person=True)
    return min(by_number, person, key=_rank)


def _through_person(facts: Facts, verdict: Verdict) -> Verdict:
    if not facts.numbers:
        return Verdict.PERSON_ONLY
    return verdict if facts.carries else Verdict.POSSIBLE


def _of_several(found: list[Judgement]) -> Judgement:
    """Of several numbers in one cell one was called: what does not hold for all is not certain."""
    if not found:
        return LAWFUL
    worst = min(found, key=_rank)
    if worst.verdict is Verdict.CERTAIN and any(one.verdict is not worst.verdict for one in found):
        return Judgement(Verdict.POSSIBLE, worst.by)
    return worst


def _rank(one: Judgement) -> int:
    return _RANK.index(one.verdict)


def _was_asked_for(facts: Facts, found: Judgement) -> bool:
    """Whether the other side asked to be called after the last of these noes, not long ago."""
    assert facts.span is not None and facts.span.start is not None  # noqa: S101, PT018
    begun = facts.span.start
    newest = max(min(event.span.end, event.heard_at) for event in found.by)
    return any(max(newest, begun - REQUEST_LASTS) < asked <= begun for asked in facts.requests)


@dataclass(slots=True)
class _Looking:
    """One attempt with a time, asked about sets of keys."""

    facts: Facts
    start: datetime
    end: datetime
    listed: SuppressionList
    early: datetime = field(init=False)
    late: datetime = field(init=False)

    def __post_init__(self) -> None:
        self.early, self.late = self.start - CLOCK_SKEW, self.end + CLOCK_SKEW

    def at(self, keys: frozenset[HashedKey]) -> Judgement:
        """The class as far as these keys go."""
        ever = self._standing(keys, self._ended() + SAID_SO, None)
        known = self._standing(keys, self.late, self.late)
        before = self._standing(keys, self.early, self.early)
        if not (ever or known or before):
            return LAWFUL
        if sure := [e for e in before if e in known and not self._is_said_here(e)]:
            return Judgement(Verdict.CERTAIN, tuple(sure))
        about = {event.event_id: event for event in (*before, *known, *ever)}
        between = {event.event_id for event in (*before, *known)}
        classed = [(self._class(one, ident in between), one) for ident, one in about.items()]
        worst = min((verdict for verdict, _ in classed), key=_RANK.index)
        by = sorted((one for verdict, one in classed if verdict is worst), key=_age)
        return LAWFUL if worst is Verdict.LAWFUL else Judgement(worst, tuple(by))

    def _standing(
        self, keys: frozenset[HashedKey], at: datetime, known_at: datetime | None
    ) -> list[Event]:
        return self.listed.standing(keys, at, known_at)[self.facts.channel]

    def _ended(self) -> datetime:
        return self.end + timedelta(seconds=self.facts.seconds)

    def _is_said_here(self, event: Event) -> bool:
        """Whether the attempt's own record is what says no."""
        return not event.keys.isdisjoint(self.facts.own)

    def _class(self, event: Event, known: bool) -> Verdict:  # noqa: FBT001
        """What one event that does not stand all along makes of the call."""
        if self._was_given_here(event):
            return Verdict.GIVING
        if known:
            return Verdict.POSSIBLE
        begins = event.span.start
        if begins is not None and event.span.end <= self.early:
            return Verdict.HEARD_LATE
        surely_later = begins is not None and min(begins, event.heard_at) > self.late
        return Verdict.LAWFUL if surely_later else Verdict.NOT_COMPARABLE

    def _was_given_here(self, event: Event) -> bool:
        """Whether this is the call on which the no was said: it begins during it, or just after."""
        if self._is_said_here(event):
            return True
        begins = event.begins
        if self.facts.opted_out:
            # Set between two looks, or on the same day: the call itself says that it was there.
            near = begins is None or begins <= self._ended() + SAID_SO
            return near and event.span.end >= self.start
        if begins is None:
            return False
        wide = max(self.end - self.start, event.span.end - begins) > _NARROW
        return not wide and self.start <= begins <= self._ended() + WRAP_UP


def _age(event: Event) -> tuple[datetime, str]:
    return event.heard_at, event.event_id
