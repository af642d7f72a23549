"""What a person should know, with an identity: first seen, last seen, gone, came back."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

import orjson
import sqlalchemy as sa

from rules.changes import Finding, Severity
from state import acts
from state.ledger_rows import chunks
from state.store import Tx, among, bulk
from state.tables import findings, mirror


@dataclass(frozen=True, slots=True)
class Noted:
    """A finding as stored, with where it stands."""

    fid: int
    system: str
    stream: str
    rid: int | None
    ref_id: str | None
    kind: str | None
    place: int | None
    finding: Finding
    first_seen_at: datetime
    last_seen_at: datetime
    gone_at: datetime | None
    came_back: int
    decision: int | None
    """The act by which a person decided that it waits for nobody (`state.decisions`)."""
    opens_at: datetime | None


_INSERT: Final = sa.insert(findings).values(
    {
        name: sa.bindparam(f"b_{name}", type_=findings.c[name].type)
        for name in (
            "origin",
            "code",
            "severity",
            "system",
            "stream",
            "rid",
            "place",
            "field",
            "details",
            "first_seen_at",
            "last_seen_at",
            "came_back",
        )
    }
)
_SEEN: Final = (
    sa.update(findings)
    .where(findings.c.fid == sa.bindparam("b_fid"))
    .values(
        severity=sa.bindparam("b_severity"),
        place=sa.bindparam("b_place"),
        details=sa.bindparam("b_details"),
        last_seen_at=sa.bindparam("b_seen", type_=findings.c.last_seen_at.type),
        gone_at=sa.null(),
        came_back=findings.c.came_back + sa.bindparam("b_back"),
        # What was decided was said of what it said then.
        decision=sa.case((sa.bindparam("b_same", type_=sa.Boolean), findings.c.decision)),
    )
)
_GONE: Final = (
    sa.update(findings)
    .where(findings.c.fid == sa.bindparam("b_fid"))
    .values(gone_at=sa.bindparam("b_gone", type_=findings.c.gone_at.type))
)


Stored = tuple[str, str, str | None, str]
"""(code, severity, field, details) of a finding as the table has them."""


def stored(finding: Finding) -> Stored:
    """A finding in the form in which it is written."""
    details = orjson.dumps(finding.details, default=dict).decode()
    return finding.code, finding.severity.value, finding.field, details


@dataclass(slots=True)
class Judged:
    """The findings of one record; of one place in a stream when `rid` is None, or of the stream
    as such when `place` is None, too."""

    rid: int | None
    place: int | None
    found: Sequence[Finding | Stored] = field(default_factory=tuple)


def replace(
    tx: Tx,
    system: str,
    stream: str,
    origin: str,
    judged: Sequence[Judged],
    now: datetime,
    *,
    fresh: bool,
) -> None:
    """Hold what a stage found now against what it had found in these records before.

    `fresh`: none of them was ever judged before, so nothing needs to be looked up.
    """
    if not judged:
        return
    known = {} if fresh else _known(tx, system, stream, origin, judged)
    new, seen, gone = [], [], []
    for one in judged:
        before = known.pop((one.rid, one.place if one.rid is None else None), {})
        for finding in one.found:
            told = stored(finding) if isinstance(finding, Finding) else finding
            code, severity, name, details = told
            row = before.pop((code, name), None)
            if row is None:
                place = (system, stream, one.rid, one.place, name)
                new.append((origin, code, severity, *place, details, now, now, 0))
            else:
                back = 0 if row.gone_at is None else 1
                same = not back and row.details == details
                seen.append((severity, one.place, details, now, back, same, row.fid))
        gone += [(now, row.fid) for row in before.values() if row.gone_at is None]
    bulk(tx, _INSERT, new)
    bulk(tx, _SEEN, seen)
    bulk(tx, _GONE, gone)


def _known(
    tx: Tx, system: str, stream: str, origin: str, judged: Sequence[Judged]
) -> dict[tuple[int | None, int | None], dict[tuple[str, str | None], Any]]:
    query = sa.select(findings).where(
        findings.c.system == system, findings.c.stream == stream, findings.c.origin == origin
    )
    rids = [one.rid for one in judged if one.rid is not None]
    places = [one.place for one in judged if one.rid is None and one.place is not None]
    rows: list[Any] = []
    if rids:
        rows += tx.execute(query.where(among(tx, findings.c.rid, rids)))
    if places:
        rows += tx.execute(
            query.where(findings.c.rid.is_(None), among(tx, findings.c.place, places))
        )
    if any(one.rid is None and one.place is None for one in judged):
        rows += tx.execute(query.where(findings.c.rid.is_(None), findings.c.place.is_(None)))
    known: dict[tuple[int | None, int | None], dict[tuple[str, str | None], Any]] = {}
    for row in rows:
        key = (row.rid, row.place if row.rid is None else None)
        known.setdefault(key, {})[row.code, row.field] = row
    return known


def close_records(tx: Tx, rids: Sequence[int], now: datetime) -> None:
    """These records are gone, and with them whatever was found in them."""
    if rids:
        tx.execute(
            sa.update(findings)
            .where(findings.c.rid.in_(rids), findings.c.gone_at.is_(None))
            .values(gone_at=now)
        )


def close_stream(tx: Tx, system: str, stream: str, now: datetime) -> None:
    """The stream is gone, and with it whatever was found in it as such."""
    tx.execute(
        sa.update(findings)
        .where(
            findings.c.system == system,
            findings.c.stream == stream,
            findings.c.rid.is_(None),
            findings.c.gone_at.is_(None),
        )
        .values(gone_at=now)
    )


def close_places(tx: Tx, system: str, stream: str, now: datetime, since: datetime) -> None:
    """A reading that began at `since` has ended: broken rows that it did not meet are gone."""
    tx.execute(
        sa.update(findings)
        .where(
            findings.c.system == system,
            findings.c.stream == stream,
            findings.c.rid.is_(None),
            findings.c.origin == "pull",
            findings.c.gone_at.is_(None),
            findings.c.last_seen_at < since,
        )
        .values(gone_at=now)
    )


OPEN: Final = sa.and_(findings.c.gone_at.is_(None), findings.c.decision.is_(None))
"""Those that somebody should look at."""


def mark(tx: Tx) -> tuple[int, datetime | None, int]:
    """Another one once findings came, went or were decided; costs nothing, however many there are."""
    newest = tx.execute(sa.select(sa.func.max(findings.c.fid))).scalar_one()
    gone = sa.select(sa.func.max(findings.c.gone_at)).where(findings.c.gone_at.is_not(None))
    return int(newest or 0), tx.execute(gone).scalar_one(), acts.head(tx).seq


def counts(tx: Tx, systems: Sequence[str]) -> list[tuple[str, str, str, str, str | None, int]]:
    """(system, stream, code, severity, field, how many), open ones only."""
    found = tx.execute(
        sa.select(
            findings.c.system,
            findings.c.stream,
            findings.c.code,
            findings.c.severity,
            findings.c.field,
            sa.func.count(),
        )
        .where(findings.c.system.in_(systems), OPEN)
        .group_by(
            findings.c.system,
            findings.c.stream,
            findings.c.code,
            findings.c.severity,
            findings.c.field,
        )
    )
    return [tuple(row) for row in found]


def by_severity(tx: Tx) -> dict[str, int]:
    """How many are open, of all systems."""
    query = sa.select(findings.c.severity, sa.func.count()).where(OPEN)
    return {row[0]: int(row[1]) for row in tx.execute(query.group_by(findings.c.severity))}


def listed(
    tx: Tx,
    systems: Sequence[str] | None = None,
    *,
    code: str | None = None,
    rid: int | None = None,
    after: int = 0,
    limit: int = 1000,
    with_gone: bool = False,
    decided: bool = False,
) -> list[Noted]:
    """A page of findings by number: open ones; those that were `decided`; or all there ever were."""
    query = (
        sa.select(findings, mirror.c.id.label("ref_id"), mirror.c.kind.label("ref_kind"))
        .outerjoin(mirror, mirror.c.rid == findings.c.rid)
        .where(findings.c.fid > after)
        .order_by(findings.c.fid)
        .limit(limit)
    )
    for column, value in ((findings.c.code, code), (findings.c.rid, rid)):
        if value is not None:
            query = query.where(column == value)
    if systems is not None:
        query = query.where(findings.c.system.in_(systems))
    if decided:
        query = query.where(findings.c.gone_at.is_(None), findings.c.decision.is_not(None))
    elif not with_gone:
        query = query.where(OPEN)
    return list(_noted(tx.execute(query)))


def _noted(rows: Iterable[Any]) -> Iterable[Noted]:
    for row in rows:
        yield Noted(
            row.fid,
            row.system,
            row.stream,
            row.rid,
            row.ref_id,
            row.ref_kind,
            row.place,
            Finding(row.code, Severity(row.severity), row.field, orjson.loads(row.details)),
            row.first_seen_at,
            row.last_seen_at,
            row.gone_at,
            row.came_back,
            row.decision,
            row.opens_at if row.decision else None,
        )


def close_code(tx: Tx, rids: Collection[int], code: str, now: datetime) -> None:
    """What was said of these records by this code is over."""
    for some in chunks(rids):
        tx.execute(
            sa.update(findings)
            .where(findings.c.rid.in_(some), findings.c.code == code, findings.c.gone_at.is_(None))
            .values(gone_at=now)
        )
