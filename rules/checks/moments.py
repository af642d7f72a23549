"""How far a record has come (R26): what is mandatory depends on it."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Final, NamedTuple

from rules import tables
from rules.catalogue import Catalogue
from rules.checks.desk import Desk
from rules.checks.words import meant
from rules.fields.field import Moment
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


def telling(
    kind: Kind, mapped: frozenset[str], catalogue: Catalogue
) -> Callable[[Desk], Moment] | None:
    """How to tell the moment of a record with these fields; None: it is always the entry."""
    known = tuple(one for one in signs(kind) if not one.field or one.field in mapped)
    if not known:
        return None

    def moment(desk: Desk) -> Moment:
        return next((one.moment for one in known if _fits(one, desk, catalogue)), Moment.ENTRY)

    return moment


def _fits(sign: Sign, desk: Desk, catalogue: Catalogue) -> bool:
    if not sign.field:
        return True
    text = desk.values.get(sign.field)
    if not text or not isinstance(text, str) or text.isspace():
        return False
    return sign.value == "*" or meant(catalogue, sign.field, text) == sign.value
