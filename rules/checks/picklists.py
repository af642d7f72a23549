"""Columns of free text in which nearly everybody writes one of a few things: lists in the making.

And lists in which the same thing is written in several ways, so that figures by campaign, list or
agent come out wrong. Looks at the cells of a column, all of them or a fair sample; pure.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection, Iterator, Sequence
from typing import Final

from rules.catalogue import Catalogue, Field, Role, Type
from rules.changes import Finding, Severity
from rules.folding import fold
from rules.formats.cells import quoted
from rules.records import Kind

FEWEST: Final = 30
"""Filled cells from which on a column says anything."""
MOST_VALUES: Final = 20
MOST_GROUPS: Final = 200
_COVERED: Final = 0.95
_EACH: Final = 8
"""So many cells there are for each value, on average, or it is no list."""
_RARE: Final = 0.005

# Text that another field decides: the postcode, the industry code, the house.
_DECIDED: Final = frozenset({"address", "city", "industry_label"})
_DIGITS: Final = re.compile(r"\d+")


def looked_at(kind: Kind, fields: Collection[str], catalogue: Catalogue) -> tuple[Field, ...]:
    """The columns worth a look: plain text, and lists that are the customer's own."""
    return tuple(
        row for row in catalogue.for_kind(kind) if row.name in fields and _may_be_list(row)
    )


def _may_be_list(row: Field) -> bool:
    if row.type is Type.PICKLIST:
        return not row.closed
    plain = row.type is Type.TEXT and row.format == "format.text" and not row.validator
    return plain and row.role in {Role.NONE, Role.EVIDENCE} and row.name not in _DECIDED


def found_in(row: Field, cells: Sequence[str]) -> Iterator[Finding]:
    """What the cells of a column say about it; empty ones are left out."""
    filled = [cell for cell in cells if not cell.isspace() and cell]
    groups = grouped(Counter(filled))
    values = _values(groups, len(filled))
    if not values:
        return
    if row.type is Type.TEXT:
        details = {
            "values": ", ".join(quoted(_spelt(one)) for one in values),
            "count": str(sum(one.total() for one in values)),
            "of": str(len(filled)),
        }
        yield Finding("picklist_wanted", Severity.NOTICE, row.name, details)
    several = [one for one in values if len(one) > 1]
    if several:
        told = {"spellings": "; ".join(map(_told, several))}
        yield Finding("spellings_differ", Severity.WARNING, row.name, told)


Group = Counter[str]
"""Spellings of one thing, each with how often it occurs."""


def _values(groups: Sequence[Group], filled: int) -> list[Group]:
    """The groups that make a list of the column; none when it is none."""
    if filled < FEWEST:
        return []
    common = [one for one in groups if one.total() >= max(2, filled * _RARE)]
    covered = sum(one.total() for one in common)
    few = 2 <= len(common) <= MOST_VALUES and filled >= _EACH * len(common)
    return common if few and covered >= _COVERED * filled else []


def _told(group: Group) -> str:
    """The spellings, the most frequent first; in quotes, or nobody sees a blank at the end."""
    return " = ".join(f"'{quoted(text)}'" for text, _ in group.most_common())


def _spelt(group: Group) -> str:
    """How most write it; of two that are as frequent the one with a capital first."""
    return max(group, key=lambda text: (group[text], text[:1].isupper(), text)).strip()


def grouped(counted: Counter[str]) -> list[Group]:
    """Spellings of the same thing together, the most frequent group first.

    The same but for case, blanks and signs; an abbreviation with a full stop (`intr.`); one letter
    too many, too few or wrong in a long word. Numbers must agree: `Uge 45` is not `Uge 46`.
    """
    by_fold: dict[str, Group] = {}
    for text, times in counted.items():
        by_fold.setdefault(fold(text), Counter())[text] = times
    groups = sorted(by_fold.items(), key=lambda one: (-one[1].total(), one[0]))
    if len(groups) > MOST_GROUPS:
        return [group for _, group in groups]
    kept: list[tuple[str, Group]] = []
    for folded, group in groups:
        like = next((one for name, one in kept if _is_like(folded, group, name)), None)
        if like is None:
            kept.append((folded, group))
        else:
            like.update(group)
    return sorted((group for _, group in kept), key=lambda one: -one.total())


def _is_like(folded: str, group: Group, other: str) -> bool:
    if not folded or folded[0] != other[:1] or _DIGITS.findall(folded) != _DIGITS.findall(other):
        return False
    short = all(text.strip().endswith(".") for text in group)
    if short and 2 <= len(folded) < len(other):
        return _is_within(folded, other)
    return min(len(folded), len(other)) >= _LONG and _is_one_off(folded, other)


_LONG: Final = 6


def _is_within(short: str, long: str) -> bool:
    """Whether the letters of `short` stand in `long` in that order."""
    rest = iter(long)
    return all(letter in rest for letter in short)


def _is_one_off(one: str, other: str) -> bool:
    """Whether one letter more, less or other makes the two the same."""
    if abs(len(one) - len(other)) > 1:
        return False
    at = next((n for n, (a, b) in enumerate(zip(one, other, strict=False)) if a != b), None)
    if at is None:
        return one != other
    after_one = one[at + (len(one) >= len(other)) :]
    return after_one == other[at + (len(other) >= len(one)) :]
