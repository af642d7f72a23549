"""`sync suppression lift | correct | requests | approve | refuse`: what ends a block, by two people."""

from __future__ import annotations

import click

from rules.errors import Exit
from sync.commands.persons import CHANNELS, key_options, keys_typed
from sync.shell import Shell

PROOFS = ("form", "mail", "letter", "recording", "contract")


@click.command
@key_options
@click.option("--channel", type=click.Choice(CHANNELS), required=True)
@click.option("--at", required=True)
@click.option("--proof", type=click.Choice(PROOFS), required=True)
@click.option("--source", required=True)
@click.option("--evidence", default="")
@click.option("--by")
@click.pass_obj
def lift(
    shell: Shell,
    /,
    *,
    channel: str,
    at: str,
    proof: str,
    source: str,
    evidence: str,
    by: str | None,
    **cells: tuple[str, ...],
) -> int:
    """Propose that a newer, documented consent lifts what blocks somebody."""
    from rules.suppression import Channel, Evidence
    from sync.suppression import desk, lifts
    from sync.suppression.lift_story import told_asked

    with shell.open(dry=True) as app:
        span = desk.when(at, app.clock())
        consent = lifts.Consent(Channel(channel), span, Evidence(proof), source, evidence)
        found = keys_typed(cells, app.settings.region)
        asked = lifts.propose_lift(app, found, consent, by or app.actor)
    shell.tell(asked, lambda: told_asked(asked, shell.texts))
    return Exit.OK


@click.command
@click.argument("number", type=int)
@click.option("--why", required=True)
@click.option("--by")
@click.pass_obj
def correct(shell: Shell, *, number: int, why: str, by: str | None) -> int:
    """Propose that an entry of the list is wrong."""
    from sync.suppression import lifts
    from sync.suppression.lift_story import told_asked

    with shell.open(dry=True) as app:
        asked = lifts.propose_correction(app, number, why, by or app.actor)
    shell.tell(asked, lambda: told_asked(asked, shell.texts))
    return Exit.OK


@click.command
@click.option("--clear", is_flag=True)
@click.pass_obj
def requests(shell: Shell, *, clear: bool) -> int:
    """What waits for a second person."""
    from sync.suppression import lifts
    from sync.suppression.lift_story import told_waiting

    with shell.open(dry=True) as app:
        found = lifts.waiting(app, clear=clear)
    shell.tell(found, lambda: told_waiting(found, shell.texts))
    return Exit.OK


@click.command
@click.argument("number", type=int)
@click.option("--by")
@click.pass_obj
def approve(shell: Shell, *, number: int, by: str | None) -> int:
    """Approve a lift or correction that somebody else proposed."""
    from sync.suppression import lifts
    from sync.suppression.lift_story import told_decided

    with shell.open(dry=True) as app:
        decided = lifts.approve(app, number, by or app.actor)
    shell.tell(decided, lambda: told_decided(decided, shell.texts))
    return Exit.OK


@click.command
@click.argument("number", type=int)
@click.option("--why", required=True)
@click.option("--by")
@click.pass_obj
def refuse(shell: Shell, *, number: int, why: str, by: str | None) -> int:
    """Close a request without anything coming of it."""
    from sync.suppression import lifts
    from sync.suppression.lift_story import told_decided

    with shell.open(dry=True) as app:
        decided = lifts.refuse(app, number, by or app.actor, why)
    shell.tell(decided, lambda: told_decided(decided, shell.texts))
    return Exit.OK


COMMANDS = (lift, correct, requests, approve, refuse)
