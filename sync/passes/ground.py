"""What all stages of a pass stand on: its facts, what it knows by now, and what stops one system alone."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Sequence

from connectors.protocol import Capabilities, Problem, Stream
from connectors.spans import span
from rules.errors import RunStopped, StartOver, SystemStopped, TryAgain
from rules.records import Kind
from state import cursors
from state.screen import Screen
from sync.app import App
from sync.facts import PassFacts, StreamFacts
from sync.logs import logger
from sync.stages.watch import Watch

LOG = logger(__name__)


class Ground:
    """One for each pass; not shared between threads."""

    def __init__(self, app: App, facts: PassFacts) -> None:
        self.app, self.facts = app, facts
        self.screen = Screen(app.keys)
        self.watch = Watch(app)
        self.closed: set[tuple[str, str]] = set()
        """Streams that cannot be used: what they should show waits."""
        self.causes: dict[str, dict[str, int]] = {}
        """By system: flags that were put back, by what had taken them off."""

    def streams(self, name: str) -> list[Stream]:
        """What there is, and as something that cannot be pulled what is there no longer."""
        streams: list[Stream] = []
        connector = self.app.systems[name]
        with self.only_this(name, None):
            streams += connector.streams()
            problems = connector.problems()
            there = {one.name for one in streams}
            with self.app.store.reading() as tx:
                known = cursors.filled(tx, name)
            gone = Capabilities(pull=False)
            streams += [
                Stream(one, kind, gone)
                for one, kind in known
                if not (one in there or any(p.covers(one) for p in problems))
            ]
            for problem in problems:
                self.facts.note(name, problem)
            covered = (one for one in known if any(p.stops and p.covers(one[0]) for p in problems))
            self.closed |= {(name, one) for one, _ in covered}
            self.closed |= {(name, one.name) for one in streams if _is_closed(one, problems)}
        # Opt-outs first; calls last, when the people are known whom they were made to.
        return sorted(
            streams, key=lambda one: (one.kind is not Kind.OPT_OUT, one.kind is Kind.CALL)
        )

    def pulled(self) -> Iterator[StreamFacts]:
        return (part for part in self.facts.streams if part.pulled and not part.given_up)

    @contextlib.contextmanager
    def only_this(self, system: str, stream: str | None) -> Iterator[None]:
        """What stops one stream is noted, and the others go on."""
        try:
            with span(system, lambda: {"ringren.system": system}):
                yield
        except (SystemStopped, TryAgain, StartOver, RunStopped) as error:
            LOG.warning("stopped", system=system, stream=stream, why=error.message)
            self.facts.fail(system, stream, error)
            # Once something was sent, "stopped before anything was written" is no longer true.
            wrote = any(part.settled for part in self.facts.streams)
            self.facts.stopped |= isinstance(error, RunStopped) and not wrote
            for part in self.facts.streams:
                if (part.system, part.stream.name) == (system, stream):
                    self._give_up(part)

    def _give_up(self, part: StreamFacts) -> None:
        if part.pulled is not None:
            with self.app.store.transaction() as tx:
                cursors.release(tx, part.pulled.lease)
            part.given_up = True


def _is_closed(stream: Stream, problems: Sequence[Problem]) -> bool:
    return any(problem.stops and problem.covers(stream.name) for problem in problems)
