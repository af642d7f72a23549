"""`sync refine`: what OpenRefine brings back."""

from __future__ import annotations

from pathlib import Path

import click

from sync.shell import Shell

KINDS = ("company", "contact", "lead")


@click.group
def refine() -> None:
    """Cleaning steps from OpenRefine."""


@refine.command("import")
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--kind", type=click.Choice(KINDS), required=True)
@click.option("--list", "list_name", default="")
@click.option("--system", default="files")
@click.option("--into", type=click.Path(path_type=Path))
@click.pass_obj
def import_(
    shell: Shell, *, file: Path, kind: str, list_name: str, system: str, into: Path | None
) -> int:
    """Read a history of operations; with `--into`, write the steps that fit."""
    from rules.records import Kind
    from sync.refine.importing import as_text, import_history

    with shell.open(dry=True) as app:
        found = import_history(app, file, Kind(kind), system=system, list_name=list_name, into=into)
    shell.tell(found, lambda: as_text(found, shell.texts))
    return found.exit_code
