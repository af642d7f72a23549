"""Commands of the daemon: daemon, worker, jobs, status, overview."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

import click

from rules.errors import Exit, RingrenError, UserError
from sync.shell import Shell

if TYPE_CHECKING:
    from sync.service.daemon import Daemon


@click.command
@click.pass_obj
def daemon(shell: Shell) -> int:
    """Do all jobs until somebody says stop."""
    from sync.crashes import write_crash
    from sync.service.daemon import Daemon
    from sync.settings.sources import find_file

    settings = shell.begin()
    return _stay(
        shell,
        Daemon(
            settings,
            shell.read_settings,
            lambda error: write_crash(error, shell),
            find_file(shell.settings),
        ),
    )


@click.command
@click.option("--queue", "queues", type=click.Choice(["urgent", "bulk"]), multiple=True)
@click.option("--metrics", is_flag=True)
@click.pass_obj
def worker(shell: Shell, *, queues: tuple[str, ...], metrics: bool) -> int:
    """Share the jobs with others."""
    from sync.crashes import write_crash
    from sync.service.worker import Workers, refuse_unless_possible
    from sync.settings.sources import find_file

    settings = shell.begin()
    refuse_unless_possible(settings)
    one = Workers(
        settings,
        shell.read_settings,
        lambda error: write_crash(error, shell),
        find_file(shell.settings),
        queues=queues or ("urgent", "bulk"),
        metrics=metrics,
    )
    return _stay(shell, one)


def _stay(shell: Shell, one: Daemon) -> int:
    """Until it ends; then the process goes, whatever a thread is still at."""
    from sync.logs import speak_up

    if not shell.quiet:
        speak_up(
            "sync.service.daemon",
            "sync.service.atwork",
            "sync.service.cluster",
            "sync.service.listening",
        )
    code = one.run()
    if code is Exit.FAILED:
        # A thread that heeds nothing must not keep the process: what it does is safe to break off.
        sys.stderr.flush()
        os._exit(code)
    return int(code)


@click.group(invoke_without_command=True)
@click.pass_context
def jobs(context: click.Context) -> int:
    """What the daemon does by itself."""
    if context.invoked_subcommand is None:
        return int(context.invoke(list_jobs))
    return Exit.OK


@jobs.command("list")
@click.pass_obj
def list_jobs(shell: Shell) -> int:
    """Every job."""
    from sync.service.status import jobs as found
    from sync.service.status import jobs_table

    with shell.open(dry=True) as app:
        lines = found(app)
    shell.tell(lines, lambda: jobs_table(lines, shell.texts))
    return Exit.OK


@jobs.command
@click.argument("name")
@click.pass_obj
def run(shell: Shell, *, name: str) -> int:
    """One job, now."""
    from sync.crashes import write_crash
    from sync.service.foreground import once
    from sync.service.status import why
    from sync.shell import actor

    ended = once(
        shell.begin(),
        name,
        actor=actor(),
        progress=shell.progress(),
        crashed=lambda error: write_crash(error, shell),
    )
    done = {"job": name, "exit_code": ended.exit_code, "error": ended.error}
    key = "jobs.failed" if ended.error else "jobs.done"
    texts = shell.texts
    shell.tell(done, lambda: texts.get(key, job=name, error=why(ended.error, texts)))
    return int(ended.exit_code)


@click.command
@click.pass_obj
def status(shell: Shell) -> int:
    """Whether all is well: 0 yes, 1 warning, 2 critical, 3 unknown."""
    from sync.homes import has_store
    from sync.output import as_json, say
    from sync.service.status import Level, as_text
    from sync.service.status import status as found

    try:
        settings = shell.read_settings()
        if settings.state.url is None and not has_store(settings.home):
            raise UserError("status.never")
        with shell.open(dry=True, write_home=False) as app:
            told = found(app)
    except (RingrenError, OSError) as error:
        message = shell.texts.of_error(error)[0] if isinstance(error, RingrenError) else str(error)
        word = shell.texts.get("status.level.unknown")
        say(
            as_json({"level": Level.UNKNOWN, "error": message})
            if shell.json
            else f"{word}: {message}"
        )
        return int(Level.UNKNOWN)
    shell.tell(told, lambda: as_text(told, shell.texts))
    return int(told.level)


@click.command
@click.pass_obj
def overview(shell: Shell) -> int:
    """How all stands, for people."""
    from sync.service.overview import as_text
    from sync.service.overview import overview as found

    with shell.open(dry=True) as app:
        told = found(app)
    shell.tell(told, lambda: as_text(told, shell.texts))
    return Exit.OK
