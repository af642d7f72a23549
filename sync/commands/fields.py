"""The command that prints the field catalogue."""

from __future__ import annotations

import click

from rules.errors import Exit, UserError
from sync.shell import Shell


@click.command
@click.argument("name", required=False)
@click.pass_obj
def fields(shell: Shell, *, name: str | None) -> int:
    """The catalogue with the settings' overrides: all of it as a table, or all about one field."""
    from rules.catalogue import DEFAULT, extend
    from sync.listings import field_sheet, fields_table
    from sync.settings.problems import nearest

    catalogue = extend(DEFAULT, shell.read_settings().fields)
    if name is None:
        shell.tell(list(catalogue), lambda: fields_table(catalogue, shell.texts))
        return Exit.OK
    row = catalogue.get(name)
    if row is None:
        names = [field.name for field in catalogue]
        near = nearest(name, names)
        remedy = "error.unknown_field.remedy_near" if near else ""
        raise UserError("error.unknown_field", remedy, name=name, nearest=near)
    shell.tell(row, lambda: field_sheet(catalogue, name, shell.texts))
    return Exit.OK
