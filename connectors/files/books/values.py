"""Cells with types as text that the rules understand, in the same way whatever country Excel is
set to: whole numbers without decimals, a decimal point, dates as ISO writes them."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import Final

Cell = int | float | str | bool | time | date | datetime | timedelta
"""What calamine gives for a cell; "" for an empty one and for an error such as `#REF!`."""

_WHOLE: Final = 10.0**15
"""Up to here a number in a workbook has all its digits."""


def text_of(cell: Cell) -> str:
    """`45201234567.0` to `45201234567`, a date to `2026-11-24`, True to `TRUE`."""
    if cell.__class__ is float:
        return _number(cell)  # by far the most of what is not text
    match cell:
        case str():
            return cell.replace("\0", "")
        case bool():
            return "TRUE" if cell else "FALSE"
        case int():
            return str(cell)
        case float():
            return _number(cell)
        case datetime() if cell.time() == time():
            return cell.date().isoformat()
        case datetime():
            return cell.isoformat(" ", "seconds")
        case timedelta():
            return _duration(cell)
        case _:
            return cell.isoformat()


def _number(number: float) -> str:
    if -_WHOLE < number < _WHOLE and number == int(number):
        return str(int(number))
    text = f"{number:.15g}"
    return f"{Decimal(text):f}" if "e" in text and "inf" not in text else text


def _duration(span: timedelta) -> str:
    seconds = round(span.total_seconds())
    sign, seconds = ("-", -seconds) if seconds < 0 else ("", seconds)
    return f"{sign}{seconds // 3600}:{seconds // 60 % 60:02d}:{seconds % 60:02d}"
