"""What people did, in a chain of its own: lifts, corrections, approvals, acknowledgements, keys.

Append-only like the ledger, and chained in the same way. Who did it and what was said stand beside
the chain, which holds a salted commitment to them only: erasure empties them and the chain still
verifies.

    chain(n) = SHA-256( chain(n-1) + form(n) )      chain(0) = SHA-256("ringren acts 1")

`form(n)` is a compact JSON list: number, act, what it is about, moment (UTC, microseconds),
commitment in hex.
"""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, NamedTuple

import orjson
import sqlalchemy as sa

from state import chain
from state.ledger_rows import chunks
from state.store import Tx
from state.tables import acts

GENESIS: Final = hashlib.sha256(b"ringren acts 1").digest()
_LOCK: Final = int("acts", 36)
_SALT_BYTES: Final = 16

ACTS_DDL: Final[dict[str, tuple[str, ...]]] = {
    "sqlite": (
        (
            "CREATE TRIGGER acts_no_delete BEFORE DELETE ON acts "
            "BEGIN SELECT RAISE(ABORT, 'acts are append-only'); END"
        ),
        (
            "CREATE TRIGGER acts_only_erase BEFORE UPDATE ON acts "
            "WHEN new.seq <> old.seq OR new.act <> old.act OR new.about <> old.about "
            "OR new.at <> old.at OR new.commitment <> old.commitment "
            "OR new.previous <> old.previous OR new.chain <> old.chain "
            "OR new.payload IS NOT NULL OR new.salt IS NOT NULL "
            "BEGIN SELECT RAISE(ABORT, 'an act can only be erased'); END"
        ),
        *(
            f"CREATE TRIGGER ledger_rehashed_no_{what.lower()} BEFORE {what} ON ledger_rehashed "
            "BEGIN SELECT RAISE(ABORT, 'the ledger is append-only'); END"
            for what in ("UPDATE", "DELETE")
        ),
    ),
    "postgresql": (
        (
            "CREATE TRIGGER acts_no_delete BEFORE DELETE OR TRUNCATE ON acts "
            "FOR EACH STATEMENT EXECUTE FUNCTION ledger_refuse()"
        ),
        (
            "CREATE TRIGGER acts_only_erase BEFORE UPDATE ON acts FOR EACH ROW "
            "WHEN (new.seq <> old.seq OR new.act <> old.act OR new.about <> old.about "
            "OR new.at <> old.at OR new.commitment <> old.commitment "
            "OR new.previous <> old.previous OR new.chain <> old.chain "
            "OR new.payload IS NOT NULL OR new.salt IS NOT NULL) EXECUTE FUNCTION ledger_refuse()"
        ),
        (
            "CREATE TRIGGER ledger_rehashed_append_only BEFORE UPDATE OR DELETE OR TRUNCATE "
            "ON ledger_rehashed FOR EACH STATEMENT EXECUTE FUNCTION ledger_refuse()"
        ),
    ),
}
"""Triggers that keep acts, and hashes made later, as they are."""


@dataclass(frozen=True, slots=True)
class Act:
    """One thing that somebody did. `by` and `details` are empty once erased."""

    seq: int
    act: str
    about: str
    at: datetime
    by: str
    login: str
    details: Mapping[str, str]


class Head(NamedTuple):
    """The newest act: its number (0 for none) and hash."""

    seq: int
    chain: bytes


def head(tx: Tx) -> Head:
    """Where the chain of acts ends now."""
    row = tx.execute(
        sa.select(acts.c.seq, acts.c.chain).order_by(acts.c.seq.desc()).limit(1)
    ).one_or_none()
    return Head(0, GENESIS) if row is None else Head(row.seq, row.chain)


def record(
    tx: Tx,
    act: str,
    about: str,
    *,
    by: str,
    login: str,
    at: datetime,
    details: Mapping[str, str] | None = None,
) -> Head:
    """Add what somebody did, in the transaction that does it.

    `act` is a word of the program (`lift.approved`), `about` an id of ours. `by` is the name that
    was given, `login` that of the operating system's user: they may differ, and both are kept.
    """
    if tx.dialect.name == "postgresql":
        tx.execute(sa.select(sa.func.pg_advisory_xact_lock(_LOCK)))
    last = head(tx)
    clear = {"by": by, "login": login, "details": dict(details or {})}
    payload = orjson.dumps(clear, option=orjson.OPT_SORT_KEYS).decode()
    salt = secrets.token_bytes(_SALT_BYTES)
    commitment = chain.commit(payload.encode(), salt)
    linked = _link(last.chain, last.seq + 1, act, about, at, commitment)
    tx.execute(
        sa.insert(acts).values(
            seq=last.seq + 1,
            act=act,
            about=about,
            at=at,
            payload=payload,
            salt=salt,
            commitment=commitment,
            previous=last.chain,
            chain=linked,
        )
    )
    return Head(last.seq + 1, linked)


def _link(
    previous: bytes, seq: int, act: str, about: str, at: datetime, commitment: bytes
) -> bytes:
    form = orjson.dumps([seq, act, about, chain.moment(at), commitment.hex()])
    return hashlib.sha256(previous + form).digest()


def about_record(rid: int) -> str:
    """How the chain names a record: by our own number, which tells nothing."""
    return f"record {rid}"


def listed(tx: Tx, abouts: Collection[str] | None = None, limit: int = 1000) -> list[Act]:
    """Acts about these ids (None: about anything), the newest `limit` of them, oldest first."""
    query = sa.select(acts).order_by(acts.c.seq.desc()).limit(limit)
    if abouts is None:
        return [read(row) for row in tx.execute(query)][::-1]
    found = [
        read(row)
        for some in chunks(abouts)
        for row in tx.execute(query.where(acts.c.about.in_(some)))
    ]
    return sorted(found, key=lambda act: act.seq)[-limit:]


def numbered(tx: Tx, seqs: Collection[int]) -> dict[int, Act]:
    """Acts by their numbers."""
    return {
        row.seq: read(row)
        for some in chunks(seqs)
        for row in tx.execute(sa.select(acts).where(acts.c.seq.in_(some)))
    }


def read(row: Any) -> Act:
    """A row of the table."""
    clear = orjson.loads(row.payload) if row.payload else {"by": "", "login": "", "details": {}}
    return Act(row.seq, row.act, row.about, row.at, **clear)


def erase(tx: Tx, abouts: Collection[str]) -> int:
    """Empty who and what of the acts about these ids; the chain stays. Gives how many."""
    done = 0
    for some in chunks(abouts):
        done += tx.execute(
            sa.update(acts)
            .where(acts.c.about.in_(some), acts.c.payload.is_not(None))
            .values(payload=None, salt=None)
        ).rowcount
    return done


def problems(tx: Tx, page: int = 2000) -> tuple[int, list[tuple[int, str]]]:
    """Follow the whole chain: how many acts there are, and (act, code) where it breaks.

    Codes as of the ledger: gap, chain, payload.
    """
    last, found = Head(0, GENESIS), []
    while rows := tx.execute(
        sa.select(acts).where(acts.c.seq > last.seq).order_by(acts.c.seq).limit(page)
    ).all():
        for row in rows:
            if row.seq != last.seq + 1 or row.previous != last.chain:
                found.append((row.seq, "gap"))
            linked = _link(row.previous, row.seq, row.act, row.about, row.at, row.commitment)
            if linked != row.chain:
                found.append((row.seq, "chain"))
            if not _as_committed(row):
                found.append((row.seq, "payload"))
            last = Head(row.seq, row.chain)
    return last.seq, found


def _as_committed(row: Any) -> bool:
    """Erased altogether, or as it was written."""
    if row.payload is None or row.salt is None:
        return row.payload is None and row.salt is None
    return bool(chain.commit(row.payload.encode(), row.salt) == row.commitment)
