"""A feed that lags shows a record as it was before our own write: the record itself is looked at."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta
from pathlib import Path

import pytest
from promises.lists import Lists
from simulators.scripted import Scripted

from connectors.protocol import Stream
from rules.changes import Change
from rules.flags import RULE
from rules.keys import Key, KeyKind
from rules.records import Kind, Record, Ref
from rules.suppression import Channel
from state import history, mirror, proposals
from sync.app import App
from sync.stages.intake import LAG
from sync.suppression import desk

NAMED = {"full_name": "Ida Opdigt", "direct_phone": "+4568000001"}


class Lagging(Scripted):
    """What it tells comes from an index; `here` is how its records are."""

    def __init__(self) -> None:
        super().__init__("crm", Kind.CONTACT)
        self._streams = [replace(one, can=replace(one.can, lags=True)) for one in self._streams]
        self.here: dict[Ref, Record] = {}
        self.asked: list[Ref] = []

    def read(self, stream: Stream, refs: Sequence[Ref]) -> Iterator[Record]:
        self.asked += refs
        yield from (self.here[ref] for ref in refs if ref in self.here)


@dataclass
class Flagged:
    """A record on which we set a flag just now."""

    lists: Lists
    crm: Lagging = field(default_factory=Lagging)

    def __post_init__(self) -> None:
        def only_ours(app: App) -> None:
            app.systems = {"crm": self.crm}

        self.lists.systems = only_ours
        self.shows("false")
        self._write(Change("opt_out", "false", "true", RULE, RULE, "reason.blocked"))

    def writes_also(self, name: str, text: str) -> None:
        """A correction of ours."""
        self._write(Change(name, None, text, "capitals", "hygiene", "reason.test"))

    def is_blocked(self, channel: Channel) -> bool:
        """Whether the list has a no of the record itself."""
        with self.lists.app() as app:
            said = desk.check(app, [Key(KeyKind.REF, str(self.ref))], app.clock())
        return any(one.blocked for one in said.channels if one.channel is channel)

    def _write(self, change: Change) -> None:
        with self.lists.app() as app, app.store.transaction() as tx:
            held, now = self._held(app), self.lists.now
            run = history.start_run(
                tx, command="run", actor="anna", dry=False, now=now, fingerprint=""
            )
            where, text = ("crm", held.stream, "v1", "w1"), proposals.changes_text([change])
            history.add(tx, [(run, held.rid, *where, text, "anna", now, None)])
            cells = {**held.record.values, change.field: change.new}
            mirror.set_written(tx, [("w1", mirror.cells_text(cells), None, now, None, held.rid)])

    def shows(self, flag: str, **values: str) -> None:
        """The feed shows the record so, and our program reads."""
        self.crm.tell(self.crm.record("1", opt_out=flag, **{**NAMED, **values}))
        self.lists.dry()

    def is_here(self, flag: str, **values: str) -> None:
        """How the record really is."""
        self.crm.here = {self.ref: self.crm.record("1", opt_out=flag, **{**NAMED, **values})}

    @property
    def ref(self) -> Ref:
        return self.crm.ref("1")

    @property
    def values(self) -> dict[str, object]:
        with self.lists.app() as app:
            return dict(self._held(app).record.values)

    def _held(self, app: App) -> mirror.Held:
        with app.store.reading() as tx:
            held = mirror.find(tx, self.ref)
        assert held
        return held


@pytest.fixture
def flagged(tmp_path: Path) -> Flagged:
    return Flagged(Lists(tmp_path))


def test_a_record_that_is_shown_without_what_we_wrote_is_looked_at_itself(flagged: Flagged) -> None:
    flagged.is_here("true", title="Direktør")
    flagged.shows("false", title="Chef")
    assert flagged.crm.asked == [flagged.ref]
    assert (flagged.values["opt_out"], flagged.values["title"]) == ("true", "Direktør")


def test_somebody_who_took_our_flag_off_at_once_is_believed(flagged: Flagged) -> None:
    flagged.is_here("false")
    flagged.shows("false")
    assert flagged.values["opt_out"] == "false"


def test_of_a_record_that_is_gone_by_now_what_we_wrote_stands(flagged: Flagged) -> None:
    flagged.shows("false", title="Chef")
    assert (flagged.values["opt_out"], flagged.values["title"]) == ("true", "Chef")


def test_who_shows_what_we_wrote_is_not_asked_for(flagged: Flagged) -> None:
    flagged.shows("true", title="Chef")
    assert flagged.crm.asked == []
    assert flagged.values["title"] == "Chef"


def test_what_is_shown_long_after_our_write_is_no_lag(flagged: Flagged) -> None:
    flagged.is_here("true")
    flagged.lists.now += LAG + timedelta(minutes=1)
    flagged.shows("false")
    assert flagged.crm.asked == []
    assert flagged.values["opt_out"] == "false"


def test_a_no_that_is_shown_and_over_by_now_is_heard(flagged: Flagged) -> None:
    flagged.is_here("true", opt_out_email="false")
    assert not flagged.is_blocked(Channel.EMAIL)
    flagged.shows("false", opt_out_email="true")
    assert flagged.values["opt_out_email"] == "false"
    assert flagged.is_blocked(Channel.EMAIL)


def test_our_own_flag_that_is_shown_and_was_taken_off_since_is_no_no(flagged: Flagged) -> None:
    flagged.writes_also("title", "Direktør")
    flagged.is_here("false", title="Direktør")
    flagged.shows("true", title="Chef")
    assert flagged.crm.asked == [flagged.ref]
    assert not flagged.is_blocked(Channel.CALL)
