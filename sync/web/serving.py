"""The one place that opens sockets: each application on a listener of its own, until told to end.

What is being answered when the end comes is answered; what comes later is refused at the socket.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import socket
import threading
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass
from ipaddress import ip_address
from typing import Final

import uvicorn
from starlette.types import ASGIApp

from rules.errors import UserError
from sync.app import App
from sync.service.listening import LISTENERS
from sync.settings.incoming import Listener
from sync.systems.doors import need
from sync.web.afterwards import Afterwards
from sync.web.api import Api
from sync.web.form import Form
from sync.web.hooks import Hooks
from sync.web.refine import Refine

MOST_AT_ONCE: Final = 200
"""Connections of one listener; the next one is told to come again."""
SECONDS_TO_END: Final = 10
SECONDS_OF_SILENCE: Final = 10
"""So long a connection may be open without a request that is being answered."""
_LARGEST_HEADERS: Final = 16_384


@dataclass(frozen=True, slots=True)
class Open:
    """A listener that is open."""

    name: str
    url: str


class _Server(uvicorn.Server):
    """Leaves signals to us, because servers share them, and says when it is open."""

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.opened = asyncio.Event()
        self._quiet_since: dict[object, float] = {}

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """As uvicorn's."""
        await super().startup(sockets)
        self.opened.set()

    async def on_tick(self, counter: int) -> bool:
        """As uvicorn's, and hang up on whoever says nothing, or half a head: uvicorn would wait for
        ever, and a few hundred such callers would take all the places."""
        self._hang_up(asyncio.get_running_loop().time())
        return await super().on_tick(counter)

    def _hang_up(self, now: float) -> None:
        before, self._quiet_since = self._quiet_since, {}
        for one in self.server_state.connections:
            cycle = getattr(one, "cycle", None)
            if cycle is not None and not cycle.response_complete:
                continue
            self._quiet_since[one] = since = before.get(one, now)
            if now - since > SECONDS_OF_SILENCE:
                one.transport.abort()

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """None of its own."""
        yield


@dataclass(frozen=True, slots=True)
class _Served:
    open: Open
    socket: socket.socket
    server: _Server


def serve(
    app: App,
    ready: Callable[[Sequence[Open]], None],
    stop: asyncio.Event | None = None,
    names: Collection[str] = LISTENERS,
) -> None:
    """Listen as the settings say, until SIGTERM, Ctrl-C or `stop`; UserError when nothing is to listen.

    `ready` is told once everything is open. `names` are the listeners that may be.
    """
    settings, afterwards = app.settings, Afterwards(app)
    with contextlib.ExitStack() as closing:
        closing.callback(afterwards.close)
        served = []
        wanted = {name for name in names if getattr(settings, name).is_used}
        if "api" in wanted:
            api = Api(app, afterwards)
            closing.callback(api.close)
            served.append(_served("api", settings.api, api.asgi(), closing))
        if "form" in wanted:
            if not settings.form.company.strip():
                raise UserError("serve.no_company")
            form = Form(app, afterwards).asgi()
            served.append(_served("form", settings.form, form, closing))
        if "hooks" in wanted:
            hooks = Hooks(app)
            closing.callback(hooks.close)
            served.append(_served("hooks", settings.hooks, hooks.asgi(), closing))
        if "metrics" in wanted:
            served.append(_served("metrics", settings.metrics, _metrics(app, closing), closing))
        if "refine" in wanted:
            refine = Refine(app)
            closing.callback(refine.close)
            served.append(_served("refine", settings.refine, refine.asgi(), closing))
        if "page" in wanted:
            served.append(_served("page", settings.page, _page(app, closing), closing))
        if not served:
            raise UserError("serve.nothing")
        asyncio.run(_until_told(served, ready, stop))


USUAL_PORT: Final = 8720
"""Of the page, where the settings name none."""


def serve_page(
    app: App, ready: Callable[[Sequence[Open]], None], stop: asyncio.Event | None = None
) -> None:
    """The page alone, as `serve`."""
    listener = app.settings.page
    if listener.port is None:
        if not ip_address(listener.host).is_loopback:
            raise UserError("serve.nothing")
        listener = listener.model_copy(update={"port": USUAL_PORT})
    with contextlib.ExitStack() as closing:
        served = [_served("page", listener, _page(app, closing), closing)]
        asyncio.run(_until_told(served, ready, stop))


def _page(app: App, closing: contextlib.ExitStack) -> ASGIApp:
    need("account.not_installed")
    from sync.web.page.site import Site

    site = Site(app)
    closing.callback(site.close)
    return site.asgi()


def _metrics(app: App, closing: contextlib.ExitStack) -> ASGIApp:
    need("serve.not_installed")
    from sync.web.metrics import Metrics

    metrics = Metrics(app)
    closing.callback(metrics.close)
    return metrics.asgi()


def _served(name: str, listener: Listener, asgi: ASGIApp, closing: contextlib.ExitStack) -> _Served:
    bound = _bound(name, listener)
    closing.callback(bound.close)
    config = uvicorn.Config(
        asgi,
        access_log=False,
        log_config=None,
        server_header=False,
        proxy_headers=False,
        lifespan="off",
        ws="none",
        http="h11",
        loop="asyncio",
        limit_concurrency=MOST_AT_ONCE,
        timeout_keep_alive=5,
        timeout_graceful_shutdown=SECONDS_TO_END,
        h11_max_incomplete_event_size=_LARGEST_HEADERS,
        ssl_certfile=listener.certificate_file,
        ssl_keyfile=listener.key_file,
    )
    try:
        config.load()
    except OSError as error:  # ssl.SSLError is one
        raise UserError("serve.certificate", name=name, reason=error.strerror or "") from None
    scheme = "https" if listener.certificate_file else "http"
    host, port = bound.getsockname()[:2]
    shown = f"[{host}]" if ":" in host else host
    return _Served(Open(name, f"{scheme}://{shown}:{port}"), bound, _Server(config))


def _bound(name: str, listener: Listener) -> socket.socket:
    family = socket.AF_INET6 if ":" in listener.host else socket.AF_INET
    try:
        bound = socket.create_server(
            (listener.host, listener.port or 0), family=family, backlog=512
        )
    except OSError as error:
        place = f"{listener.host}:{listener.port}"
        reason = os.strerror(error.errno or 0)
        raise UserError("serve.port", name=name, place=place, reason=reason) from None
    # Head and body leave apart; without this each answer would wait 40 ms for an acknowledgement.
    bound.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return bound


async def _until_told(
    served: Sequence[_Served], ready: Callable[[Sequence[Open]], None], stop: asyncio.Event | None
) -> None:
    stop = stop or asyncio.Event()
    if threading.current_thread() is threading.main_thread():
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, stop.set)
    running = [asyncio.create_task(one.server.serve([one.socket])) for one in served]
    for one in served:
        await one.server.opened.wait()
    ready([one.open for one in served])
    await stop.wait()
    for one in served:
        one.server.should_exit = True
    await asyncio.gather(*running)
