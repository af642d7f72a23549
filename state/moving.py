"""Moves everything that is kept into another database, and proves that it arrived.

One snapshot is copied, table by table, and each table is read back from there and compared: how
many rows, and a hash of what stands in them. What is written to the old database meanwhile is
brought after in another turn. Once a turn has passed in which nobody wrote, the old database is
closed for good, in the transaction that saw so; only then does the new one open.

The version that each database shows says how far it has come:

    the new one   moving_ID    being filled; nobody can use it
                  arrived_ID   equal to the old one; it opens as soon as that one is closed
    the old one   moved_ID     closed. Its tables bear other names, so that who still has it open can
                               neither write there nor read what is out of date

Killed at any instant, the same move goes on where it stood.
"""

from __future__ import annotations

import contextlib
import hashlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final, Self

import sqlalchemy as sa

from rules.errors import InvariantBroken, UserError
from state import acts, contents, schema
from state.contents import EMPTY, Content
from state.ledger import Head, head, verify
from state.store import Store, Tx
from state.tables import key_ids, metadata

_MAY_IDLE: Final = "SET LOCAL idle_in_transaction_session_timeout = 0"
TURNS: Final = 5
"""So often others may write meanwhile; the turn after holds them off."""

LISTS: Final = frozenset(
    {
        *("ledger", "ledger_keys", "ledger_payload", "ledger_rehashed", "key_ids", "acts"),
        *("requests", "deliveries", "receipts", "users", "sessions", "tokens"),
    }
)
"""The list of opt-outs, what people did and may do: no other table refers to these, nor they to it."""

Advance = Callable[[str, int], object]
"""Told of each batch: `copied` or `compared`, and of how many rows."""


@dataclass(frozen=True, slots=True)
class Survey:
    """What there is to move. `again`: a move that was broken off goes on."""

    tables: Mapping[str, int]
    ledger: Head
    again: bool

    @property
    def rows(self) -> int:
        """Of all tables together."""
        return sum(self.tables.values())


@dataclass(frozen=True, slots=True)
class Moved:
    """What arrived, as it was read back, and where the ledger ends on both sides."""

    tables: Mapping[str, Content]
    ledger: Head
    turns: int


# --- before -----------------------------------------------------------------------------------


def survey(old: Store, new: Store) -> Survey:
    """Look at both sides. UserError when the new database is in use, or the old one's chain broken."""
    ident = _ident(old)
    version = schema.version(old)
    with schema.opening(new), new.reading() as tx:
        _refuse_encoding(tx)
        there = _standing(tx)
    if version == f"moved_{ident}" and there == f"arrived_{ident}":
        return Survey({}, Head(0, b""), again=True)
    if version != schema.HEAD:
        schema.prepare(old)
    if there not in (None, f"moving_{ident}", f"arrived_{ident}"):
        raise UserError("move.not_empty", where=_shown(new))
    with old.reading() as tx:
        checked = verify(tx)
        if checked.problems or acts.problems(tx)[1]:
            raise UserError("move.chain_broken")
        counts = {table.name: _count(tx, table) for table in metadata.sorted_tables}
    return Survey(counts, checked.head, again=there is not None)


def _ident(old: Store) -> str:
    """The same for each look at one database, another one for every other: by place and keys."""
    state = hashlib.blake2b(_shown(old).encode(), digest_size=8)
    with schema.opening(old), old.reading() as tx:
        names = schema.table_names(tx)
        for name in {key_ids.name, schema.MOVED + key_ids.name} & names:
            keys = sa.table(name, sa.column("key_id"), sa.column("check_value"))
            for row in sorted(tx.execute(sa.select(keys)).all()):
                state.update(row.key_id.encode() + bytes(row.check_value))
    return state.hexdigest()


def _shown(store: Store) -> str:
    return store.url.render_as_string(hide_password=True)


def _count(tx: Tx, table: sa.Table) -> int:
    return int(tx.execute(sa.select(sa.func.count()).select_from(table)).scalar_one())


def _standing(tx: Tx) -> str | None:
    """How far a database has come that is filled; None for one that holds nothing."""
    names = schema.table_names(tx)
    if all(name.startswith("procrastinate_") for name in names):
        return None
    return schema.version_in(tx) if schema.VERSION in names else "foreign"


def _refuse_encoding(tx: Tx) -> None:
    """Names of people are written in all scripts."""
    if tx.dialect.name == "postgresql":
        encoding = tx.exec_driver_sql("SHOW server_encoding").scalar_one()
        if encoding != "UTF8":
            raise UserError("move.encoding", encoding=encoding)


# --- the move ---------------------------------------------------------------------------------


def move(
    old: Store, new: Store, advance: Advance, *, actor: str, now: Callable[[], datetime]
) -> Moved:
    """Do it; gives what was compared. Everything that `survey` refuses must have been refused."""
    ident = _ident(old)
    filling = Filling(new, ident, advance)
    with Leaving(old) as leaving:
        if schema.version(old) != f"moved_{ident}":
            _bring_over(leaving, filling, _shown(new), now)
    _open(new, ident, actor, now())
    return Moved(filling.there, filling.ledger, filling.turns)


def _bring_over(leaving: Leaving, filling: Filling, to: str, now: Callable[[], datetime]) -> None:
    filling.begin()
    seen = None
    for turn in range(TURNS + 1):
        with leaving.held() as tx:
            still = leaving.moment(tx) == seen
            if still or turn == TURNS:
                if not still:
                    filling.level(tx)
                filling.arrive(tx)
                schema.close(tx, f"moved_{filling.ident}", to, now())
                return
        with leaving.snapshot() as tx:
            seen = leaving.moment(tx)
            filling.level(tx)


class Leaving:
    """A database that is left, through one connection, which can tell whether others have written."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._connection = store.engine.connect()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._connection.close()

    @contextlib.contextmanager
    def snapshot(self) -> Iterator[Tx]:
        """As it stands now; others go on writing."""
        tx = self._connection.execution_options(ringren_read_only=True)
        with tx.begin():
            if not self._store.is_sqlite:
                tx.exec_driver_sql("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
                tx.exec_driver_sql(_MAY_IDLE)
            yield tx

    @contextlib.contextmanager
    def held(self) -> Iterator[Tx]:
        """Nobody else writes; on PostgreSQL nobody reads either."""
        tx = self._connection.execution_options(ringren_read_only=False)
        with tx.begin():
            if not self._store.is_sqlite:
                tx.exec_driver_sql(_MAY_IDLE)
                names = ", ".join(f'"{table.name}"' for table in metadata.sorted_tables)
                tx.exec_driver_sql(f"LOCK TABLE {names} IN ACCESS EXCLUSIVE MODE")
            yield tx

    def moment(self, tx: Tx) -> str:
        """Changes when somebody else has written."""
        # SQLite takes its snapshot at the first look at a table.
        tx.execute(sa.select(key_ids.c.key_id)).all()
        if self._store.is_sqlite:
            return str(tx.exec_driver_sql("PRAGMA data_version").scalar_one())
        return str(tx.exec_driver_sql("SELECT pg_current_snapshot()::text").scalar_one())


class Filling:
    """A database that is filled. `there`: what its tables hold, as it was read back from them."""

    def __init__(self, store: Store, ident: str, advance: Advance) -> None:
        self._store, self.ident, self._advance = store, ident, advance
        self.there: dict[str, Content] = {}
        self.ledger = Head(0, b"")
        self.turns = 0

    def begin(self) -> None:
        """Tables without triggers and indexes, or those of the move that was broken off."""
        with self._store.transaction() as tx:
            if _standing(tx) is None:
                schema.lay_out(tx, f"moving_{self.ident}")
            else:
                schema.mark(tx, f"moving_{self.ident}")
        with self._store.reading() as tx:
            self.there = {
                table.name: self._read_back(tx, table) if contents.has_rows(tx, table) else EMPTY
                for table in metadata.sorted_tables
            }

    def level(self, old: Tx, lists: Tx | None = None) -> None:
        """Make every table hold what it holds in `old`. What does already is not copied again.

        `lists`: where the tables LISTS are taken from instead.
        """
        self.turns += 1
        of = _sources(old, lists)
        stale = self._stale(of)
        with self._store.transaction() as tx:
            for table in reversed(metadata.sorted_tables):
                if table.name in stale and self.there[table.name] != EMPTY:
                    tx.execute(sa.delete(table))
                    self.there[table.name] = EMPTY
        for table in metadata.sorted_tables:
            if table.name in stale:
                self._copy(of[table.name], table)
        with self._store.transaction() as tx:
            for table in metadata.sorted_tables:
                contents.count_on(of[table.name], tx, table)
            schema.index(tx)
        self.ledger = self._same_ledger(old if lists is None else lists)

    def _stale(self, of: Mapping[str, Tx]) -> set[str]:
        """Tables that differ, and those that refer to them: rows must not point to nothing."""
        stale: set[str] = set()
        for table in metadata.sorted_tables:
            parents = {key.column.table.name for key in table.foreign_keys}
            there = self.there[table.name]
            if there == EMPTY:
                differs = contents.has_rows(of[table.name], table)
            else:
                differs = contents.of_table(of[table.name], table) != there
            if differs or stale & parents:
                stale.add(table.name)
        return stale

    def _copy(self, old: Tx, table: sa.Table) -> None:
        content = EMPTY
        with self._store.transaction() as tx:
            for rows in contents.batches(old, table):
                contents.put(tx, table, rows)
                content = contents.added(content, rows)
                self._advance("copied", len(rows))
        with self._store.reading() as tx:
            self.there[table.name] = self._read_back(tx, table)
        if self.there[table.name] != content:
            raise InvariantBroken(f"{table.name} arrived otherwise than it left")

    def _read_back(self, tx: Tx, table: sa.Table) -> Content:
        content = EMPTY
        for rows in contents.batches(tx, table):
            content = contents.added(content, rows)
            self._advance("compared", len(rows))
        return content

    def _same_ledger(self, old: Tx) -> Head:
        """Follow the chain that arrived; InvariantBroken unless it ends as the old one does."""
        with self._store.reading() as tx:
            checked = verify(tx)
            _, broken = acts.problems(tx)
            same = checked.head == head(old) and acts.head(tx) == acts.head(old)
        if checked.problems or broken or not same:
            raise InvariantBroken("the ledger arrived otherwise than it left")
        return checked.head

    def arrive(self, old: Tx) -> None:
        """From here on the old database may be closed."""
        if self.ledger != head(old):
            raise InvariantBroken("the ledger grew unseen")
        with self._store.transaction() as tx:
            schema.mark(tx, f"arrived_{self.ident}")


def _sources(old: Tx, lists: Tx | None) -> Mapping[str, Tx]:
    """Which database each table is taken from."""
    names = [table.name for table in metadata.sorted_tables]
    return {name: lists if lists is not None and name in LISTS else old for name in names}


def _open(new: Store, ident: str, actor: str, now: datetime) -> None:
    """The old one is closed: this one is the installation's from now on."""
    with new.transaction() as tx:
        if schema.version_in(tx) != f"arrived_{ident}":
            raise UserError("move.not_empty", where=_shown(new))
        schema.guard(tx)
        schema.mark(tx, schema.HEAD)
        acts.record(tx, "database.moved", ident, by=actor, login=actor, at=now)
        if not new.is_sqlite:
            tx.exec_driver_sql("ANALYZE")
