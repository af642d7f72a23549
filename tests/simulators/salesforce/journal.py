"""What the org writes down of each write, and why it refuses one."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

Row = dict[str, Any]
Values = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Entry:
    """One write that the org accepted: what stood there, what was asked for, what stands now."""

    who: str
    how: str
    table: str
    ident: str
    before: Values
    asked: Values
    after: Values
    stamp: str


@dataclass(frozen=True, slots=True)
class Error:
    """Why the org refuses a write, with Salesforce's code."""

    code: str
    message: str
    fields: tuple[str, ...] = ()


def required(
    code: str, message: str, when: Callable[[str, Row], bool]
) -> Callable[..., Error | None]:
    """A validation rule of the customer's."""

    def rule(table: str, row: Row) -> Error | None:
        return Error(code, message) if when(table, row) else None

    return rule
