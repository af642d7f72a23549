"""Who is signed in: the token end point of an External Client App, and sessions that end."""

from __future__ import annotations

import base64
import binascii
import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import jwt
from simulators.salesforce.org import OURS

JWT_BEARER = "urn:ietf:params:oauth:grant-type:jwt-bearer"
LONGEST = timedelta(minutes=5)


@dataclass(slots=True)
class App:
    """One External Client App, as an administrator sets it up."""

    key: str = "3MVG9opdigtet"
    secret: str = "opdigtet-hemmelighed"  # noqa: S105 - made up
    user: str = "ringren@opdigtet-0001.dk"
    certificate: str = ""
    """The public key of the certificate for JWT bearer, as PEM."""
    refresh: str = ""


@dataclass(slots=True)
class Tickets:
    """Tokens that were given out, and until when each is good."""

    clock: Callable[[], datetime]
    host: str
    app: App = field(default_factory=App)
    life: timedelta = timedelta(hours=2)
    given: int = 0
    _good: dict[str, datetime] = field(default_factory=dict)

    def ask(self, form: Mapping[str, str], basic: str) -> tuple[int, dict[str, Any]]:
        """The answer to a token request."""
        key, secret = form.get("client_id", ""), form.get("client_secret", "")
        if basic.startswith("Basic "):
            try:
                key, _, secret = base64.b64decode(basic[6:]).decode().partition(":")
            except (binascii.Error, UnicodeDecodeError):
                return _no("invalid_client", "invalid client credentials")
        match form.get("grant_type"):
            case "client_credentials":
                known = (key, secret) == (self.app.key, self.app.secret)
                return (
                    self._give() if known else _no("invalid_client", "invalid client credentials")
                )
            case "refresh_token":
                known = key == self.app.key and form.get("refresh_token") == self.app.refresh != ""
                return (
                    self._give() if known else _no("invalid_grant", "expired access/refresh token")
                )
            case grant if grant == JWT_BEARER:
                return self._by_jwt(form.get("assertion", ""))
            case _:
                return _no("unsupported_grant_type", "grant type not supported")

    def _by_jwt(self, assertion: str) -> tuple[int, dict[str, Any]]:
        audience = ["https://login.salesforce.com", "https://test.salesforce.com"]
        try:
            said = jwt.decode(
                assertion,
                self.app.certificate,
                algorithms=["RS256"],
                audience=audience,
                issuer=self.app.key,
                options={"verify_exp": False, "require": ["exp", "iss", "sub", "aud"]},
            )
        except jwt.PyJWTError:
            return _no("invalid_grant", "invalid assertion")
        left = said["exp"] - self.clock().timestamp()
        if not 0 < left <= LONGEST.total_seconds():
            return _no("invalid_grant", "expired authorization code")
        if said["sub"] != self.app.user:
            return _no("invalid_grant", "user hasn't approved this consumer")
        return self._give()

    def _give(self) -> tuple[int, dict[str, Any]]:
        self.given += 1
        token = f"00Dopdigtet!{secrets.token_hex(8)}"
        self._good[token] = self.clock() + self.life
        return 200, {
            "access_token": token,
            "instance_url": self.host,
            "id": f"{self.host}/id/00D000000000001EAA/005000000000001AAA",
            "token_type": "Bearer",
            "issued_at": str(int(self.clock().timestamp() * 1000)),
            "signature": "b3BkaWd0ZXQ=",
            "scope": "api",
        }

    def user(self, header: str) -> str | None:
        """Who a request comes from; None when its token is not good. Use keeps a session alive."""
        token = header.removeprefix("Bearer ").removeprefix("OAuth ")
        until = self._good.get(token)
        if until is None or self.clock() >= until:
            self._good.pop(token, None)
            return None
        self._good[token] = self.clock() + self.life
        return OURS

    def revoke(self) -> None:
        """All sessions end now."""
        self._good.clear()


def _no(error: str, words: str) -> tuple[int, dict[str, Any]]:
    return 400 if error != "invalid_client" else 401, {"error": error, "error_description": words}
