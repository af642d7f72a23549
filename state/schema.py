"""Makes the tables, or brings those of an older Ringren up to date.

Usually there is nothing to do: `prepare` then costs two small reads and does not import alembic,
which takes a third of a second.
"""

from __future__ import annotations

import sqlalchemy as sa

from rules.errors import UserError
from state.store import Store, Tx
from state.tables import metadata

HEAD = "ringren_0001"
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
    UserError when the database is of a newer Ringren, or is not Ringren's.
    """
    with store.reading() as tx:
        if _revision(tx) == HEAD:
            return
    with store.transaction() as tx:
        _lock(tx)
        revision = _revision(tx)
        if revision is None:
            create(tx)


def create(tx: Tx) -> None:
    """Make all tables and triggers in an empty database, marked as the newest revision."""
    metadata.create_all(tx)
    _VERSION_TABLE.create(tx)
    tx.execute(_VERSION.insert().values(version_num=HEAD))


def _lock(tx: Tx) -> None:
    """SQLite's transaction holds the only write lock already."""
    if tx.dialect.name == "postgresql":
        tx.execute(sa.select(sa.func.pg_advisory_xact_lock(_LOCK)))


def _revision(tx: Tx) -> str | None:
    """Which revision this database is at; None for an empty one."""
    names = _table_names(tx)
    if _VERSION.name in names:
        return str(tx.execute(sa.select(_VERSION.c.version_num)).scalar_one())
    if any(not name.startswith("procrastinate_") for name in names):
        raise UserError("state.foreign")
    return None


def _table_names(tx: Tx) -> set[str]:
    if tx.dialect.name == "sqlite":
        found = "SELECT name FROM sqlite_master WHERE type = 'table'"
    else:
        found = "SELECT tablename FROM pg_tables WHERE schemaname = current_schema()"
    return set(tx.exec_driver_sql(found).scalars())
