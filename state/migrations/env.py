"""What Alembic runs: on the connection it is given, in the transaction that is open there."""

from __future__ import annotations

from typing import Any

from alembic import context

from state.tables import metadata


def include_object(_thing: Any, name: str | None, kind: str, *_: Any) -> bool:
    """Leave alone the tables of the queue, which makes and migrates its own."""
    return not (kind == "table" and (name or "").startswith("procrastinate_"))


connection = context.config.attributes["connection"]
context.configure(
    connection=connection,
    target_metadata=metadata,
    include_object=include_object,
    # SQLite alters a table by making it anew.
    render_as_batch=connection.dialect.name == "sqlite",
    compare_type=True,
)
with context.begin_transaction():
    context.run_migrations()
