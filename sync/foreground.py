"""`sync jobs run NAME`: one job in this process, as the daemon would do it."""

from __future__ import annotations

from contextlib import AbstractContextManager

from state.schema import prepare
from state.store import Store
from sync.app import App, holder_here, open_app, system_clock
from sync.crashes import write_crash
from sync.jobs import Ended, Job, carry_out, named
from sync.shell import Shell, actor


def once(shell: Shell, name: str) -> Ended:
    """Do it once, whether it is due or not."""
    job = named(name)
    settings = shell.begin()
    store = Store(settings.database_url)

    def opens(job: Job) -> AbstractContextManager[App]:
        return open_app(
            settings, actor=actor(), dry=job.dry, progress=shell.progress(), job=job.name
        )

    try:
        prepare(store)
        return carry_out(
            job, store, opens, system_clock, holder_here(), lambda error: write_crash(error, shell)
        )
    finally:
        store.close()
