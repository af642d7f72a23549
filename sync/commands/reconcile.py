"""The command that holds what systems say there is against what we know."""

from __future__ import annotations

import shutil
import sys

import click

from sync.shell import Shell


@click.command
@click.argument("system", required=False)
@click.option("--whole", is_flag=True)
@click.option("--allow", multiple=True, type=click.Choice(("shrink",)))
@click.pass_obj
def reconcile(shell: Shell, *, system: str | None, whole: bool, allow: tuple[str, ...]) -> int:
    """Compare counts, and ids where they differ; mend the copy of ours. Nothing is written."""
    from sync.systems import reconcile as reconciling

    with shell.open(dry=True) as app:
        found = reconciling.reconcile(app, system, whole=whole, allow=frozenset(allow))
    width = shutil.get_terminal_size().columns if sys.stdout.isatty() else None
    shell.tell(found, lambda: reconciling.as_text(found, shell.texts, width))
    return int(found.exit_code)
