"""Records of our own in a sandbox: made, changed, taken away."""

from __future__ import annotations

from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

import orjson
import requests

from connectors.salesforce.client import Org
from connectors.salesforce.shapes import Shape


def make(org: Org, shape: Shape, values: Mapping[str, str]) -> str:
    """A new record; its id."""
    answer = org.write("POST", f"/sobjects/{shape.name}", _spelled(shape, values))
    return str(_checked(org, answer)["id"])


def edit(org: Org, shape: Shape, ident: str, values: Mapping[str, str]) -> None:
    """Without a guard."""
    _checked(org, org.write("PATCH", f"/sobjects/{shape.name}/{ident}", _spelled(shape, values)))


def remove(org: Org, shape: Shape, ident: str) -> None:
    """Into the recycle bin."""
    answer = org.write("DELETE", f"/sobjects/{shape.name}/{ident}", None)
    if answer.status_code != HTTPStatus.NOT_FOUND:
        _checked(org, answer)


def find(org: Org, shape: Shape, values: Mapping[str, str]) -> list[str]:
    """By last name; letters, digits and blanks only."""
    [vendor] = [row.vendor for row in shape.rows if row.canonical == "last_name"]
    name = "".join(c for c in values["last_name"] if c.isalnum() or c == " ")
    asked = f"SELECT Id FROM {shape.name} WHERE {vendor} = '{name}'"  # noqa: S608 - see above
    return [str(row["Id"]) for row in org.query(asked, deleted=False)["records"]]


def _spelled(shape: Shape, values: Mapping[str, str]) -> dict[str, Any]:
    rows = {row.canonical: row for row in shape.rows}
    return {
        rows[name].vendor: text == "true" if rows[name].read == "flag" else text
        for name, text in values.items()
        if name in rows
    }


def _checked(org: Org, answer: requests.Response) -> Any:
    content = orjson.loads(answer.content) if answer.content else {}
    if answer.status_code >= HTTPStatus.BAD_REQUEST:
        raise org.trouble(answer.status_code, content)
    return content
