"""Columns: what the cells of a list say together, looked at where something was decided.

At most `MOST` records of a stream are read, spread over it, so that a list of a million costs what
one of five thousand does; a stream in which nothing was decided is not looked at again.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Final

from rules.changes import Finding
from rules.checks import picklists, sources
from rules.decide import after
from rules.hygiene import clean
from rules.records import Kind, Record, Value
from state import findings, mirror, samples
from state.cursors import Lease
from sync.app import App

MOST: Final = 5000
MOST_COMPARED: Final = 1000
"""Records that are held against others with the same key."""
ORIGIN: Final = "cells"

Records = Mapping[int, Mapping[str, Value]]


def look(app: App, lease: Lease) -> list[Finding]:
    """What is found in the columns of a stream."""
    if lease.kind is Kind.OPT_OUT:
        return []
    with app.store.reading() as tx:
        records = samples.sample(tx, lease.system, lease.stream, lease.records, MOST)
    return [*_picklists(app, lease, records), *_sources(app, lease, list(records))]


def note(app: App, lease: Lease, found: Sequence[Finding]) -> None:
    """In place of what was found there before."""
    judged = [findings.Judged(None, None, found)]
    with app.store.transaction() as tx:
        where = (lease.system, lease.stream, ORIGIN)
        findings.replace(tx, *where, judged, app.clock(), fresh=False)


def _picklists(app: App, lease: Lease, records: Records) -> Iterator[Finding]:
    for row in picklists.looked_at(lease.kind, lease.fields, app.catalogue):
        yield from picklists.found_in(row, _cells(records, row.name))


def _cells(records: Records, name: str) -> list[str]:
    return [text for one in records.values() if isinstance(text := one.get(name), str)]


def _sources(app: App, lease: Lease, rids: Sequence[int]) -> Iterator[Finding]:
    """What other records say about the same company or person, in whatever list they stand."""
    key = sources.KEYS.get(lease.kind)
    if key is None:
        return
    kinds = [kind for kind, one in sources.KEYS.items() if one is key]
    some = rids[:: len(rids) // MOST_COMPARED + 1]
    with app.store.reading() as tx:
        groups = [
            group
            for group in samples.sharing(tx, some, key.value, kinds)
            if len(group) <= sources.MOST_ALIKE
        ]
        held = mirror.held(tx, sorted({rid for group in groups for rid in group}))
    cleaned = {rid: _cleaned(app, one.record) for rid, one in held.items()}
    fields = sources.compared(lease.kind, app.catalogue)
    alike = [[cleaned[rid] for rid in group if rid in cleaned] for group in groups]
    yield from sources.disagreements(fields, alike)


def _cleaned(app: App, record: Record) -> Mapping[str, Value]:
    rules, region = app.rules(record.ref.system), app.settings.region
    changes, _ = clean(record.ref.kind, record.values, rules=rules, region=region)
    return after(record, changes)
