"""The keyed hashes that each record carries: how a new opt-out finds whom it reaches.

Hashes come in no order, so writing many of them through an index costs five times as much as
making the index afterwards. A first load puts it aside and makes it again at its end. Without it
every look-up gives the same answer, only slower: a kill in between harms nobody, and the next pass
makes it.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Final

import sqlalchemy as sa

from rules.records import Kind, Ref
from state import doubles, unmatched
from state.ledger_rows import chunks
from state.store import Store, Tx, among, bulk
from state.tables import cursors, match_keys, match_keys_by_digest, mirror

_LOCK: Final = int("digest", 36)
MANY: Final = 50_000
"""Records from which on putting the index aside pays."""

_INSERT: Final = sa.insert(match_keys).values(
    rid=sa.bindparam("b_rid"), key_kind=sa.bindparam("b_kind"), digest=sa.bindparam("b_digest")
)

_DELETE: Final = sa.delete(match_keys).where(
    match_keys.c.rid == sa.bindparam("b_rid"),
    match_keys.c.key_kind == sa.bindparam("b_kind"),
    match_keys.c.digest == sa.bindparam("b_digest"),
)


def replace(
    tx: Tx,
    rids: Sequence[int],
    rows: Sequence[tuple[int, str, bytes]],
    *,
    fresh: bool,
    watched: bool = True,
) -> None:
    """(rid, kind, digest) rows in place of all that these rids carried; `fresh`: they had none.

    `watched`: there are parties, which may come to an end with a key.
    """
    old = set() if fresh else carried_by(tx, rids)
    new = dict.fromkeys(rows)
    # In their order, so that pages fill up one after the other.
    come = [row for row in new if row not in old] if old else list(new)
    gone = old.difference(new)
    if gone or come:
        following = doubles.Following(tx, (digest for _, _, digest in (*gone, *come)))
        bulk(tx, _DELETE, list(gone))
        bulk(tx, _INSERT, come)
        following.end()
        if gone and watched:
            unmatched.mark(tx, {rid for rid, _, _ in gone})
            unmatched.mark_carriers(tx, {digest for _, _, digest in gone})


def carried_by(tx: Tx, rids: Sequence[int]) -> set[tuple[int, str, bytes]]:
    """(rid, kind, hash) of all keys that these records carry."""
    found = tx.execute(
        sa.select(match_keys.c.rid, match_keys.c.key_kind, match_keys.c.digest).where(
            among(tx, match_keys.c.rid, rids)
        )
    )
    return {(row.rid, row.key_kind, bytes(row.digest)) for row in found}


def put_index_aside(tx: Tx, coming: int) -> None:
    """Drop the index by hash when `coming` records, the most of all, are about to be written."""
    records = tx.execute(sa.select(sa.func.coalesce(sa.func.sum(cursors.c.records), 0)))
    if coming >= MANY and coming * 2 >= records.scalar_one():
        _alone(tx)
        match_keys_by_digest.drop(tx, checkfirst=True)


def index_again(store: Store) -> None:
    """Make the index by hash unless it is there. Who is in a hurry goes first, a few times; then he
    waits the seconds that it takes, once: without it each look-up of a pass goes through all keys, and
    where somebody says no every second that pass would come to no end."""
    if not store.patiently(_index):
        with store.transaction() as tx:
            _index(tx)


def _index(tx: Tx) -> None:
    _alone(tx)
    match_keys_by_digest.create(tx, checkfirst=True)


def _alone(tx: Tx) -> None:
    """Of several passes that make or drop it at once each finds what the one before has done."""
    if tx.dialect.name == "postgresql":
        tx.execute(sa.select(sa.func.pg_advisory_xact_lock(_LOCK)))


def is_indexed(store: Store) -> bool:
    """Whether the index by hash is there."""
    with store.reading() as tx:
        found = sa.inspect(tx).get_indexes(match_keys.name)
    return any(one["name"] == match_keys_by_digest.name for one in found)


def rids(tx: Tx, digests: Collection[bytes]) -> list[int]:
    """The numbers of all records that carry one of these keys."""
    found = sa.select(match_keys.c.rid).where(match_keys.c.digest.in_(list(digests))).distinct()
    return list(tx.execute(found).scalars())


def rids_of(tx: Tx, digests: Collection[bytes]) -> dict[bytes, list[int]]:
    """Key -> the numbers of the records that carry it."""
    found: dict[bytes, list[int]] = {}
    for some in chunks(digests):
        rows = tx.execute(
            sa.select(match_keys.c.digest, match_keys.c.rid)
            .where(match_keys.c.digest.in_(some))
            .order_by(match_keys.c.rid)
            .distinct()
        )
        for row in rows:
            found.setdefault(bytes(row.digest), []).append(row.rid)
    return found


def carriers(tx: Tx, digests: Collection[bytes], limit: int) -> tuple[list[Ref], int]:
    """Up to `limit` live records that carry one of these keys, and how many there are in all."""
    rids = sa.select(match_keys.c.rid).where(match_keys.c.digest.in_(list(digests))).distinct()
    here = sa.and_(mirror.c.rid.in_(rids), mirror.c.deleted_at.is_(None))
    number = tx.execute(sa.select(sa.func.count()).select_from(mirror).where(here)).scalar_one()
    rows = tx.execute(
        sa.select(mirror.c.system, mirror.c.kind, mirror.c.id)
        .where(here)
        .order_by(mirror.c.rid)
        .limit(limit)
    )
    return [Ref(row.system, Kind(row.kind), row.id) for row in rows], int(number)
