"""Tokens of vendors: fetched when needed, renewed once for all threads, never shown.

How a token is asked for is each vendor's own (a function that fetches one); here is what they have
in common: when it is too old, and that several threads that find it dead renew it only once.
"""

from __future__ import annotations

import base64
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final

EARLY: Final = timedelta(minutes=1)
"""So long before its end a token counts as ended: a call may be under way for a while."""


@dataclass(frozen=True, slots=True)
class Token:
    """A token as a vendor gave it; `until` None when the vendor does not say how long it lives.

    `host` is where it may be used, when the answer says so (Salesforce's instance_url); `user` the
    id of the user whom it stands for.
    """

    secret: str = field(repr=False)
    until: datetime | None = None
    host: str = ""
    user: str = ""


class Tokens:
    """Keeps the present token of one system. Safe to use from several threads."""

    def __init__(self, fetch: Callable[[], Token], clock: Callable[[], datetime]) -> None:
        self._fetch = fetch
        self._clock = clock
        self._lock = threading.Lock()
        self._token: Token | None = None

    def now(self) -> Token:
        """A token that holds, as far as is known."""
        with self._lock:
            if self._token is None or self._is_old(self._token):
                self._token = self._fetch()
            return self._token

    def renew(self, dead: Token) -> Token:
        """A token in place of one that was refused. Whoever comes second gets the first one's."""
        with self._lock:
            if self._token is dead or self._token is None:
                self._token = self._fetch()
            return self._token

    def _is_old(self, token: Token) -> bool:
        return token.until is not None and self._clock() >= token.until - EARLY


def basic(token: Token, headers: dict[str, str]) -> None:
    """Signs with a user and a password, `user:password` as the token's secret (RFC 7617)."""
    pair = base64.b64encode(token.secret.encode()).decode()
    headers["Authorization"] = f"Basic {pair}"


def fixed(secret: str) -> Callable[[], Token]:
    """For keys that do not end (HubSpot's service keys): the same token each time."""
    return lambda: Token(secret)
