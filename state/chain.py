"""The hash chain of the ledger: each entry's hash covers the entry and the hash before it.

It covers what a verdict rests on: keyed hashes, channel, times, system, type and so on, and a
salted commitment to the payload. It covers nothing in clear, so erasing a payload leaves it whole.
The form that is hashed is fixed for ever and spelt out here; docs/suppression.md repeats it for
whoever writes a checker of his own.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Final

import orjson

from rules.keys import HashedKey
from rules.suppression import Event

LEDGER_DDL: Final[dict[str, tuple[str, ...]]] = {
    "sqlite": (
        *(
            f"CREATE TRIGGER {table}_no_{what.lower()} BEFORE {what} ON {table} "
            "BEGIN SELECT RAISE(ABORT, 'the ledger is append-only'); END"
            for table in ("ledger", "ledger_keys")
            for what in ("UPDATE", "DELETE")
        ),
        (
            "CREATE TRIGGER ledger_payload_no_delete BEFORE DELETE ON ledger_payload "
            "BEGIN SELECT RAISE(ABORT, 'the ledger is append-only'); END"
        ),
        (
            "CREATE TRIGGER ledger_payload_only_erase BEFORE UPDATE ON ledger_payload "
            "WHEN new.seq <> old.seq OR new.payload IS NOT NULL OR new.salt IS NOT NULL "
            "OR new.erased_at IS NULL "
            "BEGIN SELECT RAISE(ABORT, 'a payload of the ledger can only be erased'); END"
        ),
    ),
    "postgresql": (
        (
            "CREATE FUNCTION ledger_refuse() RETURNS trigger LANGUAGE plpgsql AS "
            "$$ BEGIN RAISE EXCEPTION 'the ledger is append-only'; END $$"
        ),
        *(
            f"CREATE TRIGGER {table}_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON {table} "
            "FOR EACH STATEMENT EXECUTE FUNCTION ledger_refuse()"
            for table in ("ledger", "ledger_keys")
        ),
        (
            "CREATE TRIGGER ledger_payload_no_delete BEFORE DELETE OR TRUNCATE ON ledger_payload "
            "FOR EACH STATEMENT EXECUTE FUNCTION ledger_refuse()"
        ),
        (
            "CREATE TRIGGER ledger_payload_only_erase BEFORE UPDATE ON ledger_payload FOR EACH ROW "
            "WHEN (new.seq <> old.seq OR new.payload IS NOT NULL OR new.salt IS NOT NULL "
            "OR new.erased_at IS NULL) EXECUTE FUNCTION ledger_refuse()"
        ),
    ),
}
"""Triggers that keep the ledger append-only, also against a hand in the database."""

GENESIS: Final = hashlib.sha256(b"ringren ledger 1").digest()
"""What the first entry names as the hash before it."""


def link(previous: bytes, seq: int, event: Event, commitment: bytes) -> bytes:
    """The hash of entry `seq`: SHA-256 over the hash before it and the entry's fixed form."""
    return hashlib.sha256(previous + fixed_form(seq, event, commitment)).digest()


def fixed_form(seq: int, event: Event, commitment: bytes) -> bytes:
    """The entry as a JSON list: compact, UTF-8, fields in this order."""
    return orjson.dumps(
        [
            seq,
            event.event_id,
            event.type.value,
            event.channel.value,
            moment(event.span.start),
            moment(event.span.end),
            moment(event.heard_at),
            event.system,
            _keys(event.keys),
            _keys(event.carried),
            event.root,
            list(event.path),
            event.evidence.value,
            event.approvals,
            event.documented,
            commitment.hex(),
        ]
    )


def commit(payload: bytes, salt: bytes) -> bytes:
    """What the chain knows of a payload: without the salt it cannot be guessed at."""
    return hashlib.sha256(salt + payload).digest()


def moment(at: datetime | None) -> str | None:
    """UTC, microseconds always written."""
    return None if at is None else at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def _keys(keys: Iterable[HashedKey]) -> list[list[str]]:
    return sorted([key.kind.value, key.key_id, key.digest.hex()] for key in keys)
