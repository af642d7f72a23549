"""No change missed: a mirror fed by pulls only ends equal to the system, whatever went on there."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from random import Random
from typing import Any

import pytest
from dynamics_desk import Desk, stream_of
from simulators.dynamics import Fault
from simulators.dynamics.org import Late

from rules.errors import StartOver, SystemStopped, TryAgain

STEPS = 120
FAULTS = (Fault.DROPPED, Fault.HALF, Fault.BUSY, Fault.REVOKED, Fault.THROTTLED)


@dataclass
class Mirror:
    """What a store would know: versions and titles by id, and the cursor. It may be killed."""

    rows: dict[str, tuple[str, Any]] = field(default_factory=dict)
    ways: dict[str, str] = field(default_factory=dict)
    seen: set[str] = field(default_factory=set)
    token: Any = None
    shown: int = 0

    def read(self, desk: Desk, pages: int) -> None:
        """Pull in a new process, killed after so many pages."""
        connector = desk.connector()
        try:
            for page in connector.pull(stream_of(connector), self.token):
                self.take(page)
                pages -= 1
                if not pages:
                    return
        except StartOver:
            self.token, self.seen = None, set()
        except (TryAgain, SystemStopped):
            """Later."""

    def take(self, page: Any) -> None:
        for record in page.records:
            self.rows[record.ref.id] = (record.version, record.values["title"])
            self.seen.add(record.ref.id)
            self.shown += 1
        for stone in page.tombstones:
            self.rows.pop(stone.ref.id, None)
            self.seen.discard(stone.ref.id)
        self.ways.update({way.old.id: way.new.id for way in page.redirects})
        if page.complete:
            if page.full:
                self.rows = {ident: self.rows[ident] for ident in self.seen}
            self.seen = set()
        self.token = page.next


class History:
    """Random work of others, with all that makes a change easy to miss."""

    def __init__(self, desk: Desk, seed: int) -> None:
        self.desk, self.org, self.r = desk, desk.site.org, Random(seed)
        self.open: list[Late] = []
        self.merged: dict[str, str] = {}
        self.happened: Counter[str] = Counter()
        self.org.page = self.r.choice((2, 3, 7))

    def alive(self) -> list[str]:
        busy = {late.ident for late in self.open}
        rows = self.org.rows["contact"]
        return [ident for ident, row in rows.items() if ident not in busy and not row["merged"]]

    def gone(self) -> str | None:
        """A row that was deleted and has not come back."""
        there = self.org.rows["contact"]
        return next((ident for _, _, ident in self.org.deleted if ident not in there), None)

    def step(self) -> None:
        kinds = (
            "add",
            "edit",
            "edit",
            "remove",
            "merge",
            "late",
            "commit",
            "dead",
            "fault",
            "again",
        )
        kind, alive = self.r.choice(kinds), self.alive()
        if len(alive) < 3:
            kind = "add"
        if kind == "add":
            self.desk.contact(jobtitle=str(self.r.random()))
        elif kind == "edit":
            self.org.edit("contact", self.r.choice(alive), jobtitle=str(self.r.random()))
        elif kind == "remove":
            self.org.remove("contact", self.r.choice(alive))
        elif kind == "merge":
            winner, loser = self.r.sample(alive, 2)
            self.org.merge("contact", winner, loser, jobtitle="Flettet")
            self.merged[loser] = winner
        elif kind == "late":
            ident = self.r.choice(alive)
            self.open.append(self.org.begin("contact", ident, jobtitle=str(self.r.random())))
        elif kind == "commit" and self.open:
            self.org.commit(self.open.pop(self.r.randrange(len(self.open))))
        elif kind == "dead":
            self.org.oldest_token = self.org.version + 1
        elif kind == "again" and (gone := self.gone()):
            self.org.add("contact", gone, lastname="Tilbage", jobtitle=str(self.r.random()))
        elif kind == "fault":
            self.desk.site.plan(self.r.choice(FAULTS), "contacts", times=self.r.choice((1, 4)))
        else:
            return
        self.happened[kind] += 1


@pytest.mark.parametrize("seed", range(5))
def test_a_mirror_ends_equal_to_the_system(desk: Desk, seed: int) -> None:
    history, mirror = History(desk, seed), Mirror()
    for _ in range(STEPS):
        history.step()
        if history.r.random() < 0.4:
            mirror.read(desk, history.r.choice((1, 2, 99)))
    for late in history.open:
        desk.site.org.commit(late)
    desk.site.planned.clear()
    desk.site.org.oldest_token = 0
    for _ in range(4):
        mirror.read(desk, 999)
    there = {
        ident: (f'W/"{row["versionnumber"]}"', row["jobtitle"])
        for ident, row in desk.site.org.rows["contact"].items()
        if not row["merged"]
    }
    assert mirror.rows == there
    assert len(history.happened) == 9, "every hostile kind occurred"
    assert mirror.ways.items() <= history.merged.items()
    quiet = mirror.shown
    mirror.read(desk, 999)
    assert mirror.shown == quiet
