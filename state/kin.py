"""Records that are the same person or company as another, by a merge or a party: no key tells."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from rules.records import Ref
from rules.suppression import Evidence
from state import parties, redirects
from state.store import Tx

Kin = Mapping[int, Sequence[tuple[Ref, Evidence]]]
"""By the number of a record: the others, each with what says so. Most have none."""

NO_KIN: Final[Kin] = {}


def kin_of(tx: Tx, refs: Mapping[int, Ref]) -> Kin:
    """The kin of these records: where they went, and who else stands in their parties."""
    found: dict[int, list[tuple[Ref, Evidence]]] = {}
    ends = redirects.resolve(tx, set(refs.values()))
    for rid, ref in refs.items():
        if ends[ref] != ref:
            found.setdefault(rid, []).append((ends[ref], Evidence.MERGE))
    for rid, others in parties.siblings(tx, refs).items():
        found.setdefault(rid, []).extend((other, Evidence.PARTY) for other in others)
    return found
