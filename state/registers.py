"""Registers of people who declined in general: issue by issue, hashed, apart from the opt-outs.

An issue is drafted page by page, and is there at once when it is let in; a draft that nobody
finished is nobody's answer. Issues that others have replaced stay for a while, because calls of that
time come late; the purge takes them away.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import date, datetime
from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite

from rules.keys import Key
from rules.registers import UNCHECKED, Issue, Registered, registered
from state.keys import KeyRing
from state.ledger_rows import chunks
from state.store import Tx, bulk
from state.tables import register_entries, register_issues

_BATCH: Final = 5000


def draft(tx: Tx, register: str, dated: date, key_id: str, now: datetime) -> int:
    """Begin an issue; gives its number. Nobody is looked up in it before `let_in`."""
    row = {"register": register, "dated": dated.isoformat(), "key_id": key_id, "begun_at": now}
    made = tx.execute(sa.insert(register_issues).values(row | {"entries": 0, "actor": ""}))
    return int(made.inserted_primary_key[0])  # type: ignore[index]


_VALUES: Final = {
    "issue": sa.bindparam("b_issue", type_=register_entries.c.issue.type),
    "digest": sa.bindparam("b_digest", type_=register_entries.c.digest.type),
}
_INSERTS: Final = {
    "sqlite": sqlite.insert(register_entries).values(_VALUES).on_conflict_do_nothing(),
    "postgresql": postgresql.insert(register_entries).values(_VALUES).on_conflict_do_nothing(),
}


def put(tx: Tx, issue: int, digests: Collection[bytes]) -> None:
    """Enter people in a draft; who is there already stands there once."""
    bulk(tx, _INSERTS[tx.dialect.name], [(issue, digest) for digest in sorted(set(digests))])


def count(tx: Tx, issue: int) -> int:
    """How many people stand in an issue."""
    query = sa.select(sa.func.count()).where(register_entries.c.issue == issue)
    return int(tx.execute(query).scalar_one())


def in_both(tx: Tx, issue: int, other: int) -> int:
    """How many people stand in both issues."""
    one, two = register_entries.alias(), register_entries.alias()
    both = one.join(two, sa.and_(one.c.digest == two.c.digest, two.c.issue == other))
    query = sa.select(sa.func.count()).select_from(both).where(one.c.issue == issue)
    return int(tx.execute(query).scalar_one())


def let_in(tx: Tx, issue: int, entries: int, actor: str, now: datetime) -> None:
    """From now on people are looked up in this issue, as far as it is the newest."""
    tx.execute(
        sa.update(register_issues)
        .where(register_issues.c.issue == issue)
        .values(imported_at=now, entries=entries, actor=actor)
    )


def drop(tx: Tx, issue: int) -> int:
    """Take away some of an issue, from now on nobody's answer; gives how many entries. 0: all of
    it is gone."""
    some = (
        sa.select(register_entries.c.digest)
        .where(register_entries.c.issue == issue)
        .order_by(register_entries.c.digest)
        .limit(_BATCH)
    )
    tx.execute(
        sa.update(register_issues).where(register_issues.c.issue == issue).values(imported_at=None)
    )
    gone = tx.execute(
        sa.delete(register_entries).where(
            register_entries.c.issue == issue, register_entries.c.digest.in_(some)
        )
    ).rowcount
    if not gone:
        tx.execute(sa.delete(register_issues).where(register_issues.c.issue == issue))
    return int(gone)


def issues(tx: Tx) -> tuple[Issue, ...]:
    """All issues that were let in, the newest of each register first."""
    held = register_issues.c
    rows = tx.execute(
        sa.select(register_issues)
        .where(held.imported_at.is_not(None))
        .order_by(held.register, held.dated.desc(), held.imported_at.desc())
    )
    return tuple(
        Issue(
            row.issue,
            row.register,
            date.fromisoformat(row.dated),
            row.imported_at,
            row.key_id,
            row.entries,
        )
        for row in rows
    )


def actors(tx: Tx) -> dict[int, str]:
    """Issue -> who let it in."""
    rows = tx.execute(sa.select(register_issues.c.issue, register_issues.c.actor))
    return {row.issue: row.actor for row in rows}


def look_up(
    tx: Tx, ring: KeyRing, issues: Sequence[Issue], people: Mapping[int, Sequence[Key]]
) -> dict[int, Registered]:
    """What these issues say of each person, by number; who has no keys cannot be looked up.

    An issue whose hashing key is no longer on the ring is none.
    """
    live = {key.id for key in ring.keys}
    usable = [one for one in issues if one.key_id in live]
    hashes = {
        number: [(h.key_id, h.digest) for key in keys for h in ring.hashed(key)]
        for number, keys in people.items()
        if keys
    }
    on: dict[int, list[Issue]] = {number: [] for number in hashes}
    for issue in usable:
        asked = {
            number: {digest for key_id, digest in pairs if key_id == issue.key_id}
            for number, pairs in hashes.items()
        }
        found = listed(tx, issue.issue, {digest for some in asked.values() for digest in some})
        for number, digests in asked.items():
            if not found.isdisjoint(digests):
                on[number].append(issue)
    return {
        number: registered(usable, on[number]) if number in on else UNCHECKED for number in people
    }


def listed(tx: Tx, issue: int, digests: Collection[bytes]) -> set[bytes]:
    """Those of these hashes that stand in an issue."""
    found: set[bytes] = set()
    for some in chunks(digests):
        query = sa.select(register_entries.c.digest).where(
            register_entries.c.issue == issue, register_entries.c.digest.in_(some)
        )
        found.update(map(bytes, tx.execute(query).scalars()))
    return found


def hashed_with(tx: Tx, key_id: str) -> list[str]:
    """The registers whose newest issue can be asked by this hashing key only."""
    newest = {one.register: one for one in reversed(issues(tx))}
    return [name for name, one in newest.items() if one.key_id == key_id]


def outlived(tx: Tx, before: datetime) -> list[int]:
    """Issues that another one replaced before that moment, and drafts that were begun before it."""
    held = tx.execute(sa.select(register_issues).order_by(register_issues.c.issue)).all()
    return [row.issue for row in held if _is_outlived(row, held, before)]


def _is_outlived(row: Any, held: Sequence[Any], before: datetime) -> bool:
    if row.imported_at is None:
        return bool(row.begun_at < before)
    mine = (row.dated, row.imported_at)
    return any(
        one.imported_at is not None
        and one.imported_at < before
        and one.register == row.register
        and (one.dated, one.imported_at) > mine
        for one in held
    )
