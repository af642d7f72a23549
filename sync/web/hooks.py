"""Messages of vendors (webhooks): `POST /<system>` or `/<system>/<secret>`. Verified, answered, and then acted on in a thread.

A message is a hint to read a record, never a fact: what is forged is refused before anything is
asked, what comes twice is read once, and what comes too fast is left to the next pass.
"""

from __future__ import annotations

import hashlib
import threading
import time
from collections import OrderedDict
from collections.abc import Collection
from typing import Final

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route, Router
from starlette.types import ASGIApp, Scope

from connectors.hooks import Hears, Hint
from rules.errors import RingrenError
from rules.pace import Pace
from sync.app import App
from sync.logs import logger
from sync.systems import hooks
from sync.web import bodies
from sync.web.alongside import Alongside
from sync.web.health import health
from sync.web.pacing import Paces
from sync.web.refusals import Refused
from sync.web.shield import METHODS, Shield

MOST_BYTES: Final = 1_000_000
READS_A_MINUTE: Final = 20
"""Of one system: whoever knew its secret could else use up the calls that opt-outs need."""
MOST_KEPT: Final = 5_000
"""Messages that are remembered, so that one which is sent again is not read again."""
LOG = logger(__name__)


class Hearing:
    """Acts on hints, in one thread. `close` waits for what was taken."""

    def __init__(self, app: App) -> None:
        self._app, self._waiting = app, dict[str, set[Hint]]()
        self._lock = threading.Lock()
        self._alongside = Alongside("hooks", self._work)
        self.close = self._alongside.close

    def put(self, system: str, hints: Collection[Hint]) -> None:
        """These are to be read soon."""
        with self._lock:
            self._waiting.setdefault(system, set()).update(hints)
        self._alongside.soon()

    def _work(self, _asked: bool) -> None:  # noqa: FBT001
        with self._lock:
            waiting, self._waiting = self._waiting, {}
        for system, hints in waiting.items():
            self._take(system, hints)

    def _take(self, system: str, hints: Collection[Hint]) -> None:
        try:
            hooks.take(self._app, system, hints)
        except RingrenError as error:
            LOG.warning("left to the next pass", system=system, why=error.message)
        except Exception:
            LOG.exception("a hint failed", system=system)


class Hooks:
    """The application; `close` it when nothing comes any more."""

    def __init__(self, app: App) -> None:
        self._app, self._hearing = app, Hearing(app)
        self._paces = Paces(Pace(READS_A_MINUTE, READS_A_MINUTE))
        self._seen: OrderedDict[bytes, None] = OrderedDict()

    def close(self) -> None:
        """What was taken is done first."""
        self._hearing.close()

    def asgi(self) -> ASGIApp:
        """What a server runs."""
        routes = [
            *health(self._app),
            Route("/{system}", self.hear, methods=["POST"]),
            Route("/{system}/{word}", self.hear, methods=["POST"]),
            Route("/{system}/{word}", self.knock, methods=["GET"]),
            Route("/{rest:path}", self.nothing_here, methods=METHODS),
        ]
        return Shield(Router(routes, redirect_slashes=False), self._failing, name="hooks")

    async def knock(self, request: Request) -> Response:
        """A vendor tries the address before it sends anything there."""
        known = isinstance(self._app.systems.get(request.path_params["system"]), Hears)
        return Response(status_code=200 if known else 404)

    async def nothing_here(self, _request: Request) -> Response:
        """An address that there is not."""
        return Response(status_code=404)

    async def hear(self, request: Request) -> Response:
        """One message. Who sends what is not the vendor's learns nothing but that."""
        system = request.path_params["system"]
        connector: object = self._app.systems.get(system)
        if not isinstance(connector, Hears):
            return Response(status_code=404)
        try:
            body = await bodies.read(request, MOST_BYTES)
        except Refused as error:
            return Response(status_code=error.status)
        headers = {name.lower(): value for name, value in request.headers.items()}
        hints = connector.hints(headers, body, request.path_params.get("word", ""))
        if hints is None:
            LOG.warning("message refused", system=system)
            return Response(status_code=403)
        if hints:
            self._note(system, hints, body)
        return Response(status_code=204)

    def _note(self, system: str, hints: Collection[Hint], body: bytes) -> None:
        mark = hashlib.blake2b(body, digest_size=16).digest()
        if mark in self._seen:
            return
        if self._paces.wait(system, time.monotonic()):
            LOG.warning("too many messages", system=system)
            return
        self._seen[mark] = None
        if len(self._seen) > MOST_KEPT:
            self._seen.popitem(last=False)
        self._hearing.put(system, hints)

    def _failing(self, _scope: Scope, status: int) -> Response:
        return Response(status_code=status)
