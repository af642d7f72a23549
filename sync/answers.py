"""What sources answered as text, and back. The moment of an answer is the row's own and not in it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from functools import cache
from typing import Any

import orjson
from pydantic import TypeAdapter

from rules.enrichment.record import CompanyRecord
from rules.enrichment.verdict import Verified
from rules.enrichment.verifying import VERIFIED
from state.lookups import Lookup


@cache
def _form() -> TypeAdapter[tuple[CompanyRecord, ...]]:
    return TypeAdapter(tuple[CompanyRecord, ...])


def dumped(records: Sequence[CompanyRecord]) -> str:
    """As it is stored; the same facts give the same text."""
    leave_out: Any = {"__all__": {"read_at"}}
    return _form().dump_json(tuple(records), exclude=leave_out, exclude_defaults=True).decode()


def told_by(rows: Iterable[Lookup]) -> list[CompanyRecord]:
    """The companies of which these answers tell."""
    return [
        record
        for row in rows
        if row.answer and row.answered_at and row.key.kind not in VERIFIED
        for record in loaded(row.answer, row.answered_at)
    ]


def loaded(text: str, read_at: datetime) -> tuple[CompanyRecord, ...]:
    """The records as they were read at that moment."""
    rows = orjson.loads(text)
    return _form().validate_python([{**row, "read_at": read_at} for row in rows])


# --- verdicts about addresses -----------------------------------------------------------------


@cache
def _verdict() -> TypeAdapter[Verified]:
    return TypeAdapter(Verified)


def dumped_verdict(told: Verified) -> str:
    """As it is stored; the same verdict gives the same text."""
    return _verdict().dump_json(told, exclude={"read_at"}, exclude_defaults=True).decode()


def judged_by(rows: Iterable[Lookup]) -> tuple[Verified, ...]:
    """What these answers say of an address, one verdict a source."""
    return tuple(
        _verdict().validate_python({**orjson.loads(row.answer), "read_at": row.answered_at})
        for row in rows
        if row.answer and row.answered_at and row.key.kind in VERIFIED
    )
