"""Pasts: what we wrote to records before, what people took back, and what other systems hold of the
same person, as far as deciding may know.

A row without an id that somebody turns back to what it was is a new row to the mirror, and the one
that we mended is gone. Both were born with the same content, so their ids differ by an ordinal
only: what was done to the buried ones is the past of the one that lives.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Final

from rules.changes import Change
from rules.trust import NO_PAST, Past
from state import history, mirror
from state.cursors import Lease
from state.history import Written
from state.mirror import Dirty
from state.offers import offers_of
from state.store import Tx

_MOST_ELDERS: Final = 10
_MOST_DIGITS: Final = 9
"""An ordinal is a short number; the version before it has 32 digits."""


def pasts_of(
    tx: Tx, lease: Lease, rows: Sequence[Dirty], *, offered: bool = False
) -> dict[int, Past]:
    """The pasts of those rows that have one, by rid; `offered`: with what other systems hold."""
    offers = offers_of(tx, [row.rid for row in rows]) if offered else {}
    found = _written(tx, lease, rows)
    return found | {
        rid: replace(found.get(rid, NO_PAST), offers=some) for rid, some in offers.items()
    }


def _written(tx: Tx, lease: Lease, rows: Sequence[Dirty]) -> dict[int, Past]:
    elders = _elders(tx, lease, rows)
    known = {row.rid for row in rows if row.filled is not None}
    asked = [*known, *{one for some in elders.values() for one in some}]
    if not asked:
        return {}
    written, declined = history.of_records(tx, asked), history.declined_of(tx, asked)
    found = {}
    for rid in known | elders.keys():
        line = [*elders.get(rid, ()), rid]
        changes = [c for one in line for c in _standing(written.get(one, ()))]
        refused = {name: value for one in line for name, value in declined.get(one, {}).items()}
        if changes or refused:
            found[rid] = Past(changes, refused)
    return found


def _standing(written: Iterable[Written]) -> list[Change]:
    """What we wrote of our own accord and nobody had us take back."""
    return [
        change
        for one in written
        if one.undone_by is None and one.undoes is None
        for change in one.changes
    ]


def _elders(tx: Tx, lease: Lease, rows: Sequence[Dirty]) -> dict[int, list[int]]:
    """Rid -> the buried rows that were born with the same content, oldest first."""
    names = {row.rid: names for row in rows if (names := _names(row.id))}
    if not names:
        return {}
    asked = list(dict.fromkeys(name for some in names.values() for name in some))
    buried = mirror.buried(tx, lease.system, lease.kind, asked)
    found = {rid: [buried[n] for n in some if n in buried] for rid, some in names.items()}
    return {rid: some for rid, some in found.items() if some}


def _names(ident: str) -> list[str]:
    """The ids before `stem~4`: `stem`, `stem~2`, `stem~3`."""
    stem, _, ordinal = ident.rpartition("~")
    if not stem or len(ordinal) > _MOST_DIGITS or not ordinal.isdecimal():
        return []
    last = int(ordinal)
    return [f"{stem}~{n}" if n > 1 else stem for n in range(max(1, last - _MOST_ELDERS), last)]
