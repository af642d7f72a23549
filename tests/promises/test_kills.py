"""Promise 4: killed at any instant, nothing is lost and nothing visible is repeated.

The instants are counted in an undisturbed run of a story: around every commit, and where the file
connector lets go of a file. Then the story is told once for each of them, ended there by SIGKILL,
begun again by another process, and held against the undisturbed one.

`make kills` dies at every instant; else at a share of them, the same ones each time.
"""

from __future__ import annotations

import os
import shutil
import signal
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from databases import Server
from promises import judge
from promises.children import act, fate, points_of
from promises.lists import HEADER, Lists, people

from state import history, ledger, proposals
from state import mirror as mirrored
from state.tables import cursors, mirror
from sync.app import App
from sync.review import explain
from sync.settings.model import FileSettings, Limits

EACH = bool(os.environ.get("RINGREN_TEST_EVERY_KILL"))
TWINS = "Navn;Telefon;Nej tak;Intern"
TINY: dict[str, list[str]] = {
    "emner.csv": [
        TWINS,
        "bo hansen;68 000101;;a",
        "bo hansen;68 000101;;b",
        "Bo Hansen;+4568000101;;c",
        "Ida Jensen;68 000000;ja;d",
    ],
}
"""One list, whose rows nothing but their content identifies; three of them end up alike."""
LARGER: dict[str, list[str]] = {
    **TINY,
    "kontakter.csv": [HEADER, *people(2100, first=10)],
    "nejtak.csv": ["Telefon", "68 000202"],
}
"""More than a page."""


@dataclass(frozen=True)
class Story:
    """What has happened before, and the command that will be killed."""

    name: str
    before: Callable[[Lists], None]
    command: str
    arguments: tuple[int, ...] = ()


def _nothing(_lists: Lists) -> None:
    pass


def _planned(lists: Lists) -> None:
    lists.dry()


def _ran(lists: Lists) -> None:
    lists.run()


def _ran_and_edited(lists: Lists) -> None:
    lists.run()
    rows = lists.rows("emner.csv")
    lists.put("emner.csv", rows[0], "per lund;68 000103;ja;e", *rows[2:])


STORIES = [
    Story("the first run", _nothing, "run"),
    Story("a dry run", _nothing, "dry"),
    Story("a plan applied", _planned, "apply", (1,)),
    Story("a run after edits", _ran_and_edited, "run"),
    Story("an undo", _ran, "undo", (1,)),
]


def world(folder: Path, url: str = "") -> Lists:
    """The lists, not yet written."""
    named = {
        "emner.csv": FileSettings(kind="contact", columns={"Intern": ""}),
        "nejtak.csv": FileSettings(kind="opt_out"),
    }
    return Lists(folder, url, settings={"limits": Limits(max_change_share=1)}, named=named)


class Kept:
    """A world that was brought to a story's beginning, to be copied for each death."""

    def __init__(self, lists: Lists, server: Server | None) -> None:
        self.lists, self.server = lists, server
        self._made: list[str] = []

    def copy(self, folder: Path) -> Lists:
        shutil.copytree(self.lists.folder, folder)
        url = ""
        if self.server:
            url = self.server._create(str(sa.make_url(self.lists.url).database))
            self._made.append(url)
        return replace(self.lists, folder=folder, url=url)

    def close(self) -> None:
        for url in self._made:
            assert self.server
            self.server.drop(url)


def contents(lists: Lists) -> dict[str, bytes]:
    """What the lists hold; a draft of a dead process is nobody's list."""
    return {p.name: p.read_bytes() for p in lists.root.iterdir() if not p.name.startswith(".")}


@dataclass(frozen=True)
class End:
    """How a story ends when nobody dies."""

    contents: dict[str, bytes]
    told: Counter[Any]
    """What the history says was written."""
    buried: int
    plan: str
    """The hash of the newest plan."""
    restored: dict[str, bytes]
    """What the lists hold when all runs have been undone."""


def told_to_the_end(lists: Lists, story: Story) -> End:
    """Tells the story, again where somebody died in it, and looks at how it ended."""
    if story.command == "dry":
        lists.dry()
    with lists.at_work() as app:
        if story.command != "dry":
            getattr(lists, story.command)(*story.arguments)
        _holds(app, lists)
        with app.store.reading() as tx:
            dead = sa.select(sa.func.count()).where(mirror.c.deleted_at.is_not(None))
            buried = int(tx.execute(dead).scalar_one())
            newest = proposals.next_plan(tx) - 1
        plan = judge.digest_of(app, newest) if newest else ""
        there, written = contents(lists), Counter(judge.said(app))
        if story.command != "undo":
            _take_all_back(app, lists)
        return End(there, written, buried, plan, contents(lists))


def _holds(app: App, lists: Lists) -> None:
    """What holds at the end of every story."""
    judge.nothing_is_under_way(app)
    judge.coverage_is_a_recount(app)
    with app.store.reading() as tx:
        live = mirror.c.deleted_at.is_(None)
        counted = sa.select(mirror.c.stream, sa.func.count()).where(live).group_by(mirror.c.stream)
        rows = {name: len(data.splitlines()) - 1 for name, data in contents(lists).items()}
        assert {row[0]: row[1] for row in tx.execute(counted)} == rows
        held = sa.select(cursors.c.holder).where(cursors.c.holder.is_not(None))
        assert tx.execute(held).all() == []
        assert not ledger.verify(tx).problems
        rids = tx.execute(sa.select(mirror.c.rid).where(live).limit(10)).scalars().all()
        found = mirrored.held(tx, rids)
    assert all(explain.explain(app, row.record.ref).held.rid == rid for rid, row in found.items())
    assert lists.is_blocked("68 000000")
    assert lists.is_blocked("68 000202") or not (lists.root / "nejtak.csv").exists()


def _take_all_back(app: App, lists: Lists) -> None:
    """Undo every run that wrote, the last one first."""
    with app.store.reading() as tx:
        runs = [one.run for one in history.list_runs(tx) if history.count_run(tx, one.run)]
    for run in runs:
        lists.undo(run)


def tell_with_kills(story: Story, kept: Kept, folder: Path, every: int) -> int:
    """Tells the story once for each `every`-th point; how many points there are."""
    whole, log = kept.copy(folder / "whole"), folder / "points"
    assert fate(act, whole, story.command, *story.arguments, log=str(log)) == 0
    points = points_of(log)
    expected = told_to_the_end(kept.copy(folder / "undisturbed"), story)
    for deadly in range(1, len(points) + 1, 1 if EACH else every):
        where = f"{story.name}, point {deadly}: {points[deadly - 1]}"
        lists = kept.copy(folder / f"at-{deadly}")
        ended = fate(act, lists, story.command, *story.arguments, deadly=deadly)
        assert ended == -signal.SIGKILL, f"{where} was never met"
        end = told_to_the_end(lists, story)
        assert end.contents == expected.contents, where
        assert end.told == expected.told, where
        assert end.buried == expected.buried, f"{where}: our write was taken for somebody's edit"
        assert end.restored == expected.restored, f"{where}: undo did not restore"
        assert end.plan == expected.plan or story.command != "dry", where
        shutil.rmtree(lists.folder)
    return len(points)


Begin = Callable[..., Kept]


@pytest.fixture
def kept(tmp_path: Path) -> Iterator[Begin]:
    """Worlds at the beginning of a story; their databases go with the test."""
    made: list[Kept] = []

    def begin(
        story: Story, raw: dict[str, list[str]], url: str = "", server: Server | None = None
    ) -> Kept:
        lists = world(tmp_path / "kept", url)
        for name, rows in raw.items():
            lists.put(name, *rows)
        story.before(lists)
        made.append(Kept(lists, server))
        return made[-1]

    yield begin
    for one in made:
        one.close()


by_name = pytest.mark.parametrize("story", STORIES, ids=lambda story: story.name)


@by_name
def test_a_story_told_again_after_a_kill_ends_as_if_nothing_had_been(
    story: Story, kept: Begin, tmp_path: Path
) -> None:
    assert tell_with_kills(story, kept(story, TINY), tmp_path, every=23) > 10


@by_name
def test_so_does_a_longer_one(story: Story, kept: Begin, tmp_path: Path) -> None:
    assert tell_with_kills(story, kept(story, LARGER), tmp_path, every=197) > 10


@pytest.mark.parametrize("story", [STORIES[0], STORIES[-1]], ids=lambda story: story.name)
def test_so_does_one_told_on_postgresql(
    story: Story, kept: Begin, tmp_path: Path, postgres_server: Server, postgres_url: str
) -> None:
    begun = kept(story, TINY, postgres_url, postgres_server)
    assert tell_with_kills(story, begun, tmp_path, every=47) > 10


def test_a_first_run_and_its_undo_leave_the_lists_as_they_were_whoever_died_in_between(
    kept: Begin, tmp_path: Path
) -> None:
    [first] = [story for story in STORIES if story.name == "the first run"]
    begun = kept(first, TINY)
    end = told_to_the_end(begun.copy(tmp_path / "copy"), first)
    assert end.restored == contents(begun.lists) != end.contents
