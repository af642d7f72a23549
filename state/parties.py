"""Persons and companies across systems, and which records belong to whom.

Links are only ever added and closed, so that what was known at any moment can be told later.
A party is never used again for somebody else: what was joined by mistake is split off into a
new one. A record belongs to at most one person and one company at a time (a row of a flat list
is both).
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any, Final

import sqlalchemy as sa
import uuid_utils

from rules.errors import InvariantBroken
from state.store import Tx
from state.tables import links, mirror, parties

_CHUNK: Final = 500


class PartyKind(StrEnum):
    """What a party is."""

    PERSON = "person"
    COMPANY = "company"


@dataclass(frozen=True, slots=True)
class Link:
    """A record's belonging to a party, from `since` up to, not including, `until`."""

    link: int
    rid: int
    party: str
    reason: str
    confidence: str
    actor: str
    since: datetime
    until: datetime | None


def create(tx: Tx, kind: PartyKind, now: datetime, party: str = "") -> str:
    """A new party; gives its id (uuid7, so that ids sort by time)."""
    party = party or str(uuid_utils.uuid7())
    tx.execute(sa.insert(parties).values(party=party, person_or_company=kind.value, created_at=now))
    return party


def link(
    tx: Tx, rid: int, party: str, *, reason: str, confidence: str, actor: str, now: datetime
) -> bool:
    """Let the record belong to the party, and no longer to another one of that kind.

    False when it belonged to it already: nothing is written then. `reason` is a key of the text
    table, `confidence` a decimal from 0 to 1. InvariantBroken when one of the two is not there.
    """
    _lock(tx, rid)
    before = _open(tx, rid, _kind(tx, party))
    if before is not None and before.party == party:
        return False
    since = now if before is None else max(now, before.since)
    if before is not None:
        _close(tx, before, since)
    tx.execute(
        sa.insert(links).values(
            rid=rid, party=party, reason=reason, confidence=confidence, actor=actor, since=since
        )
    )
    return True


def unlink(tx: Tx, rid: int, party: str, now: datetime) -> bool:
    """The record no longer belongs to the party; False when it did not."""
    _lock(tx, rid)
    before = _open(tx, rid, _kind(tx, party))
    if before is None or before.party != party:
        return False
    _close(tx, before, max(now, before.since))
    return True


def split(
    tx: Tx, party: str, rids: Sequence[int], *, reason: str, actor: str, now: datetime
) -> str:
    """Move some of a party's records to a new party; gives its id.

    InvariantBroken when one of them does not belong to the party now, or none would remain.
    """
    members = set(members_of(tx, party))
    if not rids or not set(rids) < members:
        raise InvariantBroken(f"cannot split {len(rids)} records off a party of {len(members)}")
    new = create(tx, _kind(tx, party), now)
    for rid in sorted(set(rids)):
        link(tx, rid, new, reason=reason, confidence="1", actor=actor, now=now)
    return new


def members_of(tx: Tx, party: str, at: datetime | None = None) -> list[int]:
    """The records that belong to a party, now or at a moment."""
    found = tx.execute(
        sa.select(links.c.rid).where(links.c.party == party, _standing(at)).order_by(links.c.rid)
    )
    return list(found.scalars())


def parties_of(
    tx: Tx, rids: Collection[int], kind: PartyKind, at: datetime | None = None
) -> dict[int, str]:
    """The person or company that each record belongs to, now or at a moment; others are left out."""
    listed, found = list(rids), {}
    for start in range(0, len(listed), _CHUNK):
        rows = tx.execute(
            sa.select(links.c.rid, links.c.party)
            .join(parties, parties.c.party == links.c.party)
            .where(
                links.c.rid.in_(listed[start : start + _CHUNK]),
                parties.c.person_or_company == kind.value,
                _standing(at),
            )
        )
        found.update({row.rid: row.party for row in rows})
    return found


def history_of(tx: Tx, rid: int) -> list[Link]:
    """All links that a record ever had, oldest first."""
    found = tx.execute(sa.select(links).where(links.c.rid == rid).order_by(links.c.link))
    return [Link(*row) for row in found]


def _standing(at: datetime | None) -> sa.ColumnElement[bool]:
    if at is None:
        return links.c.until.is_(None)
    return sa.and_(links.c.since <= at, sa.or_(links.c.until.is_(None), links.c.until > at))


def _kind(tx: Tx, party: str) -> PartyKind:
    kind = tx.execute(
        sa.select(parties.c.person_or_company).where(parties.c.party == party)
    ).scalar_one_or_none()
    if kind is None:
        raise InvariantBroken(f"there is no party {party}")
    return PartyKind(kind)


def _lock(tx: Tx, rid: int) -> None:
    """Two that link one record at once must not both find it free: the row is held meanwhile."""
    held = tx.execute(
        sa.select(mirror.c.rid).where(mirror.c.rid == rid).with_for_update()
    ).one_or_none()
    if held is None:
        raise InvariantBroken(f"there is no record {rid}")


def _open(tx: Tx, rid: int, kind: PartyKind) -> Link | None:
    row: Any = tx.execute(
        sa.select(links)
        .join(parties, parties.c.party == links.c.party)
        .where(
            links.c.rid == rid, links.c.until.is_(None), parties.c.person_or_company == kind.value
        )
    ).one_or_none()
    return None if row is None else Link(*row)


def _close(tx: Tx, before: Link, until: datetime) -> None:
    tx.execute(sa.update(links).where(links.c.link == before.link).values(until=until))
