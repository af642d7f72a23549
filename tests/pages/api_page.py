"""The table within docs/api.md: each address of the API, from the table that it is made of."""

from __future__ import annotations

import re
from typing import Any

from sync.fields import table
from sync.web.call import Way
from sync.web.openapi import BINARY, described
from sync.web.ways import WAYS

_MARKED = re.compile(r"(?<=<!-- begin: ways -->\n).*(?=<!-- end: ways -->)", re.DOTALL)


def within(text: str) -> str:
    """The page with the table between its marks."""
    assert _MARKED.search(text), "the marks of the table are gone"
    paths = described("en")["paths"]
    head = ["Address", "What", "Scope", "Takes", "Gives"]
    rows = [_row(way, paths[way.path][way.method.lower()]) for way in WAYS]
    made = "\n".join(table(head, rows))
    return _MARKED.sub(lambda _: f"\n{made}\n\n", text)


def _row(way: Way, said: Any) -> list[str]:
    gives = _name(said["responses"][str(way.status)])
    if body := said.get("requestBody"):
        takes = _name(body)
    else:
        takes = ", ".join(
            f"`{one['name']}`" for one in said.get("parameters", ()) if one["in"] == "query"
        )
    return [
        f"`{way.method} {way.path}`",
        said["summary"],
        f"`{way.scope}`",
        takes,
        f"{way.status} {gives}",
    ]


def _name(holds: Any) -> str:
    """What the description calls it."""
    [(kind, content)] = holds["content"].items()
    schema = content["schema"]
    if kind == BINARY:
        return "a file"
    several = "items" in schema
    some = schema["items"] if several else schema
    names = [f"`{one['$ref'].rpartition('/')[2]}`" for one in some.get("anyOf", [some])]
    return f"[{', '.join(names)}]" if several else " or ".join(names)
