"""`sync houses`: how other installations stand."""

from __future__ import annotations

import click

from sync.shell import Shell


@click.command
@click.pass_obj
def houses(shell: Shell) -> int:
    """One line for each, and an exit code for monitors."""
    from sync.service.houses import as_text, worst
    from sync.service.houses import houses as asked

    with shell.open(dry=True) as app:
        found = asked(app)
    shell.tell(found, lambda: as_text(found, shell.texts))
    return int(worst(found))
