"""`sync consents`: consents that stand in notes, for a named person to confirm or refuse."""

from __future__ import annotations

import click

from rules.errors import Exit
from rules.records import Ref
from sync.commands.arguments import REF
from sync.shell import Shell

CHANNELS = ("call", "email", "sms")
MOST = 50


@click.group(invoke_without_command=True)
@click.pass_context
def consents(context: click.Context) -> int:
    """Consents in notes."""
    if context.invoked_subcommand is None:
        return int(context.invoke(list_consents))
    return Exit.OK


@consents.command("list")
@click.option("--limit", type=click.IntRange(min=1), default=MOST)
@click.pass_obj
def list_consents(shell: Shell, *, limit: int = MOST) -> int:
    """Those that nobody has answered, oldest first."""
    from sync.suppression.consent_story import told_waiting
    from sync.suppression.consents import waiting

    with shell.open(dry=True) as app:
        found = waiting(app, limit)
    shell.tell(found, lambda: told_waiting(found, shell.texts))
    return Exit.OK


@consents.command
@click.argument("ref", type=REF)
@click.option("--channel", type=click.Choice(CHANNELS), required=True)
@click.option("--at", required=True)
@click.option("--source", required=True)
@click.option("--by")
@click.option("--yes", is_flag=True)
@click.pass_obj
def confirm(
    shell: Shell,
    *,
    ref: Ref,
    channel: str,
    at: str,
    source: str,
    by: str | None,
    yes: bool,
) -> int:
    """Read it yourself, then have it written: channel, date, source, lawful basis."""
    from rules.suppression import Channel
    from sync.suppression.consent_story import told_answered, told_plan
    from sync.suppression.consents import Said, plan
    from sync.suppression.consents import confirm as confirmed

    said = Said(Channel(channel), at, source)
    with shell.open(dry=False) as app:
        if not yes:
            planned = plan(app, ref, said)
            shell.tell(planned, lambda: told_plan(planned, shell.texts))
        if not shell.confirmed("consents.sure", yes=yes):
            return Exit.CHANGES
        done = confirmed(app, ref, said, by or app.actor)
    shell.tell(done, lambda: told_answered(done, shell.texts))
    return int(done.exit_code)


@consents.command
@click.argument("ref", type=REF)
@click.option("--channel", "channels", type=click.Choice(CHANNELS), multiple=True)
@click.option("--why", required=True)
@click.option("--by")
@click.pass_obj
def refuse(shell: Shell, *, ref: Ref, channels: tuple[str, ...], why: str, by: str | None) -> int:
    """It is no consent: not proposed again as long as the note says what it says."""
    from rules.suppression import Channel
    from sync.suppression.consent_story import told_refused
    from sync.suppression.consents import refuse as refused

    with shell.open(dry=True) as app:
        done = refused(app, ref, [Channel(one) for one in channels], why, by or app.actor)
    shell.tell(done, lambda: told_refused(done, shell.texts))
    return Exit.OK
