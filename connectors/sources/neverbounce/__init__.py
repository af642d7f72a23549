"""NeverBounce: whether an e-mail address works.

A list is one job, because the vendor locks accounts that run theirs through its check for single
addresses; that one is for an address that comes alone. A credit an address, also for those of which it
cannot tell.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from connectors.rights import Right
from connectors.sources.neverbounce.client import BATCH, CALLS, PAGE, Api
from connectors.sources.source import INCOMPLETE, Asking, Reply, Unknown
from connectors.sources.verifying import credits_left, did_nothing, mail_profile, not_asked, reply
from rules.enrichment.verdict import LIVES, UNKNOWN_WAITS, Verdict, weighs
from rules.errors import RunStopped, SystemStopped, TryAgain
from rules.keys import Key


class NeverBounce:
    """The vendor as a source."""

    def __init__(self, name: str, api: Api, ore: int) -> None:
        self.name, self._api = name, api
        asking = Asking(batch=BATCH, life=LIVES[Verdict.VALID], calls=CALLS, page=PAGE)
        self.profile = mail_profile(asking, ore, seconds=5.0)

    def look_up(self, keys: Sequence[Key]) -> Iterator[Reply]:
        """One reply for each key. Until a job has begun each key may be asked for again."""
        look = self._alone if len(keys) == 1 else self._together
        yield from look(keys)

    def _alone(self, keys: Sequence[Key]) -> Iterator[Reply]:
        [key] = keys
        try:
            said = self._api.one(key.value)
        except (SystemStopped, TryAgain, RunStopped) as error:
            if did_nothing(error):
                yield from not_asked(keys)
            raise
        yield self._reply(key, said)

    def _together(self, keys: Sequence[Key]) -> Iterator[Reply]:
        try:
            job = self._api.made([key.value for key in keys])
        except (SystemStopped, TryAgain, RunStopped):
            yield from not_asked(keys)
            raise
        try:
            self._api.start(job)
        except (SystemStopped, TryAgain, RunStopped) as error:
            if did_nothing(error):
                self._api.forget(job)
                yield from not_asked(keys)
            raise
        left = dict(enumerate(keys))
        for place, said in self._api.results(job):
            if key := left.pop(place, None):
                yield self._reply(key, said)
        yield from (Unknown(key, INCOMPLETE, UNKNOWN_WAITS) for key in left.values())

    def _reply(self, key: Key, said: Mapping[str, Any]) -> Reply:
        result = str(said.get("result"))
        flags = [str(one) for one in said.get("flags") or ()]
        return reply(
            key,
            self.name,
            self._api.now(),
            result,
            [flag for flag in flags if weighs(self.name, result, flag)],
            said,
            suggestion=str(said.get("suggested_correction") or ""),
        )

    def credit(self) -> int | None:
        """How many checks are left."""
        return self._api.credits()

    def check(self) -> Iterator[Right]:
        """Whether the key is good, and how much there is left."""
        yield credits_left(self.name, "NeverBounce", self._api.credits())
