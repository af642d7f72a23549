"""The command that makes the fields a system lacks."""

from __future__ import annotations

import shutil
import sys
from typing import TYPE_CHECKING

import click

from sync.shell import Shell

if TYPE_CHECKING:
    from sync.systems.provision import Provisioned


@click.command
@click.argument("system")
@click.option("--dry-run", is_flag=True)
@click.option("--yes", "-y", is_flag=True)
@click.pass_obj
def provision(shell: Shell, *, system: str, dry_run: bool, yes: bool) -> int:
    """Show what is missing; make it when a person agrees."""
    from sync.output import as_json, say
    from sync.systems import provision as provisioning

    with shell.open(dry=dry_run) as app:
        texts = shell.texts
        found = provisioning.look(app, system, texts)
        if not shell.json:
            width = shutil.get_terminal_size().columns if sys.stdout.isatty() else None
            say(provisioning.as_text(found, texts, width))
        if found.fields and not dry_run and _agreed(shell, found, yes=yes):
            for told in provisioning.make(app, found, texts):
                if not shell.json:
                    say(provisioning.line(told, texts))
        if shell.json:
            say(as_json(found))
        elif dry_run:
            say(texts.get("provision.dry"))
        return found.exit_code


def _agreed(shell: Shell, found: Provisioned, *, yes: bool) -> bool:
    return shell.confirmed("cli.provision.question", yes=yes, system=found.system)
