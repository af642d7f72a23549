"""Signing in to an External Client App: client credentials, or a signed assertion (JWT bearer).

Both are asked for at the My Domain host or the login host and answered with the host to be used
from then on. The answer says nothing of how long the token lives: sessions end by the customer's
policy, 15 minutes at the least, so a token is renewed before that and whenever it is refused.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Final

import jwt
import requests

from connectors.tokens import Token
from rules.errors import SystemStopped, TryAgain

PATH: Final = "/services/oauth2/token"
LIFE: Final = timedelta(minutes=11)
"""Below the shortest session that a customer can set (15 minutes), a minute of grace included."""
ASSERTION_LIFE: Final = timedelta(minutes=3)
JWT_BEARER: Final = "urn:ietf:params:oauth:grant-type:jwt-bearer"

Clock = Callable[[], datetime]


@dataclass(frozen=True, slots=True)
class ClientCredentials:
    """The app's own key and secret; only the My Domain host takes them."""

    url: str
    client_id: str
    client_secret: str = field(repr=False)

    def form(self, now: datetime) -> Mapping[str, str]:
        """What is posted."""
        del now
        return {
            "grant_type": "client_credentials",
            "client_id": self.client_id,
            "client_secret": self.client_secret,
        }


@dataclass(frozen=True, slots=True)
class JwtBearer:
    """A user, vouched for by a private key whose certificate the app knows."""

    url: str
    client_id: str
    username: str
    private_key: str = field(repr=False)
    audience: str = "https://login.salesforce.com"

    def form(self, now: datetime) -> Mapping[str, str]:
        """What is posted."""
        said = {
            "iss": self.client_id,
            "sub": self.username,
            "aud": self.audience,
            "exp": int((now + ASSERTION_LIFE).timestamp()),
        }
        try:
            signed = jwt.encode(said, self.private_key, algorithm="RS256")
        except (ValueError, TypeError, jwt.PyJWTError):
            # The message may quote the key.
            raise SystemStopped("salesforce.bad_key") from None
        return {"grant_type": JWT_BEARER, "assertion": signed}


Login = ClientCredentials | JwtBearer


def fetching(
    system: str, session: requests.Session, login: Login, clock: Clock
) -> Callable[[], Token]:
    """A function that signs in. `SystemStopped` when we are refused, `TryAgain` when it may pass."""

    def fetch() -> Token:
        answer = session.post(f"{login.url.rstrip('/')}{PATH}", data=login.form(clock()))
        if answer.status_code >= 500:
            raise TryAgain("error.busy", system=system, why=f"HTTP {answer.status_code}")
        said = _said(answer)
        if answer.status_code != 200 or "access_token" not in said:
            why = str(said.get("error") or f"HTTP {answer.status_code}")
            raise SystemStopped("error.sign_in", system=system, why=why)
        host = str(said.get("instance_url") or login.url).rstrip("/")
        # `id` is an address that ends in the org's id and the user's.
        user = str(said.get("id") or "").rpartition("/")[2]
        return Token(str(said["access_token"]), clock() + LIFE, host, user)

    return fetch


def _said(answer: requests.Response) -> Mapping[str, Any]:
    try:
        said = answer.json()
    except ValueError:
        return {}
    return said if isinstance(said, dict) else {}
