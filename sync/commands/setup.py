"""Commands around the program itself: init, forget, completion."""

from __future__ import annotations

from pathlib import Path

import click

from rules.errors import Exit, UserError
from sync.output import say
from sync.shell import Shell


@click.command
@click.argument("file", required=False, type=click.Path(path_type=Path))
@click.pass_obj
def init(shell: Shell, file: Path | None) -> int:
    """Write a settings file in which every line is explained and none is in force yet."""
    import os

    from sync.settings.example import example

    path = file or shell.settings or Path("ringren.toml")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError as error:
        raise UserError("error.settings_exist", file=path) from error
    with os.fdopen(descriptor, "w", encoding="utf-8") as written:
        written.write(example(shell.texts))
    say(shell.texts.get("cli.init.done", file=path))
    return Exit.OK


@click.command
@click.argument("path", required=False, type=click.Path(path_type=Path))
@click.option("--yes", "-y", is_flag=True)
@click.pass_obj
def forget(shell: Shell, *, path: Path | None, yes: bool) -> int:
    """Remove the state of one audited folder: mirror, history, opt-outs and keys."""
    from sync.homes import forget_home

    shell.path = path or shell.path
    settings = shell.read_settings()
    home = settings.home
    if not home.is_dir():
        say(shell.texts.get("cli.forget.nothing", folder=home))
        return Exit.OK
    if not shell.confirmed("cli.forget.question", yes=yes, folder=home):
        return Exit.USER
    removed = forget_home(home, settings.files.root)
    shell.home = None
    say(shell.texts.get("cli.forget.done", folder=home, count=len(removed)))
    return Exit.OK


@click.command
@click.argument("shell_name", type=click.Choice(["bash", "zsh", "fish"]))
@click.pass_context
def completion(context: click.Context, shell_name: str) -> int:
    """Print the completion script of a shell."""
    from click.shell_completion import get_completion_class

    root = context.find_root()
    kind = get_completion_class(shell_name)
    assert kind is not None  # noqa: S101 - the three that click knows
    name = Path(root.info_name or "sync").name
    variable = f"_{name.replace('-', '_')}_complete".upper()
    say(kind(root.command, {}, name, variable).source())
    return Exit.OK
