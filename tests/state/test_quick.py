"""One question after the other: always the answer of the list as it stands, whoever wrote to it."""

import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from rules.errors import SystemStopped
from rules.keys import Key, KeyKind
from rules.spans import Span
from rules.suppression import Channel, EventType, Evidence, Statement
from state.keys import KeyRing, bind, enter, forget_key, new_ring
from state.ledger import append
from state.quick import Quick
from state.store import Store

ROOT = Path(__file__).parents[2]
NOW = datetime(2026, 11, 26, 9, 0, tzinfo=UTC)
HOUR = timedelta(hours=1)
CHANNELS = (Channel.CALL, Channel.EMAIL, Channel.SMS)


def phone(number: int) -> Key:
    return Key(KeyKind.PHONE, f"+4568{number:06}")


def block(*keys: Key, channel: Channel = Channel.ALL, mark: str = "") -> Statement:
    return Statement(
        type=EventType.BLOCK, channel=channel, span=Span(NOW, NOW), system="desk", keys=keys,
        evidence=Evidence.PERSON, identity=("desk", mark, *map(str, keys), channel.value),
    )  # fmt: skip


@pytest.fixture
def ring(store: Store) -> KeyRing:
    made = new_ring(NOW)
    bind(store, made, NOW)
    return made


@pytest.fixture
def quick(store: Store, ring: KeyRing) -> Iterator[Quick]:
    made = Quick(store, ring)
    yield made
    made.close()


def said(store: Store, ring: KeyRing, *statements: Statement, at: datetime = NOW) -> list[str]:
    with store.transaction() as tx:
        return [one.event.event_id for one in append(tx, ring, statements, at)]


def test_the_next_question_knows_what_was_said_a_moment_ago(
    store: Store, ring: KeyRing, quick: Quick
) -> None:
    assert not quick.blocked(phone(1), Channel.CALL, NOW + HOUR)
    said(store, ring, block(phone(1), channel=Channel.CALL))
    assert quick.blocked(phone(1), Channel.CALL, NOW + HOUR)
    assert quick.blocked(phone(1), Channel.ALL, NOW + HOUR)
    assert not quick.blocked(phone(1), Channel.SMS, NOW + HOUR)
    assert not quick.blocked(phone(2), Channel.CALL, NOW + HOUR)


def test_another_process_is_heard_at_once(sqlite_store: Store) -> None:
    ring = new_ring(NOW)
    bind(sqlite_store, ring, NOW)
    quick = Quick(sqlite_store, ring)
    assert not quick.blocked(phone(1), Channel.CALL, NOW + HOUR)
    script = (
        "import sys; from state.keys import parse; from state.store import Store\n"
        "from tests.state.test_quick import block, phone, said\n"
        "store = Store(sys.argv[1]); said(store, parse(sys.argv[2], ''), block(phone(1)))\n"
    )
    url = sqlite_store.url.render_as_string(hide_password=False)
    subprocess.run(
        [sys.executable, "-c", script, url, ring.as_json().decode()], check=True, cwd=ROOT
    )
    assert quick.blocked(phone(1), Channel.CALL, NOW + HOUR)
    quick.close()


def test_an_address_is_known_by_its_domain(store: Store, ring: KeyRing, quick: Quick) -> None:
    said(store, ring, block(Key(KeyKind.MAIL_DOMAIN, "opdigtet-0001.dk"), channel=Channel.EMAIL))
    assert quick.blocked(Key(KeyKind.EMAIL, "a@opdigtet-0001.dk"), Channel.EMAIL, NOW + HOUR)
    assert not quick.blocked(Key(KeyKind.EMAIL, "a@opdigtet-0002.dk"), Channel.EMAIL, NOW + HOUR)


def test_a_ring_that_is_no_longer_the_databases_answers_nothing(
    store: Store, ring: KeyRing, quick: Quick
) -> None:
    grown = ring.with_new_key(NOW)
    url = store.url.render_as_string(hide_password=False)
    with closing(Store(url)) as other, other.transaction() as tx:
        enter(tx, grown, NOW)
        forget_key(tx, ring.newest)
    with pytest.raises(SystemStopped):
        quick.blocked(phone(1), Channel.CALL, NOW + HOUR)


HISTORIES = st.lists(
    st.tuples(
        st.sampled_from(["block", "carried", "lift", "correct"]),
        st.integers(0, 3),
        st.sampled_from(Channel),
        st.integers(1, 2),
    ),
    max_size=8,
)


@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(HISTORIES)
def test_it_says_what_the_fold_says_of_any_history(
    sqlite_store: Store, history: list[tuple[str, int, Channel, int]]
) -> None:
    ring = new_ring(NOW)
    at, events = NOW, []
    for step, (what, number, channel, people) in enumerate(history):
        at += HOUR
        one = _statement(what, number, channel, people, at, events, str((step, id(ring))))
        if one is not None:
            events += said(sqlite_store, ring, one, at=at)
    quick = Quick(sqlite_store, ring)
    quick._version = -2  # several rings share this database: the guard is another test's
    quick._look_again = lambda _: None  # type: ignore[method-assign]
    for number in range(4):
        for channel in (*CHANNELS, Channel.ALL):
            slow = quick._folded(ring.hashed(phone(number)), channel, at + HOUR)
            assert quick.blocked(phone(number), channel, at + HOUR) is slow
    quick.close()


def _statement(
    what: str,
    number: int,
    channel: Channel,
    people: int,
    at: datetime,
    events: list[str],
    mark: str,
) -> Statement | None:
    base = replace(block(phone(number), channel=channel, mark=mark), span=Span(at, at))
    if what == "block":
        return base
    if what == "carried":
        return replace(base, keys=(Key(KeyKind.CVR, "90000006"),), carried=(phone(number),))
    if not events:
        return None
    by = tuple("Anna Bent"[: 4 * people + people - 1].split())
    about = replace(base, root=events[number % len(events)], by=by, said="x", source="x")
    if what == "lift":
        keys = tuple(phone(one) for one in range(4))
        started = at - HOUR / 2
        return replace(
            about,
            type=EventType.LIFT,
            keys=keys,
            evidence=Evidence.FORM,
            span=Span(started, started),
        )
    return replace(about, type=EventType.CORRECTION)
