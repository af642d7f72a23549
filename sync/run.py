"""`sync run`: one pass that decides and, unless it is a dry run, writes."""

from __future__ import annotations

from typing import Final

from state import proposals
from state.proposals import Plan
from sync.app import App
from sync.passes import Outcome, Pass

RUN: Final = "run"
"""What the runs are called that write, before the systems they were about."""


def run(
    app: App,
    *,
    dry: bool,
    only: str | None = None,
    sample: int | None = None,
    allow: frozenset[str] = frozenset(),
) -> Outcome:
    """Pull, decide, guard; then write, unless it is a dry run or the guard says stop.

    `only` names one rule; `sample` reads so many records of each stream; `allow` names limits
    that a person has looked at: shrink, too_many, large_share, swapped.
    """
    app.allow = allow
    with Pass(app, _command(app, dry=dry)) as one:
        number = one.new_plan(only)
        one.pull(sample, number)
        one.decide(number)
        return finish(one, number, dry=dry)


def _command(app: App, *, dry: bool) -> str:
    """As it is asked for."""
    return " ".join(["dry-run" if dry else RUN, *(f"--system {name}" for name in app.only or ())])


def finish(one: Pass, number: int, *, dry: bool) -> Outcome:
    """What follows once all is decided: tell of opt-outs, close the plan, guard it; then write,
    unless it is a dry run or the guard says stop."""
    while one.tell():
        one.decide(number)
    plan = close(one.app, number)
    one.guard(plan)
    if not dry:
        if any(part.stops for part in one.facts.streams):
            one.facts.stopped = True
        elif not one.facts.stopped:
            one.write(plan, approved=False)
    return one.end()


def close(app: App, number: int) -> Plan:
    """The draft becomes a plan that can be looked at and applied."""
    with app.store.transaction() as tx:
        proposals.set_plan(tx, number, state="open")
        plan = proposals.get_plan(tx, number)
    assert plan is not None  # noqa: S101 - made by this run
    return plan
