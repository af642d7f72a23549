"""What comes in through the doors to the outside: into the list, and whether there is too much of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from rules.formats.cpr import masked
from rules.suppression import Statement
from state.ledger import append
from state.ledger_rows import Entry
from state.store import Tx
from sync.app import App
from sync.suppression import bursts


def hear(tx: Tx, app: App, said: Sequence[Statement]) -> list[Entry]:
    """Record what was said, for all systems; gives what is new. Takes as long for those who are known
    already as for others. A personal identity number is kept nowhere, whoever writes us one."""
    now = app.clock()
    written = append(tx, app.keys, list(map(kept, said)), now, tuple(app.systems))
    bursts.watch(tx, app, [entry.event.system for entry in written], now)
    return written


def kept(said: Statement) -> Statement:
    """A statement as it may be kept: in somebody's words there may stand a personal identity number."""
    return replace(said, said=masked(said.said), source=masked(said.source))
