"""A list that is written as a whole hears of an opt-out at once: right behind a delivery, or from the
pass that holds it, between two pages of another list."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest
from promises.lists import HEADER, Lists, people

from connectors.files import rows
from rules.keys import KeyKind
from rules.suppression import Channel
from sync.passes.blocks import Blocks
from sync.settings.model import Limits
from sync.suppression import desk
from sync.suppression.deliver import tell

NUMBER = "68 000 001"


@pytest.fixture
def lists(tmp_path: Path) -> Lists:
    found = Lists(tmp_path, settings={"limits": Limits(max_change_share=1)})
    found.put("a.csv", HEADER, *people(3))
    return found


def _says_no(lists: Lists) -> None:
    with lists.app(dry=False) as app:
        keys = desk.keys([(KeyKind.PHONE, NUMBER)], "DK")
        said = desk.statement(
            keys, Channel.CALL, now=app.clock(), at=None, evidence="", by=app.actor
        )
        desk.record(app, said)


def _flags(lists: Lists) -> list[str]:
    return [row.split(";")[4] for row in lists.rows("a.csv")[1:]]


def test_a_delivery_writes_to_it_without_waiting_for_a_poll(lists: Lists) -> None:
    lists.run()
    _says_no(lists)
    assert _flags(lists) == ["", "", ""]
    with lists.app(dry=False) as app:
        told = tell(app)
    assert told is not None
    assert not told.failures
    assert _flags(lists)[1]
    assert _flags(lists)[::2] == ["", ""]


def test_the_pass_that_holds_it_writes_to_it_while_another_list_is_read(
    lists: Lists, monkeypatch: pytest.MonkeyPatch
) -> None:
    lists.run()
    lists.put("b.csv", HEADER, *people(200, first=100))
    monkeypatch.setattr(rows, "PAGE_ROWS", 20)
    between, shown = Blocks.between, []

    def looked(self: Blocks) -> None:
        reading = [
            part
            for part in self.facts.streams
            if part.stream.name == "b.csv" and part.pulled and not part.pulled.complete
        ]
        if reading and not shown:
            _says_no(lists)
        lists.now += timedelta(minutes=1)
        between(self)
        if reading:
            shown.append(_flags(lists))

    monkeypatch.setattr(Blocks, "between", looked)
    outcome = lists.run()
    assert len(shown) > 2
    assert shown[0][1], "not before the pass has read and decided everything"
    assert shown[-1] == _flags(lists)
    assert not outcome.failures
    assert outcome.report.totals.applied >= 200
    monkeypatch.undo()
    assert lists.run().report.totals.applied == 0
