"""`sync migrate --to …`: everything that is kept moves into another database."""

from __future__ import annotations

import click

from rules.errors import Exit, UserError
from sync.output import say
from sync.shell import Shell, actor


@click.command
@click.option("--to", required=True)
@click.option("--yes", "-y", is_flag=True)
@click.pass_obj
def migrate(shell: Shell, *, to: str, yes: bool) -> int:
    """Move, compare, close the old database."""
    from sync.app import system_clock
    from sync.service.daemon import only_one, standing
    from sync.upkeep.migrating import Migration, address, plan_told, told

    settings = shell.begin()
    new = address(to)
    if standing(settings.home):
        raise UserError("move.service_runs")
    with only_one(settings.home):
        one = Migration(settings, new, system_clock)
        try:
            plan = one.plan()
            if not (shell.json and yes):
                shell.tell(plan, lambda: plan_told(plan, shell.texts))
            if not shell.confirmed("cli.migrate.question", yes=yes):
                return Exit.USER
            done = one.carry_out(plan, shell.progress(), actor())
        finally:
            one.close()
    if not shell.json:
        say()
    shell.tell(done, lambda: told(done, shell.texts))
    return Exit.OK
