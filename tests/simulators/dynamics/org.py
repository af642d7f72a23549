"""One environment: rows with versions, rights, plug-ins, and a journal of every accepted write.

Tests judge by the journal, which is written here and nowhere else. All of it is used under `lock`.
"""

from __future__ import annotations

import json
import threading
import uuid
from bisect import bisect_right, insort
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from simulators.dynamics.tables import JOURNEYS, MERGEABLE, READ_ONLY_STATES, Column, Table, tables

Row = dict[str, Any]
DEADLOCK = "-2147204784"
SYSTEM = "system"


class Refused(Exception):
    """An error as the Web API words it."""

    def __init__(
        self, status: int, code: str, message: str, headers: Mapping[str, str] | None = None
    ) -> None:
        super().__init__(message)
        self.status, self.code, self.headers = status, code, dict(headers or {})


def invalid(message: str) -> Refused:
    """What a request that makes no sense gets."""
    return Refused(400, "0x80060888", message)


def gone(table: str, ident: str) -> Refused:
    """What is not there."""
    return Refused(404, "0x80040217", f"{table} With Id = {ident} Does Not Exist")


@dataclass(frozen=True, slots=True)
class Entry:
    """One write: who, what stood there, what was asked for, what stands now (None: deleted)."""

    version: int
    who: str
    table: str
    ident: str
    before: Row | None
    asked: Row
    after: Row | None


@dataclass(slots=True)
class Late:
    """A write that has its version and is not to be seen before it is committed."""

    version: int
    table: str
    ident: str
    values: Row
    who: str


@dataclass(slots=True)
class User:
    """An application user. `rights` are privileges by name; None: all. `sees`: secured columns."""

    id: str
    rights: set[str] | None = None
    sees: set[tuple[str, str]] = field(default_factory=set)


class Clock:
    """A clock that stands still until it is moved."""

    def __init__(self, now: datetime | None = None) -> None:
        self.now = now or datetime(2026, 11, 2, 9, 0, tzinfo=UTC)

    def __call__(self) -> datetime:
        """The time."""
        return self.now

    def pass_(self, seconds: float) -> None:
        """Let time go by."""
        self.now += timedelta(seconds=seconds)


Plugin = Callable[["Org", Table, Row, Row], None]
"""Runs inside a write, before it is stored: may change what is asked or raise `Refused`."""


class Org:
    """The state. `holds_back`: changes are told only up to the oldest write under way."""

    def __init__(self, clock: Callable[[], datetime] | None = None) -> None:
        self.lock = threading.RLock()
        self.clock = clock or Clock()
        self.skew = timedelta()
        self._shelf = tables()
        self.tables = {name: one for name, one in self._shelf.items() if name not in JOURNEYS}
        self.rows: dict[str, dict[str, Row]] = {name: {} for name in self.tables}
        self.order: dict[str, list[str]] = {name: [] for name in self.tables}
        self.deleted: list[tuple[int, str, str]] = []
        self.journal: list[Entry] = []
        self.version = 1_000_000
        self.oldest_token = 0
        self.expired = (400, "0x80060889")
        """How a delta token that is too old is answered."""
        self.open: list[Late] = []
        self.holds_back = True
        self.page = 5000
        self.deaf = False
        """Writes are answered as if they had been done, with the row as it is."""
        self.leaves_out_nulls = False
        self.buries_the_living = False
        """A row that was made anew under its old id is told as deleted, too."""
        self.plugins: list[Plugin] = []
        self.rivals: list[Callable[[Org, Entry], None]] = []
        """Automations that hear of each write of an application user, and may write back."""
        self.id = str(uuid.UUID(int=1))
        self.unit = str(uuid.UUID(int=2))
        self.users: dict[str, User] = {}
        self.audits = False
        """Whether the environment keeps an audit log; tables and columns have switches of theirs."""
        self._logged = 0
        self.rows["organization"][self.id] = {
            "organizationid": self.id, "name": "Opdigtet", "isauditenabled": False,
            "versionnumber": 1,
        }  # fmt: skip
        self.order["organization"].append(self.id)
        self.persons = [
            self.add("systemuser", fullname=name) for name in ("Rav Elkedel", "Birk Blyant")
        ]

    # --- as others use it ----------------------------------------------------------------------

    def user(self, client_id: str) -> User:
        """The application user of an app registration; made when first asked for."""
        if client_id not in self.users:
            ident = self.add("systemuser", fullname=f"# {client_id}", applicationid=client_id)
            self.users[client_id] = User(ident)
        return self.users[client_id]

    def add(self, table: str, ident: str = "", who: str = "somebody", **values: Any) -> str:
        """Somebody makes a row; gives its id."""
        with self.lock:
            ident = ident or str(uuid.UUID(int=0x5EED << 96 | self.version))
            self._store(table, ident, values, who, new=True)
            return ident

    def edit(self, table: str, ident: str, who: str = "somebody", **values: Any) -> None:
        """Somebody types over some columns of a row."""
        with self.lock:
            self._store(table, ident, values, who)

    def remove(self, table: str, ident: str, who: str = "somebody") -> None:
        """Somebody deletes a row."""
        with self.lock:
            before = self.rows[table].pop(ident)
            self.order[table].remove(ident)
            self.version += 1
            self.deleted.append((self.version, table, ident))
            entry = Entry(self.version, who, table, ident, before, {}, None)
            self.journal.append(entry)
            self._audit(entry)

    def merge(
        self, table: str, winner: str, loser: str, who: str = "somebody", **content: Any
    ) -> None:
        """Two rows become one: the loser stays as an inactive row that names the winner."""
        with self.lock:
            if table not in MERGEABLE:
                raise invalid(f"{table} cannot be merged")
            for ident in (winner, loser):
                if ident not in self.rows[table]:
                    raise gone(table, ident)
            lost = {"merged": True, "_masterid_value": winner, "statecode": 1, "statuscode": 2}
            self._store(table, loser, lost, who)
            self._store(table, winner, content, who)

    def begin(self, table: str, ident: str, who: str = "somebody", **values: Any) -> Late:
        """A write that gets its version now, and is committed later."""
        with self.lock:
            self.version += 1
            late = Late(self.version, table, ident, values, who)
            self.open.append(late)
            return late

    def commit(self, late: Late) -> None:
        """It becomes visible, under its old version."""
        with self.lock:
            self.open.remove(late)
            self._store(late.table, late.ident, late.values, late.who, version=late.version)

    def snapshot(self) -> dict[str, dict[str, Row]]:
        """All that people see of all rows; versions and stamps left out, empty tables too."""
        with self.lock:
            return {
                name: {
                    ident: {k: v for k, v in row.items() if k not in _STAMPS and v is not None}
                    for ident, row in rows.items()
                }
                for name, rows in self.rows.items()
                if rows and name not in {"systemuser", "audit", "organization"}
            }

    def journeys(self) -> None:
        """Customer Insights - Journeys is installed."""
        for name in sorted(JOURNEYS):
            self.tables[name] = self._shelf[name]
            self.rows[name], self.order[name] = {}, []

    def audit(self, table: str, *columns: str) -> None:
        """An administrator has changes of these columns kept."""
        self.audits = self.tables[table].audited = True
        self.rows["organization"][self.id]["isauditenabled"] = True
        for name in columns:
            self.tables[table].columns[name].audited = True

    # --- as the API uses it ----------------------------------------------------------------------

    def stamp(self) -> str:
        """Now as rows have it: whole seconds, by this environment's clock."""
        return (self.clock() + self.skew).strftime("%Y-%m-%dT%H:%M:%SZ")

    def table_of_set(self, name: str) -> Table:
        """The table whose rows have that name in addresses."""
        for table in self.tables.values():
            if table.set == name:
                return table
        raise Refused(404, "0x80060888", f"Resource not found for the segment '{name}'.")

    def floor(self) -> int:
        """Up to here everything is to be seen."""
        if self.open and self.holds_back:
            return min(late.version for late in self.open) - 1
        return self.version

    def changed(self, table: str, after: int, until: int) -> list[Row]:
        """Rows changed since version `after` up to `until`, oldest first."""
        found = [r for r in self.rows[table].values() if after < r["versionnumber"] <= until]
        return sorted(found, key=lambda row: int(row["versionnumber"]))

    def buried(self, table: str, after: int, until: int) -> list[str]:
        """Rows deleted since."""
        return [
            ident
            for version, name, ident in self.deleted
            if name == table
            and after < version <= until
            and (self.buries_the_living or ident not in self.rows[table])
        ]

    def ids_after(self, table: str, ident: str, many: int) -> list[str]:
        """The next `many` ids in order."""
        order = self.order[table]
        at = bisect_right(order, ident)
        return order[at : at + many]

    def write(self, table: Table, ident: str, asked: Row, who: str, match: str | None) -> Row:
        """A PATCH: update, or create where nothing forbids it. `match` is the If-Match header."""
        row = self.rows[table.name].get(ident)
        if row is None:
            if match is not None:
                raise gone(table.name, ident)
            return self.create(table, ident, asked, who)
        if match not in {None, "*"}:
            if not table.optimistic:
                raise Refused(400, "0x80060893", "Optimistic concurrency is not enabled")
            if match != etag(row):
                raise Refused(412, "0x80060882", "The version of the existing record doesn't match")
        if (
            row.get("statecode") in READ_ONLY_STATES.get(table.name, ())
            and "statecode" not in asked
        ):
            raise Refused(400, "0x80048105", f"The {table.name} is read-only in its present state")
        values = self._checked(table, asked)
        for plugin in self.plugins:
            plugin(self, table, row, values)
        if self.deaf:
            return row
        entry = self._store(table.name, ident, values, who, asked=asked)
        for rival in self.rivals:
            rival(self, entry)
        return self.rows[table.name][ident]

    def create(self, table: Table, ident: str, asked: Row, who: str) -> Row:
        """A new row."""
        missing = [
            c.name for c in table.columns.values() if c.required and asked.get(c.shown) is None
        ]
        if missing:
            raise invalid(f"Required attribute is missing: {', '.join(missing)}")
        self._store(table.name, ident, self._checked(table, asked), who, asked=asked, new=True)
        return self.rows[table.name][ident]

    @contextmanager
    def undone_when_refused(self) -> Iterator[None]:
        """What a change set does: all of it, or nothing."""
        rows = {n: {i: dict(r) for i, r in rows.items()} for n, rows in self.rows.items()}
        order, kept = {n: list(o) for n, o in self.order.items()}, (self.version, len(self.journal))
        try:
            yield
        except Refused:
            self.rows, self.order, self.version = rows, order, kept[0]
            del self.journal[kept[1] :]
            raise

    def _checked(self, table: Table, asked: Row) -> Row:
        values: Row = {}
        for name, told in asked.items():
            column, value = self._bound(table, name, told)
            if column is None:
                raise invalid(f"An undeclared property '{name}' was found in the payload.")
            if column.read_only:
                continue
            values[column.shown] = _fitting(column, value)
        return values

    def _bound(self, table: Table, name: str, value: Any) -> tuple[Column | None, Any]:
        if name.endswith("@odata.bind"):
            plain = name.removesuffix("@odata.bind").lower()
            plain = next((c for c in table.columns if plain.startswith(c)), plain)
            ident = str(value).rpartition("(")[2].rstrip(")")
            return table.columns.get(plain), ident
        column = table.columns.get(name)
        return (None if column is None or column.type == "lookup" else column), value

    def _store(
        self,
        table: str,
        ident: str,
        values: Row,
        who: str,
        *,
        asked: Row | None = None,
        new: bool = False,
        version: int = 0,
    ) -> Entry:
        rows, key = self.rows[table], self.tables[table].key
        before = dict(rows[ident]) if ident in rows else None
        if before is None:
            if not new:
                raise gone(table, ident)
            insort(self.order[table], ident)
            rows[ident] = {key: ident, "createdon": self.stamp(), **_fresh(self.tables[table])}
        if not version:
            self.version += 1
        row = rows[ident]
        row.update(values)
        if "fullname" in self.tables[table].columns and table != "systemuser":
            parts = (row.get("firstname"), row.get("lastname"))
            row["fullname"] = " ".join(filter(None, parts)) or None
        row["modifiedon"], row["_modifiedby_value"] = self.stamp(), self._person(who)
        row["versionnumber"] = version or self.version
        entry = Entry(
            row["versionnumber"], who, table, ident, before, dict(asked or values), dict(row)
        )
        self.journal.append(entry)
        self._audit(entry)
        return entry

    def _audit(self, entry: Entry) -> None:
        if self.audits and self.tables[entry.table].audited:
            self._log(entry)

    def _log(self, entry: Entry) -> None:
        """What the audit log keeps of a write: the audited columns whose values have changed."""
        before, after = entry.before or {}, entry.after or {}
        changed = [
            {"logicalName": one.name, "oldValue": _said(before.get(one.shown)),
             "newValue": _said(after.get(one.shown))}
            for one in self.tables[entry.table].columns.values()
            if one.audited and before.get(one.shown) != after.get(one.shown)
        ]  # fmt: skip
        if not changed:
            return
        self._logged += 1
        ident = str(uuid.UUID(int=0xA0D1 << 96 | self._logged))
        what = 1 if entry.before is None else 2 if entry.after is not None else 3
        self.rows["audit"][ident] = {
            "auditid": ident, "createdon": self.stamp(), "objecttypecode": entry.table,
            "_objectid_value": entry.ident, "operation": what, "action": what,
            "_userid_value": self._person(entry.who) or STRANGER,
            "versionnumber": entry.version,
            "changedata": json.dumps({"changedAttributes": changed}),
        }  # fmt: skip

    def _person(self, who: str) -> str | None:
        return self.users[who].id if who in self.users else None


STRANGER = str(uuid.UUID(int=3))
"""Whoever else writes."""
_STAMPS = frozenset({"versionnumber", "modifiedon", "createdon", "_modifiedby_value"})


def _said(value: Any) -> str | None:
    """A value as the audit log spells it."""
    return None if value is None else str(value)


def etag(row: Row) -> str:
    """A row's version as the API spells it."""
    return f'W/"{row["versionnumber"]}"'


def _fresh(table: Table) -> Row:
    row: Row = {}
    for column in table.columns.values():
        if column.type == "boolean":
            row[column.shown] = False
        elif column.type == "state":
            row[column.shown] = 0
        elif column.type == "status":
            row[column.shown] = 1
    return row


def _fitting(column: Column, value: Any) -> Any:
    """A value of the column's type; `Refused` when it is none."""
    if value is None:
        if column.required:
            raise invalid(f"{column.name} is required")
        return None
    match column.type:
        case "string" | "memo":
            if not isinstance(value, str):
                raise invalid(f"Cannot convert a value to target type 'Edm.String': {column.name}")
            if column.length and len(value) > column.length:
                raise Refused(
                    400,
                    "0x80044331",
                    f"A validation error occurred.  The length of the '{column.name}' attribute of "
                    f"the '{column.table}' entity exceeded the maximum allowed length of "
                    f"'{column.length}'.",
                )
            return value or None
        case "boolean":
            wanted: tuple[type, ...] = (bool,)
        case "integer" | "state" | "status" | "picklist" | "bigint":
            wanted = (int,)
        case "money" | "decimal":
            wanted = (int, float)
        case _:
            wanted = (str,)
    if not isinstance(value, wanted) or (wanted != (bool,) and isinstance(value, bool)):
        raise invalid(f"Cannot convert a value to the target type of {column.name}")
    if (options := column.choices()) and value not in options:
        raise Refused(400, "0x80048403", f"{value} is outside the valid range of {column.name}")
    return value
