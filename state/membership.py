"""Parties as people see them: who stands in which, in which lists, and for what reason."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple

import sqlalchemy as sa

from rules.keys import name_of
from rules.records import Kind, Ref
from state.ledger_rows import chunks
from state.mirror import values_of
from state.parties import MATCHING, PartyKind
from state.store import Tx
from state.tables import links, mirror, parties


@dataclass(frozen=True, slots=True)
class Member:
    """A record of a party. `reasons` name what it has in common with others there."""

    ref: Ref
    stream: str
    name: str
    reasons: tuple[str, ...]
    confidence: str
    since: datetime


@dataclass(frozen=True, slots=True)
class Party:
    """A person or company that stands in several lists."""

    party: str
    kind: PartyKind
    members: tuple[Member, ...]


class Counted(NamedTuple):
    """How many parties of a kind there are, how many of them in several systems, and records in
    them all."""

    kind: PartyKind
    parties: int
    in_systems: int
    records: int


_OPEN = links.c.until.is_(None)


def count(tx: Tx) -> list[Counted]:
    """People, then companies, that stand in several lists."""
    each = (
        sa.select(
            links.c.party,
            sa.func.count().label("records"),
            (sa.func.min(mirror.c.system) != sa.func.max(mirror.c.system)).label("apart"),
        )
        .join(mirror, mirror.c.rid == links.c.rid)
        .where(_OPEN)
        .group_by(links.c.party)
        # Whom a person set apart stands in a party alone.
        .having(sa.func.count() > 1)
        .subquery()
    )
    found = tx.execute(
        sa.select(
            parties.c.person_or_company,
            sa.func.count(),
            sa.func.sum(sa.case((each.c.apart, 1), else_=0)),
            sa.func.sum(each.c.records),
        )
        .join(parties, parties.c.party == each.c.party)
        .group_by(parties.c.person_or_company)
    )
    by_kind = {row[0]: Counted(PartyKind(row[0]), *map(int, row[1:])) for row in found}
    return [by_kind.get(kind.value, Counted(kind, 0, 0, 0)) for kind in PartyKind]


def listed(tx: Tx, limit: int, *, unsure: bool = False) -> list[Party]:
    """The newest parties first; or those that are least sure, and that no person has confirmed."""
    ids = sa.select(links.c.party).where(_OPEN).group_by(links.c.party)
    ids = ids.having(sa.func.count() > 1)
    if unsure:
        said = sa.func.sum(sa.case((links.c.actor == MATCHING, 0), else_=1))
        least = sa.func.min(sa.cast(links.c.confidence, sa.Float))
        ids = ids.having(said == 0, least < 1).order_by(least)
    ids = ids.order_by(links.c.party.desc())
    return _parties(tx, list(tx.execute(ids.limit(limit)).scalars()))


def of_record(tx: Tx, rid: int) -> list[Party]:
    """The person and the company that a record stands for, as far as it does in several lists."""
    ids = sa.select(links.c.party).where(links.c.rid == rid, _OPEN).order_by(links.c.party)
    return _parties(tx, list(tx.execute(ids).scalars()))


def _parties(tx: Tx, ids: Collection[str]) -> list[Party]:
    kinds: dict[str, PartyKind] = {}
    members: dict[str, list[Member]] = {}
    for some in chunks(ids):
        for row in tx.execute(_members(some)):
            kinds[row.party] = PartyKind(row.person_or_company)
            members.setdefault(row.party, []).append(_member(row))
    return [Party(one, kinds[one], tuple(members[one])) for one in ids if one in kinds]


def _members(ids: Collection[str]) -> sa.Select[Any]:
    return (
        sa.select(
            links.c.party,
            parties.c.person_or_company,
            links.c.reason,
            links.c.confidence,
            links.c.since,
            mirror.c.system,
            mirror.c.kind,
            mirror.c.id,
            mirror.c.stream,
            mirror.c.cells,
        )
        .join(parties, parties.c.party == links.c.party)
        .join(mirror, mirror.c.rid == links.c.rid)
        .where(links.c.party.in_(ids), _OPEN)
        .order_by(links.c.party, links.c.rid)
    )


def _member(row: Any) -> Member:
    values = values_of(row.cells)
    ref = Ref(row.system, Kind(row.kind), row.id)
    name = _name(ref.kind, values)
    return Member(ref, row.stream, name, tuple(row.reason.split()), row.confidence, row.since)


def _name(kind: Kind, values: Mapping[str, Any]) -> str:
    company = values.get("company_name")
    named = "" if kind is Kind.COMPANY else name_of(values)
    return named or (company if isinstance(company, str) else "")
