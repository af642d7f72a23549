"""How much room the database takes."""

from __future__ import annotations

from pathlib import Path

import sqlalchemy as sa

from state.store import Tx


def sizes(tx: Tx) -> tuple[int, int | None]:
    """Bytes of the database and of its write-ahead log; None for a log that is the server's."""
    if tx.dialect.name == "postgresql":
        size = tx.execute(sa.select(sa.func.pg_database_size(sa.func.current_database())))
        return int(size.scalar_one()), None
    pages = tx.exec_driver_sql("PRAGMA page_count").scalar_one()
    size_of_page = tx.exec_driver_sql("PRAGMA page_size").scalar_one()
    # Where the connection has tables of its own, a second row stands for those.
    files = {row[1]: row[2] for row in tx.exec_driver_sql("PRAGMA database_list")}
    return int(pages) * int(size_of_page), _bytes(Path(f"{files['main']}-wal"))


def _bytes(file: Path) -> int:
    """It comes and goes with whoever has the database open."""
    try:
        return file.stat().st_size
    except FileNotFoundError:
        return 0
