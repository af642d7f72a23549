"""Reading what vendors send: total, so that a shape nobody told us of is nothing, and no error."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from decimal import Decimal, InvalidOperation
from typing import Any


def inside(doc: Any, path: str) -> Any:
    """What stands under `a.b.c`; None where a step is missing or no object."""
    for name in path.split("."):
        doc = doc.get(name) if isinstance(doc, Mapping) else None
    return doc


def rows(value: Any) -> list[Mapping[str, Any]]:
    """The objects of a list."""
    listed = value if isinstance(value, list) else []
    return [one for one in listed if isinstance(one, Mapping)]


def text(value: Any) -> str:
    """One line of text; nothing for what is neither text nor a number."""
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        return ""
    return " ".join(str(value).split())


def whole(value: Any) -> int | None:
    """A count, of 0 and more."""
    good = isinstance(value, int) and not isinstance(value, bool) and value >= 0
    return value if good else None


def amount(value: Any) -> Decimal | None:
    """An amount of money, or anything else that is reckoned with."""
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        return None
    try:
        found = Decimal(str(value))
    except InvalidOperation:
        return None
    return found if found.is_finite() else None


def day(value: Any) -> date | None:
    """The day of a moment as vendors write it, with or without a time."""
    try:
        return date.fromisoformat(value[:10]) if isinstance(value, str) else None
    except ValueError:
        return None


def cvr_number(value: Any) -> str:
    """Eight digits, of a number or of text that may begin with the country; empty for all else."""
    said = text(value).upper().removeprefix("DK").replace(" ", "")
    good = said.isascii() and said.isdecimal() and 0 < len(said) <= 8
    return said.zfill(8) if good else ""
