"""`sync apply PLAN`: what a plan says, or less. Looked at by a person, so no share limits it."""

from __future__ import annotations

from rules.errors import UserError
from state import proposals
from state.proposals import Plan
from sync import fingerprint
from sync.app import App
from sync.passes import Outcome, Pass


def apply(app: App, number: int) -> Outcome:
    """Pull, so that what others did since is known; then write those proposals that still hold."""
    plan = _appliable(app, number)
    with Pass(app, f"apply {number}") as one:
        one.facts.plan = number
        one.facts.only_rule = plan.only_rule
        one.pull()
        if not one.facts.stopped:
            one.write(plan, approved=True)
            with app.store.transaction() as tx:
                proposals.set_plan(tx, number, state="applied", approver=app.actor)
        return one.end()


def _appliable(app: App, number: int) -> Plan:
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
