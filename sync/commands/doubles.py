"""`sync doubles`: doubles out to dedupe, and what was said of them in."""

from __future__ import annotations

from pathlib import Path

import click

from rules.errors import Exit
from sync.shell import Shell

_FILE = click.Path(path_type=Path)


@click.group
def doubles() -> None:
    """Doubles, for dedupe."""


@doubles.command
@click.argument("file", type=_FILE)
@click.option("--of", type=click.Choice(("companies", "people")), required=True)
@click.option("--as", "form", type=click.Choice(("clusters", "training")), default="clusters")
@click.pass_obj
def export(shell: Shell, *, file: Path, of: str, form: str) -> int:
    """Write what the rules take for one, or what people said of pairs."""
    from sync.refine.doubles import export_clusters, export_training, told_written

    write = export_clusters if form == "clusters" else export_training
    with shell.open(dry=True) as app:
        told = write(app, file, companies=of == "companies")
    shell.tell(told, lambda: told_written(told, shell.texts))
    return Exit.OK


@doubles.command("import")
@click.argument("file", type=_FILE)
@click.option("--by", required=True)
@click.pass_obj
def import_(shell: Shell, *, file: Path, by: str) -> int:
    """Note what somebody said of pairs."""
    from sync.refine.doubles import import_labels, told_heard

    with shell.open(dry=True) as app:
        told = import_labels(app, file, by)
    shell.tell(told, lambda: told_heard(told, shell.texts))
    return told.exit_code
