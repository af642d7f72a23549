"""`sync apply PLAN`: what a plan says, or less. Looked at by a person, so no share limits it.

`sync plans`: which there are, and what one would change.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from rules.errors import UserError
from state import acts, proposals, shapes
from state.proposals import Plan
from sync import fingerprint
from sync.app import App
from sync.listings import width
from sync.output import moment, number, table
from sync.passes import Outcome, Pass
from sync.report import changes
from sync.report.model import ChangeGroup
from sync.texts import Texts


def apply(app: App, number: int) -> Outcome:
    """Pull, so that what others did since is known; then write those proposals that still hold."""
    plan = appliable(app, number)
    app.only = plan.systems
    with Pass(app, f"apply {number}") as one:
        one.facts.plan = number
        one.facts.only_rule = plan.only_rule
        one.pull()
        if not one.facts.stopped:
            one.write(plan, approved=True)
            with app.store.transaction() as tx:
                proposals.set_plan(tx, number, state="applied", approver=app.actor)
                acts.record(
                    tx, "plan.applied", f"plan {number}", by=app.actor, login=app.actor,
                    at=app.clock(), details={"run": str(one.facts.run)},
                )  # fmt: skip
        return one.end()


def appliable(app: App, number: int) -> Plan:
    """The plan, which may be carried out now; UserError when it may not."""
    with app.store.reading() as tx:
        plan = proposals.get_plan(tx, number)
        newest = proposals.next_plan(tx) - 1
    if plan is None:
        raise UserError("error.no_plan", plan=number, newest=newest)
    if plan.state == "draft":
        raise UserError("error.plan_unfinished", plan=number)
    if plan.expires_at < app.clock():
        raise UserError("error.plan_expired", plan=number, expired=plan.expires_at.date())
    if plan.fingerprint != fingerprint.of_plan(app):
        raise UserError("error.plan_settings", plan=number)
    missing = sorted(set(plan.systems) - set(app.systems))
    if missing:
        raise UserError("error.plan_systems", plan=number, systems=", ".join(missing))
    return plan


# --- looking ---------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Planned:
    """What a plan would change, by rule and field, with samples. `why_not`: it may not be carried out,
    a text key as `message` with its details."""

    plan: Plan
    records: int
    groups: tuple[ChangeGroup, ...]
    why_not: Mapping[str, Any] | None = None


def listed(app: App, limit: int) -> list[Plan]:
    """The newest first."""
    with app.store.reading() as tx:
        return proposals.list_plans(tx, limit)


def look(app: App, number: int) -> Planned:
    """One of them; UserError when there is none of that number."""
    with app.store.reading() as tx:
        plan = proposals.get_plan(tx, number)
        if plan is None:
            newest = proposals.next_plan(tx) - 1
            raise UserError("error.no_plan", plan=number, newest=newest)
        held = changes.gather(shapes.of_plan(tx, number, plan.systems), plan.only_rule)
        groups = changes.of_plan(tx, number, held, app.catalogue)
        stands = proposals.stands(tx, plan)
    error = _why_not(app, plan, stands=stands)
    why_not = {"message": error.message, **error.details} if error else None
    return Planned(plan, held.records, tuple(groups), why_not)


def _why_not(app: App, plan: Plan, *, stands: bool) -> UserError | None:
    if plan.state == "applied":
        return UserError("error.plan_applied", plan=plan.plan)
    if not stands and plan.state == "open":
        return UserError("error.plan_over", plan=plan.plan)
    try:
        appliable(app, plan.plan)
    except UserError as error:
        return error
    return None


def told_plans(found: Sequence[Plan], texts: Texts) -> str:
    """One line a plan."""
    if not found:
        return texts.get("plans.none")
    names = ("number", "made", "by", "state", "until")
    rows = [
        [
            str(one.plan),
            moment(one.created_at, texts.lang),
            one.author,
            texts.get(f"plans.state.{one.state}"),
            moment(one.expires_at, texts.lang),
        ]
        for one in found
    ]
    return table([texts.get(f"plans.{name}") for name in names], rows, right=frozenset({0}))


def why_not(found: Planned, texts: Texts) -> tuple[str, str]:
    """Why a plan may not be carried out, and what to do about it, in words; empty when it may."""
    if not found.why_not:
        return "", ""
    details = {name: value for name, value in found.why_not.items() if name != "message"}
    return texts.of_error(UserError(str(found.why_not["message"]), **details))


def told_plan(found: Planned, texts: Texts) -> str:
    """What it would change, a line for each rule and field, with one sample."""
    lang = texts.lang
    lines = [texts.count("plans.holds", found.records, plan=found.plan.plan)]
    if found.why_not:
        lines.append(" ".join(why_not(found, texts)))
    names = ("rule", "field", "records", "before", "after")
    rows = [
        [
            one.rule_name.of(lang),
            one.label.of(lang),
            number(one.records, lang),
            *(
                (one.samples[0].before or "", one.samples[0].after or "")
                if one.samples
                else ("", "")
            ),
        ]
        for one in found.groups
    ]
    if rows:
        heads = [texts.get(f"plans.{name}") for name in names]
        lines.append(table(heads, rows, right=frozenset({2}), width=width()))
    return "\n".join(lines)
