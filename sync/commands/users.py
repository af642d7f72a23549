"""`sync users`: who may sign in to the page, and as what."""

from __future__ import annotations

from pathlib import Path

import click

from rules.errors import Exit
from sync.shell import Shell

ROLES = ("viewer", "agent", "leader", "admin", "compliance")
_file = click.option(
    "--password-file", type=click.Path(path_type=Path, allow_dash=True, dir_okay=False)
)
_by = click.option("--by")


@click.group
def users() -> None:
    """People of the page."""


@users.command
@click.argument("person")
@click.option("--role", "roles", type=click.Choice(ROLES), multiple=True, required=True)
@_file
@_by
@click.pass_obj
def add(
    shell: Shell, *, person: str, roles: tuple[str, ...], password_file: Path | None, by: str | None
) -> int:
    """Let somebody sign in."""
    from rules.rights import Role
    from sync.people import users as people
    from sync.systems.doors import need

    need("account.not_installed")
    password = _password(shell, password_file)
    with shell.open(dry=True) as app:
        made = people.add(app, person, frozenset(map(Role, roles)), password, by or app.actor)
    shell.tell(made, lambda: shell.texts.get("account.added", name=made.name))
    return Exit.OK


@users.command("list")
@click.pass_obj
def list_users(shell: Shell) -> int:
    """Who there is."""
    from sync.people import users as people
    from sync.people.user_story import told_users

    with shell.open(dry=True) as app:
        found = people.listed(app)
    shell.tell(found, lambda: told_users(found, shell.texts))
    return Exit.OK


@users.command
@click.argument("person")
@click.argument("roles", type=click.Choice(ROLES), nargs=-1, required=True)
@_by
@click.pass_obj
def role(shell: Shell, *, person: str, roles: tuple[str, ...], by: str | None) -> int:
    """Say anew what somebody is."""
    from rules.rights import Role
    from sync.people import users as people
    from sync.people.user_story import roles_said

    with shell.open(dry=True) as app:
        one = people.set_roles(app, person, frozenset(map(Role, roles)), by or app.actor)
    texts = shell.texts
    said = roles_said(one.roles, texts)
    shell.tell(one, lambda: texts.get("account.has_roles", name=one.name, roles=said))
    return Exit.OK


@users.command
@click.argument("person")
@_file
@_by
@click.pass_obj
def password(shell: Shell, *, person: str, password_file: Path | None, by: str | None) -> int:
    """Give somebody a new password."""
    from sync.people import users as people
    from sync.systems.doors import need

    need("account.not_installed")
    given = _password(shell, password_file)
    with shell.open(dry=True) as app:
        one = people.set_password(app, person, given, by or app.actor)
    shell.tell(one, lambda: shell.texts.get("account.has_password", name=one.name))
    return Exit.OK


@users.command
@click.argument("person")
@_by
@click.pass_obj
def remove(shell: Shell, *, person: str, by: str | None) -> int:
    """Let somebody in no more."""
    from sync.people import users as people

    with shell.open(dry=True) as app:
        one = people.remove(app, person, by or app.actor)
    shell.tell(one, lambda: shell.texts.get("account.gone", name=one.name))
    return Exit.OK


def _password(shell: Shell, file: Path | None) -> str:
    """Typed twice without showing it, or the first line of a file or of standard input; never an
    argument, which others on the machine could see."""
    import sys

    from rules.errors import UserError

    if file is None:
        if not sys.stdin.isatty():
            raise UserError("account.no_terminal")
        question, again = (shell.texts.get(f"account.type{one}") for one in ("", "_again"))
        return str(click.prompt(question, hide_input=True, confirmation_prompt=again, err=True))
    if str(file) == "-":
        return sys.stdin.readline().rstrip("\r\n")
    try:
        return file.read_text("utf-8").partition("\n")[0].rstrip("\r")
    except (OSError, UnicodeDecodeError):
        raise UserError("account.no_file", file=file) from None
