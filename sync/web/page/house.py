"""The house itself: who may sign in, and the settings that are in force."""

from __future__ import annotations

from typing import Final

from rules.errors import UserError
from rules.rights import Right, Role
from sync.people import users
from sync.settings import in_force
from sync.web.page.asked import Answered, Asked, Sent, Shown

# --- people ----------------------------------------------------------------------------------


def people(asked: Asked) -> Answered:
    """`sync users list`."""
    return _page(asked)


def add(asked: Asked) -> Answered:
    """`sync users add`."""
    try:
        name, password = asked.fields.get("name", ""), asked.fields.get("password", "")
        users.add(asked.app, name, _roles(asked), password, asked.who.name)
    except UserError as error:
        return _page(asked, error)
    return Sent("/users", "user_added")


def change(asked: Asked) -> Answered:
    """`sync users role`, `password` and `remove`, whichever button was pressed."""
    name, by = asked.fields.get("name", ""), asked.who.name
    try:
        match asked.choice("do", "roles", "password", "remove"):
            case "password":
                users.set_password(asked.app, name, asked.fields.get("password", ""), by)
            case "remove":
                users.remove(asked.app, name, by)
            case _:
                users.set_roles(asked.app, name, _roles(asked), by)
    except UserError as error:
        return _page(asked, error)
    return Sent("/users", "user_changed")


def me(_asked: Asked) -> Answered:
    """Who I am here."""
    return Shown("me")


def my_password(asked: Asked) -> Answered:
    """A new password of one's own: signed out everywhere, and in again with it."""
    asked.keep_pace()
    old, new = asked.fields.get("old", ""), asked.fields.get("new", "")
    try:
        users.change_own(asked.app, asked.who.name, old, new)
    except UserError as error:
        return Shown("me", {}, 422, error)
    return Sent("/sign-in", "my_password")


def _roles(asked: Asked) -> frozenset[Role]:
    return frozenset(role for role in Role if asked.fields.get(role.value))


def _page(asked: Asked, error: UserError | None = None) -> Shown:
    there = [one for one in users.listed(asked.app) if one.removed_at is None]
    given = {name: text for name, text in asked.fields.items() if name != "password"}
    filled = {"people": there, "roles_known": list(Role), "given": given}
    return Shown("users", filled, 422 if error else 200, error)


# --- settings --------------------------------------------------------------------------------


def settings(asked: Asked) -> Answered:
    """`sync settings`."""
    return Shown("settings", {"sections": in_force.sections(asked.app.settings)})


PLACES: Final = (
    ("GET", "/me", Right.LOOK, me),
    ("POST", "/me", Right.LOOK, my_password),
    ("GET", "/users", Right.USERS, people),
    ("POST", "/users", Right.USERS, add),
    ("POST", "/users/change", Right.USERS, change),
    ("GET", "/settings", Right.SETTINGS, settings),
)
