"""What an administrator does for us in an org: rights that are tried, fields that are made.

Fields are made through the Tooling API, and nobody sees a new one until a permission set grants it:
both are done here. A field that is there is never touched.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from http import HTTPStatus
from typing import Any, Final

import orjson

from connectors.rights import Made, Offered, Right, Wanted
from connectors.salesforce.client import Org, code_of
from connectors.salesforce.mapping import own_name
from connectors.salesforce.pulling import LOG_LEAST
from connectors.salesforce.shapes import Shape
from connectors.translate import text
from rules.catalogue import DEFAULT
from rules.errors import RingrenError
from rules.fields.field import Field, Type

FEWEST_CALLS_LEFT: Final = 1000
PERMISSION_SET: Final = "Ringren"

_CHECKED: Final = "RR_Manual_Check__c"
_WHY: Final = "RR_Manual_Check_Reason__c"
_WARNING: Final = "RR_Warning__c"
_WARNED: Final = ("Contact", "Lead")

_TYPES: Final[Mapping[Type, Mapping[str, Any]]] = {
    Type.BOOL: {"type": "Checkbox", "defaultValue": "false"},
    Type.DATE: {"type": "Date"},
    Type.DATETIME: {"type": "DateTime"},
    Type.NUMBER: {"type": "Number", "precision": 18, "scale": 0},
    Type.CVR: {"type": "Text", "length": 20},
    Type.CODE: {"type": "Text", "length": 40},
}
_TEXT: Final[Mapping[str, Any]] = {"type": "Text", "length": 255}


# --- rights ----------------------------------------------------------------------------------


def rights(org: Org, shapes: Mapping[str, Shape], wanted: Sequence[str]) -> Iterator[Right]:
    """Signing in, the version, each object, each field, the delete log, what calls are left."""
    yield _spoken(org)
    for name in wanted:
        if shape := shapes.get(name):
            yield _right(name, "salesforce.right.object", stream=name)
            yield from _of_fields(shape)
            yield _log(org, name)
        else:
            yield _wrong(name, "salesforce.object_hidden", field=name, stream=name)
    yield _calls(org)


def _spoken(org: Org) -> Right:
    spoken = [one["version"] for one in org.versions()]
    if org.version in spoken:
        return _right(f"v{org.version}", "salesforce.right.version", version=org.version)
    newest = max(spoken, default="?", key=float)
    return _wrong(f"v{org.version}", "salesforce.old_version", version=org.version, newest=newest)


def _of_fields(shape: Shape) -> Iterator[Right]:
    for one in shape.blind:
        yield _wrong(f"{shape.name}.{one}", "salesforce.no_hidden", stream=shape.name, field=one)
    for one in shape.thing.guards:
        if one not in shape.blind:
            name = f"{shape.name}.{one}"
            if one in shape.locked:
                yield _wrong(name, "salesforce.no_locked", stream=shape.name, field=one)
            else:
                yield _right(name, "salesforce.right.field", stream=shape.name, field=one)
    for one in shape.lacking:
        details = {"stream": shape.name, "field": one}
        yield _wrong(f"{shape.name}.{one}", "salesforce.field_hidden", stops=False, **details)
    if shape.thing.push:
        for row in shape.rows:
            if row.write and row.vendor in shape.locked:
                details = {"stream": shape.name, "field": row.vendor}
                name = f"{shape.name}.{row.vendor}"
                yield _wrong(name, "salesforce.field_locked", stops=False, **details)


def _log(org: Org, name: str) -> Right:
    end = org.settled()
    try:
        org.deleted(name, end - 2 * LOG_LEAST, end)
    except RingrenError:
        return _wrong(f"{name}/deleted", "salesforce.no_log", stops=False, stream=name)
    return _right(f"{name}/deleted", "salesforce.right.log", stream=name)


def _calls(org: Org) -> Right:
    told = org.limits().get("DailyApiRequests", {})
    left, most = int(told.get("Remaining", 0)), int(told.get("Max", 0))
    details = {"left": str(left), "most": str(most)}
    if left < FEWEST_CALLS_LEFT:
        return _wrong("DailyApiRequests", "salesforce.few_calls", stops=False, **details)
    return _right("DailyApiRequests", "salesforce.right.calls", **details)


def _right(name: str, message: str, **details: str) -> Right:
    return Right(name, ok=True, message=message, details=details)


def _wrong(name: str, message: str, *, stops: bool = True, **details: str) -> Right:
    return Right(name, False, message, f"{message}.remedy", details, stops)


# --- fields ----------------------------------------------------------------------------------


def missing(shapes: Mapping[str, Shape], there: Mapping[str, frozenset[str]]) -> list[Wanted]:
    """Fields that Salesforce lacks and we would keep there. `there` are each object's fields.

    A field that exists and is hidden from our user is not seen, and so is asked for again: making
    it is refused then, and granting it is what helps.
    """
    found: list[Wanted] = []
    for shape in shapes.values():
        if not shape.thing.push:
            continue
        have = {row.canonical for row in shape.rows}
        own = [row for row in shape.thing.rows if row.vendor == own_name(row.canonical)]
        found += [
            _wanted(shape.name, DEFAULT[row.canonical]) for row in own if row.canonical not in have
        ]
        found += [one for one in _further(shape.name) if one.name not in there[shape.name]]
    return found


def _wanted(stream: str, one: Field) -> Wanted:
    kind = "Picklist" if one.choices else str(_TYPES.get(one.type, _TEXT)["type"])
    values = tuple(choice.value for choice in one.choices)
    return Wanted(stream, own_name(one.name), kind, one.da, one.name, values)


def _further(stream: str) -> Iterator[Wanted]:
    """What people see: that somebody has to look, why, and that somebody said no."""
    yield Wanted(stream, _CHECKED, "Checkbox", "Kræver manuel kontrol")
    yield Wanted(stream, _WHY, "Text", "Hvorfor manuel kontrol")
    if stream in _WARNED:
        yield Wanted(stream, _WARNING, "Formula", "Advarsel")


def _warning() -> str:
    """A formula: shown in red letters at the top of the record, where the layout places it (R70)."""
    return (
        'IF(DoNotCall, "MÅ IKKE RINGES OP", "") & IF(AND(DoNotCall, HasOptedOutOfEmail), " · ", "")'
        ' & IF(HasOptedOutOfEmail, "INGEN E-MAIL", "")'
    )


def _about(one: Wanted) -> dict[str, Any]:
    """A field's metadata, as the Tooling API takes it."""
    told = DEFAULT.get(one.canonical)
    if one.type == "Formula":
        return {"label": one.label, "type": "Text", "formula": _warning()}
    if one.values:
        values = [{"fullName": v, "label": v, "default": False} for v in one.values]
        set_ = {"restricted": False, "valueSetDefinition": {"sorted": False, "value": values}}
        return {"label": one.label, "type": "Picklist", "valueSet": set_}
    shape = _TYPES.get(told.type, _TEXT) if told else _TEXT
    if one.type == "Checkbox":
        shape = _TYPES[Type.BOOL]
    return {"label": one.label, **shape}


def provision(org: Org, wanted: Sequence[Wanted], permission_set: str) -> Iterator[Made]:
    """Make fields one by one and grant each. What failed is told, and the others go on."""
    rights_ = _permission_set(org, permission_set)
    for one in wanted:
        full = f"{one.stream}.{one.name}"
        made = org.write(
            "POST", "/tooling/sobjects/CustomField", {"FullName": full, "Metadata": _about(one)}
        )
        if made.status_code >= HTTPStatus.BAD_REQUEST:
            yield Made(one, ok=False, message="salesforce.not_made", details=_why(made.content))
            continue
        if rights_ is None:
            yield Made(one, ok=True, message="salesforce.not_granted", details={"field": full})
            continue
        granted = org.write("POST", "/sobjects/FieldPermissions", _grant(one, rights_))
        ok = granted.status_code < HTTPStatus.BAD_REQUEST
        message = "" if ok else "salesforce.not_granted"
        yield Made(one, ok=True, message=message, details={} if ok else {"field": full})


def _grant(one: Wanted, parent: str) -> dict[str, Any]:
    return {
        "ParentId": parent,
        "SobjectType": one.stream,
        "Field": f"{one.stream}.{one.name}",
        "PermissionsRead": True,
        "PermissionsEdit": one.type != "Formula",
    }


def _permission_set(org: Org, name: str) -> str | None:
    """The id of the permission set that our user has, by its API name; None when there is none."""
    safe = "".join(c for c in name if c.isalnum() or c == "_")
    asked = f"SELECT Id FROM PermissionSet WHERE Name = '{safe}'"  # noqa: S608 - letters only
    rows = org.query(asked, deleted=False)["records"]
    return str(rows[0]["Id"]) if rows else None


def _why(content: bytes) -> dict[str, str]:
    try:
        return {"why": code_of(orjson.loads(content)) or "?"}
    except orjson.JSONDecodeError:
        return {"why": "?"}


# --- what else there is -----------------------------------------------------------------------

SAMPLE: Final = 200
_NAMES_MOST: Final = 150
"""Fields of one query: its address may be about 16 KB long."""
_TYPED: Final[Mapping[str, str]] = {
    "boolean": "flag", "int": "number", "double": "number", "currency": "number",
    "percent": "number", "date": "day", "datetime": "moment", "phone": "phone", "email": "email",
    "url": "url", "string": "text", "picklist": "pick", "multipicklist": "pick", "combobox": "pick",
    "textarea": "note",
}  # fmt: skip


def offered(shape: Shape, described: Mapping[str, Any]) -> Iterator[Offered]:
    """The org's own fields of an object that nothing is mapped to."""
    mapped = {row.vendor for row in shape.rows}
    for one in described["fields"]:
        if one["custom"] and one["name"] not in mapped and not one.get("calculated"):
            values = tuple(v["label"] for v in one["picklistValues"] if v.get("active"))
            typed = _TYPED.get(one["type"], "other")
            yield Offered(shape.name, one["name"], (one["label"],), typed, values)


def sample(org: Org, shape: Shape, names: Sequence[str]) -> list[dict[str, str | None]]:
    """These fields of the records that were changed last."""
    rows: list[dict[str, str | None]] = [{} for _ in range(SAMPLE)]
    where = f" WHERE {shape.thing.only}" if shape.thing.only else ""
    most = 0
    for at in range(0, len(names), _NAMES_MOST):
        some = names[at : at + _NAMES_MOST]
        # Names are what describe gave us.
        asked = f"SELECT {', '.join(some)} FROM {shape.name}{where}"  # noqa: S608
        order = f" ORDER BY SystemModstamp DESC LIMIT {SAMPLE}"
        found = org.query(asked + order, deleted=False)["records"]
        most = max(most, len(found))
        for row, told in zip(rows, found, strict=False):
            row.update({name: text(told.get(name)) for name in some})
    return rows[:most]
