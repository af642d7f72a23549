"""OpenRefine's operation histories (Undo/Redo, Extract…) read as cleaning steps of ours.

What fits becomes a step or a column's mapping; all else is listed with its place and why.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, NamedTuple

from rules.catalogue import Catalogue
from rules.changes import NO_DETAILS
from rules.fields.field import Field, Role, Type
from rules.formats.cells import quoted, trimmed
from rules.known_headers import known_headers
from rules.records import Kind
from rules.refine import grel
from rules.refine.grel import NotRead
from rules.refine.steps import Do, Step, circles, settles

MOST: Final = 5000
"""Operations of one history; and edits of one operation."""
_NEVER: Final = frozenset(
    {Role.OPT_OUT, Role.CONSENT, Role.EVIDENCE, Role.REGISTER, Role.FREE_TEXT}
)
"""What somebody said is evidence, and free text is people's own: no step touches it."""
_VALUE: Final = frozenset({"value", "grel:value"})


class Refusal(NamedTuple):
    """An operation that is not taken over: its place, what it is called, why (a text key's end)."""

    at: int
    op: str
    why: str
    details: Mapping[str, str] = NO_DETAILS


@dataclass(slots=True)
class History:
    """What came of a history: steps by field, columns by header, and what was refused."""

    steps: dict[str, list[Step]] = field(default_factory=dict)
    columns: dict[str, str] = field(default_factory=dict)
    """Headers of which only their new name says what they hold -> the field."""
    refused: list[Refusal] = field(default_factory=list)


def read(
    operations: object, kind: Kind, catalogue: Catalogue, mapped: Mapping[str, str] = NO_DETAILS
) -> History:
    """The steps of a history of a list of `kind`. `mapped`: header -> field, where settings say so.

    ValueError when it is no history at all.
    """
    if not (
        isinstance(operations, list) and len(operations) <= MOST and all(map(_is_one, operations))
    ):
        raise ValueError("no list of operations")
    reading = _Reading(kind, catalogue, mapped)
    for at, one in enumerate(operations, 1):
        reading.take(at, one)
    return reading.end()


def _is_one(operation: object) -> bool:
    return isinstance(operation, dict) and isinstance(operation.get("op"), str)


def may_step(field: Field) -> bool:
    """Whether steps may touch a field: not what is evidence, a reference, or people's own words."""
    return field.role not in _NEVER and field.type is not Type.REF


class _Refused(Exception):
    def __init__(self, why: str, **details: str) -> None:
        super().__init__(why)
        self.why, self.details = why, details


class _Reading:
    """One history from its first operation to its last."""

    def __init__(self, kind: Kind, catalogue: Catalogue, mapped: Mapping[str, str]) -> None:
        self._kind, self._catalogue, self._mapped = kind, catalogue, mapped
        self._headers = known_headers(catalogue, kind)
        self._found = History()
        self._first: dict[str, str] = {}
        """A column's name now -> its first name."""

    def take(self, at: int, one: Mapping[str, Any]) -> None:
        """One operation."""
        op = one["op"]
        try:
            _OPERATIONS.get(op, _Reading.unknown)(self, at, one)
        except _Refused as error:
            name = str(one.get("columnName") or one.get("oldColumnName") or "")
            details = {"column": quoted(name), **error.details}
            self._found.refused.append(Refusal(at, quoted(op), error.why, details))

    def end(self) -> History:
        """What came of it; edits that lead round in a circle are refused with the whole field."""
        for name, steps in list(self._found.steps.items()):
            if circles(steps):
                del self._found.steps[name]
                self._found.refused += [
                    Refusal(at, "core/mass-edit", "circle", {"column": name})
                    for at in sorted({step.at for step in steps})
                ]
        self._found.refused.sort(key=lambda one: one.at)
        return self._found

    # --- operations ------------------------------------------------------------------------------

    def edit(self, at: int, one: Mapping[str, Any]) -> None:
        """core/mass-edit: cells that are exactly this become that."""
        name = self._field(one)
        expression, edits = one.get("expression", "value"), one.get("edits")
        if expression not in _VALUE:
            raise _Refused("edit_expression")
        if not isinstance(edits, list) or len(edits) > MOST:
            raise _Refused("form")
        steps = [step for edit in edits if (step := self._edited(at, edit))]
        self._add(name, steps)

    def _edited(self, at: int, edit: object) -> Step | None:
        if not isinstance(edit, dict) or not isinstance(edit.get("from", []), list):
            raise _Refused("form")
        old, new = edit.get("from", []), edit.get("to")
        if not all(isinstance(text, str) for text in old):
            raise _Refused("form")
        if edit.get("fromBlank") or "" in old:
            raise _Refused("fills")
        if edit.get("fromError"):
            raise _Refused("errors")
        if not isinstance(new, str) or edit.get("type", "text") not in {"text", "string"}:
            raise _Refused("not_text")
        if not trimmed(new):
            raise _Refused("empties")
        wanted = tuple(text for text in old if text != new)
        return Step(at, Do.EDIT, wanted, new) if wanted else None

    def transform(self, at: int, one: Mapping[str, Any]) -> None:
        """core/text-transform: what an expression makes of each cell."""
        name = self._field(one)
        expression = one.get("expression")
        if not isinstance(expression, str):
            raise _Refused("form")
        if one.get("onError") == "set-to-blank":
            raise _Refused("empties")
        try:
            steps = grel.steps(expression, at)
        except NotRead as error:
            raise _Refused("expression", text=quoted(str(error))) from None
        for step in steps:
            if not settles(step):
                raise _Refused("never_settles", text=quoted(step.old[0]), new=quoted(step.new))
        self._add(name, steps)

    def rename(self, _at: int, one: Mapping[str, Any]) -> None:
        """core/column-rename: what the column holds, if its new name says so."""
        old, new = one.get("oldColumnName"), one.get("newColumnName")
        if not (isinstance(old, str) and isinstance(new, str) and new.strip()):
            raise _Refused("form")
        first = self._first.pop(old, old)
        self._first[new] = first
        known = self._called(new)
        if known is None:
            raise _Refused("new_name", text=quoted(new))
        if self._called(first) != known:
            self._found.columns[first] = known

    def remove(self, _at: int, _one: Mapping[str, Any]) -> None:
        """core/column-removal: nothing is ever deleted."""
        raise _Refused("removes")

    def unknown(self, _at: int, one: Mapping[str, Any]) -> None:
        """All others."""
        raise _Refused(_WHY.get(one["op"].removeprefix("core/").split("-")[0], "unknown"))

    # --- columns ---------------------------------------------------------------------------------

    def _add(self, name: str, steps: Sequence[Step]) -> None:
        if steps:
            self._found.steps.setdefault(name, []).extend(steps)

    def _field(self, one: Mapping[str, Any]) -> str:
        """The field that an operation works on, if steps may."""
        engine = one.get("engineConfig") or {}
        if not isinstance(engine, dict) or engine.get("facets"):
            raise _Refused("facets")
        column = one.get("columnName")
        if not isinstance(column, str):
            raise _Refused("form")
        first = self._first.get(column, column)
        name = self._found.columns.get(first) or self._called(first) or self._called(column)
        if name is None:
            raise _Refused("column")
        if not may_step(self._catalogue[name]):
            raise _Refused("never", field=name)
        return name

    def _called(self, header: str) -> str | None:
        if header in self._mapped:
            return self._mapped[header] or None
        found = self._headers.exact(header)
        if found is None:
            found = self._catalogue.get(header)
        return found.name if found and self._kind in found.kinds else None


_OPERATIONS: Final[Mapping[str, Callable[[_Reading, int, Mapping[str, Any]], None]]] = {
    "core/mass-edit": _Reading.edit,
    "core/text-transform": _Reading.transform,
    "core/column-rename": _Reading.rename,
    "core/column-removal": _Reading.remove,
    "core/column-multi-removal": _Reading.remove,
    "core/row-removal": _Reading.remove,
}

_WHY: Final = {
    "recon": "reconciled", "extend": "reconciled", "match": "reconciled",
    "row": "rows", "column": "columns", "multivalued": "rows", "transpose": "columns",
    "key": "columns", "fill": "fills", "blank": "empties",
}  # fmt: skip
"""Why the others are not taken over, by the first word of their name."""
