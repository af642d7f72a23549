"""Consents that stand in notes: seen, what confirming one would write, confirmed or refused."""

from __future__ import annotations

from typing import Any, Final

from rules.catalogue import DEFAULT
from rules.errors import RingrenError, UserError
from rules.records import Ref
from rules.rights import Right
from rules.suppression import Channel
from sync.suppression import consents
from sync.suppression.consents import Said
from sync.web import deeds
from sync.web.page.asked import Answered, Asked, Sent, Shown, ref_given

MOST: Final = 50
_CHANNELS: Final = ("call", "email", "sms")
_GIVEN: Final = ("ref", "channel", "at", "source")


def waiting(asked: Asked) -> Answered:
    """`sync consents`."""
    return _page(asked)


def seen(asked: Asked) -> Answered:
    """`sync consents confirm`, before anybody says yes."""
    try:
        planned = consents.plan(asked.app, _ref(asked), _said(asked))
    except RingrenError as error:
        return _page(asked, error)
    return _page(asked, planned=planned)


def confirm(asked: Asked) -> Answered:
    """`sync consents confirm --yes`."""
    by, ref = asked.who.name, _ref(asked)
    try:
        deeds.confirm_consent(asked.app, asked.hands, by, ref, _said(asked), by)
    except UserError as error:
        return _page(asked, error)
    return Sent("/jobs", "asked")


def refuse(asked: Asked) -> Answered:
    """`sync consents refuse`."""
    why = asked.fields.get("why", "")[:2000]
    try:
        consents.refuse(asked.app, _ref(asked), (), why, asked.who.name)
    except UserError as error:
        return _page(asked, error)
    return Sent("/consents", "consent_refused")


def _said(asked: Asked) -> Said:
    channel = Channel(asked.choice("channel", *_CHANNELS))
    at, source = (asked.fields.get(name, "").strip()[:320] for name in ("at", "source"))
    return Said(channel, at, source)


def _ref(asked: Asked) -> Ref:
    return ref_given(asked.fields.get("ref", "")[:320])


def _page(
    asked: Asked, error: RingrenError | None = None, planned: consents.Planned | None = None
) -> Shown:
    found = consents.waiting(asked.app, MOST)
    ref = asked.fields.get("ref", asked.query.get("ref", ""))
    chosen = next((one for one in found if str(one.ref) == ref), None)
    given = {name: asked.fields.get(name, "") for name in _GIVEN}
    filled: dict[str, Any] = {
        "found": found,
        "chosen": chosen,
        "given": given,
        "changes": [
            (_label(one.field, asked), one.old or "–", one.new or "–") for one in planned.changes
        ]
        if planned
        else [],
        "planned": planned,
        "label": lambda name: _label(name, asked),
        "channel_said": lambda one: asked.texts.get(f"opt_out.channel.{one}"),
    }
    return Shown("consents", filled, 422 if error else 200, error)


def _label(name: str, asked: Asked) -> str:
    known = DEFAULT.get(name)
    return name if known is None else known.da if asked.texts.lang == "da" else known.en


PLACES: Final = (
    ("GET", "/consents", Right.PROPOSE, waiting),
    ("POST", "/consents", Right.PROPOSE, seen),
    ("POST", "/consents/confirm", Right.WRITE, confirm),
    ("POST", "/consents/refuse", Right.PROPOSE, refuse),
)
