"""Numverify: whether a phone number can exist, and of what kind it would be, by the number plan.

A second opinion: it does not know whether anybody answers, nor follows numbers that changed operator.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from connectors.rights import Right
from connectors.sources.numverify.client import Api
from connectors.sources.source import INCOMPLETE, Reply, Unknown
from connectors.sources.verifying import REFUSED, let_in, one_by_one, phone_profile, reply
from rules.enrichment.verdict import PHONE_LIFE, UNKNOWN_WAITS
from rules.keys import Key


class Numverify:
    """The vendor as a source."""

    def __init__(self, name: str, api: Api, ore: int) -> None:
        self.name, self._api = name, api
        self.profile = phone_profile(ore)

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
        return reply(key, self.name, self._api.now(), status, (), said, life=PHONE_LIFE)

    def credit(self) -> int | None:
        """The quota of the month is not told without spending of it."""
        return None

    def check(self) -> Iterator[Right]:
        """Whether we are let in."""
        self._api.probe()
        yield let_in(self.name, "Numverify")
