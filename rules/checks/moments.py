"""How far a record has come (R26): what is mandatory depends on it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cache
from typing import Final, NamedTuple

from rules import tables
from rules.catalogue import Catalogue
from rules.checks.desk import Desk
from rules.checks.words import spellings
from rules.fields.field import Moment
from rules.folding import fold
from rules.records import Kind

TABLE: Final = "moments"
ORDER: Final = tuple(Moment)


class Sign(NamedTuple):
    """A field whose value tells the moment; `value` `*`: any; no `field`: every record."""

    field: str
    value: str
    moment: Moment


@cache
def signs(kind: Kind) -> tuple[Sign, ...]:
    """The signs on records of this kind, the strongest first."""
    rows = (row for row in tables.rows(TABLE) if kind.value in row["kinds"].split())
    return tuple(_sign(row["sign"], row["moment"]) for row in rows)


def _sign(sign: str, moment: str) -> Sign:
    name, _, value = sign.partition("=")
    return Sign(name, value, Moment(moment))


def reached(kind: Kind) -> tuple[Moment, ...]:
    """The moments that records of this kind come to, in order: no call is ever on a call list."""
    told = {Moment.ENTRY, *(sign.moment for sign in signs(kind))}
    return tuple(moment for moment in ORDER if moment in told)


class _Telling(NamedTuple):
    """A field that tells the moment: the rank of each of its values, by folded spelling."""

    field: str
    ranks: Mapping[str, int]
    any: int
    """The rank of any other text; that of no sign when it tells nothing."""


def telling(
    kind: Kind, mapped: frozenset[str], catalogue: Catalogue
) -> Callable[[Desk], Moment] | None:
    """How to tell the moment of a record with these fields; None: it is always the entry."""
    known = tuple(one for one in signs(kind) if not one.field or one.field in mapped)
    if not known:
        return None
    ranked = (*(one.moment for one in known), Moment.ENTRY)
    always = next((rank for rank, one in enumerate(known) if not one.field), len(known))
    names = dict.fromkeys(one.field for one in known if one.field)
    fields = [_telling(name, known, catalogue) for name in names]

    def moment(desk: Desk) -> Moment:
        rank = always
        for name, ranks, other in fields:
            text = desk.text(name)
            if text:
                rank = min(rank, ranks.get(fold(text), other))
        return ranked[rank]

    return moment


def _telling(name: str, known: tuple[Sign, ...], catalogue: Catalogue) -> _Telling:
    values = {one.value: rank for rank, one in enumerate(known) if one.field == name}
    other = values.get("*", len(known))
    spelt = spellings(catalogue, name)
    ranks = {text: min(values.get(value, other), other) for text, value in spelt.items()}
    return _Telling(name, ranks, other)
