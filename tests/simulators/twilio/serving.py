"""Which look-up is answered by what: Twilio's Lookup v2, a number a call.

A number that is none is a good answer that says so, and an error of a package stands inside one.
"""

from __future__ import annotations

import base64
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Final
from urllib.parse import unquote

from simulators.web import Ask, Told, Vendor

HOST: Final = "https://lookups.dublin.ie1.twilio.com"
USER, KEY = "SK0000000000000000000000opdigtet", "opdigtet-hemmelighed"
PATH: Final = "/v2/PhoneNumbers/"
_PACKAGES: Final = (
    "caller_name", "sim_swap", "call_forwarding", "line_status", "line_type_intelligence",
    "identity_match", "reassigned_number", "sms_pumping_risk", "phone_number_quality_score",
    "pre_fill",
)  # fmt: skip


@dataclass
class Account:
    """An account. `lines`: number to (type, line status); all others are landlines."""

    clock: Callable[[], datetime]
    lines: dict[str, tuple[str | None, str]] = field(default_factory=dict)
    invalid: dict[str, str] = field(default_factory=dict)
    """Number to the error that its check finds."""
    package_errors: dict[str, int] = field(default_factory=dict)
    """Number to the error inside the answer; under the empty text for all."""
    charged: list[str] = field(default_factory=list)
    """Each number whose type was told, as often as it was."""

    def answer(self, ask: Ask) -> Told:
        """The answer to one call."""
        wanted = "Basic " + base64.b64encode(f"{USER}:{KEY}".encode()).decode()
        if ask.headers.get("authorization") != wanted:
            return _error(401, 20003, "Authenticate")
        number = unquote(ask.path.removeprefix(PATH))
        if ask.method != "GET" or not ask.path.startswith(PATH) or number[:1] != "+":
            return _error(404, 20404, f"The requested resource {ask.path} was not found")
        why = "TOO_SHORT" if number == "+4500000000" else self.invalid.get(number)
        return Told(200, self._told(number, why, ask.one("Fields").split(",")))

    def _told(self, number: str, why: str | None, fields: list[str]) -> dict[str, Any]:
        told: dict[str, Any] = {
            "calling_country_code": None if why else "45",
            "country_code": None if why else "DK",
            "phone_number": number,
            "national_format": None if why else number[3:],
            "valid": not why,
            "validation_errors": [why] if why else [],
            **dict.fromkeys(_PACKAGES),
            "url": f"{HOST}{PATH}{number}",
        }
        if not why and "line_type_intelligence" in fields:
            told["line_type_intelligence"] = self._line(number)
        if not why and "line_status" in fields:
            status = self.lines.get(number, ("landline", "unknown"))[1]
            told["line_status"] = {"status": status, "error_code": None}
        return told

    def _line(self, number: str) -> dict[str, Any]:
        error = self.package_errors.get(number) or self.package_errors.get("")
        if not error:
            self.charged.append(number)
        return {
            "mobile_country_code": None,
            "mobile_network_code": None,
            "carrier_name": None if error else "Opdigtet Tele",
            "type": None if error else self.lines.get(number, ("landline", ""))[0],
            "error_code": error,
        }


def _error(status: int, code: int, message: str) -> Told:
    more = f"https://www.twilio.com/docs/errors/{code}"
    return Told(status, {"code": code, "message": message, "more_info": more, "status": status})


@dataclass(slots=True)
class Twilio(Vendor):
    """An account and the line to it."""

    desk: Account


def build(*, clock: Callable[[], datetime] | None = None) -> Twilio:
    """An account."""
    now = clock or (lambda: datetime.now(UTC))
    return Twilio(Account(now), HOST, clock=now)
