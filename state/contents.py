"""What stands in a table: read in batches, compared by a hash, written into another database."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from typing import Any, Final, NamedTuple

import orjson
import sqlalchemy as sa

from state.store import Tx, bulk
from state.types import Json, encode

BATCH: Final = 5_000
_BITS: Final = 128


class Content(NamedTuple):
    """What stands in a table, in whatever order: how many rows, and a hash of them all."""

    rows: int = 0
    digest: int = 0

    def __str__(self) -> str:
        return f"{self.digest:032x}"


EMPTY: Final = Content()


def has_rows(tx: Tx, table: sa.Table) -> bool:
    """Whether anything stands in it."""
    return tx.execute(sa.select(sa.literal(1)).select_from(table).limit(1)).first() is not None


def batches(tx: Tx, table: sa.Table) -> Iterator[list[tuple[Any, ...]]]:
    """All rows, some thousands at a time: never more of them in memory."""
    found = tx.execute(sa.select(table), execution_options={"yield_per": BATCH})
    for rows in found.partitions():
        yield [tuple(row) for row in rows]


def of_table(tx: Tx, table: sa.Table) -> Content:
    """All that stands in it."""
    content = EMPTY
    for rows in batches(tx, table):
        content = added(content, rows)
    return content


def added(content: Content, rows: Sequence[tuple[Any, ...]]) -> Content:
    """The sum of the rows' hashes: databases sort text by different rules."""
    total = content.digest
    for row in rows:
        told = orjson.dumps(row, default=_octets, option=orjson.OPT_SORT_KEYS)
        total += int.from_bytes(hashlib.blake2b(told, digest_size=_BITS // 8).digest(), "big")
    return Content(content.rows + len(rows), total % (1 << _BITS))


def _octets(value: Any) -> str:
    return bytes(value).hex()


def put(tx: Tx, table: sa.Table, rows: list[tuple[Any, ...]]) -> None:
    """Write rows as `batches` gives them."""
    if tx.dialect.name == "sqlite":
        values = {
            column.name: sa.bindparam(f"b_{column.name}", type_=column.type) for column in table.c
        }
        bulk(tx, sa.insert(table).values(values), rows)
        return
    names = ", ".join(f'"{column.name}"' for column in table.c)
    texts = [at for at, column in enumerate(table.c) if isinstance(column.type, Json)]
    raw: Any = tx.connection.driver_connection
    with raw.cursor() as cursor, cursor.copy(f'COPY "{table.name}" ({names}) FROM STDIN') as out:
        for row in rows:
            out.write_row(_encoded(row, texts) if texts else row)


def _encoded(row: tuple[Any, ...], texts: Sequence[int]) -> list[Any]:
    values = list(row)
    for at in texts:
        if values[at] is not None:
            values[at] = encode(values[at])
    return values


def count_on(old: Tx, new: Tx, table: sa.Table) -> None:
    """The number of a row that was purged is never given out again, there as here."""
    column = next((one for one in table.c if one.autoincrement is True), None)
    if column is None:
        return
    newest = sa.select(sa.func.coalesce(sa.func.max(column), 0))
    last = max(_last_number(old, table, column), new.execute(newest).scalar_one())
    if not last:
        return
    if new.dialect.name == "sqlite":
        given = {"name": table.name, "seq": last}
        new.execute(sa.text("DELETE FROM sqlite_sequence WHERE name = :name"), given)
        new.execute(sa.text("INSERT INTO sqlite_sequence (name, seq) VALUES (:name, :seq)"), given)
    else:
        new.execute(sa.select(sa.func.setval(_sequence(new, table, column), last)))


def _last_number(tx: Tx, table: sa.Table, column: sa.Column[Any]) -> int:
    if tx.dialect.name == "sqlite":
        asked = sa.text("SELECT seq FROM sqlite_sequence WHERE name = :name")
        return int(tx.execute(asked, {"name": table.name}).scalar_one_or_none() or 0)
    name = _sequence(tx, table, column)
    last, is_called = tx.exec_driver_sql(f"SELECT last_value, is_called FROM {name}").one()  # noqa: S608
    return int(last) if is_called else 0


def _sequence(tx: Tx, table: sa.Table, column: sa.Column[Any]) -> str:
    asked = sa.select(sa.func.pg_get_serial_sequence(table.name, column.name))
    return str(tx.execute(asked).scalar_one())
