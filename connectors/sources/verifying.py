"""What verifiers of addresses have in common: verdicts as replies, and what was not charged."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, Final

import orjson

from connectors.caller import Busy
from connectors.sources.source import Judged, Reply, Unknown
from rules.enrichment.verdict import UNKNOWN_WAITS, Verdict, Verified, judged
from rules.errors import RunStopped, SystemStopped, TryAgain
from rules.keys import Key


class Throttled(TryAgain):
    """The vendor asked for patience inside an answer that looks good, and did nothing."""


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
    life: timedelta | None = None,
    waits: timedelta | None = UNKNOWN_WAITS,
    free: bool = False,
) -> Reply:
    """What a vendor's words about a key come to. `telling` are those beside the status that may make a
    difference; `life` where a good answer lives otherwise; `waits` and `free` are for an address of which it could not tell anything."""
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
    return Judged(key, verdict, orjson.dumps(raw), life)


def one_by_one(keys: Sequence[Key], ask: Callable[[Key], Reply]) -> Iterator[Reply]:
    """A reply for each key, where a call takes one. Those behind a failure were not asked about."""
    for at, key in enumerate(keys):
        try:
            told = ask(key)
        except (SystemStopped, TryAgain, RunStopped) as error:
            yield from not_asked(keys[at if did_nothing(error) else at + 1 :])
            raise
        yield told


def not_asked(keys: Sequence[Key]) -> Iterator[Reply]:
    """Of a call that did nothing: nothing is known, nothing was charged, and it may be made again."""
    return (Unknown(key, REFUSED, timedelta(), free=True) for key in keys)


def did_nothing(error: Exception) -> bool:
    """Whether a call that ended so is known not to have been carried out: refused, or never sent."""
    refused = isinstance(error, (SystemStopped, RunStopped, Throttled))
    return refused or (isinstance(error, Busy) and error.done_nothing)
