"""Brings a backup back, and never an opt-out out of the world.

What was recorded after the backup, in the database that the backup replaces, is kept: where that one's
chains go on from those of the backup, the list of opt-outs, what people did, and who may do what
(`moving.LISTS`) are taken from it, and everything else from the backup. What was erased since stays so.

The new database is filled beside the old one. The last steps are those of a move: the old one is closed
in the transaction that has seen its end, the new one opens, and in place of a file its pages go into
that file, in one transaction of SQLite's. Killed at any instant, the same restore goes on.
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any, Final

import sqlalchemy as sa

from rules.errors import InvariantBroken, SystemStopped, UserError
from rules.keys import KeyKind
from state import acts, match_keys, purge, schema
from state.keys import EVENT_IDS
from state.ledger import Head, head, verify
from state.ledger_rows import chunks, keys_of
from state.moving import Advance, Filling, Leaving
from state.store import Store, Tx
from state.tables import acts as acts_table
from state.tables import cursors, key_ids, ledger, ledger_payload, mirror

Closed = tuple[str, datetime] | None
"""Where to, and when, the database in use is closed; None: it stays as it is."""


class Elder(StrEnum):
    """How the database that a backup replaces stands to it."""

    NONE = "none"
    """There is none, or nothing in it."""
    SAME = "same"
    NEWER = "newer"
    """It goes on from the backup: what came since is kept."""
    OLDER = "older"
    """The backup goes on from it."""
    OTHER = "other"
    """Both hold what the other one does not, or they are of two installations."""
    UNREADABLE = "unreadable"
    """Damaged, or its chains are broken."""


@dataclass(frozen=True, slots=True)
class Look:
    """What would be lost, or kept: entries and acts that the backup does not have."""

    elder: Elder
    entries: int = 0
    acts: int = 0

    @property
    def is_kept(self) -> bool:
        """Whether the list of opt-outs is taken from the database in use."""
        return self.elder in {Elder.SAME, Elder.NEWER}

    @property
    def loses(self) -> bool:
        """Whether something newer may go: nobody can say that it does not."""
        return self.elder in {Elder.OTHER, Elder.UNREADABLE}


def ident(made_at: datetime, last: Head) -> str:
    """The same for each restore of one backup."""
    told = f"{made_at.isoformat()} {last.seq}:{last.chain.hex()}"
    return hashlib.blake2b(told.encode(), digest_size=8).hexdigest()


# --- before -----------------------------------------------------------------------------------


def look(copy: Store, elder: Store) -> Look:
    """Hold the chains of both against each other. `copy` is a backup that was opened."""
    try:
        if schema.version(elder) is None:
            return Look(Elder.NONE)
        schema.prepare(elder)
        with copy.reading() as old, elder.reading() as new:
            if verify(new).problems or acts.problems(new)[1]:
                return Look(Elder.UNREADABLE)
            return _compared(old, new)
    except (UserError, SystemStopped, sa.exc.DatabaseError):
        return Look(Elder.UNREADABLE)


def _compared(copy: Tx, elder: Tx) -> Look:
    ours, theirs = (head(copy), acts.head(copy)), (head(elder), acts.head(elder))
    entries, done = theirs[0].seq - ours[0].seq, theirs[1].seq - ours[1].seq
    if not _same_keys(copy, elder):
        return Look(Elder.OTHER, theirs[0].seq, theirs[1].seq)
    if _leads_to(elder, ours):
        return Look(Elder.SAME if theirs == ours else Elder.NEWER, entries, done)
    if _leads_to(copy, theirs):
        return Look(Elder.OLDER)
    return Look(Elder.OTHER, max(entries, 0), max(done, 0))


def _same_keys(copy: Tx, elder: Tx) -> bool:
    """Whether both are of one installation: the secret of the event ids is never changed."""
    query = sa.select(key_ids.c.check_value).where(key_ids.c.key_id == EVENT_IDS)
    ours, theirs = (tx.execute(query).scalar_one_or_none() for tx in (copy, elder))
    return ours is None or theirs is None or bytes(ours) == bytes(theirs)


def _leads_to(tx: Tx, heads: tuple[Head, acts.Head]) -> bool:
    """Whether both chains pass through these."""
    for table, (seq, chain) in zip((ledger, acts_table), heads, strict=True):
        found = sa.select(table.c.chain).where(table.c.seq == seq)
        if seq and tx.execute(found).scalar_one_or_none() != chain:
            return False
    return True


# --- the restore ------------------------------------------------------------------------------


class Restore:
    """One backup, opened as `copy`, into the new database `new`. `name`: its `ident`."""

    def __init__(self, copy: Store, new: Store, name: str, advance: Advance) -> None:
        self._copy, self._new, self._name = copy, new, name
        self._filling = Filling(new, name, advance)

    def fill(self, elder: Store | None) -> None:
        """All but the last step; others may go on working in `elder`, whose lists are kept."""
        self._filling.begin()
        with Leaving(self._copy) as leaving, leaving.snapshot() as tx:
            if elder is None:
                self._filling.level(tx)
                self._filling.arrive(tx)
                return
            with Leaving(elder) as other, other.snapshot() as lists:
                self._filling.level(tx, lists)

    def take_over(self, elder: Store, since: datetime, *, keeps: bool, closed: Closed) -> None:
        """Bring what has become new in `elder` since `fill`, and close it where it ends here."""
        with (
            Leaving(self._copy) as leaving,
            leaving.snapshot() as tx,
            Leaving(elder) as other,
            other.held() if closed else other.snapshot() as last,
        ):
            if keeps:
                self._filling.level(tx, last)
                self._forget(tx, last, since)
            self._filling.arrive(last if keeps else tx)
            if closed:
                schema.close(last, f"{schema.MOVED}{self._name}", *closed)

    def _forget(self, copy: Tx, last: Tx, since: datetime) -> None:
        """Records of people who were erased after the backup, and those whose time had run out."""
        carriers = match_keys.rids(copy, _erased(last, since))
        living = _standing(last, carriers, mirror.c.deleted_at.is_(None))
        deleted = set(copy.execute(_DELETED).scalars())
        gone = (set(carriers) - living) | (deleted - _standing(last, deleted, sa.true()))
        with self._new.transaction() as tx:
            for some in chunks(sorted(gone)):
                purge.erase_records(tx, some, (), since)
            for some in chunks(sorted(living)):
                purge.erase_records(tx, (), some, since)

    def open(self, *, actor: str, at: datetime, source: str) -> None:
        """From here on it is the installation's; nothing to do where it is already."""
        with self._new.transaction() as tx:
            if schema.version_in(tx) == schema.HEAD:
                return
            if schema.version_in(tx) != f"arrived_{self._name}":
                raise InvariantBroken("a restore was opened before it arrived")
            schema.guard(tx)
            schema.mark(tx, schema.HEAD)
            # How far each system was read has gone back: until it is read again no list is let go.
            tx.execute(sa.update(cursors).values(_UNREAD))
            acts.record(tx, "database.restored", source, by=actor, login=actor, at=at)
            if not self._new.is_sqlite:
                tx.exec_driver_sql("ANALYZE")


def pour(new: Store, target: Store) -> None:
    """Put all that stands in one file into another, which others may have open; all of it or nothing."""
    with new.engine.connect() as source, target.engine.connect() as there:
        raw: Any = source.connection.driver_connection
        raw.backup(there.connection.driver_connection)


def _erased(tx: Tx, since: datetime) -> set[bytes]:
    """Hashes of whoever was erased after `since`: of persons, not of the company they are in."""
    query = sa.select(ledger_payload.c.seq).where(ledger_payload.c.erased_at > since)
    rows = keys_of(tx, tx.execute(query).scalars().all())
    return {
        bytes(row.digest) for some in rows.values() for row in some if row.key_kind not in _SHARED
    }


def _standing(tx: Tx, rids: Collection[int], where: sa.ColumnElement[bool]) -> set[int]:
    return {
        rid
        for some in chunks(sorted(rids))
        for rid in tx.execute(
            sa.select(mirror.c.rid).where(mirror.c.rid.in_(some), where)
        ).scalars()
    }


_UNREAD: Final = dict.fromkeys(("moved_at", "compared_at", "holder", "leased_until"))
_DELETED: Final = sa.select(mirror.c.rid).where(mirror.c.deleted_at.is_not(None))
_SHARED: Final = frozenset(
    one.value for one in (KeyKind.MAIL_DOMAIN, KeyKind.CVR, KeyKind.P_NUMBER)
)
