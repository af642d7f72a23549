"""The pass as a model: people, passes, faults and deaths in any order that hypothesis thinks of.

What must hold is in `judge`, the steps are those of `life`; here they are only dealt out.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from contextlib import ExitStack
from functools import wraps
from pathlib import Path
from typing import Any, ClassVar

from databases import Server, copy_sqlite
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    precondition,
    rule,
    run_state_machine_as_test,
)
from promises.life import Life
from promises.play import DEADLY, FAULTS, HEADERS, LISTS, turn_back
from promises.world import DATABASE, World

STEPS = 12
SHARE = settings.default.max_examples if settings.default else 60

small = st.integers(0, 7)
lists = st.sampled_from(LISTS)
says = st.sampled_from(["ja", ""])


def sound(step: Callable[..., None]) -> Callable[..., None]:
    """Remembers when a step broke something, so that the end does not hide it."""

    @wraps(step)
    def taken(self: Model, *arguments: Any, **named: Any) -> None:
        self.broken = True
        step(self, *arguments, **named)
        self.broken = False

    return taken


class Model(RuleBasedStateMachine):
    """One life. Subclasses say where its database is."""

    prepared: ClassVar[Path]
    server: ClassVar[Server | None] = None

    def __init__(self) -> None:
        super().__init__()
        self.broken = False
        self.around = ExitStack()
        folder = Path(self.around.enter_context(tempfile.TemporaryDirectory()))
        url = ""
        if self.server:
            url = self.server.create_prepared()
            self.around.callback(self.server.drop, url)
        else:
            (folder / "state").mkdir()
            copy_sqlite(self.prepared, folder / "state" / DATABASE)
        self.life = Life.born(World(folder, url))

    @initialize(feed=st.booleans(), rival=st.integers(0, 4))
    @sound
    def begin(self, *, feed: bool, rival: int) -> None:
        self.life.world.delete_feed = feed
        if rival == 0:
            self.life.world.desk.rival = turn_back

    # --- people ---

    @rule(name=lists, at=small, spelling=small, column=small)
    @sound
    def edit(self, name: str, at: int, spelling: int, column: int) -> None:
        headers = HEADERS[name]
        self.life.edit_row(name, at, headers[column % len(headers)], spelling)

    @rule(name=lists, at=small, spelling=small)
    @sound
    def add(self, name: str, at: int, spelling: int) -> None:
        self.life.add_row(name, spelling, at)

    @rule(name=lists, at=small)
    @sound
    def delete(self, name: str, at: int) -> None:
        self.life.delete_row(name, at)

    @rule(at=small)
    @sound
    def double(self, at: int) -> None:
        self.life.double_row(at)

    @rule(name=lists, by=small)
    @sound
    def reorder(self, name: str, by: int) -> None:
        self.life.reorder_rows(name, by)

    @rule(at=small, text=small)
    @sound
    def annotate(self, at: int, text: int) -> None:
        self.life.annotate_row(at, f"note {text}")

    @rule(name=lists, at=small, says=says)
    @sound
    def flag(self, name: str, at: int, says: str) -> None:
        self.life.flag_row(name, at, says)

    @rule(at=small, drop=st.booleans())
    @sound
    def change_opt_out_list(self, at: int, *, drop: bool) -> None:
        (self.life.drop_from_list if drop else self.life.add_to_list)(at)

    @rule(at=small, spelling=small, field=st.sampled_from(["full_name", "direct_phone", "email"]))
    @sound
    def edit_at_desk(self, at: int, spelling: int, field: str) -> None:
        self.life.edit_at_desk(at, field, spelling)

    @rule(at=small, says=says)
    @sound
    def flag_at_desk(self, at: int, says: str) -> None:
        self.life.flag_at_desk(at, says)

    @rule(at=small, remove=st.booleans())
    @sound
    def change_desk(self, at: int, *, remove: bool) -> None:
        (self.life.remove_at_desk if remove else self.life.add_to_desk)(at)

    @rule(to=st.sampled_from(["on", "off"]))
    @sound
    def change_settings(self, to: str) -> None:
        self.life.switch("phone", to)

    # --- troubles of the next pass ---

    @rule(fault=st.sampled_from(sorted(set(FAULTS), key=str)), nth=st.integers(1, 3))
    @sound
    def break_call(self, fault: Any, nth: int) -> None:
        self.life.break_call(fault[0], nth, fault[1])

    @rule(point=st.sampled_from(sorted(DEADLY)), nth=st.integers(1, 20))
    @sound
    def kill(self, point: str, nth: int) -> None:
        self.life.kill_at(point, 1 + nth % DEADLY[point])

    @rule(point=st.integers(1, 45), name=lists, at=small, spelling=small)
    @sound
    def meddle(self, point: int, name: str, at: int, spelling: int) -> None:
        self.life.meddle(point, lambda: self.life.edit_row(name, at, "Telefon", spelling))

    @rule(point=st.integers(1, 45), at=small, spelling=small)
    @sound
    def meddle_at_desk(self, point: int, at: int, spelling: int) -> None:
        self.life.meddle(point, lambda: self.life.edit_at_desk(at, "full_name", spelling))

    @rule(point=st.integers(1, 45))
    @sound
    def be_overtaken(self, point: int) -> None:
        self.life.be_overtaken(point)

    # --- passes ---

    @rule()
    @sound
    def dry_run(self) -> None:
        self.life.dry_run()
        self.life.check()

    @rule(only=st.sampled_from([None, None, "phone"]))
    @sound
    def run(self, only: str | None) -> None:
        self.life.real_run(only)
        self.life.check()

    @precondition(lambda self: self.life.plans)
    @rule(which=small)
    @sound
    def apply(self, which: int) -> None:
        self.life.apply(which)
        self.life.check()

    @precondition(lambda self: self.life.runs)
    @rule(which=small, rule=st.sampled_from([None, None, "phone", "full_name"]))
    @sound
    def undo(self, which: int, rule: str | None) -> None:
        self.life.take_back(which, rule)
        self.life.check()

    @precondition(lambda self: self.life.runs)
    @rule(which=small, ident=small)
    @sound
    def undo_one_record(self, which: int, ident: int) -> None:
        self.life.take_back(which, ident=ident)

    @rule()
    @sound
    def there_and_back(self) -> None:
        self.life.there_and_back()

    @precondition(lambda self: self.server is None and not self.life.troubled)
    @rule()
    @sound
    def plan_the_same_dry(self) -> None:
        with tempfile.TemporaryDirectory() as folder:
            self.life.plans_the_same_dry(Path(folder) / "copy")

    def teardown(self) -> None:
        with self.around:
            if not self.broken:
                self.life.settle()


def _play(model: type[Model], lives: int) -> None:
    bounds = settings(max_examples=max(1, lives), stateful_step_count=STEPS)
    run_state_machine_as_test(model, settings=bounds)  # type: ignore[no-untyped-call]


def test_promises_hold_in_every_life(sqlite_prepared: Path) -> None:
    _play(type("OnSqlite", (Model,), {"prepared": sqlite_prepared}), SHARE // 6)


def test_promises_hold_in_every_life_on_postgresql(postgres_server: Server) -> None:
    _play(type("OnPostgres", (Model,), {"server": postgres_server}), SHARE // 20)
