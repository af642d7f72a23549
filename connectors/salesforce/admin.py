"""What an administrator wants to know of an org: rights, tried by name, and what else there is."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from connectors.rights import Offered, Right
from connectors.salesforce.client import Org
from connectors.salesforce.consents import STATUS
from connectors.salesforce.paging import written
from connectors.salesforce.pasts import Pasts
from connectors.salesforce.pulling import LOG_LEAST
from connectors.salesforce.shapes import Shape
from connectors.translate import text
from rules.errors import RingrenError

FEWEST_CALLS_LEFT: Final = 1000


# --- rights ----------------------------------------------------------------------------------


def rights(
    org: Org, shapes: Mapping[str, Shape], wanted: Sequence[str], pasts: Pasts
) -> Iterator[Right]:
    """Signing in, the version, each object, each field, its history, the delete log, calls left."""
    yield _spoken(org)
    for name in wanted:
        if shape := shapes.get(name):
            yield _right(name, "salesforce.right.object", stream=name)
            yield from _of_fields(shape)
            yield from _of_pasts(org, shape, pasts)
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
            if one in shape.locked and (shape.thing.push or one == STATUS):
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


def _of_pasts(org: Org, shape: Shape, pasts: Pasts) -> Iterator[Right]:
    """Whether a no that is taken back before we read it can still be heard."""
    if not shape.stream.can.episodes:
        return
    try:
        tracked = pasts.tracked.get(shape.name, ())
        pasts.said(shape, written(org.settled()))
    except RingrenError:
        yield _wrong(f"{shape.name}History", "salesforce.history_hidden", stream=shape.name)
        return
    lacking = [flag for flag in shape.flags if flag not in tracked]
    details = {"stream": shape.name, "field": ", ".join(lacking or tracked)}
    if lacking:
        yield _wrong(f"{shape.name}History", "salesforce.no_history", stops=False, **details)
    else:
        yield _right(f"{shape.name}History", "salesforce.right.history", **details)


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
