"""Calls to Twilio's Lookup v2, through our own session: a number a call.

The vendor's package would bring its own way out for one GET. The number stands in the path, so that
no path is logged. A look-up that is sent twice is charged twice, and none is.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final
from urllib.parse import quote

import requests

from connectors.caller import Patience, json_object
from connectors.session import NoAnswer, Read
from connectors.sources.means import Means
from connectors.tokens import basic
from rules.errors import SystemStopped

HOST: Final = "https://lookups.dublin.ie1.twilio.com"
"""In the European Union; its credentials are made in that region. Elsewhere: lookups.twilio.com."""
PATH: Final = "/v2/PhoneNumbers/"
PROBE: Final = "+4500000000"
"""No number. To ask whether it is one costs nothing, and says whether we are let in."""
READS: Final = (Read("GET", PATH + r"(\+|%2B)4500000000"),)
"""What a dry run may send: every other look-up may cost something."""
_TYPE: Final = "line_type_intelligence"
_STATUS: Final = "line_status"


class Api:
    """The look-up at `url`, for the user of a key. `line_status`: also ask whether a mobile is alive."""

    def __init__(
        self,
        system: str,
        user: str,
        key: str,
        means: Means,
        *,
        url: str = HOST,
        line_status: bool = False,
    ) -> None:
        self.system, self.now = system, means.clock
        self._url = url.rstrip("/") + PATH
        self._fields = ",".join((_TYPE, _STATUS) if line_status else (_TYPE,))
        self._caller = means.caller(
            system,
            READS,
            f"{user}:{key}",
            basic,
            patience=Patience(first_seconds=1.0),
            explain=explained,
            shows_path=False,
        )

    def look_up(self, number: str) -> dict[str, Any] | None:
        """What is known of a number in E.164; None when it will not look at it."""
        return self._get(number, {"Fields": self._fields}, repeat=False)

    def probe(self) -> None:
        """Ask something that costs nothing; `SystemStopped` when we are not let in."""
        self._get(PROBE, {}, repeat=True)

    def _get(
        self, number: str, params: Mapping[str, str], *, repeat: bool
    ) -> dict[str, Any] | None:
        url = self._url + quote(number, safe="")
        answer = self._caller.call("GET", url, repeat=repeat, params=params)
        if answer.status_code == requests.codes.not_found:
            return None
        if answer.status_code != requests.codes.ok:
            raise SystemStopped("source.verifier.wrong", system=self.system, why=explained(answer))
        body = json_object(answer)
        if body is None:
            raise NoAnswer(self.system, "no JSON")
        return body


def explained(answer: requests.Response) -> str:
    """What may be shown of an error: its number. Its message may name what was asked about."""
    code = (json_object(answer) or {}).get("code")
    return f"HTTP {answer.status_code}" + (f" · {code}" if isinstance(code, int) else "")
