"""How connections to SQLite and to PostgreSQL are made, and how a transaction begins on each."""

from __future__ import annotations

import functools
import math
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import sqlalchemy as sa
import tenacity
from sqlalchemy import Connection, Engine, event

from rules.errors import UserError

BUSY_MILLISECONDS = 30_000
IDLE_MILLISECONDS = 10_000
CACHE_KIB: Final = 32_768
LOG_PAGES: Final = 4000
"""Moving pages from the log into the database costs a sync: not after every commit."""
LOG_PAGES_URGENT: Final = 4 * LOG_PAGES
"""Who is in a hurry leaves that to the others, as long as there are any."""
READ_ONLY: Final = "ringren_read_only"
URGENT: Final = "ringren_urgent"
"""Execution options of a connection."""
RESTED_SECONDS = 1.0
_USED: Final = "ringren_used"
_KINDS: Final = 8


def sqlite(url: sa.URL) -> Engine:
    if url.database and url.database != ":memory:":
        path = Path(url.database)
        try:
            path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            if not path.exists():
                path.touch(mode=0o600)
        except OSError as error:
            raise UserError("error.state_unmakeable", path=path, reason=error.strerror) from error
        # A name that begins here is another file once somebody has gone elsewhere.
        url = url.set(database=str(path.absolute()))
    engine = _another(_sqlite_kind(url))
    event.listen(engine, "begin", _begin)
    return engine


@functools.lru_cache(maxsize=_KINDS)
def _sqlite_kind(url: sa.URL) -> Engine:
    engine = sa.create_engine(url, connect_args={"timeout": BUSY_MILLISECONDS / 1000})
    event.listen(engine, "connect", set_pragmas)
    return engine


def _another(kind: Engine) -> Engine:
    """Connections of its own, and what was compiled for the others of its kind.

    A daemon opens a store for each run of a job, and half of what a run costs that finds nothing
    new would be compiling the same statements once more.
    """
    engine = Engine(kind.pool.recreate(), kind.dialect, kind.url)
    # Its option of that name would do the same, but not for tests, which share more.
    engine._compiled_cache = kind._compiled_cache  # noqa: SLF001
    return engine


def set_pragmas(connection: Any, _record: Any) -> None:
    """Python's own transaction handling loses updates without an error: it is switched off.

    synchronous=FULL, because an opt-out may have no other copy; for pages of rows it costs nothing.
    """
    connection.isolation_level = None
    cursor = connection.cursor()
    # Of a new database only. Twice the usual: a row of a list is half a kilobyte, with its changes.
    cursor.execute("PRAGMA page_size=8192")
    _keep_a_log(cursor)
    for pragma in (
        "synchronous=FULL",
        "foreign_keys=ON",
        f"busy_timeout={BUSY_MILLISECONDS}",
        f"cache_size=-{CACHE_KIB}",
        "temp_store=FILE",
    ):
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()


def _keep_a_log(cursor: Any) -> None:
    """Write-ahead. Of several that make a new database, SQLite refuses all but one, unasked to wait."""
    _while_locked(cursor.execute, "PRAGMA journal_mode=WAL")


def _while_locked(run: Callable[[str], object], sql: str) -> None:
    """Try it again and again, some milliseconds apart."""
    tries = tenacity.Retrying(
        retry=tenacity.retry_if_exception(lambda error: "locked" in str(error)),
        stop=tenacity.stop_after_delay(BUSY_MILLISECONDS / 1000),
        wait=tenacity.wait_random(0.001, 0.005),
        reraise=True,
    )
    tries(run, sql)


def _begin(connection: Connection) -> None:
    options = connection.get_execution_options()
    if options.get(READ_ONLY):
        connection.exec_driver_sql("BEGIN")
    elif options.get(URGENT):
        connection.exec_driver_sql(f"PRAGMA wal_autocheckpoint={LOG_PAGES_URGENT}")
        _begin_at_once(connection)
    else:
        connection.exec_driver_sql(f"PRAGMA wal_autocheckpoint={LOG_PAGES}")
        connection.exec_driver_sql("BEGIN IMMEDIATE")


def _begin_at_once(connection: Connection) -> None:
    """SQLite itself soon looks at the lock only ten times a second: a page that was broken off for
    us would have been so for nothing."""
    connection.exec_driver_sql("PRAGMA busy_timeout=0")
    try:
        _while_locked(connection.exec_driver_sql, "BEGIN IMMEDIATE")
    finally:
        connection.exec_driver_sql(f"PRAGMA busy_timeout={BUSY_MILLISECONDS}")


def postgres(url: sa.URL) -> Engine:
    try:
        return _another(_postgres_kind(url))
    except ModuleNotFoundError as error:
        raise UserError("error.no_postgres") from error


@functools.lru_cache(maxsize=_KINDS)
def _postgres_kind(url: sa.URL) -> Engine:
    engine = sa.create_engine(
        url.set(drivername="postgresql+psycopg"),
        connect_args={"options": session_options(url)},
    )
    event.listen(engine, "checkin", _note_use)
    event.listen(engine, "checkout", functools.partial(_refuse_dead, engine.dialect))
    return engine


def _note_use(_connection: Any, record: Any) -> None:
    record.info[_USED] = time.monotonic()


def _refuse_dead(dialect: sa.Dialect, connection: Any, record: Any, _proxy: object) -> None:
    """A connection that has rested is asked whether the other side is still there. Not each time: a
    pass begins a hundred transactions one after the other, and each would go there and back for it."""
    if time.monotonic() - record.info.get(_USED, math.inf) < RESTED_SECONDS:
        return
    assert dialect.dbapi is not None  # noqa: S101 - it has made this connection
    try:
        dialect.do_ping(connection)
    except dialect.dbapi.Error as error:
        raise sa.exc.InvalidatePoolError from error


def session_options(url: sa.URL) -> str:
    """What every session at PostgreSQL begins with: a transaction that nothing happens in ends.

    A process that is paused in one, or whose machine is gone, would keep opt-outs waiting for ever.
    Ours ask nobody outside meanwhile, and so are never idle for long.
    """
    given = url.query.get("options", "")
    own = given if isinstance(given, str) else " ".join(given)
    return f"{own} -c idle_in_transaction_session_timeout={IDLE_MILLISECONDS}".strip()
