"""One question after the other, at the price of a look-up: may whoever has this key be contacted?

Each question is a statement of its own outside of any transaction, so the database answers it from
all that was committed when it began, by whatever process: there is nothing kept in memory that
could be out of date. That is the proof, and it costs nothing beside the look-up itself.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Final

from rules.keys import HashedKey, Key, KeyKind, domain_key
from rules.suppression import Channel, SuppressionList
from state.direct import Direct
from state.keys import KeyRing, refuse_foreign
from state.ledger import entries_for
from state.store import Store

# One row for each entry that knows the hash: 1 where a plain block, of which nothing was said since,
# bars the channel, so that there is nothing to fold.
_ASKED: Final = (
    "SELECT e.event_type = 'block' AND k.role = 'named' AND e.channel IN (?2, 'all') AND NOT EXISTS "
    "(SELECT 1 FROM ledger a WHERE a.root = e.event_id AND a.event_type <> 'derived') "
    "FROM ledger_keys k CROSS JOIN ledger e ON e.seq = k.seq WHERE k.digest = ?1 "
    "UNION ALL SELECT 0 FROM ledger_rehashed WHERE digest = ?1"
)


class Quick:
    """Answers questions over one connection. For one thread; `close` it.

    The quick way is SQLite's; PostgreSQL answers in the usual way, right as well.
    """

    def __init__(self, store: Store, ring: KeyRing) -> None:
        self._store, self._ring = store, ring
        self._version = -1
        self._direct = Direct(store)
        self._ask, self.close = self._direct.ask, self._direct.close

    def blocked(self, key: Key, channel: Channel, at: datetime) -> bool:
        """Whether the channel is barred to whoever has the key at `at`, which is not in the past."""
        ask = self._ask
        if ask is None:
            return self._folded(self._hashes(key), channel, at)
        (version,) = ask("PRAGMA data_version").fetchone()
        if version != self._version:
            self._look_again(version)
        if key.kind is not KeyKind.EMAIL and len(self._ring.keys) == 1:
            found = ask(_ASKED, (self._ring.digest(key), channel)).fetchall()
        else:
            digests = (one.digest for one in self._hashes(key))
            found = [row for one in digests for row in ask(_ASKED, (one, channel)).fetchall()]
        if not found:
            return False
        if channel is not Channel.ALL and any(plain for (plain,) in found):
            return True
        return self._folded(self._hashes(key), channel, at)

    def _look_again(self, version: int) -> None:
        """Another process has written: the ring may be another one by now."""
        with self._store.reading() as tx:
            refuse_foreign(tx, self._ring)
        self._version = version

    def _hashes(self, key: Key) -> tuple[HashedKey, ...]:
        """The key under every live hashing key; an address is known by its domain as well."""
        hashes = self._ring.hashed(key)
        domain = domain_key(key) if key.kind is KeyKind.EMAIL else None
        return hashes + self._ring.hashed(domain) if domain else hashes

    def _folded(self, hashes: Iterable[HashedKey], channel: Channel, at: datetime) -> bool:
        keys = tuple(hashes)
        with self._store.reading() as tx:
            if self._ask is None:
                refuse_foreign(tx, self._ring)
            found = entries_for(tx, {one.digest for one in keys})
        return SuppressionList(e.event for e in found).blocked(keys, channel, at).blocked
