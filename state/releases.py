"""Lists that were let go: who stood on them, until when they may be called, and how the list stood.

Of each number and address eight bytes of its hash are kept, in heaps by the first of them, so that
a million rows are a few megabytes, and a call can be held against them later.
"""

from __future__ import annotations

import secrets
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

import sqlalchemy as sa

from state.ledger import Head
from state.ledger_rows import HASHES
from state.store import Tx
from state.tables import release_keys, releases

HEAD_BYTES: Final = 8
PAGE_BYTES: Final = 1 << 16
_HEAPS: Final = 256


@dataclass(frozen=True, slots=True)
class Release:
    """One list that was let go. `reasons` count the rows that were not, by code."""

    release: str
    channel: str
    source: str
    written: str | None
    actor: str
    made_at: datetime
    expires_at: datetime
    rows: int
    released: int
    reasons: Mapping[str, int]


class Heaps:
    """The hashes of who is let go, as they come; full pages are handed on to be written."""

    def __init__(self) -> None:
        self._heaps = [bytearray() for _ in range(_HEAPS)]
        self._pages = [0] * _HEAPS

    def add(self, digests: Iterable[bytes]) -> None:
        """These are on the list."""
        heaps = self._heaps
        for digest in digests:
            heaps[digest[0]] += digest[:HEAD_BYTES]

    def full(self, *, all_of_them: bool = False) -> list[tuple[int, int, bytes]]:
        """(heap, page, heads) of pages that are full, or of everything that is left."""
        found = []
        for number, heap in enumerate(self._heaps):
            if heap and (all_of_them or len(heap) >= PAGE_BYTES):
                found.append((number, self._pages[number], bytes(heap)))
                self._pages[number] += 1
                heap.clear()
        return found


def new_id(now: datetime) -> str:
    """A name that people can say on the phone: L-261126-7f3a9c."""
    return f"L-{now:%y%m%d}-{secrets.token_hex(3)}"


def begin(tx: Tx, name: str, channel: str, source: str, actor: str, now: datetime) -> None:
    """Enter a release that is not good yet: it expires as it begins."""
    tx.execute(
        sa.insert(releases).values(
            release=name,
            channel=channel,
            source=source,
            actor=actor,
            made_at=now,
            expires_at=now,
            rows=0,
            released=0,
            reasons={},
            ledger_seq=0,
            ledger_chain=b"",
        )
    )


def put(tx: Tx, name: str, pages: Collection[tuple[int, int, bytes]]) -> None:
    """Write pages of heads."""
    if pages:
        rows = [{"release": name, "heap": h, "page": p, "heads": heads} for h, p, heads in pages]
        tx.execute(sa.insert(release_keys), rows)


def finish(
    tx: Tx,
    name: str,
    last: Head,
    *,
    written: str,
    made_at: datetime,
    expires_at: datetime,
    rows: int,
    released: int,
    reasons: Mapping[str, int],
) -> None:
    """From now on the list may be called, until it expires."""
    tx.execute(
        sa.update(releases)
        .where(releases.c.release == name)
        .values(
            written=written,
            made_at=made_at,
            expires_at=expires_at,
            rows=rows,
            released=released,
            reasons=dict(reasons),
            ledger_seq=last.seq,
            ledger_chain=last.chain,
        )
    )


def drop(tx: Tx, name: str) -> None:
    """A release that never became good."""
    tx.execute(sa.delete(release_keys).where(release_keys.c.release == name))
    tx.execute(sa.delete(releases).where(releases.c.release == name))


def came_since(tx: Tx, name: str, before: Head) -> bool:
    """Whether an entry that is newer than `before` speaks of somebody on the list."""
    new = {
        bytes(digest)
        for table in HASHES
        for digest in tx.execute(
            sa.select(table.c.digest).where(table.c.seq > before.seq)
        ).scalars()
    }
    return any(holds(tx, name, digest) for digest in new)


def holds(tx: Tx, name: str, digest: bytes) -> bool:
    """Whether somebody with this hash is on the list."""
    heads = sa.select(release_keys.c.heads).where(
        release_keys.c.release == name, release_keys.c.heap == digest[0]
    )
    return any(_in(digest[:HEAD_BYTES], bytes(page)) for page in tx.execute(heads).scalars())


def _in(head: bytes, page: bytes) -> bool:
    at = page.find(head)
    while at >= 0 and at % HEAD_BYTES:
        at = page.find(head, at + 1)
    return at >= 0


def newest_with(tx: Tx, digests: Collection[bytes], before: datetime) -> Release | None:
    """The last release that was good before that moment, and that one of these stands on."""
    query = (
        sa.select(releases)
        .where(releases.c.made_at <= before, releases.c.expires_at > releases.c.made_at)
        .order_by(releases.c.made_at.desc())
    )
    for row in tx.execute(query):
        if any(holds(tx, row.release, digest) for digest in digests):
            return _release(row)
    return None


def listed(tx: Tx, limit: int) -> list[Release]:
    """The newest releases first."""
    query = (
        sa.select(releases)
        .where(releases.c.expires_at > releases.c.made_at)
        .order_by(releases.c.made_at.desc())
        .limit(limit)
    )
    return [_release(row) for row in tx.execute(query)]


def _release(row: Any) -> Release:
    return Release(
        release=row.release,
        channel=row.channel,
        source=row.source,
        written=row.written,
        actor=row.actor,
        made_at=row.made_at,
        expires_at=row.expires_at,
        rows=row.rows,
        released=row.released,
        reasons=row.reasons,
    )
