"""`sync suppression tokens`: which programs may record opt-outs and ask, over HTTP."""

from __future__ import annotations

import click

from rules.errors import Exit
from sync.shell import Shell

SCOPES = (
    "check", "record", "links", "metrics",
    "look", "ask", "lists", "violations", "answer", "records", "write", "work", "propose",
)  # fmt: skip
ROLES = ("viewer", "agent", "leader", "admin", "compliance")
USUAL = ("check", "record")


@click.group
def tokens() -> None:
    """The tokens of other programs."""


@tokens.command
@click.argument("name")
@click.option("--may", type=click.Choice(SCOPES), multiple=True)
@click.option("--role", "roles", type=click.Choice(ROLES), multiple=True)
@click.option("--days", type=click.IntRange(min=1))
@click.option("--by")
@click.pass_obj
def add(
    shell: Shell,
    *,
    name: str,
    may: tuple[str, ...],
    roles: tuple[str, ...],
    days: int | None,
    by: str | None,
) -> int:
    """Make a token for a program."""
    from rules.rights import Role
    from state.tokens import Scope, scopes_of
    from sync.people.token_story import told_made
    from sync.people.tokens import make

    some = may if may or roles else USUAL
    scopes = {Scope(one) for one in some} | scopes_of([Role(one) for one in roles])
    with shell.open(dry=True) as app:
        made = make(app, name, scopes, days, by or app.actor)
    shell.tell(made, lambda: told_made(made, shell.texts))
    return Exit.OK


@tokens.command("list")
@click.pass_obj
def list_tokens(shell: Shell) -> int:
    """Which there are."""
    from sync.people.token_story import told_tokens
    from sync.people.tokens import listed

    with shell.open(dry=True) as app:
        found, now = listed(app), app.clock()
    shell.tell(found, lambda: told_tokens(found, now, shell.texts))
    return Exit.OK


@tokens.command
@click.argument("number", type=int)
@click.option("--by")
@click.pass_obj
def revoke(shell: Shell, *, number: int, by: str | None) -> int:
    """End a token at once."""
    from sync.people.tokens import revoke as revoked

    with shell.open(dry=True) as app:
        revoked(app, number, by or app.actor)
    shell.tell({"revoked": number}, lambda: shell.texts.get("tokens.revoked", number=number))
    return Exit.OK


COMMANDS = (tokens,)
