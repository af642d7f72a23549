"""Calls held against the list as it stood: each in exactly one class, in any order of events."""

from __future__ import annotations

import csv
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from rules import spans
from rules.attempts import CALL_BACK, OPTED_OUT, Attempt, Direction, attempt, began
from rules.keys import HashedKey, Key, KeyKind
from rules.records import ABSENT, Kind, Record, Ref, Value
from rules.spans import Span
from rules.suppression import Channel, Event, EventType, Evidence
from rules.violation_causes import Cause, Circumstances, cause
from rules.violations import VIOLATIONS, Doubt, Facts, Judgement, Verdict, doubts, judge

CASES = Path(__file__).parent / "cases" / "violations.csv"
PHONE = HashedKey(KeyKind.PHONE, "k1", b"p" * 16)
OTHER = HashedKey(KeyKind.PHONE, "k1", b"o" * 16)
PERSON = HashedKey(KeyKind.REF, "k1", b"r" * 16)
FREE = HashedKey(KeyKind.REF, "k1", b"f" * 16)
CALL = HashedKey(KeyKind.REF, "k1", b"c" * 16)
T0 = datetime(2026, 11, 24, 9, tzinfo=UTC)
MINUTE, DAY = timedelta(minutes=1), timedelta(days=1)


def moment(text: str) -> datetime:
    span = spans.read(text)
    assert span
    assert span.start
    return span.start


def block(heard_at: datetime, span: Span | None = None, **more: object) -> Event:
    given: dict[str, object] = {
        "event_id": "b",
        "type": EventType.BLOCK,
        "channel": Channel.ALL,
        "span": span or Span(heard_at, heard_at),
        "heard_at": heard_at,
        "system": "files",
        "keys": frozenset({PHONE, PERSON}),
        "evidence": Evidence.LIST,
    }
    return Event(**{**given, **more})  # type: ignore[arg-type]


def lift(at: datetime) -> Event:
    return block(
        at, event_id="l", type=EventType.LIFT, root="b", evidence=Evidence.FORM, approvals=1,
        documented=True,
    )  # fmt: skip


def events_of(case: Mapping[str, str]) -> list[Event]:
    if not case["heard"]:
        return []
    heard_at = moment(case["heard"])
    said = case["happened"]
    span = Span(None, heard_at) if said == "?" else spans.read(said)
    assert span
    found = [block(heard_at, Span(span.start, min(span.end, heard_at)))]
    return found + ([lift(moment(case["lifted"]))] if case["lifted"] else [])


def facts_of(case: Mapping[str, str]) -> Facts:
    numbers = {
        "yes": (PHONE,), "": (), "other": (OTHER,), "own": (OTHER,), "both": (PHONE, OTHER),
    }[case["number"]]  # fmt: skip
    row: dict[str, Value] = {"outcome": case["outcome"], "direction": case["direction"]}
    said = attempt(Record(Ref("files", Kind.CALL, "1"), "1", row | {"started_at": case["call"]}))
    assert said
    return Facts(
        channel=Channel.CALL,
        span=said.span,
        seconds=int(case["seconds"]),
        direction=said.direction,
        numbers=tuple(frozenset({one}) for one in numbers),
        person=frozenset({"blocked": {PERSON}, "free": {FREE}, "": set()}[case["person"]]),
        carries=case["number"] == "own",
        own=frozenset({CALL}),
        opted_out=said.outcome == OPTED_OUT,
        requests=(moment(case["requested"]),) if case["requested"] else (),
    )


ALL_CASES = list(csv.DictReader(CASES.read_text("utf-8").splitlines()))


@pytest.mark.parametrize("case", ALL_CASES, ids=[case["case"] for case in ALL_CASES])
def test_each_call_is_in_the_class_that_a_person_would_put_it_in(case: Mapping[str, str]) -> None:
    assert judge(facts_of(case), events_of(case)).verdict == case["verdict"]


def test_the_cases_hold_every_class() -> None:
    """But for the one that the list says nothing of: tests/sync/test_registers.py."""
    assert {case["verdict"] for case in ALL_CASES} == set(Verdict) - {Verdict.REGISTER}


def test_a_call_whose_own_record_says_no_is_the_one_on_which_it_was_said() -> None:
    said = block(T0, keys=frozenset({PHONE, CALL}))
    facts = Facts(Channel.CALL, Span(T0 + DAY, T0 + DAY), numbers=(frozenset({PHONE}),))
    assert judge(facts, [said]).verdict is Verdict.CERTAIN
    own = Facts(
        Channel.CALL, Span(T0 + DAY, T0 + DAY), numbers=(frozenset({PHONE}),), own=frozenset({CALL})
    )
    assert judge(own, [said]).verdict is Verdict.GIVING
    earlier = block(T0 - DAY, event_id="earlier")
    assert judge(own, [said, earlier]).verdict is Verdict.CERTAIN


def test_a_no_to_mail_forbids_no_call() -> None:
    facts = Facts(Channel.CALL, Span(T0, T0), numbers=(frozenset({PHONE}),))
    assert judge(facts, [block(T0 - DAY, channel=Channel.EMAIL)]).verdict is Verdict.LAWFUL
    assert judge(facts, [block(T0 - DAY, channel=Channel.CALL)]).verdict is Verdict.CERTAIN


minutes = st.integers(-3 * 24 * 60, 3 * 24 * 60).map(lambda n: T0 + n * MINUTE)


@st.composite
def heard(draw: st.DrawFn) -> Event:
    heard_at = draw(minutes)
    start = draw(st.none() | minutes.map(lambda at: min(at, heard_at)))
    end = heard_at if start is None else draw(st.sampled_from([start, heard_at]))
    return block(heard_at, Span(start, end), event_id=draw(st.uuids()).hex)


@given(st.lists(heard(), max_size=5), minutes, st.integers(0, 600), st.randoms())
@settings(max_examples=150)
def test_the_order_in_which_events_arrive_changes_nothing(
    events: list[Event], at: datetime, seconds: int, random: object
) -> None:
    facts = Facts(Channel.CALL, Span(at, at), seconds, numbers=(frozenset({PHONE}),))
    first = judge(facts, events)
    random.shuffle(events)  # type: ignore[attr-defined]
    assert judge(facts, events) == first
    assert (first.verdict is Verdict.CERTAIN) <= any(e.heard_at < at for e in events)
    assert (first.verdict in VIOLATIONS) <= bool(first.by)


@given(st.lists(heard(), max_size=4), heard(), minutes)
@settings(max_examples=150)
def test_one_more_no_never_makes_a_certain_call_any_less_so(
    events: list[Event], one_more: Event, at: datetime
) -> None:
    facts = Facts(Channel.CALL, Span(at, at), numbers=(frozenset({PHONE}),))
    if judge(facts, events).verdict is Verdict.CERTAIN:
        assert judge(facts, [*events, one_more]).verdict is Verdict.CERTAIN


# --- causes ----------------------------------------------------------------------------------

CERTAIN = Judgement(Verdict.CERTAIN, (block(T0),))


@pytest.mark.parametrize(
    ("known", "expected"),
    [
        (Circumstances(T0 + DAY, by_hand=True, can_block=True), Cause.BY_HAND),
        (
            Circumstances(T0 + DAY, loaded_at=T0 - DAY, released_until=T0 + MINUTE),
            Cause.RELEASED_TOO_LONG_AGO,
        ),
        (Circumstances(T0 + DAY, can_block=True, loaded_at=T0 - DAY), Cause.LATE_SYNC),
        (Circumstances(T0 + DAY, can_block=True, confirmed_at=T0 + 2 * DAY), Cause.LATE_SYNC),
        (
            Circumstances(T0 + DAY, can_block=True, confirmed_at=T0, loaded_at=T0 - DAY),
            Cause.LOADED_BEFORE,
        ),
        (Circumstances(T0 + DAY, can_block=True, confirmed_at=T0), Cause.DIALLED_ANYWAY),
        (Circumstances(T0 + DAY, loaded_at=T0 - DAY), Cause.LOADED_BEFORE),
        (Circumstances(T0 + DAY, loaded_at=T0 + MINUTE), Cause.CANNOT_BLOCK),
        (Circumstances(T0 + DAY), Cause.CANNOT_BLOCK),
    ],
)
def test_the_cause_follows_from_what_was_known_where(known: Circumstances, expected: Cause) -> None:
    assert cause(CERTAIN, known) is expected


def test_the_person_s_other_number_is_a_cause_of_its_own() -> None:
    derived = block(T0, type=EventType.DERIVED, root="b", evidence=Evidence.REACH)
    at = Circumstances(T0 + DAY)
    assert cause(Judgement(Verdict.CERTAIN, (derived,)), at) is Cause.OTHER_NUMBER
    assert cause(Judgement(Verdict.POSSIBLE, (block(T0),), by_person=True), at) is (
        Cause.OTHER_NUMBER
    )
    assert cause(Judgement(Verdict.HEARD_LATE, (derived,)), at) is Cause.HEARD_LATE
    with pytest.raises(ValueError, match="nothing"):
        cause(Judgement(Verdict.LAWFUL), at)


# --- reading a row of the log ----------------------------------------------------------------


def call(**values: Value) -> Attempt:
    found = attempt(Record(Ref("files", Kind.CALL, "opkald.csv#1"), "1", values))
    assert found
    return found


def test_a_row_of_a_call_log_becomes_a_contact_attempt() -> None:
    found = call(
        called_number="68 00 00 01", started_at="24-11-2026 10:00", agent=" Rav Elkedel ",
        outcome="Ring igen", duration_seconds="61.0", campaign="Nord", contact_ref="K1",
        note="noget privat",
    )  # fmt: skip
    assert found.numbers == (Key(KeyKind.PHONE, "+4568000001"),)
    assert (found.agent, found.outcome, found.seconds) == ("Rav Elkedel", CALL_BACK, 61)
    assert (found.call_list, found.contact, found.by_hand) == ("Nord", "K1", False)
    assert found.direction is Direction.OUTBOUND
    assert "privat" not in repr(found)


def test_a_call_on_no_list_was_dialled_by_hand_if_the_log_names_lists() -> None:
    assert call(call_list=None).by_hand is True
    assert call(call_list=ABSENT).by_hand is None
    assert call().by_hand is None


def test_records_of_other_kinds_are_no_contact_attempts() -> None:
    assert attempt(Record(Ref("files", Kind.CONTACT, "1"), "1", {})) is None


@given(st.text(max_size=30))
def test_no_text_in_a_log_breaks_the_reading(said: str) -> None:
    found = call(started_at=said, duration_seconds=said, called_number=said, direction=said)
    assert found.seconds >= 0


@given(
    st.datetimes(datetime(1994, 12, 30), datetime(2050, 1, 1)),  # noqa: DTZ001 - made naive on purpose
    st.sampled_from(["", "Z", "+00:00"]),
    st.sampled_from([" ", "T"]),
    st.sampled_from(["seconds", "milliseconds"]),
)
@example(datetime(2013, 3, 31, 2, 0), "", " ", "seconds")  # noqa: DTZ001 - an hour that was not there
@settings(max_examples=300)
def test_the_quick_way_reads_moments_as_the_slow_one_does(
    at: datetime, zone: str, between: str, exact: str
) -> None:
    said = at.isoformat(between, exact) + zone
    assert began(said) == spans.read(said)


@pytest.mark.parametrize(
    ("minutes", "hours", "direction", "numbers", "through", "said"),
    [
        (-60, 0, Direction.UNCLEAR, 1, "number", (Doubt.DIRECTION,)),
        (-60, 0, Direction.OUTBOUND, 2, "number", (Doubt.SEVERAL_NUMBERS,)),
        (-60, 0, Direction.OUTBOUND, 1, "person", (Doubt.OTHER_NUMBER,)),
        (-2, 0, Direction.OUTBOUND, 1, "number", (Doubt.CLOSE,)),
        (60, 24, Direction.OUTBOUND, 1, "number", (Doubt.DAY_ONLY,)),
        (-60, 0, Direction.OUTBOUND, 0, "person", (Doubt.TIME,)),
        (-2, 0, Direction.UNCLEAR, 2, "number", (Doubt.DIRECTION, Doubt.SEVERAL_NUMBERS, Doubt.CLOSE)),
    ],
)  # fmt: skip
def test_a_possible_call_says_why_it_is_no_more_than_that(
    minutes: int,
    hours: int,
    direction: Direction,
    numbers: int,
    through: str,
    said: tuple[Doubt, ...],
) -> None:
    heard = T0 + timedelta(minutes=minutes)
    no = block(heard)
    span = Span(T0, T0 + timedelta(hours=hours))
    found = doubts(span, direction, numbers, [no], through_person=through == "person")
    assert found == said


def test_a_mail_goes_to_all_its_addresses_and_a_call_to_one_of_its_numbers() -> None:
    heard = T0 - DAY
    facts = Facts(Channel.CALL, Span(T0, T0), numbers=(OTHER_KEYS, PHONE_KEYS))
    assert judge(facts, [block(heard)]).verdict is Verdict.POSSIBLE
    mailed = replace(facts, channel=Channel.EMAIL, all_reached=True)
    assert judge(mailed, [block(heard)]).verdict is Verdict.CERTAIN
    only_calls = block(heard, channel=Channel.CALL)
    assert judge(mailed, [only_calls]).verdict is Verdict.LAWFUL


@pytest.mark.parametrize(
    ("channel", "field", "text", "kinds"),
    [
        ("e-mail", "recipient", "a@opdigtet-0001.dk; b@opdigtet-0001.dk", [KeyKind.EMAIL] * 2),
        ("SMS", "called_number", "68 00 00 01", [KeyKind.PHONE]),
        ("", "called_number", "68 00 00 01", [KeyKind.PHONE]),
        ("e-mail, sms", "called_number", "68 00 00 01", [KeyKind.PHONE]),
        ("brevdue", "recipient", "a@opdigtet-0001.dk", []),
    ],
)
def test_a_log_says_how_somebody_was_contacted_or_it_was_by_phone(
    channel: str, field: str, text: str, kinds: list[KeyKind]
) -> None:
    values: dict[str, Value] = {"channel": channel, field: text}
    said = attempt(Record(Ref("files", Kind.CALL, "1"), "1", values))
    assert said
    assert [key.kind for key in said.numbers] == kinds
    expected = {"e-mail": Channel.EMAIL, "SMS": Channel.SMS}.get(channel, Channel.CALL)
    assert said.channel is expected


PHONE_KEYS, OTHER_KEYS = frozenset({PHONE}), frozenset({OTHER})
