"""A no that was set and cleared between two readings, as a system's history tells of it afterwards."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa
from promises.lists import Lists
from simulators.scripted import Scripted

from connectors.protocol import Applied, Episode, Outcome, Stream, Token
from rules.changes import Change, RecordChange
from rules.flags import ALL, RULE, Flag
from rules.keys import Key, KeyKind
from rules.records import Kind, Record, Ref
from state import history, mirror, proposals
from state.tables import ledger
from sync.app import App
from sync.suppression import desk

PHONE = "+4568000001"
LATER = timedelta(days=2)


@dataclass
class Told:
    """A system whose record was cleared, and the moment at which we had set its flag."""

    crm: Scripted
    lists: Lists

    def hear_of(self, since: timedelta, *, theirs: bool = False) -> None:
        """The system's history says that a no stood there from then on, and stands no more."""
        record = self.crm.record("1", full_name="Ida Opdigt", direct_phone=PHONE, opt_out="true")
        self.crm.tell(episodes=[Episode(record, "opt_out", self.lists.now + since, theirs)])
        self.lists.dry()

    def write_a_flag(self) -> None:
        """What the history holds once we have set a flag on the record."""
        with self.lists.app() as app, app.store.transaction() as tx:
            held = mirror.find(tx, self.crm.ref("1"))
            assert held
            change = Change("opt_out", None, "true", RULE, RULE, "reason.blocked")
            run = history.start_run(
                tx, command="run", actor="anna", dry=False, now=self.lists.now, fingerprint=""
            )
            where = ("crm", held.stream, held.record.version, "v2")
            text = proposals.changes_text([change])
            history.add(tx, [(run, held.rid, *where, text, "anna", self.lists.now, None)])

    @property
    def is_blocked(self) -> bool:
        with self.lists.app() as app:
            said = desk.check(app, [Key(KeyKind.REF, str(self.crm.ref("1")))], app.clock())
        return any(one.blocked for one in said.channels)


@pytest.fixture
def told(tmp_path: Path) -> Told:
    crm = Scripted("crm", Kind.CONTACT)

    def only_ours(app: App) -> None:
        app.systems = {"crm": crm}

    here = Told(crm, Lists(tmp_path, systems=only_ours))
    crm.tell(crm.record("1", full_name="Ida Opdigt", direct_phone=PHONE))
    here.lists.dry()
    return here


def test_a_no_that_somebody_set_and_cleared_is_heard(told: Told) -> None:
    assert not told.is_blocked
    told.hear_of(-timedelta(hours=1))
    assert told.is_blocked


def test_our_own_flag_that_somebody_cleared_is_no_word_of_his(told: Told) -> None:
    told.write_a_flag()
    told.hear_of(timedelta())
    assert not told.is_blocked


def test_somebodys_no_that_is_heard_after_we_wrote_one_is_still_his(told: Told) -> None:
    told.write_a_flag()
    told.hear_of(-LATER)
    assert told.is_blocked


def test_a_no_that_history_gives_to_somebody_else_is_his_however_soon_we_set_a_flag(
    told: Told,
) -> None:
    told.write_a_flag()
    told.hear_of(-timedelta(seconds=18), theirs=True)
    assert told.is_blocked


# --- a clock of ours that is wrong --------------------------------------------------------------

FAST, SLOW = timedelta(hours=3), -timedelta(hours=2)


class Clerk(Scripted):
    """A system with a clock of its own. It takes flags, and its history tells when they were set."""

    def __init__(self, now: datetime) -> None:
        super().__init__("crm", Kind.CONTACT)
        self.now = now
        self.flagged: dict[str, datetime] = {}

    def time_there(self) -> datetime:
        return self.now

    def one(self, ident: str, **values: str) -> Record:
        return self.record(ident, full_name="Ida Opdigt", direct_phone=PHONE, **values)

    def flags(self, stream: Stream) -> list[Flag]:
        return [Flag("opt_out", ALL, "true")]

    def block(
        self, stream: Stream, token: Token | None, batch: Iterable[RecordChange]
    ) -> Iterator[Outcome]:
        for change in batch:
            self.flagged[change.ref.id] = self.now
            yield Applied(change.ref, f"v{len(self.flagged)} flagged")

    def read(self, stream: Stream, refs: Sequence[Ref]) -> Iterator[Record]:
        for ref in refs:
            yield self.one(ref.id, **({"opt_out": "true"} if ref.id in self.flagged else {}))

    def tell_of(self, ident: str, since: datetime) -> None:
        """Its flag was cleared; the history tells that it stood there from then on."""
        was = Episode(self.one(ident, opt_out="true"), "opt_out", since)
        self.tell(self.one(ident), episodes=[was])


@dataclass
class Off:
    """A clerk, and a clock of ours that is so far off."""

    folder: Path
    crm: Clerk
    lists: Lists

    def set(self, off: timedelta) -> None:
        self.lists.now = self.crm.now + off

    def later(self, off: timedelta) -> None:
        """Ten minutes later our clock is so far off."""
        self.crm.now += timedelta(minutes=10)
        self.set(off)

    def run(self) -> int:
        """How many noes we know of that somebody said himself."""
        self.lists.run()
        said = sa.select(sa.func.count()).where(ledger.c.root.is_(None))
        with self.lists.app() as app, app.store.reading() as tx:
            return int(tx.execute(said).scalar_one())


@pytest.fixture
def off(tmp_path: Path) -> Off:
    crm = Clerk(datetime(2026, 11, 24, 9, 0, tzinfo=UTC))

    def only_ours(app: App) -> None:
        app.systems = {"crm": crm}

    return Off(tmp_path, crm, Lists(tmp_path, systems=only_ours))


@pytest.mark.parametrize(
    ("when_set", "when_told"), [(SLOW, SLOW), (SLOW, timedelta()), (timedelta(), FAST)]
)
def test_our_own_flag_is_known_as_ours_however_wrong_our_clock_is(
    off: Off, when_set: timedelta, when_told: timedelta
) -> None:
    off.set(when_set)
    off.crm.tell(off.crm.one("1"), off.crm.one("2", opt_out="true"))
    assert off.run() == 1
    since = off.crm.flagged["1"]
    off.later(when_told)
    off.crm.tell_of("1", since)
    assert off.run() == 1, "nobody has said it a second time"


@pytest.mark.parametrize("how_wrong", [SLOW, FAST])
def test_a_no_that_we_saw_stand_there_is_no_second_one_when_history_tells_of_it(
    off: Off, how_wrong: timedelta
) -> None:
    off.set(how_wrong)
    since = off.crm.now - timedelta(minutes=1)
    off.crm.tell(off.crm.one("1", opt_out="true"))
    assert off.run() == 1
    off.later(how_wrong)
    off.crm.tell_of("1", since)
    assert off.run() == 1


def test_somebodys_own_no_is_heard_although_our_clock_is_wrong(off: Off) -> None:
    off.set(FAST)
    off.crm.tell(off.crm.one("1"))
    assert off.run() == 0
    off.later(FAST)
    off.crm.tell_of("1", off.crm.now - timedelta(minutes=5))
    assert off.run() == 1


def test_what_another_record_of_the_same_person_said_since_does_not_stand_for_his_own_word(
    off: Off,
) -> None:
    off.set(timedelta())
    off.crm.tell(off.crm.one("1"), off.crm.one("2", opt_out="true"))
    assert off.run() == 1
    assert "1" in off.crm.flagged
    off.later(timedelta())
    off.crm.tell_of("1", off.crm.flagged["1"] - timedelta(hours=1))
    assert off.run() == 2
    off.later(timedelta())
    off.crm.tell_of("1", off.crm.flagged["1"] - timedelta(hours=1))
    assert off.run() == 2, "told once more, it is known"
