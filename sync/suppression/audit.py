"""`sync suppression audit` and `status`: whether the list is whole, and where it stands."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa

from rules.errors import UserError
from state import acts, assurance, deliveries, ledger, requests
from state.ledger import Head
from state.store import Tx
from state.tables import ledger as entries_table
from state.tables import ledger_payload, verifications
from sync.app import App


@dataclass(frozen=True, slots=True)
class Break:
    """Where a chain breaks: in which chain, at which number, and how."""

    chain: str
    number: int
    code: str


@dataclass(frozen=True, slots=True)
class Audited:
    """What a look at both chains found. `head` is what to write down, apart from the machine."""

    entries: int
    erased: int
    head: str
    acts: int
    acts_head: str
    breaks: tuple[Break, ...]
    at: datetime

    @property
    def whole(self) -> bool:
        """Nothing was changed, taken out or cut off."""
        return not self.breaks


@dataclass(frozen=True, slots=True)
class Status:
    """The list in figures. `deliveries` by system and state, `compared` the last time by system."""

    entries: int
    by_type: Mapping[str, int]
    erased: int
    newest_at: datetime | None
    waiting: int
    keys: tuple[str, ...]
    head: str
    deliveries: Mapping[str, Mapping[str, int]]
    compared: Mapping[str, tuple[str, datetime]]


def audit(app: App, noted: str | None = None) -> Audited:
    """Follow both chains from their beginnings; `noted` is a head that was written down before."""
    before = read_head(noted) if noted else None
    with app.store.reading() as tx:
        found = ledger.verify(tx, before)
        number, problems = acts.problems(tx)
        last = acts.head(tx)
    if not found.problems:
        with app.store.transaction() as tx:
            assurance.audited(tx, found.head)
    breaks = [Break("ledger", seq, code) for seq, code in found.problems]
    breaks += [Break("acts", seq, code) for seq, code in problems]
    return Audited(
        entries=found.entries,
        erased=found.erased,
        head=written_head(found.head),
        acts=number,
        acts_head=f"{last.seq}:{last.chain.hex()}",
        breaks=tuple(breaks),
        at=app.clock(),
    )


def written_head(head: Head) -> str:
    """A head as people write it down: number and hash."""
    return f"{head.seq}:{head.chain.hex()}"


def read_head(text: str) -> Head:
    """The head that somebody wrote down; UserError when it is none."""
    number, _, digest = text.strip().partition(":")
    try:
        return Head(int(number), bytes.fromhex(digest))
    except ValueError:
        raise UserError("audit.no_head", text=text) from None


def status(app: App) -> Status:
    """Where the list stands now; a question of milliseconds, however long it is."""
    with app.store.reading() as tx:
        last = ledger.head(tx)
        return Status(
            entries=last.seq,
            by_type=_by_type(tx),
            erased=_erased(tx),
            newest_at=_newest_at(tx, last),
            waiting=len(requests.open_ones(tx)),
            keys=tuple(key.id for key in app.keys.keys),
            head=written_head(last),
            deliveries={
                system: {state.value: number for state, number in states.items()}
                for system, states in sorted(deliveries.counts(tx).items())
            },
            compared=_compared(tx),
        )


def _by_type(tx: Tx) -> dict[str, int]:
    query = sa.select(entries_table.c.event_type, sa.func.count()).group_by(
        entries_table.c.event_type
    )
    return {row[0]: row[1] for row in tx.execute(query)}


def _erased(tx: Tx) -> int:
    query = sa.select(sa.func.count()).where(ledger_payload.c.erased_at.is_not(None))
    return int(tx.execute(query).scalar_one())


def _newest_at(tx: Tx, last: Head) -> datetime | None:
    query = sa.select(entries_table.c.heard_at).where(entries_table.c.seq == last.seq)
    return tx.execute(query).scalar_one_or_none()


def _compared(tx: Tx) -> dict[str, tuple[str, datetime]]:
    newest = (
        sa.select(verifications.c.system, sa.func.max(verifications.c.vid).label("vid"))
        .group_by(verifications.c.system)
        .subquery()
    )
    rows = tx.execute(
        sa.select(verifications.c.system, verifications.c.verdict, verifications.c.at).join(
            newest, newest.c.vid == verifications.c.vid
        )
    )
    return {row.system: (row.verdict, row.at) for row in rows}
