"""Guard: the limits of an unattended run, asked about each stream before anything is written.

What "used to be right" is kept with the plans: the figures of the last pass that nothing spoke
against. So a warning stays until a person lets it pass, however often the command is repeated.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from rules.limits import Stop, Tally, judge
from state import coverage, proposals
from state.proposals import Plan
from state.shapes import Shape
from sync.app import App
from sync.facts import StreamFacts
from sync.switches import writes_unasked

Figures = dict[str, dict[str, dict[str, tuple[int, int]]]]
"""System -> stream -> field -> (filled, valid)."""


def guard(app: App, plan: Plan, shapes: Sequence[Shape], parts: Iterable[StreamFacts]) -> None:
    """Set the stops of each stream; `shapes` is what the plan holds."""
    with app.store.reading() as tx:
        usual = _of_json(proposals.last_totals(tx, plan.systems))
        now = _figures(coverage.read(tx, plan.systems))
    for part in parts:
        system, stream = part.system, part.stream.name
        mine = [one for one in shapes if (one.system, one.stream) == (system, stream)]
        changed = sum(one.records for one in mine if _writes_unasked(app, plan, one))
        assert part.pulled is not None  # noqa: S101 - only streams that were pulled are judged
        found = now.get(system, {}).get(stream, {})
        used_to_be = usual.setdefault(system, {}).get(stream, {})
        tally = Tally(system, stream, part.pulled.lease.records, changed, found, used_to_be)
        part.stops = tuple(s for s in judge(tally, app.policy) if s.code not in app.allow)
        if not _is_odd(part.stops):
            usual[system][stream] = found
    with app.store.transaction() as tx:
        proposals.set_plan(tx, plan.plan, totals=usual)


def _writes_unasked(app: App, plan: Plan, shape: Shape) -> bool:
    """Limits are for what is written unattended: what only is proposed a person looks at anyway."""
    return any(
        writes_unasked(app.settings, plan, shape.system, rule, name) for rule, name in shape.rules
    )


def _is_odd(stops: Sequence[Stop]) -> bool:
    """Whether the figures themselves are in doubt, and not just what would be done."""
    return any(stop.code == "swapped" for stop in stops)


def _figures(covered: Iterable[coverage.Covered]) -> Figures:
    found: Figures = {}
    for one in covered:
        stream = found.setdefault(one.system, {}).setdefault(one.stream, {})
        stream[one.field] = (one.filled, one.valid)
    return found


def _of_json(totals: Mapping[str, Any] | None) -> Figures:
    return {
        system: {
            stream: {name: (filled, valid) for name, (filled, valid) in fields.items()}
            for stream, fields in streams.items()
        }
        for system, streams in (totals or {}).items()
    }
