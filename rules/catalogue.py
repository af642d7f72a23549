"""The field catalogue: one table of data that validation, mapping, coverage and docs all read.

The rows stand in `rules/fields/`; here they become a value that settings can override.
Requirements A, R1–R26.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from types import MappingProxyType
from typing import Final

from rules.fields.company import COMPANY
from rules.fields.compliance import COMPLIANCE
from rules.fields.contact import CONTACT
from rules.fields.field import Choice, Field, Layer, Moment, Role, Type
from rules.fields.headings import with_headings
from rules.fields.interaction import INTERACTION
from rules.fields.overrides import added, changed, refusal
from rules.fields.policies import with_policies
from rules.records import Kind

__all__ = [
    "DEFAULT",
    "FIELDS",
    "Catalogue",
    "Choice",
    "Field",
    "Layer",
    "Moment",
    "Role",
    "Type",
    "extend",
]

FIELDS: Final[tuple[Field, ...]] = with_headings(
    with_policies((*COMPANY, *CONTACT, *INTERACTION, *COMPLIANCE))
)


@dataclass(frozen=True)
class Catalogue:
    """The fields in use, in a fixed order. Look-ups by name are a dictionary's."""

    fields: tuple[Field, ...]

    def __post_init__(self) -> None:
        names = [field.name for field in self.fields]
        if len(set(names)) != len(names):
            raise ValueError("a field stands twice in the catalogue")

    def __hash__(self) -> int:
        return self._hash

    @cached_property
    def _hash(self) -> int:
        return hash(self.fields)

    def __reduce__(self) -> tuple[type[Catalogue], tuple[tuple[Field, ...]]]:
        """What was worked out stays here: another process works it out anew."""
        return Catalogue, (self.fields,)

    @cached_property
    def by_name(self) -> Mapping[str, Field]:
        """All fields by canonical name."""
        return MappingProxyType({field.name: field for field in self.fields})

    @cached_property
    def _by_kind(self) -> Mapping[Kind, tuple[Field, ...]]:
        return {kind: tuple(f for f in self.fields if kind in f.kinds) for kind in Kind}

    def for_kind(self, kind: Kind) -> tuple[Field, ...]:
        """The fields that records of `kind` may carry, in the order of the catalogue."""
        return self._by_kind[kind]

    def mandatory(self, kind: Kind, moment: Moment) -> tuple[Field, ...]:
        """The fields that a record of `kind` must have filled at `moment` (R26)."""
        return tuple(field for field in self._by_kind[kind] if field.mandatory(kind, moment))

    def with_role(self, *roles: Role) -> tuple[Field, ...]:
        """The fields that have one of `roles`."""
        return tuple(field for field in self.fields if field.role in roles)

    def of_type(self, *types: Type) -> tuple[Field, ...]:
        """The fields that have one of `types`."""
        return tuple(field for field in self.fields if field.type in types)

    def get(self, name: str) -> Field | None:
        """The field of that canonical name, or None."""
        return self.by_name.get(name)

    def __getitem__(self, name: str) -> Field:
        return self.by_name[name]

    def __contains__(self, name: object) -> bool:
        return name in self.by_name

    def __iter__(self) -> Iterator[Field]:
        return iter(self.fields)

    def __len__(self) -> int:
        return len(self.fields)


DEFAULT: Final = Catalogue(FIELDS)


def extend(
    catalogue: Catalogue,
    overrides: Mapping[str, Mapping[str, object]],
    *,
    systems: Collection[str] = (),
) -> Catalogue:
    """The catalogue with the settings' overrides: fields changed, added or taken out of use.

    `overrides` maps a canonical name to settings as TOML reads them: `da`, `en`, `owner`,
    `sources`, `mandatory_at`, `max_age_days` (false: never stale), `enrich`, `dispute`,
    `least_confidence` (percent), `personal`, `aliases` (added to those there are), `values`, `open`, `in_use`; a new field also needs `type` and `kinds`.
    `systems` are names of configured systems, allowed as sources. UserError for a wrong one.
    """
    rows: dict[str, Field] = dict(catalogue.by_name)
    for name, settings in overrides.items():
        row = rows.get(name)
        if not isinstance(settings, Mapping):
            raise refusal("no_table", name, "", settings, ())
        if row is None:
            rows[name] = added(name, settings, rows, systems)
        elif (new := changed(row, settings, systems)) is None:
            del rows[name]
        else:
            rows[name] = new
    return Catalogue(tuple(rows.values()))
