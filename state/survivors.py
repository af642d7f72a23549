"""What a merge outside means here: all that hung on the record that went is carried to the survivor.

The record that went keeps its keys and its block, as long as we know it (state/mirror.py): so an
opt-out that names one of its numbers later still finds the survivor. It is decided once more, as one
that is gone, and `state.reach` spreads what stands on it.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime

from rules import reach as rule
from rules.keys import Key, KeyKind, ref_key
from rules.records import Redirect, Ref
from rules.suppression import Evidence, SuppressionList
from state import ledger, mirror, redirects, unmatched
from state.keys import KeyRing
from state.store import Tx


def follow(
    tx: Tx, ring: KeyRing, ways: Sequence[Redirect], now: datetime, systems: Collection[str]
) -> None:
    """Have those decided and matched anew of whom it is news that they went, and those they went to.

    Of who went before he was ever seen only the ledger may know: what names him is carried on here.
    """
    ends = redirects.resolve(tx, [way.old for way in ways])
    known = mirror.numbers(tx, {*ends, *ends.values()})
    mirror.make_dirty(tx, [known[old] for old in ends if old in known])
    unmatched.mark(tx, set(known.values()))
    unseen = {old: end for old, end in ends.items() if old not in known}
    keys = {old: ring.hashed(ref_key(old)) for old in unseen}
    found = ledger.entries_for(tx, {key.digest for hashed in keys.values() for key in hashed})
    if not found:
        return
    blocks = SuppressionList(entry.event for entry in found)
    said = [
        rule.derived(event, unseen[old], (), evidence=Evidence.MERGE)
        for old, hashed in keys.items()
        for events in blocks.standing(hashed, now).values()
        for event in events
    ]
    ledger.append(tx, ring, said, now, systems)


def also_named(tx: Tx, keys: Sequence[Key]) -> tuple[Key, ...]:
    """The keys, and for each that names a record that went: the record where it went."""
    refs = [Ref.parse(key.value) for key in keys if key.kind is KeyKind.REF]
    ends = redirects.resolve(tx, refs) if refs else {}
    further = (ref_key(end) for end in ends.values())
    return tuple(dict.fromkeys((*keys, *further)))
