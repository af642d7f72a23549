"""Push: what is queued leaves, after it was noted that it does; each record gets one outcome."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import islice

from connectors.protocol import Moved, Pushes, Stream
from rules.changes import RecordChange
from rules.errors import OutcomeMissing
from state import outbox
from state.cursors import Lease
from sync.app import App
from sync.stages.settle import Settled, Settling

PAGE = 2000


def push(app: App, connector: Pushes, stream: Stream, lease: Lease, run: int) -> Settled:
    """Send all that is queued for the stream and settle what comes back."""
    settling = Settling(app, lease, run)
    with app.store.transaction() as tx:
        total = outbox.open_writes(tx, lease.system, lease.stream, run, app.clock())
    if total == 0:
        return settling.done
    app.progress.start("progress.push", total, "unit.records")
    changes = _changes(app, lease)
    while batch := _batch(changes, stream.can.batch_size):
        _send(connector, stream, settling, batch)
        app.progress.advance(settling.done.total, total)
    app.progress.end()
    if settling.done.total != total:
        raise OutcomeMissing(
            f"{lease.system}/{lease.stream}: {total} writes, {settling.done.total} outcomes"
        )
    return settling.done


def _changes(app: App, lease: Lease) -> Iterator[RecordChange]:
    for one in outbox.sent(app.store, lease.system, lease.stream, PAGE):
        yield RecordChange(one.ref, one.base_version, one.changes, one.place)


def _batch(changes: Iterator[RecordChange], size: int | None) -> Iterable[RecordChange] | None:
    """The next batch; a connector without a batch size gets everything as one stream."""
    if size is not None:
        return list(islice(changes, size))
    first = next(changes, None)
    return None if first is None else _chained(first, changes)


def _chained(first: RecordChange, rest: Iterator[RecordChange]) -> Iterator[RecordChange]:
    yield first
    yield from rest


def _send(
    connector: Pushes,
    stream: Stream,
    settling: Settling,
    batch: Iterable[RecordChange],
) -> None:
    token = settling.lease.token or {}
    outcomes = connector.push(stream, token, batch)
    while page := list(islice(outcomes, PAGE)):
        for moved in (one for one in page if isinstance(one, Moved)):
            settling.move(moved.token)
        settling.take([one for one in page if not isinstance(one, Moved)])
