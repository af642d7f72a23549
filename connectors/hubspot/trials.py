"""Records of our own in a test account: made, changed, merged, taken away."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from connectors.hubspot.client import Api
from connectors.hubspot.shapes import Shape


def make(api: Api, shape: Shape, values: Mapping[str, str]) -> str:
    """A new record; its number."""
    return str(api.raw("POST", shape.name, {"properties": _spelled(shape, values)})["id"])


def edit(api: Api, shape: Shape, ident: str, values: Mapping[str, str]) -> None:
    """Without a look before."""
    api.raw("PATCH", f"{shape.name}/{ident}", {"properties": _spelled(shape, values)})


def merge(api: Api, shape: Shape, winner: str, loser: str) -> str:
    """What remains may have a third number. It cannot be taken back."""
    body = {"primaryObjectId": winner, "objectIdToMerge": loser}
    return str(api.raw("POST", f"{shape.name}/merge", body)["id"])


def remove(api: Api, shape: Shape, ident: str) -> None:
    """Into the bin, where it lies for 90 days."""
    api.raw("DELETE", f"{shape.name}/{ident}", None)


def find(api: Api, shape: Shape, values: Mapping[str, str]) -> list[str]:
    """By address: a look at the records themselves, and not at the index, which lags."""
    body = {"idProperty": "email", "inputs": [{"id": values["email"]}], "properties": ["email"]}
    found = api.raw("POST", f"{shape.name}/batch/read", body).get("results", ())
    return [str(row["id"]) for row in found]


def _spelled(shape: Shape, values: Mapping[str, str]) -> dict[str, Any]:
    rows = {row.canonical: row.vendor for row in shape.rows}
    return {rows[name]: text for name, text in values.items() if name in rows}
