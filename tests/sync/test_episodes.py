"""A no that was set and cleared between two readings, as a system's history tells of it afterwards."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import pytest
from promises.lists import Lists
from simulators.scripted import Scripted

from connectors.protocol import Episode
from rules.changes import Change
from rules.flags import RULE
from rules.keys import Key, KeyKind
from rules.records import Kind
from state import history, mirror, proposals
from sync import desk
from sync.app import App

PHONE = "+4568000001"
LATER = timedelta(days=2)


@dataclass
class Told:
    """A system whose record was cleared, and the moment at which we had set its flag."""

    crm: Scripted
    lists: Lists

    def hear_of(self, since: timedelta) -> None:
        """The system's history says that a no stood there from then on, and stands no more."""
        record = self.crm.record("1", full_name="Ida Opdigt", direct_phone=PHONE, opt_out="true")
        self.crm.tell(episodes=[Episode(record, "opt_out", self.lists.now + since)])
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
