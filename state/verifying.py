"""Our list held against what each system shows: whom to look at, and what came of it, kept by day."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any, Final

import sqlalchemy as sa

from rules.keys import ref_key
from rules.records import Kind, Ref
from rules.suppression import Channel
from state.keys import KeyRing
from state.ledger_rows import chunks
from state.store import Tx, among
from state.tables import blocked, ledger, ledger_keys, mirror, verifications
from state.telling import SHOWING


class Verdict(StrEnum):
    """What a comparison came to.

    green: both sides say the same. repaired: they do by now. open: something is still under way.
    stopped: one side was suddenly empty or halved, or could not be read, so nothing can be said.
    """

    GREEN = "green"
    REPAIRED = "repaired"
    OPEN = "open"
    STOPPED = "stopped"


_SHOWS: Final = mirror.c.kind.in_(SHOWING)
"""Made once: each one that SQLAlchemy makes is a cycle, and there are thousands of pages."""

GOOD: Final = frozenset({Verdict.GREEN, Verdict.REPAIRED})
"""After these a list may be let go."""


@dataclass(frozen=True, slots=True)
class Verified:
    """The last comparison with a system."""

    system: str
    at: datetime
    verdict: Verdict
    counts: Mapping[str, Any]


def latest(tx: Tx) -> dict[str, Verified]:
    """The last comparison with each system."""
    newest = (
        sa.select(verifications.c.system, sa.func.max(verifications.c.vid).label("vid"))
        .group_by(verifications.c.system)
        .subquery()
    )
    rows = tx.execute(sa.select(verifications).join(newest, newest.c.vid == verifications.c.vid))
    return {r.system: Verified(r.system, r.at, Verdict(r.verdict), r.counts) for r in rows}


def last_told(tx: Tx, system: str) -> Mapping[str, Any]:
    """The counts of the last comparison that was not stopped; empty when there is none."""
    found = tx.execute(
        sa.select(verifications.c.counts)
        .where(verifications.c.system == system, verifications.c.verdict != Verdict.STOPPED.value)
        .order_by(verifications.c.vid.desc())
        .limit(1)
    ).scalar_one_or_none()
    return found or {}


def note(tx: Tx, system: str, at: datetime, verdict: Verdict, counts: Mapping[str, Any]) -> None:
    """Keep what a comparison came to."""
    tx.execute(
        sa.insert(verifications).values(
            system=system, at=at, verdict=verdict.value, counts=dict(counts)
        )
    )


@dataclass(frozen=True, slots=True)
class Listed:
    """A blocked record, by our list."""

    rid: int
    ref: Ref
    channels: tuple[str, ...]
    by_content: bool


def told(tx: Tx, system: str, stream: str, after: int, limit: int) -> list[Listed]:
    """The next records of a stream that show their block, as far as we know, by rid."""
    rows = tx.execute(
        sa.select(mirror.c.rid, mirror.c.kind, mirror.c.id, mirror.c.by_content, blocked.c.channels)
        .join(blocked, blocked.c.rid == mirror.c.rid)
        .where(
            mirror.c.system == system,
            mirror.c.stream == stream,
            mirror.c.deleted_at.is_(None),
            _SHOWS,
            mirror.c.rid > after,
            blocked.c.told.is_(True),
        )
        .order_by(mirror.c.rid)
        .limit(limit)
    )
    return [
        Listed(
            row.rid,
            Ref(system, Kind(row.kind), row.id),
            tuple(row.channels.split(",")),
            bool(row.by_content),
        )
        for row in rows
    ]


def count_blocked(tx: Tx, system: str) -> int:
    """Records of a system that our list blocks."""
    query = (
        sa.select(sa.func.count())
        .select_from(blocked.join(mirror, mirror.c.rid == blocked.c.rid))
        .where(
            mirror.c.system == system,
            mirror.c.deleted_at.is_(None),
            _SHOWS,
        )
    )
    return int(tx.execute(query).scalar_one())


def untell(tx: Tx, rids: Collection[int]) -> None:
    """These do not show their block after all: they are told again."""
    for some in chunks(rids):
        tx.execute(sa.update(blocked).where(among(tx, blocked.c.rid, some)).values(told=False))


def channels_of(tx: Tx, rids: Collection[int]) -> dict[int, frozenset[str]]:
    """The channels on which our list blocks each of these records."""
    found: dict[int, frozenset[str]] = {}
    for some in chunks(rids):
        query = sa.select(blocked.c.rid, blocked.c.channels).where(among(tx, blocked.c.rid, some))
        found |= {row.rid: frozenset(row.channels.split(",")) for row in tx.execute(query)}
    return found


def heard_of(tx: Tx, ring: KeyRing, ref: Ref) -> frozenset[Channel]:
    """The channels of all entries that name this record, whatever became of them since."""
    digests = [one.digest for one in ring.hashed(ref_key(ref))]
    query = (
        sa.select(ledger.c.channel)
        .join(ledger_keys, ledger_keys.c.seq == ledger.c.seq)
        .where(ledger_keys.c.digest.in_(digests))
        .distinct()
    )
    return frozenset(Channel(one) for one in tx.execute(query).scalars())
