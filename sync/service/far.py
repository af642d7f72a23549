"""How far a piece of work is, for whoever looks: kept in memory, and of a job in the database too.

A thread beside the job writes it every few seconds, so that no stage waits for it; what fails there
stops nothing. Jobs that are over sooner are never written about.
"""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field, replace
from typing import Final

from rules.errors import RingrenError
from state import jobs as kept
from state.store import Store
from sync.app import App
from sync.logs import logger
from sync.output import Progress, Silent

SECONDS: Final = 3.0
LOG = logger(__name__)


@dataclass(frozen=True, slots=True)
class Far:
    """A stage (text key), and how much of how much; empty between two stages."""

    stage: str = ""
    done: int = 0
    total: int | None = None
    unit: str = ""


@dataclass(slots=True)
class Noting:
    """Keeps how far it is, and tells whoever was told before."""

    inner: Progress = field(default_factory=Silent)
    far: Far = field(default_factory=Far)

    def start(self, stage_key: str, total: int | None, unit: str) -> None:
        """A stage begins."""
        self.far = Far(stage_key, 0, total, unit)
        self.inner.start(stage_key, total, unit)

    def advance(self, done: int, total: int | None = None) -> None:
        """So much is done."""
        self.far = replace(self.far, done=done, total=total or self.far.total)
        self.inner.advance(done, total)

    def end(self) -> None:
        """The stage is over."""
        self.far = Far()
        self.inner.end()

    def tell(self, key: str, **details: object) -> None:
        """The report says it as well."""
        self.inner.tell(key, **details)


@contextlib.contextmanager
def seen(app: App, store: Store, job: str, holder: str) -> Iterator[None]:
    """Within this, others can see how far the job is."""
    app.progress = noting = Noting(app.progress)
    ended = threading.Event()

    def tell() -> None:
        before = Far()
        while not ended.wait(SECONDS):
            if noting.far != before:
                before = noting.far
                with contextlib.suppress(RingrenError), store.transaction() as tx:
                    kept.far(tx, job, holder, asdict(before))

    beside = threading.Thread(target=tell, name=f"{job} far", daemon=True)
    beside.start()
    try:
        yield
    finally:
        ended.set()
        beside.join()
        app.progress = noting.inner
