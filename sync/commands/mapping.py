"""The command that proposes which of a system's own fields hold what ours do."""

from __future__ import annotations

import shutil
import sys

import click

from rules.errors import UserError
from sync.shell import Shell


@click.command
@click.argument("system")
@click.option("--write", is_flag=True)
@click.option("--yes", "-y", is_flag=True)
@click.pass_obj
def map_(shell: Shell, *, system: str, write: bool, yes: bool) -> int:
    """Show proposals; with `--write`, add them to the settings when a person agrees."""
    from sync.output import as_json, say
    from sync.settings.sources import find_file
    from sync.systems import mapping

    with shell.open(dry=True) as app:
        found = mapping.look(app, system)
    texts = shell.texts
    if not shell.json:
        width = shutil.get_terminal_size().columns if sys.stdout.isatty() else None
        say(mapping.as_text(found, texts, width))
    wanted = found.worth_writing
    if write and wanted:
        file = find_file(shell.settings)
        if file is None:
            raise UserError("error.no_settings_file")
        if shell.confirmed("cli.map.question", yes=yes, file=file):
            mapping.write(file, system, wanted)
            found.written = str(file)
    if shell.json:
        say(as_json(found))
    elif found.written:
        say(texts.get("map.written", file=found.written))
    return found.exit_code
