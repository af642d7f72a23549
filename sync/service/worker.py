"""`sync worker`: one of several processes, on one machine or many, that share the jobs of one customer.

They meet in the database and nowhere else. It stays, reloads and ends as `sync daemon` does
(sync/service/daemon.py); what listens is opened by `sync serve`, where it is wanted, but for the measures and
the sign of life of this process, when it is asked to tell them itself.
"""

from __future__ import annotations

import contextlib
import importlib.util
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from typing import TYPE_CHECKING

import sqlalchemy as sa

from rules.errors import UserError
from state.store import Store
from sync.app import Clock, holder_here, system_clock
from sync.service.daemon import Daemon, Say
from sync.service.jobs import Crashed
from sync.settings import Settings

if TYPE_CHECKING:
    from sync.service.cluster import Cluster


class Workers(Daemon):
    """The process; `queues` are those that it takes from, `metrics` has it open that listener."""

    def __init__(
        self,
        settings: Settings,
        read: Callable[[], Settings],
        crashed: Crashed,
        file: Path | None,
        clock: Clock = system_clock,
        *,
        queues: Sequence[str],
        metrics: bool = False,
    ) -> None:
        opens = ("metrics",) if metrics else ()
        super().__init__(settings, read, crashed, file, clock, opens)
        self._queues = queues

    def _place(self) -> AbstractContextManager[Say]:
        """Any number of them may be at work; each says so in the queue's own tables."""
        return contextlib.nullcontext(lambda _said: None)

    def _engine(self, store: Store) -> Cluster:
        from sync.service.cluster import Cluster

        return Cluster(
            self.settings,
            store,
            self._opens,
            self._clock,
            holder=holder_here(),
            crashed=self._crashed,
            queues=self._queues,
        )


def refuse_unless_possible(settings: Settings) -> None:
    """UserError where there is no PostgreSQL, or what drives the queue is not installed."""
    if sa.make_url(settings.database_url).get_backend_name() != "postgresql":
        raise UserError("worker.needs_postgres")
    if not importlib.util.find_spec("procrastinate"):
        raise UserError("worker.not_installed")
