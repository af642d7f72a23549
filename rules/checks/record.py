"""All checks on one record, in their order, and all that can be said of a list as such."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from datetime import date
from functools import lru_cache
from hashlib import blake2b
from typing import Final, NamedTuple

from rules import tables
from rules.catalogue import Catalogue
from rules.changes import Finding
from rules.checks import (
    caller_id,
    completeness,
    employment,
    evidence,
    follow_up,
    freshness,
    moments,
    notes,
    protection,
)
from rules.checks.desk import Check, Desk, Terms
from rules.fields.field import Moment
from rules.records import Kind, Value

VERSION: Final = 4
"""Rises whenever the same record may be found to lack something else."""

_MAKERS: Final[tuple[Callable[[Kind, frozenset[str], Catalogue], Check | None], ...]] = (
    # The first one notes which fields it has told about, so that no other does so again.
    completeness.completeness,
    freshness.freshness,
    evidence.consents,
    evidence.opt_outs,
    evidence.lawful_basis,
    protection.protection,
    follow_up.ownership,
    follow_up.next_action,
    notes.notes,
    caller_id.caller_id,
    employment.employment,
)


class _Plan(NamedTuple):
    """What to do with records that have the same fields mapped."""

    tell: Callable[[Desk], Moment] | None
    checks: tuple[Check, ...]


@lru_cache(maxsize=256)
def _plan(kind: Kind, fields: tuple[str, ...], catalogue: Catalogue) -> _Plan:
    mapped = frozenset(fields)
    made = (make(kind, mapped, catalogue) for make in _MAKERS)
    tell = moments.telling(kind, mapped, catalogue)
    return _Plan(tell, tuple(check for check in made if check is not None))


def look(
    kind: Kind, values: Mapping[str, Value], catalogue: Catalogue, terms: Terms
) -> tuple[tuple[Finding, ...], date | None]:
    """What is missing, old or unproven in a record, and the day from which that may be different.

    `values` are the mapped fields as they will be once hygiene's changes are made. Pure and total.
    """
    tell, checks = _plan(kind, tuple(values), catalogue)
    if not checks:
        return (), None
    desk = Desk(kind, values, terms)
    if tell is not None:
        desk.moment = tell(desk)
    for check in checks:
        check(desk)
    return tuple(desk.findings), desk.again_on


def columns(kind: Kind, fields: Collection[str], catalogue: Catalogue) -> tuple[Finding, ...]:
    """What a list of `kind` has no column for. Said once, because no record of it can say it."""
    mapped = frozenset(fields)
    unproven = evidence.lacking(mapped)
    told = mapped.union(unproven)
    found = completeness.lacking(kind, told, catalogue)
    return (*found, *evidence.without_columns(unproven))


def fingerprint(catalogue: Catalogue, kind: Kind) -> str:
    """A hash of what the checks' outcome on records of `kind` depends on besides them and the
    terms: 32 hexadecimal digits."""
    parts = [str(VERSION), *map(tables.digest, (moments.TABLE, notes.TABLE))]
    for row in catalogue.for_kind(kind):
        if kind in row.home:
            needed = sorted(one.value for one in row.mandatory_at)
            parts.append(f"{row.name} {needed} {row.max_age_days}")
        parts += [f"{one.value} {one.da} {one.en} {one.spellings}" for one in row.choices]
    return blake2b("\n".join(parts).encode(), digest_size=16).hexdigest()
