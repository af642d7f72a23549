"""An object as it stands in one org: which rows of the mapping hold, what to ask for, what is read.

Pure once described: no call leaves from here.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from hashlib import blake2b
from operator import itemgetter
from typing import Any, Final

import orjson

from connectors.costs import Costs
from connectors.flags import flags_of, outcome_columns, said_by_outcome
from connectors.protocol import Capabilities, Stream
from connectors.salesforce.bulk import FROM, PAGE
from connectors.salesforce.mapping import OVERLAYS, Thing
from connectors.translate import (
    READERS,
    WRITERS,
    CannotHold,
    Map,
    also,
    key_columns,
    keyed,
    row_for,
    text,
)
from rules.fields.field import PARTIES
from rules.flags import Flag
from rules.opt_out_fields import FLAGS
from rules.records import Kind, Record, Redirect, Ref, Tombstone, Value

TYPED: Final = {
    "boolean": "flag", "int": "number", "double": "number", "currency": "number",
    "percent": "number", "date": "day", "datetime": "moment",
}  # fmt: skip
WRITER: Final = "LastModifiedById"
BATCH: Final = 1000
"""Records a push holds: read and checked with one call each, written 200 a call."""
COSTS: Final = Costs(2000, 2000, 200, guarding=2, batch=BATCH, together=5, bulk=(FROM, 3, PAGE))
"""A job is begun after a query that tells how many there are, and asked at least once."""


@dataclass(frozen=True)
class Shape:
    """One object in one org.

    `rows` hold here; `lacking` are fields that the settings name and the org does not show;
    `blind` the flags that say no and are hidden from us. `loose` are vendor fields that may
    change without the record's stamp moving (a parent's, a formula's): no part of the version.
    """

    system: str
    thing: Thing
    rows: tuple[Map, ...]
    lacking: tuple[str, ...] = ()
    blind: tuple[str, ...] = ()
    loose: frozenset[str] = frozenset()
    extra: tuple[str, ...] = ()
    """Fields of the object that say what became of a record."""
    locked: frozenset[str] = frozenset()
    """Vendor fields that our user may not write."""
    yes_no: frozenset[str] = frozenset()
    """Vendor fields that are true or false."""
    writer: tuple[str, ...] = ()
    """The field that tells who wrote last, where it is shown."""
    keys: tuple[tuple[str, str], ...] = ()
    """Fields that are read as match keys only."""
    history: bool = True
    """Whether it is asked what flags were between two readings, where the org keeps it."""
    over: tuple[Map, ...] = ()
    """Fields that count before those of `rows` where they are filled."""
    noes: frozenset[str] = frozenset()
    """Outcomes of calls that mean no."""

    @property
    def name(self) -> str:
        """The object's name, and the stream's."""
        return self.thing.name

    @cached_property
    def stream(self) -> Stream:
        """As the engine is told of it. Without the flags that say no, nothing is written."""
        push = self.thing.push and not self.blind
        said = {row.canonical for row in self.rows}
        can = Capabilities(
            push=push,
            conditional_write=push,
            delete_feed=True,
            opt_outs=self.thing.kind is Kind.OPT_OUT
            or bool(self.noes)
            or not said.isdisjoint(FLAGS),
            calls=self.thing.kind == "call",
            batch_size=BATCH,
            compares=True,
            episodes=self.history and bool(self.flags),
        )
        columns = tuple(
            replace(row.column, writable=bool(row.write) and row.vendor not in self.locked)
            for row in self.rows
        )
        columns += tuple(replace(row.column, writable=False) for row in self.over)
        if self.noes:
            columns += outcome_columns(self.rows)
        columns += tuple(key_columns(self.keys, self.rows))
        return Stream(self.name, self.thing.kind, can, columns, "id", costs=COSTS)

    @cached_property
    def asked(self) -> tuple[str, ...]:
        """What every query of the object selects."""
        mapped = (row.vendor for row in (*self.rows, *self.over))
        keys = (name for name, _ in self.keys)
        born = ("CreatedDate",) if self.history and self.flags else ()
        return tuple(dict.fromkeys(["Id", "SystemModstamp", *mapped, *keys, *self.extra, *born]))

    @cached_property
    def flags(self) -> tuple[str, ...]:
        """Vendor fields that say no when they are true."""
        return tuple(
            row.vendor
            for row in (*self.rows, *self.over)
            if row.canonical in FLAGS and row.read == "flag"
        )

    def canonical(self, vendor: str) -> str:
        """What a field is to us."""
        every = (*self.rows, *self.over)
        return next(row.canonical for row in every if row.vendor == vendor)

    @cached_property
    def _texts(self) -> tuple[tuple[str, str], ...]:
        """Fields that are taken as they are: most, so they get the short way."""
        return tuple(
            (row.canonical, row.vendor)
            for row in self.rows
            if row.read == "text" and "." not in row.vendor
        )

    @cached_property
    def _others(self) -> tuple[tuple[str, tuple[str, ...], Callable[[Any], str | None]], ...]:
        return tuple(
            (row.canonical, tuple(row.vendor.split(".")), READERS[row.read])
            for row in self.rows
            if row.read != "text" or "." in row.vendor
        )

    @cached_property
    def checked(self) -> tuple[str, ...]:
        """What a check before and after a write selects: the object's own fields."""
        return (*(name for name in self.asked if "." not in name), *self.writer)

    @cached_property
    def _solid(self) -> Callable[[Mapping[str, Value]], Any]:
        """The values that a version is made of."""
        names = [row.canonical for row in self.rows if row.vendor not in self.loose]
        return itemgetter(*names, *names[:1])

    def ref(self, ident: str) -> Ref:
        """Where a record of the object lives."""
        return Ref(self.system, self.thing.kind, ident)

    def record(self, row: Mapping[str, Any]) -> Record:
        """A record from an answer's row."""
        values = self._values(row)
        return Record(
            self.ref(row["Id"]), self._version(row, values), values, also=also(self.keys, row)
        )

    def version(self, row: Mapping[str, Any]) -> str:
        """Stamp and values: a stamp knows whole seconds only, and two writes may share one."""
        return self._version(row, self._values(row))

    def _values(self, row: Mapping[str, Any]) -> dict[str, Value]:
        values: dict[str, Value] = {}
        for canonical, vendor in self._texts:
            raw = row[vendor]
            values[canonical] = raw if raw is None or (type(raw) is str and raw) else text(raw)
        for canonical, path, read in self._others:
            raw = row
            for step in path:
                raw = raw.get(step) if raw else None
            values[canonical] = read(raw)
        outcome = values.get("outcome")
        for one in self.over:
            said = READERS[one.read](row.get(one.vendor))
            if said and (one.read != "flag" or said == "true"):
                values[one.canonical] = said
        if self.noes:
            said_by_outcome(values, self.noes, outcome)
        values |= self.thing.says
        return values

    def _version(self, row: Mapping[str, Any], values: Mapping[str, Value]) -> str:
        # The same from every interface: a file of results may end its lines otherwise.
        held = self._solid(values)
        if self.keys:
            held = (held, *(row.get(name) for name, _ in self.keys))
        raw = orjson.dumps(held).replace(rb"\r\n", rb"\n")
        return f"{row['SystemModstamp']}#{blake2b(raw, digest_size=8).hexdigest()}"

    def says_no(self, row: Mapping[str, Any]) -> bool:
        """Whether a row carries a flag that says no."""
        return any(row.get(name) for name in self.flags)

    def gone(self, row: Mapping[str, Any]) -> bool:
        """Whether the row is of a record that is deleted, merged away or converted."""
        return bool(row.get("IsDeleted") or row.get("IsConverted"))

    def stone(self, row: Mapping[str, Any]) -> Tombstone:
        """The proof that a record is gone."""
        return Tombstone(self.ref(row["Id"]))

    def way(self, row: Mapping[str, Any]) -> Redirect | None:
        """Where a record went that was merged or converted."""
        here = self.ref(row["Id"])
        if master := row.get("MasterRecordId"):
            return Redirect(here, self.ref(master))
        if self.thing.leads_to and row.get("IsConverted"):
            name, kind = self.thing.leads_to
            if there := row.get(name):
                return Redirect(here, Ref(self.system, kind, there))
        return None

    def shown(self, vendor: str, row: Mapping[str, Any]) -> str | None:
        """A field of a row as canonical text."""
        return next(READERS[one.read](row.get(vendor)) for one in self.rows if one.vendor == vendor)

    @cached_property
    def settable(self) -> tuple[Flag, ...]:
        """The flags that there are. Where our user may not set one, that is told of each record."""
        rows = [row for row in self.rows if "." not in row.vendor]
        return flags_of(rows, self.yes_no.__contains__)

    def flagged(self, canonical: str) -> str:
        """The vendor's field of a flag; `Unwritable` where there is none that may be set."""
        row = self._by_canonical[canonical]
        if row.vendor in self.locked:
            raise Unwritable("field_read_only", row.vendor)
        return row.vendor

    @cached_property
    def _by_canonical(self) -> Mapping[str, Map]:
        return {row.canonical: row for row in self.rows}

    def written(self, canonical: str, value: str | None) -> tuple[str, Any]:
        """Vendor field and value for a change; `Unwritable` with a code where there is none."""
        row = self._by_canonical.get(canonical)
        if row is None:
            raise Unwritable("field_not_mapped", canonical)
        if not row.write or row.vendor in self.locked:
            raise Unwritable("field_read_only", row.vendor)
        try:
            return row.vendor, WRITERS[row.write](value)
        except CannotHold:
            raise Unwritable("value_does_not_fit", row.vendor) from None


class Unwritable(Exception):
    """A change that the record's field cannot take; `code` is the finding's."""

    def __init__(self, code: str, field_name: str) -> None:
        super().__init__(code)
        self.code, self.field = code, field_name


def shaped(
    system: str,
    thing: Thing,
    described: Mapping[str, Any],
    wanted: Mapping[str, str],
    *,
    history: bool = True,
    noes: frozenset[str] = frozenset(),
) -> Shape:
    """The object with the fields that this org shows to our user.

    `wanted` maps canonical names to vendor fields, over the defaults; "" leaves a field out.
    """
    there = {one["name"].lower(): one for one in described["fields"]}
    rows: dict[str, Map] = {}
    lacking: list[str] = []
    for canonical, vendor in wanted.items():
        if vendor and (one := there.get(vendor.lower())):
            rows[canonical] = row_for(canonical, one["name"], _typed(one))
        elif vendor:
            lacking.append(vendor)
    for row in thing.rows:
        if row.canonical not in wanted and row.canonical not in rows and _is_there(row, there):
            rows[row.canonical] = _spelled(row, there)
    over = []
    for row in OVERLAYS.get(thing.name, ()):
        if row.vendor.lower() not in there or row.vendor in wanted.values():
            continue
        if row.canonical in rows:
            over.append(_spelled(row, there))
        else:
            rows[row.canonical] = _spelled(row, there)
    return Shape(
        system,
        thing,
        tuple(rows.values()),
        lacking=tuple(lacking),
        blind=tuple(name for name in thing.guards if name.lower() not in there),
        loose=frozenset(row.vendor for row in rows.values() if _is_loose(row, there)),
        extra=tuple(_what_became(thing, there)),
        locked=frozenset(one["name"] for one in there.values() if not one["updateable"]),
        yes_no=frozenset(one["name"] for one in there.values() if one["type"] == "boolean"),
        writer=(WRITER,) if WRITER.lower() in there else (),
        keys=keyed(tuple(rows.values()), _numbers(there)) if thing.kind in PARTIES else (),
        history=history,
        over=tuple(over),
        noes=noes if thing.kind is Kind.CALL and "outcome" in rows else frozenset(),
    )


def _numbers(there: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Fields of the types phone (faxes too) and e-mail, by name."""
    for one in sorted(there.values(), key=itemgetter("name")):
        if one["type"] in {"phone", "email"} and not one.get("calculated"):
            yield one["name"], one["type"]


def _typed(one: Mapping[str, Any]) -> str:
    if not one["updateable"]:
        return ""
    return TYPED.get(one["type"], "text")


def _is_there(row: Map, there: Mapping[str, Any]) -> bool:
    """A parent's field is there when the reference to it is."""
    relation, _, rest = row.vendor.partition(".")
    return (f"{relation}Id" if rest else row.vendor).lower() in there


def _spelled(row: Map, there: Mapping[str, Any]) -> Map:
    one = there.get(row.vendor.lower())
    if one is None or one["name"] == row.vendor:
        return row
    return Map(row.canonical, one["name"], row.read, row.write)


def _is_loose(row: Map, there: Mapping[str, Any]) -> bool:
    one = there.get(row.vendor.lower())
    return "." in row.vendor or bool(one and one.get("calculated"))


def _what_became(thing: Thing, there: Mapping[str, Any]) -> Sequence[str]:
    names = ["IsDeleted", "MasterRecordId"]
    if thing.leads_to:
        names += ["IsConverted", thing.leads_to[0]]
    return [there[name.lower()]["name"] for name in names if name.lower() in there]
