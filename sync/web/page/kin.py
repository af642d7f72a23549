"""The same person in several lists: what says so, and a person's word on it."""

from __future__ import annotations

from typing import Final
from urllib.parse import quote

from rules.errors import UserError
from rules.rights import Right
from state.parties import PartyKind
from sync.output import number, share
from sync.review import linking, parties
from sync.review.linking import What
from sync.web.page.asked import Answered, Asked, Sent, Shown, ref_given, ref_typed

MOST: Final = 50
_WHATS: Final = ("confirm", "apart", "same", "free")


def listed(asked: Asked) -> Answered:
    """`sync parties`, `sync parties REF`, `sync parties --unsure`."""
    return _page(asked, asked.query.get("ref", "").strip())


def say(asked: Asked) -> Answered:
    """`sync parties REF --same-as, --apart, --confirm, --free`."""
    text, other = (asked.fields.get(name, "").strip()[:320] for name in ("ref", "other"))
    what, why = What(asked.choice("what", *_WHATS)), asked.fields.get("why", "")[:2000]
    try:
        ref = ref_given(text)
        linking.say(asked.app, what, ref, why, asked.who.name, ref_typed(other))
    except UserError as error:
        return _page(asked, text, error)
    return Sent(f"/parties?ref={quote(text, safe='')}", "party_said")


def _page(asked: Asked, text: str, error: UserError | None = None) -> Shown:
    texts, unsure = asked.texts, asked.choice("show", "newest", "unsure") == "unsure"
    ref = None if error else ref_typed(text)
    found = (
        parties.look(asked.app, MOST, unsure=unsure)
        if ref is None
        else parties.look_at(asked.app, ref)
    )
    counted = [
        (
            texts.get(f"page.parties.{one.kind.value}"),
            number(one.parties, texts.lang),
            number(one.in_systems, texts.lang),
            number(one.records, texts.lang),
        )
        for one in found.counted
        if one.parties
    ]
    rows = [
        (one.name or _kind(party.kind, asked), str(one.ref),
         ", ".join(texts.find(f"party.why.{why}") or why for why in one.reasons),
         share(float(one.confidence), texts.lang, 0))
        for party in found.shown
        for one in party.members
    ]  # fmt: skip
    filled = {
        "counted": counted,
        "rows": rows,
        "ref": text,
        "unsure": unsure,
        "whats": _WHATS,
        "given": asked.fields,
    }
    return Shown("parties", filled, 422 if error else 200, error)


def _kind(kind: PartyKind, asked: Asked) -> str:
    return asked.texts.get(f"party.kind.{kind.value}")


PLACES: Final = (
    ("GET", "/parties", Right.RECORDS, listed),
    ("POST", "/parties", Right.WRITE, say),
)
