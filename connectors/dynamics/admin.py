"""What an administrator does for us in an environment: rights that are tried, columns that are made.

Columns are made one by one with the prefix `rr_`. A column that is there is never touched. Choices
are made as text: labels of Dataverse's own choices differ with the language of who reads them.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from connectors.dynamics.client import Org
from connectors.dynamics.describing import privileges
from connectors.dynamics.granting import Grants
from connectors.dynamics.mapping import CONSENT, own_name
from connectors.dynamics.pasts import Pasts
from connectors.dynamics.shapes import Shape
from connectors.rights import Made, Offered, Right, Wanted
from connectors.translate import text
from rules.catalogue import DEFAULT
from rules.errors import SystemStopped
from rules.fields.field import Field, Type

DANISH: Final = 1030
"""The language code of labels (Windows LCID)."""
_CRM: Final = "Microsoft.Dynamics.CRM."

_AREAS: Final[Mapping[str, str]] = {
    "account": "Account",
    "contact": "Contact",
    "lead": "Lead",
    "opportunity": "Opportunity",
    "phonecall": "Activity",
    "appointment": "Activity",
    "email": "Activity",
    "campaignresponse": "Activity",
    "listmember": "List",
    CONSENT: CONSENT,
}
"""Privileges are named after these; all activities share one."""
_AUDIT: Final = "prvReadAuditSummary"
_NAMES: Final = ("prvReadUser", "prvReadTeam")
"""Without them owners are told by their ids."""

_TYPES: Final[Mapping[Type, tuple[str, Mapping[str, Any]]]] = {
    Type.BOOL: ("Boolean", {}),
    Type.DATE: (
        "DateTime",
        {"Format": "DateOnly", "DateTimeBehavior": {"Value": "DateOnly"}},
    ),
    Type.DATETIME: (
        "DateTime",
        {"Format": "DateAndTime", "DateTimeBehavior": {"Value": "UserLocal"}},
    ),
    Type.CVR: ("String", {"MaxLength": 20}),
    Type.CODE: ("String", {"MaxLength": 40}),
}
_TEXT: Final[tuple[str, Mapping[str, Any]]] = ("String", {"MaxLength": 255})


# --- rights ----------------------------------------------------------------------------------


def rights(
    org: Org, shapes: Mapping[str, Shape], wanted: Sequence[str], pasts: Pasts
) -> Iterator[Right]:
    """Signing in, the privileges of each table, each flag and its past, each column written."""
    held = privileges(org)
    yield _right("WhoAmI", "dynamics.right.signed_in")
    for name in wanted:
        if shape := shapes.get(name):
            yield from _of_table(shape, held)
            yield from _of_columns(shape)
            yield from _of_pasts(shape, pasts, held)
        else:
            yield _wrong(name, "dynamics.no_table", field=name, stream=name)
    for name in _NAMES:
        if name not in held:
            yield _wrong(name, "dynamics.no_names", stops=False, field=name)


def _of_table(shape: Shape, held: frozenset[str]) -> Iterator[Right]:
    for verb in _verbs(shape):
        name = f"prv{verb}{_AREAS[shape.name]}"
        if name in held:
            yield _right(name, f"dynamics.right.{verb.lower()}", stream=shape.name, field=name)
        else:
            yield _wrong(name, "dynamics.no_privilege", stream=shape.name, field=name)
    if not shape.described.tracked:
        yield _wrong(shape.name, "dynamics.not_tracked", stops=False, stream=shape.name)
    if shape.thing.push and not shape.described.guarded:
        yield _wrong(shape.name, "dynamics.not_guarded", stream=shape.name)


def _verbs(shape: Shape) -> tuple[str, ...]:
    if shape.name == CONSENT:
        return ("Read", "Write", "Create")
    return ("Read", "Write") if shape.thing.push else ("Read",)


def _of_columns(shape: Shape) -> Iterator[Right]:
    for one in shape.blind:
        yield _column(shape, one, "dynamics.no_hidden")
    columns = shape.described.columns
    for one in shape.thing.guards:
        if one in columns and one not in shape.blind:
            if columns[one].writable:
                details = {"stream": shape.name, "field": one}
                yield _right(f"{shape.name}.{one}", "dynamics.right.column", **details)
            else:
                yield _column(shape, one, "dynamics.no_locked")
    for one in shape.lacking:
        yield _column(shape, one, "dynamics.no_such_column", stops=False)
    if shape.thing.push:
        for row in shape.rows:
            if row.write and not columns[row.vendor].writable:
                yield _column(shape, row.vendor, "dynamics.column_locked", stops=False)


def _of_pasts(shape: Shape, pasts: Pasts, held: frozenset[str]) -> Iterator[Right]:
    """Whether a no that is taken back before we read it can still be heard."""
    if not shape.stream.can.episodes:
        return
    name, kept = f"{shape.name}/audit", pasts.kept(shape)
    lacking = [flag for flag in shape.flags if flag not in kept or _AUDIT not in held]
    if lacking:
        # Kept and hidden from us stops the table's readings; not kept is worth a word.
        details = {"stream": shape.name, "field": ", ".join(lacking)}
        yield _wrong(
            name, "dynamics.no_history", stops=bool(kept) and _AUDIT not in held, **details
        )
    else:
        yield _right(name, "dynamics.right.history", stream=shape.name, field=", ".join(kept))


def _column(shape: Shape, column: str, message: str, *, stops: bool = True) -> Right:
    details = {"stream": shape.name, "field": column}
    return _wrong(f"{shape.name}.{column}", message, stops=stops, **details)


def _right(name: str, message: str, **details: str) -> Right:
    return Right(name, ok=True, message=message, details=details)


def _wrong(name: str, message: str, *, stops: bool = True, **details: str) -> Right:
    return Right(name, False, message, f"{message}.remedy", details, stops)


# --- columns ---------------------------------------------------------------------------------


def missing(shapes: Mapping[str, Shape]) -> list[Wanted]:
    """Columns that Dataverse lacks and we would keep there."""
    found: list[Wanted] = []
    for shape in shapes.values():
        if not shape.thing.push:
            continue
        have, there = {row.canonical for row in shape.rows}, shape.described.columns
        own = [row.canonical for row in shape.thing.rows if row.vendor == own_name(row.canonical)]
        found += [
            _wanted(shape.name, DEFAULT[one])
            for one in own
            if one not in have and own_name(one) not in there
        ]
        found += [*_values(shape), *_columns(shape)]
    return found


def _values(shape: Shape) -> Iterator[Wanted]:
    """Choices that the environment's own columns lack which the settings map, and which we write to.

    We find a choice by its label, so the label is the value itself.
    """
    for row in shape.rows:
        known, column = DEFAULT.get(row.canonical), shape.described.columns.get(row.vendor)
        if not (known and known.closed and row.write == "option" and column and column.custom):
            continue
        listed = set(column.options.values())
        lacking = tuple(c.value for c in known.choices if c.value not in listed)
        if lacking:
            yield Wanted(
                shape.name, column.name, "Picklist", known.da, known.name, lacking, "values"
            )


def _columns(shape: Shape) -> Iterator[Wanted]:
    """Secured columns that say no, or that we correct, and that our user has no right on."""
    columns, written = shape.described.columns, [row.vendor for row in shape.rows if row.write]
    for name in dict.fromkeys((*shape.blind, *shape.thing.guards, *written)):
        one = columns.get(name)
        if one and one.secured and not (one.readable and one.writable):
            yield Wanted(shape.name, one.name, "Read, Update", one.name, what="right")


def lacking_privileges(shapes: Mapping[str, Shape], held: frozenset[str]) -> Iterator[Wanted]:
    """Privileges that tables need and our user's roles do not give."""
    asked: dict[str, str] = {}
    for shape in shapes.values():
        for verb in _verbs(shape):
            asked.setdefault(f"prv{verb}{_AREAS[shape.name]}", shape.name)
    for name, stream in asked.items():
        if name not in held:
            yield Wanted(stream, name, "Organization", name, what="right")


def _wanted(stream: str, one: Field) -> Wanted:
    kind, _ = _TYPES.get(one.type, _TEXT)
    return Wanted(stream, own_name(one.name), kind, one.da, one.name)


def provision(org: Org, wanted: Sequence[Wanted]) -> Iterator[Made]:
    """Make what is wanted one by one. What failed is told, and the others go on.

    Whoever may read the table may read a new column: nothing has to be granted for it.
    """
    grants = Grants(org)
    for one in wanted:
        try:
            _make(org, grants, one)
        except SystemStopped as error:
            why = str(error.details.get("why", "?"))
            yield Made(one, ok=False, message="dynamics.not_made", details={"why": why})
        else:
            yield Made(one, ok=True)


def _make(org: Org, grants: Grants, one: Wanted) -> None:
    if one.what == "values":
        for value in one.values:
            org.post("InsertOptionValue", _option(one, value))
        org.post("PublishXml", {"ParameterXml": _published(one.stream)})
    elif one.what == "right" and one.type == "Organization":
        grants.privilege(one.name)
    elif one.what == "right":
        grants.column(one.stream, one.name)
    else:
        org.post(f"EntityDefinitions(LogicalName='{one.stream}')/Attributes", _about(one))


def _option(one: Wanted, value: str) -> dict[str, Any]:
    where = {"EntityLogicalName": one.stream, "AttributeLogicalName": one.name}
    return {**where, "Label": _label(value)}


def _published(table: str) -> str:
    """What makes a changed list appear on forms."""
    return f"<importexportxml><entities><entity>{table}</entity></entities></importexportxml>"


def _about(one: Wanted) -> dict[str, Any]:
    """A column's metadata, as the Web API takes it."""
    told = DEFAULT.get(one.canonical)
    _, shape = _TYPES.get(told.type, _TEXT) if told else _TEXT
    if one.type == "Boolean":
        options = (("TrueOption", 1, "Ja"), ("FalseOption", 0, "Nej"))
        shape = {
            "OptionSet": {
                name: {"Value": value, "Label": _label(text)} for name, value, text in options
            }
        }
    return {
        "@odata.type": f"{_CRM}{one.type}AttributeMetadata",
        "SchemaName": one.name,
        "DisplayName": _label(one.label),
        "RequiredLevel": {"Value": "None"},
        **shape,
    }


def _label(text: str) -> dict[str, Any]:
    return {"LocalizedLabels": [{"Label": text, "LanguageCode": DANISH}]}


# --- what else there is -----------------------------------------------------------------------

SAMPLE: Final = 200
_TYPED: Final[Mapping[str, str]] = {
    "Boolean": "flag", "Integer": "number", "BigInt": "number", "Double": "number",
    "Decimal": "number", "Money": "number", "DateTime": "moment", "String": "text", "Memo": "note",
    "Picklist": "pick",
}  # fmt: skip


def offered(shape: Shape, labels: Mapping[str, tuple[str, ...]]) -> Iterator[Offered]:
    """The environment's own columns of a table that nothing is mapped to."""
    mapped = {name for row in shape.rows for name in row.vendor.split("+")}
    for name, one in shape.described.columns.items():
        if one.custom and one.readable and name not in mapped:
            typed = one.format or _TYPED.get(one.type, "other")
            said = labels.get(one.name, (one.name,))
            yield Offered(shape.name, name, said, typed, tuple(one.options.values()))


def sample(org: Org, shape: Shape, names: Sequence[str]) -> list[dict[str, str | None]]:
    """These columns of the rows that were changed last."""
    chosen = ",".join(names)
    address = f"{shape.described.set}?$select={chosen}&$orderby=modifiedon desc&$top={SAMPLE}"
    return [{name: text(row.get(name)) for name in names} for row in org.get(address)["value"]]
