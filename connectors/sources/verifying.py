"""What verifiers of addresses have in common: verdicts as replies, and what was not charged."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, Final

import orjson

from connectors.caller import Busy
from connectors.rights import Right
from connectors.sources.source import Asking, Judged, Profile, Reply, Unknown
from rules.enrichment.verdict import PHONE_LIFE, UNKNOWN_WAITS, Verdict, Verified, judged
from rules.enrichment.verifying import PHONES
from rules.errors import RunStopped, SystemStopped, TryAgain
from rules.keys import Key, KeyKind


class Throttled(TryAgain):
    """The vendor asked for patience inside an answer that looks good, and did nothing."""


NEW_WORD: Final = "new_word"
REFUSED: Final = "refused"
NUMBERS: Final = 20
"""Phone numbers that are noted as asked about at a time."""


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
    difference. `life`: so long a valid one is as good as new, where not as long as the verdict says.
    `waits` and `free` are for an address of which it could not tell anything.
    """
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
    good = life if told.verdict is Verdict.VALID else None
    return Judged(key, verdict, orjson.dumps(raw), good)


def phone_profile(ore: int) -> Profile:
    """Of who is asked about phone numbers: a call for each, and nothing is free to be asked again."""
    return Profile(
        asking={KeyKind.PHONE: Asking(batch=NUMBERS, life=PHONE_LIFE, calls=0, page=1)},
        fields=frozenset(),
        verifies=PHONES,
        licence="source.verifier.licence",
        ore=ore,
        repeats_free=False,
        seconds=0.5,
    )


def mail_profile(asking: Asking, ore: int, seconds: float) -> Profile:
    """Of who is asked about e-mail addresses."""
    return Profile(
        asking={KeyKind.EMAIL: asking},
        fields=frozenset(),
        verifies=frozenset({"email"}),
        licence="source.verifier.licence",
        ore=ore,
        repeats_free=False,
        seconds=seconds,
    )


def credits_left(source: str, label: str, left: int) -> Right:
    """Whether there is anything left to ask with; that the question was answered says the key is good."""
    key, details = "source.verifier.right.credits", {"source": label, "count": str(left)}
    return Right(source, left > 0, key, f"{key}.remedy", details, stops=False)


def let_in(source: str, label: str) -> Right:
    """We are."""
    return Right(source, True, "source.verifier.right.in", details={"source": label})


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
