"""`sync suppression status | audit | export | import | erase | keys`: the list as a whole."""

from __future__ import annotations

from pathlib import Path

import click

from rules.errors import Exit
from sync.commands.persons import key_options, keys_typed
from sync.shell import Shell


@click.command
@click.pass_obj
def status(shell: Shell) -> int:
    """Where the list stands."""
    from sync.suppression.audit import status as looked_at
    from sync.suppression.keeping_story import told_status

    with shell.open(dry=True) as app:
        found = looked_at(app)
    shell.tell(found, lambda: told_status(found, shell.texts))
    return Exit.OK


@click.command
@click.option("--noted")
@click.pass_obj
def audit(shell: Shell, *, noted: str | None) -> int:
    """Whether nothing was changed in the list, or taken out of it."""
    from sync.suppression.audit import audit as audited
    from sync.suppression.keeping_story import told_audit

    with shell.open(dry=True) as app:
        found = audited(app, noted)
    shell.tell(found, lambda: told_audit(found, shell.texts))
    return Exit.OK if found.whole else Exit.FAILED


@click.command
@click.option("--out", type=click.Path(path_type=Path), required=True)
@click.option("--clear", is_flag=True)
@click.pass_obj
def export(shell: Shell, *, out: Path, clear: bool) -> int:
    """Write the list to a file that can be checked without this program."""
    from sync.suppression.exporting import export as written
    from sync.suppression.keeping_story import told_export

    with shell.open(dry=True) as app:
        found = written(app, out, clear=clear)
    shell.tell(found, lambda: told_export(found, shell.texts))
    return Exit.OK


@click.command("import")
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--by")
@click.pass_obj
def import_(shell: Shell, *, file: Path, by: str | None) -> int:
    """Take in a file of opt-outs."""
    from sync.suppression.importing import take
    from sync.suppression.keeping_story import told_import

    with shell.open(dry=True) as app:
        found = take(app, file, by or app.actor)
    shell.tell(found, lambda: told_import(found, shell.texts))
    return Exit.OK


@click.command
@key_options
@click.option("--by")
@click.option("--yes", is_flag=True)
@click.pass_obj
def erase(shell: Shell, /, *, by: str | None, yes: bool, **cells: tuple[str, ...]) -> int:
    """Erase what is known of a person; the block stays."""
    from sync.suppression.erasing import erase as erased
    from sync.suppression.keeping_story import told_erased

    with shell.open(dry=True) as app:
        found = keys_typed(cells, app.settings.region)
        if not shell.confirmed("erasing.sure", yes=yes):
            return Exit.USER
        done = erased(app, found, by or app.actor)
    shell.tell(done, lambda: told_erased(done, shell.texts))
    return Exit.OK


@click.group
def keys() -> None:
    """The keys that everything on the list is hashed with."""


@keys.command("list")
@click.pass_obj
def list_keys(shell: Shell) -> int:
    """The keys there are, and what needs them."""
    from sync.suppression.keeping_story import told_keys
    from sync.suppression.keyring import look

    with shell.open(dry=True) as app:
        found = look(app)
    shell.tell(found, lambda: told_keys(found, shell.texts))
    return Exit.OK


@keys.command
@click.option("--by")
@click.pass_obj
def rotate(shell: Shell, *, by: str | None) -> int:
    """Make a new key, and hash again under it what can be."""
    from sync.suppression.keeping_story import told_rotated
    from sync.suppression.keyring import rotate as rotated

    with shell.open(dry=True) as app:
        done = rotated(app, by or app.actor)
    shell.tell(done, lambda: told_rotated(done, shell.texts))
    return Exit.OK


@keys.command
@click.argument("key_id")
@click.option("--by")
@click.pass_obj
def drop(shell: Shell, *, key_id: str, by: str | None) -> int:
    """Take an old key off for good, once nothing needs it."""
    from sync.suppression.keeping_story import told_keys
    from sync.suppression.keyring import drop as dropped
    from sync.suppression.keyring import look

    with shell.open(dry=True) as app:
        dropped(app, key_id, by or app.actor)
        found = look(app)
    shell.tell(found, lambda: told_keys(found, shell.texts))
    return Exit.OK


COMMANDS = (status, audit, export, import_, erase, keys)
