"""An object as it stands in one account: which rows of the mapping hold, what is asked and read.

Pure once described: no call leaves from here, but those that `owners` and `stages` make when they are needed.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from functools import cached_property
from hashlib import blake2b
from typing import Any, Final

import orjson

from connectors.costs import Costs
from connectors.flags import flags_of, outcome_columns, said_by_outcome
from connectors.hubspot.mapping import OWN, WORDS, Thing, own_name
from connectors.protocol import Capabilities, Column, Stream
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
from rules.errors import SystemStopped
from rules.fields.field import PARTIES
from rules.flags import WORDS as WORDS_OF
from rules.flags import Flag
from rules.opt_out_fields import FLAGS
from rules.records import Kind, Record, Redirect, Ref, Value
from rules.suppression import Channel

BATCH: Final = 100
COSTS: Final = Costs(first=100, changes=200, writes=BATCH, guarding=2, batch=BATCH)
MERGED: Final = "hs_merged_object_ids"
TYPE: Final = re.compile(r"hs_email_optout_\d+")
"""How HubSpot shows on a contact that it left one type of mail: it cannot be written."""
TYPES_AS: Final = "opt_out"
"""Where it stands as a word for mail. The flag for mail is another: who left one type of mail is
told to leave the others, and is not taken for one who has."""
LOOSE: Final = 8
"""Letters of a version, at its end, that tell of what HubSpot works out itself."""
TYPED: Final = {"number": "number", "bool": "flag", "date": "day", "datetime": "moment"}

Row = Mapping[str, Any]
Reader = Callable[[Any], str | None]


@dataclass(frozen=True)
class Shape:
    """One object in one account.

    `rows` hold here; `lacking` are properties that the settings name and the account does not
    show; `blind` the flags that say no and are hidden from us.
    """

    system: str
    thing: Thing
    rows: tuple[Map, ...]
    options: Mapping[str, Mapping[str, str]] = field(default_factory=dict, hash=False)
    """Property -> value -> label, of those that have options."""
    lacking: tuple[str, ...] = ()
    blind: tuple[str, ...] = ()
    locked: frozenset[str] = frozenset()
    """Properties that nobody can write through the API."""
    own: frozenset[str] = frozenset()
    """Properties that the customer has made, or we."""
    there: frozenset[str] = frozenset()
    """All properties that are shown to us, mapped or not."""
    merges: bool = False
    keys: tuple[tuple[str, str], ...] = ()
    """Properties that are read as match keys only."""
    noes: frozenset[str] = frozenset()
    """Outcomes of calls that mean no."""
    types: tuple[str, ...] = ()
    """Properties that say no to one type of mail each: to us, a no to mail."""
    owners: Callable[[], Mapping[str, str]] = dict
    stages: Callable[[], Mapping[str, str]] = dict

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
            lags=True,
            opt_outs=bool(self.types or self.noes) or not said.isdisjoint(FLAGS),
            calls=self.thing.kind is Kind.CALL,
            batch_size=BATCH,
            episodes=bool(self.flags),
            compares=True,
        )
        columns = tuple(
            replace(row.column, writable=bool(row.write) and row.vendor not in self.locked)
            for row in self.rows
        )
        if self.types and TYPES_AS not in said:
            columns += (Column("+".join(self.types), TYPES_AS, writable=False),)
        if self.noes:
            columns += outcome_columns(self.rows)
        columns += tuple(key_columns(self.keys, self.rows))
        return Stream(self.name, self.thing.kind, can, columns, "id", costs=COSTS)

    @cached_property
    def asked(self) -> tuple[str, ...]:
        """The properties that every call asks for."""
        wanted = [row.vendor for row in self.rows if not row.vendor.startswith("@")]
        wanted += [self.thing.unsent[0]] if self.thing.unsent[0] in self.there else []
        more = [self.thing.stamp, *([MERGED] if self.merges else [])]
        keys = (name for name, _ in self.keys)
        return tuple(dict.fromkeys([*wanted, *keys, *self.types, *more]))

    @cached_property
    def links(self) -> tuple[str, ...]:
        """The objects that records are asked to belong to."""
        wanted = {row.vendor[1:] for row in self.rows if row.vendor.startswith("@")}
        return tuple(name for name in self.thing.links if name in wanted)

    @cached_property
    def flags(self) -> tuple[str, ...]:
        """Properties that say no when they are true."""
        mapped = (r.vendor for r in self.rows if r.canonical in FLAGS and r.read == "flag")
        return (*mapped, *self.types)

    def canonical(self, name: str) -> str:
        """What a property is to us."""
        return next((row.canonical for row in self.rows if row.vendor == name), TYPES_AS)

    @cached_property
    def _versioned(self) -> tuple[tuple[str, ...], tuple[str, ...]]:
        """What people and programs write, and what HubSpot works out: no stamp may tell of that."""
        keys, noes = (name for name, _ in self.keys), {*self.flags, *self.types}
        state = [self.thing.unsent[0]] if self.thing.unsent[0] else []
        names = dict.fromkeys([*(r.vendor for r in self.rows), *keys, *self.types, *state])
        loose = tuple(n for n in names if n in self.locked and n not in noes)
        return tuple(n for n in names if n not in loose), loose

    @cached_property
    def _readers(self) -> tuple[tuple[str, str, Reader], ...]:
        return tuple((row.canonical, row.vendor, self._reader(row)) for row in self.rows)

    def _reader(self, row: Map) -> Reader:
        if row.read == "owner":
            return lambda raw: (self.owners().get(raw) or raw) if raw else None
        if row.read == "stage":
            return lambda raw: (self.stages().get(raw) or raw) if raw else None
        if row.read == "seconds":
            return _seconds
        if row.read in WORDS:
            words = {**self.options.get(row.vendor, {}), **WORDS[row.read]}
            return lambda raw: _worded(raw, words)
        return READERS[row.read]

    def ref(self, ident: str) -> Ref:
        """Where a record of the object lives."""
        return Ref(self.system, self.thing.kind, ident)

    def record(self, row: Row) -> Record:
        """A record from an answer's row."""
        raw = raw_of(row)
        values: dict[str, Value] = {n: read(raw.get(v)) for n, v, read in self._readers}
        if self.types and values.get(TYPES_AS) != "true":
            off = any(raw.get(name) == "true" for name in self.types)
            values[TYPES_AS] = WORDS_OF[Channel.EMAIL] if off else values.get(TYPES_AS)
        if self.noes:
            said_by_outcome(values, self.noes)
        values |= self.thing.says
        name, waits = self.thing.unsent
        if name and raw.get(name) in waits:
            values["started_at"] = None
        ref, version = self.ref(row["id"]), self.version(raw)
        return Record(ref, version, values, also=also(self.keys, raw))

    def version(self, raw: Mapping[str, str | None]) -> str:
        """What the mapped properties hold. A stamp would move with each e-mail that is opened."""
        solid, loose = (_digest(raw, names) for names in self._versioned)
        return f"{solid}{loose[:LOOSE]}"

    def is_as(self, raw: Mapping[str, str | None], version: str) -> bool:
        """Whether nobody has written to a record since it had that version. What HubSpot works out
        anew meanwhile is nobody's work, and a search may never show it: it holds up no write."""
        return version[:-LOOSE] == _digest(raw, self._versioned[0])

    def version_after(self, raw: Mapping[str, str | None], version: str) -> str:
        """The version of a record that was written to: of what HubSpot works out we know what we did."""
        return f"{_digest(raw, self._versioned[0])}{version[-LOOSE:]}"

    def stamp(self, row: Row) -> int:
        """When the record was last changed, in milliseconds."""
        return to_ms(row["properties"].get(self.thing.stamp) or row["updatedAt"])

    def redirects(self, row: Row) -> list[Redirect]:
        """The records that went up in this one."""
        eaten = row["properties"].get(MERGED) or ""
        here = row["id"]
        ids = dict.fromkeys(one.strip() for one in eaten.split(";"))
        return [Redirect(self.ref(one), self.ref(here)) for one in ids if one not in {"", here}]

    def check(self, rows: Sequence[Row]) -> None:
        """`SystemStopped` when a flag that says no is not shown any more: closed is closed."""
        hidden = [n for row in rows[:1] for n in self.flags if n not in row["properties"]]
        if hidden:
            raise SystemStopped(
                "hubspot.opt_out_hidden", system=self.system, stream=self.name, field=hidden[0]
            )

    @cached_property
    def settable(self) -> tuple[Flag, ...]:
        """The flags that are properties. One that nobody may set is told of each record."""
        return flags_of(self.rows, lambda name: name not in self.thing.guards)

    def flagged(self, canonical: str) -> str:
        """The property of a flag; `Unwritable` where there is none that may be set."""
        row = self._by_canonical[canonical]
        if row.vendor in self.locked:
            raise Unwritable("field_read_only", row.vendor)
        return row.vendor

    @cached_property
    def _by_canonical(self) -> Mapping[str, Map]:
        return {row.canonical: row for row in self.rows}

    def written(self, canonical: str, text: str | None) -> tuple[str, str]:
        """Property and value for a change; `Unwritable` with a code when it has none."""
        row = self._by_canonical.get(canonical)
        if row is None:
            raise Unwritable("field_not_mapped", canonical)
        if not row.write or row.vendor in self.locked:
            raise Unwritable("field_read_only", row.vendor)
        try:
            return row.vendor, _wire(WRITERS[row.write](text))
        except CannotHold:
            raise Unwritable("value_does_not_fit", row.vendor) from None


class Unwritable(Exception):
    """A change that the record's property cannot take; `code` is the finding's."""

    def __init__(self, code: str, field_name: str) -> None:
        super().__init__(code)
        self.code, self.field = code, field_name


def _digest(raw: Mapping[str, str | None], names: Iterable[str]) -> str:
    return blake2b(orjson.dumps([raw.get(name) or "" for name in names]), digest_size=8).hexdigest()


def raw_of(row: Row) -> dict[str, str | None]:
    """A row's properties, and what it belongs to under `@contacts`, as HubSpot spells them."""
    raw: dict[str, str | None] = dict(row["properties"])
    for to, found in (row.get("associations") or {}).items():
        ids = [str(one["id"]) for one in found.get("results", ())]
        raw[f"@{to}"] = ids[0] if ids else None
    return raw


def with_links(row: Row, to: str, ids: Iterable[str]) -> Row:
    """The row as if it had been asked for with its associations."""
    known = dict(row.get("associations") or {})
    known[to] = {"results": [{"id": one} for one in ids]}
    return {**row, "associations": known}


def to_ms(text: str) -> int:
    """`2026-11-02T09:14:03.120Z` in milliseconds since 1970."""
    there = datetime.fromisoformat(text)
    since = there - datetime(1970, 1, 1, tzinfo=UTC)
    return round(since.total_seconds() * 1000)


def _wire(value: Any) -> str:
    """All values travel as text; nothing is an empty one."""
    if value is None:
        return ""
    return ("false", "true")[value] if isinstance(value, bool) else str(value)


def _seconds(raw: Any) -> str | None:
    """Whole seconds of milliseconds."""
    text = str(raw or "").partition(".")[0]
    return str(int(text) // 1000) if text.isdigit() else text or None


def _worded(raw: Any, words: Mapping[str, str]) -> str | None:
    """The words of the codes; several stand with semicolons, and the first that we know counts."""
    if not raw:
        return None
    codes = str(raw).split(";")
    known = [words[code] for code in codes if code in words]
    return (known[0] if known else str(raw)) or None


def shaped(
    system: str,
    thing: Thing,
    described: Sequence[Row],
    wanted: Mapping[str, str],
    noes: frozenset[str] = frozenset(),
) -> Shape:
    """The object with the properties that this account shows to us.

    `wanted` maps canonical names to properties, over the defaults; "" leaves a field out.
    """
    there = {str(one["name"]): one for one in described}
    rows: dict[str, Map] = {}
    lacking: list[str] = []
    for canonical, vendor in wanted.items():
        if vendor in there:
            rows[canonical] = row_for(canonical, vendor, _typed(there[vendor]))
        elif vendor:
            lacking.append(vendor)
    for row in thing.rows:
        is_there = row.vendor in there or row.vendor[1:] in thing.links
        if row.canonical not in wanted and row.canonical not in rows and is_there:
            rows[row.canonical] = row
    return Shape(
        system,
        thing,
        tuple(rows.values()),
        {name: _labels(one) for name, one in there.items() if one.get("options")},
        lacking=tuple(lacking),
        blind=_blind(thing, wanted, there),
        locked=frozenset(name for name, one in there.items() if _is_locked(one)),
        merges=MERGED in there,
        own=frozenset(name for name, one in there.items() if not one.get("hubspotDefined")),
        there=frozenset(there),
        keys=keyed(tuple(rows.values()), _numbers(there)) if thing.kind in PARTIES else (),
        noes=noes if thing.kind is Kind.CALL and "outcome" in rows else frozenset(),
        types=tuple(sorted(filter(TYPE.fullmatch, there))) if thing.guards else (),
    )


_PHONE: Final = re.compile(r"phone|telefon|tlf|mobil|(?:^|_)(?:fax|mob|tel)(?:_|\d|$)")
_EMAIL: Final = re.compile(r"(?:^|_)(?:e_?)?mails?(?:_|\d|$)|email")
_ABOUT: Final = ("hs_calculated", "hs_searchable", "hs_email_", "hs_sa_", "hs_analytics")
"""What HubSpot works out itself, or tells of e-mails that were sent."""


def _numbers(there: Mapping[str, Row]) -> Iterator[tuple[str, str]]:
    """Properties of numbers and addresses. HubSpot knows a type for numbers, which few use, and none
    for addresses: the name tells. A cell without a number or an address gives no key."""
    for name, one in sorted(there.items()):
        if one["type"] != "string" or one.get("calculated") or name.startswith(_ABOUT):
            continue
        if one["fieldType"] == "phonenumber":
            yield name, "phone"
        elif one["fieldType"] in {"text", "email"}:
            if _EMAIL.search(name):
                yield name, "email"
            elif _PHONE.search(name):
                yield name, "phone"


def _blind(thing: Thing, wanted: Mapping[str, str], there: Mapping[str, Row]) -> tuple[str, ...]:
    """The flags that say no and are not shown.

    Our own is missed only where something else of ours is there: before that it was never made.
    """
    needed = [*thing.guards, *(v for c, v in wanted.items() if c in FLAGS and v)]
    own = own_name("opt_out_call")
    if thing.push and "opt_out_call" not in wanted and any(n.startswith(OWN) for n in there):
        needed.append(own)
    return tuple(name for name in dict.fromkeys(needed) if name not in there)


def _labels(one: Row) -> dict[str, str]:
    return {str(o["value"]): str(o["label"]) for o in one["options"]}


def _is_locked(one: Row) -> bool:
    meta = one.get("modificationMetadata") or {}
    return bool(meta.get("readOnlyValue") or one.get("calculated"))


def _typed(one: Row) -> str:
    if _is_locked(one):
        return ""
    return TYPED.get(str(one["type"]), "text")


def with_names(
    shape: Shape, owners: Callable[[], Mapping[str, str]], stages: Callable[[], Mapping[str, str]]
) -> Shape:
    """The shape, with names for those who own records and for the stages they are in."""
    return replace(shape, owners=owners, stages=stages)
