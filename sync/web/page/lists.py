"""A list that is held against the opt-outs, row by row; what may be called, to be taken home."""

from __future__ import annotations

from typing import Any, Final

from rules.errors import RingrenError, UserError
from rules.rights import Right
from rules.suppression import Channel
from sync.calling.release_story import reason
from sync.calling.releasing import Washed
from sync.output import moment, number
from sync.web import washing
from sync.web.page.asked import Answered, Asked, Download, Shown
from sync.web.refusals import Refused

CHANNELS: Final = ("call", "email", "sms")


def lists(asked: Asked) -> Answered:
    """The form."""
    washing.forget_old(asked.app)
    return _page(asked)


def check(asked: Asked) -> Answered:
    """`sync list check FILE`, with `--out` when the list is to be let go."""
    if asked.upload is None:
        return _page(asked, UserError("page.lists.no_file"))
    channel, let_go = Channel(asked.choice("channel", *CHANNELS)), bool(asked.fields.get("release"))
    name = asked.fields.get("name", "")[:100]
    try:
        found = washing.checked(asked.app, asked.upload, channel, name, let_go=let_go)
    except RingrenError as error:
        return _page(asked, error)
    return _page(asked, found=found)


def fetch(asked: Asked) -> Answered:
    """The cleaned list, as long as it may be called."""
    file = washing.fetched(asked.app, asked.path["release"])
    if file is None:
        raise Refused(404, "page.no_page")
    return Download(file, file.name)


# --- what is shown ---------------------------------------------------------------------------


def _page(asked: Asked, error: RingrenError | None = None, found: Washed | None = None) -> Shown:
    filled: dict[str, Any] = {"channels": CHANNELS, "given": asked.fields, "found": None}
    if found:
        filled |= _told(found, asked)
    return Shown("lists", filled, 422 if error else 200, error)


def _told(found: Washed, asked: Asked) -> dict[str, Any]:
    texts = asked.texts
    rows, good = number(found.rows, texts.lang), number(found.callable, texts.lang)
    channel = texts.get(f"opt_out.on.{found.channel}")
    return {
        "found": found,
        "said": texts.get("release.rows", file=found.source, rows=rows, good=good, channel=channel),
        "reasons": [(reason(code, texts), many) for code, many in found.reasons.items()],
        "first": [
            texts.get("release.row", list=one.stream, row=one.row, reason=reason(one.code, texts))
            for one in found.refused
        ],
        "gaps": [texts.get(f"assurance.{gap.code}", system=gap.system) for gap in found.gaps],
        "until": moment(found.expires_at, texts.lang) if found.expires_at else "",
    }


PLACES: Final = (
    ("GET", "/lists", Right.LISTS, lists),
    ("POST", "/lists", Right.LISTS, check),
    ("GET", "/lists/{release}", Right.LISTS, fetch),
)
