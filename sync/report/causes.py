"""The part of the report about findings: grouped by cause, worst first."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Final

from rules.changes import Severity
from rules.duties import Duties
from state import overview
from state.overview import Cause, Found
from state.store import Tx
from sync.duties import day_in_denmark, due_of
from sync.report import words
from sync.report.model import Example, FindingField, FindingGroup
from sync.report.part import Said

EXAMPLES: Final = 3
WORST_FIRST: Final = {severity: order for order, severity in enumerate(Severity)}

_Key = tuple[Severity, str]


def groups(tx: Tx, causes: Sequence[Cause], duties: Duties) -> list[FindingGroup]:
    """The worst and most frequent first; a few findings of each are read."""
    by_key: dict[_Key, list[Cause]] = {}
    for cause in causes:
        by_key.setdefault((cause.severity, cause.code), []).append(cause)
    wanted = {key: _numbers(causes) for key, causes in by_key.items()}
    found = overview.found(tx, sorted({n for numbers in wanted.values() for n in numbers}))
    made = [_group(key, by_key[key], wanted[key], found, duties) for key in by_key]
    return sorted(made, key=lambda one: (WORST_FIRST[one.severity], -one.count, one.code))


def broken(causes: Sequence[Cause]) -> dict[tuple[str, str], int]:
    """(system, stream) -> rows that could not be read as records."""
    rows: Counter[tuple[str, str]] = Counter()
    for cause in causes:
        rows[cause.system, cause.stream] += cause.broken
    return rows


def _numbers(causes: Sequence[Cause]) -> list[int]:
    common = sorted(causes, key=lambda one: (-one.records, one.numbers))[:EXAMPLES]
    turns = [one.numbers[0] for one in common] + [one.numbers[-1] for one in common]
    return list(dict.fromkeys(turns))[:EXAMPLES]


def _group(
    key: _Key,
    causes: Sequence[Cause],
    numbers: Sequence[int],
    found: dict[int, Found],
    duties: Duties,
) -> FindingGroup:
    severity, code = key
    fields = _fields(causes, code, duties)
    there = [found[number] for number in numbers if number in found]
    details = there[0].finding.details if there else {}
    return FindingGroup(
        code=code,
        severity=severity,
        title=title(code, details),
        remedy=words.say_first(f"finding.{code}.remedy", details=details),
        count=sum(cause.records for cause in causes),
        new=sum(cause.new for cause in causes),
        owner=fields[0].owner,
        owner_name=fields[0].owner_name,
        due=min(duties.due(code, severity, day_in_denmark(cause.oldest)) for cause in causes),
        fields=fields,
        streams=tuple(sorted({cause.stream for cause in causes})),
        examples=tuple(_example(one, duties) for one in there),
    )


def _fields(causes: Sequence[Cause], code: str, duties: Duties) -> tuple[FindingField, ...]:
    counted: Counter[str | None] = Counter()
    for cause in causes:
        counted[cause.field] += cause.records
    return tuple(_field(name, number, code, duties) for name, number in counted.most_common())


def _field(name: str | None, number: int, code: str, duties: Duties) -> FindingField:
    owner = duties.owner(code, name)
    return FindingField(
        field=name,
        label=words.label(duties.catalogue, name) if name else None,
        owner=owner,
        owner_name=words.words(f"list.owner.{owner}"),
        count=number,
    )


def title(code: str, details: object = None) -> Said:
    """What findings of this code have in common; without such a text, what one of them says."""
    given = details if isinstance(details, dict) else {}
    said = words.say_first(f"report.cause.{code}", f"finding.{code}", details=given)
    return said or Said(da=code, en=code, key=f"finding.{code}")


def _example(one: Found, duties: Duties) -> Example:
    return Example(
        ref=f"{one.system}/{one.kind}/{one.id}" if one.id else None,
        stream=one.stream,
        place=one.place,
        text=words.found(one.finding, duties.catalogue),
        due=due_of(one.finding, one.first_seen_at, duties),
    )
