"""Makes the tables, or brings those of an older Ringren up to date.

Usually there is nothing to do: `prepare` then costs two small reads (under a millisecond), and
does not import Alembic, which costs a hundred times that.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import Any

import sqlalchemy as sa

from rules.errors import InvariantBroken, UserError
from state.acts import ACTS_DDL
from state.chain import LEDGER_DDL
from state.store import Store, Tx
from state.tables import metadata

HEAD = "ringren_0015"
"""The newest revision in state/migrations/versions."""

_VERSION = sa.table("alembic_version", sa.column("version_num", sa.String))
_VERSION_TABLE = sa.Table(
    "alembic_version",
    sa.MetaData(),
    sa.Column("version_num", sa.String(32), nullable=False),
    sa.PrimaryKeyConstraint("version_num", name="alembic_version_pkc"),
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
    for statement in (*LEDGER_DDL[tx.dialect.name], *ACTS_DDL[tx.dialect.name]):
        tx.exec_driver_sql(statement)
    _VERSION_TABLE.create(tx)
    tx.execute(_VERSION.insert().values(version_num=HEAD))


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
    try:
        with store.reading() as tx:
            return _revision(tx)
    except sa.exc.DatabaseError as error:
        where = store.url.render_as_string(hide_password=True)
        raise UserError("state.closed", where=where, reason=str(error.orig).strip()) from error


def _revision(tx: Tx) -> str | None:
    """Which revision this database is at; None for an empty one."""
    names = _table_names(tx)
    if _VERSION.name in names:
        revision = str(tx.execute(sa.select(_VERSION.c.version_num)).scalar_one_or_none())
        if revision.startswith("ringren_"):
            return revision
    elif all(name.startswith("procrastinate_") for name in names):
        return None
    raise UserError("state.foreign", where=tx.engine.url.render_as_string(hide_password=True))


def _table_names(tx: Tx) -> set[str]:
    if tx.dialect.name == "sqlite":
        found = "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT GLOB 'sqlite_*'"
    else:
        found = "SELECT tablename FROM pg_tables WHERE schemaname = current_schema()"
    return set(tx.exec_driver_sql(found).scalars())
