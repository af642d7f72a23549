"""Signing in: a key that does not end, or OAuth with a refresh token."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final

import requests

from connectors.hubspot.client import HOST, VERSION, explained
from connectors.tokens import Token
from rules.errors import SystemStopped, TryAgain

TOKENS: Final = f"{HOST}/oauth/{VERSION}/token"
_LIFE_SECONDS: Final = 1800


@dataclass(frozen=True, slots=True)
class Key:
    """A service key or the token of a private app."""

    secret: str = field(repr=False)

    def fetch(self, system: str, clock: Callable[[], datetime]) -> Callable[..., Token]:
        """Always the same."""
        del system, clock
        return lambda _session: Token(self.secret)


@dataclass(frozen=True, slots=True)
class OAuth:
    """An app that the account has let in once; its access lasts half an hour at a time."""

    client_id: str
    client_secret: str = field(repr=False)
    refresh_token: str = field(repr=False)

    def fetch(self, system: str, clock: Callable[[], datetime]) -> Callable[..., Token]:
        """Asks for access anew."""

        def fetched(session: requests.Session) -> Token:
            asked_at = clock()
            form = {
                "grant_type": "refresh_token",
                "client_id": self.client_id,
                "client_secret": self.client_secret,
                "refresh_token": self.refresh_token,
            }
            answer = session.post(TOKENS, data=form, allow_redirects=False)
            if answer.status_code >= requests.codes.server_error:
                raise TryAgain("error.busy", system=system, why=explained(answer))
            if answer.status_code != requests.codes.ok:
                raise SystemStopped("error.sign_in", system=system, why=explained(answer))
            said = answer.json()
            life = timedelta(seconds=int(said.get("expires_in") or _LIFE_SECONDS))
            return Token(said["access_token"], asked_at + life)

        return fetched


Login = Key | OAuth
