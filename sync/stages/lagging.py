"""Feeds that lag: what a page shows of a record that we wrote just now may be older than our write.

Such a record is read by itself before the page is taken, so that the mirror never goes back to what
stood there before, and never past what others did since: both are stored with the page, or neither.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Final

from connectors.protocol import Episode, Page, Pulls, Reads, Stream
from rules.opt_out_fields import FLAGS
from rules.records import Record, Value
from state import history
from sync.app import App
from sync.stages.intake import LAG

YES: Final = "true"
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
    told = {(one.record.ref, one.field) for one in page.episodes}
    over = [
        Episode(one, name, app.time_there(one.ref.system))
        for one in late
        for name in _noes(one, fresh[one.ref], written[one.ref.id])
        if (one.ref, name) not in told
    ]
    records = [fresh.get(one.ref, one) for one in page.records]
    return replace(page, records=records, episodes=[*page.episodes, *over])


def _noes(shown: Record, here: Record, written: Mapping[str, Value]) -> Iterator[str]:
    """The noes that a page shows and that are over by now: they were said, unless they are ours."""
    for name in FLAGS:
        if shown.values.get(name) == YES != here.values.get(name) and name not in written:
            yield name


def _written(app: App, page: Page) -> Written:
    first, ids = page.records[0].ref, [one.ref.id for one in page.records]
    with app.store.reading() as tx:
        return history.written_since(tx, first.system, first.kind, ids, app.clock() - LAG)


def _lacks(record: Record, written: Mapping[str, Value]) -> bool:
    return any(record.values.get(name) != text for name, text in written.items())


def _with(record: Record, written: Mapping[str, Value]) -> Record:
    """Who is gone by now, with what he held when he went."""
    return record._replace(values={**record.values, **written})
