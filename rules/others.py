"""What another system holds of the same person or company, for fields that are empty here.

A source of its own rank, the last of all: it fills and never overwrites. Whose records are the same
is decided in `rules.matching`; here only what they agree on is taken, as the rules leave it. Blocks,
consents and whatever proves them are no such values, and neither are numbers that tell who it is.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Final, NamedTuple

from rules.catalogue import Catalogue
from rules.changes import Change, Severity
from rules.fields.field import Field, Layer, Role, Type
from rules.formats.cells import trimmed
from rules.hygiene import Row, clean
from rules.records import ABSENT, Kind, Ref, Value

RULE: Final = "other_system"
SOURCE: Final = "other_crm"
VERSION: Final = 1

_NEVER: Final = frozenset({"cvr", "p_number", "root_domain"})
"""What two records are told to be the same by would otherwise prove itself."""
_OF_ONE_SYSTEM: Final = (Type.PICKLIST, Type.REF)
"""Lists of values and ids mean something in their own system only."""


class Offer(NamedTuple):
    """Another record of the same person or company, as it stands; `why` names what says so."""

    ref: Ref
    values: Mapping[str, Value]
    why: str


def may_fill(catalogue: Catalogue, kind: Kind) -> frozenset[str]:
    """The fields of such records that may be taken from another system."""
    return frozenset(field.name for field in catalogue.for_kind(kind) if _may_go(field, kind))


def _may_go(field: Field, kind: Kind) -> bool:
    return (
        kind in field.home
        and field.layer in (Layer.COMPANY, Layer.CONTACT)
        and field.role in (Role.NONE, Role.IDENTITY)
        and field.type not in _OF_ONE_SYSTEM
        and "crm" in field.sources
        and field.name not in _NEVER
    )


def from_others(
    kind: Kind,
    values: Mapping[str, Value],
    offers: Sequence[Offer],
    fields: Collection[str],
    *,
    rules: Sequence[Row],
    region: str,
) -> tuple[Change, ...]:
    """What fills the empty ones of `fields`: a value that all who have one agree on.

    `values` are the record's as its own rules leave them. What these rules would not leave alone is
    not taken.
    """
    empty = [name for name in sorted(fields) if name in values and _is_empty(values[name])]
    if not empty:
        return ()
    cleaned = [(one, _good(one, rules, region)) for one in offers]
    found = [change for name in empty for change in _agreed(name, values[name], cleaned)]
    after = {**values, **{change.field: change.new for change in found}}
    if not found:
        return ()
    changes, findings = clean(kind, after, rules=rules, region=region)
    doubtful = {change.field for change in changes} | {one.field for one in findings}
    return tuple(change for change in found if change.field not in doubtful)


def _is_empty(value: Value) -> bool:
    return value is not ABSENT and not (value and trimmed(value))


def _good(offer: Offer, rules: Sequence[Row], region: str) -> dict[str, str]:
    """The values of an offer as hygiene leaves them, without those that a person has to mend."""
    changes, findings = clean(offer.ref.kind, offer.values, rules=rules, region=region)
    later = {change.field: change.new for change in changes}
    bad = {one.field for one in findings if one.severity is not Severity.NOTICE}
    values = {**offer.values, **later}
    return {
        name: text
        for name, text in values.items()
        if isinstance(text, str) and text and name not in bad
    }


def _agreed(
    name: str, stands: Value, cleaned: Sequence[tuple[Offer, Mapping[str, str]]]
) -> Iterator[Change]:
    """The change, unless nobody has a value or two have different ones."""
    having = [(offer, values[name]) for offer, values in cleaned if name in values]
    if len({value for _, value in having}) != 1:
        return
    offer, value = min(having, key=lambda one: str(one[0].ref))
    old = stands if isinstance(stands, str) else None
    details = {"ref": str(offer.ref), "why": offer.why}
    yield Change(name, old, value, RULE, SOURCE, "reason.other_system", details)
