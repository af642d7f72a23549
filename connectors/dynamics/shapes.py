"""A table as it stands in one environment: which rows of the mapping hold, what is read and written.

Pure once described: no call leaves from here, but for names that are asked for when first needed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from hashlib import blake2b
from operator import itemgetter
from typing import Any, Final

from connectors.costs import Costs
from connectors.dynamics.mapping import WORDS, Thing
from connectors.flags import flags_of, outcome_columns, said_by_outcome
from connectors.protocol import Capabilities, Stream
from connectors.translate import (
    READERS,
    WRITERS,
    CannotHold,
    Map,
    also,
    key_columns,
    keyed,
    row_for,
)
from rules.fields.field import PARTIES
from rules.flags import Flag
from rules.opt_out_fields import FLAGS
from rules.records import Kind, Record, Redirect, Ref, Tombstone, Value
from rules.suppression import Channel

TYPED: Final = {
    "Boolean": "flag", "Integer": "number", "BigInt": "number", "Double": "number",
    "Decimal": "number", "Money": "number", "DateTime": "moment", "String": "text",
    "Memo": "text", "Picklist": "option",
}  # fmt: skip
BATCH: Final = 1000
"""Records a push holds: as many as one `$batch` may."""
COSTS: Final = Costs(first=5000, changes=5000, writes=BATCH)
_TEXTS: Final = frozenset({"String", "Memo", "Lookup", "Customer", "Owner", "Uniqueidentifier"})
ETAG: Final = "@odata.etag"
ELSEWISE: Final = " stored otherwise"
"""Behind the version of a record that does not hold what was written: the next pull shows it."""

STANDARD_KEYS: Final[Mapping[str, str]] = {
    **dict.fromkeys((f"emailaddress{n}" for n in (1, 2, 3)), "email"),
    **dict.fromkeys((f"telephone{n}" for n in (1, 2, 3)), "phone"),
    **dict.fromkeys((f"address{n}_telephone{m}" for n in (1, 2, 3) for m in (1, 2, 3)), "phone"),
    **dict.fromkeys((f"address{n}_fax" for n in (1, 2, 3)), "phone"),
    **dict.fromkeys(
        ("mobilephone", "pager", "fax", "assistantphone", "managerphone", "callback", "business2",
         "home2", "company"),
        "phone",
    ),
}  # fmt: skip
"""Dataverse's own columns of numbers and addresses. `company` is a contact's "Company Phone". Their
format in the metadata is Text in older environments, so it is not asked."""

_FLAGS: Final[Mapping[Any, str]] = {True: "true", False: "false"}

Row = Mapping[str, Any]
Reader = Callable[[Any], str | None]
Names = Callable[[str, str], str | None]
"""What an id stands for: `("person", id)` to a name."""


@dataclass(frozen=True, slots=True)
class Attribute:
    """A column as the metadata tells of it, and whether our user may see and write it."""

    name: str
    type: str
    readable: bool
    writable: bool
    options: Mapping[int, str] = field(default_factory=dict)
    custom: bool = False
    secured: bool = False
    audited: bool = False
    format: str = ""
    """"phone" or "email" for text of that format; "" for any other, or when it was not asked."""

    @property
    def shown(self) -> str:
        """Its name in answers: lookups are read as `_x_value`."""
        lookup = self.type in {"Lookup", "Customer", "Owner"}
        return f"_{self.name}_value" if lookup else self.name


@dataclass(frozen=True, slots=True)
class Described:
    """A table's metadata: names, switches, columns by the name that answers give them."""

    name: str
    set: str
    key: str
    tracked: bool
    guarded: bool
    columns: Mapping[str, Attribute]
    audited: bool = False


@dataclass(frozen=True)
class Shape:
    """One table in one environment. `lacking`: columns that settings name and are not there;
    `blind`: flags that say no and cannot be seen."""

    system: str
    thing: Thing
    described: Described
    rows: tuple[Map, ...]
    names: Names
    lacking: tuple[str, ...] = ()
    blind: tuple[str, ...] = ()
    keys: tuple[tuple[str, str], ...] = ()
    """Columns that are read as match keys only."""
    history: bool = True
    """Whether it is asked what flags were between two readings, where the log is kept."""
    noes: frozenset[str] = frozenset()
    """Outcomes of calls that mean no."""

    @property
    def name(self) -> str:
        """The table's name, and the stream's."""
        return self.thing.name

    @cached_property
    def stream(self) -> Stream:
        """As the engine is told of it. What cannot be guarded, or hides a flag, is not written."""
        push = self.thing.push and self.described.guarded and not self.blind
        said = {row.canonical for row in self.rows}
        can = Capabilities(
            push=push,
            conditional_write=push,
            delete_feed=self.described.tracked,
            opt_outs=self.thing.kind is Kind.OPT_OUT
            or bool(self.noes)
            or not said.isdisjoint(FLAGS),
            calls=self.thing.kind is Kind.CALL,
            batch_size=BATCH,
            episodes=self.history and bool(self.flags),
            compares=True,
        )
        described = self.described.columns
        columns = tuple(
            replace(row.column, writable=bool(row.write) and described[row.vendor].writable)
            for row in self.rows
        )
        if self.noes:
            columns += outcome_columns(self.rows)
        columns += tuple(key_columns(self.keys, self.rows))
        return Stream(self.name, self.thing.kind, can, columns, "id", costs=COSTS)

    @cached_property
    def flags(self) -> Mapping[str, str]:
        """Columns that say no when they are true, and what they are to us."""
        return {
            column: row.canonical
            for row in self.rows
            if row.canonical in FLAGS and row.read == "flag"
            for column in row.vendor.split("+")
        }

    def canonical(self, column: str) -> str:
        """What a flag is to us."""
        return self.flags[column]

    @cached_property
    def audited(self) -> tuple[str, ...]:
        """The flags whose changes the table keeps, if the environment does."""
        if not (self.history and self.described.audited):
            return ()
        return tuple(one for one in self.flags if self.described.columns[one].audited)

    @cached_property
    def selected(self) -> tuple[str, ...]:
        """What every reading selects: what is mapped, and what tells that a row is a merged one."""
        wanted = [one for row in self.rows for one in row.vendor.split("+")]
        wanted += [name for name, _ in self.keys]
        if self.thing.merges:
            wanted += [
                one for one in ("merged", "_masterid_value") if one in self.described.columns
            ]
        if self.thing.only:
            wanted.append(self.thing.only[0])
        return tuple(dict.fromkeys(wanted))

    @property
    def address(self) -> str:
        """Where its rows are read from the beginning."""
        return f"{self.described.set}?$select={','.join(self.selected)}"

    @property
    def only(self) -> str:
        """A filter for those that are there and were not merged into others; empty for none."""
        wanted = []
        if self.thing.merges and "merged" in self.described.columns:
            wanted.append("merged eq false")
        if self.thing.only:
            wanted.append(f"{self.thing.only[0]} eq {self.thing.only[1]}")
        return f"&$filter={' and '.join(wanted)}" if wanted else ""

    @cached_property
    def mark(self) -> str:
        """Tells readings of other columns apart: a link goes on with the columns it began with."""
        return blake2b(self.address.encode(), digest_size=8).hexdigest()

    def ref(self, ident: str) -> Ref:
        """Where a row lives."""
        return Ref(self.system, self.thing.kind, ident)

    def counts(self, row: Row) -> bool:
        """Whether the row is one of those that are asked for."""
        only = self.thing.only
        return only is None or row.get(only[0]) == only[1]

    def record(self, row: Row) -> Record:
        """A record from an answer's row. A column that is left out counts as not asked for."""
        names, columns, pick = self._texts
        try:
            values: dict[str, Value] = dict(zip(names, pick(row), strict=True))
        except KeyError:
            values = {
                name: row[one] for name, one in zip(names, columns, strict=True) if one in row
            }
        for canonical, column, read in self._typed:
            if column in row:
                values[canonical] = read(row[column])
        for canonical, columns in self._joined:
            raws = [row[one] for one in columns if one in row]
            # One that is left out might be the one that says no.
            if len(raws) == len(columns) or any(raws):
                values[canonical] = READERS["flag"](any(raws))
        if self.noes:
            said_by_outcome(values, self.noes)
        values |= self.thing.says
        ref = self.ref(row[self.described.key])
        return Record(ref, row[ETAG], values, also=also(self.keys, row))

    @cached_property
    def _texts(self) -> tuple[tuple[str, ...], tuple[str, ...], Callable[[Row], tuple[Any, ...]]]:
        """Fields that are text as it stands, most of them by far, and a quick way to their cells.

        The Web API has null where nothing is: an empty text cannot be stored.
        """
        rows = [row for row in self.rows if self._is_text(row)]
        columns = tuple(row.vendor for row in rows)
        pick = (
            itemgetter(*columns)
            if len(columns) > 1
            else lambda row: tuple(map(row.__getitem__, columns))
        )
        return tuple(row.canonical for row in rows), columns, pick

    def _is_text(self, row: Map) -> bool:
        if row.read != "text" or "+" in row.vendor:
            return False
        return self.described.columns[row.vendor].type in _TEXTS

    @cached_property
    def _typed(self) -> tuple[tuple[str, str, Reader], ...]:
        return tuple(
            (row.canonical, row.vendor, self._reader(row))
            for row in self.rows
            if "+" not in row.vendor and not self._is_text(row)
        )

    @cached_property
    def _joined(self) -> tuple[tuple[str, tuple[str, ...]], ...]:
        return tuple(
            (row.canonical, tuple(row.vendor.split("+"))) for row in self.rows if "+" in row.vendor
        )

    def _reader(self, row: Map) -> Reader:
        if words := WORDS.get(row.read):
            return words.get
        if row.read == "option":
            return self._labels(row.vendor).get
        if row.read == "minutes":
            return lambda raw: None if raw is None else str(int(raw) * 60)
        if row.read == "flag":
            return _FLAGS.get
        if row.read in {"person", "list", "campaign"}:
            return lambda raw: self.names(row.read, raw) if raw else None
        return READERS[row.read]

    def _labels(self, column: str) -> Mapping[int, str]:
        return self.described.columns[column].options

    # --- what became of a row ---

    def merged(self, row: Row) -> bool:
        """Whether the row lives on in another."""
        return bool(row.get("merged"))

    def stone(self, ident: str) -> Tombstone:
        """The proof that a row is gone."""
        return Tombstone(self.ref(ident))

    def way(self, row: Row) -> Redirect | None:
        """Where a merged row lives on."""
        master = row.get("_masterid_value")
        return Redirect(self.ref(row[self.described.key]), self.ref(master)) if master else None

    # --- writing ---

    def written(self, canonical: str, text: str | None) -> tuple[str, Any]:
        """Column and value for a change; `Unwritable` with a code when it has none."""
        row = self._by_canonical.get(canonical)
        if row is None:
            raise Unwritable("no_column", canonical)
        if not row.write or not self.described.columns[row.vendor].writable:
            raise Unwritable("field_read_only", row.vendor)
        if row.write == "option":
            return row.vendor, self._option(row.vendor, text)
        try:
            return row.vendor, WRITERS[row.write](text)
        except CannotHold:
            raise Unwritable("value_does_not_fit", row.vendor) from None

    @cached_property
    def settable(self) -> tuple[Flag, ...]:
        """The flags that there are. Where our user may not set one, that is told of each record."""
        found = flags_of(self.rows, self.described.columns.__contains__)
        # It forbids e-mails too, so it is set only where both are blocked.
        return tuple(
            replace(one, channels=one.channels | {Channel.EMAIL})
            if "donotsendmm" in self.flagged_by(one.field) and one.field == "opt_out_sms"
            else one
            for one in found
        )

    def flagged_by(self, canonical: str) -> Sequence[str]:
        """The columns that a flag is read from."""
        return self._by_canonical[canonical].vendor.split("+")

    def flagged(self, canonical: str) -> Sequence[str]:
        """The columns to set for a flag; `Unwritable` where there is none that may be set."""
        columns = self.flagged_by(canonical)
        columns = [one for one in columns if one not in _WIDER] or columns
        for one in columns:
            if not self.described.columns[one].writable:
                raise Unwritable("field_read_only", one)
        return columns

    def _option(self, column: str, text: str | None) -> int | None:
        if not text:
            return None
        for number, label in self._labels(column).items():
            if label == text:
                return number
        raise Unwritable("value_not_in_list", column)

    @cached_property
    def _by_canonical(self) -> Mapping[str, Map]:
        return {row.canonical: row for row in self.rows}


_WIDER: Final = frozenset({"donotsendmm"})
"""Says no to marketing of every kind: not set for e-mail alone."""


class Unwritable(Exception):
    """A change that the record's column cannot take; `code` is the finding's."""

    def __init__(self, code: str, column: str) -> None:
        super().__init__(code)
        self.code, self.column = code, column


def shaped(
    system: str,
    thing: Thing,
    described: Described,
    wanted: Mapping[str, str],
    names: Names,
    *,
    history: bool = True,
    noes: frozenset[str] = frozenset(),
) -> Shape:
    """The table with the columns that this environment shows to our user.

    `wanted` maps canonical names to columns, over the defaults; "" leaves a field out.
    """
    there = {name: one for name, one in described.columns.items() if one.readable}
    rows: dict[str, Map] = {}
    lacking: list[str] = []
    for canonical, column in wanted.items():
        named = there.get(column) or there.get(f"_{column}_value")
        several = column.split("+")
        if len(several) > 1 and all(one in there for one in several):
            rows[canonical] = Map(canonical, column, "flag", "")
        elif column and named:
            rows[canonical] = _row(canonical, named)
        elif column:
            lacking.append(column)
    for row in thing.rows:
        if row.canonical in wanted or row.canonical in rows:
            continue
        if found := [one for one in row.vendor.split("+") if one in there]:
            rows[row.canonical] = Map(row.canonical, "+".join(found), row.read, row.write)
    blind = [one for one in thing.guards if one not in there and one not in wanted.values()]
    secured = _hidden_flags(thing, described, wanted)
    return Shape(
        system,
        thing,
        described,
        tuple(rows.values()),
        names,
        lacking=tuple(lacking),
        blind=tuple(dict.fromkeys((*blind, *secured))),
        keys=keyed(tuple(rows.values()), _numbers(there)) if thing.kind in PARTIES else (),
        history=history,
        noes=noes if thing.kind is Kind.CALL and "outcome" in rows else frozenset(),
    )


def _numbers(there: Mapping[str, Attribute]) -> Iterator[tuple[str, str]]:
    for name, one in sorted(there.items()):
        if one.type == "String" and (kind := STANDARD_KEYS.get(name) or one.format):
            yield name, kind


def _hidden_flags(thing: Thing, described: Described, wanted: Mapping[str, str]) -> Sequence[str]:
    """Columns that say no, are there, and cannot be seen: guards or not."""
    flags = [row.vendor for row in thing.rows if row.canonical in FLAGS]
    flags += [column for canonical, column in wanted.items() if canonical in FLAGS]
    names = [one for flag in flags for one in flag.split("+")]
    return [
        one for one in names if one in described.columns and not described.columns[one].readable
    ]


def _row(canonical: str, one: Attribute) -> Map:
    """A row for a column that settings name."""
    typed = TYPED.get(one.type, "")
    if typed == "option":
        return Map(canonical, one.shown, "option", "option" if one.writable else "")
    return row_for(canonical, one.shown, typed if one.writable else "")
