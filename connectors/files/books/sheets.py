"""Where the table of a sheet stands, and what its columns mean.

A sheet made by people has titles above its table, headings over two rows, notes beside it. The
row of headings is the one, near the top, whose cells name the most fields.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from itertools import islice
from typing import Final

from connectors.files.books.book import Book, Grid, Obstacle, Sheet
from connectors.files.books.facts import Facts, facts_of
from connectors.files.layout import Unusable
from connectors.files.meaning import Meaning, Meant, Wishes, meaning_of
from connectors.files.rows import PAGE_ROWS, Block, Row
from connectors.protocol import Column, Stream, Token
from rules.errors import UserError
from rules.headers import Remark, match
from rules.kinds import kind_in_name
from rules.records import Kind

SUFFIXES: Final = frozenset({".xlsx", ".xlsm", ".xls", ".ods", ".xlsb"})
_NAMED: Final = re.compile(
    r"(?P<book>.+?\.(?:xlsx|xlsm|xls|ods|xlsb))#(?P<sheet>.+)", re.IGNORECASE | re.DOTALL
)
_HEADER_ROWS: Final = 15
"""How many rows that say something may hold the headings."""
_SAMPLE_ROWS: Final = 50
_LOOKED_AT: Final = 200


def parted(stream: str) -> tuple[str, str]:
    """`kunder.xlsx#Ark1` to the names of the file and the sheet; no sheet for any other name."""
    named = _NAMED.fullmatch(stream)
    return (named["book"], named["sheet"]) if named else (stream, "")


@dataclass(frozen=True)
class SheetLayout(Meant):
    """The layout of one sheet. Two sheets with the same `fingerprint` give the same records."""

    stream: str
    meaning: Meaning
    left: int
    """The column in which the table begins, counted from 0."""
    first_place: int
    """The number of the first row below the headings, as Excel counts them."""
    facts: Facts = field(compare=False)
    obstacle: Obstacle | None = None

    @cached_property
    def columns(self) -> tuple[Column, ...]:
        """A column with formulas is for Excel to write."""
        return tuple(
            replace(column, writable=not self.facts.formulas_in(self.left + index))
            for index, column in enumerate(self.meaning.columns)
        )

    @cached_property
    def fingerprint(self) -> str:
        """What a cursor remembers of the layout: with another one the rows must be read anew."""
        told = [
            "sheet",
            1,
            self.kind,
            self.id_column,
            [(column.name, column.canonical) for column in self.columns],
        ]
        return hashlib.blake2b(json.dumps(told).encode(), digest_size=16).hexdigest()

    def blocks(self, grid: Grid, place: int) -> Iterator[Block]:
        """The rows of the table from `place` on; blank rows are []."""
        begin = self.left - grid.left
        end = begin + len(self.columns)
        rows = islice(grid.rows(), place - 1, None)
        while page := [self._cut(row, begin, end) for row in islice(rows, PAGE_ROWS)]:
            yield Block(b"", place, page, regular=all(page))
            place += len(page)

    def rows(self, grid: Grid) -> Iterator[Sequence[Row]]:
        """All rows below the headings, block by block."""
        return (block.rows for block in self.blocks(grid, self.first_place))

    def _cut(self, row: list[str], begin: int, end: int) -> list[str]:
        cells = row[begin:end]
        if not any(cells):
            return []
        return cells + [""] * (end - begin - len(cells))

    def as_stream(self, size: int, identity: str) -> Stream:
        """What the engine and the user see of it."""
        can = self.can(push=self.obstacle is None)
        notes = {"bytes": str(size), **self.facts.notes()}
        remarks = (*self.meaning.remarks, *self._remarks())
        return Stream(self.stream, self.kind, can, self.columns, identity, notes, remarks)

    def _remarks(self) -> Iterator[Remark]:
        if self.obstacle:
            copy = copy_name(parted(self.stream)[0])
            details = {"copy": copy, **self.obstacle.details}
            yield Remark(f"copy_{self.obstacle.code}", None, details)
        for index, column in enumerate(self.columns):
            if column.canonical and self.facts.formulas_in(self.left + index):
                yield Remark("formulas", index, {"header": column.name})
        if self.facts.formulas and not self.obstacle:
            yield Remark("recalculate")


def copy_name(book: str) -> str:
    """`kunder.xls` to `kunder.rettet.xlsx`."""
    return f"{book.rpartition('.')[0]}.rettet.xlsx"


def is_copy(name: str) -> bool:
    """Whether a file is a corrected copy of ours, by its name: such a one is never read."""
    return name.lower().endswith(".rettet.xlsx")


def layout_of(
    book: Book, sheet: Sheet, stream: str, wishes: Wishes, known: Token | None = None
) -> SheetLayout:
    """The layout of a sheet; `Unusable` when it holds no table.

    UserError: the settings name a field that cannot be.
    """
    grid = book.grid(sheet)
    rows = list(islice(grid.rows(), _LOOKED_AT))
    hint = _hint(stream)
    try:
        at, header = _header(rows, grid, hint, wishes)
        left, header = _trimmed(header)
        sample = [row[left : left + len(header)] for row in rows[at + 1 :] if any(row)]
        meaning = meaning_of(header, sample[:_SAMPLE_ROWS], stream=hint, wishes=wishes, known=known)
    except UserError as error:
        error.details.setdefault("file", stream)
        raise
    if meaning is None or not _is_table(meaning, rows, at):
        raise Unusable("no_table", first=", ".join(filter(None, header))[:80])
    facts = facts_of(book, sheet)
    obstacle = book.obstacle or (Obstacle("protected") if facts.protected else None)
    return SheetLayout(stream, meaning, grid.left + left, at + 2, facts, obstacle)


def _hint(stream: str) -> str:
    """A file name for guessing the kind: the sheet's name counts for more than the file's, but a
    no in the file's name is not overruled."""
    book, sheet = parted(stream)
    stem = book.rpartition(".")[0]
    alone = kind_in_name(f"{sheet}.x")[0] and kind_in_name(book)[0] is not Kind.OPT_OUT
    return f"{sheet}.x" if alone else f"{stem} {sheet}.x"


def _header(rows: list[list[str]], grid: Grid, hint: str, wishes: Wishes) -> tuple[int, list[str]]:
    """The index of the row of headings and its cells, with what is merged into them."""
    filled = [at for at, row in enumerate(rows) if any(map(str.strip, row))]
    if not filled:
        raise Unusable("empty_sheet")
    best, most = filled[0], -1
    for at in filled[:_HEADER_ROWS]:
        named = _named(_with_merged(rows, at, grid), hint, wishes)
        if named > most:
            best, most = at, named
    return best, _with_merged(rows, best, grid)


def _named(cells: list[str], hint: str, wishes: Wishes) -> int:
    """How many of the cells name a field or an id."""
    found = match(cells, file_name=hint, override=wishes.columns, kind=wishes.kind)
    sure = sum(1 for column in found.columns if column.canonical)
    return sure + (found.id_column is not None)


def _with_merged(rows: list[list[str]], at: int, grid: Grid) -> list[str]:
    """A row in which a cell merged downwards to here says what it shows.

    Cells merged sideways say it in the first one: a group of headings is none itself.
    """
    cells = list(rows[at])
    for (top, left), (bottom, _) in grid.merged:
        place = left - grid.left
        if top < at <= bottom and 0 <= place < len(cells) and not cells[place]:
            cells[place] = rows[top][place]
    return cells


def _trimmed(header: list[str]) -> tuple[int, list[str]]:
    """The first column with a name, and the names from there to the last one."""
    named = [at for at, name in enumerate(header) if name.strip()]
    first, last = named[0], named[-1]
    return first, header[first : last + 1]


def _is_table(meaning: Meaning, rows: list[list[str]], at: int) -> bool:
    """Two fields make a table; one does beside several other columns, or alone at the top.

    `Firma: Fabel ApS` is a form, and a line `Telefon` among others is a note.
    """
    mapped = sum(1 for column in meaning.columns if column.canonical)
    width = sum(1 for cell in rows[at] if cell.strip())
    first = not any(any(row) for row in rows[:at])
    return mapped + (meaning.id_column is not None) > 1 or width > 2 or (width == 1 and first)
