"""What waits for a second person: lifts, corrections, mails that may say no."""

from __future__ import annotations

from typing import Any, Final

from rules.errors import UserError
from rules.keys import fold
from rules.rights import Right
from rules.suppression import EventType
from sync.suppression import consents, lifts
from sync.suppression.lift_story import told_decided
from sync.suppression.opt_out_story import listed
from sync.web.page.asked import Answered, Asked, Shown
from sync.web.page.consents import MOST


def waiting(asked: Asked) -> Answered:
    """`sync suppression requests --clear`."""
    return _page(asked)


def approve(asked: Asked) -> Answered:
    """`sync suppression approve NUMBER`."""
    try:
        done = lifts.approve(asked.app, asked.number("number"), asked.who.name)
    except UserError as error:
        return _page(asked, error)
    return _page(asked, said=told_decided(done, asked.texts))


def refuse(asked: Asked) -> Answered:
    """`sync suppression refuse NUMBER`."""
    why = asked.fields.get("why", "").strip()[:2000]
    try:
        done = lifts.refuse(asked.app, asked.number("number"), asked.who.name, why)
    except UserError as error:
        return _page(asked, error)
    return _page(asked, said=told_decided(done, asked.texts))


def _page(asked: Asked, error: UserError | None = None, said: str = "") -> Shown:
    found = [_shown(one, asked) for one in lifts.waiting(asked.app)]
    filled = {"found": found, "said": said, "consents": len(consents.waiting(asked.app, MOST))}
    return Shown("requests", filled, 422 if error else 200, error)


def _shown(one: lifts.Waiting, asked: Asked) -> dict[str, Any]:
    texts = asked.texts
    return {
        "one": one,
        "what": texts.get(f"opt_out.type.{one.what}"),
        "channel": texts.get(f"opt_out.channel.{one.channel}"),
        "who": listed(one.keys) or texts.get("opt_out.erased"),
        "by": texts.find(f"opt_out.system.{one.asked_by}") or one.asked_by,
        "mine": one.what is not EventType.BLOCK and fold(one.asked_by) == fold(asked.who.name),
    }


PLACES: Final = (
    ("GET", "/requests", Right.PROPOSE, waiting),
    ("POST", "/requests/{number}/approve", Right.DECIDE, approve),
    ("POST", "/requests/{number}/refuse", Right.DECIDE, refuse),
)
