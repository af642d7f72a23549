"""What `sync serve` opens, in a thread beside the daemon's jobs: the API, the form, systems' messages."""

from __future__ import annotations

import asyncio
import importlib.util
import threading
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Final

from rules.errors import RingrenError, UserError
from sync.app import Clock, open_app
from sync.logs import logger
from sync.settings import Settings
from sync.settings.incoming import Listener

if TYPE_CHECKING:
    from sync.web.serving import Open

LISTENERS: Final = ("api", "form", "hooks", "metrics", "page", "refine")
"""The sections of the settings that may name a port."""
SECONDS: Final = 30
"""So long opening and closing may take."""
LOG = logger(__name__)


class Listening:
    """Open it, ask whether it still is, close it. Another thread's errors are kept, not lost."""

    def __init__(self, actor: str, clock: Clock, names: Sequence[str] = LISTENERS) -> None:
        self._actor, self._clock, self._names = actor, clock, names
        self._thread: threading.Thread | None = None
        self._stop: Callable[[], object] = lambda: None
        self._errors: list[Exception] = []
        self._set: tuple[Listener, ...] = ()

    def open(self, settings: Settings) -> None:
        """Open what the settings name, if anything; UserError when that cannot be."""
        self._set = self._listeners(settings)
        if not any(one.is_used for one in self._set):
            return
        if not (importlib.util.find_spec("uvicorn") and importlib.util.find_spec("starlette")):
            raise UserError("serve.not_installed")
        opened, self._errors = threading.Event(), []
        self._thread = threading.Thread(
            target=self._serve, args=(settings, opened), name="listening", daemon=True
        )
        self._thread.start()
        opened.wait(SECONDS)
        for error in self._errors:
            self._thread = None
            raise error

    def differs(self, settings: Settings) -> bool:
        """Whether other settings name something else."""
        return self._set != self._listeners(settings)

    @property
    def has_failed(self) -> bool:
        """Whether it ended although nobody asked."""
        return self._thread is not None and not self._thread.is_alive()

    def close(self) -> None:
        """Answer what is being asked, and take no more."""
        if self._thread is not None:
            self._stop()
            self._thread.join(SECONDS)
            self._thread = None

    def _listeners(self, settings: Settings) -> tuple[Listener, ...]:
        return tuple(getattr(settings, name) for name in self._names)

    def _serve(self, settings: Settings, opened: threading.Event) -> None:
        from sync.web.serving import serve

        stop = asyncio.Event()

        def ready(found: Sequence[Open]) -> None:
            loop = asyncio.get_running_loop()
            self._stop = lambda: loop.call_soon_threadsafe(stop.set)
            LOG.info("listening", at=[one.url for one in found])
            opened.set()

        try:
            with open_app(
                settings, actor=self._actor, dry=False, clock=self._clock, job="serve"
            ) as app:
                serve(app, ready, stop, self._names)
        except RingrenError as error:
            self._errors.append(error)
        except Exception as error:  # the thread's last word; whoever opened it raises it
            LOG.exception("listening failed")
            self._errors.append(error)
        finally:
            opened.set()
