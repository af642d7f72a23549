"""`sync suppression deliver`, `receipt` and `verify`: opt-outs out, the proof, and the comparison."""

from __future__ import annotations

import click

from rules.errors import Exit
from sync.shell import Shell


@click.command
@click.option("--dry-run", is_flag=True)
@click.pass_obj
def deliver(shell: Shell, *, dry_run: bool) -> int:
    """Tell every system whom it must not contact."""
    from sync.suppression.deliver import deliver as delivered
    from sync.suppression.deliver import waiting
    from sync.suppression.delivery_story import told_delivered

    with shell.open(dry=dry_run) as app:
        found = waiting(app) if dry_run else delivered(app)
    shell.tell(found, lambda: told_delivered(found, shell.texts))
    return int(found.exit_code)


@click.command
@click.argument("asked", metavar="NUMBER")
@click.pass_obj
def receipt(shell: Shell, *, asked: str) -> int:
    """When each system confirmed an opt-out."""
    from sync.suppression.receipts import receipts_of

    with shell.open(dry=True) as app:
        found = receipts_of(app, asked)
    shell.show(found)
    return Exit.OK


@click.command
@click.pass_obj
def verify(shell: Shell) -> int:
    """Hold our list against what each system shows."""
    from sync.suppression.delivery_story import told_verified
    from sync.suppression.verify import verify as verified

    with shell.open(dry=False) as app:
        found = verified(app)
    shell.tell(found, lambda: told_verified(found, shell.texts))
    return int(found.exit_code)


COMMANDS = (deliver, receipt, verify)
"""In the order of the help."""
