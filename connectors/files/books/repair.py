"""A push into a sheet of an .xlsx: one member of the package is replaced, all others are copied.

decide   which cells say what, from the rows as they were read; a row only in its version
write    the sheet's XML with these cells rewritten, the package around it as it was
prove    the draft is read again: these rows say what they should, and every other row what it
         did; else nothing is published
publish  as for other files: fsync, rename, fsync of the folder
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Final

from connectors.files.books.book import Book, Sheet
from connectors.files.books.due import Due, Dues
from connectors.files.books.edits import Edit, Pen, check_cell, shared_texts
from connectors.files.books.markup import Cell, Line, lines_of
from connectors.files.books.sheets import SheetLayout
from connectors.files.cells import Refused
from connectors.files.drafts import Draft, Fault
from connectors.files.layout import Unusable
from connectors.files.pages import Opened
from connectors.files.tokens import Mark, Stat
from connectors.protocol import Applied, Conflict, Moved, Outcome
from rules.changes import RecordChange
from rules.errors import SystemStopped
from rules.records import Ref


class Repair:
    """One push to one sheet. The whole batch is held, as the sheet is."""

    def __init__(
        self,
        system: str,
        opened: Opened,
        book: Book,
        sheet: Sheet,
        layout: SheetLayout,
        mark: Mark,
    ) -> None:
        self._opened = opened
        self._book = book
        self._sheet = sheet
        self._layout = layout
        self._mark = mark
        self._dues = Dues(system, book, sheet, layout, mark)

    def outcomes(self, batch: Iterable[RecordChange], fault: Fault) -> Iterator[Outcome | Moved]:
        """Write the workbook anew; what became of each change comes after that."""
        if not self._dues.fits:
            yield from (Conflict(change.ref) for change in batch)
            return
        found = list(self._dues.of(batch))
        due = [one for one in found if isinstance(one, Due)]
        moved = self._written(due, fault)
        gone = moved is None and any(one.edits for one in due)
        for one in found:
            if gone:
                yield Conflict(_ref(one))
            else:
                yield one.outcome if isinstance(one, Due) else one
        if moved:
            yield moved

    # --- writing it ---

    def _written(self, due: list[Due], fault: Fault) -> Moved | None:
        """The cursor after the write; None when there was nothing to write, or no right to."""
        data = self._book.markup(self._sheet)
        lines = lines_of(data, {one.place for one in due})
        pen = Pen(data, self._texts(due))
        for one in due:
            self._look(one, lines, pen, data)
        if not any(one.edits for one in due):
            return None
        for remembered in (True, False):
            moved, proved = self._published(due, data, lines, pen, fault, remembered=remembered)
            if proved:
                return moved
        raise SystemStopped("files.not_proved", file=self._layout.stream)

    def _texts(self, due: list[Due]) -> Mapping[str, int]:
        part, package = self._book.texts_part, self._book.package
        if package is None or part not in package.names:
            return {}
        wanted = {edit.text for one in due for edit in one.edits.values()}
        wanted |= {one.row[column] for one in due for column in one.edits}
        return shared_texts(package.read(part), wanted)

    def _look(self, one: Due, lines: Mapping[int, Line], pen: Pen, data: bytes) -> None:
        """Hold a change against its cells: refused by one it is given up, else what has to be
        remembered for taking it back is noted."""
        names = {column: name for name, column in self._dues.fields.items()}
        try:
            cells = _cells_of(lines.get(one.place))
            for column in one.edits:
                cell = cells.get(self._layout.left + column)
                if cell is None:
                    continue
                check_cell(cell, self._layout.columns[column].name)
                if not pen.told_by_text(cell, one.row[column]):
                    one.before[names[column]] = cell.raw(data).decode()
        except Refused as refused:
            one.outcome, one.edits = self._dues.rejected(one.change.ref, one.place, refused), {}
            one.after = one.row
            return
        if isinstance(one.outcome, Applied):
            one.outcome = replace(one.outcome, before=one.before)

    def _published(
        self,
        due: list[Due],
        data: bytes,
        lines: Mapping[int, Line],
        pen: Pen,
        fault: Fault,
        *,
        remembered: bool,
    ) -> tuple[Moved | None, bool]:
        """The cursor, None when the file was not ours to replace; and whether the draft is right."""
        package = self._book.package
        assert package is not None  # noqa: S101 - only an .xlsx is repaired
        content = self._content(due, data, lines, pen, remembered=remembered)
        with Draft(self._opened.path, fault) as draft:
            for block in package.rewritten(self._sheet.part, content):
                draft.write(block)
            draft.finish()
            digest = self._proved(draft.path, due)
            if digest is None:
                return None, False
            if not self._opened.unchanged():
                return None, True
            stat = Stat.of(os.fstat(draft.file.fileno()))
            draft.publish()
        return Moved(replace(self._mark, stat=stat, digest=digest).token()), True

    def _content(
        self,
        due: list[Due],
        data: bytes,
        lines: Mapping[int, Line],
        pen: Pen,
        *,
        remembered: bool,
    ) -> bytes:
        """The sheet's XML with the cells rewritten."""
        pieces: list[tuple[int, int, int, bytes]] = []
        for one in due:
            line = lines.get(one.place)
            for column, wanted in one.edits.items():
                assert line is not None  # noqa: S101 - see _look
                edit = wanted if remembered else Edit(wanted.text)
                pieces.append(_piece(line, self._layout.left + column, edit, pen, data))
        parts: list[bytes] = []
        done = 0
        for begin, _, end, new in sorted(pieces):
            parts += [data[done:begin], new]
            done = end
        return b"".join([*parts, data[done:]])

    def _proved(self, path: Path, due: list[Due]) -> str | None:
        """The draft's digest if it reads as it should: these rows as changed, all others as before."""
        wanted = {one.place: one.after for one in due}
        try:
            with path.open("rb") as file:
                book = Book(file, self._book.limit)
                layout = self._layout
                before = layout.blocks(self._book.grid(self._sheet), layout.first_place)
                after = layout.blocks(book.grid(self._sheet), layout.first_place)
                for old, new in zip(before, after, strict=True):
                    for place, row in enumerate(old.rows, old.place):
                        if new.rows[place - old.place] != wanted.get(place, row):
                            return None
                return book.digest(self._sheet)
        except (Unusable, ValueError, IndexError):
            return None


def _cells_of(line: Line | None) -> Mapping[int, Cell]:
    """A row's cells by column; `Refused` when it is not plain where they stand."""
    cells = {cell.column: cell for cell in line.cells} if line else {}
    if line is None or line.closes < 0 or len(cells) != len(line.cells):
        raise Refused("cell_not_writable")
    return cells


def _piece(
    line: Line, column: int, edit: Edit, pen: Pen, data: bytes
) -> tuple[int, int, int, bytes]:
    """(begin, column, end, new bytes) of one edit."""
    for cell in line.cells:
        if cell.column == column:
            return cell.begin, column, cell.end(data), pen.rewritten(cell, edit)
        if cell.column > column:
            return cell.begin, column, cell.begin, pen.added(line, column, edit.text)
    return line.closes, column, line.closes, pen.added(line, column, edit.text)


def _ref(one: Outcome | Due) -> Ref:
    return one.change.ref if isinstance(one, Due) else one.ref


__all__: Final = ["Repair"]
