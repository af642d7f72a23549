"""What a person should know of a sheet and calamine does not tell: formulas, what is hidden, locks.

Most sheets have none of it, which a search in the bytes shows; only a sheet with formulas is gone
through cell by cell.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from connectors.files.books.book import Book, Sheet
from connectors.files.books.markup import Cell, each_cell

_FORMULA: Final = re.compile(rb"<(?:\w+:)?f[\s/>]")
_HIDDEN_ROW: Final = re.compile(rb"""<(?:\w+:)?row\s[^>]*?\bhidden=["'](?:1|true)["']""")
_HIDDEN_COLUMN: Final = re.compile(rb"""<(?:\w+:)?col\s[^>]*?\bhidden=["'](?:1|true)["']""")
_ERROR: Final = re.compile(rb"""<(?:\w+:)?c\s[^>]*?\bt=["']e["']""")
_PROTECTED: Final = re.compile(rb"""<(?:\w+:)?sheetProtection\s[^>]*?\bsheet=["'](?:1|true)["']""")


@dataclass(frozen=True, slots=True)
class Facts:
    """Counts, and for formulas the columns (from 0) in which they stand."""

    hidden_sheet: bool = False
    hidden_rows: int = 0
    hidden_columns: int = 0
    errors: int = 0
    protected: bool = False
    formulas: Mapping[int, int] = field(default_factory=dict)

    def formulas_in(self, column: int) -> int:
        """How many cells of a column are calculated."""
        return self.formulas.get(column, 0)

    def notes(self) -> dict[str, str]:
        """What there is of it, for people."""
        told = {
            "hidden_sheet": int(self.hidden_sheet),
            "hidden_rows": self.hidden_rows,
            "hidden_columns": self.hidden_columns,
            "error_cells": self.errors,
            "formula_cells": sum(self.formulas.values()),
        }
        return {name: str(count) for name, count in told.items() if count}


def facts_of(book: Book, sheet: Sheet) -> Facts:
    """The facts of a sheet; of an .xls or .ods only whether it is hidden."""
    if not sheet.part:
        return Facts(not sheet.visible)
    data = book.markup(sheet)
    return Facts(
        not sheet.visible,
        _count(_HIDDEN_ROW, data, b"hidden="),
        _count(_HIDDEN_COLUMN, data, b"hidden="),
        _count(_ERROR, data, b't="e"', b"t='e'"),
        _count(_PROTECTED, data, b"sheetProtection") > 0,
        _formulas(data) if _count(_FORMULA, data, b"<f", b":f") else {},
    )


def _count(pattern: re.Pattern[bytes], data: bytes, *hints: bytes) -> int:
    """How often a pattern is there. It is looked for only if one of the hints is: a tenth of the
    time where it is not."""
    return len(pattern.findall(data)) if any(hint in data for hint in hints) else 0


def _formulas(data: bytes) -> dict[int, int]:
    found: Counter[int] = Counter()

    def note(cell: Cell) -> None:
        if cell.formula:
            found[cell.column] += 1

    each_cell(data, note)
    return dict(found)
