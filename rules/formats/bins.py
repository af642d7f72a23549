"""Employees and revenue, from numbers and free text to the bins of the catalogue.

A number goes into the bin that holds it. An open end (`50+`, `under 10`) says only where its bound
lies, and goes into the bin at the bound. A range that reaches over several bins goes into the lowest,
or the highest when the settings say `up`: one rule, so that the same text gives the same bin.
Missing is not zero, another figure is not revenue, and nothing is converted from foreign currency.
(requirements R5, R6, R36, R43)
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from functools import lru_cache
from typing import Final

from rules.changes import Severity
from rules.fields import bins
from rules.fields.field import Choice
from rules.formats import amounts
from rules.formats.amounts import Amount, Unread
from rules.formats.cells import kept, nothing, quoted, spaced, spelled, unshielded
from rules.formats.formatted import Formatted

VERSION = 2

UNITS: Final[Mapping[str, Decimal | None]] = {
    "unknown": None,
    "DKK": Decimal(1),
    "TDKK": Decimal(1000),
    "MDKK": Decimal(1_000_000),
}
"""What a bare number in the revenue field is counted in, by the word of the settings."""

_MILLION = Decimal(1_000_000)
_SURELY_KRONER = Decimal(10_000_000)
"""From here on a bare number is kroner: in thousands it would be ten billion."""
_LEAST, _MOST = Decimal(1000), Decimal(1_000_000_000_000)
"""No yearly revenue lies outside: then a bare number is counted in something else."""
_DAYS = range(36_526, 47_849)
"""Spreadsheets count days: 2000 to 2030. Hardly a company in Denmark has that many employees."""


@dataclass(frozen=True, slots=True, eq=False)
class Scale:
    """Bins in order: their values, the lowest number of each, and the highest (None: open)."""

    values: tuple[str, ...]
    lows: tuple[Decimal, ...]
    highs: tuple[Decimal | None, ...]
    whole: bool
    spellings: Mapping[str, str]
    named: frozenset[str]
    """The values of all choices, also of those that name no amounts."""

    def settled(self, text: str) -> bool:
        """A quick look: True only when the cell would be left alone and nothing be said."""
        return text in self.named

    def at(self, number: Decimal) -> int | None:
        """The bin that holds a number; None when none does."""
        return self._within(bisect_right(self.lows, number) - 1, number)

    def below(self, number: Decimal) -> int | None:
        """The bin that holds what lies just below a number."""
        if self.whole:
            return self.at(number - 1)
        return self._within(bisect_left(self.lows, number) - 1, number)

    def _within(self, place: int, number: Decimal) -> int | None:
        if place < 0:
            return None
        high = self.highs[place]
        return place if high is None or number < high + self.whole or number == high else None


@lru_cache(maxsize=64)
def scale(choices: tuple[Choice, ...], *, whole: bool, told: bool = False) -> Scale:
    """The bins that choices speak of; those that name no amounts have spellings only.

    Bins of `whole` numbers hold both their ends, others reach up to the next one. Revenue bins
    without a unit count in millions; when they are `told`, each is written with its unit, and what
    stands without one may be another count.
    """
    found: list[tuple[Decimal, Decimal | None, str]] = []
    for choice in choices:
        amount = amounts.read(choice.value)
        if isinstance(amount, Amount) and (bounds := _bounds(amount, whole=whole)):
            found.append((*bounds, _told(choice) if told else choice.value))
    if len(found) < len(choices) or len({low for low, _, _ in found}) < len(found):
        found = []
    found.sort(key=lambda one: one[0])
    written = {choice.value: _told(choice) if told else choice.value for choice in choices}
    spellings = {
        _folded(text): written[choice.value] if not told or _is_told(text) else _DOUBTFUL
        for choice in reversed(choices)
        for text in (*choice.spellings, choice.en, choice.da, choice.value, written[choice.value])
    }
    return Scale(
        tuple(value for _, _, value in found),
        tuple(low for low, _, _ in found),
        tuple(high for _, high, _ in found),
        whole,
        spellings,
        frozenset(written.values()),
    )


_DOUBTFUL: Final = ""
"""What is written for a bin without a unit, where the column has one of its own."""


def _is_told(text: str) -> bool:
    """Whether a bin says what it counts; words that are no amount need not."""
    amount = amounts.read(text)
    return not isinstance(amount, Amount) or bool(amount.unit or amount.currency)


def _told(choice: Choice) -> str:
    """A bin with its unit: `10-25 mio. kr.`."""
    told = (text for text in (choice.value, choice.da) if text and _is_told(text))
    return next(told, f"{choice.value} mio. kr.")


def _bounds(amount: Amount, *, whole: bool) -> tuple[Decimal, Decimal | None] | None:
    if amount.low is None and amount.high is None:
        return None
    factor = (amount.unit or Decimal(1)) if whole or amount.currency else amount.unit or _MILLION
    low = Decimal(0) if amount.low is None else amount.low * factor + (whole and amount.above)
    return low, None if amount.high is None else amount.high * factor - (whole and amount.below)


def _folded(text: str) -> str:
    return spaced(text).lower().replace("–", "-")


EMPLOYEES: Final = scale(bins.EMPLOYEES, whole=True)
REVENUE: Final = scale(bins.REVENUE, whole=False)


@lru_cache(maxsize=8192)
def employees(text: str, into: Scale = EMPLOYEES, *, up: bool = False) -> Formatted:
    """A number of employees as its bin. Total, idempotent."""
    amount = _amount(text, into)
    if isinstance(amount, Formatted):
        return amount
    if amount.currency or amount.unit not in {None, Decimal(1000)}:
        return kept(text, "interval_unreadable")
    if (
        amount.low == amount.high
        and _DAYS.start <= (amount.low or 0) < _DAYS.stop
        and text.strip().isdecimal()
    ):
        return kept(text, "interval_is_date")
    return _binned(text, amount, amount.unit or Decimal(1), into, up=up)


@lru_cache(maxsize=8192)
def revenue(
    text: str,
    into: Scale = REVENUE,
    *,
    up: bool = False,
    unit: str = "unknown",
    currency: str = "DKK",
) -> Formatted:
    """A yearly revenue in kroner as its bin.

    `unit` is what a bare number counts, and `currency` the ISO code of an amount that names none:
    as the header of the column says, or else the settings. Total, idempotent.
    """
    amount = _amount(text, into)
    if isinstance(amount, Formatted):
        return amount
    found = amount.currency or currency
    if found != "DKK":
        return kept(text, "revenue_currency", currency=found)
    factor = amount.unit or _bare_unit(amount, unit)
    if factor is None:
        return kept(text, "revenue_unit_unknown")
    return _binned(text, amount, factor, into, up=up)


def _bare_unit(amount: Amount, unit: str) -> Decimal | None:
    """What an amount without unit counts: nothing is nothing in any, book-keepers count kroner."""
    numbers = [one for one in (amount.low, amount.high) if one is not None]
    if amount.exact or not any(numbers) or min(numbers) >= _SURELY_KRONER:
        return Decimal(1)
    if amount.currency and min(numbers) >= 100_000:
        return Decimal(1)
    factor = UNITS[unit]
    return factor if factor and _LEAST <= max(numbers) * factor <= _MOST else None


def _amount(text: str, into: Scale) -> Amount | Formatted:
    """What a cell speaks of, or the verdict when that is settled without bins."""
    bare = spaced(unshielded(spaced(text)))
    known = into.spellings.get(_folded(bare))
    if known == _DOUBTFUL:
        return kept(text, "revenue_unit_unknown")
    if known is not None:
        return Formatted(text) if known == text else spelled(known, "reason.bin.spelling")
    empty = nothing(text)
    if empty is not None:
        return empty
    amount = amounts.read(bare)
    if isinstance(amount, Unread):
        return _unread(text, amount)
    return amount


def _unread(text: str, why: Unread) -> Formatted:
    match why:
        case Unread.DATE:
            return kept(text, "interval_is_date")
        case Unread.UNCLEAR:
            return kept(text, "interval_unclear")
        case Unread.FIGURE:
            return kept(text, "interval_other_figure")
        case Unread.OTHER:
            return kept(text, "interval_unreadable")


def _binned(text: str, amount: Amount, factor: Decimal, into: Scale, *, up: bool) -> Formatted:
    low, high = (None if one is None else one * factor for one in (amount.low, amount.high))
    first = None if low is None else into.at(low + (into.whole and amount.above))
    if low == high:
        last = first
    elif high is None:
        last = None
    elif into.whole and not amount.below:
        last = into.at(high)
    else:
        last = into.below(high)
    ends = [place for place in (first, last) if place is not None]
    if len(ends) < sum(one is not None for one in (low, high)):
        return kept(text, "interval_outside", Severity.NOTICE)
    value = into.values[ends[-1] if up else ends[0]]
    if value == text:
        return Formatted(text)
    if low is None or high is None:
        return spelled(value, "reason.bin.open")
    if len(set(ends)) == 1:
        return spelled(value, "reason.bin.number" if low == high else "reason.bin.within")
    details = {"low": into.values[ends[0]], "high": into.values[ends[-1]], "text": quoted(text)}
    return Formatted(value, "reason.bin.up" if up else "reason.bin.down", details)
