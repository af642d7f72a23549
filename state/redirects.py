"""Where a record went that was merged into another, converted, or made anew under another id.

Chains end: recording that an id lives on elsewhere forgets that the other one was said to have
gone the opposite way. A redirect may lead to another kind (a lead that became a contact), never to
another system.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Final

import sqlalchemy as sa

from rules.records import Kind, Redirect, Ref
from state.store import Tx, among, bulk
from state.tables import redirects

_KINDS: Final = {kind.value: kind for kind in Kind}

_INSERT: Final = sa.insert(redirects).values(
    {
        name: sa.bindparam(f"b_{name}", type_=redirects.c[name].type)
        for name in ("system", "kind", "old_id", "new_id", "seen_at", "new_kind")
    }
)


def record(tx: Tx, ways: Iterable[Redirect], now: datetime) -> list[Redirect]:
    """Note that each `old` is now `new`; gives those that are news. What was heard last wins.

    When `new` led back to `old` (a merge was taken back and made the other way round), `new` is
    alive again, and no longer leads anywhere. A record that is said to be itself says nothing.
    """
    wanted = {way.old: way.new for way in ways if way.old != way.new}
    if not wanted:
        return []
    _lock(tx, {ref.system for ref in wanted})
    known = _next(tx, wanted)
    news = {old: new for old, new in wanted.items() if known.get(old) != new}
    if not news:
        return []
    further = _ways(tx, set(news.values()))
    if any(one in news for way in further.values() for one in way):
        for old, new in news.items():
            if old in _ways(tx, [new])[new]:
                forget(tx, [new])
            _put(tx, {old: new}, now)
    else:
        _put(tx, news, now)
    return [Redirect(old, new) for old, new in news.items()]


def forget(tx: Tx, refs: Collection[Ref]) -> int:
    """These are records of their own again; gives how many were said not to be."""
    done = 0
    for system, kind, ids in _grouped(refs):
        done += tx.execute(
            sa.delete(redirects).where(_of(system, kind), among(tx, redirects.c.old_id, ids))
        ).rowcount
    return done


def any_of(tx: Tx, system: str) -> bool:
    """Whether anything of the system was ever said to have gone elsewhere."""
    some = sa.select(redirects.c.old_id).where(redirects.c.system == system).limit(1)
    return tx.execute(some).first() is not None


def resolve(tx: Tx, refs: Collection[Ref]) -> dict[Ref, Ref]:
    """Each ref with the one that its record has now: itself, or the end of its chain.

    One query for each link of the longest chain. A circle, which `record` never makes, is left
    at the ref where it was entered.
    """
    return {ref: way[-1] for ref, way in _ways(tx, refs).items()}


def leading_to(tx: Tx, refs: Collection[Ref]) -> dict[Ref, list[Ref]]:
    """Those refs that others lead to, with all of these, those at the end of a chain included."""
    found: dict[Ref, list[Ref]] = {}
    edge = {ref: {ref} for ref in refs}
    while edge:
        beyond: dict[Ref, set[Ref]] = {}
        for old, new in _before(tx, edge):
            for end in edge[new]:
                if old != end and old not in found.setdefault(end, []):
                    found[end].append(old)
                    beyond.setdefault(old, set()).add(end)
        edge = beyond
    return found


def _ways(tx: Tx, refs: Collection[Ref]) -> dict[Ref, list[Ref]]:
    """Each ref with all that its chain passes, itself first."""
    ways = {ref: [ref] for ref in refs}
    going = set(ways)
    while going:
        steps = _next(tx, {ways[ref][-1] for ref in going})
        for ref in tuple(going):
            way = ways[ref]
            step = steps.get(way[-1])
            if step is None:
                going.discard(ref)
            elif step in way:
                ways[ref] = [ref]
                going.discard(ref)
            else:
                way.append(step)
    return ways


def _next(tx: Tx, refs: Collection[Ref]) -> dict[Ref, Ref]:
    """One step on from each that leads anywhere."""
    steps: dict[Ref, Ref] = {}
    for system, kind, ids in _grouped(refs):
        rows = tx.execute(
            sa.select(redirects.c.old_id, redirects.c.new_kind, redirects.c.new_id).where(
                _of(system, kind), among(tx, redirects.c.old_id, ids)
            )
        )
        for row in rows:
            new = Ref(system, _KINDS[row.new_kind], row.new_id)
            steps[Ref(system, kind, row.old_id)] = new
    return steps


def _before(tx: Tx, refs: Collection[Ref]) -> list[tuple[Ref, Ref]]:
    """One step back: (old, new) of all that lead straight to one of these."""
    steps = []
    for system, kind, ids in _grouped(refs):
        rows = tx.execute(
            sa.select(redirects.c.kind, redirects.c.old_id, redirects.c.new_id)
            .where(
                redirects.c.system == system,
                redirects.c.new_kind == kind.value,
                among(tx, redirects.c.new_id, ids),
            )
            .order_by(redirects.c.kind, redirects.c.old_id)
        )
        steps += [
            (Ref(system, _KINDS[row.kind], row.old_id), Ref(system, kind, row.new_id))
            for row in rows
        ]
    return steps


def _put(tx: Tx, news: Mapping[Ref, Ref], now: datetime) -> None:
    forget(tx, news)
    rows = [
        (old.system, old.kind.value, old.id, new.id, now, new.kind.value)
        for old, new in news.items()
    ]
    bulk(tx, _INSERT, rows)


def _grouped(refs: Collection[Ref]) -> Iterable[tuple[str, Kind, Sequence[str]]]:
    found: dict[tuple[str, Kind], list[str]] = {}
    for ref in refs:
        found.setdefault((ref.system, ref.kind), []).append(ref.id)
    return [(system, kind, ids) for (system, kind), ids in found.items()]


def _of(system: str, kind: Kind) -> sa.ColumnElement[bool]:
    return sa.and_(redirects.c.system == system, redirects.c.kind == kind.value)


def _lock(tx: Tx, systems: Collection[str]) -> None:
    """Two that record at once could close a circle; SQLite has one writer anyway."""
    if tx.dialect.name == "postgresql":
        for system in sorted(systems):
            name = sa.func.hashtext(f"redirects {system}")
            tx.execute(sa.select(sa.func.pg_advisory_xact_lock(name)))


def taken_in(tx: Tx, refs: Collection[Ref]) -> dict[Ref, str]:
    """Those of the refs that another record lives on in: by "merge", or by "conversion" of its kind."""
    wanted = {(ref.system, ref.kind.value, ref.id): ref for ref in refs}
    found: dict[Ref, str] = {}
    ids = [ref.id for ref in refs]
    for at in range(0, len(ids), 500):
        rows = tx.execute(
            sa.select(
                redirects.c.system, redirects.c.kind, redirects.c.new_kind, redirects.c.new_id
            ).where(redirects.c.new_id.in_(ids[at : at + 500]))
        )
        for row in rows:
            ref = wanted.get((row.system, row.new_kind, row.new_id))
            if ref is not None:
                found[ref] = "merge" if row.kind == row.new_kind else "conversion"
    return found
