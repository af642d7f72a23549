"""A list with fewer rows: each row is judged, those that are kept come out byte for byte.

The judge gets the values of some rows at a time, None for a blank one, `UNREADABLE` for one that
cannot be read, and says which to keep. What it does not keep is not in the new file; a workbook's
other sheets are not either, because nobody has judged who stands there.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from operator import itemgetter
from pathlib import Path
from typing import Any, Final

import xlsxwriter

from connectors.files.books.copies import put
from connectors.files.books.shelf import Taken
from connectors.files.drafts import Draft, no_fault
from connectors.files.layout import Layout
from connectors.files.meaning import Meant
from connectors.files.pages import Opened
from connectors.files.rows import Block, Flaw, Row, blocks
from connectors.protocol import UNREADABLE, Judge, Judged
from rules.errors import StartOver
from rules.records import ABSENT

_MADE: Final = datetime(2000, 1, 1, tzinfo=UTC).replace(tzinfo=None)


class Rows:
    """Turns the blocks of a list into what the judge gets."""

    def __init__(self, layout: Meant) -> None:
        self._width = len(layout.columns)
        self._fields = layout.fields
        self._names = [name for name, _ in layout.fields]
        columns = [column for _, column in layout.fields]
        self._pick: Callable[[list[str]], Sequence[str]] = (
            itemgetter(*columns) if len(columns) > 1 else lambda row: [row[one] for one in columns]
        )

    def of(self, block: Block) -> list[Judged]:
        """One for each row of the block."""
        names, pick, width = self._names, self._pick, self._width
        return [
            dict(zip(names, pick(row), strict=True))
            if row.__class__ is list and len(row) == width and any(row)
            else self._unusual(row)
            for row in block.rows
        ]

    def _unusual(self, row: Row) -> Judged:
        """A row that is blank, broken or short; cells that are not there are absent."""
        if isinstance(row, Flaw):
            return UNREADABLE
        if not any(row):
            return None
        return {name: row[at] if at < len(row) else ABSENT for name, at in self._fields}


def sift_text(opened: Opened, layout: Layout, judge: Judge, out: Path | None) -> None:
    """A text file: header and kept rows as they stand. `StartOver` when it changed meanwhile."""
    rows = Rows(layout)
    if out is None:
        for block in _text_blocks(opened, layout):
            judge(block.place, rows.of(block))
    else:
        with Draft(out, no_fault, like=opened.path) as draft:
            opened.file.seek(0)
            draft.write(opened.file.read(layout.begin))
            for block in _text_blocks(opened, layout):
                kept = judge(block.place, rows.of(block))
                if all(kept) and block.rows:
                    draft.write(layout.dialect.raw(block.data))
                elif any(kept):
                    lines = (line for line, keep in zip(block.lines(), kept, strict=True) if keep)
                    draft.write(layout.dialect.raw(b"".join(lines)))
            _same(opened, layout)
            draft.finish()
            draft.publish()
    _same(opened, layout)


def _text_blocks(opened: Opened, layout: Layout) -> Any:
    return blocks(layout.source(opened.file).read, layout.reading, layout.first_place)


def _same(opened: Opened, layout: Layout) -> None:
    if not opened.unchanged():
        raise StartOver("files.changed_while_read", file=layout.stream)


def sift_sheet(taken: Taken, judge: Judge, out: Path | None) -> None:
    """A sheet of a workbook: headings and kept rows, with the types of their cells."""
    layout, grid = taken.layout, taken.book.grid(taken.sheet)
    rows = Rows(layout)
    kept: set[int] = set()
    for block in layout.blocks(grid, layout.first_place):
        verdicts = judge(block.place, rows.of(block))
        kept.update(place for place, keep in enumerate(verdicts, block.place) if keep)
    if out is not None:
        with Draft(out, no_fault, like=taken.opened.path) as draft:
            _write(taken, kept, draft.path)
            draft.finish()
            draft.publish()


def _write(taken: Taken, kept: set[int], path: Path) -> None:
    made = xlsxwriter.Workbook(str(path), {"constant_memory": True})
    made.set_properties({"created": _MADE})
    moment = made.add_format({"num_format": "dd-mm-yyyy hh:mm"})
    span = made.add_format({"num_format": "[h]:mm:ss"})
    tab = made.add_worksheet(taken.sheet.name)
    grid, to = taken.book.grid(taken.sheet), 0
    for place, row in enumerate(grid.typed(), 1):
        if place < taken.layout.first_place or place in kept:
            for column, cell in enumerate(row, grid.left):
                put(tab, to, column, cell, moment, span)
            to += 1
    made.close()
