"""What a run will cost in calls, said before it begins, and what it could have cost at the least.

Before: how many records there are about, where nothing was read yet, and one look for changes at the
rest. Afterwards: the fewest calls for what was read and written. Signing in and asking what fields
there are come on top of both.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from connectors.costs import Reading, Reckons, fewest
from connectors.protocol import Connector, Stream
from rules.errors import SystemStopped, TryAgain
from state import cursors
from sync.app import App
from sync.facts import StreamFacts
from sync.stages.asking import Asked


@dataclass(frozen=True, slots=True)
class Forecast:
    """Calls that a run will need of one system, and how many are left today; None: not known.

    `sure` is False where the number of records is not known, so that more may be needed.
    """

    system: str
    calls: int
    sure: bool
    left: int | None


def before(
    app: App, system: str, streams: Sequence[Stream], sample: int | None = None
) -> Forecast | None:
    """What reading a system will need; None for one that is not called."""
    costed = [one for one in streams if one.costs and one.can.pull]
    if not costed:
        return None
    with app.store.reading() as tx:
        known = cursors.standing(tx, system)
    new = [one for one in costed if not known.get(one.name, (False, 0))[0]]
    counts = _about(app.systems[system], new)
    readings = list(_readings(costed, known, counts, sample))
    sure = all(one.name in counts for one in new)
    return Forecast(system, fewest(readings), sure, _left(app, system))


def _about(connector: Connector, streams: Sequence[Stream]) -> Mapping[str, int]:
    """A count that cannot be had is no reason to stop."""
    if not (streams and isinstance(connector, Reckons)):
        return {}
    try:
        return connector.about(streams)
    except (SystemStopped, TryAgain):
        return {}


def _readings(
    streams: Sequence[Stream],
    known: Mapping[str, tuple[bool, int]],
    counts: Mapping[str, int],
    sample: int | None,
) -> Iterator[Reading]:
    for one in streams:
        assert one.costs is not None  # noqa: S101 - `before` has seen to it
        complete, records = known.get(one.name, (False, 0))
        coming = 0 if complete else max(0, counts.get(one.name, 0) - records)
        coming = coming if sample is None else min(coming, sample)
        yield Reading(one.costs, coming, first=not complete)


def _left(app: App, system: str) -> int | None:
    return app.budget.left(system) if app.budget else None


def tell(app: App, found: Forecast) -> None:
    """Say it where progress is told: also that it will not be enough."""
    key = "forecast.sure" if found.sure else "forecast.at_least"
    details = {"system": found.system, "calls": found.calls}
    if found.left is None:
        app.progress.tell(f"{key}.alone", **details)
        return
    app.progress.tell(key, **details, left=found.left)
    if found.calls > found.left:
        app.progress.tell("forecast.too_many", system=found.system)


def tell_asked(app: App, one: Asked) -> None:
    """What a source will be asked, and what that takes, before it is."""
    if not one.due:
        app.progress.tell("forecast.source.nothing", source=one.source)
        return
    details = {"keys": one.due - one.left, "calls": one.calls, "kroner": -(-one.ore // 100)}
    minutes = -(-int(one.seconds) // 60)
    app.progress.tell("forecast.source", source=one.source, **details, minutes=minutes)
    if one.left:
        app.progress.tell("forecast.source.left", source=one.source, left=one.left)


def needed(parts: Sequence[StreamFacts]) -> int | None:
    """The fewest calls for what was read and written of one system; None where nothing costs any."""
    readings = [
        Reading(costs, part.pulled.read, first=not part.pulled.begun[1])
        for part in parts
        if (costs := part.stream.costs) and part.pulled
    ]
    if not readings:
        return None
    sent = (
        costs.writing(part.settled.total)
        for part in parts
        if (costs := part.stream.costs) and part.settled
    )
    return fewest(readings) + sum(sent)


def to_write(parts: Sequence[StreamFacts], waiting: Mapping[tuple[str, str], int]) -> int:
    """The fewest calls that would carry a plan out; `waiting`: its records by system and stream."""
    return sum(
        costs.writing(waiting.get((part.system, part.stream.name), 0))
        for part in parts
        if (costs := part.stream.costs) and part.stream.can.push
    )
