"""The number that is shown to whoever is called: there must be one, and the company's own (R81)."""

from __future__ import annotations

from functools import lru_cache
from typing import Final

from rules.attempts import Direction, direction_of
from rules.catalogue import Catalogue
from rules.changes import Severity
from rules.checks.desk import Check, Desk
from rules.keys import KeyKind, keys_in
from rules.records import Kind

_FIELD: Final = "shown_number"


def caller_id(kind: Kind, mapped: frozenset[str], catalogue: Catalogue) -> Check | None:
    """Each call that went out, where the log tells what it showed."""
    del catalogue
    if kind is not Kind.CALL or _FIELD not in mapped:
        return None

    def check(desk: Desk) -> None:
        shown = desk.text(_FIELD)
        if shown in desk.terms.own_numbers or direction_of(desk.values) is Direction.INBOUND:
            return
        numbers = numbers_in(shown)
        if not numbers:
            desk.note("caller_id_hidden", Severity.WARNING, _FIELD)
        elif desk.terms.own_numbers and desk.terms.own_numbers.isdisjoint(numbers):
            desk.note("caller_id_foreign", Severity.WARNING, _FIELD)

    return check


@lru_cache(maxsize=4096)
def numbers_in(text: str) -> frozenset[str]:
    """The numbers in a cell, in their one writing; none for `hemmeligt`, `anonymous` and nothing."""
    return frozenset(key.value for key in keys_in(KeyKind.PHONE, text)) if text else frozenset()
