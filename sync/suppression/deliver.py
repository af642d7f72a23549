"""`sync suppression deliver`: opt-outs in and out, and nothing else.

Reads what changed, records the opt-outs in it, finds whom they reach, and tells every system until
it shows them. What `sync run` does first of all, by itself, so that it can be done every minute.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from rules.errors import Exit, worst
from state import deliveries, history, proposals, telling
from state.deliveries import DeliveryState
from state.ledger import head
from sync.app import App
from sync.facts import Failure
from sync.passes import Pass
from sync.stages.told import Told


@dataclass(frozen=True, slots=True)
class Delivered:
    """What was done in each system, and what is still on its way. `dry`: only looked at."""

    dry: bool
    systems: Mapping[str, Told]
    failures: tuple[Failure, ...]
    exit_code: Exit


def deliver(app: App, *, first: bool = True) -> Delivered:
    """Until nothing more can be told now. What cannot waits for its own next try.

    Without `first`, which is how a daemon does it every minute, lists that were never read to their
    end are left alone, and nothing is kept of a time when nothing was new.
    """
    with Pass(app, "suppression deliver") as one:
        one.pull(first=first)
        with app.store.reading() as tx:
            plan = proposals.next_plan(tx)
        one.decide(plan)
        while one.tell():
            one.decide(plan)
        code = one.stop()
    if not first and one.leaves_no_trace():
        with app.store.transaction() as tx:
            history.forget_run(tx, one.facts.run)
    return _delivered(one, code)


def tell(app: App) -> Delivered | None:
    """What came in since the last time, to the chosen systems at once, reading nothing; None when
    nothing did. It needs no list for itself, so that it goes on while a pass reads for hours.

    Lists that are written as a whole are read and told right behind it, those that nobody is at work
    on; who is at work on one tells it himself (`Blocks.between`)."""
    with app.store.reading() as tx:
        if not any(telling.is_behind(tx, name) for name in app.only or ("",)):
            return None
        newest = head(tx).seq
    with Pass(app, "suppression deliver") as one:
        left = one.tell_known()
        code = one.stop()
    with app.store.transaction() as tx:
        for name in app.only or ():
            telling.delivered(tx, name, newest)
        if one.leaves_no_trace():
            history.forget_run(tx, one.facts.run)
    known = _delivered(one, code)
    return _both(known, deliver(app, first=False)) if left else known


def _both(first: Delivered, then: Delivered) -> Delivered:
    """One right behind the other, over the same systems."""
    for name, done in first.systems.items():
        done.add(then.systems[name])
    failures = (*first.failures, *then.failures)
    return Delivered(False, first.systems, failures, worst(first.exit_code, then.exit_code))


def _delivered(one: Pass, code: Exit) -> Delivered:
    told = {name: one.facts.told.get(name, Told()) for name in one.facts.systems}
    return Delivered(False, told, tuple(one.facts.failures), code)


def waiting(app: App) -> Delivered:
    """What a delivery would have to do, as far as is known without reading anything."""
    over = {DeliveryState.CONFIRMED, DeliveryState.SETTLED}
    found: dict[str, Told] = {}
    with app.store.reading() as tx:
        states = deliveries.counts(tx)
        for name in sorted(app.systems):
            mine = states.get(name, {})
            found[name] = Told(
                waiting=sum(telling.streams_untold(tx, name).values()),
                open=sum(n for state, n in mine.items() if state not in over),
            )
    return Delivered(True, found, (), Exit.OK)
