"""One request to the API, and what an address of it takes and gives."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import UnionType
from typing import Any

from pydantic import BaseModel

from rules.errors import UserError
from rules.keys import Key
from rules.records import Kind, Ref
from state.tokens import Scope
from sync.app import App
from sync.web import items, shapes
from sync.web.hands import Hands
from sync.web.memory import Memory
from sync.web.refusals import Refused


@dataclass(frozen=True, slots=True)
class Call:
    """One request of a program that may ask it. `app` acts in its name."""

    app: App
    by: str
    path: Mapping[str, str]
    said: Any
    """What `takes` made of the query or the body; None where nothing may be said."""
    hands: Hands
    memory: Memory

    @property
    def number(self) -> int:
        """The number of the address; Refused, as if there were no such address, when it is none."""
        text = self.path["number"]
        if not (text.isascii() and text.isdecimal() and 0 < int(text[:17]) <= shapes.LARGEST):
            raise Refused(404, "api.no_address")
        return int(text[:17])


@dataclass(frozen=True, slots=True)
class Way:
    """One address. `takes` is the query of a GET, the body of a POST, one model where `does` reads it;
    `gives` any type.

    `does` is None for those that the application answers itself; `refused` is what a 422 of theirs holds.
    """

    name: str
    method: str
    path: str
    scope: Scope
    takes: type[BaseModel] | UnionType | None
    gives: Any
    does: Callable[[Call], object] | None = None
    status: int = 200
    refused: Any = shapes.Refusal

    @property
    def sends_file(self) -> bool:
        """Whether what it takes is a form with a file."""
        return isinstance(self.takes, type) and issubclass(self.takes, shapes.Sent)


def keys_said(call: Call) -> list[Key]:
    """Whom a body names."""
    said = call.said.model_dump(include=set(items.KINDS), exclude_none=True)
    return items.keys_of(said, items.KINDS, call.app.settings.region)


def ref_said(text: str | None) -> Ref | None:
    """`system/kind/id`; UserError for anything else."""
    if text is None:
        return None
    try:
        return Ref.parse(text)
    except ValueError:
        raise UserError("usage.ref", kinds=", ".join(Kind)) from None
