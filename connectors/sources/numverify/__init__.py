"""Numverify: whether a phone number can exist, and of what kind it would be, by the number plan.

A second opinion: it does not know whether anybody answers, nor follows numbers that changed operator.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from connectors.rights import Right
from connectors.sources.numverify.client import Api
from connectors.sources.source import INCOMPLETE, Asking, Profile, Reply, Unknown
from connectors.sources.verifying import REFUSED, one_by_one, reply
from rules.enrichment.verdict import PHONE_LIFE, UNKNOWN_WAITS, Verdict, judged
from rules.enrichment.verifying import PHONES
from rules.keys import Key, KeyKind

BATCH: Final = 20
"""Numbers that are noted as asked about at a time; each is a call."""


class Numverify:
    """The vendor as a source."""

    def __init__(self, name: str, api: Api, ore: int) -> None:
        self.name, self._api = name, api
        self.profile = Profile(
            asking={KeyKind.PHONE: Asking(batch=BATCH, life=PHONE_LIFE, calls=0, page=1)},
            fields=frozenset(),
            verifies=PHONES,
            licence="source.verifier.licence",
            ore=ore,
            repeats_free=False,
            seconds=0.5,
        )

    def look_up(self, keys: Sequence[Key]) -> Iterator[Reply]:
        """One reply for each key, a call for each."""
        return one_by_one(keys, self._one)

    def _one(self, key: Key) -> Reply:
        said = self._api.look_up(key.value)
        if said is None:
            return Unknown(key, REFUSED, UNKNOWN_WAITS)
        if not isinstance(said.get("valid"), bool):
            return Unknown(key, INCOMPLETE, UNKNOWN_WAITS)
        status = str(said.get("line_type") or "unknown") if said["valid"] else "invalid"
        found = judged(self.name, status)
        good = PHONE_LIFE if found and found.verdict is Verdict.VALID else None
        return reply(key, self.name, self._api.now(), status, (), said, life=good)

    def credit(self) -> int | None:
        """The quota of the month is not told without spending of it."""
        return None

    def check(self) -> Iterator[Right]:
        """Whether we are let in."""
        self._api.probe()
        yield Right(self.name, True, "source.verifier.right.in", details={"source": "Numverify"})
