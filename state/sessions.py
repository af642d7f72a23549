"""Who is signed in to the page. Of the secret that a browser keeps, only its hash stands here.

The secret is 32 random bytes, so a plain hash of it tells nothing and needs no salt.
"""

from __future__ import annotations

import hashlib
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

import sqlalchemy as sa

from state.store import Tx
from state.tables import sessions, users
from state.users import User, user_of

_BYTES: Final = 32
NOTED: Final = timedelta(minutes=1)
"""A session's last use is noted so often at most: not every look at a page is a write."""


@dataclass(frozen=True, slots=True)
class Session:
    """Somebody who is signed in."""

    user: User
    seen_at: datetime


def new_secret() -> str:
    """One that nobody can guess."""
    return secrets.token_urlsafe(_BYTES)


def digest(secret: str) -> bytes:
    """What is kept of it."""
    return hashlib.sha256(secret.encode()).digest()


def begin(tx: Tx, secret: str, user: int, now: datetime, ends_at: datetime) -> None:
    """He is signed in, until `ends_at` at the latest. Sessions that are past go at this occasion."""
    tx.execute(sa.delete(sessions).where(sessions.c.ends_at <= now))
    values = {"digest": digest(secret), "user": user, "made_at": now, "seen_at": now}
    tx.execute(sa.insert(sessions).values(**values, ends_at=ends_at))


def find(tx: Tx, secret: str, now: datetime, idle: timedelta) -> Session | None:
    """Who this is, as he stands now; None for a session that is past, or was not used for so long."""
    query = (
        sa.select(sessions.c.seen_at.label("last"), users)
        .join(users, users.c.user == sessions.c.user)
        .where(
            sessions.c.digest == digest(secret),
            sessions.c.ends_at > now,
            users.c.removed_at.is_(None),
        )
    )
    row = tx.execute(query).one_or_none()
    if row is None or row.last + idle <= now:
        return None
    return Session(user_of(row), row.last)


def used(tx: Tx, secret: str, now: datetime) -> None:
    """It was used a moment ago."""
    mine = sessions.c.digest == digest(secret)
    tx.execute(sa.update(sessions).where(mine).values(seen_at=now))


def end(tx: Tx, secret: str) -> None:
    """Signed out."""
    tx.execute(sa.delete(sessions).where(sessions.c.digest == digest(secret)))


def end_all(tx: Tx, user: int) -> int:
    """Signed out everywhere; gives of how many."""
    return tx.execute(sa.delete(sessions).where(sessions.c.user == user)).rowcount
