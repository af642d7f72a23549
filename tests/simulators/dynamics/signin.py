"""Entra ID's side: an app proves who it is, with a secret or a certificate, and gets a token."""

from __future__ import annotations

import hashlib
import itertools
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import jwt

ASSERTION = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"


@dataclass(slots=True)
class App:
    """An app registration. `public_key`: PEM of the certificate's key."""

    client_id: str
    secrets: set[str] = field(default_factory=set)
    public_key: bytes | None = None


class Denied(Exception):
    """An error as the token endpoint words it."""

    def __init__(self, error: str, code: int, text: str) -> None:
        super().__init__(text)
        self.body = {
            "error": error,
            "error_description": f"AADSTS{code}: {text}",
            "error_codes": [code],
        }


class Tenant:
    """Tokens live for `life`; `revoke` ends all that were given out."""

    def __init__(self, name: str, login: str, clock: Callable[[], datetime]) -> None:
        self.name, self.login, self._clock = name, login, clock
        self.apps: dict[str, App] = {}
        self.life = timedelta(minutes=65)
        self.given = 0
        self._live: dict[str, tuple[str, datetime]] = {}
        self._numbers = itertools.count(1)
        self._used: set[str] = set()

    def discovery(self) -> dict[str, Any]:
        """The OpenID configuration that clients read first."""
        at = f"{self.login}/{self.name}"
        return {
            "token_endpoint": f"{at}/oauth2/v2.0/token",
            "authorization_endpoint": f"{at}/oauth2/v2.0/authorize",
            "device_authorization_endpoint": f"{at}/oauth2/v2.0/devicecode",
            "issuer": f"{at}/v2.0",
            "token_endpoint_auth_methods_supported": ["client_secret_post", "private_key_jwt"],
            "tenant_region_scope": "EU",
        }

    def token(self, form: Mapping[str, str], host: str) -> dict[str, Any]:
        """The answer to a request for a token; `Denied`."""
        if form.get("grant_type") != "client_credentials":
            raise Denied("unsupported_grant_type", 70003, "The grant type is not supported.")
        app = self.apps.get(form.get("client_id", ""))
        if app is None:
            raise Denied("unauthorized_client", 700016, "Application was not found.")
        if form.get("scope") != f"{host}/.default":
            raise Denied("invalid_scope", 70011, "The provided scope is not valid.")
        if "client_assertion" in form:
            self._prove(app, form)
        elif form.get("client_secret") not in app.secrets:
            raise Denied("invalid_client", 7000215, "Invalid client secret provided.")
        secret = hashlib.sha256(f"{app.client_id}{next(self._numbers)}".encode()).hexdigest()
        self._live[secret] = (app.client_id, self._clock() + self.life)
        self.given += 1
        seconds = int(self.life.total_seconds())
        return {"token_type": "Bearer", "expires_in": seconds, "access_token": secret}

    def who(self, header: str) -> str | None:
        """The app behind an Authorization header, while its token lives."""
        app, until = self._live.get(header.removeprefix("Bearer "), (None, self._clock()))
        return app if self._clock() < until else None

    @property
    def live(self) -> frozenset[str]:
        """The tokens that were given out and not revoked."""
        return frozenset(self._live)

    def revoke(self) -> None:
        """All tokens are dead from now on."""
        self._live.clear()

    def _prove(self, app: App, form: Mapping[str, str]) -> None:
        try:
            claims = jwt.decode(
                form["client_assertion"],
                app.public_key or b"",
                algorithms=["RS256", "PS256"],
                audience=f"{self.login}/{self.name}/oauth2/v2.0/token",
                options={"verify_exp": False, "verify_nbf": False, "verify_iat": False},
            )
        except (jwt.PyJWTError, ValueError) as error:
            raise Denied("invalid_client", 700027, "The signature does not verify.") from error
        if form.get("client_assertion_type") != ASSERTION or claims["iss"] != app.client_id:
            raise Denied("invalid_client", 700027, "The assertion is not of this client.")
        if claims["jti"] in self._used:
            raise Denied("invalid_client", 700027, "The assertion was used before.")
        self._used.add(claims["jti"])
