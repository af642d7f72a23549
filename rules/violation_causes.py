"""Why a forbidden call was made: computed from what was known where at that second (R68)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from rules.suppression import EventType
from rules.violations import Judgement, Verdict


class Cause(StrEnum):
    """What let the call through; the first that holds, in this order.

    heard_late: nobody had told us yet. by_hand: it stands on no list. other_number: the no named
    another number of the person. released_too_long_ago: the list's release had run out.
    late_sync: the dialer had not confirmed the block. loaded_before: the dialer takes no blocks,
    or had this one, and was given the list before the no. cannot_block: the dialer takes no
    blocks. dialled_anyway: it had confirmed the block, and let the call pass. not_washed: nobody
    held the list against the register.
    """

    HEARD_LATE = "heard_late"
    BY_HAND = "by_hand"
    OTHER_NUMBER = "other_number"
    RELEASED_TOO_LONG_AGO = "released_too_long_ago"
    LATE_SYNC = "late_sync"
    LOADED_BEFORE = "loaded_before"
    CANNOT_BLOCK = "cannot_block"
    DIALLED_ANYWAY = "dialled_anyway"
    NOT_WASHED = "not_washed"


@dataclass(frozen=True, slots=True)
class Circumstances:
    """What is known of the way to one call; None: not known.

    `at` is when it began at the latest. `can_block`: whether the system that made it takes blocks
    of numbers at all; `confirmed_at`: when it had confirmed the first of these. `loaded_at`: when
    the list came to the dialer (its release, else its first call); `released_until`: how long the
    release was good for.
    """

    at: datetime
    by_hand: bool | None = None
    can_block: bool = False
    confirmed_at: datetime | None = None
    loaded_at: datetime | None = None
    released_until: datetime | None = None


def cause(judged: Judgement, known: Circumstances) -> Cause:
    """Why it happened. ValueError for an attempt that nothing speaks against."""
    heard_at = judged.heard_at
    if judged.verdict is Verdict.REGISTER:
        return _on_register(known)
    if heard_at is None:
        raise ValueError("nothing forbids this attempt")
    if judged.verdict is Verdict.HEARD_LATE:
        return Cause.HEARD_LATE
    if known.by_hand:
        return Cause.BY_HAND
    if judged.by_person or all(one.type is EventType.DERIVED for one in judged.by):
        return Cause.OTHER_NUMBER
    if known.released_until is not None and known.released_until < known.at:
        return Cause.RELEASED_TOO_LONG_AGO
    confirmed = known.confirmed_at is not None and known.confirmed_at <= known.at
    if known.can_block and not confirmed:
        return Cause.LATE_SYNC
    if known.loaded_at is not None and known.loaded_at < heard_at:
        return Cause.LOADED_BEFORE
    return Cause.DIALLED_ANYWAY if known.can_block else Cause.CANNOT_BLOCK


def _on_register(known: Circumstances) -> Cause:
    """No dialer is told of registers: a list is held against them when it is let go."""
    if known.by_hand:
        return Cause.BY_HAND
    if known.released_until is not None and known.released_until < known.at:
        return Cause.RELEASED_TOO_LONG_AGO
    return Cause.NOT_WASHED
