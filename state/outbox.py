"""Writes that have been decided and are not yet confirmed.

queued -> sent (noted before the request leaves) -> gone from here, into the history or back to
being decided. A row that is still `sent` when its process is dead is settled by what the next
pull shows, never by guessing. So is one that is `claimed`: the system says that it is done, and it
was not to be seen there.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

import sqlalchemy as sa

from rules.changes import Change
from rules.records import Kind, Ref
from state.proposals import changes_of
from state.store import Store, Tx, bulk
from state.tables import mirror, outbox


@dataclass(frozen=True, slots=True)
class Waiting:
    """One write. `undoes` is the number of the history row that it takes back."""

    oid: int
    rid: int
    ref: Ref
    run: int
    pid: int | None
    undoes: int | None
    stream: str
    place: int | None
    base_version: str
    expected_version: str | None
    changes: tuple[Change, ...]
    state: str


_INSERT: Final = sa.insert(outbox).values(
    {
        name: sa.bindparam(f"b_{name}")
        for name in (
            "rid",
            "run",
            "pid",
            "undoes",
            "system",
            "stream",
            "place",
            "base_version",
            "expected_version",
            "changes",
            "state",
        )
    }
)


def queue(tx: Tx, rows: Sequence[tuple[Any, ...]]) -> None:
    """(rid, run, pid, undoes, system, stream, place, base, expected, changes, "queued") of each."""
    bulk(tx, _INSERT, rows)


def open_writes(tx: Tx, system: str, stream: str, run: int, now: datetime) -> int:
    """Note that the run's queued writes are about to leave; gives how many."""
    done = tx.execute(
        sa.update(outbox)
        .where(
            outbox.c.system == system,
            outbox.c.stream == stream,
            outbox.c.run == run,
            outbox.c.state == "queued",
        )
        .values(state="sent", opened_at=now)
    )
    return int(done.rowcount)


def sent(store: Store, system: str, stream: str, page: int = 2000) -> Iterator[Waiting]:
    """The writes under way, in the order of place; short read transactions, one a page."""
    after = (-1, 0)
    while True:
        place = sa.func.coalesce(outbox.c.place, 0)
        with store.reading() as tx:
            rows = tx.execute(
                _with_ref()
                .where(
                    outbox.c.system == system,
                    outbox.c.stream == stream,
                    outbox.c.state == "sent",
                    sa.tuple_(place, outbox.c.oid) > sa.tuple_(*after),
                )
                .order_by(place, outbox.c.oid)
                .limit(page)
            ).all()
        yield from (_waiting(row) for row in rows)
        if len(rows) < page:
            return
        after = (rows[-1].place or 0, rows[-1].oid)


def _with_ref() -> sa.Select[Any]:
    return sa.select(outbox, mirror.c.kind, mirror.c.id).join(mirror, mirror.c.rid == outbox.c.rid)


def by_ref(tx: Tx, system: str, stream: str, ids: Sequence[str]) -> dict[str, Waiting]:
    """The writes under way, by the id of their record."""
    found = tx.execute(
        _with_ref().where(
            outbox.c.system == system,
            outbox.c.stream == stream,
            outbox.c.state == "sent",
            mirror.c.system == system,
            mirror.c.id.in_(ids),
        )
    )
    return {row.id: _waiting(row) for row in found}


def lost(tx: Tx, system: str, stream: str, limit: int) -> list[Waiting]:
    """Writes that left and of which nobody knows what became of them, oldest first."""
    found = tx.execute(
        _with_ref()
        .where(
            outbox.c.system == system,
            outbox.c.stream == stream,
            outbox.c.state.in_(("sent", "claimed")),
        )
        .order_by(outbox.c.oid)
        .limit(limit)
    )
    return [_waiting(row) for row in found]


def _waiting(row: Any) -> Waiting:
    return Waiting(
        row.oid,
        row.rid,
        Ref(row.system, Kind(row.kind), row.id),
        row.run,
        row.pid,
        row.undoes,
        row.stream,
        row.place,
        row.base_version,
        row.expected_version,
        changes_of(row.changes),
        row.state,
    )


_CLAIM: Final = (
    sa.update(outbox)
    .where(outbox.c.oid == sa.bindparam("b_oid"))
    .values(state=sa.bindparam("b_state"))
)


def claim(tx: Tx, oids: Sequence[int]) -> None:
    """The system says that these are done."""
    bulk(tx, _CLAIM, [("claimed", o) for o in oids])


def drop(tx: Tx, oids: Sequence[int]) -> None:
    """Settled: out of the outbox."""
    bulk(tx, sa.delete(outbox).where(outbox.c.oid == sa.bindparam("b_oid")), [(o,) for o in oids])


def drop_of(tx: Tx, rids: Sequence[int], run: int) -> None:
    """What this run has sent to these records is settled."""
    gone = sa.delete(outbox).where(
        outbox.c.rid == sa.bindparam("b_rid"), outbox.c.run == sa.bindparam("b_run")
    )
    bulk(tx, gone, [(rid, run) for rid in rids])


def drop_queued(tx: Tx, system: str, stream: str) -> int:
    """What was queued by a run that died before it sent it; it still stands as a proposal."""
    done = tx.execute(
        sa.delete(outbox).where(
            outbox.c.system == system, outbox.c.stream == stream, outbox.c.state == "queued"
        )
    )
    return int(done.rowcount)


def count(tx: Tx, system: str) -> int:
    """Writes of the system that are not settled."""
    return int(
        tx.execute(
            sa.select(sa.func.count()).select_from(outbox).where(outbox.c.system == system)
        ).scalar_one()
    )
