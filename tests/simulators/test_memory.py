"""The desk's connector keeps the contract too, with a delete feed and without one."""

from __future__ import annotations

from typing import Any

import pytest
from contract.suite import ConnectorContract, Outside
from simulators.memory import Desk, Fault, Memory

from connectors.protocol import Applied, Capabilities, Unknown
from rules.changes import Change, RecordChange
from rules.records import Kind, Ref


class Office:
    """A desk with people, as the suite wants it."""

    many = 40

    def __init__(self, *, delete_feed: bool) -> None:
        self.feed = delete_feed
        self.claims = Capabilities(
            push=True,
            conditional_write=True,
            delete_feed=delete_feed,
            batch_size=2,
            compares=True,
        )
        self.desk = Desk()
        for n in range(self.many):
            self.desk.add(f"P{n:03}", full_name=f"Prøve {n}", email=f"p{n:03}@opdigtet-0001.dk")

    def connector(self) -> Memory:
        return Memory("crm", self.desk, delete_feed=self.feed, compares=True)

    def edit(self, email: str, field: str, value: str) -> None:
        self.desk.edit(f"P{email[1:4]}", **{field: value})

    def remove(self, email: str) -> None:
        self.desk.remove(f"P{email[1:4]}")

    def snapshot(self) -> Any:
        return self.desk.snapshot()


class TestMemoryWithADeleteFeed(ConnectorContract):
    @pytest.fixture
    def outside(self) -> Outside:
        return Office(delete_feed=True)


class TestMemoryReadWhole(ConnectorContract):
    @pytest.fixture
    def outside(self) -> Outside:
        return Office(delete_feed=False)


def _push(desk: Desk, fault: Fault | None) -> list[object]:
    connector = Memory("crm", desk, hook=lambda point: fault if point == "crm.push" else None)
    ref = Ref("crm", Kind.CONTACT, "P")
    change = Change("full_name", "Bo", "Bo Hansen", "test", "test", "reason.undo")
    write = RecordChange(ref, str(desk.seq), (change,))
    [stream] = connector.streams()
    return list(connector.push(stream, {}, [write]))


def test_the_journal_says_what_was_written_also_when_the_answer_was_lost() -> None:
    desk = Desk()
    desk.add("P", full_name="Bo")
    assert isinstance(_push(desk, Fault.LOST)[0], Unknown)
    assert desk.journal[-1].claimed == {"full_name": "Bo"}
    assert desk.snapshot()["P"]["full_name"] == "Bo Hansen"


def test_a_request_that_was_dropped_is_not_in_the_journal() -> None:
    desk = Desk()
    desk.add("P", full_name="Bo")
    assert isinstance(_push(desk, Fault.DROPPED)[0], Unknown)
    assert len(desk.journal) == 1


def test_a_rival_hears_of_our_writes_and_may_turn_them_back() -> None:
    desk = Desk(rival=lambda desk, entry: desk.edit(entry.ident, "rival", **entry.before))
    desk.add("P", full_name="Bo")
    assert isinstance(_push(desk, None)[0], Applied)
    assert desk.snapshot()["P"]["full_name"] == "Bo"
    assert [entry.who for entry in desk.journal] == ["somebody", "ringren", "rival"]
