"""A no that was said and taken back is asked for since the last reading, whatever became of the cursor.

The cursor holds from when on. It is dropped where a feed dies, where a reading is not believed, and
where so much is missing that all is read anew: what the connector gives in its place must be kept.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from promises.lists import Lists
from simulators.scripted import Scripted

from connectors.protocol import Capabilities, Page, Stream, Token
from rules.errors import StartOver
from rules.records import Kind, Record, Ref
from sync.app import App
from sync.systems.reconcile import reconcile

BEGUN = "the first reading"


class Remembering(Scripted):
    """It shows everybody, in a reading from the beginning, and asks for flags since its cursor's time."""

    def __init__(self, people: int) -> None:
        super().__init__("crm", Kind.CONTACT)
        [stream] = self._streams
        can = Capabilities(delete_feed=True, compares=True)
        self._streams = [Stream(stream.name, stream.kind, can, stream.columns, "id")]
        self.there = [self.record(str(n), full_name="Ida Opdigt") for n in range(people)]
        self.unlisted = 0
        self.dead, self.asked = 0, list[str | None]()

    def pull(self, stream: Stream, token: Token | None) -> Iterator[Page]:
        if self.dead:
            self.dead -= 1
            raise StartOver("dynamics.link_dead", system=self.name, why="HTTP 410")
        since = token["since"] if token else None
        self.asked.append(since)
        done = {"since": since or BEGUN, "done": True}
        if token and token.get("done"):
            yield Page((), done, complete=True)
            return
        half = len(self.there) // 2
        yield Page(self.there[:half], {"since": since}, complete=False)
        yield Page(self.there[half:], done, complete=True, full=True)

    def anew(self, stream: Stream, token: Token) -> Token | None:
        return {"since": token["since"]}

    def count(self, stream: Stream) -> int | None:
        return len(self.there) + self.unlisted

    def ids(self, stream: Stream) -> Iterator[Ref]:
        yield from (one.ref for one in self.there)

    def read(self, stream: Stream, refs: object) -> Iterator[Record]:
        yield from ()


@pytest.fixture
def crm() -> Remembering:
    return Remembering(40)


@pytest.fixture
def lists(tmp_path: Path, crm: Remembering) -> Lists:
    def only_ours(app: App) -> None:
        app.systems = {"crm": crm}

    made = Lists(tmp_path, systems=only_ours)
    made.dry()
    assert crm.asked == [None]
    crm.asked.clear()
    return made


@pytest.mark.parametrize("times", [1, 3, 5])
def test_a_feed_that_dies_however_often(crm: Remembering, lists: Lists, times: int) -> None:
    crm.dead = times
    lists.dry()
    lists.dry()
    assert set(crm.asked) == {BEGUN}


def test_a_reading_from_the_beginning_that_is_not_believed(crm: Remembering, lists: Lists) -> None:
    there, crm.there, crm.dead = crm.there, crm.there[:2], 1
    stopped = lists.dry()
    assert [one.message.key for one in stopped.report.failures] == ["error.shrank"]
    crm.there = there
    assert not lists.dry().report.failures
    assert set(crm.asked) == {BEGUN}


def test_so_much_is_missing_that_all_is_read_anew(
    crm: Remembering, lists: Lists, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sync.stages.compare.FETCH_MOST", 5)
    crm.unlisted = 30
    with lists.app() as app:
        [found] = reconcile(app, "crm", whole=False).streams
        assert found.compared is not None
        assert found.compared.anew
    crm.unlisted = 0
    lists.dry()
    assert set(crm.asked) == {BEGUN}
