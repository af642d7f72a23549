"""What flags were between two readings: the history objects, for the fields that the org tracks.

`ContactHistory` and its like keep each change of a tracked field (StandardObjectNameHistory in the
Object Reference); which fields are tracked says `FieldDefinition.IsFieldHistoryTracked`. Neither is
asked before a change pull has shown that anybody changed: most pulls show nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cached_property
from typing import Any, Final, NamedTuple

from connectors.flags import Over, told
from connectors.protocol import Episode
from connectors.salesforce.client import Org
from connectors.salesforce.paging import literal, moment
from connectors.salesforce.shapes import Shape
from rules.errors import SystemStopped

KEPT: Final = frozenset({"Account", "Contact", "Lead"})
"""Objects whose history has the name of the object and the word History."""

YES: Final = frozenset({True, "true"})

Row = Mapping[str, Any]


class Turn(NamedTuple):
    """A flag was set, or cleared. `theirs`: by somebody else than us."""

    at: str
    no: bool
    theirs: bool


Said = Mapping[str, Mapping[str, Sequence[Turn]]]
"""How flags turned, oldest first, by id and flag."""


class Pasts:
    """The histories of one org, for the objects that we read."""

    def __init__(self, org: Org, shapes: Mapping[str, Shape]) -> None:
        self._org, self._shapes = org, shapes

    @cached_property
    def tracked(self) -> Mapping[str, tuple[str, ...]]:
        """Object → those of its flags whose changes are kept: one call for all objects."""
        names = sorted(one.name for one in self._shapes.values() if _may_have(one))
        if not names:
            return {}
        listed = ", ".join(f"'{name}'" for name in names)
        asked = (
            "SELECT QualifiedApiName, EntityDefinition.QualifiedApiName FROM FieldDefinition "  # noqa: S608
            f"WHERE EntityDefinition.QualifiedApiName IN ({listed}) AND IsFieldHistoryTracked = true"
        )
        there = {
            (row["EntityDefinition"]["QualifiedApiName"], row["QualifiedApiName"])
            for row in _all(self._org, asked)
        }
        return {
            name: tuple(flag for flag in self._shapes[name].flags if (name, flag) in there)
            for name in names
        }

    def said(self, shape: Shape, low: str) -> Said:
        """The flags that were set or cleared since then; one call, none where nothing is kept."""
        tracked = self.tracked.get(shape.name, ())
        if not tracked:
            return {}
        listed, parent = ", ".join(f"'{flag}'" for flag in tracked), f"{shape.name}Id"
        asked = (
            f"SELECT {parent}, Field, OldValue, NewValue, CreatedDate, CreatedById "  # noqa: S608
            f"FROM {shape.name}History WHERE Field IN ({listed}) "
            f"AND CreatedDate >= {literal(low)} ORDER BY CreatedDate"
        )
        found: dict[str, dict[str, list[Turn]]] = {}
        try:
            for row in _all(self._org, asked):
                if not YES.isdisjoint((row["OldValue"], row["NewValue"])):
                    turns = found.setdefault(row[parent], {}).setdefault(row["Field"], [])
                    theirs = self._is_theirs(row.get("CreatedById"))
                    turns.append(Turn(row["CreatedDate"], row["NewValue"] in YES, theirs))
        except SystemStopped as error:
            # It is kept, and hidden from us: whatever it holds must not be lost without a word.
            why = str(error.details.get("why", "?"))
            details = {"system": self._org.system, "stream": shape.name, "why": why}
            raise SystemStopped("salesforce.history_closed", **details) from error
        return found

    def _is_theirs(self, user: str | None) -> bool:
        return bool(user and self._org.user) and user != self._org.user


def episodes(shape: Shape, rows: Iterable[Row], said: Said, low: str) -> Iterator[Episode]:
    """The noes of these rows that are over, also where the flag stands again: it may be ours.

    Of a flag that was only cleared we know from before, unless the record was made meanwhile:
    how a record begins is no change, and is not kept.
    """
    for row in rows if said else ():
        for flag, turns in said.get(row["Id"], {}).items():
            noes = _over(turns, row.get("CreatedDate") or "", stands=bool(row.get(flag)))
            over = [Over(moment(since), theirs) for since, theirs in noes if since >= low]
            if over:
                yield from told(shape.record({**row, flag: True}), shape.canonical(flag), over)


def _over(turns: Iterable[Turn], made: str, *, stands: bool) -> Iterator[tuple[str, bool]]:
    """Since when each no stood that is over, and whether it was somebody else's. What a record was
    made with is not ours: we only set flags on what is there."""
    began: Turn | None = None
    for turn in turns:
        if not turn.no:
            yield (began.at, began.theirs) if began else (made, True)
        began = turn if turn.no else None
    if began and not stands:
        yield began.at, began.theirs


def _may_have(shape: Shape) -> bool:
    return shape.name in KEPT and bool(shape.flags)


def _all(org: Org, asked: str) -> Iterator[Row]:
    answer = org.query(asked, deleted=True)
    yield from answer["records"]
    while not answer["done"]:
        answer = org.more(answer["nextRecordsUrl"])
        yield from answer["records"]
