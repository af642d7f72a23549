"""What the commands about users say, as text."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from rules.rights import Role
from state.users import User
from sync.output import moment, table
from sync.texts import Texts


def told_users(found: Sequence[User], texts: Texts) -> str:
    """One line for each."""
    if not found:
        return texts.get("account.empty")
    columns = ("name", "roles", "made", "seen", "state")
    headings = [texts.get(f"account.column.{name}") for name in columns]
    return table(headings, [_row(one, texts) for one in found])


def _row(one: User, texts: Texts) -> list[str]:
    removed = one.removed_at
    return [
        one.name,
        roles_said(one.roles, texts),
        f"{moment(one.made_at, texts.lang)}, {one.made_by}",
        moment(one.seen_at, texts.lang) if one.seen_at else "–",
        texts.get("account.removed_at", at=moment(removed, texts.lang)) if removed else "",
    ]


def roles_said(roles: Collection[Role], texts: Texts) -> str:
    """Roles by their names in words, in the order of the table."""
    return ", ".join(texts.get(f"role.{one}") for one in Role if one in roles)
