"""Sources of facts: how each stands, what it cost and gave, who is told what; and what they ask."""

from __future__ import annotations

from typing import Any, Final

from rules.errors import UserError
from rules.rights import Right
from sync.enrichment.enriching import SourceLine, sources
from sync.enrichment.enriching_story import gained, row, stopped
from sync.report import words
from sync.report.asked import called
from sync.report.explorer import opened
from sync.review import choosing
from sync.review.choosing import Question
from sync.systems.opening import Linker, linker
from sync.upkeep import recipients
from sync.web.call import ref_said
from sync.web.page.asked import Answered, Asked, Sent, Shown

_PATH: Final = "/sources"
QUESTIONS: Final = "/sources/questions"


def standing(asked: Asked) -> Answered:
    """`sync sources`, `sync sources processors`."""
    app, texts = asked.app, asked.texts
    # Credits are asked for outside: once a minute at most.
    found = asked.memory.of("sources", tuple(app.sources), lambda: sources(app))
    told = recipients.recipients(app)
    filled = {
        "lines": [_line(one, asked) for one in found],
        "recipients": [recipients.cells(one, texts) for one in told],
        "notes": recipients.notes(told, texts),
        "questions": len(choosing.questions(app)) if asked.may(Right.RECORDS) else 0,
    }
    return Shown("sources", filled)


def _line(one: SourceLine, asked: Asked) -> dict[str, Any]:
    texts = asked.texts
    state = "stopped" if one.error else "well" if one.answered_at else "new"
    return {
        "name": called(one.source, texts),
        "state": state,
        "said": [stopped(one, texts)] if one.error else [],
        "lacks": [lack.of(texts.lang) for lack in one.not_bought],
        "cells": row(one, texts)[1:],
        "month": gained(one, texts),
    }


# --- what they ask ---------------------------------------------------------------------------


def questions(asked: Asked) -> Answered:
    """`sync sources questions`."""
    return _page(asked)


def answer(asked: Asked) -> Answered:
    """`sync sources answer`."""
    said = asked.fields
    try:
        ref = ref_said(said.get("ref", ""))
        assert ref is not None  # noqa: S101 - it is no None
        company, field, right = (said.get(name) for name in ("company", "field", "right"))
        choosing.answer(asked.app, ref, asked.who.name, company, field, right)
    except UserError as error:
        return _page(asked, error)
    return Sent(QUESTIONS, "question_answered")


def _page(asked: Asked, error: UserError | None = None) -> Shown:
    link = linker(asked.app)
    found = [_question(one, asked, link) for one in choosing.questions(asked.app)]
    filled = {"found": found, "today": asked.app.today}
    return Shown("questions", filled, 422 if error else 200, error)


def _question(one: Question, asked: Asked, link: Linker) -> dict[str, Any]:
    finding, texts, catalogue = one.finding.finding, asked.texts, asked.app.catalogue
    field = words.label(catalogue, finding.field).of(texts.lang) if finding.field else ""
    return {
        "one": one,
        "ref": str(one.ref),
        "title": texts.get(f"report.cause.{finding.code}"),
        "said": words.found_in(finding, catalogue, texts.lang),
        "field": field,
        "due": one.finding.due,
        "link": opened(link(one.finding.system, one.finding.stream, one.ref, one.finding.place)),
        "candidates": [
            (each, ", ".join(called(source, texts) for source in each.sources))
            for each in one.candidates
        ],
        "offers": [(each, called(each.source, texts)) for each in one.offers],
    }


PLACES: Final = (
    ("GET", _PATH, Right.LOOK, standing),
    ("GET", QUESTIONS, Right.RECORDS, questions),
    ("POST", QUESTIONS, Right.WRITE, answer),
)
