"""Merges: what a page says has gone up in another record, and what that means here.

The way is noted, the record that went is decided once more (its proposals end, its opt-outs go on to
the survivor), and a survivor on which a flag of the other is missing is told of. Who is shown alive
again leads nowhere any more.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from datetime import datetime

from connectors.protocol import Page
from rules.opt_out_fields import lost_by_merge
from rules.records import Record, Ref
from state import findings, mirror, redirects, survivors
from state.merging import Merged
from state.mirror import Held
from state.store import Tx
from sync.app import App


def take(tx: Tx, app: App, system: str, page: Page, merged: Merged, now: datetime) -> None:
    """Record the page's redirects and all that follows from them."""
    news = redirects.record(tx, page.redirects, now)
    if not news and not redirects.any_of(tx, system):
        return
    gone = {way.old for way in page.redirects} | {stone.ref for stone in page.tombstones}
    arrived = {record.ref for record in _arrived(merged)}
    shown = arrived - gone
    redirects.forget(tx, shown)
    if news:
        survivors.follow(tx, app.keys, news, now, tuple(app.systems))
    # Somebody may be shown for the first time as he goes, long after it was said where to.
    went = {way.old for way in news} | (arrived & gone)
    ends = set(redirects.resolve(tx, went).values())
    _note_lost(tx, shown | ends, now)


def _arrived(merged: Merged) -> Iterator[Record]:
    for _, record in merged.born:
        yield record
    for _, record, _ in merged.moved:
        yield record


def _note_lost(tx: Tx, refs: Collection[Ref], now: datetime) -> None:
    """Say of each survivor which flags were lost on the way; none any more ends the finding."""
    into = redirects.leading_to(tx, refs)
    if not into:
        return
    rids = mirror.numbers(tx, {ref for ref, olds in into.items() for ref in (ref, *olds)})
    held = mirror.held(tx, list(rids.values()))
    buried = mirror.gone(tx, list(rids.values()))
    for end, olds in into.items():
        if end in rids and rids[end] not in buried:
            row = held[rids[end]]
            _note(tx, row, [held[rids[old]] for old in olds if old in rids], now)


def _note(tx: Tx, row: Held, olds: list[Held], now: datetime) -> None:
    found = {one.field: one for old in olds for one in lost_by_merge(old.record, row.record)}
    judged = [findings.Judged(row.rid, row.record.place, tuple(found.values()))]
    findings.replace(tx, row.record.ref.system, row.stream, "merge", judged, now, fresh=False)
