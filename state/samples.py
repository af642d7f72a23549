"""A fair sample of a stream, and who else carries the keys of records: bounded, however long it is."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import sqlalchemy as sa

from rules.records import Kind, Value
from state.mirror import values_of
from state.store import Tx, among
from state.tables import match_keys, mirror

BLOCKS: Final = 50
"""So many places of a long stream a sample is taken from."""


def sample(
    tx: Tx, system: str, stream: str, records: int, most: int
) -> dict[int, dict[str, Value]]:
    """rid -> cells of all live records of a stream, or of about `most` from all over it.

    `records` is how many there are. The same stream gives the same sample; it costs what is read.
    """
    rows = sa.select(mirror.c.rid, mirror.c.cells).where(
        mirror.c.system == system, mirror.c.stream == stream, mirror.c.deleted_at.is_(None)
    )
    if records <= most:
        return _read(tx, rows)
    found: dict[int, dict[str, Value]] = {}
    size, step = most // BLOCKS, records // BLOCKS
    for block in range(BLOCKS):
        first = block * step
        part = rows.where(mirror.c.place > first, mirror.c.place <= first + step)
        found |= _read(tx, part.order_by(mirror.c.place).limit(size))
    return found or _read(tx, rows.limit(most))


def _read(tx: Tx, query: sa.Select[tuple[int, str]]) -> dict[int, dict[str, Value]]:
    return {row.rid: values_of(row.cells) for row in tx.execute(query)}


def sharing(tx: Tx, rids: Sequence[int], key_kind: str, kinds: Sequence[Kind]) -> list[list[int]]:
    """Groups of live records of `kinds` that carry the same key as one of `rids`, two or more each."""
    carried = among(tx, match_keys.c.rid, rids)
    theirs = sa.select(match_keys.c.digest).where(carried, match_keys.c.key_kind == key_kind)
    found = tx.execute(
        sa.select(match_keys.c.digest, match_keys.c.rid)
        .join(mirror, mirror.c.rid == match_keys.c.rid)
        .where(
            match_keys.c.digest.in_(theirs),
            match_keys.c.key_kind == key_kind,
            mirror.c.deleted_at.is_(None),
            mirror.c.kind.in_([kind.value for kind in kinds]),
        )
        .order_by(match_keys.c.rid)
    )
    groups: dict[bytes, list[int]] = {}
    for row in found:
        groups.setdefault(bytes(row.digest), []).append(row.rid)
    return [group for group in groups.values() if len(group) > 1]
