"""Calls to ZeroBounce's API v2, through our own session and at its pace.

The vendor's package sends its key in the query of every call and repeats calls by itself; three calls
are needed here. A check that is sent twice is charged twice, so none is ever repeated after an answer
that did not come. The key travels in the body; only the question about credits has no other place for
it than the query, which nothing of ours logs (`connectors.session`).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import requests

from connectors.caller import Patience, json_object
from connectors.pace import Minute
from connectors.session import NoAnswer, Read
from connectors.sources.means import Means, unsigned
from rules.errors import SystemStopped

HOST: Final = "https://api-eu.zerobounce.net"
"""In the European Union; the vendor's hosts elsewhere are `api.` and `api-us.`."""
READS: Final = (Read("GET", r"/v2/getcredits"),)
"""What a dry run may send: a check costs a credit."""
BATCH: Final = 100
"""Addresses in a call: the vendor's pages say 200, its own package 100."""
A_MINUTE: Final = 4
"""Batches in a minute: the vendor's pages say 5 and 20, and shut out for ten minutes."""
SECONDS: Final = "60"
"""So long the vendor itself may try, as text."""
READ_SECONDS: Final = 130.0
_ALL: Final = "all"
"""The address that an error names which is about the whole batch."""


class Api:
    """The API at `url`, with an account's key."""

    def __init__(
        self,
        system: str,
        key: str,
        means: Means,
        *,
        url: str = HOST,
        a_minute: int = A_MINUTE,
    ) -> None:
        self.system, self.now, self._key = system, means.clock, key
        self._url = f"{url.rstrip('/')}/v2"
        self._pace = Minute(a_minute, sleep=means.sleep)
        self._caller = means.caller(
            system, READS, key, unsigned, patience=Patience(tries=2), read_seconds=READ_SECONDS
        )

    def one(self, address: str) -> dict[str, Any]:
        """What is said of a single address."""
        form = {"email": address, "ip_address": "", "timeout": SECONDS, "api_key": self._key}
        return self._post("/validate", data=form)

    def many(self, addresses: Sequence[str]) -> tuple[dict[str, Any], set[str]]:
        """What is said of each of at most `BATCH` addresses, and those that it would not look at."""
        rows = [{"email_address": one, "ip_address": ""} for one in addresses]
        body = {"api_key": self._key, "email_batch": rows, "timeout": SECONDS}
        said = self._post("/validatebatch", json=body)
        errors, told = said.get("errors") or [], said.get("email_batch")
        if any(str(one.get("email_address")).lower() == _ALL for one in errors):
            raise self._refused()
        if not isinstance(told, list):
            raise NoAnswer(self.system, "no batch")
        refused = {str(one.get("email_address")).lower() for one in errors}
        return {str(one.get("address")).lower(): one for one in told}, refused

    def credits(self) -> int:
        """How many checks are left that were paid for."""
        answer = self._caller.call(
            "GET", f"{self._url}/getcredits", repeat=True, params={"api_key": self._key}
        )
        try:
            left = int(self._said(answer)["Credits"])
        except (KeyError, TypeError, ValueError):
            raise self._refused() from None
        if left < 0:
            raise self._refused()
        return left

    # --- inside ---

    def _post(self, path: str, **what: Any) -> dict[str, Any]:
        self._pace.wait()
        return self._said(self._caller.call("POST", self._url + path, repeat=False, **what))

    def _said(self, answer: requests.Response) -> dict[str, Any]:
        """The body of an answer. A wrong key, or no credits, is an error inside a good one."""
        body = json_object(answer)
        if body and body.get("error"):
            raise self._refused()
        if answer.status_code != requests.codes.ok:
            raise SystemStopped("source.verifier.wrong", system=self.system, why=answer.status_code)
        if body is None:
            raise NoAnswer(self.system, "no JSON")
        return body

    def _refused(self) -> SystemStopped:
        """The vendor's words name no cause: it is the key or the credits. Nothing was charged."""
        return SystemStopped("source.verifier.refused", system=self.system)
