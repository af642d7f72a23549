"""`GET /metrics`: the table of measures (sync/service/measures.py) in Prometheus' text formats.

Whoever asks shows a token with the scope `metrics`, unless the settings open it to this machine.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final

import anyio.to_thread
from anyio import CapacityLimiter
from prometheus_client import CollectorRegistry, ProcessCollector
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.exposition import choose_encoder
from prometheus_client.registry import Collector
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route, Router
from starlette.types import ASGIApp, Scope

from state import findings
from state.store import Tx
from state.tokens import Scope as Right
from sync.app import App
from sync.service.measures import MEASURES, Figures, Measure, figures, said
from sync.texts import Texts
from sync.web.gate import Gate
from sync.web.health import health
from sync.web.here import is_here
from sync.web.memory import Memory
from sync.web.refusals import Refused
from sync.web.shield import METHODS, Shield

A_MINUTE: Final = 60
"""Questions of one token: two that scrape every five seconds, and room to look by hand."""
ENGLISH: Final = Texts("en")


class Metrics:
    """The application; `close` it when nothing asks any more."""

    def __init__(self, app: App) -> None:
        self._app, self._gate, self._memory = app, Gate(app, A_MINUTE), Memory()
        self._limiter: CapacityLimiter | None = None
        self.close = self._gate.close

    def asgi(self) -> ASGIApp:
        """What a server runs."""
        routes = [
            *health(self._app),
            Route("/metrics", self.metrics, methods=["GET"]),
            Route("/{rest:path}", self.nothing_here, methods=METHODS),
        ]
        return Shield(Router(routes, redirect_slashes=False), self._failing, name="metrics")

    async def metrics(self, request: Request) -> Response:
        """All of it, as it stands now."""
        try:
            await self._let_in(request)
        except Refused as error:
            told = error.told(ENGLISH)
            text = f"{told['message']} {told['remedy']}\n"
            return Response(text, error.status, error.headers, media_type="text/plain")
        if self._limiter is None:
            self._limiter = CapacityLimiter(1)
        encode, kind = choose_encoder(request.headers.get("accept", ""))
        found = await anyio.to_thread.run_sync(self._figures, limiter=self._limiter)
        return Response(encode(registry(found)), headers={"content-type": kind})

    async def _let_in(self, request: Request) -> None:
        if not self._app.settings.metrics.without_token:
            await self._gate.let_in(request, Right.METRICS)
        elif not is_here(request.headers.get("host", "")):
            # A page of somebody else, in a browser on this machine, under a name that it made up.
            raise Refused(403, "metrics.not_here")

    def _figures(self) -> Figures:
        return figures(self._app, self._count)

    def _count(self, tx: Tx) -> Mapping[str, int]:
        return self._memory.of("findings", findings.mark(tx), lambda: findings.by_severity(tx))

    async def nothing_here(self, _request: Request) -> Response:
        """An address that there is not."""
        return Response(status_code=404)

    def _failing(self, _scope: Scope, status: int) -> Response:
        return Response(status_code=status)


# --- in the words of Prometheus --------------------------------------------------------------


def registry(found: Figures) -> CollectorRegistry:
    """The measures, and what is known of this process."""
    made = CollectorRegistry()
    made.register(_Told(found))
    ProcessCollector(registry=made)
    return made


class _Told(Collector):
    def __init__(self, found: Figures) -> None:
        self._found = found

    def collect(self) -> Iterator[Metric]:
        """A family for each row."""
        return (_family(row, self._found) for row in MEASURES)


def _family(row: Measure, found: Figures) -> Metric:
    kind = CounterMetricFamily if row.only_grows else GaugeMetricFamily
    family = kind(row.name, said(row, ENGLISH), labels=row.labels)
    for labels, value in row.reads(found):
        family.add_metric(labels, float(value))
    return family
