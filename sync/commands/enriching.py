"""Commands that ask sources of facts, and tell how they stand."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

import click

from rules.errors import Exit
from rules.records import Ref
from sync.commands.arguments import REF
from sync.commands.passes import LIMITS
from sync.shell import Shell

NOBODY, STAYS = "none", "stays"
"""It is none of the candidates; what stands in the field is right."""


@click.command
@click.argument("path", required=False, type=click.Path(path_type=Path))
@click.option("--dry-run", is_flag=True)
@click.option("--budget", type=click.FloatRange(min=0))
@click.option("--source")
@click.option("--only", "field")
@click.option("--allow", multiple=True, type=click.Choice(LIMITS))
@click.pass_obj
def enrich(
    shell: Shell,
    *,
    path: Path | None,
    dry_run: bool,
    budget: float | None,
    source: str | None,
    field: str | None,
    allow: tuple[str, ...],
) -> int:
    """One pass in which sources are asked."""
    from sync.enrichment.enriching import enrich as one_pass
    from sync.stages.asking import Wish

    shell.path = path or shell.path
    wish = Wish(source=source, only=field, kroner=budget)
    with shell.open(dry=dry_run) as app:
        outcome, _ = one_pass(app, wish, dry=dry_run, allow=frozenset(allow))
        return shell.finish(outcome)


@click.group(invoke_without_command=True)
@click.pass_context
def sources(context: click.Context) -> int:
    """How each source stands."""
    if context.invoked_subcommand is None:
        return int(context.invoke(list_sources))
    return Exit.OK


@sources.command("list")
@click.pass_obj
def list_sources(shell: Shell) -> int:
    """What they cost, what they said and gave, what is left."""
    from sync.enrichment import enriching
    from sync.enrichment.enriching_story import sources_text

    with shell.open(dry=True) as app:
        found = enriching.sources(app)
    width = shutil.get_terminal_size().columns if sys.stdout.isatty() else None
    shell.tell(found, lambda: sources_text(found, shell.texts, width))
    return Exit.OK


@sources.command
@click.argument("source")
@click.option("--yes", "-y", is_flag=True)
@click.pass_obj
def purge(shell: Shell, *, source: str, yes: bool) -> int:
    """All that one has answered is deleted, once it was said what goes and what stays."""
    from sync.output import say
    from sync.upkeep import purging

    with shell.open(dry=True) as app:
        found = purging.preview(app, source)
        shell.tell(found, lambda: purging.as_text(found, app, shell.texts))
        if not found.answers:
            return Exit.OK
        if not shell.confirmed("cli.sources.question", yes=yes, source=source):
            return Exit.CHANGES
        gone = purging.purge(app, source)
    if not shell.json:
        say(shell.texts.get("purged.done", source=source, count=gone))
    return Exit.OK


@sources.command
@click.pass_obj
def processors(shell: Shell) -> int:
    """Who is told what."""
    from sync.upkeep.recipients import as_text, recipients

    with shell.open(dry=True) as app:
        found = recipients(app)
    shell.tell(found, lambda: as_text(found, shell.texts))
    return Exit.OK


@sources.command
@click.option("--limit", type=click.IntRange(min=1), default=50)
@click.pass_obj
def questions(shell: Shell, *, limit: int) -> int:
    """What a person is asked, with what may be answered."""
    from sync.review.choosing import as_text
    from sync.review.choosing import questions as listed

    with shell.open(dry=True) as app:
        found = listed(app, limit)
    shell.tell(found, lambda: as_text(found, shell.texts))
    return Exit.OK


@sources.command
@click.argument("ref", type=REF)
@click.option("--company")
@click.option("--field")
@click.option("--right")
@click.option("--by")
@click.pass_obj
def answer(
    shell: Shell,
    *,
    ref: Ref,
    company: str | None,
    field: str | None,
    right: str | None,
    by: str | None,
) -> int:
    """Which company it is, or whose value is right."""
    from sync.output import say
    from sync.review import choosing

    with shell.open(dry=True) as app:
        one = "" if company == NOBODY else company
        source = "" if right == STAYS else right
        choosing.answer(app, ref, by or app.actor, one, field, source)
    say(shell.texts.get("choosing.kept"))
    return Exit.OK
