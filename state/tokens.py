"""Tokens of those who ask over HTTP: names, scopes and hashes; a token itself is never stored.

A token is 32 random bytes, so a plain hash of it tells nothing and needs no salt.
"""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any, Final

import sqlalchemy as sa

from rules.rights import Right, Role, rights_of
from state.direct import Direct
from state.store import Store, Tx
from state.tables import tokens
from state.types import UtcDateTime

PREFIX: Final = "ringren_"
"""What every token begins with, so that programs that look for leaked secrets know one."""
_BYTES: Final = 32


class Scope(StrEnum):
    """What a token may be used for: rights that people have too (`rules.rights`), and some of its own.

    Users, settings and the second person's decision are for people alone.
    """

    CHECK = "check"
    LINKS = "links"
    METRICS = "metrics"
    RECORD = Right.RECORD.value
    LOOK = Right.LOOK.value
    ASK = Right.ASK.value
    LISTS = Right.LISTS.value
    VIOLATIONS = Right.VIOLATIONS.value
    ANSWER = Right.ANSWER.value
    RECORDS = Right.RECORDS.value
    WRITE = Right.WRITE.value
    WORK = Right.WORK.value
    PROPOSE = Right.PROPOSE.value


def scopes_of(roles: Collection[Role]) -> frozenset[Scope]:
    """What a program with these roles may do."""
    known = {one.value: one for one in Scope}
    return frozenset(known[right] for right in rights_of(roles) if right in known)


@dataclass(frozen=True, slots=True)
class Token:
    """One token as people see it."""

    token: int
    name: str
    scopes: frozenset[Scope]
    made_by: str
    made_at: datetime
    expires_at: datetime | None
    revoked_at: datetime | None
    used_at: datetime | None = None
    """To the day; noted since tokens know of it."""

    def holds(self, at: datetime) -> bool:
        """Whether it is let in at that moment."""
        return self.revoked_at is None and (self.expires_at is None or at < self.expires_at)


def new_secret() -> str:
    """A token nobody can guess."""
    return PREFIX + secrets.token_urlsafe(_BYTES)


def digest(secret: str) -> bytes:
    """What is kept of a token."""
    return hashlib.sha256(secret.encode()).digest()


def add(
    tx: Tx,
    secret: str,
    *,
    name: str,
    scopes: Collection[Scope],
    by: str,
    at: datetime,
    expires_at: datetime | None,
) -> int:
    """Keep a new token's hash; gives its number."""
    made = tx.execute(
        sa.insert(tokens).values(
            name=name,
            digest=digest(secret),
            scopes=" ".join(sorted(scopes)),
            made_by=by,
            made_at=at,
            expires_at=expires_at,
        )
    )
    return int(made.inserted_primary_key[0])  # type: ignore[index]


def revoke(tx: Tx, number: int, by: str, at: datetime) -> bool:
    """End a token for good; False when there is none that is not ended already."""
    mine = sa.and_(tokens.c.token == number, tokens.c.revoked_at.is_(None))
    done = tx.execute(sa.update(tokens).where(mine).values(revoked_by=by, revoked_at=at))
    return bool(done.rowcount)


def listed(tx: Tx) -> list[Token]:
    """All there ever were, oldest first."""
    return [_token(row) for row in tx.execute(sa.select(tokens).order_by(tokens.c.token))]


def _token(row: Any) -> Token:
    return Token(
        token=row.token,
        name=row.name,
        scopes=frozenset(Scope(one) for one in row.scopes.split()),
        made_by=row.made_by,
        made_at=row.made_at,
        expires_at=row.expires_at,
        revoked_at=row.revoked_at,
        used_at=row.used_at,
    )


def use(tx: Tx, number: int, at: datetime) -> None:
    """Note that somebody was let in with it; one who was on the same day already changes nothing."""
    before = at.replace(hour=0, minute=0, second=0, microsecond=0)
    seen = tokens.c.used_at
    tx.execute(
        sa.update(tokens)
        .where(tokens.c.token == number, sa.or_(seen.is_(None), seen < before))
        .values(used_at=at)
    )


class Doorkeeper:
    """Knows tokens by what they are given, as they stand at that moment. For one thread.

    Each look is a statement of its own, so that a token that was revoked a moment ago, by whatever
    process, is let in no more. On SQLite it goes straight to the driver.
    """

    _LOOK: Final = (
        "SELECT token, name, scopes, expires_at FROM tokens WHERE digest = ? AND revoked_at IS NULL"
    )

    def __init__(self, store: Store) -> None:
        self._store = store
        self._direct = Direct(store)
        self._ask, self.close = self._direct.ask, self._direct.close

    def knows(self, secret: str, at: datetime) -> tuple[int, str, frozenset[str]] | None:
        """Number, name and scopes of a token that holds at that moment."""
        if not secret.startswith(PREFIX):
            return None
        found = self._found(digest(secret))
        if found is None:
            return None
        number, name, scopes, expires_at = found
        if expires_at is not None and at >= expires_at:
            return None
        return number, name, frozenset(scopes.split())

    def _found(self, digested: bytes) -> tuple[int, str, str, datetime | None] | None:
        if self._ask is None:
            return self._looked_up(digested)
        rows = self._ask(self._LOOK, (digested,)).fetchall()
        if not rows:
            return None
        [row] = rows
        ends = UtcDateTime().process_result_value(row[3], self._store.engine.dialect)
        return row[0], row[1], row[2], ends

    def _looked_up(self, digested: bytes) -> tuple[int, str, str, datetime | None] | None:
        kept = tokens.c
        query = sa.select(kept.token, kept.name, kept.scopes, kept.expires_at)
        with self._store.reading() as tx:
            row = tx.execute(
                query.where(kept.digest == digested, kept.revoked_at.is_(None))
            ).one_or_none()
        return None if row is None else (row.token, row.name, row.scopes, row.expires_at)
