"""Tokens of other programs: made, listed, revoked. What was done stands in the chain of acts."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta

from rules.errors import UserError
from state import acts, tokens
from state.store import Tx
from state.tokens import Scope, Token
from sync.app import App


@dataclass(frozen=True, slots=True)
class Made:
    """A new token: the only time that it is shown."""

    number: int
    name: str
    token: str
    scopes: frozenset[Scope]
    expires_at: datetime | None


def make(app: App, name: str, scopes: Collection[Scope], days: int | None, by: str) -> Made:
    """A token for one program; UserError for a name that an open token has, or for none."""
    name = name.strip()
    if not name:
        raise UserError("tokens.no_name")
    now, secret = app.clock(), tokens.new_secret()
    ends = None if days is None else now + timedelta(days=days)
    with app.store.transaction() as tx:
        if any(one.name == name and one.holds(now) for one in tokens.listed(tx)):
            raise UserError("tokens.name_taken", name=name)
        number = tokens.add(tx, secret, name=name, scopes=scopes, by=by, at=now, expires_at=ends)
        _note(tx, app, "token.made", number, name, by)
    return Made(number, name, secret, frozenset(scopes), ends)


def revoke(app: App, number: int, by: str) -> None:
    """From now on nobody is let in with it; UserError when there is no open one of that number."""
    with app.store.transaction() as tx:
        names = {one.token: one.name for one in tokens.listed(tx)}
        if not tokens.revoke(tx, number, by, app.clock()):
            raise UserError("tokens.none", number=number)
        _note(tx, app, "token.revoked", number, names[number], by)


def _note(tx: Tx, app: App, act: str, number: int, name: str, by: str) -> None:
    about, details = f"token {number}", {"name": name}
    acts.record(tx, act, about, by=by, login=app.actor, at=app.clock(), details=details)


def listed(app: App) -> list[Token]:
    """All there ever were, oldest first."""
    with app.store.reading() as tx:
        return tokens.listed(tx)
