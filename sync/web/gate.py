"""Who asks: a token that holds at this moment, with the scope that is needed, at its pace."""

from __future__ import annotations

import contextlib
import math
import time
from datetime import date, datetime
from typing import Final

import anyio.to_thread
from anyio import CapacityLimiter
from starlette.requests import Request

from rules.errors import RingrenError
from rules.pace import Pace
from state.tokens import Doorkeeper, Scope, use
from sync.app import App
from sync.web.pacing import Paces
from sync.web.refusals import Refused

AT_ONCE: Final = 4
Who = tuple[int, str]
"""Number and name of the token that asks."""


class Gate:
    """Of one application; `close` it when nothing asks any more."""

    def __init__(self, app: App, a_minute: int) -> None:
        self._app, self._door, self._a_minute = app, Doorkeeper(app.store), a_minute
        self._paces = Paces(Pace(a_minute, max(a_minute // 6, 1)))
        self._limiter: CapacityLimiter | None = None
        self._used: dict[int, date] = {}
        self.close = self._door.close

    async def let_in(self, request: Request, scope: Scope | None) -> Who:
        """Number and name of the token; Refused when there is none that may. None: any that holds."""
        kind, _, secret = request.headers.get("authorization", "").partition(" ")
        if kind.lower() != "bearer" or not secret:
            raise Refused(401, "api.no_token", {"www-authenticate": "Bearer"})
        found = await self._known(secret.strip())
        if found is None:
            headers = {"www-authenticate": 'Bearer error="invalid_token"'}
            raise Refused(401, "api.wrong_token", headers)
        number, name, scopes = found
        wait = self._paces.wait(number, time.monotonic())
        if wait:
            headers = {"retry-after": str(math.ceil(wait))}
            raise Refused(429, "api.too_fast", headers, a_minute=self._a_minute)
        if scope is not None and scope not in scopes:
            raise Refused(403, "api.not_allowed", scope=scope.value)
        await self._note(number)
        return number, name

    async def _note(self, number: int) -> None:
        """Once a day, in another thread: a write may have to wait for others."""
        now = self._app.clock()
        if self._used.get(number) == now.date():
            return
        self._used[number] = now.date()
        await anyio.to_thread.run_sync(lambda: self._noted(number, now))

    def _noted(self, number: int, now: datetime) -> None:
        """Whoever asks does not go without an answer because this could not be noted."""
        with contextlib.suppress(RingrenError), self._app.store.transaction(urgent=True) as tx:
            use(tx, number, now)

    async def _known(self, secret: str) -> tuple[int, str, frozenset[str]] | None:
        """On SQLite without leaving the thread: a look costs less than the way to another."""
        now = self._app.clock()
        if self._app.store.is_sqlite:
            return self._door.knows(secret, now)
        if self._limiter is None:
            self._limiter = CapacityLimiter(AT_ONCE)
        return await anyio.to_thread.run_sync(
            lambda: self._door.knows(secret, now), limiter=self._limiter
        )
