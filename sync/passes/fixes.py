"""Writing: what a plan holds and still stands, queued, sent and settled, stream by stream."""

from __future__ import annotations

from connectors.protocol import Copies, Pushes
from state.proposals import Plan
from sync import fingerprint
from sync.facts import StreamFacts
from sync.logs import logger
from sync.passes.ground import Ground
from sync.stages.push import push
from sync.stages.queue import Queueing
from sync.stages.settle import Settling

LOG = logger(__name__)


class Fixes:
    """The streams of a pass that can be written to."""

    def __init__(self, ground: Ground) -> None:
        self.ground, self.app, self.facts = ground, ground.app, ground.facts

    def write(self, plan: Plan, *, approved: bool) -> None:
        """Queue what still holds, send it, settle it."""
        for part in self.ground.pulled():
            if part.system not in plan.systems or not part.stream.can.push:
                continue
            with self.ground.only_this(part.system, part.stream.name):
                self._write(part, plan, approved=approved)
        self._copy(plan, approved=approved)

    def _write(self, part: StreamFacts, plan: Plan, *, approved: bool) -> None:
        part.queued = self._queueing(part, approved=approved).run(plan)
        self.send(part)

    def _queueing(self, part: StreamFacts, *, approved: bool) -> Queueing:
        connector = self.app.systems[part.system]
        assert isinstance(connector, Pushes)  # noqa: S101 - its stream says it can push
        assert part.pulled is not None  # noqa: S101
        return Queueing(
            self.app,
            connector,
            part.stream,
            part.pulled.lease,
            run=self.facts.run,
            mark=fingerprint.of_stream(self.app, part.pulled.lease),
            approved=approved,
        )

    def _copy(self, plan: Plan, *, approved: bool) -> None:
        """Corrected copies of what cannot be written. The proposals wait on: nothing was mended."""
        for name in filter(self.app.systems.__contains__, plan.systems):
            connector = self.app.systems[name]
            wanted = [
                (
                    part.stream,
                    part.pulled.lease.token or {},
                    self._queueing(part, approved=approved).changes(plan),
                )
                for part in self.ground.pulled()
                if part.system == name and part.stream.can.copy and part.pulled
            ]
            if wanted:
                assert isinstance(connector, Copies)  # noqa: S101 - its streams say it can
                with self.ground.only_this(name, None):
                    for said in connector.copy(wanted):
                        self.facts.note(name, said)

    def send(self, part: StreamFacts) -> None:
        """Push what is queued for a stream. What was settled before a failure is counted."""
        connector = self.app.systems[part.system]
        assert isinstance(connector, Pushes)  # noqa: S101
        assert part.pulled is not None  # noqa: S101
        settling = Settling(self.app, part.pulled.lease, self.facts.run)
        part.settled = settling.done
        with self.ground.only_this(part.system, part.stream.name):
            push(self.app, connector, part.stream, settling)
        LOG.info("written", stream=part.stream.name, applied=settling.done.applied)
