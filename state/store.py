"""The unit of work: one short transaction, on SQLite or PostgreSQL, and how the two differ.

Leaving `with store.transaction()` commits, an exception rolls back; nothing commits elsewhere,
and no outside call is made inside one.
"""

from __future__ import annotations

import contextlib
import functools
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime
from itertools import chain
from pathlib import Path
from typing import Any, Final, NamedTuple, TypeVar

import orjson
import sqlalchemy as sa
from sqlalchemy import Connection
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.sql.compiler import SQLCompiler

from rules.errors import InvariantBroken, SystemStopped
from state import engines
from state.engines import CACHE_KIB, READ_ONLY, URGENT
from state.turnstile import Turnstile
from state.types import UtcDateTime

T = TypeVar("T")
Tx = Connection
"""An open transaction: what every function of this package takes first."""

_TRIES = 5
_POLITE = 3
LOOK_UP_EVERY = 20_000
"""Steps of SQLite's machine between two looks whether somebody is in a hurry: a millisecond or so."""

GROUP: Final = 50
"""Rows that one statement inserts into SQLite; it takes up to 32,766 values."""

_NO_SUCH_TABLE, _WAS_IDLE = "42P01", "25P03"  # as PostgreSQL numbers them


class GaveWay(Exception):
    """A long transaction was broken off for somebody in a hurry: it did nothing, try again."""


class Store:
    """A database. `url` is SQLAlchemy's; SQLite paths are made 0700 folders, 0600 files."""

    def __init__(self, url: str) -> None:
        self.url = sa.make_url(url)
        self.is_sqlite = self.url.get_backend_name() == "sqlite"
        self.engine = (engines.sqlite if self.is_sqlite else engines.postgres)(self.url)
        self._turnstile = Turnstile(_beside(self.url) if self.is_sqlite else None)

    @contextlib.contextmanager
    def transaction(self, *, urgent: bool = False) -> Iterator[Tx]:
        """A writing transaction. On SQLite it holds the one write lock from its first moment.

        `urgent` (an opt-out at the desk) goes before all who write page after page.
        """
        if not urgent:
            self._turnstile.pass_by()
        first = self._turnstile.held() if urgent else contextlib.nullcontext()
        with (
            self._told(),
            first,
            self.engine.connect().execution_options(**{URGENT: urgent}) as connection,
            connection.begin(),
        ):
            yield connection

    @contextlib.contextmanager
    def giving_way(self) -> Iterator[Tx]:
        """A writing transaction that may take seconds; `GaveWay` as soon as an urgent one waits.

        PostgreSQL keeps no others out but those who write the same table.
        """
        with self.breakable() as tx, _sparing(tx):
            yield tx

    def politely(self, work: Callable[[Tx], T]) -> T:
        """A writing transaction of a page, which is broken off for somebody in a hurry and done once
        more; after a few times he waits for it. What `work` changes besides, it changes at its end."""
        for _ in range(_POLITE):
            with contextlib.suppress(GaveWay), self.breakable() as tx:
                return work(tx)
        with self.transaction() as tx:
            return work(tx)

    @contextlib.contextmanager
    def breakable(self) -> Iterator[Tx]:
        """A writing transaction of a page; `GaveWay` as soon as an urgent one waits."""
        with self.transaction() as tx:
            raw: Any = tx.connection.driver_connection
            if self.is_sqlite:
                raw.set_progress_handler(self._turnstile.is_held, LOOK_UP_EVERY)
            try:
                yield tx
            except sa.exc.OperationalError as error:
                if str(error.orig) == "interrupted":
                    raise GaveWay from error
                raise
            finally:
                if self.is_sqlite:
                    raw.set_progress_handler(None, 0)

    def patiently(self, work: Callable[[Tx], object]) -> bool:
        """Work that takes seconds, `giving_way`; False when others were in a hurry all the time."""
        for _ in range(_TRIES):
            try:
                with self.giving_way() as tx:
                    work(tx)
            except GaveWay:
                continue
            return True
        return False

    @contextlib.contextmanager
    def sorting(self) -> Iterator[Tx]:
        """A reading transaction that goes through everything there is, page by page or to group or
        sort it: what it has read is of no use to what comes after."""
        with self.reading() as tx, _sparing(tx):
            yield tx

    @contextlib.contextmanager
    def reading(self) -> Iterator[Tx]:
        """A reading transaction: never stops a writer; keep it short all the same."""
        with (
            self._told(),
            self.engine.connect().execution_options(**{READ_ONLY: True}) as connection,
            connection.begin(),
        ):
            yield connection

    def close(self) -> None:
        """Give all connections back."""
        self.engine.dispose()

    @contextlib.contextmanager
    def _told(self) -> Iterator[None]:
        """Errors of the database that a user can do something about, in his words."""
        try:
            yield
        except sa.exc.OperationalError as error:
            reason = str(error.orig)
            if "disk" in reason or "full" in reason:
                raise SystemStopped("error.state_full", reason=reason) from error
            if "locked" in reason:
                raise SystemStopped("error.state_busy") from error
            if not self.is_sqlite:
                # Cut off, shut down, not to be reached: it comes back, and nothing was committed.
                raise SystemStopped("error.state_gone") from error
            self._refuse_moved(error)
            raise
        except (sa.exc.ProgrammingError, sa.exc.InternalError) as error:
            if getattr(error.orig, "sqlstate", None) == _WAS_IDLE:
                raise SystemStopped("error.state_gone") from error
            self._refuse_moved(error)
            raise

    def _refuse_moved(self, error: sa.exc.DBAPIError) -> None:
        """A table is gone: everything was moved to another database while we were at work."""
        is_missing = getattr(error.orig, "sqlstate", None) == _NO_SUCH_TABLE
        if not is_missing and "no such table" not in str(error.orig):
            return
        with self.engine.connect() as tx, contextlib.suppress(sa.exc.DBAPIError):
            tx.exec_driver_sql("SELECT address FROM moved")
            raise SystemStopped("state.moved_meanwhile") from error


@contextlib.contextmanager
def _sparing(tx: Tx) -> Iterator[None]:
    """SQLite sorts in as much memory as its cache may take, besides the cache: a quarter is enough."""
    if tx.dialect.name != "sqlite":
        yield
        return
    raw: Any = tx.connection.driver_connection
    raw.execute(f"PRAGMA cache_size=-{CACHE_KIB // 4}")
    try:
        yield
    finally:
        raw.execute(f"PRAGMA cache_size=-{CACHE_KIB}")


def _beside(url: sa.URL) -> Path | None:
    """The turnstile's file; a database in memory has no other writers."""
    name = url.database
    return Path(f"{name}-turn") if name and name != ":memory:" else None


def among(
    tx: Tx, column: sa.ColumnElement[Any], values: Sequence[str] | Sequence[int]
) -> sa.ColumnElement[bool]:
    """`column IN values` with one parameter, however many values there are.

    A page's ids bound one by one cost twice as much. And SQLAlchemy's own `IN`, `ANY` and table-valued
    functions are cycles: the page's ids would stay until somebody looks for them.
    """
    if tx.dialect.name == "sqlite":
        listed = sa.bindparam("listed", orjson.dumps(values).decode(), sa.Text(), unique=True)
        return column.in_(_LISTED.bindparams(listed))
    array = sa.bindparam("listed", list(values), ARRAY(column.type), unique=True)
    return column == _ANY_LISTED.bindparams(array)


_LISTED: Final = sa.text("SELECT value FROM json_each(:listed)")
_ANY_LISTED: Final = sa.text("ANY (:listed)")
LISTED: Final = "listed"


@functools.cache
def one_of(column: sa.Column[Any]) -> sa.ColumnElement[bool]:
    """`column IN` what the statement is executed with, as `{LISTED: values}`: for bytes, of which
    `among` can make no text. A cycle, and so made once for each column, without the values.
    """
    return column.in_(sa.bindparam(LISTED, expanding=True))


def bulk(
    tx: Tx, statement: sa.Insert | sa.Update | sa.Delete, rows: Sequence[tuple[Any, ...]]
) -> None:
    """Run `statement` once for each row; values in the order of its bind parameters' first use.

    SQLite gets the driver's own executemany, three times as fast as through the bind processing
    of each parameter; PostgreSQL gets the same text, in the form its driver batches.
    """
    if not rows:
        return
    sql, width, convert, grouped = _compiled(statement, tx.dialect)
    if len(rows[0]) != width:
        raise InvariantBroken(f"{width} values expected for {sql!r}, {len(rows[0])} given")
    ready = [convert(row) for row in rows] if convert else list(rows)
    if grouped and len(ready) >= GROUP:
        whole = len(ready) - len(ready) % GROUP
        groups = (ready[at : at + GROUP] for at in range(0, whole, GROUP))
        tx.exec_driver_sql(grouped, [tuple(chain.from_iterable(group)) for group in groups])
        ready = ready[whole:]
    if ready:
        tx.exec_driver_sql(sql, ready)


def adding(tx: Tx, table: sa.Table, *figures: str) -> Any:
    """An insert that adds these figures to those of a row with the same primary key."""
    insert = _insert(tx, table)
    return _onto(insert, table, {one: table.c[one] + insert.excluded[one] for one in figures})


def upserting(tx: Tx, table: sa.Table, *columns: str) -> Any:
    """An insert that sets these columns of a row with the same primary key. Two that make the same
    row at once must not stop each other: PostgreSQL shows neither of them the other's."""
    insert = _insert(tx, table)
    return _onto(insert, table, {one: insert.excluded[one] for one in columns})


def _insert(tx: Tx, table: sa.Table) -> Any:
    return (sqlite if tx.dialect.name == "sqlite" else postgresql).insert(table)


def _onto(insert: Any, table: sa.Table, values: dict[str, Any]) -> Any:
    return insert.on_conflict_do_update(index_elements=list(table.primary_key), set_=values)


def moment(tx: Tx, at: datetime) -> Any:
    """A moment as columns hold it, for parameters of the type `StoredMoment`.

    All rows of a page share it, and would convert it one by one.
    """
    return UtcDateTime().process_bind_param(at, tx.dialect)


_Convert = Callable[[tuple[Any, ...]], tuple[Any, ...]]


class _Sql(NamedTuple):
    """A statement for one row of `width` values, and one that inserts `GROUP` rows."""

    text: str
    width: int
    convert: _Convert | None
    grouped: str | None


@functools.lru_cache(maxsize=256)
def _compiled(statement: sa.Insert | sa.Update | sa.Delete, dialect: sa.Dialect) -> _Sql:
    if dialect.name == "sqlite":
        compiled = statement.compile(dialect=dialect)
        names = compiled.positiontup or []
    else:
        positional: sa.Dialect = type(dialect)(paramstyle="format")  # type: ignore[call-arg]
        compiled = statement.compile(dialect=positional)
        names = compiled.positiontup or []
    processors = [
        (place, functools.lru_cache(maxsize=16)(process) if _is_moment(compiled, name) else process)
        for place, name in enumerate(names)
        if (process := compiled.binds[name].type.dialect_impl(dialect).bind_processor(dialect))
        and _needs(compiled.binds[name].type)
    ]
    convert = _converter(processors) if processors else None
    return _Sql(str(compiled), len(names), convert, _grouped(str(compiled), dialect.name))


def _grouped(text: str, dialect: str) -> str | None:
    """Beginning and ending a statement costs SQLite as much as a small row does."""
    before, values, row = text.partition(" VALUES ")
    if dialect != "sqlite" or not values or row.strip("(?, )"):
        return None
    return f"{before}{values}{', '.join([row] * GROUP)}"


def _is_moment(compiled: SQLCompiler, name: str) -> bool:
    """A page's rows share their moments: converting one of them a few thousand times is dear."""
    return isinstance(compiled.binds[name].type, UtcDateTime)


def _needs(kind: sa.types.TypeEngine[Any]) -> bool:
    return isinstance(kind, sa.types.TypeDecorator)


def _converter(processors: list[tuple[int, Any]]) -> _Convert:
    def convert(row: tuple[Any, ...]) -> tuple[Any, ...]:
        values = list(row)
        for place, process in processors:
            values[place] = process(values[place])
        return tuple(values)

    return convert
