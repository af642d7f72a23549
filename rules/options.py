"""What settings and headers say to single rules: rounding, bins, units, systems of codes.

The rows of `rules.hygiene.RULES` know the defaults; here rows are made that know something else. What
the header of a column says is stronger than what the settings say of all lists.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from functools import partial
from types import MappingProxyType
from typing import Any, Final, NamedTuple

from rules.catalogue import DEFAULT, Catalogue, Choice
from rules.cell_rules import Rule
from rules.formats import bins, numbers
from rules.formats.formatted import Formatted
from rules.formats.industry_schemes import Scheme, Told
from rules.header_units import MDKK, SECONDS
from rules.hygiene import Row
from rules.refine.steps import Steps

NO_UNITS: Final[Mapping[str, str]] = MappingProxyType({})
"""What the headers of most lists say."""


class Headings(NamedTuple):
    """What the columns of one list say to the rules, the same for all of its records.

    `units`: field -> how a bare cell is to be read (`rules.header_units`). `closed`: fields that
    nobody can write there, formulas of a workbook and read-only fields of a system: rules say what
    they find in them, and change nothing.
    """

    units: Mapping[str, str] = NO_UNITS
    closed: frozenset[str] = frozenset()


NO_HEADINGS: Final = Headings()


@dataclass(frozen=True, slots=True)
class Options:
    """`up`: a range over several bins goes into the highest. `revenue_unit`: what a bare number in
    the revenue field counts, a key of `rules.formats.bins.UNITS`. `scheme`: what an industry code
    is when nothing else tells. `fill_db25`: the only possible successor of a code is filled.
    `units`: what the headers of one list say, by field (`rules.header_units`).
    """

    employees: tuple[Choice, ...] = DEFAULT["employees"].choices
    revenue: tuple[Choice, ...] = DEFAULT["revenue"].choices
    up: bool = False
    revenue_unit: str = "unknown"
    scheme: Scheme | None = None
    fill_db25: bool = False
    units: Mapping[str, str] = field(default_factory=dict)


USUAL: Final = Options()


def bins_of(catalogue: Catalogue, name: str) -> tuple[Choice, ...]:
    """The bins of a field, none when it is not in use."""
    row = catalogue.get(name)
    return row.choices if row else ()


def with_options(rules: Iterable[Row], options: Options) -> tuple[Row, ...]:
    """The rules as `options` have them; those that nothing is said to stay the same objects."""
    return tuple(_row(row, options) for row in rules) if options != USUAL else tuple(rules)


def _row(row: Row, options: Options) -> Row:
    if isinstance(row, Rule):
        change = _CELLS.get(row.name)
        return change(row, options) if change else row
    if isinstance(row, Steps):
        return row
    said: dict[str, Any] = {}
    header = options.units.get("industry_code")
    if (options.scheme or header) and row.name in _TOLD:
        said["told"] = Told(Scheme(header) if header else None, options.scheme)
    if options.fill_db25 and row.name == "industry_db25_from_code":
        said["fill_only"] = True
    if not said:
        return row
    return replace(
        row,
        fill=row.fill and partial(row.fill, **said),
        check=row.check and partial(row.check, **said),
        options=(*row.options, *(f"{name}={value}" for name, value in said.items())),
    )


def _employees(row: Rule, options: Options) -> Rule:
    into = bins.scale(options.employees, whole=True)
    return _sized(row, bins.employees, into, {"up": options.up})


def _revenue(row: Rule, options: Options) -> Rule:
    """Under a header that counts something else than millions a bin is written with its unit."""
    header = options.units.get("revenue", "")
    said = {"up": options.up, "unit": options.revenue_unit}
    if header in bins.UNITS:
        said["unit"] = header
    elif header:
        said |= {"unit": "unknown", "currency": header}
    told = header not in {"", MDKK}
    return _sized(row, bins.revenue, bins.scale(options.revenue, whole=False, told=told), said)


def _duration(row: Rule, options: Options) -> Rule:
    unit = options.units.get("duration_seconds", SECONDS)
    if unit == SECONDS:
        return row
    return replace(
        row,
        settled=numbers.settled_duration(unit),
        unsettled=partial(numbers.duration, unit=unit),
        options=(f"unit={unit}",),
    )


def _sized(
    row: Rule, format_: Callable[..., Formatted], into: bins.Scale, said: dict[str, Any]
) -> Rule:
    return replace(
        row,
        settled=into.settled,
        unsettled=partial(format_, into=into, **said),
        options=(
            *(f"{name}={value}" for name, value in said.items()),
            *sorted(into.spellings),
            *sorted(into.named),
        ),
    )


_CELLS: Final = {"employees": _employees, "revenue": _revenue, "duration_seconds": _duration}
_TOLD: Final = frozenset(
    {
        "industry_scheme_from_code",
        "industry_label_from_code",
        "industry_meaning",
        "industry_db25_from_code",
    }
)
