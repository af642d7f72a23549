"""`sync suppression link`: a link for a mail; one click, and the no is recorded."""

from __future__ import annotations

import click

from rules.errors import Exit
from sync.commands.persons import CHANNELS, key_options, keys_typed
from sync.shell import Shell


@click.command
@key_options
@click.option("--channel", type=click.Choice(CHANNELS), default="email")
@click.option("--days", type=click.IntRange(min=1))
@click.pass_obj
def link(shell: Shell, /, *, channel: str, days: int | None, **cells: tuple[str, ...]) -> int:
    """Make links for mails."""
    from sync.systems.doors import need

    need("serve.not_installed")
    from rules.suppression import Channel
    from sync.suppression.links import links

    with shell.open(dry=True) as app:
        found = keys_typed(cells, app.settings.region)
        made = links(app, found, Channel(channel), days)
    shell.tell(
        made,
        lambda: "\n\n".join(
            "\n".join(f"{name}: {value}" for name, value in one.headers.items()) for one in made
        ),
    )
    return Exit.OK


COMMANDS = (link,)
