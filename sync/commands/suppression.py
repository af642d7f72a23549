"""The group `sync suppression`: what one does with the list, one number at a time.

The commands of other files join the group at the end of this one. Heavy imports wait until a
command is called.
"""

from __future__ import annotations

import click

from rules.errors import Exit
from sync.commands import deliveries, keeping, lifting, links, mailbox, tokens
from sync.commands.persons import CHANNELS, key_options, keys_typed
from sync.shell import Shell

MOST = 50


@click.group("suppression")
def suppression() -> None:
    """The list of those who must not be contacted."""


@suppression.command
@key_options
@click.option("--channel", type=click.Choice(CHANNELS), default="all")
@click.option("--at")
@click.option("--evidence", default="")
@click.option("--by")
@click.pass_obj
def add(
    shell: Shell,
    /,
    *,
    channel: str,
    at: str | None,
    evidence: str,
    by: str | None,
    **cells: tuple[str, ...],
) -> int:
    """Record that somebody said no."""
    from rules.suppression import Channel
    from sync.suppression import desk
    from sync.suppression.opt_out_story import told_added

    with shell.open(dry=True) as app:
        said = desk.statement(
            keys_typed(cells, app.settings.region),
            Channel(channel),
            now=app.clock(),
            at=at,
            evidence=evidence,
            by=by or app.actor,
        )
        added = desk.record(app, said)
    shell.tell(added, lambda: told_added(added, shell.texts))
    return Exit.OK


@suppression.command
@key_options
@click.option("--at")
@click.pass_obj
def check(shell: Shell, /, *, at: str | None, **cells: tuple[str, ...]) -> int:
    """Whether somebody may be contacted."""
    from sync.suppression import desk
    from sync.suppression.opt_out_story import told_checked

    with shell.open(dry=True) as app:
        found = desk.check(
            app, keys_typed(cells, app.settings.region), desk.when(at, app.clock()).end
        )
    shell.tell(found, lambda: told_checked(found, shell.texts))
    return Exit.OK


@suppression.command
@click.argument("key")
@click.pass_obj
def why(shell: Shell, *, key: str) -> int:
    """The whole story of a number, an address, a company or a record."""
    from sync.suppression import desk
    from sync.suppression.opt_out_story import told_story

    with shell.open(dry=True) as app:
        story = desk.story(app, desk.guessed(key, app.settings.region))
    shell.tell(story, lambda: told_story(story, shell.texts))
    return Exit.OK


@suppression.command("list")
@click.option("--limit", type=click.IntRange(min=1), default=MOST)
@click.option("--clear", is_flag=True)
@click.pass_obj
def list_entries(shell: Shell, *, limit: int, clear: bool) -> int:
    """The newest entries first; masked unless `--clear`."""
    from sync.suppression import desk
    from sync.suppression.opt_out_story import told_list

    with shell.open(dry=True) as app:
        found = desk.newest(app, limit, clear=clear)
    shell.tell(found, lambda: told_list(found, shell.texts))
    return Exit.OK


for _command in (
    *lifting.COMMANDS,
    *keeping.COMMANDS,
    *deliveries.COMMANDS,
    *tokens.COMMANDS,
    *links.COMMANDS,
    *mailbox.COMMANDS,
):
    suppression.add_command(_command)
