"""No opt-out is lost on its way out: it stands on every record it reaches, or a delivery is open.

Two desks, a CRM and a dialer, and random trouble at each call. Judged by what the desks hold and
by their journals, which nobody else writes; never by our own deliveries alone.
"""

from __future__ import annotations

import contextlib
import random
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa
from promises.world import mails, names, number, phones
from pydantic import SecretStr
from simulators.memory import FLAGS, Desk, Entry, Fault, Memory

from connectors.protocol import Applied, Moved, Outcome, Stream, Token
from rules.changes import RecordChange
from rules.keys import ref_key
from rules.opt_out_words import Meaning, opt_out_meaning
from rules.records import Kind, Ref
from rules.suppression import Channel, EventType
from state import deliveries, mirror
from state.deliveries import DeliveryState
from state.ledger import entries_for
from state.screen import hashed_keys
from state.tables import deliveries as delivery_rows
from state.tables import receipts
from sync.app import App, open_app
from sync.passes import Outcome as PassOutcome
from sync.passes import Pass
from sync.run import run
from sync.settings import Settings
from sync.settings.model import Limits, Rules, State
from sync.suppression import desk as at_the_desk

PEOPLE = 8
TROUBLE = (
    ("block", Fault.LOST),
    ("block", Fault.DROPPED),
    ("block", Fault.REFUSED),
    ("block", Fault.STOPPED),
    ("block", Fault.LATER),
    ("blocked", Fault.LOST),
    ("read", Fault.STOPPED),
    ("read", Fault.LATER),
    ("pull", Fault.LATER),
    ("streams", Fault.STOPPED),
)


class Hollow(Memory):
    """Answers that all went well, and stores nothing, as long as it is hollow."""

    hollow = False

    def block(
        self, stream: Stream, token: Token | None, batch: Iterable[RecordChange]
    ) -> Iterator[Outcome | Moved]:
        if not self.hollow:
            yield from super().block(stream, token, batch)
            return
        for change in batch:
            yield Applied(change.ref, change.base_version)


@dataclass
class Outside:
    """Two desks with the same people under other numbers, and the means to pass over them."""

    home: Path
    url: str
    now: datetime = datetime(2026, 11, 24, 9, 0, tzinfo=UTC)
    crm: Desk = field(default_factory=Desk)
    dialer: Desk = field(default_factory=Desk)
    hollow: bool = False

    def __post_init__(self) -> None:
        for person in range(PEOPLE):
            self.crm.add(f"c{person}", full_name=names(person)[0], direct_phone=phones(person)[0],
                         email=mails(person)[0])  # fmt: skip
            self.dialer.add(
                f"d{person}", full_name=names(person)[0], direct_phone=phones(person)[0]
            )

    def clock(self) -> datetime:
        self.now += timedelta(milliseconds=1)
        return self.now

    @contextlib.contextmanager
    def process(
        self, hook: Callable[[str], Fault | None] = lambda _point: None, *, dry: bool = False
    ) -> Iterator[App]:
        settings = Settings(
            state=State(path=self.home, url=SecretStr(self.url)),
            limits=Limits(max_change_share=0.01, min_records=1),
            rules=Rules(default="off"),
        )
        with open_app(settings, actor="anna", dry=dry, clock=self.clock) as app:
            crm, dialer = (
                Hollow("crm", self.crm, hook=hook),
                Hollow("dialer", self.dialer, hook=hook),
            )
            crm.hollow = dialer.hollow = self.hollow
            app.systems = {"crm": crm, "dialer": dialer}
            yield app

    def passed(self, hook: Callable[[str], Fault | None] = lambda _point: None) -> PassOutcome:
        self.now += timedelta(hours=2)
        with self.process(hook) as app:
            return run(app, dry=False)

    def says_no(self, person: int, channel: Channel = Channel.ALL) -> None:
        with self.process() as app:
            found = at_the_desk.keys([("phone", number(person))], "DK")
            said = at_the_desk.statement(
                found, channel, now=app.clock(), at=None, evidence="", by="anna"
            )
            at_the_desk.record(app, said)

    def own_noes(self, system: str, ident: str) -> int:
        """How often the list has it from the record itself."""
        key = ref_key(Ref(system, Kind.CONTACT, ident))
        with self.process() as app, app.store.reading() as tx:
            digests = {one.digest for one in hashed_keys(app.keys, [key])}
            said = [one.event.type for one in entries_for(tx, digests)]
        return said.count(EventType.BLOCK)

    def shown(self, desk: Desk) -> set[int]:
        """The people who stand as blocked at a desk."""
        return {
            int(ident[1:])
            for ident, row in desk.rows.items()
            if opt_out_meaning(row.values.get("opt_out", "")) is Meaning.YES
        }

    def states(self) -> dict[str, Counter[DeliveryState]]:
        with self.process() as app, app.store.reading() as tx:
            return {name: Counter(found) for name, found in deliveries.counts(tx).items()}

    def flags_set(self) -> Counter[tuple[str, str]]:
        """How often we wrote each record."""
        return Counter(
            (name, entry.ident)
            for name, desk in (("crm", self.crm), ("dialer", self.dialer))
            for entry in desk.journal
            if entry.who == FLAGS
        )


@pytest.fixture
def outside(tmp_path: Path, store_url: str) -> Outside:
    return Outside(tmp_path / "state", store_url)


def test_an_opt_out_of_one_system_stands_in_every_other_and_is_confirmed(outside: Outside) -> None:
    outside.passed()
    outside.crm.edit("c3", opt_out="ja")
    outside.passed()
    assert outside.shown(outside.dialer) == outside.shown(outside.crm) == {3}
    assert outside.flags_set() == {("dialer", "d3"): 1}
    for found in outside.states().values():
        assert set(found) <= {DeliveryState.CONFIRMED, DeliveryState.SETTLED}, found


def test_a_new_opt_out_leaves_although_nothing_can_be_read(outside: Outside) -> None:
    outside.passed()
    outside.says_no(4)
    outside.passed(lambda point: Fault.LATER if point.endswith(".pull") else None)
    assert outside.shown(outside.dialer) == outside.shown(outside.crm) == {4}


def test_no_limit_holds_an_opt_out_back_and_no_own_flag_comes_back_as_news(
    outside: Outside,
) -> None:
    outside.passed()
    for person in range(PEOPLE):
        outside.says_no(person)
    outside.passed()
    everybody = set(range(PEOPLE))
    assert outside.shown(outside.dialer) == outside.shown(outside.crm) == everybody
    with outside.process() as app, app.store.reading() as tx:
        systems = tx.execute(sa.text("SELECT DISTINCT system FROM ledger WHERE event_type='block'"))
        assert set(systems.scalars()) == {"desk"}
    outside.passed()
    outside.passed()
    assert set(outside.flags_set().values()) == {1}
    with outside.process() as app, app.store.reading() as tx:
        systems = tx.execute(sa.text("SELECT DISTINCT system FROM ledger WHERE event_type='block'"))
        assert set(systems.scalars()) == {"desk"}, "what we set ourselves is no new opt-out"


def test_an_answer_that_nothing_was_done_behind_confirms_nothing(outside: Outside) -> None:
    outside.passed()
    outside.says_no(1)
    outside.hollow = True
    outside.passed()
    assert outside.shown(outside.crm) == set()
    for found in outside.states().values():
        assert found[DeliveryState.CONFIRMED] == 0
        assert found[DeliveryState.WAITING] >= 1
    outside.hollow = False
    outside.passed()
    assert outside.shown(outside.crm) == outside.shown(outside.dialer) == {1}
    for found in outside.states().values():
        assert found[DeliveryState.WAITING] == 0


def test_a_channel_is_shown_as_itself_and_widens_nothing(outside: Outside) -> None:
    outside.passed()
    outside.says_no(2, Channel.CALL)
    outside.passed()
    assert outside.crm.rows["c2"].values["opt_out"] == "opkald"
    outside.says_no(2, Channel.EMAIL)
    outside.passed()
    assert outside.crm.rows["c2"].values["opt_out"] == "opkald, e-mail"
    with outside.process() as app:
        found = at_the_desk.keys([("phone", number(2))], "DK")
        answers = {
            one.channel: one.blocked for one in at_the_desk.check(app, found, outside.now).channels
        }
    assert answers == {Channel.CALL: True, Channel.EMAIL: True, Channel.SMS: False}


def test_what_somebody_clears_is_put_back_and_at_most_so_often_a_day(outside: Outside) -> None:
    outside.passed()
    outside.says_no(5)
    outside.passed()
    for _ in range(5):
        outside.crm.edit("c5", opt_out="")
        outside.now -= timedelta(hours=2)
        outcome = outside.passed()
        del outcome
    assert outside.flags_set()["crm", "c5"] == 1 + 3
    with outside.process() as app:
        found = at_the_desk.keys([("phone", number(5))], "DK")
        assert at_the_desk.check(app, found, outside.now).blocked, "our list holds it all the same"
    assert outside.states()["crm"][DeliveryState.WAITING] >= 1, "and nobody is told that it stands"
    outside.now += timedelta(days=1)
    outside.passed()
    assert 5 in outside.shown(outside.crm)
    assert outside.states()["crm"][DeliveryState.WAITING] == 0


@pytest.mark.parametrize("fault", [Fault.STOPPED, Fault.REFUSED])
def test_a_no_where_our_flag_did_not_get_to_is_the_records_own(
    outside: Outside, fault: Fault
) -> None:
    outside.passed()
    outside.says_no(5)
    outside.passed(lambda point: fault if point == "crm.block" else None)
    assert outside.shown(outside.crm) == set()
    before = outside.own_noes("crm", "c5")
    outside.crm.edit("c5", opt_out="ja")
    outside.passed()
    assert outside.own_noes("crm", "c5") == before + 1


def test_who_takes_our_flag_off_at_once_holds_up_no_correction(outside: Outside) -> None:
    """Each time it leaves the record in another version than the one that was decided on."""

    def off(desk: Desk, entry: Entry) -> None:
        if entry.who == FLAGS:
            desk.edit(entry.ident, "rival", opt_out="")

    outside.passed()
    outside.crm.rival = off
    outside.says_no(5)
    with outside.process() as app:
        Pass(app, "run").tell_known()
        with app.store.reading() as tx:
            held = mirror.find(tx, Ref("crm", Kind.CONTACT, "c5"))
    assert outside.shown(outside.crm) == set()
    assert held
    assert held.record.version == str(outside.crm.rows["c5"].version)
    before = outside.flags_set()
    outside.now += timedelta(hours=2)
    with outside.process() as app:
        Pass(app, "run").tell_known()
    assert outside.flags_set() == before, "he would never be read as he is, were he first changed"
    outside.passed()
    assert outside.flags_set() > before


def test_a_record_that_is_made_again_is_blocked_again(outside: Outside) -> None:
    outside.passed()
    outside.says_no(6)
    outside.passed()
    outside.crm.remove("c6")
    outside.passed()
    outside.crm.add("c6", full_name=names(6)[0], direct_phone=phones(6)[2])
    outside.passed()
    assert 6 in outside.shown(outside.crm)


def test_a_dry_run_tells_nobody(outside: Outside) -> None:
    outside.passed()
    outside.says_no(7)
    before = outside.crm.snapshot(), outside.dialer.snapshot()
    with outside.process(dry=True) as app:
        run(app, dry=True)
    assert (outside.crm.snapshot(), outside.dialer.snapshot()) == before
    assert outside.states()["crm"][DeliveryState.WAITING] >= 1


@pytest.mark.parametrize("seed", range(2))
def test_whatever_goes_wrong_no_opt_out_is_lost_or_confirmed_too_early(
    outside: Outside, seed: int
) -> None:
    r = random.Random(seed)
    outside.passed()
    said: set[int] = set()
    happened: Counter[Fault] = Counter()

    def hook(point: str) -> Fault | None:
        for name, fault in r.sample(TROUBLE, len(TROUBLE)):
            if point.endswith(f".{name}") and r.random() < 0.15:
                happened[fault] += 1
                return fault
        return None

    for _ in range(5):
        new = r.randrange(PEOPLE)
        said.add(new)
        outside.says_no(new, r.choice([Channel.ALL, Channel.CALL]))
        if r.random() < 0.4 and said:
            outside.crm.edit(f"c{r.choice(sorted(said))}", opt_out="")
        outside.passed(hook)
        _nothing_is_confirmed_that_does_not_stand(outside)
    assert len(happened) >= 2, happened
    outside.now += timedelta(days=1)
    outside.passed()
    outside.passed()
    assert outside.shown(outside.crm) >= said
    assert outside.shown(outside.dialer) >= said
    for found in outside.states().values():
        assert set(found) <= {DeliveryState.CONFIRMED, DeliveryState.SETTLED}, found


def _nothing_is_confirmed_that_does_not_stand(outside: Outside) -> None:
    """A confirmed delivery has a receipt that is no older than the flag, as the desk's journal has it."""
    with outside.process() as app, app.store.reading() as tx:
        confirmed = tx.execute(
            sa.select(delivery_rows.c.delivery).where(delivery_rows.c.state == "confirmed")
        ).scalars()
        receipted = set(
            tx.execute(
                sa.select(receipts.c.delivery).where(receipts.c.state == "confirmed")
            ).scalars()
        )
        assert set(confirmed) <= receipted
        story = {
            person: {
                one.seq: one.deliveries
                for one in at_the_desk.story(
                    app, at_the_desk.keys([("phone", number(person))], "DK")
                ).chapters
            }
            for person in range(PEOPLE)
        }
    for name, desk, mark in (("crm", outside.crm, "c"), ("dialer", outside.dialer, "d")):
        for person, told in story.items():
            done = any(states.get(name) == "confirmed" for states in told.values())
            ever = any(
                entry.ident == f"{mark}{person}" and entry.after.get("opt_out")
                for entry in desk.journal
            )
            assert ever or not done, f"{name} never showed {person}, and it is confirmed"
