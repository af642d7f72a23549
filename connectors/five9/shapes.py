"""Rows of the report as calls: which of its columns we read, and how. Pure."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from datetime import datetime, timedelta
from functools import cache
from hashlib import blake2b
from typing import Final

import orjson

from connectors.costs import Costs
from connectors.five9.numbers import NumberFormat, canonical
from connectors.five9.report import Called, Row
from connectors.protocol import Capabilities, Column, Stream
from rules.fields.choices import OUTCOME
from rules.formats.choices import Picklist
from rules.records import Kind, Record, Ref, Value

CALLS: Final = "calls"
OPTED_OUT: Final = "Do not call again"
INBOUND, OUTBOUND = "Inbound", "Outbound"
NO_TYPES: Final = frozenset({"AddActiveNumber", "AddAllNumbers", "AddAndFinalize"})
"""Types of dispositions by which Five9 itself puts the number on its list."""
BY_HAND: Final = "manual"
_COLUMNS: Final = (
    ("called_number", "DNIS"),
    ("shown_number", "ANI"),
    ("agent", "AGENT NAME"),
    ("agent", "AGENT"),
    ("campaign", "CAMPAIGN"),
    ("call_list", "LIST NAME"),
    ("direction", "CALL TYPE"),
    ("started_at", "TIMESTAMP"),
    ("duration_seconds", "CALL TIME"),
    ("outcome", "DISPOSITION"),
    ("opt_out_call", "DISPOSITION"),
    ("opt_out_at", "TIMESTAMP"),
    ("opt_out_source", "DISPOSITION"),
)
_NOTHING: Final = frozenset({"", "[none]", "none"})


def folded(name: str) -> str:
    """A disposition's name, as two people may write it."""
    return " ".join(name.casefold().split())


class Shape:
    """What a call is. `noes` are the dispositions that mean "do not call", folded."""

    def __init__(self, system: str, how: NumberFormat, noes: Collection[str]) -> None:
        self._system, self._how, self._noes = system, how, frozenset(noes)

    @property
    def tags(self) -> str:
        """Stands for the dispositions that mean no."""
        return blake2b("\n".join(sorted(self._noes)).encode(), digest_size=6).hexdigest()

    @property
    def stream(self) -> Stream:
        """As the engine is told of it; a call log is never corrected."""
        columns = tuple(Column(vendor, name, writable=False) for name, vendor in _COLUMNS)
        can = Capabilities(opt_outs=True, calls=True, batch_size=None)
        return Stream(CALLS, Kind.CALL, can, columns, "id", costs=Costs(50_000, 50_000, 1))

    def records(self, called: Iterable[Called]) -> list[tuple[datetime, Record]]:
        """Calls in the order of their time. One that was passed on has several rows."""
        rows: dict[str, list[Called]] = {}
        for one in called:
            rows.setdefault(one.row["CALL ID"], []).append(one)
        found = [(some[0].at, self._record(ident, some)) for ident, some in rows.items()]
        return sorted(found, key=lambda one: (one[0], one[1].ref.id))

    def _record(self, ident: str, called: Sequence[Called]) -> Record:
        """The first row says who was called when; a no on any of them is one."""
        said = next((one for one in called if self._is_no(one.row)), None)
        values = self._call(called[0]) | self._outcome(said, called[-1].row)
        held = orjson.dumps(sorted(values.items()))
        version = blake2b(held, digest_size=12).hexdigest()
        return Record(Ref(self._system, Kind.CALL, ident), version, values)

    def _is_no(self, row: Row) -> bool:
        return folded(row["DISPOSITION"]) in self._noes

    def _call(self, one: Called) -> dict[str, Value]:
        """Whatever is not said to have come in counts as a call that went out."""
        row, kind = one.row, folded(one.row["CALL TYPE"])
        inbound = kind.startswith("inbound")
        theirs, ours = ("ANI", "DNIS") if inbound else ("DNIS", "ANI")
        # A list that a call typed by hand names was not what it was dialled from.
        by_hand = kind == BY_HAND
        return {
            "called_number": canonical(row[theirs], self._how),
            "shown_number": canonical(row[ours], self._how),
            "agent": _text(row, "AGENT NAME") or _text(row, "AGENT"),
            "campaign": None if by_hand else _text(row, "CAMPAIGN"),
            "call_list": None if by_hand else _text(row, "LIST NAME"),
            "direction": INBOUND if inbound else OUTBOUND,
            "started_at": _moment(one.at),
            "duration_seconds": _seconds(row),
        }

    def _outcome(self, no: Called | None, last: Row) -> dict[str, Value]:
        if no is None:
            name = last["DISPOSITION"]
            known = name if _outcomes().value(name) else None
            said: dict[str, Value] = {"outcome": known, "opt_out_call": "false"}
            return said | {"opt_out_at": None, "opt_out_source": None}
        # It is said during the call, and set when it is over.
        ended = no.at + timedelta(seconds=int(_seconds(no.row) or 0))
        return {
            "outcome": OPTED_OUT,
            "opt_out_call": "true",
            "opt_out_at": _moment(ended),
            "opt_out_source": f"disposition: {no.row['DISPOSITION'].strip()}",
        }


def _text(row: Row, name: str) -> str | None:
    text = row.get(name, "").strip()
    return None if text.casefold() in _NOTHING else text


def _moment(at: datetime) -> str:
    return at.strftime("%Y-%m-%dT%H:%M:%SZ")


def _seconds(row: Row) -> str | None:
    """`00:01:23`, or seconds; None for what is neither, or not among the report's columns."""
    parts = row.get("CALL TIME", "").strip().split(":")
    if not all(one.isascii() and one.isdigit() for one in parts) or len(parts) > 3:
        return None
    total = 0
    for one in parts:
        total = total * 60 + int(one)
    return str(total)


@cache
def _outcomes() -> Picklist:
    return Picklist(OUTCOME, closed=True)
