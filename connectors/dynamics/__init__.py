"""Dynamics 365: Dataverse's tables as streams, read by change tracking, written in guarded batches.

Pages and cursors are `pulling`'s, batches and outcomes `pushing`'s; what a table is in one
environment stands in `shapes`, what columns mean in `mapping`, rights and new columns in `admin`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from functools import cached_property
from typing import Final
from urllib.parse import quote

from connectors.barring import Barring, Refusal
from connectors.dynamics import trials
from connectors.dynamics.admin import (
    lacking_privileges,
    missing,
    offered,
    provision,
    rights,
    sample,
)
from connectors.dynamics.client import Org, among
from connectors.dynamics.consents import Consents
from connectors.dynamics.describing import (
    NameBook,
    counts,
    described,
    formats,
    options,
    own_labels,
    privileges,
)
from connectors.dynamics.mapping import CONSENT, CONSENTS, OWN, THINGS
from connectors.dynamics.pasts import Pasts
from connectors.dynamics.pulling import NEXT, anew, pull
from connectors.dynamics.pushing import Pace, Pushing
from connectors.dynamics.shapes import Described, Shape, shaped
from connectors.flags import noes_of
from connectors.protocol import Clearing, Moved, Outcome, Page, Problem, Stream, Token
from connectors.rights import Made, Offered, Right, Wanted
from rules.barring import Bar
from rules.changes import RecordChange
from rules.fields.field import PARTIES
from rules.flags import Flag
from rules.records import Record, Ref

__all__ = ["Dynamics"]

IDS_MOST: Final = 200
"""Ids of one query: an address may be some 32 KB long, on its way often no more than 16."""
_GUID: Final = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)


class Dynamics:
    """One environment.

    `objects` are the tables to be read, None for all that are known. `fields` are the settings'
    mapping: table → canonical field → column, "" to leave the field out. `opt_out_dispositions` are
    outcomes of calls that mean "do not call". `history`: what flags were
    between two readings is asked of the audit log, where there is one.
    """

    def __init__(
        self,
        name: str,
        org: Org,
        *,
        objects: Sequence[str] | None = None,
        fields: Mapping[str, Mapping[str, str]] | None = None,
        history: bool = True,
        region: str = "DK",
        opt_out_dispositions: Sequence[str] = (),
    ) -> None:
        self.name, self.org = name, org
        known = [thing.name for thing in THINGS]
        self._wanted = [one for one in known if objects is None or one in objects]
        self._asked_for = objects is not None
        self._fields = fields or {}
        self._names = NameBook(org)
        self._pace = Pace()
        self._noes = noes_of(opt_out_dispositions)
        self._history, self._pasts, self._region = history, Pasts(org), region

    @cached_property
    def shapes(self) -> Mapping[str, Shape]:
        """The tables that are there, as they stand in this environment; described once."""
        people = not {"contact", "lead"}.isdisjoint(self._wanted)
        told = described(self.org, [*self._wanted, *([CONSENT] if people else [])])
        found: dict[str, Shape] = {}
        for thing in THINGS:
            if thing.name in told:
                fields = self._fields.get(thing.name, {})
                table = self._with_labels(told[thing.name], fields)
                if thing.kind in PARTIES:
                    table = self._with_formats(table)
                found[thing.name] = shaped(
                    self.name,
                    thing,
                    table,
                    fields,
                    self._names.name,
                    history=self._history,
                    noes=self._noes,
                )
        if CONSENT in told:
            table = told[CONSENT]
            found[CONSENT] = shaped(self.name, CONSENTS, table, {}, self._names.name, history=False)
        return found

    @property
    def _own(self) -> Mapping[str, Shape]:
        """The tables whose columns are the customer's to map."""
        return {name: one for name, one in self.shapes.items() if name != CONSENT}

    @cached_property
    def _consents(self) -> Consents | None:
        shape = self.shapes.get(CONSENT)
        people = [one for name, one in self.shapes.items() if name in {"contact", "lead"}]
        return Consents(self.org, shape, people, self._region) if shape else None

    def _with_labels(self, table: Described, fields: Mapping[str, str]) -> Described:
        """Labels of choices, where the settings map one."""
        chosen = [table.columns[one] for one in fields.values() if one in table.columns]
        if not any(one.type == "Picklist" for one in chosen):
            return table
        labels = options(self.org, table.name)
        columns = {
            name: replace(one, options=labels[name]) if name in labels else one
            for name, one in table.columns.items()
        }
        return replace(table, columns=columns)

    def _with_formats(self, table: Described) -> Described:
        """Which of the customer's own columns hold numbers or addresses, where he has text columns."""
        own = [one for one in table.columns.values() if one.custom and one.type == "String"]
        if all(one.name.startswith(OWN) for one in own):
            return table
        found = formats(self.org, table.name)
        columns = {
            name: replace(one, format=found[one.name]) if one.name in found else one
            for name, one in table.columns.items()
        }
        return replace(table, columns=columns)

    def streams(self) -> Sequence[Stream]:
        """One for each table; none for consents that cannot be read whole."""
        return [
            shape.stream
            for name, shape in self.shapes.items()
            if name != CONSENT or not shape.blind
        ]

    def problems(self) -> Sequence[Problem]:
        """Tables and columns that are not there for us. A flag that says no and is hidden stops."""
        found = [
            _told(name, "dynamics.no_table", name, stops=self._asked_for)
            for name in self._wanted
            if name not in self.shapes
        ]
        for shape in self.shapes.values():
            found += [
                _told(shape.name, "dynamics.no_hidden", one, stops=True) for one in shape.blind
            ]
            found += [
                _told(shape.name, "dynamics.no_such_column", one, stops=False)
                for one in shape.lacking
            ]
            if not shape.described.tracked:
                found.append(_told(shape.name, "dynamics.not_tracked", "", stops=False))
            if shape.thing.push and not shape.described.guarded:
                found.append(_told(shape.name, "dynamics.not_guarded", "", stops=False))
        return found

    def link(self, stream: str, ref: Ref | None, place: int | None) -> str | None:
        """The record's form."""
        del place
        if ref is None:
            return None
        return f"{self.org.host}/main.aspx?pagetype=entityrecord&etn={stream}&id={quote(ref.id, safe='')}"

    def pull(self, stream: Stream, token: Token | None) -> Iterator[Page]:
        """Pages of up to 5,000 records."""
        pages = pull(self.org, self.shapes[stream.name], token, self._pasts)
        if stream.name != CONSENT or self._consents is None:
            return pages
        about = self._consents.about
        return (replace(page, records=list(about(page.records))) for page in pages)

    def anew(self, stream: Stream, token: Token) -> Token | None:
        """From the beginning; what flags were is then asked from the last reading on."""
        return anew(self.shapes[stream.name], token)

    def read(self, stream: Stream, refs: Sequence[Ref]) -> Iterator[Record]:
        """These records as they stand now."""
        shape = self.shapes[stream.name]
        ids = [ref.id for ref in refs if _GUID.fullmatch(ref.id)]
        for at in range(0, len(ids), IDS_MOST):
            wanted = among(shape.described.key, ids[at : at + IDS_MOST])
            rows = self.org.get(f"{shape.address}&$filter={wanted}")["value"]
            found = (shape.record(row) for row in rows if shape.counts(row))
            of_list = stream.name == CONSENT and self._consents
            yield from of_list.about(found) if of_list else found

    def push(
        self, stream: Stream, token: Token, batch: Iterable[RecordChange]
    ) -> Iterator[Outcome | Moved]:
        """Write what is still as it was decided on; one outcome a record, in the order given."""
        del token
        yield from Pushing(self.org, self.shapes[stream.name], self._pace).push(batch)

    def flags(self, stream: Stream) -> Sequence[Flag]:
        """The flags of the table that our user may set."""
        return self.shapes[stream.name].settable if stream.name in self.shapes else ()

    def block(
        self, stream: Stream, token: Token | None, batch: Iterable[RecordChange]
    ) -> Iterator[Outcome | Moved]:
        """Set flags, whatever else was changed since; one outcome a record, in the order given."""
        del token
        shape = self.shapes[stream.name]
        yield from Pushing(self.org, shape, self._pace, blocking=True).push(batch)

    def unblock(
        self, stream: Stream, token: Token, batch: Iterable[RecordChange]
    ) -> Iterator[Outcome | Moved]:
        """Take flags off, where the row is still as it was."""
        del token
        shape = self.shapes[stream.name]
        yield from Pushing(self.org, shape, self._pace, flags=True).push(batch)

    # --- consents: a list by number and address ---

    def barring(self) -> Barring:
        """Consents keep people away, where the environment has them."""
        return self._consents.barring() if self._consents else Barring()

    def bar(self, batch: Sequence[Bar]) -> Iterator[Refusal]:
        """No for every commercial purpose."""
        assert self._consents is not None  # noqa: S101 - without it there are no facts
        return self._consents.bar(batch)

    def barred(self, batch: Sequence[Bar]) -> Mapping[Bar, str]:
        """Those who say no."""
        assert self._consents is not None  # noqa: S101
        return self._consents.barred(batch)

    def cleared(
        self, stream: Stream, refs: Sequence[Ref], fields: Sequence[str]
    ) -> Mapping[Ref, Clearing]:
        """Who changed the row last: without auditing the environment knows no more."""
        del fields
        described = self.shapes[stream.name].described
        ids = [ref.id for ref in refs if _GUID.fullmatch(ref.id)]
        found: dict[Ref, Clearing] = {}
        for at in range(0, len(ids), IDS_MOST):
            wanted = among(described.key, ids[at : at + IDS_MOST])
            chosen = f"{described.set}?$select={described.key},_modifiedby_value&$filter={wanted}"
            for row in self.org.get(chosen)["value"]:
                who = self._names.name("person", row.get("_modifiedby_value") or "")
                ref = self.shapes[stream.name].ref(row[described.key])
                found[ref] = Clearing("", who or "")
        return found

    def time_there(self) -> datetime | None:
        """By the answers' own dates."""
        return self.org.now()

    def expected_version(self, stream: Stream, record: Record, change: RecordChange) -> str | None:
        """Only the server counts versions."""
        del stream, record, change
        return None

    # --- for administrators ---

    def check(self) -> Iterator[Right]:
        """Every right, tried by name."""
        wanted = [*self._wanted, *([CONSENT] if CONSENT in self.shapes else [])]
        return rights(self.org, self.shapes, wanted, self._pasts)

    def missing(self) -> Sequence[Wanted]:
        """What this environment lacks: fields, choices, rights on tables and secured columns."""
        return [*missing(self._own), *lacking_privileges(self.shapes, privileges(self.org))]

    def provision(self, wanted: Sequence[Wanted]) -> Iterator[Made]:
        """Make them. What a table holds is asked anew, past every cache."""
        yield from provision(self.org, wanted)
        self.org.schema_changed = True
        for name in ("shapes", "_consents"):
            self.__dict__.pop(name, None)

    def offered(self) -> Sequence[Offered]:
        """The environment's own columns that nothing is mapped to: one call a table."""
        return [
            one
            for shape in self._own.values()
            for one in offered(shape, own_labels(self.org, shape.name))
        ]

    def sample(self, stream: str, names: Sequence[str]) -> Sequence[Mapping[str, str | None]]:
        """Some rows of a table: one call."""
        return sample(self.org, self.shapes[stream], names)

    # --- records of our own, in a sandbox ---

    def trial_make(self, stream: Stream, values: Mapping[str, str]) -> str:
        """Make a record; its id."""
        return trials.make(self.org, self.shapes[stream.name], values)

    def trial_edit(self, stream: Stream, ident: str, values: Mapping[str, str]) -> None:
        """Write without a guard."""
        trials.edit(self.org, self.shapes[stream.name], ident, values)

    def trial_merge(self, stream: Stream, winner: str, loser: str) -> str:
        """Merge two; what remains."""
        return trials.merge(self.org, self.shapes[stream.name], winner, loser)

    def trial_remove(self, stream: Stream, ident: str) -> None:
        """Take a record away."""
        trials.remove(self.org, self.shapes[stream.name], ident)

    def trial_find(self, stream: Stream, values: Mapping[str, str]) -> Sequence[str]:
        """Those that are there still."""
        return trials.find(self.org, self.shapes[stream.name], values)

    def about(self, streams: Sequence[Stream]) -> Mapping[str, int]:
        """How many rows there were within the last day: one call."""
        return counts(self.org, [one.name for one in streams])

    # --- for comparing whole sets ---

    def count(self, stream: Stream) -> int | None:
        """How many records there are: one call; None beyond what a query counts (5,000)."""
        shape = self.shapes[stream.name]
        return self.org.count(f"{_ids(shape)}&$count=true")

    def ids(self, stream: Stream) -> Iterator[Ref]:
        """The id of every record that is there and was not merged into another, 5,000 a call."""
        shape = self.shapes[stream.name]
        address = _ids(shape)
        while address:
            body = self.org.get(address)
            yield from (shape.ref(row[shape.described.key]) for row in body["value"])
            address = self.org.relative(body[NEXT]) if NEXT in body else ""


def _ids(shape: Shape) -> str:
    return f"{shape.described.set}?$select={shape.described.key}{shape.only}"


def _told(stream: str, message: str, column: str, *, stops: bool) -> Problem:
    details = {"stream": stream, "field": column}
    return Problem(stream, message, f"{message}.remedy", details, stops)
