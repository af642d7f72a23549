"""Feeds that lag: what a page shows of a record that we wrote just now may be older than our write.

Such a record is read by itself before the page is taken, so that the mirror never goes back to what
stood there before, and never past what others did since: both are stored with the page, or neither.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from connectors.protocol import Page, Pulls, Reads, Stream
from rules.records import Record, Value
from state import history
from sync.app import App
from sync.stages.intake import LAG

Written = Mapping[str, Mapping[str, Value]]
"""By id: what we wrote."""


def caught_up(app: App, connector: Pulls, stream: Stream, page: Page) -> Page:
    """The page; who does not show yet what we wrote to him is as he is by now."""
    if not (stream.can.lags and page.records and isinstance(connector, Reads)):
        return page
    written = _written(app, page)
    late = [one for one in page.records if _lacks(one, written.get(one.ref.id, {}))]
    if not late:
        return page
    here = {one.ref: one for one in connector.read(stream, [one.ref for one in late])}
    fresh = {one.ref: here.get(one.ref) or _with(one, written[one.ref.id]) for one in late}
    return replace(page, records=[fresh.get(one.ref, one) for one in page.records])


def _written(app: App, page: Page) -> Written:
    first, ids = page.records[0].ref, [one.ref.id for one in page.records]
    with app.store.reading() as tx:
        return history.written_since(tx, first.system, first.kind, ids, app.clock() - LAG)


def _lacks(record: Record, written: Mapping[str, Value]) -> bool:
    return any(record.values.get(name) != text for name, text in written.items())


def _with(record: Record, written: Mapping[str, Value]) -> Record:
    """Who is gone by now, with what he held when he went."""
    return record._replace(values={**record.values, **written})
