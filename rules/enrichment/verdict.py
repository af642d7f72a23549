"""Whether an address works, as a verifier says: one verdict for all of them.

    judged(source, status, details) -> verdict and reason, by the table `verdicts`

What the vendor said word for word is kept beside it. A word that is in no table is unknown, never
valid: a new status of a vendor must not open a door.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from functools import cache
from typing import Final, NamedTuple

from rules import tables
from rules.spans import COPENHAGEN


class Verdict(StrEnum):
    """What an address is good for; the values are stored.

    risky: it may fail, or several people read it. unknown: the verifier could not tell. do_not_mail: a
    trap, a throw-away, somebody who complains; it says nothing of what that person wants, so it is no
    opt-out.
    """

    VALID = "valid"
    RISKY = "risky"
    UNKNOWN = "unknown"
    INVALID = "invalid"
    DO_NOT_MAIL = "do_not_mail"


LIVES: Final = {
    Verdict.VALID: timedelta(days=90),
    Verdict.RISKY: timedelta(days=30),
    Verdict.INVALID: timedelta(days=365),
    Verdict.DO_NOT_MAIL: timedelta(days=365),
}
PHONE_LIFE: Final = timedelta(days=180)
"""Numbers change hands less often than mailboxes."""
"""So long a verdict is as good as new. A wrong address seldom becomes right; a right one grows old."""
REASON_LIVES: Final = {"full": timedelta(days=14)}
"""A mailbox that is full today may not be so in a fortnight."""
UNKNOWN_WAITS: Final = timedelta(days=7)
"""Who could not be verified today will seldom be tomorrow."""
_BY_WEIGHT: Final = (Verdict.DO_NOT_MAIL, Verdict.INVALID, Verdict.RISKY, Verdict.VALID)


class Judgement(NamedTuple):
    """A verdict and why, in our words; `reason` is the end of a text key (`verdict.<reason>`)."""

    verdict: Verdict
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Verified:
    """One source's verdict about one address, as of `read_at` (aware UTC).

    `status` and `detail` are the vendor's own words; `suggestion` is what it thinks was meant: for
    a person to look at, never to be written.
    """

    source: str
    read_at: datetime
    verdict: Verdict
    reason: str
    status: str
    detail: str = ""
    suggestion: str = ""

    @property
    def life(self) -> timedelta:
        """So long it is as good as new."""
        return REASON_LIVES.get(self.reason, LIVES[self.verdict])


@cache
def _table() -> dict[str, Judgement]:
    return {
        row["said"]: Judgement(Verdict(row["verdict"]), row["reason"])
        for row in tables.rows("verdicts")
    }


def judged(source: str, status: str, details: Collection[str] = ()) -> Judgement | None:
    """What a source's words come to; None for words that are not known, which say nothing.

    Of details that make a difference the worst counts.
    """
    status = status.strip().lower()
    known = _table()
    plain = known.get(f"{source}/{status}")
    paths = [f"{source}/{status}/{one.strip().lower()}" for one in details if one.strip()]
    telling = [known[path] for path in paths if path in known]
    if telling:
        return min(telling, key=lambda one: _weight(one.verdict))
    if plain and plain.verdict is Verdict.VALID and paths:
        return None
    return plain


def weighs(source: str, status: str, detail: str) -> bool:
    """Whether a detail makes a difference to the status that it stands beside."""
    return f"{source}/{status.strip().lower()}/{detail.strip().lower()}" in _table()


def _weight(verdict: Verdict) -> int:
    return _BY_WEIGHT.index(verdict) if verdict in _BY_WEIGHT else len(_BY_WEIGHT)


def standing(told: Iterable[Verified]) -> Verified | None:
    """Which of several verdicts about an address holds: the one of the newest day, of one day the
    worst. What must not be mailed stays so as long as any source says it."""
    ordered = sorted(told, key=lambda one: (_day(one), -_weight(one.verdict), repr(one)))
    barred = [one for one in ordered if one.verdict is Verdict.DO_NOT_MAIL]
    return next(reversed(barred or ordered), None)


def _day(one: Verified) -> str:
    return one.read_at.astimezone(COPENHAGEN).date().isoformat()
