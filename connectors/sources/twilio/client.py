"""Calls to Twilio's Lookup v2, through our own session: a number a call.

The vendor's package would bring its own way out for one GET. The number stands in the path, so that
no path is logged. A look-up that is sent twice is charged twice, and none is.
"""

from __future__ import annotations

import base64
import time
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from types import MappingProxyType
from typing import Any, Final
from urllib.parse import quote

import orjson
import requests

from connectors.caller import Caller, Patience
from connectors.session import Line, Meter, NoAnswer, Read, Unmetered, open_session
from connectors.tokens import Token, Tokens, fixed
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
        *,
        url: str = HOST,
        line_status: bool = False,
        dry: bool = False,
        meter: Meter | None = None,
        elsewhere: Mapping[str, str] = MappingProxyType({}),
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
        sleep: Callable[[float], None] = time.sleep,
        patience: Patience | None = None,
    ) -> None:
        self.system, self.now = system, clock
        self._url = url.rstrip("/") + PATH
        self._fields = ",".join((_TYPE, _STATUS) if line_status else (_TYPE,))
        line = Line(
            system,
            READS,
            dry=dry,
            meter=meter or Unmetered(),
            elsewhere=elsewhere,
            connections=1,
            shows_path=False,
        )
        self._caller = Caller(
            system,
            open_session(line),
            Tokens(fixed(f"{user}:{key}"), clock),
            _signed,
            explain=explained,
            patience=patience or Patience(first_seconds=1.0),
            sleep=sleep,
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
        body = _body(answer)
        if body is None:
            raise NoAnswer(self.system, "no JSON")
        return body


def _signed(token: Token, headers: dict[str, str]) -> None:
    headers["Authorization"] = "Basic " + base64.b64encode(token.secret.encode()).decode()


def _body(answer: requests.Response) -> dict[str, Any] | None:
    try:
        body = orjson.loads(answer.content)
    except orjson.JSONDecodeError:
        return None
    return body if isinstance(body, dict) else None


def explained(answer: requests.Response) -> str:
    """What may be shown of an error: its number. Its message may name what was asked about."""
    code = (_body(answer) or {}).get("code")
    return f"HTTP {answer.status_code}" + (f" · {code}" if isinstance(code, int) else "")
