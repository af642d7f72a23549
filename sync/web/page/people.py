"""Is somebody blocked, why, since when, where is that confirmed; and an opt-out noted at the desk.

Numbers and addresses go along in the body of a request, never in an address that a browser keeps.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from rules.errors import UserError
from rules.keys import Key, KeyKind
from rules.rights import Right
from rules.suppression import Channel, EventType, Evidence
from sync.report.sheet import sheet_of
from sync.suppression import desk, lifts, receipts
from sync.suppression import opt_out_story as story
from sync.suppression.desk import Story
from sync.suppression.lift_story import told_asked
from sync.web.page.asked import Answered, Asked, Shown

CHANNELS: Final = ("all", "call", "email", "sms")
PROOFS: Final = ("form", "mail", "letter", "recording", "contract")
_KINDS: Final = {"phone": KeyKind.PHONE, "email": KeyKind.EMAIL, "cvr": KeyKind.CVR}
_LONGEST: Final = 320


def people(_asked: Asked) -> Answered:
    """The empty forms."""
    return Shown("people", _empty())


def look_up(asked: Asked) -> Answered:
    """`sync suppression why`."""
    text = _typed(asked, "who")
    try:
        return _told(asked, text, desk.guessed(text, asked.app.settings.region))
    except UserError as error:
        return _wrong(asked, error)


def record(asked: Asked) -> Answered:
    """`sync suppression add`."""
    cells = [(kind, text) for kind in _KINDS if (text := _typed(asked, kind))]
    try:
        found = desk.keys(cells, asked.app.settings.region)
        said = desk.statement(
            found,
            Channel(asked.choice("channel", *CHANNELS)),
            now=asked.app.clock(),
            at=_typed(asked, "at") or None,
            evidence=asked.fields.get("evidence", "").strip()[:2000],
            by=asked.who.name,
        )
        added = desk.record(asked.app, said)
    except UserError as error:
        return _wrong(asked, error)
    return _told(asked, cells[0][1], found, story.told_added(added, asked.texts))


def propose(asked: Asked) -> Answered:
    """`sync suppression lift`."""
    who = _typed(asked, "who")
    try:
        found = desk.guessed(who, asked.app.settings.region)
        span = desk.when(_typed(asked, "at"), asked.app.clock())
        consent = lifts.Consent(
            Channel(asked.choice("channel", *CHANNELS[1:], CHANNELS[0])),
            span,
            Evidence(asked.choice("proof", *PROOFS)),
            _typed(asked, "source"),
            asked.fields.get("evidence", "").strip()[:2000],
        )
        made = lifts.propose_lift(asked.app, found, consent, asked.who.name)
    except UserError as error:
        return _wrong(asked, error)
    return _told(asked, who, found, told_asked(made, asked.texts))


def correct(asked: Asked) -> Answered:
    """`sync suppression correct`."""
    who = _typed(asked, "who")
    try:
        found = desk.guessed(who, asked.app.settings.region)
        number = int(asked.choice("entry", "0", *_entries(asked, found)))
        made = lifts.propose_correction(asked.app, number, _typed(asked, "why"), asked.who.name)
    except UserError as error:
        return _wrong(asked, error)
    return _told(asked, who, found, told_asked(made, asked.texts))


def receipt(asked: Asked) -> Answered:
    """`sync suppression receipt NUMBER`."""
    found = receipts.receipts_of(asked.app, str(asked.number("number")))
    return Shown("sheet", {"sheet": sheet_of(found), "back": "/people"})


# --- filling in ------------------------------------------------------------------------------


def _typed(asked: Asked, name: str) -> str:
    return asked.fields.get(name, "").strip()[:_LONGEST]


def _entries(asked: Asked, found: Sequence[Key]) -> list[str]:
    return [str(one.seq) for one in desk.story(asked.app, found).chapters]


def _empty() -> dict[str, Any]:
    return {
        "who": "",
        "said": "",
        "story": None,
        "given": {},
        "channels": CHANNELS,
        "proofs": PROOFS,
        "kinds": tuple(_KINDS),
    }


def _wrong(asked: Asked, error: UserError) -> Shown:
    given = {name: value for name, value in asked.fields.items() if name != "stamp"}
    filled = _empty() | {"who": given.get("who", ""), "given": given}
    return Shown("people", filled, 422, error)


def _told(asked: Asked, who: str, found: Sequence[Key], said: str = "") -> Shown:
    known, texts = desk.story(asked.app, found), asked.texts
    blocked = [one for one in known.channels if one.blocked]
    given = {_FIELD[key.kind]: key.value for key in known.keys if key.kind in _FIELD}
    filled = {
        "who": who,
        "said": said,
        "story": known,
        "given": given,
        "tone": "stop" if blocked else "good",
        "verdict": story.verdict(known.keys, known.channels, texts),
        "lines": list(story.channels_said(known.channels, texts)) if known.chapters else [],
        "chapters": [_chapter(asked, known, at) for at in range(len(known.chapters))],
        "waiting": list(story.waiting_said(known, texts)),
        "acts": list(story.acts_said(known, texts)),
        "standing": [
            one.seq
            for one in known.chapters
            if one.standing and one.type in (EventType.BLOCK, EventType.DERIVED)
        ],
        "blocked": [one.channel.value for one in blocked],
    }
    return Shown("people", _empty() | filled)


_FIELD: Final = {kind: name for name, kind in _KINDS.items()}


def _chapter(asked: Asked, known: Story, at: int) -> dict[str, Any]:
    one = known.chapters[at]
    return {
        "seq": one.seq,
        "said": story.sentence(one, known.chapters, asked.texts),
        "details": list(story.details(one, asked.texts)),
        "receipt": one.type is EventType.BLOCK,
    }


PLACES: Final = (
    ("GET", "/people", Right.ASK, people),
    ("POST", "/people", Right.ASK, look_up),
    ("POST", "/people/opt-out", Right.RECORD, record),
    ("POST", "/people/lift", Right.PROPOSE, propose),
    ("POST", "/people/correct", Right.PROPOSE, correct),
    ("GET", "/receipts/{number}", Right.ASK, receipt),
)
