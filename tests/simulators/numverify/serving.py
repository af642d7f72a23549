"""Which look-up is answered by what: Numverify by the marketplace's door, a number a call.

What is wrong with a call stands inside an answer of status 200; a wrong key is 401, a quota that is
used up 429.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Final

from simulators.web import Ask, Told, Vendor

HOST: Final = "https://api.apilayer.com"
KEY: Final = "opdigtet-noegle-til-numverify"
DOOR: Final = "/number_verification"


@dataclass
class Account:
    """An account. `lines`: digits to the kind of line; all others are landlines."""

    clock: Callable[[], datetime]
    quota: int = 5000
    lines: dict[str, str | None] = field(default_factory=dict)
    invalid: set[str] = field(default_factory=set)
    errors: list[tuple[int, str]] = field(default_factory=list)
    """Errors of the next calls, instead of what would be said."""
    charged: list[str] = field(default_factory=list)

    def answer(self, ask: Ask) -> Told:
        """The answer to one call."""
        if ask.headers.get("apikey") != KEY:
            return Told(401, {"message": "Invalid authentication credentials"})
        if ask.path == f"{DOOR}/countries":
            return Told(200, {"DK": {"country_name": "Denmark", "dialling_code": "+45"}})
        if ask.path != f"{DOOR}/validate" or ask.method != "GET":
            return Told(404, {"message": "Not Found"})
        if self.errors:
            return _failed(*self.errors.pop(0))
        if self.quota <= 0:
            return Told(429, {"message": "You have exceeded your monthly API rate limit."})
        number = ask.one("number")
        if not number.isdigit():
            return _failed(211, "non_numeric_phone_number_provided")
        self.quota -= 1
        self.charged.append(number)
        return Told(200, self._told(number))

    def _told(self, number: str) -> dict[str, Any]:
        bad = number in self.invalid
        texts = {
            "local_format": number[2:],
            "international_format": f"+{number}",
            "country_prefix": "+45",
            "country_code": "DK",
            "country_name": "Denmark",
            "location": "",
            "carrier": "Opdigtet Tele",
        }
        told = dict.fromkeys(texts, "") if bad else texts
        line = None if bad else self.lines.get(number, "landline")
        return {"valid": not bad, "number": number, **told, "line_type": line}


def _failed(code: int, kind: str) -> Told:
    return Told(200, {"success": False, "error": {"code": code, "type": kind, "info": "…"}})


@dataclass(slots=True)
class Numverify(Vendor):
    """An account and the line to it."""

    desk: Account


def build(*, clock: Callable[[], datetime] | None = None) -> Numverify:
    """An account."""
    now = clock or (lambda: datetime.now(UTC))
    return Numverify(Account(now), HOST, clock=now)
