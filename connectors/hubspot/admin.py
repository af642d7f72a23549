"""What an administrator does for us in an account: rights that are tried, properties that are made.

A property that is there is never touched, whatever its type. Lists of values are made as text and
not as enumerations: HubSpot refuses a whole write for one value that is not on its list.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from requests import codes

from connectors.hubspot.client import Api
from connectors.hubspot.mapping import own_name
from connectors.hubspot.shapes import Shape
from connectors.rights import Made, Offered, Right, Wanted
from rules.catalogue import DEFAULT
from rules.errors import SystemStopped
from rules.fields.field import Type

GROUP: Final = "ringren"
FEWEST_CALLS_LEFT: Final = 1000

_TYPES: Final[Mapping[Type, tuple[str, str]]] = {
    Type.BOOL: ("bool", "booleancheckbox"),
    Type.DATE: ("date", "date"),
    Type.DATETIME: ("datetime", "date"),
    Type.NUMBER: ("number", "number"),
    Type.PHONE: ("string", "phonenumber"),
}
_TEXT: Final = ("string", "text")
_LABELS: Final = {"opt_out_call": "MÅ IKKE RINGES OP", "opt_out": "MÅ IKKE KONTAKTES"}
"""Read by whoever is about to call (R70): in capitals, at the top of the record."""
_YES_NO: Final = tuple(
    {"value": value, "label": label, "displayOrder": at, "hidden": False}
    for at, (value, label) in enumerate((("true", "Ja"), ("false", "Nej")))
)


# --- rights -----------------------------------------------------------------------------------


def rights(api: Api, wanted: Sequence[str], shapes: Mapping[str, Shape]) -> Iterator[Right]:
    """Signing in, each object and its flags, what may be written, what calls are left."""
    told = api.account()
    number, zone = str(told.get("portalId", "?")), str(told.get("timeZone", "?"))
    yield _right(number, "hubspot.right.account", account=number, zone=zone)
    scopes = api.scopes()
    for name in wanted:
        if name not in shapes:
            yield _wrong(name, "hubspot.object_hidden", stream=name)
            continue
        shape = shapes[name]
        yield _readable(api, name)
        yield from _of_fields(shape)
        if shape.thing.guards:
            yield from _of_mail_types(api, shape)
        if shape.thing.push:
            yield _writable(name, scopes)
    if api.quota:
        yield _calls(*api.quota)


def _readable(api: Api, name: str) -> Right:
    try:
        many = api.count(name)
    except SystemStopped as error:
        return _wrong(name, "hubspot.not_readable", stream=name, why=str(error.details.get("why")))
    return _right(name, "hubspot.right.object", stream=name, count=str(many))


def _of_fields(shape: Shape) -> Iterator[Right]:
    for one in (*shape.flags, *shape.blind):
        name = f"{shape.name}.{one}"
        if one in shape.blind:
            yield _wrong(name, "hubspot.opt_out_hidden", stream=shape.name, field=one)
        else:
            yield _right(name, "hubspot.right.flag", stream=shape.name, field=one)
    for one in shape.lacking:
        if one not in shape.blind:
            yield _wrong(
                f"{shape.name}.{one}",
                "hubspot.no_such_property",
                stops=False,
                stream=shape.name,
                field=one,
            )


def _of_mail_types(api: Api, shape: Shape) -> Iterator[Right]:
    """Whether contacts show that they left a type of mail."""
    try:
        there = [str(one["id"]) for one in api.mail_types() if one.get("isActive", True)]
    except SystemStopped as error:
        why = str(error.details.get("why"))
        yield _wrong("definitions", "hubspot.types_unread", stops=False, why=why)
        return
    for one in there:
        name = f"hs_email_optout_{one}"
        if name not in shape.types:
            details = {"stream": shape.name, "field": name}
            yield _wrong(f"{shape.name}.{name}", "hubspot.type_hidden", stops=False, **details)


def _writable(name: str, scopes: frozenset[str] | None) -> Right:
    """A right to write cannot be tried without writing; HubSpot tells it of a private app."""
    scope = f"crm.objects.{name}.write"
    if scopes is None:
        return _right(scope, "hubspot.right.write_untried", stream=name, scope=scope)
    if scope in scopes:
        return _right(scope, "hubspot.right.write", stream=name, scope=scope)
    return _wrong(scope, "hubspot.no_write", stops=False, stream=name, scope=scope)


def _calls(used: int, most: int) -> Right:
    left, of = str(most - used), str(most)
    if most - used < FEWEST_CALLS_LEFT:
        return _wrong("daily", "hubspot.few_calls", stops=False, left=left, most=of)
    return _right("daily", "hubspot.right.calls", left=left, most=of)


def _right(name: str, message: str, **details: str) -> Right:
    return Right(name, ok=True, message=message, details=details)


def _wrong(name: str, message: str, *, stops: bool = True, **details: str) -> Right:
    return Right(name, False, message, f"{message}.remedy", details, stops)


# --- properties -------------------------------------------------------------------------------


def missing(shapes: Mapping[str, Shape]) -> list[Wanted]:
    """Properties that HubSpot lacks and we would keep there."""
    found: list[Wanted] = []
    for shape in shapes.values():
        if not shape.thing.push:
            continue
        have = {row.canonical for row in shape.rows}
        for row in shape.thing.rows:
            name = own_name(row.canonical)
            if row.vendor == name and row.canonical not in have and name not in shape.there:
                one = DEFAULT[row.canonical]
                kind = _TYPES.get(one.type, _TEXT)[0]
                label = _LABELS.get(one.name, one.da)
                found.append(Wanted(shape.name, name, kind, label, one.name))
        found += _values(shape)
    return found


def _values(shape: Shape) -> Iterator[Wanted]:
    """Options that the customer's own lists lack which the settings map, and which we write to.

    HubSpot's own lists cannot be added to.
    """
    for row in shape.rows:
        known, listed = DEFAULT.get(row.canonical), shape.options.get(row.vendor)
        if not (known and known.closed and row.write and listed and row.vendor in shape.own):
            continue
        lacking = tuple(c.value for c in known.choices if c.value not in listed)
        if lacking and row.vendor not in shape.locked:
            yield Wanted(
                shape.name, row.vendor, "enumeration", known.da, known.name, lacking, "values"
            )


def _wish(one: Wanted) -> dict[str, Any]:
    """A property as HubSpot takes it."""
    known = DEFAULT.get(one.canonical)
    forms = {kind: form for kind, form in (*_TYPES.values(), _TEXT) if kind != "string"}
    kind, form = _TYPES.get(known.type, _TEXT) if known else (one.type, forms.get(one.type, "text"))
    wish: dict[str, Any] = {
        "name": one.name,
        "label": one.label,
        "type": kind,
        "fieldType": form,
        "groupName": GROUP,
        "description": "Ringren",
        "formField": False,
    }
    return {**wish, "options": list(_YES_NO)} if kind == "bool" else wish


def provision(api: Api, wanted: Sequence[Wanted]) -> Iterator[Made]:
    """Make what is wanted one by one, properties in a group of ours. What failed is told, and the
    others go on."""
    for name in dict.fromkeys(one.stream for one in wanted if one.what == "field"):
        if GROUP not in api.groups(name):
            api.add_group(name, GROUP, "Ringren")
    for one in wanted:
        if one.what == "values":
            status, why = _add_options(api, one)
        else:
            status, why = api.add_property(one.stream, _wish(one))
        if status >= codes.bad_request:
            yield Made(one, ok=False, message="hubspot.not_made", details={"why": why})
        else:
            yield Made(one, ok=True)


def _add_options(api: Api, one: Wanted) -> tuple[int, str]:
    """The list as it is now, and the new options behind it: HubSpot takes the whole list."""
    [there] = [o for o in api.properties(one.stream) if o["name"] == one.name]
    known = {str(option["value"]) for option in there["options"]}
    labels = {choice.value: choice.da for choice in DEFAULT[one.canonical].choices}
    at = len(there["options"])
    new = [
        {"value": v, "label": labels.get(v, v), "displayOrder": at + n, "hidden": False}
        for n, v in enumerate(v for v in one.values if v not in known)
    ]
    return api.change_property(one.stream, one.name, {"options": [*there["options"], *new]})


# --- what else there is -----------------------------------------------------------------------

SAMPLE: Final = 200
_TYPED: Final[Mapping[str, str]] = {
    "bool": "flag", "number": "number", "date": "day", "datetime": "moment", "enumeration": "pick",
}  # fmt: skip
_FORMS: Final = {"phonenumber": "phone", "textarea": "note", "html": "note", "file": "other"}


def offered(shape: Shape, described: Sequence[Mapping[str, Any]]) -> Iterator[Offered]:
    """The account's own properties of an object that nothing is mapped to."""
    mapped = {row.vendor for row in shape.rows}
    mails = {name for name, kind in shape.keys if kind == "email"}
    for one in described:
        name = str(one["name"])
        if one.get("hubspotDefined") or one.get("calculated") or name in mapped:
            continue
        typed = _TYPED.get(str(one["type"])) or _FORMS.get(str(one["fieldType"]), "text")
        typed = "email" if name in mails and typed == "text" else typed
        values = tuple(str(o["label"]) for o in one.get("options") or ()) if typed == "pick" else ()
        yield Offered(shape.name, name, (str(one["label"]),), typed, values)


def sample(api: Api, shape: Shape, names: Sequence[str]) -> list[dict[str, str | None]]:
    """These properties of the records that were changed last."""
    body = {
        "filterGroups": [],
        "sorts": [{"propertyName": shape.thing.stamp, "direction": "DESCENDING"}],
        "properties": list(names),
        "limit": SAMPLE,
    }
    rows = api.search(shape.name, body)["results"]
    return [{name: row["properties"].get(name) or None for name in names} for row in rows]
