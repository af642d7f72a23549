"""Flags of ours are taken off again where a lift or a correction has ended what they say.

By the way of every other write: noted before it leaves, guarded by the record's version, read back,
told in the history. Somebody else's flag is left alone, a channel that is still blocked goes into a
narrower flag in the same write, and nobody is ever signed up for anything: what we do not take off
is a finding for a person.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Final

from connectors.protocol import Blocks, Moved, Outcome, Pushes, Stream, Token, Unblocks
from rules.changes import Change, Finding, RecordChange, Severity
from rules.flags import Flag, Left, left_over
from rules.records import Record
from rules.suppression import Channel
from state import cursors, findings, lifted, mirror, outbox, proposals
from state.findings import Judged
from state.lifted import ORIGIN, STAYS, WAITS
from state.mirror import Held
from state.screen import Screen, hash_record
from state.store import Tx
from sync.app import App
from sync.facts import StreamFacts
from sync.stages.push import push
from sync.stages.settle import Settling

MOST: Final = 500
"""Records of a stream in one pass: no mass of people becomes callable at once."""


def note(app: App) -> None:
    """Note whose flags the newest lifts and corrections may have left behind."""
    with app.store.reading() as tx:
        behind = lifted.is_behind(tx)
    if behind:
        with app.store.transaction() as tx:
            lifted.note(tx, app.clock())


class TakingOff:
    """One stream of a pass, read to its end."""

    def __init__(self, app: App, part: StreamFacts, run: int, screen: Screen) -> None:
        assert part.pulled is not None  # noqa: S101 - the pass asks for those that were read
        self.app, self.stream, self.run_no = app, part.stream, run
        self._pulled, self.system = part.pulled, part.system
        self.lease = part.pulled.lease
        self.connector = app.systems[part.system]
        self._screen = screen

    def run(self) -> int:
        """Take off what can be; gives how many records were written."""
        if not self._waiting() or not self._looked_at(queueing=True):
            return 0
        settling = Settling(self.app, self.lease, self.run_no)
        assert isinstance(self.connector, Unblocks)  # noqa: S101 - see `_can`
        push(self.app, _Unblocking(self.connector), self.stream, settling)
        self.lease = self._pulled.lease = settling.lease
        self._looked_at(queueing=False)
        return settling.done.applied

    def _waiting(self) -> bool:
        """Most passes have nothing to do here, and cost a look each."""
        with self.app.store.reading() as tx:
            return bool(lifted.waiting(tx, self.system, self.stream.name, 1))

    def _looked_at(self, *, queueing: bool) -> int:
        """Note what stands of each record that waits; gives how many writes were queued."""
        flags = self._flags()
        with self.app.store.transaction() as tx:
            rids = lifted.waiting(tx, self.system, self.stream.name, MOST)
            if not rids:
                return 0
            rows, ours = mirror.held(tx, rids), lifted.of_ours(tx, rids)
            blocked = self._blocked(tx, list(rows.values()))
            judged, writes = [], []
            for rid, row in rows.items():
                values = row.record.values
                left = left_over(values, blocked[rid], flags, _standing(row, ours.get(rid, {})))
                judged.append(self._judged(row, left))
                # Who is still to be decided may turn out to be blocked after all.
                if left.changes and self._can and row.decided_with is not None:
                    writes.append((row, left.changes))
            where = (self.system, self.stream.name, ORIGIN)
            findings.replace(tx, *where, judged, self.app.clock(), fresh=False)
            if queueing:
                outbox.queue(tx, [self._row(row, changes) for row, changes in writes])
            cursors.advance(tx, self.lease, self.app.clock())
        return len(writes)

    @property
    def _can(self) -> bool:
        return isinstance(self.connector, Unblocks) and self.stream.can.push

    def _flags(self) -> Sequence[Flag]:
        return self.connector.flags(self.stream) if isinstance(self.connector, Blocks) else ()

    def _blocked(self, tx: Tx, rows: Sequence[Held]) -> dict[int, tuple[Channel, ...]]:
        region, ring = self.app.settings.region, self.app.keys
        hashed = [hash_record(ring, row.rid, row.record, region, row.also) for row in rows]
        standing = self._screen.blocked(tx, hashed, self.app.clock())
        return {r.rid: standing[r.rid].channels if r.rid in standing else () for r in rows}

    def _judged(self, row: Held, left: Left) -> Judged:
        stuck = left.stuck if self._can else (*left.stuck, *(c.field for c in left.changes))
        found: list[Finding] = []
        if stuck:
            told = {"fields": ", ".join(stuck)}
            found.append(Finding(STAYS, Severity.WARNING, None, told))
        if left.changes and self._can:
            found.append(Finding(WAITS, Severity.NOTICE))
        return Judged(row.rid, row.record.place, tuple(found))

    def _row(self, row: Held, changes: tuple[Change, ...]) -> tuple[object, ...]:
        assert isinstance(self.connector, Pushes)  # noqa: S101 - see `_can`
        record = row.record
        write = RecordChange(record.ref, record.version, changes, record.place)
        expected = self.connector.expected_version(self.stream, record, write)
        where = (self.system, self.stream.name, record.place, record.version, expected)
        return row.rid, self.run_no, None, None, *where, proposals.changes_text(changes), "queued"


def _standing(row: Held, ours: Mapping[str, Change]) -> dict[str, Change]:
    """Those that stand as we left them. What was written too long ago to be known has to say yes."""
    values = row.record.values
    return {
        name: one for name, one in ours.items() if one.new is None or values.get(name) == one.new
    }


class _Unblocking:
    """A connector whose writes are flags that are taken off."""

    def __init__(self, inner: Unblocks) -> None:
        self._inner = inner

    def push(
        self, stream: Stream, token: Token, batch: Iterable[RecordChange]
    ) -> Iterator[Outcome | Moved]:
        """The flags of the batch."""
        return self._inner.unblock(stream, token, batch)

    def expected_version(self, stream: Stream, record: Record, change: RecordChange) -> str | None:
        """Asked when it was queued."""
        del stream, record, change
        return None
