"""Which call is answered by what: paths, bodies, errors and credits of ZeroBounce's API v2.

An address has the mailbox that it is given; at `example.com` it answers by its name and costs nothing,
as the vendor's own sandbox does. All others exist.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, Final
from urllib.parse import parse_qsl

import orjson
from simulators.web import Ask, Told, Vendor

HOST: Final = "https://api-eu.zerobounce.net"
KEY: Final = "opdigtet-noegle-til-zerobounce"
MOST: Final = 200
"""Addresses in a batch, by the vendor's pages."""
ALLOWED: Final = 5
"""Batches in a minute; one more, and it answers nothing for ten."""
BLOCK: Final = timedelta(minutes=10)
_BAD: Final = {"error": "Invalid API Key or your account ran out of credits"}
_STATUSES: Final = {
    "valid": ("valid", ""),
    "invalid": ("invalid", "mailbox_not_found"),
    "catch_all": ("catch-all", ""),
    "unknown": ("unknown", "mail_server_did_not_respond"),
    "spamtrap": ("spamtrap", ""),
    "abuse": ("abuse", ""),
    "donotmail": ("do_not_mail", "role_based"),
    "disposable": ("do_not_mail", "disposable"),
    "toxic": ("do_not_mail", "toxic"),
    "role_based": ("do_not_mail", "role_based"),
    "role_based_catch_all": ("do_not_mail", "role_based_catch_all"),
    "free_email": ("valid", ""),
    "mailbox_quota_exceeded": ("invalid", "mailbox_quota_exceeded"),
    "possible_typo": ("invalid", "possible_typo"),
    "no_dns_entries": ("invalid", "no_dns_entries"),
    "failed_syntax_check": ("invalid", "failed_syntax_check"),
    "greylisted": ("unknown", "greylisted"),
    "antispam_system": ("unknown", "antispam_system"),
    "timeout_exceeded": ("unknown", "timeout_exceeded"),
    "possible_trap": ("do_not_mail", "possible_trap"),
    "global_suppression": ("do_not_mail", "global_suppression"),
    "leading_period_removed": ("valid", "leading_period_removed"),
    "alias_address": ("valid", "alias_address"),
    "does_not_accept_mail": ("invalid", "does_not_accept_mail"),
}


@dataclass
class Account:
    """An account with credits. `mailboxes`: address to (status, sub_status, did_you_mean)."""

    clock: Callable[[], datetime]
    credits: int = 10_000
    mailboxes: dict[str, tuple[str, str, str | None]] = field(default_factory=dict)
    malformed: set[str] = field(default_factory=set)
    """Addresses that it refuses to look at."""
    charged: list[str] = field(default_factory=list)
    """Each address that cost a credit, as often as it did."""
    batches: list[int] = field(default_factory=list)
    _began: deque[datetime] = field(default_factory=deque)
    _blocked_until: datetime | None = None

    def answer(self, ask: Ask) -> Told:
        """The answer to one call."""
        body = ask.body if isinstance(ask.body, dict) else {}
        key = body.get("api_key") or ask.one("api_key")
        match ask.method, ask.path:
            case "GET", "/v2/getcredits":
                return Told(200, {"Credits": str(self.credits if key == KEY else -1)})
            case (("GET" | "POST"), "/v2/validate"):
                return self._validated(key, body or {name: ask.one(name) for name in ask.query})
            case "POST", "/v2/validatebatch":
                return self._batch(key, body)
            case _:
                return Told(404, "<html><body>Not Found</body></html>", type="text/html")

    def _validated(self, key: str, asked: Mapping[str, Any]) -> Told:
        if key != KEY or self.credits <= 0:
            return Told(200, _BAD)
        return Told(200, self._row(str(asked["email"])))

    def _batch(self, key: str, body: Mapping[str, Any]) -> Told:
        if self._is_too_fast():
            return Told(429, "", type="text/plain")
        rows = body.get("email_batch", [])
        if key != KEY or self.credits < len(rows):
            return Told(200, {"email_batch": [], "errors": [{**_BAD, "email_address": "all"}]})
        if len(rows) > MOST or not isinstance(body.get("timeout", ""), str):
            why = "Too many addresses" if len(rows) > MOST else "timeout"
            return Told(
                400, {"email_batch": [], "errors": [{"error": why, "email_address": "all"}]}
            )
        self.batches.append(len(rows))
        asked = [str(one["email_address"]) for one in rows]
        errors = [
            {"error": "Invalid email address", "email_address": one}
            for one in asked
            if one in self.malformed
        ]
        told = [self._row(one) for one in asked if one not in self.malformed]
        return Told(200, {"email_batch": told, "errors": errors})

    def _is_too_fast(self) -> bool:
        now = self.clock()
        if self._blocked_until and now < self._blocked_until:
            return True
        while self._began and self._began[0] <= now - timedelta(minutes=1):
            self._began.popleft()
        self._began.append(now)
        if len(self._began) > ALLOWED:
            self._blocked_until = now + BLOCK
        return len(self._began) > ALLOWED

    def _row(self, address: str) -> dict[str, Any]:
        local, _, domain = address.partition("@")
        status, sub, meant = self._mailbox(address.lower())
        if status != "unknown" and domain != "example.com":
            self.credits -= 1
            self.charged.append(address)
        gone = status == "invalid"
        return {
            "address": address,
            "status": status,
            "sub_status": sub,
            "account": local,
            "domain": domain,
            "did_you_mean": meant,
            "domain_age_days": "4200",
            "free_email": False,
            "mx_found": "false" if gone else "true",
            "mx_record": None if gone else f"mx.{domain}",
            "smtp_provider": None,
            "firstname": None,
            "lastname": None,
            "gender": None,
            "country": None,
            "region": None,
            "city": None,
            "zipcode": None,
            "processed_at": f"{self.clock():%Y-%m-%d %H:%M:%S}.000",
            "active_in_days": None,
            "catchall_domain": None,
        }

    def _mailbox(self, address: str) -> tuple[str, str, str | None]:
        local, _, domain = address.partition("@")
        if domain == "example.com":
            return (*_STATUSES.get(local, ("valid", "")), None)
        return self.mailboxes.get(address, ("valid", "", None))


@dataclass(slots=True)
class ZeroBounce(Vendor):
    """An account and the line to it."""

    desk: Account

    def body(self, raw: bytes) -> Any:
        """A form, or JSON."""
        return orjson.loads(raw) if raw.startswith(b"{") else dict(parse_qsl(raw.decode()))


def build(*, clock: Callable[[], datetime] | None = None) -> ZeroBounce:
    """An account with credits."""
    now = clock or (lambda: datetime.now(UTC))
    return ZeroBounce(Account(now), HOST, clock=now)
