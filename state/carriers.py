"""Who carries a key: asked of `match_keys` for matching, people and companies each for themselves.

A key may stand on a company and on all who work there; so each sort has its kinds of key, and counts
its own records.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any, Final

import sqlalchemy as sa

from rules.fields.field import COMPANIES, PEOPLE
from rules.matching import MOST_CARRIERS, Why
from state.ledger_rows import chunks
from state.screen import MAIN_PHONE
from state.store import Tx, among
from state.tables import links, match_keys, mirror

_PHONE: Final = "phone"


@dataclass(frozen=True, slots=True)
class Sort:
    """People, or companies: the kinds of their records, and of the keys that they are matched by."""

    kinds: tuple[str, ...]
    keys: tuple[str, ...]


OF_PEOPLE: Final = Sort(tuple(sorted(PEOPLE)), ("email", _PHONE, Why.ADDRESS.value))
OF_COMPANIES: Final = Sort(
    tuple(sorted(COMPANIES)),
    ("cvr", "email", _PHONE, MAIN_PHONE, Why.SITE.value, Why.ADDRESS.value),
)


def several(tx: Tx, rids: Sequence[int], sort: Sort) -> dict[bytes, int]:
    """The keys of these records that others of their sort carry, too: hash -> how many."""
    mine = sa.select(match_keys.c.digest).where(
        among(tx, match_keys.c.rid, rids), match_keys.c.key_kind.in_(sort.keys)
    )
    # Nearly all stand on one record alone: that is seen in the index, before anything is joined.
    shared = (
        sa.select(match_keys.c.digest)
        .where(match_keys.c.digest.in_(mine), match_keys.c.key_kind.in_(sort.keys))
        .group_by(match_keys.c.digest)
        .having(sa.func.count() > 1)
    )
    query = _sizes(sort, match_keys.c.digest.in_(shared)).having(_RECORDS > 1)
    return {bytes(digest): records for digest, records in tx.execute(query).all()}


_RECORDS: Final = sa.func.count(sa.distinct(match_keys.c.rid))


def _sizes(sort: Sort, *where: Any) -> sa.Select[Any]:
    return (
        sa.select(match_keys.c.digest, _RECORDS)
        .join(mirror, mirror.c.rid == match_keys.c.rid)
        .where(*where, match_keys.c.key_kind.in_(sort.keys), mirror.c.kind.in_(sort.kinds))
        .group_by(match_keys.c.digest)
    )


def grouped(tx: Tx, digests: Collection[bytes], sort: Sort) -> dict[bytes, list[int]]:
    """By hash: all of the sort who carry it."""
    found: dict[bytes, list[int]] = {}
    for some in chunks(digests):
        for digest, rid in tx.execute(_who(sort, some)).all():
            found.setdefault(digest, []).append(rid)
    return found


def in_parties(tx: Tx, digests: Collection[bytes], sort: Sort) -> set[int]:
    """Those of the sort who carry one of these keys and stand in a party."""
    here = sa.exists().where(links.c.rid == match_keys.c.rid, links.c.until.is_(None))
    found: set[int] = set()
    for some in chunks(digests):
        found.update(rid for _, rid in tx.execute(_who(sort, some).where(here)).all())
    return found


def of_few(tx: Tx, digests: Collection[bytes], sort: Sort) -> set[int]:
    """All of the sort who carry one of these keys, where they are not too many to be matched by it."""
    found: set[int] = set()
    for some in chunks(digests):
        query = _sizes(sort, match_keys.c.digest.in_(some)).having(_RECORDS <= MOST_CARRIERS)
        few = [row[0] for row in tx.execute(query).all()]
        found.update(rid for rids in grouped(tx, few, sort).values() for rid in rids)
    return found


def _who(sort: Sort, digests: Collection[bytes]) -> sa.Select[Any]:
    return (
        sa.select(match_keys.c.digest, match_keys.c.rid)
        .join(mirror, mirror.c.rid == match_keys.c.rid)
        .where(
            match_keys.c.digest.in_(digests),
            match_keys.c.key_kind.in_(sort.keys),
            mirror.c.kind.in_(sort.kinds),
        )
        .distinct()
        .order_by(match_keys.c.digest, match_keys.c.rid)
    )


def by_main_number(tx: Tx, rids: Sequence[int]) -> set[int]:
    """People who have a number as their own that is the main number on one of these records."""
    mine = sa.select(match_keys.c.digest).where(
        among(tx, match_keys.c.rid, rids), match_keys.c.key_kind == MAIN_PHONE
    )
    query = sa.select(match_keys.c.digest).where(
        match_keys.c.digest.in_(mine), match_keys.c.key_kind == _PHONE
    )
    return of_few(tx, set(tx.execute(query.distinct()).scalars()), OF_PEOPLE)


def main_numbers(tx: Tx, digests: Collection[bytes]) -> set[bytes]:
    """Those of the keys that are somebody's main number."""
    found: set[bytes] = set()
    for some in chunks(digests):
        query = sa.select(match_keys.c.digest).where(
            match_keys.c.digest.in_(some), match_keys.c.key_kind == MAIN_PHONE
        )
        found.update(tx.execute(query.distinct()).scalars())
    return found
