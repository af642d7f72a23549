"""Salesforce: its objects as streams, read by stamp and id, written between two readings.

Pages, cursors and the delete log are `pulling`'s, guards and outcomes `pushing`'s; what an object
is in one org stands in `shapes`, what fields mean in `mapping`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from functools import cached_property
from http import HTTPStatus
from typing import Any, Final
from urllib.parse import quote

from connectors.barring import Barring, Refusal
from connectors.flags import noes_of
from connectors.protocol import (
    Clearing,
    Moved,
    Outcome,
    Page,
    Problem,
    Stream,
    Token,
)
from connectors.rights import Made, Offered, Right, Wanted
from connectors.salesforce import trials
from connectors.salesforce.admin import offered, rights, sample
from connectors.salesforce.bulk import FROM
from connectors.salesforce.client import Org
from connectors.salesforce.consents import Consents
from connectors.salesforce.individuals import LINK, PEOPLE, POINTED, POINTS, Individuals, low_of
from connectors.salesforce.making import PERMISSION_SET, missing, provision
from connectors.salesforce.mapping import CONSENTS, THINGS
from connectors.salesforce.pasts import Pasts
from connectors.salesforce.pulling import Pulling, anew
from connectors.salesforce.pushing import Pushing
from connectors.salesforce.shapes import WRITER, Shape, shaped
from connectors.trials import NotOffered
from rules.barring import Bar
from rules.changes import RecordChange
from rules.errors import SystemStopped
from rules.flags import Flag
from rules.records import Record, Ref

__all__ = ["Salesforce"]

IDS_MOST: Final = 400
"""Ids of one query: an address may be about 16 KB long."""


def _nothing_known(_stream: str) -> Token | None:
    return None


class Salesforce:
    """One org.

    `fields` are the settings' mapping: object → canonical field → the org's field, "" to leave
    it out. `objects` are the ones to be read. `known` gives a stream's stored cursor, so that one
    call asks for several objects at once. `guard_together` lets guarded writes go 24 a call
    once the org has shown that it heeds them there. A first reading of `bulk_from` records or more
    is a bulk job. `address` is where people open records; without it the host that signed us in.
    `opt_out_dispositions` are outcomes of calls that mean "do not call".
    `history`: what flags were between two readings is asked, where the org keeps it.
    """

    def __init__(
        self,
        name: str,
        org: Org,
        *,
        objects: Sequence[str] | None = None,
        fields: Mapping[str, Mapping[str, str]] | None = None,
        known: Callable[[str], Token | None] = _nothing_known,
        guard_together: bool = True,
        permission_set: str = PERMISSION_SET,
        bulk_from: int = FROM,
        address: str = "",
        history: bool = True,
        region: str = "DK",
        opt_out_dispositions: Sequence[str] = (),
    ) -> None:
        self.name, self.org, self._address = name, org, address
        self._objects = tuple(objects) if objects is not None else None
        self._fields, self._known = fields or {}, known
        self._guard_together = guard_together
        self._permission_set, self._bulk_from = permission_set, bulk_from
        self._history, self._region = history, region
        self._noes = noes_of(opt_out_dispositions)

    @cached_property
    def shapes(self) -> Mapping[str, Shape]:
        """The objects that our user may see, as they stand in this org; described once."""
        found = {
            thing.name: shaped(
                self.name,
                thing,
                told,
                self._fields.get(thing.name, {}),
                history=self._history,
                noes=self._noes,
            )
            for thing in THINGS
            if (told := self._described.get(thing.name))
        }
        return {**found, **self._consent_shapes}

    @cached_property
    def _consent_shapes(self) -> Mapping[str, Shape]:
        """The objects of consents that there are. What they cannot be read without counts as theirs."""
        found = {}
        for thing in CONSENTS:
            if told := self._beside.get(thing.name):
                shape = shaped(self.name, thing, told, {}, history=False)
                needed = POINTS if thing.name == POINTED else ()
                hidden = [f"{name}.{POINTS[name]}" for name in needed if name not in self._points]
                if thing.name != POINTED and not self._linked:
                    hidden.append(LINK)
                found[thing.name] = replace(shape, blind=(*shape.blind, *hidden))
        return found

    @cached_property
    def _beside(self) -> Mapping[str, Mapping[str, Any]]:
        """Objects that orgs have or have not, where people are read: one call for all of them."""
        if self._described.keys().isdisjoint(PEOPLE):
            return {}
        names = [*(one.name for one in CONSENTS), *POINTS]
        parts = [
            {"method": "GET", "url": self.org.path(f"/sobjects/{one}/describe")} for one in names
        ]
        answers = self.org.composite(parts)
        return {
            name: answer["body"]
            for name, answer in zip(names, answers, strict=True)
            if answer["httpStatusCode"] == HTTPStatus.OK
        }

    @property
    def _points(self) -> Sequence[str]:
        """The contact points whose number or address we may see."""
        return [n for n, field in POINTS.items() if field in _names(self._beside.get(n))]

    @property
    def _linked(self) -> Sequence[str]:
        """The objects that show whose individual a record is."""
        return [name for name in PEOPLE if LINK in _names(self._described.get(name))]

    @cached_property
    def _consents(self) -> Consents:
        return Consents(self.org, self.shapes, self._people, self._region)

    @cached_property
    def _people(self) -> Individuals:
        return Individuals(self.org, self.shapes, self._linked, self._points)

    @property
    def _own(self) -> Mapping[str, Shape]:
        """The objects whose fields are the customer's to map."""
        there = self.shapes
        return {name: one for name, one in there.items() if name not in self._consent_shapes}

    @cached_property
    def _described(self) -> Mapping[str, Mapping[str, Any]]:
        wanted = [one.name for one in THINGS if self._objects is None or one.name in self._objects]
        return {name: told for name in wanted if (told := self.org.describe(name))}

    @cached_property
    def _pulling(self) -> Pulling:
        return Pulling(self.org, self.shapes, self._known, self._bulk_from)

    def streams(self) -> Sequence[Stream]:
        """One for each object; none for consents that cannot be read whole."""
        return [
            shape.stream
            for name, shape in self.shapes.items()
            if name not in self._consent_shapes or not shape.blind
        ]

    def problems(self) -> Sequence[Problem]:
        """Objects and fields that are not there for us. A flag that says no and is hidden stops."""
        wanted = self._objects if self._objects is not None else [one.name for one in THINGS]
        found = [
            _told(name, "salesforce.object_hidden", name, stops=self._objects is not None)
            for name in wanted
            if name not in self.shapes
        ]
        for shape in self.shapes.values():
            found += [
                _told(shape.name, "salesforce.no_hidden", one, stops=True) for one in shape.blind
            ]
            found += [
                _told(shape.name, "salesforce.field_hidden", one, stops=False)
                for one in shape.lacking
            ]
        return found

    def link(self, stream: str, ref: Ref | None, place: int | None) -> str | None:
        """The record's page."""
        del place
        if ref is None:
            return None
        return (
            f"{self._address or self.org.host}/lightning/r/{stream}/{quote(ref.id, safe='')}/view"
        )

    def pull(self, stream: Stream, token: Token | None) -> Iterator[Page]:
        """Pages of up to 2,000 records."""
        pages = self._pulling.pull(self.shapes[stream.name], token)
        if stream.name not in self._consent_shapes:
            return pages
        since = low_of(token)
        return (self._people.page(page, stream.name, since) for page in pages)

    def anew(self, stream: Stream, token: Token) -> Token | None:
        """From the beginning; changes are then asked for from where the old cursor had come to."""
        del stream
        return anew(token)

    def read(self, stream: Stream, refs: Sequence[Ref]) -> Iterator[Record]:
        """These records as they stand now."""
        shape = self.shapes[stream.name]
        ids = [ref.id for ref in refs if ref.id.isalnum()]
        for at in range(0, len(ids), IDS_MOST):
            some = ", ".join(f"'{one}'" for one in ids[at : at + IDS_MOST])
            # Ids are letters and digits, all other names are what describe gave us.
            asked = f"SELECT {', '.join(shape.asked)} FROM {shape.name} WHERE Id IN ({some})"  # noqa: S608
            answer = self.org.query(asked, deleted=False)
            found = [shape.record(row) for row in answer["records"]]
            yield from (
                self._people.about(found, shape.name)
                if shape.name in self._consent_shapes
                else found
            )

    def push(
        self, stream: Stream, token: Token, batch: Iterable[RecordChange]
    ) -> Iterator[Outcome | Moved]:
        """Write what is still as it was decided on; one outcome a record, in the order given."""
        del token
        together = self._guard_together and self.org.heeds is True
        yield from Pushing(self.org, self.shapes[stream.name], together=together).push(batch)

    def flags(self, stream: Stream) -> Sequence[Flag]:
        """The flags of the object that our user may set."""
        return self.shapes[stream.name].settable if stream.name in self.shapes else ()

    def block(
        self, stream: Stream, token: Token | None, batch: Iterable[RecordChange]
    ) -> Iterator[Outcome | Moved]:
        """Set flags in collections of 200, read back; one outcome a record, in the order given."""
        del token
        yield from Pushing(self.org, self.shapes[stream.name], blocking=True).push(batch)

    def unblock(
        self, stream: Stream, token: Token, batch: Iterable[RecordChange]
    ) -> Iterator[Outcome | Moved]:
        """Take flags off, where the record is still as it was."""
        del token
        yield from Pushing(self.org, self.shapes[stream.name], flags=True).push(batch)

    # --- consents: a list by number and address ---

    def barring(self) -> Barring:
        """Consents keep people away, where the org has them."""
        return self._consents.barring

    def bar(self, batch: Sequence[Bar]) -> Iterator[Refusal]:
        """OptOut on their consents: one call for each 200, after two that look."""
        return self._consents.bar(batch)

    def barred(self, batch: Sequence[Bar]) -> Mapping[Bar, str]:
        """Those whose consents say OptOut: two calls."""
        return self._consents.barred(batch)

    def cleared(
        self, stream: Stream, refs: Sequence[Ref], fields: Sequence[str]
    ) -> Mapping[Ref, Clearing]:
        """Who changed the record last: without field history the org knows no more."""
        del fields
        shape = self.shapes[stream.name]
        if not shape.writer or not refs:
            return {}
        rows = self.org.retrieve(shape.name, [ref.id for ref in refs], ["Id", *shape.writer])
        writers = {str(row["Id"]): str(row[WRITER]) for row in rows if row and row.get(WRITER)}
        names = self._names(sorted({one for one in writers.values() if one.isalnum()}))
        return {
            ref: Clearing("", names.get(writers[ref.id], writers[ref.id]))
            for ref in refs
            if ref.id in writers
        }

    def _names(self, users: Sequence[str]) -> Mapping[str, str]:
        if not users:
            return {}
        some = ", ".join(f"'{one}'" for one in users[:IDS_MOST])
        asked = f"SELECT Id, Name FROM User WHERE Id IN ({some})"  # noqa: S608 - letters and digits
        try:
            answer = self.org.query(asked, deleted=False)
        except SystemStopped:
            return {}
        return {str(row["Id"]): str(row["Name"]) for row in answer["records"]}

    def time_there(self) -> datetime:
        """By the answers' own dates."""
        return self.org.now()

    def expected_version(self, stream: Stream, record: Record, change: RecordChange) -> str | None:
        """Only the org knows: the stamp is part of it."""
        del stream, record, change
        return None

    # --- for administrators ---

    def check(self) -> Iterator[Right]:
        """Every right, tried by name."""
        wanted = self._objects if self._objects is not None else [one.name for one in THINGS]
        named = [*wanted, *self._consent_shapes]
        return rights(self.org, self.shapes, named, Pasts(self.org, self.shapes))

    def missing(self) -> Sequence[Wanted]:
        """What this org lacks: fields, values of picklists, rights on fields."""
        return missing(self._own, self._described)

    def provision(self, wanted: Sequence[Wanted]) -> Iterator[Made]:
        """Make them, and grant fields to the permission set. What an object holds is asked anew."""
        yield from provision(self.org, wanted, self._permission_set)
        made = (
            "_described",
            "_beside",
            "_consent_shapes",
            "_consents",
            "_people",
            "shapes",
            "_pulling",
        )
        for name in made:
            self.__dict__.pop(name, None)

    def offered(self) -> Sequence[Offered]:
        """The org's own fields that nothing is mapped to; no call beyond those that describe."""
        found = (offered(shape, self._described[name]) for name, shape in self._own.items())
        return [one for some in found for one in some]

    def sample(self, stream: str, names: Sequence[str]) -> Sequence[Mapping[str, str | None]]:
        """Some records of an object: one call."""
        return sample(self.org, self.shapes[stream], names)

    # --- records of our own, in a sandbox ---

    def trial_make(self, stream: Stream, values: Mapping[str, str]) -> str:
        """Make a record; its id."""
        return trials.make(self.org, self.shapes[stream.name], values)

    def trial_edit(self, stream: Stream, ident: str, values: Mapping[str, str]) -> None:
        """Write without a guard."""
        trials.edit(self.org, self.shapes[stream.name], ident, values)

    def trial_merge(self, stream: Stream, winner: str, loser: str) -> str:
        """Merging is only in Salesforce's older interface (SOAP)."""
        del stream, winner, loser
        raise NotOffered("salesforce.no_merge")

    def trial_remove(self, stream: Stream, ident: str) -> None:
        """Take a record away."""
        trials.remove(self.org, self.shapes[stream.name], ident)

    def trial_find(self, stream: Stream, values: Mapping[str, str]) -> Sequence[str]:
        """Those that are there still."""
        return trials.find(self.org, self.shapes[stream.name], values)

    def about(self, streams: Sequence[Stream]) -> Mapping[str, int]:
        """About how many records there are, deleted ones too: one call."""
        return self.org.counts([one.name for one in streams])

    # --- for comparing whole sets ---

    def count(self, stream: Stream) -> int:
        """How many records there are: one call."""
        shape = self.shapes[stream.name]
        asked = f"SELECT COUNT() FROM {shape.name}{_living(shape)}"  # noqa: S608 - both are constants of ours
        return int(self.org.query(asked, deleted=False)["totalSize"])

    def ids(self, stream: Stream) -> Iterator[Ref]:
        """The id of every record: what has left the org past its recycle bin is not among them."""
        shape = self.shapes[stream.name]
        asked = f"SELECT Id FROM {shape.name}{_living(shape)}"  # noqa: S608 - both are constants of ours
        answer = self.org.query(asked, deleted=False)
        while True:
            yield from (shape.ref(row["Id"]) for row in answer["records"])
            if answer["done"]:
                return
            answer = self.org.more(answer["nextRecordsUrl"])


def _names(described: Mapping[str, Any] | None) -> frozenset[str]:
    return frozenset(one["name"] for one in (described or {}).get("fields", ()))


def _living(shape: Shape) -> str:
    """The condition of a query for those who count: who was converted is somebody else now."""
    where = ["IsConverted = false"] if "IsConverted" in shape.extra else []
    where += [shape.thing.only] if shape.thing.only else []
    return f" WHERE {' AND '.join(where)}" if where else ""


def _told(stream: str, message: str, name: str, *, stops: bool) -> Problem:
    details = {"stream": stream, "field": name}
    return Problem(stream, message, f"{message}.remedy", details, stops)
