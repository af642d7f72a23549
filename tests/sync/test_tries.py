"""What a system says that it has written, and what never stands there: tried a few times, then told."""

from __future__ import annotations

from pathlib import Path

import pytest
from promises.lists import Lists
from simulators.scripted import Scripted

from rules.records import Kind
from state import findings, mirror
from state.findings import Noted
from sync.app import App
from sync.settings.model import Limits

FLIPS = 2


class House:
    """One system, and us; each run is a process of its own."""

    def __init__(self, folder: Path) -> None:
        self.crm = Scripted("crm", Kind.CONTACT)
        limits = Limits(max_change_share=1, flips=FLIPS)
        self.lists = Lists(folder, systems=self._only_this, settings={"limits": limits})
        self.crm.tell(self.crm.record("1", full_name="Ida Opdigt", direct_phone="68 00 00 01"))

    def _only_this(self, app: App) -> None:
        app.systems = {"crm": self.crm}

    def runs(self, times: int) -> int:
        """So many; gives how many writes left us meanwhile."""
        before = len(self.crm.written)
        for _ in range(times):
            self.lists.run()
        return len(self.crm.written) - before

    def frozen(self) -> list[Noted]:
        with self.lists.app() as app, app.store.reading() as tx:
            return findings.listed(tx, code="flips")

    def held(self) -> str | None:
        with self.lists.app() as app, app.store.reading() as tx:
            row = mirror.find(tx, self.crm.ref("1"))
            assert row
            return row.record.values["direct_phone"]


@pytest.fixture
def house(tmp_path: Path) -> House:
    return House(tmp_path)


def test_what_is_said_to_be_written_and_never_stands_there_is_frozen_and_told(
    house: House,
) -> None:
    house.crm.claims = True
    assert house.runs(4) == FLIPS
    [told] = house.frozen()
    assert told.finding.field == "direct_phone"
    assert house.held() == "68 00 00 01", "what stands there, and not what was claimed"


def test_a_write_whose_answer_is_lost_is_tried_for_as_long_as_it_takes(house: House) -> None:
    house.crm.loses_answers = True
    assert house.runs(4) == 4
    assert not house.frozen()
    house.crm.loses_answers = False
    assert house.runs(2) == 1
    assert house.held() == "+4568000001"


def test_lost_answers_between_two_claims_count_for_nothing(house: House) -> None:
    house.crm.claims = True
    assert house.runs(1) == 1
    house.crm.claims, house.crm.loses_answers = False, True
    assert house.runs(2) == 2
    house.crm.claims, house.crm.loses_answers = True, False
    assert house.runs(2) == 1
    assert len(house.frozen()) == 1


def test_a_claim_that_proves_true_is_done_and_can_be_taken_back(house: House) -> None:
    house.crm.claims = True
    assert house.runs(1) == 1
    house.crm.tell(house.crm.record("1", full_name="Ida Opdigt", direct_phone="+4568000001"))
    house.crm.claims = False
    assert house.runs(2) == 0
    assert not house.frozen()
    assert house.lists.undo(1).report.totals.applied == 1
    assert house.crm.written[-1].changes[0].new == "68 00 00 01"


def test_another_value_in_the_field_is_tried_anew(house: House) -> None:
    house.crm.claims = True
    house.runs(3)
    house.crm.tell(house.crm.record("1", full_name="Ida Opdigt", direct_phone="68 00 00 02"))
    house.crm.claims = False
    assert house.runs(2) == 1
    assert house.held() == "+4568000002"
