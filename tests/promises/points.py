"""The points at which a process may die, counted: around every commit, and what connectors name.

A commit is the only moment at which our store changes, and a connector's points the only ones at
which the outside does. So a kill at each of them is a kill at every instant that makes a
difference.
"""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Connection, Engine, event
from sqlalchemy.dialects.postgresql.psycopg import PGDialect_psycopg
from sqlalchemy.dialects.sqlite.pysqlite import SQLiteDialect_pysqlite


class Killed(BaseException):
    """The process is dead from here on. No `except Exception` may bring it back to life."""


def die() -> None:
    """The death of a process that shares its Python with the test."""
    raise Killed


def be_killed() -> None:
    """The death of a process of its own: nothing of it gets to run any more."""
    os.kill(os.getpid(), signal.SIGKILL)


@dataclass
class Points:
    """Counts what is passed; at number `deadly` (from 1), or at the n-th point of a name, it kills."""

    deadly: int | tuple[str, int] = 0
    kill: Callable[[], None] = die
    seen: list[str] = field(default_factory=list)
    listeners: list[Callable[[str], None]] = field(default_factory=list)
    dead: bool = False
    _commit: threading.local = field(default_factory=threading.local)
    """`writes`: whether what this thread is about to commit has written; another may only read."""

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
        self._listen(engine)
        self._wrap(engine.dialect)

    def watch_all(self) -> None:
        """The same for every engine of this process, from its first moment on; for good."""
        self._listen(Engine)
        self._wrap(SQLiteDialect_pysqlite)
        self._wrap(PGDialect_psycopg)

    def _listen(self, engine: Engine | type[Engine]) -> None:
        event.listen(engine, "begin", lambda _connection: self.check())
        event.listen(engine, "commit", self._committing)

    def _committing(self, connection: Connection) -> None:
        self.check()
        writes = not connection.get_execution_options().get("ringren_read_only")
        if writes:
            self.visit("before commit")
        # Only now: who died before must not be told of the commits of those who come after, which
        # go through the same dialect.
        self._commit.writes = writes

    def _wrap(self, dialect: Any) -> None:
        commit = dialect.do_commit

        def do_commit(*arguments: Any) -> None:
            commit(*arguments)
            if getattr(self._commit, "writes", False):
                self._commit.writes = False
                self.visit("after commit")

        dialect.do_commit = do_commit
