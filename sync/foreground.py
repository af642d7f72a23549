"""One job when somebody asks for it, as the daemon would do it: `sync jobs run NAME`, and the page."""

from __future__ import annotations

from contextlib import AbstractContextManager
from threading import Event

from state.schema import prepare
from state.store import Store
from sync.app import App, holder_here, open_app, system_clock
from sync.jobs import Crashed, Ended, Job, carry_out, named
from sync.output import Progress
from sync.settings import Settings


def once(
    settings: Settings,
    name: str,
    *,
    actor: str,
    progress: Progress,
    crashed: Crashed,
    holder: str = "",
    stopping: Event | None = None,
) -> Ended:
    """Do it once, whether it is due or not. `holder` and `stopping` where several of our threads work.

    UserError for a job that there is not.
    """
    job = named(name)
    store, holder = Store(settings.database_url), holder or holder_here()

    def opens(job: Job) -> AbstractContextManager[App]:
        return open_app(
            settings, actor=actor, dry=job.dry, progress=progress, job=job.name,
            holder=holder, stopping=stopping,
        )  # fmt: skip

    try:
        prepare(store)
        return carry_out(job, store, opens, system_clock, holder, crashed)
    finally:
        store.close()
