"""Several sources about the same company or person: where they say different things (R44).

Nobody can tell from the records alone who is right, so nothing is changed; a field that every
source fills in its own way is where enrichment has to be told whom to believe.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Final

from rules.catalogue import Catalogue, Field, Role, Type
from rules.changes import Finding, Severity
from rules.folding import fold
from rules.formats.cells import trimmed
from rules.keys import KeyKind
from rules.records import Kind, Value

KEYS: Final = {
    Kind.COMPANY: KeyKind.CVR,
    Kind.CONTACT: KeyKind.EMAIL,
    Kind.LEAD: KeyKind.EMAIL,
}
"""What tells that two records are about the same one (R50)."""

MOST_ALIKE: Final = 5
"""A key on more records than this is a branch's or a switchboard's, and tells nothing."""

_TOLD_APART: Final = frozenset(
    {"email", "cvr", "source", "campaign", "call_list", "owner", "priority", "next_action", "stage"}
)
"""The key itself, and what may well differ from list to list."""
_NO_TYPES: Final = frozenset({Type.REF, Type.DATE, Type.DATETIME, Type.BOOL, Type.CODE})


def compared(kind: Kind, catalogue: Catalogue) -> tuple[Field, ...]:
    """The fields that should say the same wherever they stand."""
    return tuple(
        row
        for row in catalogue.for_kind(kind)
        if kind in row.home
        and row.type not in _NO_TYPES
        and row.role in {Role.NONE, Role.IDENTITY}
        and row.name not in _TOLD_APART
    )


def disagreements(
    fields: Sequence[Field], groups: Sequence[Sequence[Mapping[str, Value]]]
) -> Iterator[Finding]:
    """For each field in how many groups its values differ; values as they are after hygiene."""
    asked: Counter[str] = Counter()
    differ: Counter[str] = Counter()
    for group in groups:
        for row in fields:
            said = [fold(text) for one in group if (text := _text(one.get(row.name)))]
            asked[row.name] += len(said) > 1
            differ[row.name] += len(set(said)) > 1
    for row in fields:
        if differ[row.name]:
            details = {"count": str(differ[row.name]), "of": str(asked[row.name])}
            yield Finding("sources_disagree", Severity.NOTICE, row.name, details)


def _text(value: Value) -> str:
    return trimmed(value) if isinstance(value, str) else ""
