"""One job when somebody asks for it, as the daemon would do it: `sync jobs run NAME`, and the page."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from threading import Event

from state.schema import prepare
from state.store import Store
from sync.app import App, holder_here, open_app, system_clock
from sync.output import Progress
from sync.service.jobs import Crashed, Ended, Job, asked_for, carry_out, kind_of
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
    """Do it once, whether it is due or not; one that is there for each system, for one after the
    other. `holder` and `stopping` where several of our threads work.

    UserError for a job that there is not.
    """
    jobs = asked_for(settings, name)
    store, holder = Store(settings.database_url), holder or holder_here()

    @contextmanager
    def opens(job: Job) -> Iterator[App]:
        with open_app(
            settings, actor=actor, dry=job.dry, progress=progress, job=kind_of(job.name),
            holder=holder, stopping=stopping,
        ) as app:  # fmt: skip
            app.only = job.only
            yield app

    try:
        prepare(store)
        ends = [carry_out(job, store, opens, system_clock, holder, crashed) for job in jobs]
        return next((one for one in ends if one.error), ends[-1])
    finally:
        store.close()
