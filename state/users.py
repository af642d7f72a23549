"""Who may sign in to the page: names, roles, and what is kept of a password, which is its hash.

A row stays when somebody is removed, so that what he did keeps its name; the name may be given anew.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from rules.keys import fold
from rules.rights import Right, Role, rights_of
from state.store import Tx
from state.tables import users


@dataclass(frozen=True, slots=True)
class User:
    """Somebody as people see him. `seen_at`: when he last signed in."""

    user: int
    name: str
    roles: frozenset[Role]
    made_by: str
    made_at: datetime
    seen_at: datetime | None
    removed_at: datetime | None
    subject: str | None = None
    """Who he is where he signs in, if that is elsewhere: issuer and subject."""

    @property
    def rights(self) -> frozenset[Right]:
        """What he may do."""
        return rights_of(self.roles)


def add(
    tx: Tx,
    *,
    name: str,
    roles: Collection[Role],
    password: str,
    by: str,
    at: datetime,
    subject: str | None = None,
) -> int:
    """Somebody new; gives his number. `password` is the hash of one; none fits an empty one."""
    made = tx.execute(
        sa.insert(users).values(
            name=name,
            folded=fold(name),
            roles=_written(roles),
            password=password,
            made_by=by,
            made_at=at,
            subject=subject,
        )
    )
    return int(made.inserted_primary_key[0])  # type: ignore[index]


def listed(tx: Tx) -> list[User]:
    """All there ever were, oldest first."""
    return [user_of(row) for row in tx.execute(sa.select(users).order_by(users.c.user))]


def named(tx: Tx, name: str) -> tuple[User, str] | None:
    """Who has this name now, however it is spelt, and the hash of his password."""
    row = tx.execute(sa.select(users).where(_named(name))).one_or_none()
    return None if row is None else (user_of(row), row.password)


def of_subject(tx: Tx, subject: str) -> User | None:
    """Who signs in elsewhere as this, the last of them when one was removed."""
    query = sa.select(users).where(users.c.subject == subject).order_by(users.c.user.desc())
    row = tx.execute(query.limit(1)).one_or_none()
    return None if row is None else user_of(row)


def set_roles(tx: Tx, user: int, roles: Collection[Role]) -> None:
    """From now on he is this."""
    _set(tx, user, roles=_written(roles))


def set_password(tx: Tx, user: int, password: str) -> None:
    """From now on this one, as its hash."""
    _set(tx, user, password=password)


def seen(tx: Tx, user: int, at: datetime) -> None:
    """He signed in."""
    _set(tx, user, seen_at=at)


def remove(tx: Tx, user: int, by: str, at: datetime) -> None:
    """He signs in no more, and nothing of his password is kept."""
    _set(tx, user, removed_by=by, removed_at=at, password="")


def _set(tx: Tx, user: int, **values: object) -> None:
    tx.execute(sa.update(users).where(users.c.user == user).values(**values))


def _named(name: str) -> sa.ColumnElement[bool]:
    return sa.and_(users.c.folded == fold(name), users.c.removed_at.is_(None))


def _written(roles: Collection[Role]) -> str:
    return " ".join(sorted(roles))


def user_of(row: Any) -> User:
    """A row of the table."""
    return User(
        user=row.user,
        name=row.name,
        roles=frozenset(Role(one) for one in row.roles.split()),
        made_by=row.made_by,
        made_at=row.made_at,
        seen_at=row.seen_at,
        removed_at=row.removed_at,
        subject=row.subject,
    )
