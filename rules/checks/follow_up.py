"""Follow-up: whose a record is, and what happens next (R18, R21)."""

from __future__ import annotations

from datetime import timedelta
from typing import Final

from rules.catalogue import Catalogue
from rules.changes import Severity
from rules.checks.desk import Check, Desk
from rules.checks.words import meant
from rules.fields.field import DEALS, PARTIES, Moment
from rules.folding import fold
from rules.formats.cells import quoted
from rules.records import Kind
from rules.suppression import Channel

_OWNED: Final = PARTIES | DEALS


def ownership(kind: Kind, mapped: frozenset[str], catalogue: Catalogue) -> Check | None:
    """A record of nobody, or of somebody who is no user any longer."""
    del catalogue
    if kind not in _OWNED or "owner" not in mapped:
        return None

    def check(desk: Desk) -> None:
        owner = desk.text("owner")
        if not owner:
            if "owner" not in desk.told:
                desk.note("owner_missing", desk.weighed(), "owner")
        elif desk.terms.users and fold(owner) not in desk.terms.users:
            desk.note("owner_not_active", Severity.WARNING, "owner", text=quoted(owner))

    return check


def next_action(kind: Kind, mapped: frozenset[str], catalogue: Catalogue) -> Check | None:
    """The next action: there is one after a contact, it has a day, and that day is not over."""
    row = catalogue.get("next_action")
    home = row.home if row else frozenset()
    if kind not in home or mapped.isdisjoint({"next_action", "next_action_at"}):
        return None
    has_action, has_day = "next_action" in mapped, "next_action_at" in mapped
    asks = has_action and not mapped.isdisjoint({"last_contact_at", "outcome"})

    def check(desk: Desk) -> None:
        action, day = desk.text("next_action"), desk.text("next_action_at")
        if action and meant(catalogue, "next_action", action) == "none":
            return
        if day:
            _day(desk)
        elif action and has_day and "next_action_at" not in desk.told:
            desk.note("next_action_undated", desk.weighed(), "next_action_at")
        elif asks and not action and "next_action" not in desk.told and _is_open(desk, catalogue):
            desk.note("next_action_missing", desk.weighed(), "next_action")

    return check


def _day(desk: Desk) -> None:
    day, today = desk.day("next_action_at"), desk.terms.today
    if day is None or today is None:
        return
    if day < today:
        if not _is_over(desk):
            desk.note("next_action_past", Severity.WARNING, "next_action_at", date=day.isoformat())
    else:
        desk.again(day + timedelta(days=1))


def _is_over(desk: Desk) -> bool:
    return bool(desk.refuses() & {Channel.ALL, Channel.CALL})


# After these nobody has to do anything more.
_ENDS: Final = frozenset(
    {"not_interested", "no_need", "existing_customer", "opt_out", "wrong_number", "wrong_person"}
)


def _is_open(desk: Desk, catalogue: Catalogue) -> bool:
    """Whether somebody was talked to and nothing has ended it."""
    outcome = desk.text("outcome")
    if desk.moment is Moment.CLOSE or _is_over(desk):
        return False
    if outcome:
        return meant(catalogue, "outcome", outcome) not in _ENDS
    return bool(desk.text("last_contact_at"))
