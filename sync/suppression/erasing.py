"""Erasure that keeps the block: what is known of a person goes, the hash and the block stay.

GDPR art. 17 asks for the data to go, art. 21(3) for the objection to hold: so the entry of the
ledger keeps its keyed hashes, and everything in clear beside it is emptied. Records that still
stand in a system come back with the next reading: they are told, and have to go there first.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import sqlalchemy as sa

from rules.keys import Key, record_keys
from state import acts, ledger, lookups, match_keys, mirror, purge, requests
from state.ledger_rows import Entry, chunks
from state.store import Tx
from state.tables import mirror as mirror_table
from sync.app import App
from sync.suppression.lifts import named


@dataclass(frozen=True, slots=True)
class Erased:
    """What was emptied: entries, requests and acts. `left` are the records that are still there."""

    entries: int
    requests: int
    acts: int
    records: int
    left: tuple[str, ...]
    left_in_all: int


MOST_RECORDS: Final = 20


def erase(app: App, found: Sequence[Key], by: str) -> Erased:
    """Empty all that is known of whoever has one of these keys; what blocks them stays."""
    named(by)
    with app.store.transaction() as tx:
        entries = _of_person(tx, app, found)
        ids = [entry.event.event_id for entry in entries]
        number = ledger.erase(tx, [entry.seq for entry in entries], app.clock())
        asked = requests.erase(tx, [*ids, *requests.about_keys(tx, found)])
        digests = [hashed.digest for hashed in app.keys.all_hashed(found)]
        living, dead = match_keys.rids(tx, digests), _gone(tx, app, found)
        lookups.erase(tx, found)
        done = acts.erase(tx, [*ids, *map(acts.about_record, (*living, *dead))])
        gone = purge.erase_records(tx, dead, living, app.clock())
        refs, in_all = match_keys.carriers(tx, digests, MOST_RECORDS)
        for entry in entries:
            acts.record(tx, "erased", entry.event.event_id, by=by, login=app.actor, at=app.clock())
    return Erased(number, asked, done, gone, tuple(str(ref) for ref in refs), in_all)


def _gone(tx: Tx, app: App, found: Sequence[Key]) -> list[int]:
    """Records that were deleted outside and are kept for a while: no index knows their keys."""
    wanted, region = set(found), app.settings.region
    rids: list[int] = []
    for some in chunks(list(tx.execute(_DELETED).scalars())):
        for rid, one in mirror.held(tx, some).items():
            if wanted & {carried.key for carried in record_keys(one.record.values, region)}:
                rids.append(rid)
    return rids


_DELETED: Final = sa.select(mirror_table.c.rid).where(mirror_table.c.deleted_at.is_not(None))


def _of_person(tx: Tx, app: App, found: Sequence[Key]) -> list[Entry]:
    """The entries that name or carry one of these keys itself, and what came of the same roots.

    Not by mail domain or CVR number unless these were named: a company's block is not his data.
    """
    digests = {hashed.digest for hashed in app.keys.all_hashed(found)}
    return ledger.entries_for(tx, digests)
