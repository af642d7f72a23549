"""What flags were between two readings: the audit log, for the columns that are audited.

Auditing is switched on three times: for the environment, the table and the column. The table
`audit` then holds each update and delete; what was changed stands in its column `changedata`, as
JSON (`changedAttributes`: logicalName, oldValue, newValue). It is asked once a change pull has
shown that anybody changed, from the time of the last readings on; in a first reading for deletes,
which nobody else tells of.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cached_property
from itertools import dropwhile
from typing import Any, Final, NamedTuple
from urllib.parse import quote

import orjson

from connectors.dynamics.client import Org
from connectors.dynamics.describing import who
from connectors.dynamics.shapes import ETAG, Row, Shape
from connectors.flags import Over, told
from connectors.protocol import Episode
from rules.errors import SystemStopped

CREATED: Final = 1
UPDATED: Final = 2
DELETED: Final = 3
EVERYTHING: Final = (CREATED, UPDATED, DELETED)
YES: Final = frozenset({"true", "True", "1", True})
"""How a true flag is spelled in the audit log: seen is `True`, the rest is caution."""


class Turn(NamedTuple):
    """A flag was set, or cleared. `theirs`: by somebody else than us."""

    at: datetime
    no: bool
    theirs: bool


@dataclass(frozen=True, slots=True)
class History:
    """What became of flags. `said`: id → column → how it turned, in no order. `gone`: id → the row
    that was deleted, as far as it is audited. `me`: our own user."""

    me: str = ""
    said: dict[str, dict[str, list[Turn]]] = field(default_factory=dict)
    gone: dict[str, Row] = field(default_factory=dict)


class Pasts:
    """The audit log of one environment."""

    def __init__(self, org: Org) -> None:
        self._org = org
        self._on: bool | None = None

    def kept(self, shape: Shape) -> tuple[str, ...]:
        """The flags of a table whose changes are audited; asks the environment once."""
        flags = shape.audited
        if flags and self._on is None:
            self._on = self._is_on()
        return flags if self._on else ()

    @cached_property
    def _me(self) -> str:
        return who(self._org)

    def _is_on(self) -> bool:
        try:
            told = self._org.get("organizations?$select=isauditenabled")["value"]
        except SystemStopped:
            # Not ours to know: the log itself will tell.
            return True
        return any(one.get("isauditenabled") is True for one in told)

    def since(self, shape: Shape, since: str, what: tuple[int, ...] = EVERYTHING) -> History:
        """What happened since then; `SystemStopped` where that is kept and hidden."""
        flags = self.kept(shape)
        if not flags or not since:
            return History()
        found = History(self._me)
        try:
            for row in self._rows(shape.name, since, what):
                _note(found, shape, flags, row)
        except SystemStopped as error:
            why = str(error.details.get("why", "?"))
            details = {"system": self._org.system, "stream": shape.name, "why": why}
            raise SystemStopped("dynamics.history_closed", **details) from error
        return found

    def _rows(self, table: str, since: str, what: tuple[int, ...]) -> Iterator[Row]:
        wanted = " or ".join(f"operation eq {one}" for one in what)
        where = f"objecttypecode eq '{table}' and createdon ge {since} and ({wanted})"
        wanted = "createdon,_objectid_value,_userid_value,operation,changedata"
        address = f"audits?$select={wanted}&$filter={quote(where, safe=chr(39) + ' ():')}"
        while address:
            body = self._org.get(address)
            yield from body["value"]
            link = body.get("@odata.nextLink", "")
            address = self._org.relative(link) if link else ""


def _note(found: History, shape: Shape, flags: tuple[str, ...], row: Row) -> None:
    """One row of the log."""
    ident, at = str(row["_objectid_value"]), datetime.fromisoformat(row["createdon"])
    changed, said_by = list(_changed(row)), str(row.get("_userid_value") or "")
    if row.get("operation") == DELETED:
        held = _held(shape, ident, changed)
        if says_no(shape, held) or ident not in found.gone:
            found.gone[ident] = held
    for one in changed:
        column = one.get("logicalName")
        if column in flags and not YES.isdisjoint({one.get("oldValue"), one.get("newValue")}):
            turns = found.said.setdefault(ident, {}).setdefault(column, [])
            theirs = said_by.lower() not in {"", found.me.lower()}
            turns.append(Turn(at.astimezone(UTC), one.get("newValue") in YES, theirs))


def _changed(row: Row) -> Iterator[Mapping[str, Any]]:
    try:
        told: Any = orjson.loads(row.get("changedata") or "{}")
    except orjson.JSONDecodeError:
        raise SystemStopped("dynamics.unreadable", system="dynamics", why="changedata") from None
    yield from told.get("changedAttributes", ()) if isinstance(told, dict) else ()


def _held(shape: Shape, ident: str, changed: Iterable[Mapping[str, Any]]) -> Row:
    """A deleted row: its flags and texts. What else it held is left out, and so not known."""
    row: dict[str, Any] = {shape.described.key: ident, ETAG: ""}
    for one in changed:
        column = shape.described.columns.get(str(one.get("logicalName")))
        if column and column.type == "Boolean":
            row[column.name] = one.get("oldValue") in YES
        elif column and column.type == "String":
            row[column.name] = one.get("oldValue")
    return row


def says_no(shape: Shape, row: Row) -> bool:
    """Whether a row carries a flag that says no."""
    return any(row.get(column) is True for column in shape.flags)


def episodes(shape: Shape, rows: Iterable[Row], history: History) -> Iterator[Episode]:
    """The noes of these rows that are over, also where the flag stands again: it may be ours."""
    for row in rows if history.said else ():
        now = None
        for column, turns in history.said.get(str(row[shape.described.key]), {}).items():
            now = now or shape.record(row)
            canonical = shape.canonical(column)
            over = list(_over(turns, stands=now.values.get(canonical) == "true"))
            if over:
                yield from told(shape.record({**row, column: True}), canonical, over)


def _over(turns: Iterable[Turn], *, stands: bool) -> Iterator[Over]:
    """The noes among these that stand no more."""
    # Stamps are whole seconds: of one second it is the set flag that was cleared.
    newest = sorted(turns, key=lambda turn: (turn.at, not turn.no), reverse=True)
    over = dropwhile(lambda turn: turn.no, newest) if stands else iter(newest)
    return (Over(one.at, one.theirs) for one in over if one.no)
