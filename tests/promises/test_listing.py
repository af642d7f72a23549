"""No opt-out is lost on its way into a list of numbers, and none counts as there that is not.

A list that closes at certain hours, refuses some numbers, loses answers, says yes and does nothing,
and is emptied behind our back. Judged by what the list holds, never by our deliveries alone.
"""

from __future__ import annotations

import contextlib
import random
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, time, timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa
from promises.world import number
from pydantic import SecretStr

from connectors.barring import Barring, Queued, Refusal
from connectors.protocol import Problem, Stream
from rules.barring import Bar, Hours
from rules.errors import SystemStopped, TryAgain
from rules.keys import Key, KeyKind
from rules.suppression import Channel, EventType
from state import deliveries, ledger
from state.deliveries import DeliveryState
from state.tables import deliveries as rows
from state.tables import receipts
from sync.app import App, open_app
from sync.settings import Settings
from sync.settings.model import State
from sync.suppression import desk
from sync.suppression.deliver import Delivered, deliver
from sync.suppression.verify import verify

PEOPLE = 8
TAKES = {
    KeyKind.PHONE: frozenset({Channel.CALL}),
    KeyKind.EMAIL: frozenset({Channel.EMAIL}),
}
ALWAYS = Hours(time(0), time(0), "UTC")
NIGHT = Hours(time(20), time(5), "America/Los_Angeles")


@dataclass
class Numbers:
    """A dialer's list, and what waits to be dialled. `trouble`: what goes wrong with the next calls."""

    name: str = "dnc"
    hours: Hours = ALWAYS
    listed: set[Key] = field(default_factory=set)
    waiting: set[Key] = field(default_factory=set)
    never: set[Key] = field(default_factory=set)
    trouble: list[str] = field(default_factory=list)
    calls: Counter[str] = field(default_factory=Counter)

    def streams(self) -> Sequence[Stream]:
        return ()

    def problems(self) -> Sequence[Problem]:
        return ()

    def barring(self) -> Barring:
        return Barring(TAKES, batch_size=3, hours=self.hours, sweep_seconds=600)

    def bar(self, batch: Sequence[Bar]) -> Iterator[Refusal]:
        assert len(batch) <= 3
        self.calls["bar"] += 1
        wrong = self.trouble.pop() if self.trouble else ""
        if wrong == "stopped":
            raise SystemStopped("error.no_right", system=self.name, why="test")
        if wrong == "later":
            raise TryAgain("error.busy", after_seconds=90, system=self.name, why="test")
        if wrong != "hollow":
            self.listed |= {bar.key for bar in batch} - self.never
        if wrong == "lost":
            raise TryAgain("error.no_answer", system=self.name, kind="test")
        yield from (Refusal(bar, "bad_number") for bar in batch if bar.key in self.never)

    def barred(self, batch: Sequence[Bar]) -> Mapping[Bar, str]:
        assert len(batch) <= 3
        self.calls["barred"] += 1
        return {bar: "listed" for bar in batch if bar.key in self.listed}

    def withdraw(self, batch: Sequence[Bar]) -> None:
        self.calls["withdraw"] += 1
        self.waiting -= {bar.key for bar in batch}

    def queued(self) -> Iterator[Sequence[Queued]]:
        self.calls["queued"] += 1
        yield [Queued(key, key.value) for key in sorted(self.waiting)]

    def unqueue(self, batch: Sequence[Queued]) -> None:
        self.waiting -= {one.key for one in batch}


@dataclass
class Office:
    """A list, our store, and time."""

    home: Path
    url: str
    now: datetime = datetime(2026, 11, 24, 9, 0, tzinfo=UTC)
    there: Numbers = field(default_factory=Numbers)

    def clock(self) -> datetime:
        self.now += timedelta(milliseconds=1)
        return self.now

    @contextlib.contextmanager
    def process(self) -> Iterator[App]:
        settings = Settings(state=State(path=self.home, url=SecretStr(self.url)))
        with open_app(settings, actor="anna", dry=False, clock=self.clock) as app:
            app.systems = {"dnc": self.there}
            yield app

    def deliver(self, after: timedelta = timedelta(hours=2)) -> Delivered:
        self.now += after
        with self.process() as app:
            return deliver(app)

    def says_no(self, person: int, channel: Channel = Channel.CALL) -> None:
        with self.process() as app:
            said = desk.statement(
                desk.keys([("phone", number(person))], "DK"),
                channel, now=app.clock(), at=None, evidence="", by="anna",
            )  # fmt: skip
            desk.record(app, said)

    def states(self) -> Counter[DeliveryState]:
        with self.process() as app, app.store.reading() as tx:
            return Counter(deliveries.counts(tx).get("dnc", {}))

    def why(self) -> list[str | None]:
        with self.process() as app, app.store.reading() as tx:
            return list(tx.execute(sa.select(rows.c.why).order_by(rows.c.seq)).scalars())


@pytest.fixture
def office(tmp_path: Path, sqlite_url: str) -> Office:
    return Office(tmp_path / "state", sqlite_url)


@pytest.fixture
def anywhere(tmp_path: Path, store_url: str) -> Office:
    """On either kind of database."""
    return Office(tmp_path / "state", store_url)


def key(person: int) -> Key:
    return Key(KeyKind.PHONE, number(person))


def test_every_opt_out_gets_there_in_pieces_and_is_written_once(office: Office) -> None:
    for person in range(PEOPLE):
        office.says_no(person)
    done = office.deliver().systems["dnc"]
    assert office.there.listed == {key(person) for person in range(PEOPLE)}
    assert (done.written, done.confirmed, done.open) == (PEOPLE, PEOPLE, 0)
    written = office.there.calls["bar"]
    office.deliver()
    assert office.there.calls["bar"] == written
    assert office.states() == {DeliveryState.CONFIRMED: PEOPLE}


def test_outside_its_hours_a_number_leaves_what_is_dialled_at_once_and_waits(
    office: Office,
) -> None:
    office.there.hours = NIGHT
    office.there.waiting = {key(1), key(2)}
    office.now = datetime(2026, 11, 24, 15, 0, tzinfo=UTC)
    office.says_no(1)
    office.deliver(timedelta())
    assert office.there.waiting == {key(2)}
    assert office.there.listed == set()
    assert office.states() == {DeliveryState.PARKED: 1}
    assert office.why() == ["hours"]
    office.deliver(timedelta(hours=5))
    assert office.there.calls["withdraw"] == 1, "it is left alone until they begin"
    # Eight in the evening there.
    office.now = datetime(2026, 11, 25, 4, 0, tzinfo=UTC)
    office.deliver(timedelta())
    assert office.there.listed == {key(1)}
    assert office.states() == {DeliveryState.CONFIRMED: 1}


def test_what_stands_there_already_is_confirmed_at_any_hour(office: Office) -> None:
    office.there.hours, office.there.listed = NIGHT, {key(1)}
    office.now = datetime(2026, 11, 24, 15, 0, tzinfo=UTC)
    office.says_no(1)
    office.deliver(timedelta())
    assert office.states() == {DeliveryState.CONFIRMED: 1}
    assert office.there.calls["bar"] == 0


def test_a_refused_number_waits_alone_and_the_others_go_on(office: Office) -> None:
    office.there.never = {key(1)}
    for person in range(3):
        office.says_no(person)
    done = office.deliver().systems["dnc"]
    assert office.there.listed == {key(0), key(2)}
    assert (done.refused, done.open) == (1, 1)
    assert office.why()[1] == "refused"


def test_a_yes_that_nothing_was_done_behind_confirms_nothing(office: Office) -> None:
    office.there.trouble = ["hollow"]
    office.says_no(1)
    office.deliver()
    assert office.states() == {DeliveryState.WAITING: 1}
    assert office.why() == ["not_read_back"]
    office.deliver()
    assert office.states() == {DeliveryState.CONFIRMED: 1}


@pytest.mark.parametrize("wrong", ["stopped", "later", "lost"])
def test_when_the_system_fails_the_rest_waits_as_long_as_it_asks(
    office: Office, wrong: str
) -> None:
    for person in range(PEOPLE):
        office.says_no(person)
    office.there.trouble = [wrong]
    failed = office.deliver()
    assert [one.system for one in failed.failures]
    assert office.states()[DeliveryState.CONFIRMED] == 0
    assert office.states()[DeliveryState.WAITING] == PEOPLE
    asked = office.there.calls["barred"]
    office.deliver(timedelta(seconds=60 if wrong == "later" else 5))
    assert office.there.calls["barred"] == asked, "not before its time"
    office.deliver(timedelta(seconds=90))
    assert office.states() == {DeliveryState.CONFIRMED: PEOPLE}


def test_who_said_yes_again_before_it_got_there_is_not_listed(office: Office) -> None:
    office.there.trouble = ["stopped"]
    office.says_no(1)
    office.deliver()
    with office.process() as app, app.store.transaction() as tx:
        [entry] = ledger.newest(tx, 1)
        wrong = desk.statement(
            desk.keys([("phone", number(1))], "DK"),
            Channel.CALL, now=app.clock(), at=None, evidence="", by="anna",
        )  # fmt: skip
        taken_back = replace(
            wrong, type=EventType.CORRECTION, root=entry.event.event_id, by=("anna", "bo")
        )
        ledger.append(tx, app.keys, [taken_back], app.clock())
    office.deliver()
    assert office.there.listed == set()
    assert office.states() == {DeliveryState.SETTLED: 1}
    assert office.why() == ["not_held"]


def test_an_erased_entry_cannot_be_sent_and_says_so_and_the_queue_knows_it_still(
    office: Office,
) -> None:
    office.says_no(1)
    with office.process() as app, app.store.transaction() as tx:
        ledger.erase(tx, [1], app.clock())
    office.there.waiting = {key(1), key(2)}
    office.deliver()
    assert office.states() == {DeliveryState.SETTLED: 1}
    assert office.why() == ["erased"]
    assert office.there.waiting == {key(2)}, "known by its hash when it is seen"


def test_queues_that_others_fill_are_swept_again_once_it_is_time(office: Office) -> None:
    office.says_no(1)
    office.there.listed = {key(1)}
    office.deliver()
    office.there.waiting = {key(1), key(2)}
    office.deliver(timedelta(minutes=5))
    assert office.there.calls["queued"] == 1
    done = office.deliver(timedelta(minutes=6)).systems["dnc"]
    assert office.there.waiting == {key(2)}
    assert (done.unqueued, done.written) == (1, 0)
    # A clock that was set back holds nothing up.
    office.deliver(timedelta(minutes=-90))
    assert office.there.calls["queued"] == 3


def test_an_opt_out_of_another_channel_is_settled_and_says_what_is_lacking(
    office: Office,
) -> None:
    office.says_no(1, Channel.SMS)
    office.deliver()
    assert office.why() == ["lacks sms"]
    assert office.there.listed == set()
    office.says_no(1, Channel.CALL)
    office.deliver()
    assert office.there.listed == {key(1)}


def test_a_list_that_was_emptied_stops_the_comparison_and_is_filled_again(office: Office) -> None:
    for person in range(24):
        office.says_no(person)
    office.deliver()
    office.there.listed.clear()
    with office.process() as app:
        found = verify(app).systems["dnc"]
    assert (found.verdict, found.why) == ("stopped", "theirs_halved")
    assert (found.entries, found.missing) == (24, 24)
    assert len(office.there.listed) == 24, "nothing is taken off, and all is put back"
    with office.process() as app:
        assert verify(app).systems["dnc"].verdict == "green"


def test_whatever_goes_wrong_nothing_is_lost_or_confirmed_too_early(
    anywhere: Office,
) -> None:
    office, r = anywhere, random.Random(0)
    said: set[int] = set()
    for _ in range(4):
        for _ in range(r.randrange(1, 4)):
            said.add(new := r.randrange(24))
            office.says_no(new)
        kinds = ["stopped", "later", "lost", "hollow", "", ""]
        office.there.trouble = r.choices(kinds, k=3)
        office.deliver(timedelta(minutes=r.choice([1, 10, 60])))
        _is_honest(office)
    office.there.trouble = []
    for _ in range(3):
        office.deliver(timedelta(hours=2))
    assert office.there.listed == {key(person) for person in said}
    assert set(office.states()) == {DeliveryState.CONFIRMED}


def _is_honest(office: Office) -> None:
    """What has a receipt stands in the list: here nobody takes anything off."""
    with office.process() as app, app.store.reading() as tx:
        found = tx.execute(
            sa.select(rows.c.seq)
            .join(receipts, receipts.c.delivery == rows.c.delivery)
            .where(receipts.c.state == "confirmed")
        ).scalars()
        clear = ledger.payloads(tx, list(found))
    assert {one.keys[0] for one in clear.values()} <= office.there.listed
