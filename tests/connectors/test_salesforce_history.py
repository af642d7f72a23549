"""No change of a hostile history is missed, and no no is lost: Salesforce, judged by the org itself."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any

import pytest
from simulators.salesforce.org import Transaction
from simulators.salesforce.serving import HOST, Clock, Trouble, Vendor, build
from simulators.web import served

from connectors.caller import Patience
from connectors.protocol import Page, Token
from connectors.salesforce import Salesforce
from connectors.salesforce.client import Org
from connectors.salesforce.logins import ClientCredentials
from rules.errors import StartOver, SystemStopped, TryAgain

STEPS, SEEDS = 120, 3


@dataclass
class Mirror:
    """What a store makes of the pages: the last it heard of each record, and every no it heard."""

    token: Token | None = None
    records: dict[str, dict[str, Any]] = field(default_factory=dict)
    noes: set[str] = field(default_factory=set)
    seen: set[str] = field(default_factory=set)
    versions: dict[str, str] = field(default_factory=dict)

    def take(self, page: Page) -> None:
        """One page, as the engine takes it."""
        once = [record.ref.id for record in page.records]
        assert len(once) == len(set(once)), "nobody twice on a page"
        assert self.seen.isdisjoint(once), "nobody twice in a reading"
        self.seen |= set(once)
        for record in page.records:
            self.records[record.ref.id] = dict(record.values)
            if record.values["opt_out_call"] == "true":
                self.noes.add(record.ref.id)
        for stone in page.tombstones:
            self.records.pop(stone.ref.id, None)
        if page.complete:
            if page.full:
                self.records = {i: v for i, v in self.records.items() if i in self.seen}
            self.seen = set()
        self.token = page.next


@dataclass
class World:
    """An org in which everything happens that makes readings miss something."""

    vendor: Vendor
    r: Random
    happened: Counter[str] = field(default_factory=Counter)
    late: list[Transaction] = field(default_factory=list)
    said_no: set[str] = field(default_factory=set)

    def living(self) -> list[str]:
        rows = self.vendor.org.rows.get("Contact", {})
        return [ident for ident, row in rows.items() if not row.get("IsDeleted")]

    def bin(self) -> list[str]:
        rows = self.vendor.org.rows.get("Contact", {})
        return [i for i, row in rows.items() if row.get("IsDeleted")]

    def step(self) -> None:
        """Something happens."""
        ways = [self.add, self.edit, self.edit, self.mass, self.remove, self.erase, self.restore,
                self.merge, self.begin, self.commit, self.no, self.time, self.time]  # fmt: skip
        way = self.r.choice(ways)
        if way() is not False:
            self.happened[way.__name__] += 1

    def add(self) -> None:
        for _ in range(self.r.randrange(1, 5)):
            self.vendor.org.add("Contact", LastName=f"Nr {self.r.random()}")

    def edit(self) -> bool | None:
        if not (there := self.living()):
            return False
        self.vendor.org.edit(self.r.choice(there), Title=str(self.r.random()))
        return None

    def mass(self) -> None:
        """Many rows with one stamp."""
        for ident in self.living():
            if self.r.random() < 0.6:
                self.vendor.org.edit(ident, Title=str(self.r.random()))

    def no(self) -> bool | None:
        if not (there := self.living()):
            return False
        ident = self.r.choice(there)
        self.vendor.org.edit(ident, DoNotCall=True)
        self.said_no.add(ident)
        return None

    def remove(self) -> bool | None:
        if len(there := self.living()) < 4:
            return False
        self.vendor.org.remove(self.r.choice(there))
        return None

    def erase(self) -> bool | None:
        """Past the recycle bin. A no that nobody was told of goes with it."""
        quiet = [i for i in self.bin() if i not in self.said_no]
        if not quiet:
            return False
        self.vendor.org.purge(self.r.choice(quiet))
        return None

    def restore(self) -> bool | None:
        kept = [
            i for i in self.bin() if not self.vendor.org.rows["Contact"][i].get("MasterRecordId")
        ]
        if not kept:
            return False
        self.vendor.org.restore(self.r.choice(kept))
        return None

    def merge(self) -> bool | None:
        if len(there := self.living()) < 4:
            return False
        winner, loser = self.r.sample(there, 2)
        self.vendor.org.merge(winner, loser, Title="flettet")
        return None

    def begin(self) -> bool | None:
        """A transaction that will commit late, with today's stamp."""
        if not (there := self.living()) or len(self.late) > 2:
            return False
        one = self.vendor.org.transaction()
        one.edit(self.r.choice(there), Title=f"sent {self.r.random()}")
        self.late.append(one)
        return None

    def commit(self) -> bool | None:
        if not self.late:
            return False
        one = self.late.pop(0)
        rows = self.vendor.org.rows["Contact"]
        one.waiting = [w for w in one.waiting if w[0] in rows and not rows[w[0]].get("IsDeleted")]
        one.commit()
        return None

    def time(self) -> None:
        self.vendor.clock.pass_by(seconds=self.r.choice((1, 3, 20, 90, 400, 2000)))


def connector(vendor: Vendor, mirror: Mirror) -> Salesforce:
    app, clock = vendor.desk.tickets.app, vendor.clock
    org = Org(
        "salesforce",
        ClientCredentials(HOST, app.key, app.secret),
        clock=clock,
        elsewhere=vendor.elsewhere,
        patience=Patience(tries=3),
        sleep=lambda _: None,
        elapsed=lambda: clock().timestamp(),
    )
    known = {"Contact": lambda: mirror.token}
    return Salesforce("salesforce", org, objects=["Contact"], known=lambda name: known[name]())


def read(world: World, mirror: Mirror) -> None:
    """One pass, which may be cut off, refused, forgotten by the server, or told to begin again."""
    r, vendor = world.r, world.vendor
    if r.random() < 0.3:
        trouble = r.choice((Trouble.BUSY, Trouble.HALF, Trouble.SIGNED_OUT, Trouble.GARBLED))
        vendor.fault(trouble, path="query|composite", times=r.choice((1, 1, 4)))
        world.happened[trouble.name] += 1
    one = connector(vendor, mirror)
    try:
        [stream] = one.streams()
        for page in one.pull(stream, mirror.token):
            mirror.take(page)
            if r.random() < 0.1:
                vendor.desk.locators.clear()
                world.happened["forgotten"] += 1
            if r.random() < 0.08:
                world.happened["cut off"] += 1
                return
    except (TryAgain, SystemStopped):
        world.happened["tried again"] += 1
    except StartOver:
        mirror.token, mirror.seen = None, set()
        world.happened["started over"] += 1
    finally:
        vendor.faults.clear()


@pytest.fixture
def vendor() -> Iterator[Vendor]:
    noon = datetime(2026, 11, 25, 12, 0, tzinfo=UTC)
    with served(build(Clock(stopped=noon, ahead=timedelta()))) as vendor:
        vendor.desk.page = 4
        yield vendor


@pytest.mark.parametrize("seed", range(SEEDS))
def test_no_change_of_a_hostile_history_is_missed(vendor: Vendor, seed: int) -> None:
    world, mirror = World(vendor, Random(seed)), Mirror()
    world.add()
    for _ in range(STEPS):
        world.step()
        if world.r.random() < 0.35:
            read(world, mirror)
    while world.late:
        world.commit()
    world.r.random = lambda: 1.0  # type: ignore[method-assign] - no more troubles
    for _ in range(3):
        vendor.clock.pass_by(minutes=2)
        with suppress(StartOver):
            read(world, mirror)
    rows = vendor.org.rows["Contact"]
    there = {i: row.get("Title") for i, row in rows.items() if not row.get("IsDeleted")}
    assert {i: v["title"] for i, v in mirror.records.items()} == there, world.happened
    assert world.said_no <= mirror.noes, world.happened
    for kind in ("mass", "commit", "remove", "merge", "no", "cut off"):
        assert world.happened[kind], f"{kind} never happened: {world.happened}"
