"""What flags were between two readings: the audit log, for the columns that are audited.

Auditing is switched on three times: for the environment, the table and the column. The table
`audit` then holds each update; what was changed stands in its column `changedata`, as JSON
(`changedAttributes`: logicalName, oldValue, newValue). It is asked once a change pull has shown
that anybody changed, from the time of the last reading on.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime
from typing import Any, Final
from urllib.parse import quote

import orjson

from connectors.dynamics.client import Org
from connectors.dynamics.shapes import Row, Shape
from connectors.protocol import Episode
from rules.errors import SystemStopped

CREATED: Final = 1
UPDATED: Final = 2
YES: Final = frozenset({"true", "True", "1", True})
"""How a true flag is spelled in the audit log: seen is `True`, the rest is caution."""

Said = Mapping[str, Mapping[str, datetime]]
"""Id → column → when it was set last."""


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

    def _is_on(self) -> bool:
        try:
            told = self._org.get("organizations?$select=isauditenabled")["value"]
        except SystemStopped:
            # Not ours to know: the log itself will tell.
            return True
        return any(one.get("isauditenabled") is True for one in told)

    def said(self, shape: Shape, since: str) -> Said:
        """The flags that were set since then; `SystemStopped` where that is kept and hidden."""
        flags = self.kept(shape)
        if not flags or not since:
            return {}
        found: dict[str, dict[str, datetime]] = {}
        try:
            for row in self._rows(shape.name, since):
                for column in _set(row, flags):
                    at = datetime.fromisoformat(row["createdon"]).astimezone(UTC)
                    before = found.setdefault(str(row["_objectid_value"]), {})
                    before[column] = max(at, before.get(column, at))
        except SystemStopped as error:
            why = str(error.details.get("why", "?"))
            details = {"system": self._org.system, "stream": shape.name, "why": why}
            raise SystemStopped("dynamics.history_closed", **details) from error
        return found

    def _rows(self, table: str, since: str) -> Iterator[Row]:
        where = (
            f"objecttypecode eq '{table}' and createdon ge {since} "
            f"and (operation eq {UPDATED} or operation eq {CREATED})"
        )
        wanted = "createdon,_objectid_value,changedata"
        address = f"audits?$select={wanted}&$filter={quote(where, safe=chr(39) + ' ():')}"
        while address:
            body = self._org.get(address)
            yield from body["value"]
            link = body.get("@odata.nextLink", "")
            address = self._org.relative(link) if link else ""


def _set(row: Row, flags: tuple[str, ...]) -> Iterator[str]:
    try:
        told: Any = orjson.loads(row.get("changedata") or "{}")
    except orjson.JSONDecodeError:
        raise SystemStopped("dynamics.unreadable", system="dynamics", why="changedata") from None
    for one in told.get("changedAttributes", ()) if isinstance(told, dict) else ():
        if one.get("logicalName") in flags and one.get("newValue") in YES:
            yield str(one["logicalName"])


def episodes(shape: Shape, rows: Iterable[Row], said: Said) -> Iterator[Episode]:
    """The noes of these rows that are over."""
    for row in rows if said else ():
        now = None
        for column, since in said.get(str(row[shape.described.key]), {}).items():
            now = now or shape.record(row)
            canonical = shape.canonical(column)
            if now.values.get(canonical) != "true":
                yield Episode(shape.record({**row, column: True}), canonical, since)
