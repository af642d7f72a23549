"""Push: what is queued leaves, after it was noted that it does; each record gets one outcome."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import islice

from connectors.protocol import Moved, Outcome, Pushes, Stream
from rules.changes import RecordChange
from rules.errors import OutcomeMissing, RingrenError
from state import outbox
from sync.app import App
from sync.stages.settle import Settling

PAGE = 2000


def push(app: App, connector: Pushes, stream: Stream, settling: Settling) -> None:
    """Send all that is queued for the stream and settle what comes back."""
    lease = settling.lease
    with app.store.transaction() as tx:
        total = outbox.open_writes(tx, lease.system, lease.stream, settling.run_no, app.clock())
    if total == 0:
        return
    app.progress.start("progress.push", total, "unit.records")
    try:
        for batch in _batches(_changes(app, settling), stream.can.batch_size):
            _send(connector, stream, settling, batch)
            app.progress.advance(settling.done.total, total)
            app.go_on()
    except RingrenError:
        # Whatever has no outcome yet may have arrived: the next pull will show it.
        settling.done.unknown += total - settling.done.total
        raise
    app.progress.end()
    if settling.done.total != total:
        raise OutcomeMissing(
            f"{lease.system}/{lease.stream}: {total} writes, {settling.done.total} outcomes"
        )


def _changes(app: App, settling: Settling) -> Iterator[RecordChange]:
    """What is under way. Who lost the lease meanwhile gets nothing more to send."""
    lease = settling.lease
    for at, one in enumerate(outbox.sent(app.store, lease.system, lease.stream, PAGE)):
        if at % PAGE == 0:
            settling.hold()
        yield RecordChange(one.ref, one.base_version, one.changes, one.place)


def _batches(changes: Iterator[RecordChange], size: int | None) -> Iterator[Iterable[RecordChange]]:
    """Batch by batch; a connector without a batch size gets everything as one stream."""
    if size is None:
        yield changes
        return
    while batch := list(islice(changes, size)):
        yield batch


def _send(
    connector: Pushes,
    stream: Stream,
    settling: Settling,
    batch: Iterable[RecordChange],
) -> None:
    settling.hold()
    answers = connector.push(stream, settling.lease.token or {}, batch)
    while page := _Heard(answers, PAGE):
        settling.take([one for one in page.answers if not isinstance(one, Moved)])
        # Only then: from the new cursor on, a pull would not show what was never settled.
        for moved in (one for one in page.answers if isinstance(one, Moved)):
            settling.move(moved.token)
        if page.broke_off:
            raise page.broke_off


class _Heard:
    """A page of answers; when the system fails midway, those that came before still count."""

    def __init__(self, answers: Iterator[Outcome | Moved], most: int) -> None:
        self.answers: list[Outcome | Moved] = []
        self.broke_off: RingrenError | None = None
        try:
            for answer in islice(answers, most):
                self.answers.append(answer)
        except RingrenError as error:
            self.broke_off = error

    def __bool__(self) -> bool:
        return bool(self.answers or self.broke_off)
