"""A closed year's figures in one file that anybody can read, and out of the database once they are safe there.

Tables of counts alone: what stands in them is about no person, so that a file of them may be kept for
ever. Everything personal ends by its own life (`state.purge`), and is never put aside to live on; the
ledger and the chains are not touched.

    counted   what a year has
    write     the file: lines of [table, row], in their order, and what they come to as the last one
    holds     reads one back; InvariantBroken when it is not whole
    remove    the year's rows, day by day, each of which stands in the file
"""

from __future__ import annotations

import gzip
import hashlib
import zlib
from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path
from typing import Final

import orjson
import sqlalchemy as sa

from rules.errors import InvariantBroken
from state.store import Store, Tx
from state.tables import api_calls, attempt_days, snapshots

TABLES: Final = (snapshots, api_calls, attempt_days)
"""Each has a row for a day and something that is counted."""
_PAGE: Final = 2000
_END: Final = "end"


def counted(tx: Tx, year: int) -> dict[str, int]:
    """Table -> rows of a year."""
    return {
        table.name: int(
            tx.execute(
                sa.select(sa.func.count()).select_from(table).where(_in(table, year))
            ).scalar_one()
        )
        for table in TABLES
    }


def years(tx: Tx, before: int) -> list[int]:
    """Years before that one of which there is anything, the oldest first."""
    found: set[int] = set()
    for table in TABLES:
        year = sa.func.substr(table.c.day, 1, 4)
        found.update(int(one) for one in tx.execute(sa.select(year).distinct()).scalars())
    return sorted(one for one in found if one < before)


def write(tx: Tx, year: int, path: Path) -> int:
    """A new file, for its owner alone; gives how many rows. FileExistsError when there is one."""
    digest, rows = hashlib.sha256(), 0
    path.touch(mode=0o600, exist_ok=False)
    # Without its name and time: the same rows are the same bytes.
    with path.open("wb") as raw, gzip.GzipFile("", "wb", fileobj=raw, mtime=0) as file:
        for table in TABLES:
            for line in _lines(tx, table, _in(table, year)):
                file.write(line + b"\n")
                digest.update(line)
                rows += 1
        file.write(orjson.dumps([_END, {"rows": rows, "sha256": digest.hexdigest()}]) + b"\n")
    return rows


def holds(path: Path) -> frozenset[bytes]:
    """The rows of a file, each as its hash; InvariantBroken when it is not what was written."""
    digest, found, said = hashlib.sha256(), set(), None
    try:
        with gzip.open(path, "rb") as file:
            for text in file:
                line = text.rstrip(b"\n")
                if said is not None:
                    raise InvariantBroken(f"{path} goes on behind its end")
                if line.startswith(b'["end",'):
                    said = orjson.loads(line)[1]
                    continue
                digest.update(line)
                found.add(_hash(line))
    except (OSError, EOFError, zlib.error, orjson.JSONDecodeError) as error:
        raise InvariantBroken(f"{path} cannot be read") from error
    if said is None or (said["rows"], said["sha256"]) != (len(found), digest.hexdigest()):
        raise InvariantBroken(f"{path} is not what was written")
    return frozenset(found)


def missing(tx: Tx, year: int, kept: frozenset[bytes]) -> int:
    """How many of the year's rows do not stand in a file."""
    return sum(
        _hash(line) not in kept for table in TABLES for line in _lines(tx, table, _in(table, year))
    )


def remove(store: Store, year: int, kept: frozenset[bytes]) -> int:
    """A day in each transaction, so that an opt-out never waits; gives how many rows went."""
    day, gone = date(year, 1, 1), 0
    while day.year == year:
        with store.transaction() as tx:
            gone += sum(_remove(tx, table, day, kept) for table in TABLES)
        day += timedelta(days=1)
    return gone


def _remove(tx: Tx, table: sa.Table, day: date, kept: frozenset[bytes]) -> int:
    of_day = table.c.day == day.isoformat()
    if not all(_hash(line) in kept for line in _lines(tx, table, of_day)):
        raise InvariantBroken(f"{table.name} of {day} stands in no file")
    return int(tx.execute(sa.delete(table).where(of_day)).rowcount)


def _lines(tx: Tx, table: sa.Table, which: sa.ColumnElement[bool]) -> Iterator[bytes]:
    names = [str(column.name) for column in table.columns]
    query = sa.select(table).where(which).order_by(*table.primary_key.columns)
    for row in tx.execute(query, execution_options={"yield_per": _PAGE}):
        yield orjson.dumps([str(table.name), dict(zip(names, row, strict=True))])


def _in(table: sa.Table, year: int) -> sa.ColumnElement[bool]:
    return table.c.day.between(f"{year:04}-01-01", f"{year:04}-12-31")


def _hash(line: bytes) -> bytes:
    return hashlib.blake2b(line, digest_size=16).digest()
