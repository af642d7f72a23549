"""What flags were between two readings: the history objects, for the fields that the org tracks.

`ContactHistory` and its like keep each change of a tracked field (StandardObjectNameHistory in the
Object Reference); which fields are tracked says `FieldDefinition.IsFieldHistoryTracked`. Neither is
asked before a change pull has shown that anybody changed: most pulls show nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from functools import cached_property
from typing import Any, Final, NamedTuple

from connectors.protocol import Episode
from connectors.salesforce.client import Org
from connectors.salesforce.paging import literal, moment
from connectors.salesforce.shapes import Shape
from rules.errors import SystemStopped

KEPT: Final = frozenset({"Account", "Contact", "Lead"})
"""Objects whose history has the name of the object and the word History."""

YES: Final = frozenset({True, "true"})

Row = Mapping[str, Any]


class Past(NamedTuple):
    """What became of a flag: since when it is set, and since when the last no stood that is over; ""
    where it was set when the record was made."""

    since: str | None = None
    over: str | None = None


Said = Mapping[str, Mapping[str, Past]]
"""By id and flag."""


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
            f"SELECT {parent}, Field, OldValue, NewValue, CreatedDate FROM {shape.name}History "  # noqa: S608
            f"WHERE Field IN ({listed}) AND CreatedDate >= {literal(low)} ORDER BY CreatedDate"
        )
        found: dict[str, dict[str, Past]] = {}
        try:
            for row in _all(self._org, asked):
                flags = found.setdefault(row[parent], {})
                before = flags.get(row["Field"], Past())
                if row["NewValue"] in YES:
                    flags[row["Field"]] = before._replace(since=row["CreatedDate"])
                elif row["OldValue"] in YES:
                    flags[row["Field"]] = Past(over=before.since or "")
        except SystemStopped as error:
            # It is kept, and hidden from us: whatever it holds must not be lost without a word.
            why = str(error.details.get("why", "?"))
            details = {"system": self._org.system, "stream": shape.name, "why": why}
            raise SystemStopped("salesforce.history_closed", **details) from error
        return found


def episodes(shape: Shape, rows: Iterable[Row], said: Said, low: str) -> Iterator[Episode]:
    """The noes of these rows that are over, also where the flag stands again: it may be ours.

    Of a flag that was only cleared we know from before, unless the record was made meanwhile:
    how a record begins is no change, and is not kept.
    """
    for row in rows if said else ():
        for flag, past in said.get(row["Id"], {}).items():
            at = past.over if row.get(flag) or past.since is None else past.since
            since = at or row.get("CreatedDate") or ""
            if at is not None and since >= low:
                record = shape.record({**row, flag: True})
                yield Episode(record, shape.canonical(flag), moment(since))


def _may_have(shape: Shape) -> bool:
    return shape.name in KEPT and bool(shape.flags)


def _all(org: Org, asked: str) -> Iterator[Row]:
    answer = org.query(asked, deleted=True)
    yield from answer["records"]
    while not answer["done"]:
        answer = org.more(answer["nextRecordsUrl"])
        yield from answer["records"]
