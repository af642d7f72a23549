"""What an org lacks for us, and making it: fields, values of picklists, rights on fields.

Fields and values are made through the Tooling API. Nobody sees a new field until a permission set
grants it, and a standard one may be hidden too: both are granted here. No type is ever changed, no
value and no right taken away.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from http import HTTPStatus
from typing import Any, Final

import orjson

from connectors.rights import Made, Wanted
from connectors.salesforce.client import Org, code_of
from connectors.salesforce.mapping import own_name
from connectors.salesforce.shapes import Shape
from rules.catalogue import DEFAULT
from rules.fields.field import Field, Type

PERMISSION_SET: Final = "Ringren"

_WARNING: Final = "RR_Warning__c"
_READ, _EDIT = "Read", "Read, Edit"
_THERE: Final = frozenset({"DUPLICATE_DEVELOPER_NAME", "DUPLICATE_VALUE"})

_TYPES: Final[Mapping[Type, Mapping[str, Any]]] = {
    Type.BOOL: {"type": "Checkbox", "defaultValue": "false"},
    Type.DATE: {"type": "Date"},
    Type.DATETIME: {"type": "DateTime"},
    Type.NUMBER: {"type": "Number", "precision": 18, "scale": 0},
    Type.CVR: {"type": "Text", "length": 20},
    Type.CODE: {"type": "Text", "length": 40},
}
_TEXT: Final[Mapping[str, Any]] = {"type": "Text", "length": 255}


# --- what is missing --------------------------------------------------------------------------


def missing(
    shapes: Mapping[str, Shape], described: Mapping[str, Mapping[str, Any]]
) -> list[Wanted]:
    """What Salesforce lacks and we would keep or see there. `described` are the objects as told.

    A field that exists and is hidden from our user is not seen, and so is asked for again: making
    it is refused then, and it is granted.
    """
    found: list[Wanted] = []
    for shape in shapes.values():
        if shape.thing.push:
            there = {one["name"]: one for one in described[shape.name]["fields"]}
            found += [*_rights(shape, there), *_fields(shape, there), *_values(shape, there)]
    return found


def _fields(shape: Shape, there: Mapping[str, Any]) -> Iterator[Wanted]:
    have = {row.canonical for row in shape.rows}
    own = [row for row in shape.thing.rows if row.vendor == own_name(row.canonical)]
    made = [_wanted(shape.name, DEFAULT[row.canonical]) for row in own if row.canonical not in have]
    yield from made
    formula = _warning(shape, made, there)
    if formula and _WARNING not in there:
        yield Wanted(shape.name, _WARNING, "Formula", "Advarsel", formula=formula)


def _wanted(stream: str, one: Field) -> Wanted:
    kind = "Picklist" if one.choices else str(_TYPES.get(one.type, _TEXT)["type"])
    values = tuple(choice.value for choice in one.choices)
    return Wanted(stream, own_name(one.name), kind, one.da, one.name, values)


def _values(shape: Shape, there: Mapping[str, Any]) -> Iterator[Wanted]:
    """Values of ours that the picklists lack which we write to, and which the customer can change."""
    for row in shape.rows:
        one, known = there.get(row.vendor), DEFAULT.get(row.canonical)
        if not (one and known and known.closed and row.write and one.get("custom")):
            continue
        if one["type"] == "picklist":
            listed = {value["value"] for value in one["picklistValues"]}
            lacking = tuple(c.value for c in known.choices if c.value not in listed)
            if lacking:
                label = str(one["label"])
                yield Wanted(
                    shape.name, row.vendor, "Picklist", label, known.name, lacking, "values"
                )


def _rights(shape: Shape, there: Mapping[str, Any]) -> Iterator[Wanted]:
    """Flags that say no and are hidden or closed, and fields that we correct and may not write."""
    needed = [one for one in shape.thing.guards if one in shape.blind or one in shape.locked]
    needed += [
        row.vendor
        for row in shape.rows
        if row.write
        and row.vendor in shape.locked
        and there[row.vendor].get("permissionable")
        and not there[row.vendor].get("calculated")
    ]
    for name in dict.fromkeys(needed):
        label = str(there[name]["label"]) if name in there else name
        yield Wanted(shape.name, name, _EDIT, label, what="right")


def _warning(shape: Shape, made: Sequence[Wanted], there: Mapping[str, Any]) -> str:
    """A formula: shown at the top of the record, where the layout places it (R70)."""
    fields = {row.canonical: row.vendor for row in shape.rows if "." not in row.vendor}
    fields |= {one.canonical: one.name for one in made}
    for canonical, name in zip(("opt_out_call", "opt_out_email"), shape.thing.guards, strict=False):
        fields.setdefault(canonical, name)
    words = [
        (fields.get("opt_out"), "MÅ IKKE KONTAKTES"),
        (fields.get("opt_out_call"), "MÅ IKKE RINGES OP"),
        (fields.get("opt_out_email"), "INGEN E-MAIL"),
    ]
    parts = [f'IF({name}, "{said}. ", "")' for name, said in words if name]
    if basis := fields.get("lawful_basis"):
        listed = there[basis]["type"] == "picklist" if basis in there else True
        empty = f'ISPICKVAL({basis}, "")' if listed else f"ISBLANK({basis})"
        parts.append(f'IF({empty}, "INTET LOVLIGT GRUNDLAG. ", "")')
    return f"TRIM({' & '.join(parts)})" if parts else ""


# --- making it --------------------------------------------------------------------------------


def provision(org: Org, wanted: Sequence[Wanted], permission_set: str) -> Iterator[Made]:
    """Make what is wanted, one by one. What failed is told, and the others go on."""
    grants = _Grants(org, permission_set)
    for one in wanted:
        if one.what == "values":
            yield _with_values(org, one)
        elif one.what == "right":
            yield _granted(grants, one)
        else:
            yield _field(org, grants, one)


def _field(org: Org, grants: _Grants, one: Wanted) -> Made:
    body = {"FullName": f"{one.stream}.{one.name}", "Metadata": _about(one)}
    made = org.write("POST", "/tooling/sobjects/CustomField", body)
    if made.status_code >= HTTPStatus.BAD_REQUEST:
        why = _why(made.content)
        if why["why"] in _THERE and grants.give(one):
            # It was there all along, and hidden from us. Of what type it is, the next look shows.
            return Made(one, ok=True, message="salesforce.was_there")
        return _refused(one, why)
    return _granted(grants, one)


def _refused(one: Wanted, why: Mapping[str, str]) -> Made:
    return Made(one, ok=False, message="salesforce.not_made", details=why)


def _granted(grants: _Grants, one: Wanted) -> Made:
    if grants.give(one):
        return Made(one, ok=True)
    details = {"field": f"{one.stream}.{one.name}", "set": grants.name}
    if one.what == "right":
        return Made(one, ok=False, message="salesforce.right_not_given", details=details)
    return Made(one, ok=True, message="salesforce.not_granted", details=details)


class _Grants:
    """The rights on fields of one permission set. Rights are added, never taken away."""

    def __init__(self, org: Org, name: str) -> None:
        self._org, self.name = org, name
        self._parent = self._id()
        self._rows: dict[str, str] | None = None

    def _id(self) -> str | None:
        safe = "".join(c for c in self.name if c.isalnum() or c == "_")
        asked = f"SELECT Id FROM PermissionSet WHERE Name = '{safe}'"  # noqa: S608 - letters only
        rows = self._org.query(asked, deleted=False)["records"]
        return str(rows[0]["Id"]) if rows else None

    def give(self, one: Wanted) -> bool:
        """Read, and edit where it is no formula; False when there is no such set, or it is refused."""
        if self._parent is None:
            return False
        full, edit = f"{one.stream}.{one.name}", one.type != "Formula"
        rights = {"PermissionsRead": True, "PermissionsEdit": edit}
        if ident := self._there().get(full):
            answer = self._org.write("PATCH", f"/sobjects/FieldPermissions/{ident}", rights)
        else:
            where = {"ParentId": self._parent, "SobjectType": one.stream, "Field": full}
            answer = self._org.write("POST", "/sobjects/FieldPermissions", where | rights)
        return answer.status_code < HTTPStatus.BAD_REQUEST

    def _there(self) -> Mapping[str, str]:
        """Field → id of the row that grants it something already."""
        if self._rows is None:
            # The id is one that the org gave us.
            asked = f"SELECT Id, Field FROM FieldPermissions WHERE ParentId = '{self._parent}'"  # noqa: S608
            answer = self._org.query(asked, deleted=False)
            rows = list(answer["records"])
            while not answer["done"]:
                answer = self._org.more(answer["nextRecordsUrl"])
                rows += answer["records"]
            self._rows = {str(row["Field"]): str(row["Id"]) for row in rows}
        return self._rows


def _about(one: Wanted) -> dict[str, Any]:
    """A field's metadata, as the Tooling API takes it."""
    told = DEFAULT.get(one.canonical)
    if one.formula:
        return {"label": one.label, "type": "Text", "formula": one.formula}
    if one.values:
        set_ = {"restricted": False, "valueSetDefinition": _listed(one)}
        return {"label": one.label, "type": "Picklist", "valueSet": set_}
    shape = _TYPES.get(told.type, _TEXT) if told else _TEXT
    return {"label": one.label, **shape}


def _listed(one: Wanted) -> dict[str, Any]:
    return {"sorted": False, "value": [_value(one, value) for value in one.values]}


def _value(one: Wanted, value: str) -> dict[str, Any]:
    labels = {c.value: c.da for c in DEFAULT[one.canonical].choices}
    return {"fullName": value, "label": labels.get(value, value), "default": False}


def _with_values(org: Org, one: Wanted) -> Made:
    """The list as it is, and the new values behind it; everything else of the field stays."""
    field = org.custom_field(one.stream, one.name)
    if field is None:
        return _refused(one, {"why": "NOT_FOUND"})
    ident, metadata = field
    definition = (metadata.get("valueSet") or {}).get("valueSetDefinition")
    if definition is None:
        # A global list, which other fields share: that is not ours to add to.
        return Made(one, ok=False, message="salesforce.shared_list", details={"field": one.name})
    known = {value["fullName"] for value in definition["value"]}
    definition["value"] += [_value(one, value) for value in one.values if value not in known]
    answer = org.write("PATCH", f"/tooling/sobjects/CustomField/{ident}", {"Metadata": metadata})
    if answer.status_code >= HTTPStatus.BAD_REQUEST:
        return _refused(one, _why(answer.content))
    return Made(one, ok=True)


def _why(content: bytes) -> dict[str, str]:
    try:
        return {"why": code_of(orjson.loads(content)) or "?"}
    except orjson.JSONDecodeError:
        return {"why": "?"}
