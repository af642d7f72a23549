"""`sync list check`: may this list be called, and by when."""

from __future__ import annotations

from pathlib import Path

import click

from rules.errors import Exit
from sync.shell import Shell

CHANNELS = ("call", "email", "sms")


@click.group("list")
def list_() -> None:
    """Lists to be called."""


@list_.command
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--channel", type=click.Choice(CHANNELS), default="call")
@click.option("--out", type=click.Path(path_type=Path))
@click.option("--rows", type=click.Path(path_type=Path))
@click.option("--name", default="")
@click.option("--system")
@click.pass_obj
def check(
    shell: Shell,
    *,
    file: Path,
    channel: str,
    out: Path | None,
    rows: Path | None,
    name: str,
    system: str | None,
) -> int:
    """Row by row: may it be contacted, and if not, why not."""
    from rules.suppression import Channel
    from sync.calling.release_story import told_washed
    from sync.calling.releasing import Wish, wash

    with shell.open(dry=True) as app:
        found = wash(app, file, Wish(Channel(channel), out, rows, name, system))
    shell.tell(found, lambda: told_washed(found, shell.texts))
    return Exit.OK
