"""`sync serve`, `sync web`: listen for other programs, for people who say no, for those who sign in."""

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
    from sync.systems.doors import need

    need("serve.not_installed")
    from sync.web.serving import serve as served

    with shell.open(dry=False) as app:
        served(app, lambda opened: _told(shell, opened))
    return Exit.OK


@click.command
@click.pass_obj
def web(shell: Shell) -> int:
    """Open the page alone, until told to end."""
    from sync.systems.doors import need

    need("serve.not_installed")
    need("account.not_installed")
    from sync.web.serving import serve_page

    with shell.open(dry=False) as app:
        serve_page(app, lambda opened: _told(shell, opened))
    return Exit.OK


def _told(shell: Shell, opened: Sequence[Open]) -> None:
    if shell.json:
        say(as_json(opened))
        return
    for one in opened:
        say(shell.texts.get(f"serve.{one.name}", url=one.url))
    say(shell.texts.get("serve.until"))
