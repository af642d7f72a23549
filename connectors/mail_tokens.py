"""Tokens for a mailbox, where the provider takes no password: Microsoft 365 and Google.

Microsoft lets an app in that an administrator has given one mailbox to (client credentials); Google
somebody who has let our program in once (a refresh token). What they get lives an hour or so.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Any, Final

import requests

from connectors.entra import Login, fetching
from connectors.session import Line, open_session
from connectors.tokens import Token, Tokens
from rules.errors import SystemStopped, TryAgain

SYSTEM: Final = "mailbox"
GOOGLE: Final = "https://oauth2.googleapis.com/token"
OUTLOOK: Final = "https://outlook.office365.com/.default"
"""What the app asks for: all that it was given in Exchange Online, which is the mailbox."""
_LIFE: Final = timedelta(minutes=30)
"""What a token counts for when Google does not say how long it lives."""


@dataclass(frozen=True, slots=True)
class Microsoft:
    """An app of the company's own tenant."""

    tenant: str
    client_id: str
    client_secret: str = field(repr=False)

    def fetch(self, session: requests.Session) -> Token:
        """A token for Exchange Online."""
        login = Login(self.tenant, self.client_id, self.client_secret)
        return fetching(SYSTEM, session, login, OUTLOOK, _now)()


@dataclass(frozen=True, slots=True)
class Google:
    """Somebody's yes to our program, for his own mailbox."""

    client_id: str
    client_secret: str = field(repr=False)
    refresh_token: str = field(repr=False)

    def fetch(self, session: requests.Session) -> Token:
        """A token for the mailbox."""
        form = {
            "grant_type": "refresh_token",
            "client_id": self.client_id,
            "client_secret": self.client_secret,
            "refresh_token": self.refresh_token,
        }
        asked_at = _now()
        answer = session.post(GOOGLE, data=form, allow_redirects=False)
        if answer.status_code >= requests.codes.server_error:
            raise TryAgain("error.busy", system=SYSTEM, why=f"HTTP {answer.status_code}")
        said = _said(answer)
        if answer.status_code != requests.codes.ok or "access_token" not in said:
            why = str(said.get("error") or f"HTTP {answer.status_code}")
            raise SystemStopped("error.sign_in", system=SYSTEM, why=why)
        life = said.get("expires_in")
        until = asked_at + (timedelta(seconds=int(life)) if life else _LIFE)
        return Token(str(said["access_token"]), until)


@lru_cache(maxsize=8)
def tokens(way: Microsoft | Google, elsewhere: tuple[tuple[str, str], ...] = ()) -> Tokens:
    """Kept from one reading to the next: a mailbox is read every minute, a token lives an hour."""
    line = Line(SYSTEM, (), elsewhere=dict(elsewhere))

    def fetch() -> Token:
        try:
            with open_session(line) as session:
                return way.fetch(session)
        except SystemStopped as error:
            raise SystemStopped("mailbox.sign_in", why=error.details.get("why", "")) from None

    return Tokens(fetch, _now)


def _now() -> datetime:
    return datetime.now(UTC)


def _said(answer: requests.Response) -> Mapping[str, Any]:
    try:
        said = answer.json()
    except ValueError:
        return {}
    return said if isinstance(said, dict) else {}
