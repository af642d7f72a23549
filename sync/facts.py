"""What a pass did, as it goes: what the report is built from, together with the store."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING

from connectors.protocol import Problem, Stream
from rules.errors import Exit, RingrenError, worst
from rules.limits import Stop

if TYPE_CHECKING:
    from state.shapes import Shape
    from sync.forecast import Forecast
    from sync.stages.asking import Asked
    from sync.stages.compare import Compared
    from sync.stages.decide import Decided
    from sync.stages.pull import Pulled
    from sync.stages.queue import Queued
    from sync.stages.settle import Settled
    from sync.stages.told import Told


@dataclass(slots=True)
class StreamFacts:
    """One stream's share; a stage that was not reached is None."""

    system: str
    stream: Stream
    pulled: Pulled | None = None
    compared: Compared | None = None
    decided: Decided | None = None
    stops: tuple[Stop, ...] = ()
    queued: Queued | None = None
    settled: Settled | None = None
    given_up: bool = False
    """Something stopped this stream; later stages leave it out."""


@dataclass(frozen=True, slots=True)
class Failure:
    """What stopped a system or stream; `message` and `remedy` are text keys with `details`."""

    system: str
    stream: str | None
    message: str
    remedy: str
    details: Mapping[str, object]
    exit_code: Exit


@dataclass(slots=True)
class PassFacts:
    """The whole pass. `plan` is None until there is one."""

    command: str
    run: int
    dry: bool
    actor: str
    started_at: datetime
    systems: tuple[str, ...]
    plan: int | None = None
    only_rule: str | None = None
    sample: int | None = None
    ended_at: datetime | None = None
    streams: list[StreamFacts] = field(default_factory=list)
    failures: list[Failure] = field(default_factory=list)
    notices: list[Failure] = field(default_factory=list)
    """What is worth a word and stops nothing: a sheet that holds no list, a copy beside a file."""
    forecasts: dict[str, Forecast] = field(default_factory=dict)
    """By system: what was said of its calls before they were made."""
    asked: list[Asked] = field(default_factory=list)
    """What sources of facts were asked, where they were."""
    proposed: int = 0
    """Records with proposals that nobody has applied yet, at the end."""
    shapes: list[Shape] | None = None
    """What the plan holds, once the guard has counted it: a plan never changes afterwards."""
    forbidden: int = 0
    """Calls that certainly should not have been made, seen for the first time."""
    told: dict[str, Told] = field(default_factory=dict)
    """By system: whom it was told that nobody may contact."""
    stopped: bool = False
    """The guard stopped the pass before it wrote."""

    def fail(self, system: str, stream: str | None, error: RingrenError) -> None:
        """Note what went wrong; the others go on."""
        self.failures.append(
            Failure(system, stream, error.message, error.remedy, error.details, error.exit_code)
        )

    def note(self, system: str, problem: Problem) -> None:
        """Note what cannot be used as a stream, as a failure or as a mere notice."""
        kept, code = (self.failures, Exit.FAILED) if problem.stops else (self.notices, Exit.OK)
        said = (problem.message, problem.remedy, problem.details)
        kept.append(Failure(system, problem.stream, *said, code))

    @property
    def exit_code(self) -> Exit:
        """What the command ends with."""
        codes = [failure.exit_code for failure in self.failures]
        if self.forbidden:
            codes.append(Exit.VIOLATION)
        if self.stopped:
            codes.append(Exit.GUARD)
        if self.proposed and self.dry:
            codes.append(Exit.CHANGES)
        if any(part.settled and _has_failed(part.settled) for part in self.streams):
            codes.append(Exit.FAILED)
        return worst(Exit.OK, *codes)


def _has_failed(settled: Settled) -> bool:
    return bool(settled.rejected or settled.unknown)
