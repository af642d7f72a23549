"""Runs, and taking one back; plans, and carrying one out; what we know and did about one record."""

from __future__ import annotations

from typing import Any, Final

from rules.errors import UserError
from rules.rights import Right
from sync import listings
from sync.report import page as reports
from sync.report.build import of_run
from sync.report.sheet import sheet_of
from sync.review import explain, plans, undo
from sync.web import deeds
from sync.web.page.asked import Answered, Asked, Document, Sent, Shown, ref_typed

MOST: Final = 50

# --- runs ------------------------------------------------------------------------------------


def listed(asked: Asked) -> Answered:
    """`sync runs`."""
    from state.history import list_runs

    with asked.app.store.reading() as tx:
        found = list_runs(tx, MOST)
    rows = [(one.run, listings.run_row(one, asked.texts)[1:]) for one in found]
    return Shown("runs", {"rows": rows})


def one_run(asked: Asked) -> Answered:
    """One of them: what it did, and what can be done about it."""
    from state import history

    number_ = asked.number("number")
    with asked.app.store.reading() as tx:
        run = history.get_run(tx, number_)
        if run is None:
            raise UserError("error.no_run", run=number_)
        wrote = history.count_run(tx, number_)
    cells = listings.run_row(run, asked.texts)
    columns = ("run", "started", "command", "by", "took", "ended")
    facts = [
        (asked.texts.get(f"list.{name}"), cell) for name, cell in zip(columns, cells, strict=True)
    ]
    return Shown("run", {"run": run, "facts": facts, "wrote": wrote})


def report(asked: Asked) -> Answered:
    """`sync report NUMBER`: a document of its own, with a policy of its own."""
    found = of_run(asked.app, asked.number("number"))
    return Document(reports.html(found, asked.texts.lang), reports.policy())


def preview(asked: Asked) -> Answered:
    """`sync undo NUMBER`, before anybody says yes."""
    number_, rule = asked.number("number"), asked.query.get("rule") or None
    seen = undo.preview(asked.app, number_, rule=rule, ref=ref_typed(asked.query.get("ref", "")))
    act: dict[str, Any] | None = None
    if seen.records and asked.may(Right.WRITE):
        told = {"rule": rule or "", "ref": asked.query.get("ref", "")}
        act = {
            "to": f"/runs/{number_}/undo",
            "said": asked.texts.get("page.runs.undo", run=number_),
            "fields": {name: value for name, value in told.items() if value},
        }
    return Shown("sheet", {"sheet": sheet_of(seen), "act": act, "back": f"/runs/{number_}"})


def take_back(asked: Asked) -> Answered:
    """`sync undo NUMBER --yes`."""
    number_, rule = asked.number("number"), asked.fields.get("rule") or None
    ref = ref_typed(asked.fields.get("ref", ""))
    deeds.undo_run(asked.app, asked.hands, asked.who.name, number_, rule=rule, ref=ref)
    return Sent("/jobs", "asked")


# --- plans -----------------------------------------------------------------------------------


def list_plans(asked: Asked) -> Answered:
    """`sync plans`."""
    return Shown("plans", {"plans": plans.listed(asked.app, MOST)})


def one_plan(asked: Asked) -> Answered:
    """`sync plans NUMBER`: before and after."""
    found = plans.look(asked.app, asked.number("number"))
    why_not = plans.why_not(found, asked.texts) if found.why_not else None
    return Shown("plan", {"found": found, "why_not": why_not})


def carry_out(asked: Asked) -> Answered:
    """`sync apply NUMBER`."""
    deeds.apply_plan(asked.app, asked.hands, asked.who.name, asked.number("number"))
    return Sent("/jobs", "asked")


# --- records ---------------------------------------------------------------------------------


def record(asked: Asked) -> Answered:
    """`sync explain REF`."""
    text = asked.query.get("ref", "").strip()
    if not text:
        return Shown("records", {"given": {}})
    try:
        ref = ref_typed(text)
        assert ref is not None  # noqa: S101 - there is text
        found = explain.explain(asked.app, ref)
    except UserError as error:
        return Shown("records", {"given": {"ref": text[:320]}}, 422, error)
    return Shown("sheet", {"sheet": sheet_of(found), "act": None, "back": "/records"})


PLACES: Final = (
    ("GET", "/runs", Right.RECORDS, listed),
    ("GET", "/runs/{number}", Right.RECORDS, one_run),
    ("GET", "/runs/{number}/report", Right.RECORDS, report),
    ("GET", "/runs/{number}/undo", Right.RECORDS, preview),
    ("POST", "/runs/{number}/undo", Right.WRITE, take_back),
    ("GET", "/plans", Right.RECORDS, list_plans),
    ("GET", "/plans/{number}", Right.RECORDS, one_plan),
    ("POST", "/plans/{number}/apply", Right.WRITE, carry_out),
    ("GET", "/records", Right.RECORDS, record),
)
