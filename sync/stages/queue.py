"""Queue: those of a plan's proposals that still hold, into the outbox. The same or less, never more."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from connectors.protocol import Pushes, Stream
from rules.changes import Change, RecordChange
from rules.trust import together
from state import cursors, mirror, outbox, proposals
from state.cursors import Lease
from state.mirror import Held
from state.proposals import Plan, Proposal
from sync.app import App
from sync.switches import writes_unasked

PAGE = 2000


@dataclass(slots=True)
class Queued:
    """How many records were queued, and why others were dropped: reason -> how many."""

    records: int = 0
    dropped: Counter[str] = field(default_factory=Counter)


class Queueing:
    """Queues one stream's share of a plan."""

    def __init__(
        self,
        app: App,
        connector: Pushes,
        stream: Stream,
        lease: Lease,
        *,
        run: int,
        mark: str,
        approved: bool,
    ) -> None:
        self.app, self.connector, self.stream, self.lease = app, connector, stream, lease
        self.run_no, self.mark, self.approved = run, mark, approved
        self.queued = Queued()

    def run(self, plan: Plan) -> Queued:
        """Page by page, in the order of place."""
        for page in self._pages(plan):
            rows = [self._row(*one) for one in page]
            with self.app.store.transaction() as tx:
                outbox.queue(tx, rows)
                cursors.advance(tx, self.lease, self.app.clock())
            self.queued.records += len(rows)
        return self.queued

    def changes(self, plan: Plan) -> Iterator[RecordChange]:
        """The same for a copy: nothing is queued, and the plan still waits."""
        for page in self._pages(plan):
            for one, row, changes in page:
                yield RecordChange(row.record.ref, one.base_version, changes, row.record.place)

    def _pages(self, plan: Plan) -> Iterator[list[tuple[Proposal, Held, tuple[Change, ...]]]]:
        after = (-1, 0)
        while True:
            with self.app.store.reading() as tx:
                page = proposals.of_plan(
                    tx,
                    plan.plan,
                    [self.lease.system],
                    stream=self.stream.name,
                    after=after,
                    limit=PAGE,
                )
                held = mirror.held(tx, [one.rid for one in page])
            if not page:
                return
            yield list(self._holding(plan, page, held))
            after = (page[-1].place or 0, page[-1].pid)

    def _holding(
        self, plan: Plan, page: Sequence[Proposal], held: dict[int, Held]
    ) -> Iterator[tuple[Proposal, Held, tuple[Change, ...]]]:
        for one in page:
            row = held.get(one.rid)
            if why := _why_not(one, row, self.mark):
                self.queued.dropped[why] += 1
                continue
            changes = self._wanted(plan, one.changes)
            if row is None or not changes:
                self.queued.dropped["held_back"] += 1
                continue
            yield one, row, changes

    def _wanted(self, plan: Plan, changes: Sequence[Change]) -> tuple[Change, ...]:
        """A rule that may only propose is applied by a person's approval alone."""
        settings, system = self.app.settings, self.lease.system
        if self.approved:
            return together([one for one in changes if plan.only_rule in (None, one.rule)])
        return together(
            [one for one in changes if writes_unasked(settings, plan, system, one.rule, one.field)]
        )

    def _row(self, one: Proposal, row: Held, changes: tuple[Change, ...]) -> tuple[object, ...]:
        write = RecordChange(row.record.ref, one.base_version, changes, row.record.place)
        expected = self.connector.expected_version(self.stream, row.record, write)
        text = proposals.changes_text(changes)
        where = (one.system, one.stream, row.record.place)
        return (
            one.rid, self.run_no, one.pid, None, *where, one.base_version, expected, text, "queued",
        )  # fmt: skip


def _why_not(one: Proposal, row: Held | None, mark: str) -> str:
    """Why a proposal no longer holds; empty when it does.

    `mark` is the fingerprint that decisions are made with now. It need not be the one that the
    proposal was made with: another decision since then may have come to the same.
    """
    if one.closed_as:
        return one.closed_as
    if row is None:
        return "gone"
    if row.record.version != one.base_version:
        return "changed_since"
    if row.decided_with != mark:
        return "decide_anew"
    return ""
