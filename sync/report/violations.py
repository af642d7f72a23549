"""The part of the report about calls that should not have been made. Never folded, never left out."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Final

from pydantic import Field

from rules.violations import VIOLATIONS, Verdict
from state import alerts, attempts, violations
from state.store import Tx
from state.violations import State, Violation
from sync.report.part import Part
from sync.service import alarms
from sync.texts import Texts

MOST_LISTED: Final = 100


class Forbidden(Part):
    """One call that should not have been made. The number is masked; `hours`: how old the no was."""

    violation: int
    at: datetime
    ref: str
    number: str
    agent: str
    call_list: str
    hours: int
    verdict: str
    cause: str


class Violations(Part):
    """All calls ever logged by class, and those that wait for an answer, the worst first."""

    classes: dict[str, int] = Field(default_factory=dict)
    open: dict[str, int] = Field(default_factory=dict)
    found: int = 0
    """Seen for the first time in this run, or since it."""
    untold: int = 0
    """Alarms that could not be delivered."""
    listed: tuple[Forbidden, ...] = ()

    @property
    def calls(self) -> int:
        """Calls that were held against the list."""
        return sum(self.classes.values())

    @property
    def waiting(self) -> int:
        """Calls that nobody has answered for."""
        return sum(self.open.values())

    @property
    def certain(self) -> int:
        """Those of them that are beyond doubt."""
        return self.open.get(Verdict.CERTAIN.value, 0)


def now(tx: Tx, since: datetime) -> Violations:
    """As it stands; `since` is when the run began."""
    opened = violations.counts(tx).get(State.OPEN, {})
    return Violations(
        classes={one.value: number for one, number in attempts.counts(tx).items()},
        open={one.value: opened[one] for one in VIOLATIONS if one in opened},
        found=violations.found_since(tx, since),
        untold=alerts.undelivered(tx),
        listed=tuple(map(_shown, violations.listed(tx, [State.OPEN], VIOLATIONS, MOST_LISTED))),
    )


def _shown(one: Violation) -> Forbidden:
    return Forbidden(
        violation=one.violation,
        at=one.at,
        ref=one.ref,
        number=one.number,
        agent=one.agent,
        call_list=one.call_list,
        hours=alarms.details_of(one)["hours"],
        verdict=one.verdict.value,
        cause=one.cause.value,
    )


# --- words for both renderers ----------------------------------------------------------------

COLUMNS: Final = ("number", "at", "who", "agent", "list", "age", "verdict", "cause")


def classes(found: Violations, texts: Texts) -> Iterator[tuple[str, int]]:
    """Each class with its number, the worst first; classes without a call are left out."""
    for verdict in Verdict:
        if number := found.classes.get(verdict.value):
            yield texts.get(f"violations.verdict.{verdict.value}"), number


def cells(one: Forbidden, texts: Texts) -> list[str]:
    """One call as the cells of a line, in the order of `COLUMNS`."""
    from sync.output import moment, printable
    from sync.service.alarm_words import age

    return [
        str(one.violation),
        moment(one.at, texts.lang),
        one.number or texts.get("violations.no_number"),
        printable(one.agent),
        printable(one.call_list),
        age(one.hours, texts),
        texts.get(f"violations.short.{one.verdict}"),
        texts.get(f"violations.cause.{one.cause}"),
    ]
