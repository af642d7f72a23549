"""Commands about rules and their switches: the list of rules, and what new settings would change."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from rules.errors import Exit, UserError
from sync.shell import Shell

if TYPE_CHECKING:
    from sync.settings import Settings


@click.command
@click.argument("rule", required=False)
@click.pass_obj
def rules(shell: Shell, *, rule: str | None) -> int:
    """The rules in their order: all of them as a table, or all about one."""
    from sync.rule_list import listed, rule_sheet, rules_table, said

    settings = shell.read_settings()
    now = None
    if _has_store(settings):
        with shell.open(dry=True) as app:
            now = said(app)
    found = listed(settings, now, shell.texts)
    if rule is None:
        shell.tell(found, lambda: rules_table(found, shell.texts))
        return Exit.OK
    named = {one.name: one for one in found}
    if rule not in named:
        raise UserError("error.no_rule", rule=rule, rules=", ".join(named))
    shell.tell(named[rule], lambda: rule_sheet(named[rule], shell.texts))
    return Exit.OK


def _has_store(settings: Settings) -> bool:
    from sync import homes

    return settings.state.url is not None or homes.has_store(settings.state.path)


@click.command
@click.argument("new", type=click.Path(path_type=Path))
@click.argument("path", required=False, type=click.Path(path_type=Path))
@click.pass_obj
def preview(shell: Shell, *, new: Path, path: Path | None) -> int:
    """What new settings would change in what has been read; nothing is written anywhere."""
    from sync.review import preview as previewing
    from sync.settings import read

    shell.path = path or shell.path
    settings = shell.read_settings()
    if not _has_store(settings):
        raise UserError("error.nothing_read")
    with shell.open(dry=True) as app:
        planned = read(
            file=new, root=settings.files.root, state=settings.state.path, lang=shell.lang
        )
        seen = previewing.preview(app, planned)
    shell.tell(seen, lambda: previewing.as_text(seen, shell.texts))
    return Exit.CHANGES if seen.differs else Exit.OK
