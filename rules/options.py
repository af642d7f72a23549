"""What settings say to single rules: how sizes are rounded, which bins there are, which codes.

The rows of `rules.hygiene.RULES` know the defaults; here rows are made that know something else.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from functools import partial
from typing import Any, Final

from rules.catalogue import DEFAULT, Catalogue, Choice
from rules.cell_rules import Rule
from rules.formats import bins
from rules.formats.formatted import Formatted
from rules.formats.industry_schemes import Scheme
from rules.hygiene import Row


@dataclass(frozen=True, slots=True)
class Options:
    """`up`: a range over several bins goes into the highest. `revenue_unit`: what a bare number in
    the revenue field counts, a key of `rules.formats.bins.UNITS`. `scheme`: what an industry code
    is when nothing else tells. `fill_db25`: the only possible successor of a code is filled.
    """

    employees: tuple[Choice, ...] = DEFAULT["employees"].choices
    revenue: tuple[Choice, ...] = DEFAULT["revenue"].choices
    up: bool = False
    revenue_unit: str = "unknown"
    scheme: Scheme | None = None
    fill_db25: bool = False


USUAL: Final = Options()


def bins_of(catalogue: Catalogue, name: str) -> tuple[Choice, ...]:
    """The bins of a field, none when it is not in use."""
    field = catalogue.get(name)
    return field.choices if field else ()


def with_options(rules: Iterable[Row], options: Options) -> tuple[Row, ...]:
    """The rules as `options` have them; those that nothing is said to stay the same objects."""
    return tuple(_row(row, options) for row in rules) if options != USUAL else tuple(rules)


def _row(row: Row, options: Options) -> Row:
    if isinstance(row, Rule):
        change = _SIZES.get(row.name)
        return change(row, options) if change else row
    said: dict[str, Any] = {}
    if options.scheme and row.name in _ASSUMING:
        said["assumed"] = options.scheme
    if options.fill_db25 and row.name == "industry_db25_from_code":
        said["fill_only"] = True
    if not said:
        return row
    return replace(
        row,
        fill=row.fill and partial(row.fill, **said),
        check=row.check and partial(row.check, **said),
        options=tuple(f"{name}={value}" for name, value in said.items()),
    )


def _employees(row: Rule, options: Options) -> Rule:
    into = bins.scale(options.employees, whole=True)
    return _sized(row, bins.employees, into, {"up": options.up})


def _revenue(row: Rule, options: Options) -> Rule:
    said = {"up": options.up, "unit": options.revenue_unit}
    return _sized(row, bins.revenue, bins.scale(options.revenue, whole=False), said)


def _sized(
    row: Rule, format_: Callable[..., Formatted], into: bins.Scale, said: dict[str, Any]
) -> Rule:
    return replace(
        row,
        settled=into.settled,
        unsettled=partial(format_, into=into, **said),
        options=(*(f"{name}={value}" for name, value in said.items()), *sorted(into.spellings)),
    )


_SIZES: Final = {"employees": _employees, "revenue": _revenue}
_ASSUMING: Final = frozenset(
    {
        "industry_scheme_from_code",
        "industry_label_from_code",
        "industry_meaning",
        "industry_db25_from_code",
    }
)
