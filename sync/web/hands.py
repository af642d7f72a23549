"""Work that somebody asked for on the page or over the API and that takes longer than an answer may.

A thread does it, one piece after the other; whoever asks is told how far it is. A piece that is at work
when the process ends stops between two pages, as everywhere, and loses nothing.
"""

from __future__ import annotations

import contextlib
import threading
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import count
from typing import Any, Final

from rules.errors import Leaving, RingrenError, UserError
from sync.app import App, open_app
from sync.crashes import write_at
from sync.logs import logger
from sync.service.far import Far, Noting
from sync.web.alongside import Alongside

MOST_WAITING: Final = 10
MOST_KEPT: Final = 30
PATIENCE: Final = 60
"""Seconds that an undo or a plan waits for a list which the service is at work on."""
LOG = logger(__name__)

Error = Mapping[str, Any]
"""A text key as `message`, with its details."""


@dataclass(frozen=True, slots=True)
class Piece:
    """One piece of work. `what` is a text key `page.work.<what>`, `about` a number or a name, `part`
    what of it when that is not all; `run`: the run that came of it.
    """

    number: int
    what: str
    about: str
    by: str
    asked_at: datetime
    begun_at: datetime | None = None
    ended_at: datetime | None = None
    error: Error | None = None
    run: int | None = None
    part: str = ""

    @property
    def state(self) -> str:
        """waiting, working, well or failed."""
        if self.ended_at:
            return "failed" if self.error else "well"
        return "working" if self.begun_at else "waiting"


@dataclass(frozen=True, slots=True)
class Done:
    """What came of a piece."""

    error: Error | None = None
    run: int | None = None


@dataclass(slots=True)
class Tools:
    """What a piece works with."""

    app: App
    """Of the page: settings, clock. For work, `opened` gives one of its own."""
    actor: str
    holder: str
    stopping: threading.Event
    progress: Noting

    @contextlib.contextmanager
    def opened(self, job: str) -> Iterator[App]:
        """An app that acts in the name of whoever asked, and waits for a list that is in use."""
        with open_app(
            self.app.settings, actor=self.actor, dry=False, progress=self.progress,
            clock=self.app.clock, job=job, holder=self.holder, stopping=self.stopping,
        ) as app:  # fmt: skip
            app.patience = PATIENCE
            yield app


Work = Callable[[Tools], Done]


class Hands:
    """One for each application, by its name. `close` asks what is at work to stop, and waits for it."""

    def __init__(self, app: App, name: str) -> None:
        self._app, self._name, self._numbers = app, name, count(1)
        self._waiting: deque[tuple[Piece, Work]] = deque()
        self._known: dict[int, Piece] = {}
        self._lock, self._stopping = threading.Lock(), threading.Event()
        self._noting = Noting()
        self._alongside = Alongside(name, lambda _asked: self._work())

    def give(self, what: str, about: str, by: str, work: Work, part: str = "") -> Piece:
        """To be done soon; the same that waits or is at work already is not taken twice."""
        with self._lock:
            for piece in self._known.values():
                same = (piece.what, piece.about, piece.part) == (what, about, part)
                if same and piece.ended_at is None:
                    return piece
            if len(self._waiting) >= MOST_WAITING:
                raise UserError("page.work.too_much")
            number, now = next(self._numbers), self._app.clock()
            piece = Piece(number, what, about, by, now, part=part)
            self._known[piece.number] = piece
            for old in sorted(self._known)[:-MOST_KEPT]:
                if self._known[old].ended_at:
                    del self._known[old]
            self._waiting.append((piece, work))
        self._alongside.soon()
        return piece

    def listed(self) -> list[Piece]:
        """What was asked for, the newest first."""
        with self._lock:
            return sorted(self._known.values(), key=lambda one: -one.number)

    @property
    def far(self) -> Far:
        """How far the one at work is."""
        return self._noting.far

    def close(self) -> None:
        """Nothing more."""
        self._stopping.set()
        with self._lock:
            self._waiting.clear()
        self._alongside.close()

    def _work(self) -> None:
        while True:
            with self._lock:
                if not self._waiting:
                    return
                piece, work = self._waiting.popleft()
                self._known[piece.number] = piece = replace(piece, begun_at=self._app.clock())
            done = self._done(piece, work)
            with self._lock:
                self._known[piece.number] = replace(
                    piece, ended_at=self._app.clock(), error=done.error, run=done.run
                )

    def _done(self, piece: Piece, work: Work) -> Done:
        self._noting.end()
        tools = Tools(
            self._app,
            f"{piece.by} ({self._name})",
            f"{self._app.holder}/{self._name}",
            self._stopping,
            self._noting,
        )
        try:
            return work(tools)
        except Leaving:
            return Done({"message": "error.leaving"})
        except RingrenError as error:
            return Done({"message": error.message, **error.details})
        except Exception as error:
            write_at(error, self._app.settings.home)
            LOG.exception("work failed", what=piece.what)
            return Done({"message": "error.bug", "kind": type(error).__name__})
