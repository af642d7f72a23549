"""The XML of one sheet: where its cells stand in the bytes, found by expat in one pass."""

from __future__ import annotations

import re
from collections.abc import Callable, Container, Mapping
from dataclasses import dataclass, field
from typing import Final
from xml.parsers import expat

from connectors.files.books.book import column_number, refuse_dtd
from connectors.files.layout import Unusable

_TAG: Final = re.compile(rb"""<[^\s/>]+(?:\s+[^\s=/>]+\s*=\s*(?:"[^"]*"|'[^']*'))*\s*(/?)>""")
_PLACE: Final = re.compile(r"([A-Z]{1,3})(\d{1,7})")


@dataclass(slots=True)
class Cell:
    """One cell element: row (from 1), column (from 0), and where it begins and ends in bytes."""

    row: int
    column: int
    begin: int
    attributes: Mapping[str, str]
    closes: int = 0
    """Where its end tag begins, or, for an empty element, where it ends."""
    formula: bool = False
    children: int = 0

    def raw(self, data: bytes) -> bytes:
        """The element's bytes."""
        return data[self.begin : self.end(data)]

    def end(self, data: bytes) -> int:
        """Where the element ends."""
        tag = _TAG.match(data, self.begin)
        if tag is None:
            raise Unusable("book_damaged")
        return self.closes if tag[1] else data.index(b">", self.closes) + 1


@dataclass(slots=True)
class Line:
    """One row element, with its cells in order. `closes` is where a cell may be added at its end;
    -1 when the element is empty."""

    row: int
    prefix: bytes
    cells: list[Cell] = field(default_factory=list)
    closes: int = -1


def each_cell(data: bytes, heard: Callable[[Cell], None]) -> None:
    """Every cell of the sheet, in the order of the bytes."""
    _Walk(data, heard, lambda _: None, None).run()


def lines_of(data: bytes, wanted: Container[int]) -> dict[int, Line]:
    """The row elements of these rows. `Unusable` when one of them stands there twice."""
    found: dict[int, Line] = {}

    def keep(line: Line) -> None:
        if found.setdefault(line.row, line) is not line:
            raise Unusable("book_damaged")

    _Walk(data, lambda _: None, keep, wanted).run()
    return found


class _Walk:
    """One pass. Cells and rows may leave out where they are: then they follow the one before."""

    def __init__(
        self,
        data: bytes,
        cell: Callable[[Cell], None],
        line: Callable[[Line], None],
        wanted: Container[int] | None,
    ) -> None:
        self._data = data
        self._deaf = wanted is not None
        """Passing by a row that nobody has asked for: most are."""
        self._on_cell, self._on_line, self._wanted = cell, line, wanted
        self._parser = expat.ParserCreate()
        self._parser.StartElementHandler = self._start
        self._parser.EndElementHandler = self._end
        self._parser.StartDoctypeDeclHandler = refuse_dtd
        self._row, self._column = 0, -1
        self._cell: Cell | None = None
        self._line: Line | None = None

    def run(self) -> None:
        try:
            self._parser.Parse(self._data, True)
        except expat.ExpatError as error:
            raise Unusable("book_damaged") from error

    def _start(self, name: str, attributes: Mapping[str, str]) -> None:
        if self._deaf and name[-3:] != "row":
            return
        cell = self._cell
        if cell is not None:
            cell.children += 1
            if name == "f" or name.endswith(":f"):
                cell.formula = True
        elif name == "c" or name.endswith(":c"):
            self._column = self._place(attributes.get("r", ""))
            begin = self._parser.CurrentByteIndex
            self._cell = Cell(self._row, self._column, begin, attributes)
        elif name == "row" or name.endswith(":row"):
            self._row = int(attributes.get("r", self._row + 1))
            self._column = -1
            self._deaf = self._wanted is not None and self._row not in self._wanted
            if not self._deaf:
                self._line = Line(self._row, name[:-3].encode())

    def _end(self, name: str) -> None:
        if self._deaf:
            return
        if name == "c" or name.endswith(":c"):
            cell = self._cell
            if cell is not None:
                cell.closes = self._parser.CurrentByteIndex
                self._on_cell(cell)
                if self._line is not None:
                    self._line.cells.append(cell)
            self._cell = None
        elif name == "row" or name.endswith(":row"):
            if self._line is not None:
                if self._line.cells:
                    self._line.closes = self._parser.CurrentByteIndex
                self._on_line(self._line)
            self._line = None

    def _place(self, ref: str) -> int:
        named = _PLACE.fullmatch(ref)
        return column_number(named[1].encode()) - 1 if named else self._column + 1
