"""Whom a call log means by a contact's id, and by which keys the ledger may know that person."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass

import sqlalchemy as sa

from rules.fields.field import PEOPLE
from rules.keys import HashedKey, Key
from rules.records import Kind, Record
from state import mirror as mirrored
from state.keys import KeyRing
from state.screen import all_keys, hash_record
from state.store import Tx, among
from state.tables import cursors, mirror


@dataclass(frozen=True, slots=True)
class Person:
    """A contact or lead: `keys` are all of its hashes; `own` are the numbers that are the person's
    own, in clear, no main number."""

    rid: int
    keys: frozenset[HashedKey]
    own: frozenset[Key]

    @property
    def digests(self) -> frozenset[bytes]:
        """The hashes alone."""
        return frozenset(key.digest for key in self.keys)


def people(
    tx: Tx, ring: KeyRing, system: str, named: Collection[str], region: str
) -> Mapping[str, Person]:
    """Id as a log of the system has it -> the person; those that are not known are left out.

    A list whose rows have ids of their own (a file) puts its name before them.
    """
    found = rids(tx, system, PEOPLE, named)
    rows = mirrored.held(tx, list(found.values()))
    return {
        name: _person(ring, rid, rows[rid].record, rows[rid].also, region)
        for name, rid in found.items()
        if rid in rows
    }


def rids(tx: Tx, system: str, kinds: Collection[Kind], named: Collection[str]) -> dict[str, int]:
    """Id as another record of the system has it -> the number of the record that it names."""
    wanted = [kind.value for kind in kinds]
    streams = tx.execute(
        sa.select(cursors.c.stream).where(cursors.c.system == system, cursors.c.kind.in_(wanted))
    ).scalars()
    prefixes = ["", *(f"{stream}#" for stream in streams)]
    meant = {prefix + name: name for prefix in prefixes for name in named}
    query = sa.select(mirror.c.rid, mirror.c.id).where(
        mirror.c.system == system,
        mirror.c.kind.in_(wanted),
        among(tx, mirror.c.id, list(meant)),
    )
    return {meant[row.id]: row.rid for row in tx.execute(query.order_by(mirror.c.rid.desc()))}


def _person(ring: KeyRing, rid: int, record: Record, also: str | None, region: str) -> Person:
    hashed = hash_record(ring, rid, record, region, also)
    own = frozenset(carried.key for carried in hashed.carried if not carried.main)
    return Person(rid, all_keys(ring, hashed), own)
