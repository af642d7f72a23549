"""A backup: everything that is kept, in one SQLite file, read back and compared.

Both kinds of database are backed up in one way, that of `sync migrate` (state/moving.py): one
snapshot is copied table by table, and what arrived is read back and held against it. The snapshot is
a reading transaction, which on neither database keeps a writer waiting: an opt-out is recorded while
it is open as at any other time. No program of PostgreSQL's has to be there or to be of the right
version, and a backup of one kind of database can be restored into the other.

The file is an ordinary database whose version says that it is a backup, so that nobody works in it by
accident. Its table `backup` holds one row: when it was made and by whom, and what has to stand in it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Final

import orjson
import sqlalchemy as sa

from rules.errors import InvariantBroken, UserError
from state import acts, contents, schema
from state.keys import sync_folder
from state.ledger import Head, head, verify
from state.moving import Advance, Filling, Leaving
from state.store import Store, Tx
from state.tables import metadata

PART: Final = ".part"
_BESIDE: Final = ("-wal", "-shm", "-turn")
_IDENT: Final = "backup"
_MANIFEST: Final = sa.Table("backup", sa.MetaData(), sa.Column("told", sa.LargeBinary))


@dataclass(frozen=True, slots=True)
class Manifest:
    """What a backup says of itself. `tables`: rows, and a hash of what stands in them."""

    at: datetime
    by: str
    source: str
    revision: str
    ledger: Head
    acts: acts.Head
    tables: Mapping[str, tuple[int, str]]

    @property
    def rows(self) -> int:
        """Of all tables together."""
        return sum(rows for rows, _ in self.tables.values())


def rows(store: Store) -> int:
    """How many there are to back up."""
    with store.reading() as tx:
        count = sa.func.count
        return sum(
            tx.execute(sa.select(count()).select_from(table)).scalar_one()
            for table in metadata.sorted_tables
        )


# --- making one -------------------------------------------------------------------------------


def write(old: Store, file: Path, advance: Advance, *, by: str, at: datetime) -> Manifest:
    """Copy all into the new file `file`, compared; InvariantBroken, and no file, if that fails.

    UserError when the chains of the old database are broken, or the file is there already.
    """
    if file.exists():
        raise UserError("backup.exists", file=file)
    part = file.with_name(file.name + PART)
    _remove(part)
    try:
        manifest = _filled(old, part, advance, by=by, at=at)
        _whole(part)
        # Nobody else has the name: the folder is the operator's, the name carries the second.
        part.replace(file)
        sync_folder(file.parent)
    finally:
        _remove(part)
    return manifest


def _filled(old: Store, part: Path, advance: Advance, *, by: str, at: datetime) -> Manifest:
    new = Store(f"sqlite:///{part}")
    filling = Filling(new, _IDENT, advance)
    try:
        filling.begin()
        with Leaving(old) as leaving, leaving.snapshot() as tx:
            if verify(tx).problems or acts.problems(tx)[1]:
                raise UserError("backup.chain_broken")
            filling.level(tx)
            manifest = Manifest(
                at,
                by,
                old.url.render_as_string(hide_password=True),
                schema.HEAD,
                head(tx),
                acts.head(tx),
                {str(name): (one.rows, str(one)) for name, one in filling.there.items()},
            )
        with new.transaction() as tx:
            schema.guard(tx)
            label(tx, manifest)
    finally:
        new.close()
    return manifest


def label(tx: Tx, manifest: Manifest) -> None:
    """Have a database say that it is a backup, and what has to stand in it."""
    schema.mark(tx, schema.KEPT + manifest.revision)
    _MANIFEST.create(tx)
    tx.execute(_MANIFEST.insert().values(told=_written(manifest)))


def _whole(part: Path) -> None:
    """One file that needs no other beside it."""
    store = Store(f"sqlite:///{part}")
    try:
        with store.engine.connect() as connection:
            raw: Any = connection.connection.driver_connection
            raw.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
            (mode,) = raw.execute("PRAGMA journal_mode=DELETE").fetchone()
            if mode != "delete":
                raise InvariantBroken(f"a backup is left with a journal: {mode}")
    finally:
        store.close()


def _remove(part: Path) -> None:
    for end in ("", *_BESIDE):
        part.with_name(part.name + end).unlink(missing_ok=True)


def _written(manifest: Manifest) -> bytes:
    told = {
        "at": manifest.at.isoformat(),
        "by": manifest.by,
        "source": manifest.source,
        "revision": manifest.revision,
        "ledger": [manifest.ledger.seq, manifest.ledger.chain.hex()],
        "acts": [manifest.acts.seq, manifest.acts.chain.hex()],
        "tables": dict(manifest.tables),
    }
    return orjson.dumps(told)


# --- reading one ------------------------------------------------------------------------------


def manifest_of(tx: Tx) -> Manifest:
    """What a backup says of itself; UserError for a file that is none."""
    names = schema.table_names(tx)
    version = schema.version_in(tx) if schema.VERSION in names else ""
    if _MANIFEST.name not in names or not version.startswith(schema.KEPT):
        raise UserError("restore.no_backup")
    told = orjson.loads(tx.execute(sa.select(_MANIFEST.c.told)).scalar_one())
    return Manifest(
        datetime.fromisoformat(told["at"]),
        told["by"],
        told["source"],
        told["revision"],
        Head(told["ledger"][0], bytes.fromhex(told["ledger"][1])),
        acts.Head(told["acts"][0], bytes.fromhex(told["acts"][1])),
        {name: (one[0], one[1]) for name, one in told["tables"].items()},
    )


def opened(copy: Store) -> Manifest:
    """Turn a copy of a backup into a database of this version; gives what the backup says of itself.

    UserError when it is none, is damaged, or comes from a newer Ringren.
    """
    with copy.transaction() as tx:
        manifest = manifest_of(tx)
        if any(_faults(tx, manifest)):
            raise UserError("restore.damaged")
        _MANIFEST.drop(tx)
        schema.mark(tx, manifest.revision)
    schema.prepare(copy)
    return manifest


def _faults(tx: Tx, manifest: Manifest) -> Iterator[bool]:
    """Whether it differs from what was written. One of an older version is compared by its numbers:
    its tables are not ours."""
    yield tx.exec_driver_sql("PRAGMA quick_check(1)").scalar_one() != "ok"
    if manifest.revision != schema.HEAD:
        for name, (number, _) in manifest.tables.items():
            counted = sa.select(sa.func.count()).select_from(sa.table(name))
            yield tx.execute(counted).scalar_one() != number
        return
    for table in metadata.sorted_tables:
        found = contents.of_table(tx, table)
        yield (found.rows, str(found)) != manifest.tables[table.name]
    checked = verify(tx)
    yield bool(checked.problems) or checked.head != manifest.ledger
    yield bool(acts.problems(tx)[1]) or acts.head(tx) != manifest.acts
