"""EntityDefinitions and $metadata: what tables and columns there are, and how one is added."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

import orjson
from simulators.dynamics.batch import Asked, Said
from simulators.dynamics.filters import read
from simulators.dynamics.org import Org, Refused, invalid
from simulators.dynamics.tables import KINDS, Column, Table

PATH = re.compile(
    r"EntityDefinitions(?:\((?:LogicalName='(?P<name>\w+)'|(?P<id>[0-9a-f-]{36}))\))?"
    r"(?:/Attributes(?:\((?:LogicalName='(?P<column>\w+)'|(?P<column_id>[0-9a-f-]{36}))\))?"
    r"(?:/Microsoft\.Dynamics\.CRM\.(?P<cast>\w+)AttributeMetadata)?)?"
)
EXPAND = re.compile(r"(?P<what>\w+)(?:\((?P<options>[^()]*(?:\([^()]*\)[^()]*)*)\))?")
EDM = {
    "String": "Edm.String", "Memo": "Edm.String", "Boolean": "Edm.Boolean", "Integer": "Edm.Int32",
    "Money": "Edm.Decimal", "Decimal": "Edm.Decimal", "DateTime": "Edm.DateTimeOffset",
    "Picklist": "Edm.Int32", "State": "Edm.Int32", "Status": "Edm.Int32", "Lookup": "Edm.Guid",
    "Uniqueidentifier": "Edm.Guid", "BigInt": "Edm.Int64",
}  # fmt: skip


class Metadata:
    """Answers questions about the tables."""

    def __init__(self, org: Org, base: str) -> None:
        self.org, self.base = org, base

    def answer(self, asked: Asked) -> Said:
        """One request whose path begins with EntityDefinitions or $metadata."""
        if asked.path == "$metadata":
            return Said(200, self._csdl(), {"Content-Type": "application/xml"})
        found = PATH.fullmatch(asked.path)
        if found is None:
            raise Refused(404, "0x80060888", "Resource not found.")
        if "/Attributes" in asked.path:
            return self._attributes(asked, self._table(found), found)
        if found["name"] or found["id"]:
            return Said(200, self._told(self._table(found), asked.query))
        told = [self._told(table, {}) for table in self.org.tables.values()]
        if "$filter" in asked.query:
            test, _ = read(asked.query["$filter"])
            told = [one for one in told if test(one)]
        tables = [self.org.tables[one["LogicalName"]] for one in told]
        return Said(200, {"value": [self._told(table, asked.query) for table in tables]})

    def _table(self, found: re.Match[str]) -> Table:
        for table in self.org.tables.values():
            if found["name"] == table.name or found["id"] == table.described()["MetadataId"]:
                return table
        raise Refused(404, "0x80060888", "Could not find an entity with that name.")

    def _told(self, table: Table, query: Mapping[str, str]) -> dict[str, Any]:
        told = _picked(table.described(), query.get("$select", ""))
        for what, options in expanded(query.get("$expand", "")):
            if what != "Attributes":
                raise invalid(f"{what} cannot be expanded here.")
            columns = [column.described() for column in table.columns.values()]
            told["Attributes"] = list(_narrowed(columns, options, derived=False))
        return told

    def _attributes(self, asked: Asked, table: Table, found: re.Match[str]) -> Said:
        if asked.method == "POST":
            return self._add(table, orjson.loads(asked.body))
        columns = [
            column.described()
            for column in table.columns.values()
            if found["cast"] in {None, KINDS[column.type]}
            and found["column"] in {None, column.name}
            and found["column_id"] in {None, column.id}
        ]
        told = list(_narrowed(columns, asked.query, derived=bool(found["cast"])))
        if found["column"] or found["column_id"]:
            if not told:
                raise Refused(404, "0x80060888", "Could not find an attribute with that name.")
            return Said(200, told[0])
        return Said(200, {"value": told})

    def _add(self, table: Table, body: Mapping[str, Any]) -> Said:
        kind = str(body["@odata.type"]).rpartition(".")[2].removesuffix("AttributeMetadata")
        name = str(body["SchemaName"]).lower()
        types = {told: own for own, told in KINDS.items() if own not in {"guid", "id"}}
        if kind not in types:
            raise invalid(f"{kind} cannot be created.")
        if "_" not in name:
            raise invalid("A custom column needs the prefix of a publisher.")
        if name in table.columns:
            raise Refused(400, "0x80044153", f"An attribute named {name} already exists.")
        options = (body.get("OptionSet") or {}).get("Options")
        column = Column(table.name, name, types[kind], length=body.get("MaxLength"), custom=True)
        if options:
            column.options = {int(one["Value"]): str(one["Label"]) for one in options}
        table.columns[name] = column
        address = (
            f"{self.base}EntityDefinitions(LogicalName='{table.name}')/Attributes({column.id})"
        )
        return Said(204, None, {"OData-EntityId": address})

    def _csdl(self) -> bytes:
        types = "".join(
            f'<EntityType Name="{table.name}"><Key><PropertyRef Name="{table.key}"/></Key>'
            + "".join(
                f'<Property Name="{c.shown}" Type="{EDM[KINDS[c.type]]}"/>'
                for c in table.columns.values()
            )
            + "</EntityType>"
            for table in self.org.tables.values()
        )
        return (
            '<?xml version="1.0" encoding="utf-8"?><edmx:Edmx Version="4.0" '
            'xmlns:edmx="http://docs.oasis-open.org/odata/ns/edmx"><edmx:DataServices>'
            '<Schema Namespace="Microsoft.Dynamics.CRM" '
            f'xmlns="http://docs.oasis-open.org/odata/ns/edm">{types}</Schema>'
            "</edmx:DataServices></edmx:Edmx>"
        ).encode()


def expanded(text: str) -> Iterator[tuple[str, dict[str, str]]]:
    """What $expand names, each with its own options."""
    if not text:
        return
    for found in EXPAND.finditer(text):
        options = (one.partition("=") for one in (found["options"] or "").split(";") if one)
        yield found["what"], {name: value for name, _, value in options}


def _narrowed(
    columns: list[dict[str, Any]], query: Mapping[str, str], *, derived: bool
) -> Iterator[dict[str, Any]]:
    test = read(query["$filter"])[0] if "$filter" in query else lambda _row: True
    only = {"MaxLength", "FormatName", "OptionSet"}
    select = query.get("$select", "")
    if not derived and (wrong := only & set(select.split(","))):
        raise invalid(
            f"Could not find a property named '{wrong.pop()}' on type 'AttributeMetadata'."
        )
    shown = {what for what, _ in expanded(query.get("$expand", ""))}
    for column in columns:
        if test(column):
            told = {k: v for k, v in column.items() if k != "OptionSet" or k in shown}
            yield _picked(told, select, shown)


def _picked(told: dict[str, Any], select: str, also: set[str] | None = None) -> dict[str, Any]:
    if not select:
        return told
    names = set(select.split(",")) | (also or set()) | {"MetadataId", "@odata.type"}
    return {name: value for name, value in told.items() if name in names}
