"""Commands that only look: explain, parties, runs, plans, report."""

from __future__ import annotations

import click

from rules.errors import Exit, UserError
from rules.records import Ref
from sync.commands.arguments import REF
from sync.shell import Shell

MOST = 50


@click.command
@click.argument("ref", type=REF)
@click.argument("field", required=False)
@click.pass_obj
def explain(shell: Shell, *, ref: Ref, field: str | None) -> int:
    """Why a record, or one field of it, looks as it does."""
    from sync.review.explain import explain as explained

    with shell.open(dry=True) as app:
        shell.show(explained(app, ref, field))
    return Exit.OK


@click.command
@click.argument("ref", type=REF, required=False)
@click.option("--limit", type=click.IntRange(min=1), default=MOST)
@click.option("--unsure", is_flag=True)
@click.option("--same-as", type=REF)
@click.option("--apart", is_flag=True)
@click.option("--confirm", is_flag=True)
@click.option("--free", is_flag=True)
@click.option("--why", default="")
@click.option("--by")
@click.pass_obj
def parties(
    shell: Shell,
    *,
    ref: Ref | None,
    limit: int,
    unsure: bool,
    same_as: Ref | None,
    apart: bool,
    confirm: bool,
    free: bool,
    why: str,
    by: str | None,
) -> int:
    """Who stands in several lists, what one record belongs to, or a person's word on it."""
    from sync.review.parties import as_text, look, look_at

    said = {"same": same_as, "apart": apart, "confirm": confirm, "free": free}
    asked = [name for name, is_so in said.items() if is_so]
    if asked:
        return _linked(shell, ref, asked, same_as, why, by)
    with shell.open(dry=True) as app:
        found = look(app, limit, unsure=unsure) if ref is None else look_at(app, ref)
    shell.tell(found, lambda: as_text(found, shell.texts))
    return Exit.OK


def _linked(
    shell: Shell, ref: Ref | None, asked: list[str], other: Ref | None, why: str, by: str | None
) -> int:
    from sync.review.linking import What, say, told

    if ref is None:
        raise UserError("linking.no_other")
    if len(asked) > 1:
        raise UserError("linking.one_at_a_time")
    with shell.open(dry=True) as app:
        done = say(app, What(asked[0]), ref, why, by or app.actor, other)
    shell.tell(done, lambda: told(done, shell.texts))
    return Exit.OK


@click.command
@click.option("--limit", type=click.IntRange(min=1), default=20)
@click.pass_obj
def runs(shell: Shell, *, limit: int) -> int:
    """The newest runs first."""
    from state.history import list_runs
    from sync.listings import runs_table

    with shell.open(dry=True) as app, app.store.reading() as tx:
        found = list_runs(tx, limit)
    shell.tell(found, lambda: runs_table(found, shell.texts))
    return Exit.OK


@click.command
@click.argument("number", type=int, required=False)
@click.option("--month")
@click.pass_obj
def report(shell: Shell, *, number: int | None, month: str | None) -> int:
    """The report of an earlier run, the latest when none is named; or that of a month."""
    from state.history import list_runs
    from sync.report.build import of_run
    from sync.service import monthly

    if month is not None:
        if number is not None:
            raise UserError("monthly.run_or_month")
        first = monthly.read(month)
        with shell.open(dry=True) as app:
            shell.show(monthly.collect(app, first))
        return Exit.OK
    with shell.open(dry=True) as app:
        with app.store.reading() as tx:
            latest = list_runs(tx, 1)
        if number is None and not latest:
            raise UserError("error.no_runs")
        shell.show(of_run(app, latest[0].run if number is None else number))
    return Exit.OK


@click.command
@click.argument("number", type=int, required=False)
@click.option("--limit", type=click.IntRange(min=1), default=20)
@click.pass_obj
def plans(shell: Shell, *, number: int | None, limit: int) -> int:
    """Which plans there are, or what one would change."""
    from sync.review.plans import listed, look, told_plan, told_plans

    with shell.open(dry=True) as app:
        if number is None:
            found = listed(app, limit)
            shell.tell(found, lambda: told_plans(found, shell.texts))
        else:
            one = look(app, number)
            shell.tell(one, lambda: told_plan(one, shell.texts))
    return Exit.OK
