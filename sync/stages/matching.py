"""Who is who: whether it is worth asking, and asking it of everybody who changed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from connectors.protocol import Stream
from state import blocked, matching, mirror, unmatched
from sync.app import App


def is_worth_it(app: App, there: Mapping[str, Sequence[Stream]]) -> bool:
    """Whether there are several lists in which the same people or companies may stand.

    Of several systems that is taken for granted: whichever of them a pass goes through, the answer,
    and with it what is decided anew, is the same.
    """
    if len(app.systems) > 1:
        return True
    here = {(system, one.name): one for system, streams in there.items() for one in streams}
    with app.store.reading() as tx:
        elsewhere = unmatched.lists(tx, but=here.keys())
    return unmatched.worth_it([*(one.kind for one in here.values() if one.can.pull), *elsewhere])


def match(app: App) -> int:
    """Put whoever is marked into his party, step by step, each in a short transaction of its own.

    A block on somebody whose party is another now is carried on once more; where systems take
    values from one another, all of the party are decided anew. Gives how many these are.
    """
    with app.store.reading() as tx:
        if not unmatched.waiting(tx):
            return 0
    again, known = 0, matching.Known()
    while True:
        with app.store.transaction() as tx:
            done = matching.match(tx, app.keys, app.clock(), app.settings.region, known=known)
            blocked.spread_again(tx, done.changed)
            if app.fills_from_others:
                mirror.make_dirty(tx, sorted(done.concerned))
                again += len(done.concerned)
        if not done.looked_at:
            return again
