"""The command that writes companies for LinkedIn Sales Navigator."""

from __future__ import annotations

from pathlib import Path

import click

from rules.errors import Exit
from sync.shell import Shell


@click.command
@click.argument("folder", type=click.Path(path_type=Path, file_okay=False))
@click.pass_obj
def linkedin(shell: Shell, *, folder: Path) -> int:
    """Our companies as files for an upload to Sales Navigator."""
    from sync.enrichment import salesnav

    with shell.open(dry=True) as app:
        found = salesnav.write(app, folder)
    count, files = found.companies, len(found.files)
    shell.tell(
        found,
        lambda: shell.texts.get("linkedin.written", count=count, files=files, folder=folder),
    )
    return Exit.OK
