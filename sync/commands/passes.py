"""Commands that decide or write: run, apply, undo."""

from __future__ import annotations

from pathlib import Path

import click

from rules.errors import Exit, UserError
from rules.records import Ref
from sync.commands.arguments import REF
from sync.shell import Shell

LIMITS = ("shrink", "too_many", "large_share", "swapped")
"""What stops a run and can be let pass once by a person who looked: codes of `rules.limits`."""


@click.command
@click.argument("path", required=False, type=click.Path(path_type=Path))
@click.option("--dry-run", is_flag=True)
@click.option("--only")
@click.option("--system")
@click.option("--sample", type=click.IntRange(min=1))
@click.option("--allow", multiple=True, type=click.Choice(LIMITS))
@click.pass_obj
def run(
    shell: Shell,
    *,
    path: Path | None,
    dry_run: bool,
    only: str | None,
    system: str | None,
    sample: int | None,
    allow: tuple[str, ...],
) -> int:
    """One pass over everything that changed."""
    from sync.run import run as one_pass

    shell.path = path or shell.path
    _known(only)
    with shell.open(dry=dry_run) as app:
        app.only = (system,) if system else None
        outcome = one_pass(app, dry=dry_run, only=only, sample=sample, allow=frozenset(allow))
        return shell.finish(outcome)


def _known(rule: str | None) -> None:
    from rules import others
    from rules.hygiene import RULES

    names = [*(one.name for one in RULES), others.RULE]
    if rule and rule not in names:
        raise UserError("error.no_rule", rule=rule, rules=", ".join(names))


@click.command
@click.argument("plan", type=int)
@click.pass_obj
def apply(shell: Shell, plan: int) -> int:
    """Do what a plan says, or less."""
    from sync.review.plans import apply as apply_plan

    with shell.open(dry=False) as app:
        return shell.finish(apply_plan(app, plan))


@click.command
@click.argument("number", type=int)
@click.option("--rule")
@click.option("--ref", type=REF)
@click.option("--yes", "-y", is_flag=True)
@click.pass_obj
def undo(shell: Shell, *, number: int, rule: str | None, ref: Ref | None, yes: bool) -> int:
    """Show what taking a run back would do; do it when a person agrees."""
    from sync.review import undo as undoing

    with shell.open(dry=False) as app:
        if not yes:
            seen = undoing.preview(app, number, rule=rule, ref=ref)
            shell.show(seen)
            if not seen.records:
                return Exit.OK
        if not shell.confirmed("cli.undo.question", yes=yes, run=number):
            return Exit.CHANGES
        return shell.finish(undoing.undo(app, number, rule=rule, ref=ref))
