"""Messages of vendors, acted on: the record that each is about is read at once, held against the
list, and heard. Everything else waits for the next pass, which finds what no message told of."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from contextlib import contextmanager

from connectors.hooks import Hint
from connectors.protocol import Reads, Stream
from rules.errors import LeaseLost, SystemStopped
from rules.records import Ref
from state import cursors
from state.cursors import Lease
from sync.app import App
from sync.logs import logger
from sync.stages.pull import Pulled, read_back
from sync.stages.watch import Watch, able

LOG = logger(__name__)


def take(app: App, system: str, hints: Collection[Hint]) -> int:
    """Read what these are about; gives how many records were asked for.

    Streams that were never read to their end are left to a pass, and so are those that one is at
    work on: it reads them anyway.
    """
    connector = app.systems[system]
    wanted = {one.stream for one in hints}
    streams = [one for one in connector.streams() if one.name in wanted]
    app.blocking = able(app, {system: streams})
    done = 0
    for stream in streams:
        idents = sorted({one.ident for one in hints if one.stream == stream.name})
        refs = [Ref(system, stream.kind, ident) for ident in idents]
        assert isinstance(connector, Reads)  # noqa: S101 - who is sent messages can be read
        with _leased(app, system, stream) as lease:
            if lease is None:
                continue
            watch = Watch(app)
            read_back(
                app, connector, Pulled(stream, lease, last_seen=lease.compared_at), watch, refs
            )
            watch.look_back()
            watch.end()
            done += len(refs)
            LOG.info("read on a hint", system=system, stream=stream.name, records=len(refs))
    return done


@contextmanager
def _leased(app: App, system: str, stream: Stream) -> Iterator[Lease | None]:
    """The stream's lease for a moment; None where it is to be left alone."""
    lease = None
    try:
        with app.store.transaction() as tx:
            if cursors.token_of(tx, system, stream.name) is not None:
                lease = cursors.take(
                    tx, system, stream.name, stream.kind, holder=app.holder, now=app.clock()
                )
    except SystemStopped as error:
        if error.message != "error.lease_held":
            raise
    try:
        yield lease if lease and lease.complete else None
    except LeaseLost:
        LOG.warning("a pass took over", system=system, stream=stream.name)
        lease = None
    finally:
        if lease is not None:
            with app.store.transaction() as tx:
                cursors.release(tx, lease)
