"""`sync serve`: listen for other programs and for people who say no."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import click

from rules.errors import Exit
from sync.output import as_json, say
from sync.shell import Shell

if TYPE_CHECKING:
    from sync.web.serving import Open


@click.command
@click.pass_obj
def serve(shell: Shell) -> int:
    """Open what the settings name, until told to end."""
    from sync.doors import need

    need("serve.not_installed")
    from sync.web.serving import serve as served

    def ready(opened: Sequence[Open]) -> None:
        if shell.json:
            say(as_json(opened))
            return
        for one in opened:
            say(shell.texts.get(f"serve.{one.name}", url=one.url))
        say(shell.texts.get("serve.until"))

    with shell.open(dry=False) as app:
        served(app, ready)
    return Exit.OK
