"""Twilio Lookup: whether a phone number exists, of what kind it is, and whether a mobile is alive.

It cannot tell whose number it is.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from connectors.rights import Right
from connectors.sources.source import Reply, Unknown
from connectors.sources.twilio.client import Api
from connectors.sources.verifying import REFUSED, let_in, one_by_one, phone_profile, reply
from rules.enrichment.verdict import PHONE_LIFE, UNKNOWN_WAITS, weighs
from rules.errors import SystemStopped
from rules.keys import Key

_OURS_TO_MEND: Final = frozenset({60606, 60614, 60619})
"""Errors inside a good answer that a person has to mend: a package not enabled, a wrong region."""
NOT_COVERED: Final = "not_covered"


class Twilio:
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
            return Unknown(key, REFUSED, UNKNOWN_WAITS, free=True)
        if said.get("valid") is False:
            errors = [str(one) for one in said.get("validation_errors") or ()]
            return self._told(key, "invalid", errors[:1], said)
        line, status = (said.get(name) or {} for name in ("line_type_intelligence", "line_status"))
        for error in (line.get("error_code"), status.get("error_code")):
            if error in _OURS_TO_MEND:
                raise SystemStopped("source.verifier.wrong", system=self.name, why=str(error))
        if line.get("error_code"):
            return Unknown(key, NOT_COVERED, UNKNOWN_WAITS)
        kind = str(line.get("type") or "unknown")
        alive = f"line_{status.get('status')}"
        return self._told(key, kind, [alive] if weighs(self.name, kind, alive) else [], said)

    def _told(
        self, key: Key, status: str, telling: Sequence[str], said: Mapping[str, Any]
    ) -> Reply:
        return reply(key, self.name, self._api.now(), status, telling, said, life=PHONE_LIFE)

    def credit(self) -> int | None:
        """The account is billed afterwards."""
        return None

    def check(self) -> Iterator[Right]:
        """Whether we are let in. Whether each package is enabled is only told when it is bought."""
        self._api.probe()
        yield let_in(self.name, "Twilio Lookup")
