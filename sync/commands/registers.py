"""`sync registers`: lists of people who declined in general, such as the Robinson list."""

from __future__ import annotations

from pathlib import Path

import click

from rules.errors import Exit
from sync.shell import Shell


@click.group(invoke_without_command=True)
@click.pass_context
def registers(context: click.Context) -> int:
    """Registers: how old they are, and a new issue of one."""
    if context.invoked_subcommand is None:
        return int(context.invoke(list_registers))
    return Exit.OK


@registers.command("list")
@click.pass_obj
def list_registers(shell: Shell) -> int:
    """Which there are, of which day, and with how many people."""
    from sync.calling.registers import look
    from sync.calling.registers_story import told_state

    with shell.open(dry=True) as app:
        found = look(app)
    shell.tell(found, lambda: told_state(found, shell.texts))
    return Exit.OK


@registers.command("import")
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--date", "day", required=True)
@click.option("--name", default="robinson")
@click.option("--by")
@click.option("--smaller", is_flag=True)
@click.option("--yes", is_flag=True)
@click.pass_obj
def import_(
    shell: Shell,
    *,
    file: Path,
    day: str,
    name: str,
    by: str | None,
    smaller: bool,
    yes: bool,
) -> int:
    """Take in an issue: what would change first, then all of it at once."""
    from sync.calling.registers import begun, day_of
    from sync.calling.registers_story import told_plan
    from sync.output import say

    with shell.open(dry=True) as app, begun(app, file, name, day_of(day)) as draft:
        planned = draft.read(smaller=smaller)
        if not shell.json:
            say(told_plan(planned, shell.texts))
        if shell.confirmed("registers.sure", yes=yes):
            planned = draft.let_in(planned, by or app.actor)
    shell.tell(planned, lambda: shell.texts.get(_END[planned.done], name=name, date=planned.dated))
    return Exit.OK if planned.done else Exit.USER


_END = {True: "registers.done", False: "registers.nothing_done"}


@registers.command
@click.argument("name")
@click.option("--by")
@click.option("--yes", is_flag=True)
@click.pass_obj
def drop(shell: Shell, *, name: str, by: str | None, yes: bool) -> int:
    """Take the newest issue of a register away: the wrong file, a list that is not used any more."""
    from sync.calling.registers import take_away
    from sync.calling.registers_story import told_dropped

    with shell.open(dry=True) as app:
        if not shell.confirmed("registers.drop_sure", yes=yes, name=name):
            return Exit.USER
        gone = take_away(app, name, by or app.actor)
    shell.tell(gone, lambda: told_dropped(gone, shell.texts))
    return Exit.OK
