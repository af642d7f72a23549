"""Calls to Numverify by the marketplace's door, through our own session: a number a call.

That door takes its key in a header, and TLS from everybody; the older one takes it in the query, and
gives TLS only to who pays for it, so it is not used.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import requests

from connectors.caller import Patience, json_object
from connectors.session import NoAnswer, Read
from connectors.sources.means import Means
from connectors.sources.verifying import Throttled
from connectors.tokens import Token
from rules.errors import SystemStopped

HOST: Final = "https://api.apilayer.com"
_DOOR: Final = "/number_verification"
READS: Final = (Read("GET", rf"{_DOOR}/countries"),)
"""What a dry run may send: every number counts against the month's quota."""
TOO_FAST: Final = 106
NO_NUMBER: Final = frozenset({210, 211})
_KEY: Final = frozenset({101, 102, 104, 105})
"""The key, or what it may do: missing, closed, used up, not in the plan."""


class Api:
    """The API, with an account's key."""

    def __init__(
        self,
        system: str,
        key: str,
        means: Means,
    ) -> None:
        self.system, self.now = system, means.clock
        self._caller = means.caller(system, READS, key, _signed, patience=Patience(tries=3))

    def look_up(self, number: str) -> dict[str, Any] | None:
        """What the number plan says of a number in E.164; None when it will not look at it."""
        return self._get("/validate", {"number": number.lstrip("+")}, repeat=False)

    def probe(self) -> None:
        """Ask something that is no number; `SystemStopped` when we are not let in."""
        self._get("/countries", {}, repeat=True)

    def _get(self, path: str, params: Mapping[str, str], *, repeat: bool) -> dict[str, Any] | None:
        answer = self._caller.call("GET", HOST + _DOOR + path, repeat=repeat, params=params)
        body = json_object(answer)
        error = body.get("error") if body else None
        code = error.get("code") if isinstance(error, dict) else None
        if code in NO_NUMBER:
            return None
        if code == TOO_FAST:
            raise Throttled("error.busy", system=self.system, why=str(code))
        if code in _KEY:
            raise SystemStopped("source.verifier.refused", system=self.system)
        if code or answer.status_code != requests.codes.ok:
            why = f"HTTP {answer.status_code}" + (f" · {code}" if isinstance(code, int) else "")
            raise SystemStopped("source.verifier.wrong", system=self.system, why=why)
        if body is None:
            raise NoAnswer(self.system, "no JSON")
        return body


def _signed(token: Token, headers: dict[str, str]) -> None:
    headers["apikey"] = token.secret
