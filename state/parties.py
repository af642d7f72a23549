"""Persons and companies across systems, and which records belong to whom.

Links are only ever added and closed, so that what was known at any moment can be told later.
A party is never used again for somebody else: what was joined by mistake is split off into a
new one. A record belongs to at most one person and one company at a time (a row of a flat list
is both).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any, Final

import sqlalchemy as sa
import uuid_utils

from rules.errors import InvariantBroken
from rules.matching import Group
from rules.records import Kind, Ref
from state.ledger_rows import chunks
from state.store import Tx, bulk
from state.tables import links, mirror, parties

MATCHING: Final = "matching"
"""The actor of links that `state.matching` makes and takes away."""

_NEW_PARTY: Final = sa.insert(parties).values(
    {
        name: sa.bindparam(f"b_{name}", type_=parties.c[name].type)
        for name in ("party", "person_or_company", "created_at")
    }
)
_NEW_LINK: Final = sa.insert(links).values(
    {
        name: sa.bindparam(f"b_{name}", type_=links.c[name].type)
        for name in ("rid", "party", "reason", "confidence", "actor", "since")
    }
)
_CLOSE: Final = (
    sa.update(links)
    .where(links.c.link == sa.bindparam("b_link"))
    .values(until=sa.bindparam("b_until", type_=links.c.until.type))
)


class PartyKind(StrEnum):
    """What a party is."""

    PERSON = "person"
    COMPANY = "company"


@dataclass(frozen=True, slots=True)
class Link:
    """A record's belonging to a party, from `since` up to, not including, `until`.

    `reason` names what it has in common with others there (`rules.matching.Why`, separated by
    blanks), or is what a person gave.
    """

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


def hold(tx: Tx, rid: int, party: str, *, reason: str, actor: str, now: datetime) -> None:
    """Let a person say that the record belongs to the party: matching leaves it alone from now on.

    InvariantBroken when one of the two is not there.
    """
    _lock(tx, rid)
    before = _open(tx, rid, _kind(tx, party))
    since = now if before is None else max(now, before.since)
    if before is not None:
        _close(tx, before, since)
    said = {"reason": reason, "confidence": "1", "actor": actor, "since": since}
    tx.execute(sa.insert(links).values(rid=rid, party=party, **said))


def standing(tx: Tx, rid: int, kind: PartyKind) -> Link | None:
    """Its link to the person, or the company, that it belongs to now."""
    return _open(tx, rid, kind)


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


# --- as matching says ------------------------------------------------------------------------


def pinned(tx: Tx, rids: Collection[int]) -> set[int]:
    """Those of the records that a person put where they are: matching leaves them alone."""
    found: set[int] = set()
    for some in chunks(rids):
        query = sa.select(links.c.rid).where(
            links.c.rid.in_(some), links.c.until.is_(None), links.c.actor != MATCHING
        )
        found.update(tx.execute(query).scalars())
    return found


def regroup(tx: Tx, groups: Sequence[Group], looked_at: Collection[int], now: datetime) -> set[int]:
    """Let the records that were `looked_at` stand in these groups and in no others, but for those
    that are pinned; gives whose party or reason is another now, or is in a party that is.

    A group goes on as the party that most of its records stand in already; a party goes on in one
    group only.
    """
    before = {one.rid: one for one in _automatic(tx, looked_at)}
    named = _named(groups, before)
    wanted = {
        member.rid: (party, " ".join(member.why), str(member.confidence))
        for party, group in zip(named, groups, strict=True)
        for member in group.members
    }
    changed = {
        rid for rid in wanted.keys() | before.keys() if wanted.get(rid) != _said(before.get(rid))
    }
    bulk(tx, _CLOSE, [(max(now, before[r].since), before[r].link) for r in changed & before.keys()])
    known = {one.party for one in before.values()}
    bulk(
        tx,
        _NEW_PARTY,
        [
            (party, (PartyKind.COMPANY if group.company else PartyKind.PERSON).value, now)
            for party, group in zip(named, groups, strict=True)
            if party not in known
        ],
    )
    rows = []
    for rid in sorted(changed & wanted.keys()):
        since = max(now, before[rid].since) if rid in before else now
        rows.append((rid, *wanted[rid], MATCHING, since))
    bulk(tx, _NEW_LINK, rows)
    moved = {wanted[rid][0] for rid in changed if rid in wanted}
    moved |= {before[rid].party for rid in changed if rid in before}
    return changed | {rid for rid, (party, *_) in wanted.items() if party in moved}


def _said(link: Link | None) -> tuple[str, str, str] | None:
    return (link.party, link.reason, link.confidence) if link else None


def _automatic(tx: Tx, rids: Collection[int]) -> Iterator[Link]:
    for some in chunks(rids):
        query = sa.select(links).where(
            links.c.rid.in_(some), links.c.until.is_(None), links.c.actor == MATCHING
        )
        yield from (Link(*row) for row in tx.execute(query))


def _named(groups: Sequence[Group], before: Mapping[int, Link]) -> list[str]:
    """The party of each group: the one that most of its records stand in, or a new one."""
    claims = Counter(
        (before[member.rid].party, at)
        for at, group in enumerate(groups)
        for member in group.members
        if member.rid in before
    )
    named: dict[int, str] = {}
    for (party, at), _ in sorted(claims.items(), key=lambda claim: (-claim[1], claim[0])):
        if at not in named and party not in named.values():
            named[at] = party
    return [named.get(at) or str(uuid_utils.uuid7()) for at in range(len(groups))]


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
    found = {}
    for some in chunks(rids):
        rows = tx.execute(
            sa.select(links.c.rid, links.c.party)
            .join(parties, parties.c.party == links.c.party)
            .where(
                links.c.rid.in_(some),
                parties.c.person_or_company == kind.value,
                _standing(at),
            )
        )
        found.update({row.rid: row.party for row in rows})
    return found


def siblings(tx: Tx, rids: Collection[int]) -> dict[int, list[Ref]]:
    """Those of the records that stand in a party with others, with these, in a fixed order."""
    mine, others = links.alias(), links.alias()
    found: dict[int, list[Ref]] = {}
    for some in chunks(rids):
        rows = tx.execute(
            sa.select(mine.c.rid, mirror.c.system, mirror.c.kind, mirror.c.id)
            .join(others, others.c.party == mine.c.party)
            .join(mirror, mirror.c.rid == others.c.rid)
            .where(
                mine.c.rid.in_(some),
                mine.c.until.is_(None),
                others.c.until.is_(None),
                others.c.rid != mine.c.rid,
                mirror.c.deleted_at.is_(None),
            )
            .order_by(mine.c.rid, others.c.rid)
        )
        for row in rows:
            found.setdefault(row.rid, []).append(Ref(row.system, Kind(row.kind), row.id))
    return found


def there_are(tx: Tx) -> bool:
    """Whether any record stands in a party now."""
    some = sa.select(links.c.link).where(links.c.until.is_(None)).limit(1)
    return tx.execute(some).first() is not None


def together_with(tx: Tx, rids: Collection[int]) -> set[int]:
    """All that stand in a party with one of these records, themselves included."""
    found: set[int] = set()
    for some in chunks(rids):
        mine = sa.select(links.c.party).where(links.c.rid.in_(some), links.c.until.is_(None))
        query = sa.select(links.c.rid).where(links.c.party.in_(mine), links.c.until.is_(None))
        found.update(tx.execute(query).scalars())
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
