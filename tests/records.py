"""Records put into the mirror and decided, as a pass would do it, for tests of the ledger."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime

import sqlalchemy as sa

from rules.opt_out_fields import intake
from rules.records import Kind, Record, Ref, Value
from state import blocked, ledger, match_keys, mirror, reach
from state.keys import KeyRing
from state.screen import Screen, Standing, hash_records
from state.store import Store, Tx
from state.tables import mirror as mirror_table

SYSTEMS = ("crm", "dialer")


def person(ident: str, system: str = "crm", **values: Value) -> Record:
    """A contact; `values` beside a name made of its id."""
    named: dict[str, Value] = {"full_name": f"Person {ident}", "company_name": "Opdigtet A/S"}
    return Record(Ref(system, Kind.CONTACT, ident), "v", {**named, **values})


class Passes:
    """Pulls and decides records with the store's own functions, in the order of a pass."""

    def __init__(self, store: Store, ring: KeyRing, now: datetime) -> None:
        self.store, self.ring, self.now = store, ring, now
        self.screen = Screen(ring)
        self._held: dict[str, tuple[int, Record]] = {}

    def pull(self, *records: Record) -> None:
        """A page: mirror rows and ledger intake in one transaction."""
        with self.store.transaction() as tx:
            said = []
            for record in records:
                known = self._held.get(str(record.ref))
                old = known[1].values if known else None
                said += intake(record, old, heard_at=self.now, last_seen=self.now).statements
                self._held[str(record.ref)] = (self._upsert(tx, record, known), record)
            ledger.append(tx, self.ring, said, self.now, SYSTEMS)
        self.carry()

    def _upsert(self, tx: Tx, record: Record, known: tuple[int, Record] | None) -> int:
        cells = mirror.cells_text(record.values)
        if known:
            changed = sa.update(mirror_table).where(mirror_table.c.rid == known[0])
            tx.execute(changed.values(cells=cells, decided_with=None))
            return known[0]
        row = sa.insert(mirror_table).values(
            system=record.ref.system,
            kind=record.ref.kind.value,
            stream="list",
            id=record.ref.id,
            version=record.version,
            cells=cells,
            by_content=False,
            born_pass=1,
            first_seen_at=self.now,
            changed_at=self.now,
        )
        return int(tx.execute(row.returning(mirror_table.c.rid)).scalar_one())

    def carry(self) -> None:
        self._all(reach.carry)

    def _all(self, step: Callable[[Tx], int]) -> int:
        done = 0
        while True:
            with self.store.transaction() as tx:
                number = step(tx)
            if not number:
                return done
            done += number

    def decide(self) -> None:
        """Until nothing is left to decide, as a pass does."""
        self._decide_dirty()
        while self.follow():
            self._decide_dirty()

    def follow(self, max_people: int = 3) -> int:
        self._all(lambda tx: reach.settle(tx, self.ring, self.now, max_people))
        self._all(
            lambda tx: reach.spread(tx, self.ring, self.now, systems=SYSTEMS, max_people=max_people)
        )
        return self._all(reach.carry)

    def dirty(self) -> list[str]:
        with self.store.reading() as tx:
            query = sa.select(mirror_table.c.rid).where(mirror_table.c.decided_with.is_(None))
            rids = set(tx.execute(query).scalars())
        return sorted(ref for ref, (rid, _) in self._held.items() if rid in rids)

    def _decide_dirty(self) -> None:
        wanted = set(self.dirty())
        rows = [held for ref, held in self._held.items() if ref in wanted]
        hashed = hash_records(self.ring, rows, "DK")
        rids = [rid for rid, _ in rows]
        with self.store.transaction() as tx:
            reach.deciding(tx)
            found = self.screen.blocked(tx, hashed, self.now)
            keys = [key for one in hashed for key in one.match_keys()]
            match_keys.replace(tx, rids, keys, fresh=False)
            blocked.replace(tx, rids, _block_rows(found), fresh=False)
            mirror.set_decided(tx, [("mark", 0, 0, 0, None, rid) for rid in rids])

    def blocked(self) -> dict[str, tuple[str, ...]]:
        """Channels of each blocked record, by ref."""
        refs = {rid: ref for ref, (rid, _) in self._held.items()}
        with self.store.reading() as tx:
            rows = tx.execute(sa.select(blocked.blocked.c.rid, blocked.blocked.c.channels)).all()
        return {refs[row.rid]: tuple(row.channels.split(",")) for row in rows}


def _block_rows(
    found: dict[int, Standing],
) -> Sequence[tuple[int, str, Sequence[str], datetime | None]]:
    return [(rid, ",".join(s.channels), list(s.events), s.since) for rid, s in found.items()]
