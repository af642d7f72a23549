"""Stands before an application: strict headers, no cookies, one quiet line a request, no leaks.

Logs hold the name of what was asked for, never its address: addresses may carry numbers and tokens.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from typing import Final

from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from rules.errors import SystemStopped
from sync.logs import logger

LOG = logger(__name__)

METHODS: Final = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")
STRICT: Final = (
    (b"cache-control", b"no-store"),
    (b"content-security-policy", b"default-src 'none'; frame-ancestors 'none'; base-uri 'none'"),
    (b"cross-origin-opener-policy", b"same-origin"),
    (b"cross-origin-resource-policy", b"same-origin"),
    (b"permissions-policy", b"interest-cohort=()"),
    (b"referrer-policy", b"no-referrer"),
    (b"x-content-type-options", b"nosniff"),
    (b"x-frame-options", b"DENY"),
    (b"x-robots-tag", b"noindex, nofollow"),
)
Headers = Sequence[tuple[bytes, bytes]]
Failing = Callable[[Scope, int], Response]
"""What is said when we fail ourselves: 503 for what passes, 500 for the rest."""


class Shield:
    """Wraps an application."""

    def __init__(
        self, inner: ASGIApp, failing: Failing, headers: Headers = STRICT, name: str = "web"
    ) -> None:
        self._inner, self._failing = inner, failing
        self._headers, self._name = list(headers), name

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request, or the life of the application."""
        if scope["type"] != "http":
            await self._inner(scope, receive, send)
            return
        began, status = time.perf_counter(), 0

        async def sent(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                own = {name for name, _ in message["headers"]}
                message["headers"] += [one for one in self._headers if one[0] not in own]
            await send(message)

        try:
            await self._inner(scope, receive, sent)
        except Exception as error:
            # Whatever it is, whoever asked learns nothing of it.
            passing = isinstance(error, SystemStopped)
            LOG.exception("request failed", kind=type(error).__name__)
            if not status:
                await self._failing(scope, 503 if passing else 500)(scope, receive, sent)
        LOG.info(
            "request",
            listener=self._name,
            method=scope["method"],
            what=getattr(scope.get("endpoint"), "__name__", "-"),
            status=status,
            ms=round(1000 * (time.perf_counter() - began)),
        )
