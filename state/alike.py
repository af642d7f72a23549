"""Records that are one by the rules of matching, within a list as well as across lists: found, not kept."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise
from typing import Any, Final

import sqlalchemy as sa

from rules.decide import after
from rules.keys import Key
from rules.matching import MOST_CARRIERS, Card, Group, card, together
from rules.records import Kind, Value
from state import carriers, mirror, proposals
from state.carriers import Sort
from state.keys import KeyRing
from state.store import Tx
from state.tables import match_keys
from state.tables import mirror as table

_PAGE: Final = 1000


def groups(tx: Tx, ring: KeyRing, sort: Sort, region: str) -> Iterator[Group]:
    """All of a sort, by the number of their first members."""
    for rids in _led_to_one_another(tx, sort):
        yield from _together(tx, ring, rids, region)


def _led_to_one_another(tx: Tx, sort: Sort) -> list[list[int]]:
    """Records that keys lead to one another, and so on; single ones are left out."""
    root: dict[int, int] = {}

    def end(rid: int) -> int:
        while (up := root.setdefault(rid, rid)) != rid:
            root[rid] = root[up]
            rid = root[rid]
        return rid

    for rids in _shared(tx, sort):
        for one, other in pairwise(rids):
            low, high = sorted((end(one), end(other)))
            root[high] = low
    found: dict[int, list[int]] = {}
    for rid in sorted(root):
        found.setdefault(end(rid), []).append(rid)
    return [found[first] for first in sorted(found)]


def _shared(tx: Tx, sort: Sort) -> Iterator[Sequence[int]]:
    """The carriers of each key that stands on several live records, and on no more than is one's own."""
    last = b""
    while digests := list(tx.execute(_several(sort, last)).scalars()):
        yield from carriers.grouped(tx, digests, sort).values()
        last = digests[-1]


def _several(sort: Sort, last: bytes) -> sa.Select[Any]:
    bearers = sa.func.count(sa.distinct(match_keys.c.rid))
    return (
        sa.select(match_keys.c.digest)
        .join(table, table.c.rid == match_keys.c.rid)
        .where(
            match_keys.c.digest > last,
            match_keys.c.key_kind.in_(sort.keys),
            table.c.kind.in_(sort.kinds),
            table.c.deleted_at.is_(None),
        )
        .group_by(match_keys.c.digest)
        .having(sa.and_(bearers > 1, bearers <= MOST_CARRIERS))
        .order_by(match_keys.c.digest)
        .limit(_PAGE)
    )


def _together(tx: Tx, ring: KeyRing, rids: Sequence[int], region: str) -> list[Group]:
    gone = mirror.gone(tx, rids)
    proposed = proposals.standing(tx, rids)
    cards = []
    for rid, one in mirror.held(tx, rids).items():
        if rid not in gone:
            changes = proposals.changes_of(proposed[rid][2]) if rid in proposed else ()
            values = after(one.record, changes)
            cards.append(_card(rid, one.record.ref.kind, values, region))
    return together(cards, _main(tx, ring, cards))


def _card(rid: int, kind: Kind, values: Mapping[str, Value], region: str) -> Card:
    """Each is a list of its own, so that doubles within one list are found as well."""
    return card(rid, kind, f"record {rid}", values, region)


def _main(tx: Tx, ring: KeyRing, cards: Sequence[Card]) -> frozenset[Key]:
    """Keys of people that are somebody's main number."""
    keys = {key for one in cards if not one.company for some in one.keys.values() for key in some}
    by_digest = {ring.digest(key): key for key in keys}
    main = carriers.main_numbers(tx, by_digest.keys()) if by_digest else set()
    return frozenset(by_digest[bytes(one)] for one in main)
