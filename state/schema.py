"""Makes the tables, or brings those of an older Ringren up to date.

Usually there is nothing to do: `prepare` then costs two small reads (under a millisecond), and
does not import Alembic, which costs a hundred times that.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from rules.errors import InvariantBroken, SystemStopped, UserError
from state.acts import ACTS_DDL
from state.chain import LEDGER_DDL
from state.store import Store, Tx
from state.tables import metadata

HEAD = "ringren_0019"
"""The newest revision in state/migrations/versions."""

VERSION = "alembic_version"
_VERSION = sa.table(VERSION, sa.column("version_num", sa.String))
_VERSION_TABLE = sa.Table(
    VERSION,
    sa.MetaData(),
    sa.Column("version_num", sa.String(32), nullable=False),
    sa.PrimaryKeyConstraint("version_num", name="alembic_version_pkc"),
)
MOVED = "moved_"
"""What the version, and each table, of a database begins with that was moved elsewhere."""
_UNDER_WAY = ("moving_", "arrived_")
KEPT = "backup_"
"""What the version of a backup begins with (state/backups.py): it is restored, never used."""
_MOVED_TABLE = sa.Table(
    "moved",
    sa.MetaData(),
    sa.Column("address", sa.Text, nullable=False),
    sa.Column("at", sa.Text, nullable=False),
)
# Any number that no other program takes: "ringren" read as digits of base 36.
_LOCK = int("ringren", 36)


def prepare(store: Store) -> None:
    """Leave the database with the tables of this version, whatever it was before.

    Several processes may do so at once: one works, the others wait and find it done.
    UserError when the database cannot be opened, is of a newer Ringren, or is not Ringren's.
    """
    if _first_look(store) == HEAD:
        return
    with store.transaction() as tx:
        _lock(tx)
        revision = _revision(tx)
        if revision is None:
            create(tx)
    if revision not in (None, HEAD):
        _upgrade(store)


def create(tx: Tx) -> None:
    """Make all tables and triggers in an empty database, marked as the newest revision."""
    metadata.create_all(tx)
    guard(tx)
    _VERSION_TABLE.create(tx)
    tx.execute(_VERSION.insert().values(version_num=HEAD))


def guard(tx: Tx) -> None:
    """The triggers that keep the ledger append-only."""
    for statement in (*LEDGER_DDL[tx.dialect.name], *ACTS_DDL[tx.dialect.name]):
        tx.exec_driver_sql(statement)


# --- a database that is moved (state/moving.py) -------------------------------------------------


def lay_out(tx: Tx, version: str) -> None:
    """The tables alone, without triggers and indexes, in an empty database that nobody can use yet."""
    for table in metadata.sorted_tables:
        tx.execute(sa.schema.CreateTable(table))
    _VERSION_TABLE.create(tx)
    tx.execute(_VERSION.insert().values(version_num=version))


def index(tx: Tx) -> None:
    """The indexes that are missing."""
    if tx.dialect.name == "sqlite":
        found = "SELECT name FROM sqlite_master WHERE type = 'index'"
    else:
        found = "SELECT indexname FROM pg_indexes WHERE schemaname = current_schema()"
    there = set(tx.exec_driver_sql(found).scalars())
    for table in metadata.sorted_tables:
        for one in table.indexes:
            if one.name not in there:
                one.create(tx)


def mark(tx: Tx, version: str) -> None:
    """Show another version."""
    tx.execute(_VERSION.update().values(version_num=version))


def close(tx: Tx, version: str, to: str, at: datetime) -> None:
    """Nobody uses this database any more, not even who has it open: its tables bear other names."""
    for table in metadata.sorted_tables:
        tx.exec_driver_sql(f'ALTER TABLE "{table.name}" RENAME TO "{MOVED}{table.name}"')
    _MOVED_TABLE.create(tx)
    tx.execute(_MOVED_TABLE.insert().values(address=to, at=at.isoformat()))
    mark(tx, version)


def _upgrade(store: Store) -> None:
    """Take the steps that are missing, in one transaction: all of them or none."""
    from state.migrations import steps

    with _without_foreign_keys(store) as tx:
        _lock(tx)
        revision = _revision(tx)
        if revision not in steps.known():
            raise UserError("state.newer", revision=revision)
        steps.take(tx)
        if store.is_sqlite and (broken := tx.exec_driver_sql("PRAGMA foreign_key_check").all()):
            raise InvariantBroken(f"a migration broke references: {broken[:5]}")


@contextlib.contextmanager
def _without_foreign_keys(store: Store) -> Iterator[Tx]:
    """SQLite alters a table by making it anew, and drops the old one: references must wait.

    The pragma works outside of a transaction only, so this takes connections of its own.
    """
    own = Store(store.url.render_as_string(hide_password=False))
    if own.is_sqlite:
        sa.event.listen(own.engine, "connect", _release_foreign_keys)
    try:
        with own.transaction() as tx:
            yield tx
    finally:
        own.close()


def _release_foreign_keys(connection: Any, _record: Any) -> None:
    connection.execute("PRAGMA foreign_keys=OFF")


def _lock(tx: Tx) -> None:
    """SQLite's transaction holds the only write lock already."""
    if tx.dialect.name == "postgresql":
        tx.execute(sa.select(sa.func.pg_advisory_xact_lock(_LOCK)))


def _first_look(store: Store) -> str | None:
    """The revision; this is the first time that anything is asked of the database."""
    with opening(store), store.reading() as tx:
        return _revision(tx)


@contextlib.contextmanager
def opening(store: Store) -> Iterator[None]:
    """UserError when the database cannot be opened."""
    try:
        yield
    except (sa.exc.DatabaseError, SystemStopped) as error:
        found = error if isinstance(error, sa.exc.DatabaseError) else error.__cause__
        if not isinstance(found, sa.exc.DatabaseError):
            raise
        where = store.url.render_as_string(hide_password=True)
        raise UserError("state.closed", where=where, reason=str(found.orig).strip()) from error


def version(store: Store) -> str | None:
    """What the database shows as its version, whatever that is; None for one without."""
    with opening(store), store.reading() as tx:
        return version_in(tx) if VERSION in table_names(tx) else None


def version_in(tx: Tx) -> str:
    """The same, of a database that shows one."""
    return str(tx.execute(sa.select(_VERSION.c.version_num)).scalar_one_or_none())


def _revision(tx: Tx) -> str | None:
    """Which revision this database is at; None for an empty one."""
    names = table_names(tx)
    where = tx.engine.url.render_as_string(hide_password=True)
    if VERSION in names:
        revision = version_in(tx)
        if revision.startswith("ringren_"):
            return revision
        if revision.startswith(MOVED):
            to, at = tx.execute(sa.select(_MOVED_TABLE)).one()
            raise UserError("state.moved", where=where, to=to, at=at[:16].replace("T", " "))
        if revision.startswith(KEPT):
            raise UserError("state.is_backup", where=where)
        if revision.startswith(_UNDER_WAY):
            raise UserError("state.moving", where=where)
    elif all(name.startswith("procrastinate_") for name in names):
        return None
    raise UserError("state.foreign", where=where)


def table_names(tx: Tx) -> set[str]:
    """The tables that there are, ours or not."""
    if tx.dialect.name == "sqlite":
        found = "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT GLOB 'sqlite_*'"
    else:
        found = "SELECT tablename FROM pg_tables WHERE schemaname = current_schema()"
    return set(tx.exec_driver_sql(found).scalars())
