"""Who may sign in to the page: added, listed, given roles and passwords, removed.

What was done stands in the chain of acts; a password stands nowhere. Whoever's role or password
changes, or who is removed, is signed out everywhere at once.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Final

from rules.errors import UserError
from rules.rights import Role
from state import acts, sessions, users
from state.store import Tx
from state.users import User
from sync.app import App
from sync.people import passwords

LONGEST: Final = 60


def add(app: App, name: str, roles: Collection[Role], password: str, by: str) -> User:
    """Somebody new; UserError for a name that somebody has, or that tells nobody apart."""
    name = _must_be_a_name(name)
    if not roles:
        raise UserError("account.no_role", roles=", ".join(Role))
    passwords.check(password, name)
    hashed, now = passwords.kept(password), app.clock()
    with app.store.transaction() as tx:
        if users.named(tx, name):
            raise UserError("account.name_taken", name=name)
        number = users.add(tx, name=name, roles=roles, password=hashed, by=by, at=now)
        _note(tx, app, "user.added", number, by, {"name": name, "roles": " ".join(sorted(roles))})
        return _found(tx, name)


def listed(app: App) -> list[User]:
    """All there ever were, oldest first."""
    with app.store.reading() as tx:
        return users.listed(tx)


def set_roles(app: App, name: str, roles: Collection[Role], by: str) -> User:
    """From now on he is this."""
    if not roles:
        raise UserError("account.no_role", roles=", ".join(Role))
    with app.store.transaction() as tx:
        one = _found(tx, name)
        users.set_roles(tx, one.user, roles)
        sessions.end_all(tx, one.user)
        told = {"name": one.name, "roles": " ".join(sorted(roles))}
        _note(tx, app, "user.roles", one.user, by, told)
        return _found(tx, name)


def from_elsewhere(app: App, issuer: str, subject: str, name: str, roles: Collection[Role]) -> User:
    """Who signed in elsewhere, with the roles that he has there; whoever is new is added.

    It is the issuer's subject that tells who he is, never a name: UserError when somebody else here
    is called so, and for whoever was removed here.
    """
    known, now = f"{issuer} {subject}", app.clock()
    with app.store.transaction() as tx:
        found = users.of_subject(tx, known)
        if found is None:
            return _arrived(tx, app, known, issuer, name, roles)
        if found.removed_at is not None:
            raise UserError("account.removed_here")
        if found.roles != frozenset(roles):
            users.set_roles(tx, found.user, roles)
            sessions.end_all(tx, found.user)
            told = {"name": found.name, "roles": " ".join(sorted(roles))}
            _note(tx, app, "user.roles", found.user, issuer, told)
        users.seen(tx, found.user, now)
        return _found(tx, found.name)


def _arrived(tx: Tx, app: App, known: str, issuer: str, name: str, roles: Collection[Role]) -> User:
    name = _must_be_a_name(name)
    if users.named(tx, name):
        raise UserError("account.name_elsewhere")
    number = users.add(
        tx, name=name, roles=roles, password="", by=issuer, at=app.clock(), subject=known
    )
    told = {"name": name, "roles": " ".join(sorted(roles))}
    _note(tx, app, "user.added", number, issuer, told)
    return _found(tx, name)


def _must_be_a_name(name: str) -> str:
    name = " ".join(name.split())
    if not any(sign.isalpha() for sign in name) or not name.isprintable() or len(name) > LONGEST:
        raise UserError("account.no_name", most=LONGEST)
    return name


def set_password(app: App, name: str, password: str, by: str) -> User:
    """From now on he signs in with this one."""
    passwords.check(password, name)
    hashed = passwords.kept(password)
    with app.store.transaction() as tx:
        one = _found(tx, name)
        if one.subject is not None:
            raise UserError("account.elsewhere", name=one.name)
        users.set_password(tx, one.user, hashed)
        sessions.end_all(tx, one.user)
        _note(tx, app, "user.password", one.user, by, {"name": one.name})
        return one


def change_own(app: App, name: str, old: str, new: str) -> User:
    """He gives himself another password; UserError when he does not know the one he has."""
    with app.store.reading() as tx:
        found = users.named(tx, name)
    if not passwords.holds(found[1] if found else None, old):
        raise UserError("account.wrong_password")
    return set_password(app, name, new, name)


def remove(app: App, name: str, by: str) -> User:
    """He signs in no more."""
    with app.store.transaction() as tx:
        one = _found(tx, name)
        users.remove(tx, one.user, by, app.clock())
        sessions.end_all(tx, one.user)
        _note(tx, app, "user.removed", one.user, by, {"name": one.name})
        return one


def _found(tx: Tx, name: str) -> User:
    found = users.named(tx, name)
    if found is None:
        raise UserError("account.nobody", name=name)
    return found[0]


def _note(tx: Tx, app: App, act: str, user: int, by: str, details: Mapping[str, str]) -> None:
    about = f"user {user}"
    acts.record(tx, act, about, by=by, login=app.actor, at=app.clock(), details=details)
