"""Home: is all well. And the jobs, which are what keeps it so."""

from __future__ import annotations

from typing import Any, Final

from rules.rights import Right
from sync.service import overview
from sync.service import status as standing
from sync.service.status import Level
from sync.web.page.asked import Answered, Asked, Shown

_TONES: Final = {
    Level.OK: "good",
    Level.WARNING: "warning",
    Level.CRITICAL: "error",
    Level.UNKNOWN: "notice",
}


def home(asked: Asked) -> Answered:
    """`sync overview`, for people who do not sit at a terminal."""
    found = overview.overview(asked.app)
    return Shown("home", _filled(found, asked))


def _filled(found: overview.Overview, asked: Asked) -> dict[str, Any]:
    texts = asked.texts
    return {
        "found": found,
        "tone": _TONES[found.status.level],
        "troubles": [
            (_TONES[one.level], standing.said(one, texts), _to(asked, one.code))
            for one in found.status.troubles
        ],
        "opt_outs": overview.opt_outs_said(found.opt_outs, found.status.at, texts),
        "columns": overview.COLUMNS,
        "systems": [overview.cells(one, texts) for one in found.systems],
        "waits": [
            (_to(asked, kind), texts.count(f"overview.waits.{kind}", count))
            for kind, count in found.waiting.items()
            if count
        ],
        "houses": bool(asked.app.settings.houses.named),
        "why": lambda error: standing.why(error, texts),
    }


_WHERE: Final = {
    "status.violations": ("/violations", Right.VIOLATIONS),
    "status.doubtful": ("/violations", Right.VIOLATIONS),
    "status.failed": ("/jobs", Right.LOOK),
    "status.late": ("/jobs", Right.LOOK),
    "status.hangs": ("/jobs", Right.LOOK),
    "plans": ("/plans", Right.RECORDS),
    "requests": ("/requests", Right.PROPOSE),
}


def _to(asked: Asked, what: str) -> str:
    """Where more stands about it, if he may look there."""
    to, right = _WHERE.get(what, ("", Right.LOOK))
    return to if asked.may(right) else ""


PLACES: Final = (("GET", "/", Right.LOOK, home),)
