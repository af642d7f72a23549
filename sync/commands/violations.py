"""Commands about forbidden contacts: violations, alarms, the contact log."""

from __future__ import annotations

import click

from rules.errors import Exit, UserError
from rules.violations import VIOLATIONS
from sync.shell import Shell

MOST = 50
_CLASS = click.Choice([one.value for one in VIOLATIONS])


@click.group(invoke_without_command=True)
@click.pass_context
def violations(context: click.Context) -> int:
    """Calls to people who had opted out."""
    if context.invoked_subcommand is None:
        return int(context.invoke(list_violations))
    return Exit.OK


@violations.command("list")
@click.option("--class", "verdict", type=_CLASS)
@click.option("--all", "everything", is_flag=True)
@click.option("--limit", type=click.IntRange(min=1), default=MOST)
@click.pass_obj
def list_violations(
    shell: Shell, *, verdict: str | None = None, everything: bool = False, limit: int = MOST
) -> int:
    """The worst first."""
    from sync.calling.violations import look, told_list

    with shell.open(dry=True) as app:
        found = look(app, verdict, everything=everything, limit=limit)
    shell.tell(found, lambda: told_list(found, shell.texts, everything=everything))
    return found.exit_code


@violations.command
@click.argument("number", type=int)
@click.pass_obj
def why(shell: Shell, *, number: int) -> int:
    """Everything about one."""
    from sync.calling.violations import explain, told_one

    with shell.open(dry=True) as app:
        found = explain(app, number)
    shell.tell(found, lambda: told_one(found, shell.texts))
    return Exit.OK


@violations.command
@click.argument("numbers", type=int, nargs=-1)
@click.option("--reason", default="")
@click.option("--by")
@click.option("--class", "verdict", type=_CLASS)
@click.pass_obj
def ack(
    shell: Shell, *, numbers: tuple[int, ...], reason: str, by: str | None, verdict: str | None
) -> int:
    """A named person answers for them."""
    from sync.calling.violations import acknowledge

    with shell.open(dry=True) as app:
        done = acknowledge(app, numbers, verdict, by=by or app.actor, reason=reason)
    shell.tell({"acknowledged": done}, lambda: shell.texts.count("violations.acked", len(done)))
    return Exit.OK


@click.group
def alarms() -> None:
    """Who was told what."""


@alarms.command("list")
@click.option("--all", "everything", is_flag=True)
@click.option("--limit", type=click.IntRange(min=1), default=MOST)
@click.pass_obj
def list_alarms(shell: Shell, *, everything: bool, limit: int) -> int:
    """The newest first."""
    from state import alerts
    from sync.calling.violations import told_alarms
    from sync.service.alarms import receivers

    states = (alerts.OPEN, alerts.ACKNOWLEDGED, alerts.OVER) if everything else (alerts.OPEN,)
    with shell.open(dry=True) as app:
        names = [one.name for one in receivers(app)]
        with app.store.reading() as tx:
            found = alerts.listed(tx, states, limit)
    shell.tell(found, lambda: told_alarms(found, names, shell.texts))
    return Exit.OK


@alarms.command
@click.pass_obj
def send(shell: Shell) -> int:
    """Tell what is due now."""
    from state import alerts
    from sync.service.alarms import Teller, receivers

    with shell.open(dry=False) as app:
        if not receivers(app):
            raise UserError("alarms.no_receivers")
        arrived = Teller(app, app.sends).now()
        with app.store.reading() as tx:
            left = alerts.undelivered(tx)
    shell.tell(
        {"arrived": arrived, "undelivered": left},
        lambda: shell.texts.count("alarms.sent", arrived),
    )
    return Exit.FAILED if left else Exit.OK


@alarms.command
@click.argument("receiver", required=False)
@click.pass_obj
def test(shell: Shell, *, receiver: str | None) -> int:
    """A trial to each receiver, or to one."""
    from sync.service.alarms import trial

    with shell.open(dry=False) as app:
        arrived = trial(app, receiver)
    texts = shell.texts
    shell.tell(
        arrived,
        lambda: "\n".join(
            texts.get("alarms.arrived" if there else "alarms.failed", name=name)
            for name, there in arrived.items()
        ),
    )
    return Exit.OK if all(arrived.values()) else Exit.FAILED


@click.command
@click.argument("number")
@click.option("--limit", type=click.IntRange(min=1), default=MOST)
@click.pass_obj
def contact_log(shell: Shell, *, number: str, limit: int) -> int:
    """Contact attempts to one number, the newest first."""
    from sync.calling.violations import as_data, told_log
    from sync.calling.violations import contact_log as logged

    with shell.open(dry=True) as app:
        found = logged(app, number, limit)
    shell.tell(as_data(found), lambda: told_log(found, shell.texts))
    return Exit.OK
