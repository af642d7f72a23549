"""The fold over events: order-free, monotone, and in doubt "blocked"."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rules.keys import HashedKey, KeyKind
from rules.spans import Span
from rules.suppression import (
    CLOCK_SKEW,
    Channel,
    Event,
    EventType,
    Evidence,
    SuppressionList,
    Verdict,
    blocked,
)

DAY = timedelta(days=1)
T0 = datetime(2026, 1, 1, tzinfo=UTC)
PHONE = HashedKey(KeyKind.PHONE, "k1", b"p" * 16)
MAIL = HashedKey(KeyKind.EMAIL, "k1", b"m" * 16)
OTHER = HashedKey(KeyKind.PHONE, "k1", b"o" * 16)


def block(ident: str = "b", at: datetime = T0, **more: object) -> Event:
    given: dict[str, object] = {
        "event_id": ident,
        "type": EventType.BLOCK,
        "channel": Channel.ALL,
        "span": Span(at, at),
        "heard_at": at,
        "system": "files",
        "keys": frozenset({PHONE}),
        "evidence": Evidence.FLAG,
    }
    return Event(**{**given, **more})  # type: ignore[arg-type]


def lift(of: str = "b", at: datetime = T0 + 10 * DAY, **more: object) -> Event:
    given: dict[str, object] = {
        "event_id": f"lift {of}",
        "type": EventType.LIFT,
        "evidence": Evidence.FORM,
        "root": of,
        "approvals": 1,
        "documented": True,
    }
    return block(at=at, **{**given, **more})


def correction(of: str = "b", at: datetime = T0 + 10 * DAY, **more: object) -> Event:
    given: dict[str, object] = {
        "event_id": f"correction of {of}",
        "type": EventType.CORRECTION,
        "evidence": Evidence.PERSON,
        "root": of,
        "approvals": 2,
        "documented": True,
    }
    return block(at=at, **{**given, **more})


def derived(of: str = "b", at: datetime = T0 + DAY, **more: object) -> Event:
    given: dict[str, object] = {
        "event_id": f"derived from {of}",
        "type": EventType.DERIVED,
        "span": Span(T0, T0),
        "evidence": Evidence.REACH,
        "root": of,
        "path": (of,),
        "keys": frozenset({MAIL}),
    }
    return block(at=at, **{**given, **more})


def ask(
    *events: Event,
    key: HashedKey = PHONE,
    channel: Channel = Channel.CALL,
    at: datetime = T0 + 100 * DAY,
    known_at: datetime | None = None,
) -> Verdict:
    return blocked({key}, channel, at, known_at, events)


def test_nobody_is_blocked_by_an_empty_ledger() -> None:
    assert ask() == Verdict(blocked=False, channel=Channel.CALL)


def test_a_block_blocks_from_its_first_possible_moment_on() -> None:
    one = block(span=Span(T0, T0 + DAY), heard_at=T0 + 2 * DAY)
    assert not ask(one, at=T0 - DAY).blocked
    assert ask(one, at=T0).blocked
    assert not ask(one, at=T0).certain
    assert ask(one, at=T0 + DAY).certain
    assert ask(one, at=T0).since == T0


def test_a_block_without_a_date_blocks_since_ever() -> None:
    one = block(span=Span(None, T0))
    long_ago = ask(one, at=datetime(1999, 1, 1, tzinfo=UTC))
    assert long_ago.blocked
    assert not long_ago.certain
    assert long_ago.since is None


def test_a_date_in_the_future_does_not_delay_a_block() -> None:
    typo = block(span=Span(T0 + 9000 * DAY, T0 + 9001 * DAY), heard_at=T0)
    assert ask(typo, at=T0 + DAY).blocked


def test_what_a_fast_clock_put_into_the_future_blocks_now() -> None:
    ahead = block(at=T0 + 9000 * DAY, span=Span(None, T0 + 9000 * DAY))
    assert ask(ahead, at=T0, known_at=None).blocked


def test_what_was_heard_later_was_not_known_then() -> None:
    one = block(span=Span(T0, T0), heard_at=T0 + 5 * DAY)
    assert not ask(one, known_at=T0 + 4 * DAY).blocked
    assert ask(one, known_at=T0 + 5 * DAY).blocked


@pytest.mark.parametrize(
    ("of", "asked", "expected"),
    [
        (Channel.ALL, Channel.CALL, True),
        (Channel.ALL, Channel.ALL, True),
        (Channel.EMAIL, Channel.CALL, False),
        (Channel.EMAIL, Channel.EMAIL, True),
        (Channel.EMAIL, Channel.ALL, True),
    ],
)
def test_a_block_holds_for_its_channel(of: Channel, asked: Channel, *, expected: bool) -> None:
    assert ask(block(channel=of), channel=asked).blocked is expected


def test_another_persons_key_is_not_blocked() -> None:
    assert not ask(block(), key=OTHER).blocked


# --- lifts ---------------------------------------------------------------------------------


def test_a_newer_documented_consent_lifts() -> None:
    assert not ask(block(), lift()).blocked
    assert ask(block(), lift(), at=T0 + 5 * DAY).blocked, "but not before it was given"
    assert ask(block(), lift(), known_at=T0 + 5 * DAY).blocked, "nor before it was heard"


def test_a_lift_for_one_channel_leaves_the_others_blocked() -> None:
    events = (block(), lift(channel=Channel.CALL))
    assert not ask(*events, channel=Channel.CALL).blocked
    assert ask(*events, channel=Channel.EMAIL).blocked
    assert ask(*events, channel=Channel.ALL).blocked


def test_a_lift_for_all_lifts_a_block_of_one_channel() -> None:
    assert not ask(block(channel=Channel.CALL), lift(channel=Channel.ALL)).blocked


@pytest.mark.parametrize(
    "poor",
    [
        pytest.param({"documented": False}, id="nothing in writing"),
        pytest.param({"evidence": Evidence.FLAG}, id="a flag is no evidence"),
        pytest.param({"evidence": Evidence.PERSON}, id="somebody says so"),
        pytest.param({"approvals": 0}, id="nobody approved"),
        pytest.param({"channel": Channel.EMAIL}, id="for another channel"),
        pytest.param({"keys": frozenset({OTHER})}, id="by another person"),
        pytest.param({"root": "another block"}, id="of another block"),
        pytest.param({"span": Span(None, T0 + 10 * DAY)}, id="nobody knows since when"),
        pytest.param({"span": Span(T0, T0 + 10 * DAY)}, id="may have begun with the block"),
        pytest.param({"span": Span(T0 + CLOCK_SKEW, T0 + 10 * DAY)}, id="within the clocks' skew"),
        pytest.param({"span": Span(T0 - DAY, T0 - DAY)}, id="given before the block"),
        pytest.param({"heard_at": T0}, id="heard with the block"),
        pytest.param({"span": Span(T0 + DAY, T0 + 11 * DAY)}, id="begins after it was heard"),
        pytest.param({"at": T0 + 200 * DAY}, id="in the future of the question"),
    ],
)
def test_a_poor_consent_lifts_nothing(poor: dict[str, object]) -> None:
    assert ask(block(), lift(**poor)).blocked  # type: ignore[arg-type]


def test_a_block_heard_late_is_not_lifted_by_an_earlier_consent() -> None:
    """The consent was given after the block, but nobody who approved it knew of the block."""
    late = block(span=Span(T0, T0), heard_at=T0 + 20 * DAY)
    assert ask(late, lift()).blocked


def test_a_later_block_stands_after_a_lift() -> None:
    assert ask(block(), lift(), block("again", at=T0 + 30 * DAY)).by == ("again",)


def test_a_lift_of_the_root_ends_what_was_derived_from_it() -> None:
    events = (block(), derived())
    assert ask(*events, key=MAIL).path == ("b", "derived from b")
    assert not ask(*events, lift(), key=MAIL).blocked


# --- corrections ---------------------------------------------------------------------------


def test_two_people_correct_a_wrong_entry_and_all_that_came_of_it() -> None:
    events = (block(), derived(), correction())
    assert not ask(*events).blocked
    assert not ask(*events, key=MAIL).blocked
    assert ask(*events, known_at=T0 + 9 * DAY).blocked


@pytest.mark.parametrize(
    "poor",
    [
        pytest.param({"approvals": 1}, id="one person"),
        pytest.param({"heard_at": T0}, id="heard with the block"),
        pytest.param({"root": "another"}, id="of another entry"),
    ],
)
def test_a_poor_correction_ends_nothing(poor: dict[str, object]) -> None:
    assert ask(block(), correction(**poor)).blocked  # type: ignore[arg-type]


def test_a_correction_of_a_derived_entry_leaves_the_root() -> None:
    events = (block(), derived(), correction("derived from b"))
    assert ask(*events).blocked
    assert not ask(*events, key=MAIL).blocked


def test_what_was_reached_through_a_wrong_entry_ends_with_it() -> None:
    further = derived(
        event_id="further", path=("b", "derived from b"), keys=frozenset({OTHER}), at=T0 + 2 * DAY
    )
    assert ask(block(), derived(), further, key=OTHER).blocked
    assert not ask(block(), derived(), further, correction("derived from b"), key=OTHER).blocked


def test_a_wrong_lift_is_corrected_and_the_block_is_back() -> None:
    undone = correction("lift b", at=T0 + 20 * DAY)
    assert ask(block(), lift(), undone).blocked


def test_a_wrong_correction_is_corrected_and_the_block_is_back() -> None:
    undone = correction("correction of b", at=T0 + 20 * DAY)
    assert ask(block(), correction(), undone).blocked


# --- carried keys --------------------------------------------------------------------------


def test_a_carried_key_blocks_until_it_is_found_to_be_shared() -> None:
    one = block(carried=frozenset({MAIL}))
    found = block("found", at=T0 + DAY, type=EventType.SHARED, root="b", keys=frozenset({MAIL}))
    assert ask(one, key=MAIL).blocked
    assert not ask(one, found, key=MAIL).blocked
    assert ask(one, found, key=PHONE).blocked, "the record itself stays blocked"
    assert ask(one, found, key=MAIL, known_at=T0).blocked


def test_a_named_key_blocks_however_shared_it_is() -> None:
    found = block("found", at=T0 + DAY, type=EventType.SHARED, root="b")
    assert ask(block(), found).blocked


def test_moments_without_a_zone_are_refused() -> None:
    with pytest.raises(ValueError, match="time zone"):
        ask(block(), at=datetime(2026, 1, 1))  # noqa: DTZ001


# --- properties ----------------------------------------------------------------------------

IDS = ("b0", "b1", "b2")
moments = st.integers(0, 6).map(lambda n: T0 + n * timedelta(minutes=4))
keys = st.frozensets(st.sampled_from([PHONE, MAIL, OTHER]), min_size=1)


@st.composite
def events(draw: st.DrawFn) -> list[Event]:
    """Histories in which everything is about everything, within minutes."""
    found: dict[str, Event] = {}
    for number in range(draw(st.integers(0, 7))):
        kind = draw(st.sampled_from(EventType))
        start, end = sorted((draw(moments), draw(moments)))
        ident = f"e{number}"
        found[ident] = Event(
            event_id=ident,
            type=kind,
            channel=draw(st.sampled_from(Channel)),
            span=Span(draw(st.sampled_from([None, start])), end),
            heard_at=draw(moments),
            system="files",
            keys=draw(keys),
            evidence=draw(st.sampled_from([Evidence.FORM, Evidence.FLAG])),
            carried=draw(keys) if kind is EventType.BLOCK else frozenset(),
            root=None
            if kind is EventType.BLOCK
            else draw(st.sampled_from([*found, "e0", "elsewhere"])),
            path=tuple(draw(st.lists(st.sampled_from([*found, "e0"]), max_size=2)))
            if kind is EventType.DERIVED
            else (),
            approvals=draw(st.integers(0, 2)),
            documented=draw(st.booleans()),
        )
    return list(found.values())


questions = st.tuples(
    st.frozensets(st.sampled_from([PHONE, MAIL, OTHER])),
    st.sampled_from(Channel),
    moments,
    st.none() | moments,
)


@given(events(), questions, st.data())
def test_the_order_of_events_does_not_matter(
    history: list[Event],
    question: tuple[frozenset[HashedKey], Channel, datetime, datetime | None],
    data: st.DataObject,
) -> None:
    shuffled = data.draw(st.permutations(history))
    assert blocked(*question, history) == blocked(*question, shuffled)


@given(events(), questions)
def test_built_at_once_or_event_by_event_it_is_the_same_list(
    history: list[Event], question: tuple[frozenset[HashedKey], Channel, datetime, datetime | None]
) -> None:
    grown = SuppressionList()
    for event in history:
        grown.blocked(*question)
        grown.add(event)
        grown.add(event)
    assert grown.blocked(*question) == blocked(*question, history)


@given(events(), questions, events())
def test_more_blocks_never_unblock_anybody(
    history: list[Event],
    question: tuple[frozenset[HashedKey], Channel, datetime, datetime | None],
    more: list[Event],
) -> None:
    blocks = [
        replace(event, event_id=f"new {event.event_id}")
        for event in more
        if event.type in (EventType.BLOCK, EventType.DERIVED)
    ]
    before, after = blocked(*question, history), blocked(*question, [*history, *blocks])
    assert set(before.by) <= set(after.by)
    assert after.blocked >= before.blocked


@given(events(), questions)
def test_only_a_lift_a_correction_or_a_shared_key_ever_ends_a_block(
    history: list[Event], question: tuple[frozenset[HashedKey], Channel, datetime, datetime | None]
) -> None:
    """And a lift never does so without papers and an approval, a correction never with one name."""
    good = [
        event
        for event in history
        if event.type not in (EventType.LIFT, EventType.CORRECTION)
        or (event.type is EventType.CORRECTION and event.approvals >= 2)
        or (
            event.type is EventType.LIFT
            and event.documented
            and event.approvals
            and event.evidence is Evidence.FORM
            and event.span.start is not None
        )
    ]
    assert blocked(*question, history) == blocked(*question, good)


@given(events(), questions)
def test_what_is_blocked_on_a_channel_is_blocked_on_all(
    history: list[Event], question: tuple[frozenset[HashedKey], Channel, datetime, datetime | None]
) -> None:
    asked, _, at, known_at = question
    each = [blocked(asked, c, at, known_at, history) for c in Channel if c is not Channel.ALL]
    together = blocked(asked, Channel.ALL, at, known_at, history)
    assert together.blocked == any(one.blocked for one in each)
    assert set(together.by) == {ident for one in each for ident in one.by}
