"""A customer's house: eight systems, people who use them, our program beside it, under one clock.

Systems are those of the soak (`soak.place`), each with its witness and its history, and beside them
two dialers and two mail systems. The program is composed as the daemon composes it; only lines are
short (`inward`), and what waits is the clock.
"""

from __future__ import annotations

import random
import socket
import threading
from collections import Counter
from collections.abc import Collection, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from random import Random
from typing import Any, Final, Self

import pytest
import requests
from pydantic import SecretStr
from simulators.dynamics import HOST as DYNAMICS
from simulators.dynamics.site import CLIENT, SECRET, TENANT
from simulators.inward import Heard, Told, inward
from simulators.salesforce.serving import HOST as SALESFORCE
from soak.dynamics import Place as InDynamics
from soak.files import FIELDS as COLUMNS
from soak.files import NAMES
from soak.files import Place as InFiles
from soak.history import History
from soak.hubspot import Place as InHubSpot
from soak.life import at_once
from soak.place import Place
from soak.salesforce import Place as InSalesforce
from soak.witness import Witness
from sqlalchemy import Engine, event
from year import clock as timing
from year.clock import Clock
from year.dialers import Aircall, Five9
from year.mailers import ActiveCampaign, Mailchimp
from year.office import Office

import sync.run
from rules.records import Kind
from state.schema import prepare
from state.store import Store
from sync.app import App
from sync.passes import Outcome
from sync.service.alarm_words import Message
from sync.service.daemon import opened
from sync.service.jobs import Job
from sync.settings import Settings

NOBODY: Final = 1 << 23
"""Beyond the numbers of processes: whoever is called so is dead."""
CRMS: Final = {
    "salesforce": InSalesforce, "hubspot": InHubSpot, "dynamics": InDynamics, "files": InFiles,
}  # fmt: skip
LEFT_OUT: Final = {("dynamics", Kind.LEAD)}
MAILERS: Final = (ActiveCampaign, Mailchimp)
"""One of them, by the seed: what both do is alike."""


ALL: Final = (*CRMS, "aircall", "five9", "activecampaign", "mailchimp")


class Doings(History):
    """What people do within a few hours: how time goes by is the driver's."""

    def _ways(self) -> list[Any]:
        return [one for one in super()._ways() if one[0] not in {"away for long", "time passed"}]


@dataclass(frozen=True, slots=True)
class Alarm:
    """A message that left the house."""

    at: datetime
    said: str


@dataclass
class House:
    """Everything there is, and the process of ours that is alive just now."""

    folder: Path
    seed: int
    begins: datetime
    size: int = 24
    systems: Collection[str] = ALL
    clock: Clock = field(init=False)
    places: dict[str, Place] = field(default_factory=dict)
    witnesses: dict[str, Witness] = field(default_factory=dict)
    doings: dict[str, Doings] = field(default_factory=dict)
    offices: dict[str, Office] = field(default_factory=dict)
    away: set[str] = field(default_factory=set)
    """Systems that nobody reaches now."""
    alarms: list[Alarm] = field(default_factory=list)
    deaf: bool = False
    """Messages of ours do not arrive."""
    outcomes: dict[str, Outcome] = field(default_factory=dict)
    """Of the last whole pass over each system."""
    _passed: Outcome | None = None
    seen: Counter[str] = field(default_factory=Counter)
    stopping: threading.Event = field(default_factory=threading.Event)
    visited: Any = None
    """Told of each point of a pass: kills, edits."""
    opened: Any = None
    """Told of each app before its job begins."""
    lives: int = 1
    excused: set[str] = field(default_factory=set)
    """Systems that let nobody in now: nothing can be heard of them."""
    _pages: int | None = None
    """The disk is full at so many pages."""
    _around: ExitStack = field(default_factory=ExitStack)

    def __enter__(self) -> Self:
        random.seed(self.seed)
        self.r, self.clock = Random(f"year {self.seed}"), Clock(self.begins)
        self._around.enter_context(at_once())
        self._around.enter_context(timing.in_force(self.clock))
        patch = self._around.enter_context(pytest.MonkeyPatch.context())
        patch.setattr(sync.run, "run", self._noting(sync.run.run))
        for name, make in CRMS.items():
            if name not in self.systems:
                continue
            place = make(Random(f"{name} {self.seed}"), self.clock)
            # Leads live in one system: each list costs as much as another one.
            place.fields = {k: v for k, v in place.fields.items() if (name, k) not in LEFT_OUT}
            self.places[name], self.witnesses[name] = place, Witness(place)
            self.doings[name] = Doings(place, self.witnesses[name], self.r, self.size)
        for office in (Aircall, Five9, MAILERS[self.seed % len(MAILERS)]):
            if office.system not in self.systems:
                continue
            made = office(self.clock, Random(f"{office.system} {self.seed}"))
            self.offices[made.system] = made
        event.listen(Engine, "connect", self._connected)
        self._around.callback(event.remove, Engine, "connect", self._connected)
        self.settings = self._settings()
        self.store = Store(self.settings.database_url)
        self._around.callback(self.store.close)
        prepare(self.store)
        return self

    def __exit__(self, *_: object) -> None:
        for name in list(self.away):
            self.reach(name)
        self._around.close()
        if "files" in self.places:
            self.places["files"].close()  # type: ignore[attr-defined]

    # --- settings ---

    def _settings(self, **more: Any) -> Settings:
        sections: dict[str, Any] = {
            "lang": "da",
            "state": {"path": self.folder / "state"},
            "limits": {"max_change_share": 1, "min_records": 1_000_000, "flips": 2},
            "alarms": {"receivers": {"team": {"url": SecretStr("json://localhost/team")}}},
            "purge": {
                "mirror": 30, "plans": 14, "findings": 45, "history": 30, "attempts": 60,
                "violations": 60, "alerts": 45, "runs": 60, "snapshots": 90, "releases": 30,
                "lookups": 30,
            },
            "backup": {"folder": self.folder / "backup"},
            "jobs": {
                "backup": "sunday 01:15", "verify": "monday,thursday 05:30", "report": "monday 06:30",
            } | more.pop("jobs", {}),
        }  # fmt: skip
        for name in self.places:
            sections[name] = _SECTIONS[name](self.places[name])
        for name, office in self.offices.items():
            sections[name] = office.settings()
        return Settings(**sections | more)

    def set(self, **more: Any) -> None:
        """Somebody edits the settings; they hold from the next run on."""
        self.settings = self._settings(**more)

    # --- a run of ours ---

    @property
    def holder(self) -> str:
        """What the process of ours is called that is alive now."""
        return f"{socket.gethostname()}:{NOBODY + self.lives}"

    @contextmanager
    def opens(self, job: Job) -> Iterator[App]:
        """The app of one run, and everything within its reach."""
        (self.folder / "backup").mkdir(exist_ok=True)
        with ExitStack() as lines, ExitStack() as calm:
            for witness in self.witnesses.values():
                witness.sure = not (self.away or self.visited or self.excused or self._pages)
                witness.behind = self.clock.ahead < timedelta()
                witness.pass_begins()
            self._connect(calm)
            with opened(self.settings, job, self.stopping, self.clock.ours) as app:
                app.holder = f"{self.holder}/{job.name}"
                app.sends = self._hear
                if self.opened:
                    self.opened(app)
                self._passed = None
                # Who dies closes nothing.
                lines.callback(app.store.close)
                yield app
                calm.close()
                self._judge(app)

    def _connect(self, lines: ExitStack) -> None:
        for name, place in self.places.items():
            # Nobody's transaction lasts for longer than it may.
            place.pass_by(0)
            lines.enter_context(place.reached(self._visit(name)))
        lines.enter_context(inward({one.host: self._door(one) for one in self.offices.values()}))

    def _visit(self, system: str) -> Any:
        def visit(point: str) -> None:
            if system in self.away and point.startswith("call "):
                raise requests.ConnectionError
            if self.visited:
                self.visited(system, point)

        return visit

    def _door(self, office: Office) -> Any:
        def door(heard: Heard) -> Told:
            self.clock.pass_(0.02)
            self._visit(office.system)(f"call {heard.method} {heard.address.path}")
            told = office.vendor.door(heard)
            office.vendor.calls.clear()
            self._visit(office.system)(f"called {heard.method} {heard.address.path}")
            return told

        return door

    def _judge(self, app: App) -> None:
        """What the witnesses saw of it. Only a whole pass says what it has read to its end."""
        outcome = self._passed
        for name, witness in self.witnesses.items():
            streams = outcome.report.streams if outcome else ()
            read = [one.kind for one in streams if one.system == name and one.complete]
            witness.pass_ends(app if outcome else None, read, dry=app.dry)

    def broke_off(self) -> None:
        """A run was killed or left: what it wrote is looked at all the same."""
        for witness in self.witnesses.values():
            witness.pass_ends(None, ())

    def _noting(self, real: Any) -> Any:
        def noted(app: App, **how: Any) -> Outcome:
            outcome: Outcome = real(app, **how)
            self._passed = outcome
            self.outcomes |= dict.fromkeys(app.only or app.systems, outcome)
            for one in outcome.report.failures:
                self.seen[f"failed: {one.message.en[:50]}"] += 1
            return outcome

        return noted

    def _hear(self, _url: str, said: Message) -> bool:
        if self.deaf:
            return False
        self.alarms.append(Alarm(self.clock(), f"{said.title}\n{said.body}"))
        return True

    # --- what goes wrong around us ---

    def cut_off(self, name: str) -> None:
        """Nobody reaches this system from now on."""
        self.away.add(name)
        if name == "files" and name in self.places:
            self.root.rename(self._away)

    def reach(self, name: str) -> None:
        """It is there again."""
        if name == "files" and name in self.away & self.places.keys():
            self._away.rename(self.root)
        self.away.discard(name)

    @property
    def root(self) -> Path:
        """The folder of lists."""
        return self.places["files"].root  # type: ignore[attr-defined, no-any-return]

    @property
    def _away(self) -> Path:
        """Where it is meanwhile: beside it, and no other year's."""
        return self.root.with_name(f"{self.root.name}-away")

    @property
    def can_act(self) -> list[str]:
        """The CRMs in which people work now: not in a folder that is not there."""
        return [one for one in self.places if not (one == "files" and one in self.away)]

    def fill_disk(self) -> None:
        """No page more for the database, whoever opens it."""
        [[pages]] = self.asked("PRAGMA page_count")
        self._pages = pages
        self.store.engine.dispose()

    @property
    def is_full(self) -> bool:
        """Whether the disk is."""
        return self._pages is not None

    def make_room(self) -> None:
        """Somebody has deleted something."""
        self._pages = None
        self.store.engine.dispose()

    def _connected(self, connection: Any, _record: Any) -> None:
        # The file is on a disk in memory where there is one: waiting for a disk tells nothing here.
        connection.execute("PRAGMA synchronous=OFF")
        if self._pages:
            connection.execute(f"PRAGMA max_page_count={self._pages}")

    def asked(self, question: str) -> list[Any]:
        """What the database says."""
        with self.store.reading() as tx:
            return list(tx.exec_driver_sql(question))

    # --- processes ---

    def reborn(self, after: float = 5) -> None:
        """Whoever looks after us begins us anew."""
        self.lives += 1
        self.stopping.clear()
        self.clock.pass_(after)


# --- the sections of CRMs ---------------------------------------------------------------------


def _files(place: Any) -> dict[str, Any]:
    named = {}
    for kind, name in NAMES.items():
        columns = {one.vendor: one.canonical for one in COLUMNS[kind].values()}
        named[name] = {"kind": kind, "columns": {"Nr.": "id", **columns}}
    return {"root": place.root, "named": named}


def _salesforce(place: Any) -> dict[str, Any]:
    app = place.vendor.desk.tickets.app
    return {"url": SALESFORCE, "client_id": app.key, "client_secret": SecretStr(app.secret),
            "objects": ("Account", "Contact", "Lead")}  # fmt: skip


def _hubspot(place: Any) -> dict[str, Any]:
    app = place.vendor.tickets.app
    return {"client_id": app.client_id, "client_secret": SecretStr(app.client_secret),
            "refresh_token": SecretStr(app.refresh_token),
            "objects": ("companies", "contacts")}  # fmt: skip


def _dynamics(_place: Any) -> dict[str, Any]:
    return {"url": DYNAMICS, "tenant": TENANT, "client_id": CLIENT,
            "client_secret": SecretStr(SECRET), "objects": ("account", "contact")}  # fmt: skip


_SECTIONS: Final = {
    "files": _files, "salesforce": _salesforce, "hubspot": _hubspot, "dynamics": _dynamics,
}  # fmt: skip
