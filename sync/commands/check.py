"""The command that looks whether everything is as it must be."""

from __future__ import annotations

import contextlib
import shutil
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from rules.errors import Exit, RingrenError, UserError
from sync.shell import Shell

if TYPE_CHECKING:
    from sync.app import App
    from sync.systems.live_contract import Contract


SECURITY = "security"
"""A word in the place of a path; a folder of that name is ./security."""


@click.command
@click.argument("path", required=False, type=click.Path(path_type=Path))
@click.option("--live-contract", is_flag=True)
@click.option("--yes", "-y", is_flag=True)
@click.pass_obj
def check(shell: Shell, *, path: Path | None, live_contract: bool, yes: bool) -> int:
    """Settings, systems and security, and which column becomes which field."""
    from connectors.registry import FILES, SYSTEMS
    from connectors.sources.registry import SOURCES
    from sync.settings.sources import find_file
    from sync.systems.checks import Checked, Checking, as_text
    from sync.systems.doors import looked_at

    only = str(path) if str(path) in {*SYSTEMS, *SOURCES} - {FILES} else None
    if live_contract:
        return _live(shell, only, yes=yes)
    if str(path) == SECURITY:
        return _security(shell)
    shell.path = shell.path if only else path or shell.path
    settings = shell.read_settings()
    checking = Checking(settings, shell.texts, find_file(shell.settings))
    checked = Checked()
    checked.checks += checking.without_store()
    if not checked.failed:
        try:
            with shell.open(dry=True) as app:
                _known(app, only)
                checked.checks.append(checking.store_opened())
                for name, connector in app.systems.items():
                    if only in {None, name}:
                        checked.checks += checking.system(name, connector, checked)
                for name, source in app.sources.items():
                    if only in {None, name}:
                        checked.checks += checking.source(source)
        except UserError:
            raise
        except RingrenError as error:
            checked.checks.append(checking.trouble("security", error))
    if only is None:
        checked.checks += looked_at(settings, shell.texts)
    checked.checks += checking.permissions()
    width = shutil.get_terminal_size().columns if sys.stdout.isatty() else None
    shell.tell(checked, lambda: as_text(checked, shell.texts, width))
    return Exit.USER if checked.failed else Exit.OK


def _security(shell: Shell) -> int:
    """What is open that should be closed."""
    from sync.app import system_clock
    from sync.settings.sources import find_file
    from sync.systems.checks import Checked, as_text
    from sync.systems.security import security

    settings = shell.read_settings()
    file = find_file(shell.settings)
    checked = Checked(list(security(settings, shell.texts, file, system_clock())))
    shell.tell(checked, lambda: as_text(checked, shell.texts, None))
    return Exit.USER if checked.failed else Exit.OK


def _known(app: App, system: str | None) -> None:
    there = [*app.systems, *app.sources]
    if system and system not in there:
        raise UserError("error.no_such_system", system=system, known=", ".join(there) or "–")


def _live(shell: Shell, system: str | None, *, yes: bool) -> int:
    """Say what will be tried; try it when that was wanted in so many words."""
    from sync.output import as_json, say
    from sync.systems import live_contract

    if system is None:
        raise UserError("error.live_needs_system")
    with shell.open(dry=not yes) as app:
        contract = live_contract.plan(app, system)
        if not shell.json:
            say(live_contract.announced(contract, shell.texts))
            say()
        if not yes:
            if not shell.json:
                say(shell.texts.get("live.say_yes", system=system))
        else:
            _tried(shell, app, contract)
    if shell.json:
        say(as_json(contract))
    return contract.exit_code


def _tried(shell: Shell, app: App, contract: Contract) -> None:
    """Each thing as it comes out; what was left behind is told also when somebody broke it off."""
    from sync.output import say
    from sync.systems.live_contract import line, run

    try:
        with contextlib.closing(run(app, contract, shell.texts)) as items:
            for item in items:
                if not shell.json:
                    say(line(item, shell.texts))
    finally:
        if contract.items and not shell.json:
            say(line(contract.items[-1], shell.texts))


@click.command
@click.pass_obj
def settings(shell: Shell) -> int:
    """Every setting as it is in force."""
    from sync.settings.in_force import as_text, sections

    found = sections(shell.read_settings())
    shell.tell(found, lambda: as_text(found, shell.texts))
    return Exit.OK
