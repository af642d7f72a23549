"""One life: a place, our program beside it, and everything that can go wrong between the two.

Passes are the program's own (`sync.run`), on a real store; only the line is short (`inward`).
"""

from __future__ import annotations

import random
import sys
from collections.abc import Iterator, Mapping
from concurrent.futures import Future
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from random import Random
from typing import Any, Final, Self

import pytest
from promises.points import Killed, Points
from soak.dynamics import Place as Dynamics
from soak.files import Place as Files
from soak.history import History
from soak.hubspot import Place as HubSpot
from soak.place import Place
from soak.salesforce import Place as Salesforce
from soak.witness import Tally, Witness

from connectors.protocol import Token
from connectors.readonly import ReadOnly
from rules.errors import LeaseLost
from state import cursors
from sync.app import App, open_app
from sync.passes import Outcome
from sync.run import run
from sync.settings import Settings
from sync.settings.model import Limits, State

PLACES: Final[Mapping[str, Any]] = {
    "salesforce": Salesforce, "hubspot": HubSpot, "dynamics": Dynamics, "files": Files,
}  # fmt: skip
EVERY_LIMIT: Final = frozenset({"shrink", "too_many", "large_share", "swapped"})
MOST_PASSES: Final = 8
"""After so many undisturbed passes at the latest there is nothing more to do."""
SHARES: Final = {"spoiled": 0.35, "killed": 0.15, "edited during a pass": 0.25, "dry run": 0.1}


class Now:
    """An executor that does at once what it is given: a life is the same each time it is lived."""

    def __init__(self, *_: object) -> None:
        """As many hands as nobody asked for."""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        """Nothing is left to do."""

    def submit(self, does: Any, *args: Any) -> Future[Any]:
        """Done."""
        done: Future[Any] = Future()
        try:
            done.set_result(does(*args))
        except BaseException as error:  # noqa: BLE001 - it is raised where the result is asked for
            done.set_exception(error)
        return done


@contextmanager
def at_once() -> Iterator[None]:
    """Connectors fetch no page ahead of its time."""
    with pytest.MonkeyPatch.context() as patch:
        for name, module in list(sys.modules.items()):
            if name.startswith("connectors.") and hasattr(module, "ThreadPoolExecutor"):
                patch.setattr(module, "ThreadPoolExecutor", Now)
        yield


@dataclass
class Life:
    """One world, from its first record to its rest."""

    place: Place
    folder: Path
    r: Random
    size: int
    witness: Witness = field(init=False)
    history: History = field(init=False)
    _process: ExitStack = field(default_factory=ExitStack)
    _app: App | None = None
    _points: Points = field(default_factory=Points)
    _ticks: int = 0

    def __post_init__(self) -> None:
        self.witness = Witness(self.place)
        self.history = History(self.place, self.witness, self.r, self.size)
        self._ahead = timedelta(seconds=self.r.choice((0, 0, -7300, 7300)))
        seen = self.witness.tally.seen
        seen["our clock is wrong"] += bool(self._ahead)
        seen["their clock is wrong"] += bool(self.place.skew)

    def live(self, changes: int) -> Tally:
        """Until so many changes were made, and all of them have come to rest."""
        with at_once(), self._process:
            self.history.begin()
            if self.r.random() < 0.2:
                self.place.oppose()
                self.witness.tally.seen["rival"] += 1
            while self.witness.tally.changes < changes:
                self.history.go_on(self.r.choice((1, 10, 60, 250)))
                self.pass_over()
            self.rest()
        return self.witness.tally

    # --- passes ---

    def pass_over(self) -> None:
        """One pass, with whatever goes wrong with it."""
        r, seen = self.r, self.witness.tally.seen
        happens = {what for what, share in SHARES.items() if r.random() < share}
        self._points.deadly = 0
        edit_at = 0
        if "spoiled" in happens:
            seen[self.place.spoil(r)] += 1
        if "killed" in happens:
            self._points.deadly = r.randrange(1, 80)
        if "edited during a pass" in happens:
            edit_at = r.randrange(1, 60)
        self.witness.sure = happens.isdisjoint({"spoiled", "killed"})
        outcome = self._pass(dry="dry run" in happens, edit_at=edit_at)
        if outcome is None:
            seen["killed"] += 1
        self.place.calm()
        if r.random() < 0.2:
            self._end_process()

    def _pass(self, *, dry: bool = False, edit_at: int = 0) -> Outcome | None:
        self.witness.pass_begins()
        outcome = None
        app: App | None = None
        try:
            app = self._running()
            with self.place.reached(self._visiting(edit_at)):
                app.systems = {self.place.system: self._connector(dry=dry)}
                app.dry = dry
                outcome = run(app, dry=dry, allow=EVERY_LIMIT)
        except Killed:
            self._end_process()
        except LeaseLost:
            self.witness.tally.seen["lease lost"] += 1
        read = [one.kind for one in outcome.report.streams if one.complete] if outcome else []
        if outcome and outcome.report.failures:
            for one in outcome.report.failures:
                self.witness.tally.seen[f"failed: {one.message.en[:40]}"] += 1
        self.witness.pass_ends(app if outcome else None, read, dry=dry)
        return outcome

    def _visiting(self, edit_at: int) -> Any:
        """Told of each point: kills when it is time, and lets somebody edit."""
        points, left = self._points, edit_at
        points.seen.clear()

        def edited(point: str) -> None:
            nonlocal left
            if left and len(points.seen) >= left and (whose := self.place.exposed(point)):
                left = 0
                self.place.pass_by(2)
                self.witness.look()
                self.history.type_over(None if whose == "*" else whose)
                self.witness.look()
                self.witness.tally.seen["edited during a pass"] += 1

        points.listeners = [edited]
        return points.visit

    def _connector(self, *, dry: bool) -> Any:
        connector = self.place.connector(self._known)
        return ReadOnly(connector) if dry else connector

    def _known(self, stream: str) -> Token | None:
        assert self._app is not None
        with self._app.store.reading() as tx:
            return cursors.token_of(tx, self.place.system, stream)

    # --- processes of ours ---

    def _clock(self) -> datetime:
        """Our machine's: it is as wrong as it is, and each look is a little later."""
        self._ticks += 1
        return self.place.now() + self._ahead + timedelta(microseconds=self._ticks)

    def _running(self) -> App:
        if self._app is None:
            settings = Settings(
                state=State(path=self.folder),
                limits=Limits(max_change_share=1, min_records=1_000_000, flips=2),
            )
            opened = open_app(settings, actor="anna", dry=False, clock=self._clock)
            self._app = self._process.enter_context(opened)
            self._points = Points(deadly=self._points.deadly)
            self._points.watch(self._app.store.engine)
        return self._app

    def _end_process(self) -> None:
        self._points.deadly, self._points.dead = 0, False
        self._points.listeners.clear()
        self._process.close()
        self._app = None

    # --- the end ---

    def rest(self) -> None:
        """Undisturbed passes until nothing is left to do; then everything must add up."""
        self.place.calm()
        self.place.settle()
        self._points.deadly, self.witness.sure = 0, True
        for _ in range(MOST_PASSES):
            self.place.pass_by(7200)
            outcome = self._pass()
            totals = outcome.report.totals if outcome else None
            if (
                totals
                and not outcome.report.failures
                and not (totals.waiting or totals.applied or totals.conflict or totals.unknown)
            ):
                self.witness.all_adds_up(self._running())
                return
        self.witness.tally.blame("wrong", "it never comes to rest")


def born(name: str, seed: int, folder: Path, size: int = 120) -> Life:
    """The life of a place by its name: the same for the same seed."""
    r = Random(f"{name} {seed}")
    # Pauses between two tries are drawn from here.
    random.seed(seed)
    return Life(PLACES[name](r), folder, r, size)
