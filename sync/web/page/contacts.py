"""Forbidden contacts: the worst first, one explained, answered for by whoever is signed in."""

from __future__ import annotations

from typing import Any, Final

from rules.errors import UserError
from rules.rights import Right
from sync.calling import violations
from sync.output import moment
from sync.web.page.asked import Answered, Asked, Sent, Shown

MOST: Final = 100
_COLUMNS: Final = ("number", "at", "who", "agent", "list", "age", "verdict", "cause", "state")


def listed(asked: Asked, error: UserError | None = None) -> Answered:
    """`sync violations list`."""
    everything = asked.choice("show", "open", "all") == "all"
    found = violations.look(asked.app, None, everything=everything, limit=MOST)
    rows = [
        {
            "number": one.violation,
            "verdict": one.verdict,
            "is_open": one.state == "open",
            "cells": violations.row(
                one, asked.texts, everything=True, unsure=found.doubts.get(one.violation, ())
            )[1:],
        }
        for one in found.shown
    ]
    filled: dict[str, Any] = {
        "columns": _COLUMNS,
        "rows": rows,
        "total": found.total,
        "more": found.total - len(rows),
        "everything": everything,
        "given": asked.fields,
    }
    return Shown("violations", filled, 422 if error else 200, error)


def explained(asked: Asked, error: UserError | None = None) -> Answered:
    """`sync violations why NUMBER`."""
    found = violations.explain(asked.app, asked.number("number"))
    one, texts = found.violation, asked.texts
    filled: dict[str, Any] = {
        "one": one,
        "facts": [
            (texts.get(f"violations.column.{name}"), fact)
            for name, fact in violations.facts(one, texts, found.doubts)
            if fact and name != "events"
        ],
        "remedy_said": texts.get(f"violations.remedy.{one.cause}"),
        "answers": [
            (act.by, moment(act.at, texts.lang), act.details.get("reason", ""))
            for act in found.answers
        ],
        "given": asked.fields,
    }
    return Shown("violation", filled, 422 if error else 200, error)


def answer_one(asked: Asked) -> Answered:
    """`sync violations ack NUMBER`."""
    number = asked.number("number")
    try:
        _answer(asked, [number])
    except UserError as error:
        return explained(asked, error)
    return Sent(f"/violations/{number}", "answered")


def answer_some(asked: Asked) -> Answered:
    """The same for those that were ticked."""
    ticked = [name.removeprefix("v") for name in asked.fields if name.startswith("v")]
    try:
        _answer(asked, [int(one) for one in ticked if one.isascii() and one.isdecimal()][:MOST])
    except UserError as error:
        return listed(asked, error)
    return Sent("/violations", "answered")


def _answer(asked: Asked, numbers: list[int]) -> None:
    reason = asked.fields.get("reason", "")[:2000]
    violations.acknowledge(asked.app, numbers, None, by=asked.who.name, reason=reason)


def show(asked: Asked) -> Answered:
    """The list."""
    return listed(asked)


def why(asked: Asked) -> Answered:
    """One of them."""
    return explained(asked)


PLACES: Final = (
    ("GET", "/violations", Right.VIOLATIONS, show),
    ("POST", "/violations", Right.ANSWER, answer_some),
    ("GET", "/violations/{number}", Right.VIOLATIONS, why),
    ("POST", "/violations/{number}", Right.ANSWER, answer_one),
)
