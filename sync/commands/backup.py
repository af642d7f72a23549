"""`sync backup`, `sync restore`: all that is kept into one file, and back."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from rules.errors import Exit, UserError
from sync.output import say
from sync.shell import Shell, actor

if TYPE_CHECKING:
    from sync.upkeep.restoring import Restoring

_PATH = click.Path(path_type=Path)


@click.command
@click.argument("place", required=False, type=_PATH)
@click.option("--keys", "keys_file", type=_PATH)
@click.pass_obj
def backup(shell: Shell, *, place: Path | None, keys_file: Path | None) -> int:
    """Write all that is kept into one file, read back and compared."""
    from sync.upkeep.backups import make, told

    with shell.open(dry=True) as app:
        made = make(app, place, keys_file)
    shell.tell(made, lambda: told(made, shell.texts))
    return Exit.OK


@click.command
@click.argument("place", required=False, type=_PATH)
@click.option("--dry-run", "dry", is_flag=True)
@click.pass_obj
def archive(shell: Shell, *, place: Path | None, dry: bool) -> int:
    """Figures of closed years into a file for each, read back, and out of the database."""
    from sync.upkeep.archiving import look, put_away, told

    with shell.open(dry=True) as app:
        found = (look if dry else put_away)(app, place)
    shell.tell(found, lambda: told(found, shell.texts))
    return Exit.OK


@click.command
@click.argument("file", type=_PATH)
@click.option("--to")
@click.option("--keys", "keys_file", type=_PATH)
@click.option("--check", "rehearse", is_flag=True)
@click.option("--over-newer", is_flag=True)
@click.option("--yes", "-y", is_flag=True)
@click.pass_obj
def restore(
    shell: Shell,
    *,
    file: Path,
    to: str | None,
    keys_file: Path | None,
    rehearse: bool,
    over_newer: bool,
    yes: bool,
) -> int:
    """Look, ask, fill, compare, take over."""
    from sync.app import system_clock
    from sync.service.daemon import only_one, standing
    from sync.upkeep.migrating import address
    from sync.upkeep.restoring import Restoring

    settings = shell.begin()
    new = address(to) if to else None
    if standing(settings.home) and not rehearse:
        raise UserError("move.service_runs")
    one = Restoring(settings, file, new, system_clock)
    try:
        if rehearse:
            return _rehearsed(shell, one, keys_file)
        with only_one(settings.home):
            return _restored(shell, one, keys_file, over_newer=over_newer, yes=yes)
    finally:
        one.close()


def _rehearsed(shell: Shell, one: Restoring, keys_file: Path | None) -> int:
    from sync.upkeep.restoring import told

    plan = one.plan(keys_file, rehearse=True)
    done = one.rehearse(plan, shell.progress(), actor())
    shell.tell(done, lambda: told(done, shell.texts))
    return Exit.OK


def _restored(
    shell: Shell, one: Restoring, keys_file: Path | None, *, over_newer: bool, yes: bool
) -> int:
    from sync.upkeep.restoring import plan_told, told

    plan = one.plan(keys_file)
    if plan.needs_word and not over_newer:
        look = plan.look
        raise UserError(f"restore.refused.{look.elder}", entries=look.entries, acts=look.acts)
    if not (shell.json and yes):
        shell.tell(plan, lambda: plan_told(plan, shell.texts))
    if not shell.confirmed("cli.restore.question", yes=yes):
        return Exit.USER
    done = one.carry_out(plan, shell.progress(), actor())
    if not shell.json:
        say()
    shell.tell(done, lambda: told(done, shell.texts))
    return Exit.OK
