"""`sync findings decide`: a person says that findings are right as they stand, or wait until a day.

One or many, by what they are or by number, with a reason that stands in the chain of acts. Nothing
in any system changes by it, and nothing that a rule would write: the findings just leave the list of
what is to be mended.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, time
from enum import StrEnum
from typing import Final

from rules.checks.notes import PROPOSED
from rules.errors import UserError
from rules.formats import cpr
from rules.spans import COPENHAGEN
from state import acts, decisions
from state.decisions import Chosen
from state.store import Tx
from sync.app import App
from sync.duties import day_in_denmark
from sync.report.phrases import day
from sync.suppression.lifts import named
from sync.texts import Texts


class What(StrEnum):
    """What is decided."""

    LEAVE = "leave"
    """It is right as it stands."""
    PUT_OFF = "put-off"
    """It waits until a day."""
    OPEN = "open-again"
    """It is to be mended after all."""


@dataclass(frozen=True, slots=True)
class Decision:
    """What was decided about how many; `act` is its number in the chain of acts."""

    what: What
    findings: int
    act: int
    by: str
    until: date | None


ABOUT: Final = "findings"
"""What an act about several records is about."""


def decide(
    app: App, chosen: Chosen, what: What, why: str, by: str, until: date | None = None
) -> Decision:
    """Decide about all of these that are open, or open again those that were decided.

    UserError without a name, a reason or a day to come, when nothing is named or nothing fits, and for
    consents in notes, which are answered one by one.
    """
    named(by)
    if not why.strip():
        raise UserError("deciding.no_reason")
    if not chosen.codes and not chosen.numbers:
        raise UserError("deciding.nothing_named")
    if PROPOSED in chosen.codes:
        raise UserError("deciding.consents")
    opens_at = _opens_at(app, what, until)
    with app.store.transaction() as tx:
        many = decisions.count(tx, chosen, decided=what is What.OPEN)
        if not many:
            raise UserError("deciding.none")
        act = _note(tx, app, chosen, what, why, by, many, until)
        if what is What.OPEN:
            decisions.reopen(tx, chosen)
        else:
            decisions.decide(tx, chosen, act, opens_at)
    return Decision(what, many, act, by, until if what is What.PUT_OFF else None)


def _opens_at(app: App, what: What, until: date | None) -> datetime | None:
    if what is not What.PUT_OFF:
        return None
    if until is None or until <= day_in_denmark(app.clock()):
        raise UserError("deciding.no_day")
    return datetime.combine(until, time(), COPENHAGEN)


def _note(
    tx: Tx, app: App, chosen: Chosen, what: What, why: str, by: str, many: int, until: date | None
) -> int:
    rids = decisions.records(tx, chosen, decided=what is What.OPEN)
    only = rids[0] if len(rids) == 1 else None
    told = {
        "why": cpr.masked(why.strip()),
        "findings": str(many),
        "codes": ", ".join(chosen.codes),
        "until": until.isoformat() if until and what is What.PUT_OFF else "",
    }
    head = acts.record(
        tx, f"findings.{what.name.lower()}", acts.about_record(only) if only else ABOUT,
        by=by, login=app.actor, at=app.clock(), details={n: t for n, t in told.items() if t},
    )  # fmt: skip
    return head.seq


def told_decided(done: Decision, texts: Texts) -> str:
    """What came of it."""
    until = day(done.until, texts.lang) if done.until else ""
    return texts.count(f"deciding.done.{done.what.name.lower()}", done.findings, until=until)
