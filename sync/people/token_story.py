"""What the commands about tokens say, as text."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from state.tokens import Token
from sync.output import moment, table
from sync.people.tokens import Made
from sync.texts import Texts


def told_made(made: Made, texts: Texts) -> str:
    """The token, alone on its line, and that it is shown this once."""
    lines = [texts.get("tokens.made", name=made.name, number=made.number), "", made.token, ""]
    return "\n".join([*lines, texts.get("tokens.shown_once")])


def told_tokens(found: Sequence[Token], now: datetime, texts: Texts) -> str:
    """One line a token."""
    if not found:
        return texts.get("tokens.empty")
    columns = ("number", "name", "may", "made", "used", "state")
    headings = [texts.get(f"tokens.column.{name}") for name in columns]
    rows = [
        [
            str(one.token),
            one.name,
            ", ".join(sorted(one.scopes)),
            f"{moment(one.made_at, texts.lang)}, {one.made_by}",
            # The day is all that is kept.
            moment(one.used_at, texts.lang)[:10] if one.used_at else "–",
            _state(one, now, texts),
        ]
        for one in found
    ]
    return table(headings, rows, right=frozenset({0}))


def _state(one: Token, now: datetime, texts: Texts) -> str:
    if one.revoked_at is not None:
        return texts.get("tokens.revoked_at", at=moment(one.revoked_at, texts.lang))
    if one.expires_at is None:
        return texts.get("tokens.open")
    key = "tokens.open_until" if one.holds(now) else "tokens.expired"
    return texts.get(key, at=moment(one.expires_at, texts.lang))
