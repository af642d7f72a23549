"""The same person's or company's records in other lists, for deciding: as far as it is sure enough."""

from __future__ import annotations

from collections.abc import Collection
from decimal import Decimal
from typing import Final

import sqlalchemy as sa

from rules.others import Offer
from rules.records import Kind, Ref
from state.ledger_rows import chunks
from state.mirror import values_of
from state.store import Tx
from state.tables import links, mirror

SURE_ENOUGH: Final = Decimal("0.9")
"""Of both records: a name with an address alone carries no value from one to the other."""


def offers_of(tx: Tx, rids: Collection[int]) -> dict[int, list[Offer]]:
    """By rid: the other records, in a fixed order; most have none."""
    mine, theirs, here = links.alias(), links.alias(), mirror.alias()
    found: dict[int, list[Offer]] = {}
    for some in chunks(rids):
        rows = tx.execute(
            sa.select(
                mine.c.rid, mine.c.confidence, theirs.c.confidence, theirs.c.reason,
                mirror.c.system, mirror.c.kind, mirror.c.id, mirror.c.cells,
            )
            .join(theirs, theirs.c.party == mine.c.party)
            .join(mirror, mirror.c.rid == theirs.c.rid)
            .join(here, here.c.rid == mine.c.rid)
            .where(
                mine.c.rid.in_(some),
                mine.c.until.is_(None),
                theirs.c.until.is_(None),
                mirror.c.deleted_at.is_(None),
                sa.or_(mirror.c.system != here.c.system, mirror.c.stream != here.c.stream),
            )
            .order_by(mine.c.rid, mirror.c.rid)
        )  # fmt: skip
        for rid, sure, as_sure, why, system, kind, ident, cells in rows:
            if min(Decimal(sure), Decimal(as_sure)) >= SURE_ENOUGH:
                offer = Offer(Ref(system, Kind(kind), ident), values_of(cells), why)
                found.setdefault(rid, []).append(offer)
    return found
