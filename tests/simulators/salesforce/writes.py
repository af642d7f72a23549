"""The writing end points: single records, collections, composite calls, set-up."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

import orjson
from simulators.salesforce.desk import Answer, Desk, Refused, Request
from simulators.salesforce.journal import Error
from simulators.salesforce.reads import changed, is_open, living, must_be_open
from simulators.salesforce.schema import Field

COLLECTION_MOST, COMPOSITE_MOST, QUERIES_MOST = 200, 25, 5


def patch(desk: Desk, request: Request, who: str, how: str, table: str, ident: str) -> Answer:
    """Write some fields of one record."""
    row = living(desk, table, ident)
    if changed(desk, request, row, "if-unmodified-since"):
        return Answer(412, [{"message": "Precondition Failed", "errorCode": "PRECONDITION_FAILED"}])
    values = request.json()
    if error := desk.org.refusal(table, row["Id"], values):
        raise Refused(400, error.code, error.message, error.fields)
    if "hollow" not in request.headers:
        desk.org.change(table, row["Id"], values, who=who, how=how)
    return Answer(204)


def create(desk: Desk, request: Request, who: str, how: str, table: str) -> Answer:
    """A new record."""
    must_be_open(desk, table)
    values = request.json()
    free = table == "FieldPermissions"
    if not free and (error := desk.org.refusal(table, None, values)):
        raise Refused(400, error.code, error.message, error.fields)
    if free:
        _grant(desk, values)
    ident = desk.org.create(table, values, who=who, how=how)
    return Answer(201, {"id": ident, "success": True, "errors": []})


def _grant(desk: Desk, values: Mapping[str, Any]) -> None:
    table, _, name = str(values.get("Field", "")).partition(".")
    if values.get("PermissionsRead"):
        desk.org.hidden.discard((table, name))
    if values.get("PermissionsEdit"):
        desk.org.read_only.discard((table, name))


def delete(desk: Desk, _request: Request, who: str, _how: str, table: str, ident: str) -> Answer:
    """Into the recycle bin."""
    desk.org.bury(table, living(desk, table, ident)["Id"], who=who)
    return Answer(204)


def collection(desk: Desk, request: Request, who: str, _how: str) -> Answer:
    """Write up to 200 records; one result each, in their order."""
    body = request.json()
    records = body.get("records", [])
    if len(records) > COLLECTION_MOST:
        raise Refused(400, "EXCEEDED_ID_LIMIT", "record limit reached. cannot submit more")
    results = [
        _written_one(desk, record, who, hollow="hollow" in request.headers) for record in records
    ]
    return Answer(200, results)


def _written_one(
    desk: Desk, record: Mapping[str, Any], who: str, *, hollow: bool
) -> dict[str, Any]:
    table = record["attributes"]["type"]
    ident = record.get("id") or record.get("Id")
    values = {k: v for k, v in record.items() if k not in {"attributes", "id", "Id"}}
    if not is_open(desk, table):
        return _failed(Error("INVALID_TYPE", f"sObject type '{table}' is not supported."), None)
    if error := desk.org.refusal(table, ident, values):
        return _failed(error, ident)
    row = desk.org.found(table, ident)
    assert row is not None
    if not hollow:
        desk.org.change(table, row["Id"], values, who=who, how="collection")
    return {"id": row["Id"], "success": True, "errors": []}


def make(desk: Desk, request: Request, who: str, _how: str) -> Answer:
    """Up to 200 new records; one result each, in their order."""
    records = request.json().get("records", [])
    if len(records) > COLLECTION_MOST:
        raise Refused(400, "EXCEEDED_ID_LIMIT", "record limit reached. cannot submit more")
    results = []
    for record in records:
        table = record["attributes"]["type"]
        values = {k: v for k, v in record.items() if k != "attributes"}
        if not is_open(desk, table):
            error: Error | None = Error("INVALID_TYPE", f"sObject type '{table}' is not supported.")
        else:
            error = desk.org.refusal(table, None, values)
        if error:
            results.append(_failed(error, None))
            continue
        hollow = "hollow" in request.headers
        ident = "" if hollow else desk.org.create(table, values, who=who, how="collection")
        results.append({"id": ident, "success": True, "errors": []})
    return Answer(200, results)


def upsert(desk: Desk, request: Request, who: str, _how: str, table: str, key: str) -> Answer:
    """Write or create up to 200 records, known by a field."""
    results = []
    for record in request.json().get("records", []):
        values = {k: v for k, v in record.items() if k not in {"attributes", key}}
        row = desk.org.found(table, record.get(key) or "") if key == "Id" else None
        error = desk.org.refusal(table, row["Id"] if row else None, values)
        if error:
            results.append(_failed(error, row["Id"] if row else None))
        elif row:
            desk.org.change(table, row["Id"], values, who=who, how="collection")
            results.append({"id": row["Id"], "success": True, "errors": [], "created": False})
        else:
            ident = desk.org.create(table, values, who=who, how="collection")
            results.append({"id": ident, "success": True, "errors": [], "created": True})
    return Answer(200, results)


def composite(desk: Desk, request: Request, who: str, _how: str) -> Answer:
    """Up to 25 requests in one, of which five may be queries or collections."""
    parts = request.json().get("compositeRequest", [])
    if len(parts) > COMPOSITE_MOST:
        raise Refused(400, "LIMIT_EXCEEDED", f"no more than {COMPOSITE_MOST} operations")
    if sum(bool(re.search(r"/(query|composite/sobjects)", p["url"])) for p in parts) > QUERIES_MOST:
        raise Refused(400, "LIMIT_EXCEEDED", f"no more than {QUERIES_MOST} queries")
    return Answer(200, {"compositeResponse": [_part(desk, part, who) for part in parts]})


def _part(desk: Desk, part: Mapping[str, Any], who: str) -> dict[str, Any]:
    where = urlsplit(part["url"])
    own = part.get("httpHeaders", {}) if desk.composite_headers else {}
    answer = desk.routed(
        Request(
            part["method"],
            unquote(where.path),
            dict(parse_qsl(where.query)),
            {name.lower(): value for name, value in own.items()},
            orjson.dumps(part.get("body", {})),
        ),
        who,
        how="composite",
    )
    return {
        "body": answer.body,
        "httpHeaders": dict(answer.headers),
        "httpStatusCode": answer.status,
        "referenceId": part["referenceId"],
    }


def add_field(desk: Desk, request: Request, _who: str, _how: str) -> Answer:
    """A custom field, made through the Tooling API. Nobody may see it yet."""
    body = request.json()
    table, _, name = str(body["FullName"]).partition(".")
    about = body["Metadata"]
    if table not in desk.org.tables:
        raise Refused(400, "INVALID_TYPE", f"no object {table}")
    if name in desk.org.tables[table].fields:
        raise Refused(400, "DUPLICATE_DEVELOPER_NAME", f"There is already a field named {name}")
    desk.org.add_field(table, _custom(name, about))
    desk.org.hidden.add((table, name))
    return Answer(201, {"id": f"00N{len(name):012d}AAA", "success": True, "errors": []})


def show_field(desk: Desk, _request: Request, _who: str, _how: str, ident: str) -> Answer:
    """A custom field as the Tooling API tells of it."""
    _, one = _own(desk, ident)
    listed = [{"fullName": v, "label": v, "default": False} for v in one.values]
    about = {"label": one.label, "type": one.type, "valueSet": None}
    if one.type == "picklist":
        definition = {"sorted": False, "value": listed}
        about["valueSet"] = {"restricted": one.restricted, "valueSetDefinition": definition}
    return Answer(200, {"Id": ident, "Metadata": about})


def find_field(desk: Desk, request: Request, _who: str, _how: str) -> Answer:
    """A custom field by its name: the one tooling query that is understood."""
    found = re.search(
        r"DeveloperName = '(\w+)' AND EntityDefinition.QualifiedApiName = '(\w+)'",
        request.query.get("q", ""),
    )
    if found is None:
        raise Refused(400, "MALFORMED_QUERY", "not understood")
    name, table = f"{found[1]}__c", found[2]
    there = name in desk.org.tables[table].fields
    rows = [{"Id": f"{table}.{name}"}] if there else []
    return Answer(200, {"totalSize": len(rows), "done": True, "records": rows})


def change_field(desk: Desk, request: Request, _who: str, _how: str, ident: str) -> Answer:
    """A custom field gets other metadata; only its list of values is looked at."""
    _, one = _own(desk, ident)
    about = request.json()["Metadata"]
    if about["type"] != one.type:
        raise Refused(400, "FIELD_INTEGRITY_EXCEPTION", "the type cannot be changed like this")
    value_set = about.get("valueSet") or {}
    values = (value_set.get("valueSetDefinition") or {}).get("value", ())
    one.values = tuple(value["fullName"] for value in values)
    return Answer(204)


def _own(desk: Desk, ident: str) -> tuple[str, Field]:
    table, _, name = ident.partition(".")
    one = desk.org.tables.get(table)
    if one is None or name not in one.fields:
        raise Refused(404, "NOT_FOUND", "The requested resource does not exist")
    return table, one.fields[name]


def change_grant(desk: Desk, request: Request, who: str, how: str, ident: str) -> Answer:
    """A right on a field that a permission set has already is made larger."""
    row = living(desk, "FieldPermissions", ident)
    desk.org.change("FieldPermissions", row["Id"], request.json(), who=who, how=how)
    _grant(desk, row)
    return Answer(204)


_TYPES = {
    "Text": "string", "Checkbox": "boolean", "Date": "date", "DateTime": "datetime",
    "Number": "double", "Picklist": "picklist", "LongTextArea": "textarea", "Phone": "phone",
    "Email": "email", "Url": "url",
}  # fmt: skip


def _shown(row: Mapping[str, Any]) -> str:
    return "!" if row.get("DoNotCall") else ""


def _custom(name: str, about: Mapping[str, Any]) -> Field:
    if "formula" in about:
        # Formulas are not worked out here; that the field is one, is what matters.
        return Field(name, "string", 1300, updateable=False, label=about["label"], formula=_shown)
    values = about.get("valueSet", {}).get("valueSetDefinition", {})
    return Field(
        name,
        _TYPES[about["type"]],
        int(about.get("length", 0)),
        label=about.get("label", name),
        values=tuple(one["fullName"] for one in values.get("value", ())),
        restricted=bool(about.get("valueSet", {}).get("restricted")),
        nillable=about["type"] != "Checkbox",
    )


def _failed(error: Error, ident: str | None) -> dict[str, Any]:
    said = {"statusCode": error.code, "message": error.message, "fields": list(error.fields)}
    shown: dict[str, Any] = {"success": False, "errors": [said]}
    return {"id": ident, **shown} if ident else shown
