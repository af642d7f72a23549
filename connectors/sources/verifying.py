"""What verifiers of addresses have in common: verdicts as replies, and what was not charged."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, Final

import orjson

from connectors.caller import Busy
from connectors.sources.source import Judged, Reply, Unknown
from rules.enrichment.verdict import UNKNOWN_WAITS, Verdict, Verified, judged
from rules.errors import RunStopped, SystemStopped
from rules.keys import Key

NEW_WORD: Final = "new_word"
REFUSED: Final = "refused"


def reply(
    key: Key,
    source: str,
    read_at: datetime,
    status: str,
    telling: Sequence[str],
    raw: Mapping[str, Any],
    *,
    suggestion: str = "",
    waits: timedelta | None = UNKNOWN_WAITS,
    free: bool = False,
) -> Reply:
    """What a vendor's words about a key come to. `telling` are those beside the status that may make a
    difference; `waits` and `free` are for an address of which it could not tell anything."""
    told = judged(source, status, telling)
    if told is None:
        return Unknown(key, NEW_WORD, waits)
    if told.verdict is Verdict.UNKNOWN:
        return Unknown(key, told.reason, waits, free)
    verdict = Verified(
        source=source,
        read_at=read_at,
        verdict=told.verdict,
        reason=told.reason,
        status=status,
        detail=" ".join(telling),
        suggestion=suggestion,
    )
    return Judged(key, verdict, orjson.dumps(raw))


def not_asked(keys: Sequence[Key]) -> Iterator[Reply]:
    """Of a call that did nothing: nothing is known, nothing was charged, and it may be made again."""
    return (Unknown(key, REFUSED, timedelta(), free=True) for key in keys)


def did_nothing(error: Exception) -> bool:
    """Whether a call that ended so is known not to have been carried out: refused, or never sent."""
    refused = isinstance(error, (SystemStopped, RunStopped))
    return refused or (isinstance(error, Busy) and error.done_nothing)
