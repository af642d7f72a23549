"""Rows of our own in a sandbox: made, changed, merged, taken away."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from uuid import uuid4

from connectors.dynamics.client import Org
from connectors.dynamics.shapes import Shape

_CRM = "Microsoft.Dynamics.CRM."


def make(org: Org, shape: Shape, values: Mapping[str, str]) -> str:
    """A new row under an id of ours."""
    ident = str(uuid4())
    org.post(shape.described.set, {shape.described.key: ident, **_spelled(shape, values)})
    return ident


def edit(org: Org, shape: Shape, ident: str, values: Mapping[str, str]) -> None:
    """Whatever version it has."""
    org.send("PATCH", f"{shape.described.set}({ident})", _spelled(shape, values))


def merge(org: Org, shape: Shape, winner: str, loser: str) -> str:
    """The winner's values stay."""
    row = {"@odata.type": f"{_CRM}{shape.name}"}
    key = shape.described.key
    body = {
        "Target": {**row, key: winner},
        "Subordinate": {**row, key: loser},
        "UpdateContent": {**row, key: winner},
        "PerformParentingChecks": False,
    }
    org.post("Merge", body)
    return winner


def remove(org: Org, shape: Shape, ident: str) -> None:
    """For good."""
    org.send("DELETE", f"{shape.described.set}({ident})", None)


def find(org: Org, shape: Shape, values: Mapping[str, str]) -> list[str]:
    """By last name; letters, digits and blanks only. Merged rows are among them."""
    [column] = [row.vendor for row in shape.rows if row.canonical == "last_name"]
    name = "".join(c for c in values["last_name"] if c.isalnum() or c == " ")
    key = shape.described.key
    found = org.get(f"{shape.described.set}?$select={key}&$filter={column} eq '{name}'")
    return [str(row[key]) for row in found["value"]]


def _spelled(shape: Shape, values: Mapping[str, str]) -> dict[str, Any]:
    rows = {row.canonical: row for row in shape.rows}
    return {
        rows[name].vendor.partition("+")[0]: text == "true" if rows[name].read == "flag" else text
        for name, text in values.items()
        if name in rows
    }
