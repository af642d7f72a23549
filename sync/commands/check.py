"""The command that looks whether everything is as it must be."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

import click

from rules.errors import Exit, RingrenError
from sync.shell import Shell


@click.command
@click.argument("path", required=False, type=click.Path(path_type=Path))
@click.pass_obj
def check(shell: Shell, *, path: Path | None) -> int:
    """Settings, systems and security, and which column becomes which field."""
    from sync.checks import Checked, Checking, as_text
    from sync.settings.sources import find_file

    shell.path = path or shell.path
    settings = shell.read_settings()
    checking = Checking(settings, shell.texts, find_file(shell.settings))
    checked = Checked()
    checked.checks += checking.without_store()
    if not checked.failed:
        try:
            with shell.open(dry=True) as app:
                checked.checks.append(checking.store_opened())
                for name, connector in app.systems.items():
                    checked.checks += checking.system(name, connector, checked)
        except RingrenError as error:
            checked.checks.append(checking.trouble("security", error))
    checked.checks += checking.permissions()
    width = shutil.get_terminal_size().columns if sys.stdout.isatty() else None
    shell.tell(checked, lambda: as_text(checked, shell.texts, width))
    return Exit.USER if checked.failed else Exit.OK
