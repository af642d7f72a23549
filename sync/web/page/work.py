"""Jobs: how each stands, done now when somebody asks, and what was asked for on the page."""

from __future__ import annotations

from typing import Any, Final

from rules.rights import Right
from sync.service import status as standing
from sync.service.status import JobLine
from sync.web import deeds
from sync.web.page.asked import Answered, Asked, Sent, Shown


def jobs(asked: Asked) -> Answered:
    """`sync jobs`."""
    texts = asked.texts
    return Shown(
        "jobs",
        {
            "jobs": [filled(one, asked) for one in standing.jobs(asked.app)],
            "pieces": asked.hands.listed(),
            "far": standing.far_said(asked.hands.far, texts),
            "why": lambda error: standing.why(error, texts),
            "when": lambda when: standing.when_said(when, texts),
        },
    )


def filled(one: JobLine, asked: Asked) -> dict[str, Any]:
    """A job as the page shows it."""
    texts = asked.texts
    far = standing.far_said(one.far, texts)
    part = one.far.done / one.far.total if one.far and one.far.total else None
    return {"line": one, "far": far, "part": part, "error": standing.why(one.error, texts)}


def do_job(asked: Asked) -> Answered:
    """`sync jobs run NAME`."""
    deeds.do_job(asked.hands, asked.who.name, asked.path["name"])
    return Sent("/jobs", "asked")


PLACES: Final = (
    ("GET", "/jobs", Right.LOOK, jobs),
    ("POST", "/jobs/{name}", Right.WORK, do_job),
)
