"""Whether we are alive, and whether we can answer: for whoever starts us, and whoever leads to us.

    GET /health/live    200 as long as the process answers and heeds; as systemd's watchdog sees it
    GET /health/ready   200 when the database answers too, else 503

Neither takes a token, and neither says more than that.
"""

from __future__ import annotations

import time
from typing import Final

import anyio.to_thread
from anyio import CapacityLimiter
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from state import jobs
from sync.app import App
from sync.logs import logger
from sync.service import notify

REMEMBERED: Final = 1.0
"""Seconds: however often somebody asks, the database is asked no more often."""

LOG = logger(__name__)


def health(app: App) -> list[Route]:
    """The addresses, for the routes of a listener."""
    one = Health(app)
    return [
        Route("/health/live", one.live, methods=["GET"]),
        Route("/health/ready", one.ready, methods=["GET"]),
    ]


class Health:
    """Of one listener."""

    def __init__(self, app: App) -> None:
        self._app = app
        self._limiter: CapacityLimiter | None = None
        self._asked_at, self._is_ready = -REMEMBERED, False

    async def live(self, _request: Request) -> Response:
        """It runs; and where it does jobs, none of them keeps it from heeding."""
        if notify.PULSE.is_there:
            return Response("ok", media_type="text/plain")
        return Response("not alive", 503, media_type="text/plain")

    async def ready(self, _request: Request) -> Response:
        """It can answer."""
        if self._limiter is None:
            self._limiter = CapacityLimiter(1)
        if await anyio.to_thread.run_sync(self._look, limiter=self._limiter):
            return Response("ok", media_type="text/plain")
        return Response("not ready", 503, media_type="text/plain")

    def _look(self) -> bool:
        now = time.monotonic()
        if now - self._asked_at >= REMEMBERED:
            self._is_ready = self._answers()
            self._asked_at = now
        return self._is_ready

    def _answers(self) -> bool:
        try:
            with self._app.store.reading() as tx:
                jobs.every(tx)
        except Exception as error:  # noqa: BLE001 - whatever it is, we are not ready
            LOG.warning("not ready", kind=type(error).__name__)
            return False
        return True
