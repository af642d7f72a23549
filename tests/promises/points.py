"""The points at which a process may die, counted: around every commit, and what connectors name.

A commit is the only moment at which our store changes, and a connector's points the only ones at
which the outside does. So a kill at each of them is a kill at every instant that makes a
difference.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Connection, Engine, event


class Killed(BaseException):
    """The process is dead from here on. No `except Exception` may bring it back to life."""


def die() -> None:
    """The death of a process that shares its Python with the test."""
    raise Killed


@dataclass
class Points:
    """Counts what is passed; at number `deadly` (from 1), or at the n-th point of a name, it kills."""

    deadly: int | tuple[str, int] = 0
    kill: Callable[[], None] = die
    seen: list[str] = field(default_factory=list)
    listeners: list[Callable[[str], None]] = field(default_factory=list)
    dead: bool = False

    def visit(self, name: str) -> None:
        """Pass one point."""
        self.check()
        self.seen.append(name)
        for listener in self.listeners:
            listener(name)
        if self.deadly in (len(self.seen), (name, self.seen.count(name))):
            self.dead = True
            self.kill()

    def check(self) -> None:
        """The dead do nothing more."""
        if self.dead:
            raise Killed

    def watch(self, engine: Engine) -> None:
        """Make a point before and one after every commit of a writing transaction."""
        under_way: list[bool] = []

        @event.listens_for(engine, "begin")
        def begun(_connection: Connection) -> None:
            self.check()

        @event.listens_for(engine, "commit")
        def committing(connection: Connection) -> None:
            self.check()
            if not connection.get_execution_options().get("ringren_read_only"):
                under_way.append(True)
                self.visit("before commit")

        commit = engine.dialect.do_commit

        def do_commit(dbapi_connection: Any) -> None:
            commit(dbapi_connection)
            if under_way:
                under_way.clear()
                self.visit("after commit")

        engine.dialect.do_commit = do_commit  # type: ignore[method-assign]
