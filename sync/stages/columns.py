"""Columns: what the cells of a column say together, looked at where something was decided.

At most `MOST` records of a stream are read, spread over it, so that a list of a million costs what
one of five thousand does; a stream in which nothing was decided is not looked at again.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from rules.checks.picklists import found_in, looked_at
from rules.records import Kind, Value
from state import findings, mirror
from state.cursors import Lease
from sync.app import App

MOST: Final = 5000
ORIGIN: Final = "cells"


def look(app: App, lease: Lease) -> None:
    """Note what is found in the columns of a stream, and what is found no longer."""
    rows = looked_at(lease.kind, lease.fields, app.catalogue) if _is_asked(lease) else ()
    if not rows:
        return
    with app.store.reading() as tx:
        records = mirror.sample(tx, lease.system, lease.stream, lease.records, MOST)
    found = [finding for row in rows for finding in found_in(row, _cells(records, row.name))]
    judged = [findings.Judged(None, None, found)]
    with app.store.transaction() as tx:
        where = (lease.system, lease.stream, ORIGIN)
        findings.replace(tx, *where, judged, app.clock(), fresh=False)


def _cells(records: Sequence[Mapping[str, Value]], name: str) -> list[str]:
    return [text for one in records if isinstance(text := one.get(name), str)]


def _is_asked(lease: Lease) -> bool:
    return lease.kind is not Kind.OPT_OUT
