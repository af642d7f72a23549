"""Commands that ask sources of facts, and tell how they stand."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

import click

from rules.errors import Exit
from sync.commands.passes import LIMITS
from sync.shell import Shell


@click.command
@click.argument("path", required=False, type=click.Path(path_type=Path))
@click.option("--dry-run", is_flag=True)
@click.option("--budget", type=click.FloatRange(min=0))
@click.option("--source")
@click.option("--only")
@click.option("--allow", multiple=True, type=click.Choice(LIMITS))
@click.pass_obj
def enrich(
    shell: Shell,
    *,
    path: Path | None,
    dry_run: bool,
    budget: float | None,
    source: str | None,
    only: str | None,
    allow: tuple[str, ...],
) -> int:
    """One pass in which sources are asked."""
    from sync.enriching import enrich as one_pass
    from sync.stages.asking import Wish

    shell.path = path or shell.path
    wish = Wish(source=source, only=only, kroner=budget)
    with shell.open(dry=dry_run) as app:
        outcome, _ = one_pass(app, wish, dry=dry_run, allow=frozenset(allow))
        return shell.finish(outcome)


@click.command
@click.option("--forget")
@click.option("--yes", "-y", is_flag=True)
@click.pass_obj
def sources(shell: Shell, *, forget: str | None, yes: bool) -> int:
    """How each source stands; or all that one has answered is deleted."""
    from sync import enriching
    from sync.enriching_story import sources_text
    from sync.output import say

    if forget:
        with shell.open(dry=True) as app:
            if not shell.confirmed("cli.sources.question", yes=yes, source=forget):
                return Exit.CHANGES
            gone = enriching.forget(app, forget)
        say(shell.texts.get("sources.forgotten", source=forget, count=gone))
        return Exit.OK
    with shell.open(dry=True) as app:
        found = enriching.sources(app)
    width = shutil.get_terminal_size().columns if sys.stdout.isatty() else None
    shell.tell(found, lambda: sources_text(found, shell.texts, width))
    return Exit.OK
