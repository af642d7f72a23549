"""What the company register says of advertising protection, for records that are about to be called."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Final

import orjson

from connectors.sources.registry import CVR
from rules.enrichment.standing import form_of, personal_forms
from rules.keys import Key, KeyKind
from rules.permission_facts import protected_in
from rules.protection import Protection, Said, protection
from state import lookups
from state.lookups import Lookup
from state.screen import HashedRecord
from state.store import Tx
from sync.app import App

NOTHING_SAID: Final = Said()


def protections(
    tx: Tx, app: App, records: Sequence[HashedRecord], now: datetime
) -> dict[int, Protection]:
    """By record, of those with a CVR number; empty where the register is not asked."""
    if CVR not in app.sources:
        return {}
    numbers = {
        one.rid: key
        for one in records
        if (key := next((c.key for c in one.carried if c.key.kind is KeyKind.CVR), None))
    }
    said = _said(tx, set(numbers.values()))
    return {
        one.rid: protection(
            said.get(numbers[one.rid], NOTHING_SAID), now, protected_in(one.record.values)
        )
        for one in records
        if one.rid in numbers
    }


def _said(tx: Tx, keys: set[Key]) -> Mapping[Key, Said]:
    found = lookups.known(tx, [CVR], keys)
    return {key: _of(rows[0]) for key, rows in found.items()}


def _of(row: Lookup) -> Said:
    records = orjson.loads(row.answer) if row.answer else []
    if not records:
        return Said(None, row.answered_at)
    form = form_of(records[0].get("form_code", ""))
    return Said(records[0].get("protected"), row.answered_at, form in personal_forms())
