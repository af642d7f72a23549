"""An org: records with whole-second stamps, a journal of every write, rules and rivals of its own.

What people and other programs do is called on `Org`; what clients do comes in over `api.py`. The
journal is written by nobody but the org, and tests judge by it.
"""

from __future__ import annotations

import re
import threading
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from simulators.salesforce.journal import Entry, Error, Row, Values
from simulators.salesforce.schema import PRIVACY, WITH_HISTORY, Field, Table, full_id, tables
from simulators.salesforce.soql import Malformed, Query

OURS, SOMEBODY, ROBOT = "ringren", "somebody", "robot"
AUTOMATIC = {"CreatedDate", "CreatedById", "LastModifiedDate", "LastModifiedById", "SystemModstamp"}
OUR_OWN = {
    "User", "PermissionSet", "FieldPermissions", "FieldDefinition", *WITH_HISTORY.values(),
}  # fmt: skip
"""What no person has entered."""
EMAIL = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s.]+")


@dataclass(slots=True)
class Org:
    """The org. `clock` is its server's; everything that a customer can set up is an attribute."""

    clock: Callable[[], datetime] = lambda: datetime.now(UTC)
    tables: dict[str, Table] = field(default_factory=tables)
    rows: dict[str, dict[str, Row]] = field(default_factory=dict)
    journal: list[Entry] = field(default_factory=list)
    hidden: set[tuple[str, str]] = field(default_factory=set)
    """Fields that nobody granted to the integration user."""
    read_only: set[tuple[str, str]] = field(default_factory=set)
    objects_closed: set[str] = field(default_factory=lambda: set(PRIVACY))
    tracked: set[tuple[str, str]] = field(default_factory=set)
    """Fields whose changes are kept in the history objects; an administrator chooses them."""
    locked: set[str] = field(default_factory=set)
    validation: list[Callable[[str, Row], Error | None]] = field(default_factory=list)
    automations: list[Callable[[Org, Entry], None]] = field(default_factory=list)
    rewrite: Callable[[str, str, Any], Any] = lambda _table, _name, value: value
    log_starts: datetime | None = None
    """When the delete log begins, if it has been purged."""
    erased: list[tuple[str, str, datetime]] = field(default_factory=list)
    open: list[Transaction] = field(default_factory=list)
    lock: threading.RLock = field(default_factory=threading.RLock)
    _last: int = 0
    _users: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for name in (OURS, SOMEBODY, ROBOT):
            self._users[name] = self.add(
                "User", Name=name.title(), Username=f"{name}@opdigtet-0001.dk", IsActive=True
            )

    # --- what people and other programs do ---

    def add(self, table: str, who: str = SOMEBODY, **values: Any) -> str:
        """Somebody enters a record; its id."""
        with self.lock:
            return self.create(table, values, who=who, how="person", stamp=self.stamp())

    def edit(self, ident: str, who: str = SOMEBODY, **values: Any) -> None:
        """Somebody types over some fields, whatever stands there."""
        with self.lock:
            self.change(self.table_of(ident), ident, values, who=who, how="person")

    def remove(self, *idents: str, who: str = SOMEBODY) -> None:
        """Somebody deletes records; they lie in the recycle bin."""
        with self.lock:
            for ident in idents:
                self.bury(self.table_of(ident), ident, who=who)

    def restore(self, ident: str) -> None:
        """Somebody takes a record out of the recycle bin."""
        with self.lock:
            table = self.table_of(ident)
            self.erased = [one for one in self.erased if one[1] != ident]
            self._put(table, self.rows[table][ident], {"IsDeleted": False}, SOMEBODY, "undelete")

    def purge(self, *idents: str) -> None:
        """Records leave the recycle bin, or were deleted past it: no query shows them again."""
        with self.lock:
            for ident in idents:
                table = self.table_of(ident)
                self.rows[table].pop(ident, None)
                self._forget_history(table, ident)

    def merge(self, master: str, *losers: str, **values: Any) -> None:
        """Somebody merges records; `values` are what he chose to stand in the one that remains."""
        with self.lock:
            table = self.table_of(master)
            for ident in losers:
                self.rows[table][ident]["MasterRecordId"] = master
                self.bury(table, ident, who=SOMEBODY)
            self._put(table, self.rows[table][master], values, SOMEBODY, "merge")

    def convert(self, lead: str) -> tuple[str, str]:
        """Somebody makes an account and a contact of a lead."""
        with self.lock:
            row = self.rows["Lead"][lead]
            account = self.add("Account", Name=row["Company"])
            kept = (
                "FirstName", "LastName", "Email", "Phone", "MobilePhone", "Title", "DoNotCall",
                "HasOptedOutOfEmail",
            )  # fmt: skip
            contact = self.add(
                "Contact", AccountId=account, **{k: row[k] for k in kept if k in row}
            )
            done = {
                "IsConverted": True,
                "ConvertedAccountId": account,
                "ConvertedContactId": contact,
                "ConvertedDate": self.stamp()[:10],
            }
            self._put("Lead", row, done, SOMEBODY, "convert")
            return account, contact

    def transaction(self, who: str = ROBOT) -> Transaction:
        """Something that has begun, and whose writes are seen when it commits, with today's stamp."""
        one = Transaction(self, who, self.stamp())
        self.open.append(one)
        return one

    def add_field(self, table: str, one: Field) -> None:
        """The customer adds a field of his own."""
        self.tables[table].fields[one.name] = one

    def privacy(self) -> None:
        """An administrator switches on Data Protection and Privacy, and lets our user see it."""
        self.objects_closed -= PRIVACY

    def snapshot(self) -> dict[str, dict[str, Row]]:
        """All that people have entered, by object and id; without stamps."""
        with self.lock:
            return {
                table: {
                    ident: {k: v for k, v in row.items() if k not in AUTOMATIC}
                    for ident, row in rows.items()
                    if not row.get("IsDeleted")
                }
                for table, rows in self.rows.items()
                if table not in OUR_OWN
            }

    # --- what clients' requests come to ---

    def table_of(self, ident: str) -> str:
        """The object that an id belongs to; KeyError when there is none."""
        return next(name for name in self.rows if self.tables[name].prefix == ident[:3])

    def found(self, table: str, ident: str) -> Row | None:
        """A record by its id of 15 or 18 characters, deleted or not."""
        full = full_id(ident) if len(ident) == 15 else ident
        return self.rows.get(table, {}).get(full)

    def create(
        self, table: str, values: Values, *, who: str, how: str, stamp: str | None = None
    ) -> str:
        """A new record, unchecked; its id."""
        self._last += 1
        ident = full_id(f"{self.tables[table].prefix}{self._last:012d}")
        stamp = stamp or self.stamp()
        row: Row = {"Id": ident, "CreatedDate": stamp, "CreatedById": self._users.get(who)}
        if "OwnerId" in self.tables[table].fields:
            row["OwnerId"] = self._users.get(who)
        self.rows.setdefault(table, {})[ident] = row
        self._put(table, row, values, who, how, stamp)
        return ident

    def change(self, table: str, ident: str, values: Values, *, who: str, how: str) -> Entry:
        """Write some fields of a record, unchecked."""
        return self._put(table, self.rows[table][ident], values, who, how)

    def bury(self, table: str, ident: str, *, who: str, stamp: str | None = None) -> None:
        """Into the recycle bin, and into the delete log."""
        self.erased.append((table, ident, self.now()))
        self._put(table, self.rows[table][ident], {"IsDeleted": True}, who, "delete", stamp)

    def refusal(self, table: str, ident: str | None, values: Values) -> Error | None:
        """Why a client's write would be refused; None when it would not."""
        if ident is not None:
            row = self.found(table, ident)
            if row is None:
                return Error("INVALID_CROSS_REFERENCE_KEY", "invalid cross reference id")
            if row.get("IsDeleted"):
                return Error("ENTITY_IS_DELETED", "entity is deleted")
            if row.get("IsConverted"):
                return Error("CANNOT_UPDATE_CONVERTED_LEAD", "cannot reference converted lead")
            if row["Id"] in self.locked:
                return Error(
                    "UNABLE_TO_LOCK_ROW", "unable to obtain exclusive access to this record"
                )
        else:
            row = {}
        for name, value in values.items():
            if error := self._refused(table, name, value):
                return error
        if missing := self._missing(table, row, values):
            return Error(
                "REQUIRED_FIELD_MISSING", f"Required fields are missing: {missing}", missing
            )
        after = {**row, **values}
        return next((e for rule in self.validation if (e := rule(table, after))), None)

    def _refused(self, table: str, name: str, value: Any) -> Error | None:
        one = self.visible(table, name)
        if one is None:
            return Error("INVALID_FIELD", f"No such column '{name}' on sobject of type {table}")
        if not one.updateable or (table, name) in self.read_only:
            words = f"Unable to create/update fields: {name}."
            return Error("INVALID_FIELD_FOR_INSERT_UPDATE", words, (name,))
        if value is None or value == "":
            return None
        if one.type == "boolean" and not isinstance(value, bool):
            return Error("JSON_PARSER_ERROR", f"Cannot deserialize instance of boolean from {name}")
        if one.type in {"int", "double", "currency"} and not _is_number(value):
            return Error("JSON_PARSER_ERROR", f"Cannot deserialize instance of number from {name}")
        if one.length and isinstance(value, str) and len(value.strip()) > one.length:
            words = f"{name}: data value too large (max length={one.length})"
            return Error("STRING_TOO_LONG", words, (name,))
        if one.type == "email" and not EMAIL.fullmatch(str(value).strip()):
            return Error("INVALID_EMAIL_ADDRESS", f"{name}: invalid email address", (name,))
        if one.restricted and value not in one.values:
            words = f"{name}: bad value for restricted picklist field"
            return Error("INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST", words, (name,))
        return None

    def _missing(self, table: str, row: Row, values: Values) -> tuple[str, ...]:
        after = {**row, **values}
        return tuple(
            name
            for name, one in self.tables[table].fields.items()
            if one.required and not after.get(name) and (name in values or not row)
        )

    def visible(self, table: str, name: str) -> Field | None:
        """A field that the integration user may see, by its name in any case."""
        fields = self.tables[table].fields
        one = fields.get(name)
        if one is None:
            lower = name.lower()
            one = next((f for key, f in fields.items() if key.lower() == lower), None)
        return None if one is None or (table, one.name) in self.hidden else one

    # --- reading ---

    def value(self, table: str, row: Row, name: str) -> Any:
        """A field of a row, of its parent (`Owner.Name`), or worked out."""
        if name in row:
            return row[name]
        if "." in name:
            relation, _, rest = name.partition(".")
            parent = self.tables[table].parent(relation)
            above = self.rows.get(parent, {}).get(row.get(f"{relation}Id") or "")
            return None if above is None else self.value(parent, above, rest)
        if name == "Name":
            return " ".join(p for p in (row.get("FirstName"), row.get("LastName")) if p)
        if name == "LeadOrContactId":
            return row.get("ContactId") or row.get("LeadId")
        one = self.tables[table].fields.get(name)
        if one is None:
            return None
        if one.formula is not None:
            return one.formula(row)
        return False if one.type == "boolean" else None

    def select(self, query: Query, *, deleted: bool) -> list[Row]:
        """The rows that a query finds, in its order; `Malformed` for what it may not name."""
        self._allow(query)
        table = query.table
        if table == "FieldDefinition":
            self._describe_fields(query)

        def get(row: Row, name: str) -> Any:
            return row[name] if name in row else self.value(table, row, name)

        test = query.where(get)
        found = [
            row
            for row in self.rows.get(table, {}).values()
            if (deleted or not row.get("IsDeleted")) and test(row)
        ]
        for name, down in reversed(query.order):
            found.sort(key=lambda row: _sortable(get(row, name)), reverse=down)
        return found[: query.limit] if query.limit is not None else found

    def _describe_fields(self, query: Query) -> None:
        """FieldDefinition has no rows of its own, and shows none without saying of which object."""
        about = {"EntityDefinition.QualifiedApiName", "EntityDefinitionId", "DurableId"}
        if about.isdisjoint(query.names):
            words = "a filter on a reified column is required: EntityDefinition, DurableId"
            raise Malformed("EXTERNAL_OBJECT_EXCEPTION", words)
        self.rows["FieldDefinition"] = {
            f"{table}.{name}": {
                "Id": f"{table}.{name}", "DurableId": f"{table}.{name}", "QualifiedApiName": name,
                "EntityDefinitionId": table, "EntityDefinition.QualifiedApiName": table,
                "IsFieldHistoryTracked": (table, name) in self.tracked,
            }
            for table, one in self.tables.items()
            for name in one.fields
        }  # fmt: skip

    def _allow(self, query: Query) -> None:
        if query.table not in self.tables or query.table in self.objects_closed:
            words = f"sObject type '{query.table}' is not supported."
            raise Malformed("INVALID_TYPE", words)
        for name in query.names:
            table, rest = query.table, name
            if "." in name:
                relation, _, rest = name.partition(".")
                table = self.tables[table].parent(relation)
            if not table or self.visible(table, rest) is None:
                words = f"No such column '{name}' on entity '{query.table}'."
                raise Malformed("INVALID_FIELD", words)

    def now(self) -> datetime:
        """The server's time, to the second: stamps know no less."""
        return self.clock().replace(microsecond=0)

    def stamp(self) -> str:
        """Now, as rows hold it."""
        return stamp_of(self.now())

    def covered(self, end: datetime) -> datetime:
        """Up to when nothing can appear any more: the start of what is still running, at most."""
        begun = [datetime.fromisoformat(one.stamp) for one in self.open]
        return min([end, *begun])

    def _put(
        self,
        table: str,
        row: Row,
        values: Values,
        who: str,
        how: str,
        stamp: str | None = None,
    ) -> Entry:
        before = dict(row)
        for name, value in values.items():
            field_ = self.visible(table, name)
            key = field_.name if field_ else name
            kept = self.rewrite(table, key, value.strip() if isinstance(value, str) else value)
            if kept is None or kept == "":
                row.pop(key, None)
            else:
                row[key] = kept
        stamp = stamp or self.stamp()
        self._remember(table, row, before, values, who, stamp)
        row["SystemModstamp"] = row["LastModifiedDate"] = stamp
        row["LastModifiedById"] = self._users.get(who)
        entry = Entry(who, how, table, row["Id"], before, dict(values), dict(row), stamp)
        self.journal.append(entry)
        if who != ROBOT:
            for react in self.automations:
                react(self, entry)
        return entry

    def _remember(
        self, table: str, row: Row, before: Row, values: Values, who: str, stamp: str
    ) -> None:
        """What history tracking keeps of a change; nothing of how a record began."""
        for name in values:
            if (table, name) not in self.tracked or len(before) <= len(_BORN):
                continue
            old, new = (self.value(table, one, name) for one in (before, row))
            if old != new:
                self._last += 1
                ident = full_id(f"017{self._last:012d}")
                self.rows.setdefault(WITH_HISTORY[table], {})[ident] = {
                    "Id": ident, f"{table}Id": row["Id"], "Field": name, "DataType": "Boolean",
                    "OldValue": old, "NewValue": new, "CreatedDate": stamp,
                    "CreatedById": self._users.get(who),
                }  # fmt: skip

    def _forget_history(self, table: str, ident: str) -> None:
        kept = self.rows.get(WITH_HISTORY.get(table, ""), {})
        for one in [i for i, row in kept.items() if row[f"{table}Id"] == ident]:
            del kept[one]


_BORN = ("Id", "CreatedDate", "CreatedById", "OwnerId")
"""What a record has before anything was entered."""


@dataclass(slots=True)
class Transaction:
    """Writes that nobody sees yet. They carry the stamp of when they began."""

    org: Org
    who: str
    stamp: str
    waiting: list[tuple[str, Values]] = field(default_factory=list)

    def edit(self, ident: str, **values: Any) -> None:
        """Note a write."""
        self.waiting.append((ident, values))

    def commit(self) -> None:
        """All writes become visible, below what was read meanwhile."""
        with self.org.lock:
            for ident, values in self.waiting:
                table = self.org.table_of(ident)
                row = self.org.rows[table][ident]
                self.org._put(table, row, values, self.who, "late", self.stamp)
            with suppress(ValueError):
                self.org.open.remove(self)


def stamp_of(at: datetime) -> str:
    """A date and time as Salesforce writes it."""
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.000+0000")


def _is_number(value: Any) -> bool:
    if isinstance(value, bool):
        return False
    with suppress(TypeError, ValueError):
        float(value)
        return True
    return False


def _sortable(value: Any) -> tuple[bool, Any]:
    return (value is not None, value)
