"""Mandatory fields by moment (R26): a record whose cell is empty, a list without the column."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from rules.catalogue import Catalogue
from rules.changes import Finding, Severity
from rules.checks.desk import Check, Desk
from rules.checks.moments import ORDER, reached
from rules.fields.field import ACTIVITIES, Moment
from rules.records import Kind
from rules.suppression import Channel

MISSING: Final = {
    Moment.ENTRY: "missing_at_entry",
    Moment.CALL_LIST: "missing_for_call_list",
    Moment.HAND_OFF: "missing_at_hand_off",
    Moment.CLOSE: "missing_at_close",
}
NO_COLUMN: Final = {
    Moment.ENTRY: ("no_column_at_entry", Severity.WARNING),
    Moment.CALL_LIST: ("no_column_for_call_list", Severity.NOTICE),
    Moment.HAND_OFF: ("no_column_at_hand_off", Severity.NOTICE),
    Moment.CLOSE: ("no_column_at_close", Severity.NOTICE),
}
STAND_INS: Final = {"direct_phone": ("other_phone",)}
"""A field that may be empty when one of these is filled: a mobile number reaches the person, too."""


def needed(kind: Kind, moment: Moment, catalogue: Catalogue) -> tuple[str, ...]:
    """The fields that a record must have filled by then: what earlier moments ask for, too."""
    upto = ORDER[: ORDER.index(moment) + 1]
    return tuple(
        field.name
        for field in catalogue.for_kind(kind)
        if any(field.mandatory(kind, one) for one in upto)
    )


def completeness(kind: Kind, mapped: frozenset[str], catalogue: Catalogue) -> Check | None:
    """One finding for all that is empty: the moment's own name, and the fields.

    A record that says no to calls needs no more than at entry: nobody is to call it.
    """
    asked = {
        moment: tuple(name for name in needed(kind, moment, catalogue) if name in mapped)
        for moment in Moment
    }
    if not any(asked.values()):
        return None

    def check(desk: Desk) -> None:
        names = asked[desk.moment]
        values = desk.values
        for name in names:
            text = values.get(name)
            if not text or text.__class__ is not str or text.isspace():
                break
        else:
            return
        moment = Moment.ENTRY if _is_refused(desk) else desk.moment
        _tell(desk, moment, [name for name in asked[moment] if _is_empty(desk, name)])

    return check


def _is_refused(desk: Desk) -> bool:
    return desk.moment is not Moment.ENTRY and bool(desk.refuses() & {Channel.ALL, Channel.CALL})


def _is_empty(desk: Desk, name: str) -> bool:
    return not (desk.text(name) or any(desk.text(other) for other in STAND_INS.get(name, ())))


def _tell(desk: Desk, moment: Moment, empty: list[str]) -> None:
    desk.told = frozenset(empty)
    if "outcome" in empty and desk.kind in ACTIVITIES:
        desk.note("without_outcome", Severity.WARNING, "outcome")
        empty.remove("outcome")
    if empty:
        desk.note(MISSING[moment], Severity.WARNING, None, fields=", ".join(empty))


def lacking(kind: Kind, mapped: frozenset[str], catalogue: Catalogue) -> Iterator[Finding]:
    """What a list has no column for, by the moment that first asks for it: said once a list."""
    before: set[str] = set()
    for moment in reached(kind):
        names = [
            name
            for name in needed(kind, moment, catalogue)
            if name not in mapped
            and name not in before
            and mapped.isdisjoint(STAND_INS.get(name, ()))
        ]
        before.update(names)
        if names:
            code, severity = NO_COLUMN[moment]
            yield Finding(code, severity, None, {"fields": ", ".join(names)})
