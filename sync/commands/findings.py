"""`sync findings`: what a person should look at, and what was decided about it."""

from __future__ import annotations

from datetime import datetime

import click

from rules.changes import Severity
from rules.errors import Exit
from rules.fields.field import OWNERS
from sync.shell import Shell

MOST = 50
WHAT = ("leave", "put-off", "open-again")


@click.group(invoke_without_command=True)
@click.option("--severity", type=click.Choice([one.value for one in Severity]))
@click.option("--code")
@click.option("--field")
@click.option("--stream")
@click.option("--owner", type=click.Choice(OWNERS))
@click.option("--gone", is_flag=True)
@click.option("--decided", is_flag=True)
@click.option("--causes", is_flag=True)
@click.option("--limit", type=click.IntRange(min=1), default=MOST)
@click.pass_context
def findings(
    context: click.Context,
    *,
    severity: str | None,
    code: str | None,
    field: str | None,
    stream: str | None,
    owner: str | None,
    gone: bool,
    decided: bool,
    causes: bool,
    limit: int,
) -> int:
    """What a person should look at, the worst first."""
    if context.invoked_subcommand is not None:
        return Exit.OK
    shell: Shell = context.obj
    if causes:
        return _causes(shell, owner)
    from sync.listings import Wanted, find, findings_table

    wanted = Wanted(severity, code, field, stream, gone, decided, owner)
    with shell.open(dry=True) as app, app.store.reading() as tx:
        found = find(tx, wanted, limit, app.duties)
    shell.tell(found.shown, lambda: findings_table(found, shell.texts))
    return Exit.OK


def _causes(shell: Shell, owner: str | None) -> int:
    from sync.listings import causes, causes_table

    with shell.open(dry=True) as app:
        found = causes(app, owner)
    shell.tell(found, lambda: causes_table(found, shell.texts))
    return Exit.OK


@findings.command
@click.argument("what", type=click.Choice(WHAT))
@click.option("--code", "codes", multiple=True)
@click.option("--number", "numbers", type=int, multiple=True)
@click.option("--severity", type=click.Choice([one.value for one in Severity]))
@click.option("--field")
@click.option("--stream")
@click.option("--until", type=click.DateTime(["%Y-%m-%d"]))
@click.option("--why", required=True)
@click.option("--by")
@click.pass_obj
def decide(
    shell: Shell,
    *,
    what: str,
    codes: tuple[str, ...],
    numbers: tuple[int, ...],
    severity: str | None,
    field: str | None,
    stream: str | None,
    until: datetime | None,
    why: str,
    by: str | None,
) -> int:
    """One or many: they are right as they stand, wait until a day, or are open again."""
    from state.decisions import Chosen
    from sync.review.deciding import What, told_decided
    from sync.review.deciding import decide as decided

    chosen = Chosen(codes, numbers, severity, field, stream)
    with shell.open(dry=True) as app:
        day = until.date() if until else None
        done = decided(app, chosen, What(what), why, by or app.actor, day)
    shell.tell(done, lambda: told_decided(done, shell.texts))
    return Exit.OK
