"""`sync suppression mailbox`: read the mailbox that opt-outs are sent to."""

from __future__ import annotations

import click

from rules.errors import Exit
from sync.shell import Shell


@click.command
@click.pass_obj
def mailbox(shell: Shell) -> int:
    """Read what people have written."""
    from sync.suppression.mailbox import read, told

    with shell.open(dry=False) as app:
        found = read(app)
        folder = app.settings.mailbox.unclear
    shell.tell(found, lambda: told(found, shell.texts, folder))
    return Exit.OK


COMMANDS = (mailbox,)
