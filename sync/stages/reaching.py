"""Reach: new opt-outs to the records they concern, and on to the person's other keys."""

from __future__ import annotations

from collections.abc import Callable

from state import deliveries, reach
from state.store import Tx
from sync.app import App
from sync.stages import matching


def carry(app: App) -> int:
    """Have the records decided anew that entries appended since last time concern.

    Systems that are new to us have to hear of all entries so far.
    """
    with app.store.transaction() as tx:
        deliveries.adopt(tx, tuple(app.systems), app.clock())
    return _to_the_end(app, reach.carry)


def follow(app: App) -> int:
    """After deciding: find who is who and which keys are shared, spread blocks to the person's
    other keys and records, carry those.

    Gives how much there is to decide anew; 0 means nothing.
    """
    again = matching.match(app)
    settle_and_spread(app)
    return carry(app) + again


def settle_and_spread(app: App) -> None:
    """Which keys of new blocks are shared, and the person's other keys; all in short transactions."""
    keys = app.keys
    most = app.settings.suppression.max_people_per_key
    systems, region = tuple(app.systems), app.settings.region
    _to_the_end(app, lambda tx: reach.settle(tx, keys, app.clock(), most))
    _to_the_end(
        app,
        lambda tx: reach.spread(
            tx, keys, app.clock(), systems=systems, region=region, max_people=most
        ),
    )


def _to_the_end(app: App, step: Callable[[Tx], int]) -> int:
    """Step by step, each in a short transaction of its own, until a step finds nothing."""
    done = 0
    while True:
        with app.store.transaction() as tx:
            n = step(tx)
        if not n:
            return done
        done += n
