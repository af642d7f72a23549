"""Workbooks as streams, for `Files`: looked at, pulled, read and pushed, sheet by sheet."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from connectors.files.books.book import Book, Sheet
from connectors.files.books.copies import copy_of, write_copy
from connectors.files.books.due import Due, Dues
from connectors.files.books.reading import pages
from connectors.files.books.repair import Repair
from connectors.files.books.sheets import SheetLayout, copy_name, layout_of, parted
from connectors.files.drafts import Fault
from connectors.files.identity import Identity, described, made_with, tentative
from connectors.files.layout import Unusable
from connectors.files.locks import keep_apart, refuse_if_open
from connectors.files.meaning import Wishes
from connectors.files.pages import Opened
from connectors.files.records import Shaper
from connectors.files.rows import Row
from connectors.files.stops import told
from connectors.files.tokens import Mark, Stat
from connectors.protocol import Conflict, Moved, Outcome, Page, Problem, Stream, Token
from rules.changes import RecordChange
from rules.errors import StartOver, SystemStopped, TryAgain
from rules.records import Record, Ref

Wanted = tuple[Stream, Token, Iterable[RecordChange]]
"""A sheet, the cursor of its last reading, and the changes for a copy."""


@dataclass(frozen=True, slots=True)
class Taken:
    """A sheet that is being read or written."""

    opened: Opened
    book: Book
    sheet: Sheet
    layout: SheetLayout


@dataclass(frozen=True, slots=True)
class Shelf:
    """The workbooks of one folder. `limit`: bytes that a workbook may expand to."""

    system: str
    wishes: Callable[[str], Wishes]
    known: Callable[[str], Token | None]
    limit: int

    def looked_at(self, path: Path) -> Iterator[Stream | Problem]:
        """Each sheet of a workbook, or what is wrong with all of it. Empty sheets are passed by."""
        try:
            with path.open("rb") as file:
                book = Book(file, self.limit)
                size = os.fstat(file.fileno()).st_size
                found = [self._looked_at_one(book, sheet, path.name, size) for sheet in book.sheets]
        except Unusable as unusable:
            yield unusable.problem(path.name)
            return
        except OSError as error:
            reason = os.strerror(error.errno or 0)
            yield Unusable("unreadable", reason=reason).problem(path.name)
            return
        yield from filter(None, found)
        if not any(found):
            yield Unusable("empty").problem(path.name)

    def _looked_at_one(
        self, book: Book, sheet: Sheet, file: str, size: int
    ) -> Stream | Problem | None:
        name = f"{file}#{sheet.name}"
        known = self.known(name)
        try:
            layout = layout_of(book, sheet, name, self._wished(name), known)
        except Unusable as unusable:
            if known is None and unusable.code == "empty_sheet":
                return None
            # A sheet that never was a table is a note or a chart; one that was is missed.
            passing = known is None and unusable.code == "no_table"
            return unusable.problem(name, stops=not passing)
        sample = next(layout.rows(book.grid(sheet)), ())
        identity = tentative(layout, islice(sample, 200))
        return layout.as_stream(size, described(layout, identity))

    def _wished(self, stream: str) -> Wishes:
        """What the settings say of the sheet, else of its file."""
        own = self.wishes(stream)
        return own if own != Wishes() else self.wishes(parted(stream)[0])

    def pull(self, path: Path, stream: Stream, token: Token | None) -> Iterator[Page]:
        """Pages of up to 2,000 rows."""
        with self.taken(path, stream, token) as one:
            yield from pages(self.system, one.opened, one.book, one.sheet, one.layout, token)

    def read(self, path: Path, stream: Stream, refs: Sequence[Ref]) -> Iterator[Record]:
        """The rows with these ids, in the order of the sheet."""
        wanted = {ref.id for ref in refs if ref.id}
        with self.taken(path, stream, None) as one:
            for identity in made_with(one.layout, wanted):
                yield from self._read(one, identity, wanted)

    def _read(self, one: Taken, identity: Identity, wanted: set[str]) -> Iterator[Record]:
        shaper = Shaper(self.system, one.layout, identity)
        for block in one.layout.blocks(one.book.grid(one.sheet), one.layout.first_place):
            records, _ = shaper.records(block)
            yield from (record for record in records if record.ref.id in wanted)

    def first_rows(self, path: Path, stream: Stream) -> Sequence[Row]:
        """Some rows of a sheet, from its top."""
        with self.taken(path, stream, None) as one:
            return list(islice(next(one.layout.rows(one.book.grid(one.sheet)), ()), 200))

    def holds(self, path: Path, stream: Stream, token: Token) -> bool:
        """Whether the sheet has the content of a token."""
        mark = Mark.of(token)
        with self.taken(path, stream, token) as one:
            return mark is not None and one.book.digest(one.sheet) == mark.digest

    def push(
        self,
        path: Path,
        stream: Stream,
        token: Token,
        batch: Iterable[RecordChange],
        fault: Fault,
    ) -> Iterator[Outcome | Moved]:
        """Write the workbook anew with these changes, if its sheet still has the content of `token`."""
        mark = Mark.of(token)
        with self.taken(path, stream, token, lock=fcntl.LOCK_EX) as one:
            if mark is None or not mark.done or mark.layout != one.layout.fingerprint:
                yield from (Conflict(change.ref) for change in batch)
                return
            real = one.opened.path
            refuse_if_open(path)
            refuse_if_open(real)
            mode = os.fstat(one.opened.file.fileno()).st_mode
            if not mode & 0o222 or not os.access(real, os.W_OK):
                raise SystemStopped("files.write_protected", file=str(real))
            if one.layout.obstacle:
                raise SystemStopped("files.not_in_place", file=stream.name)
            repair = Repair(self.system, one.opened, one.book, one.sheet, one.layout, mark)
            try:
                yield from repair.outcomes(batch, fault)
            except Unusable as unusable:
                raise _passing(unusable, stream) from unusable

    def copy(self, path: Path, wanted: Sequence[Wanted], fault: Fault) -> Problem | None:
        """Write a corrected copy beside a workbook; what a person should know of it."""
        path = path.resolve()
        corrected: dict[Sheet, dict[tuple[int, int], str]] = {}
        records = 0
        with told(path), path.open("rb") as file:
            keep_apart(file, path, fcntl.LOCK_SH)
            try:
                book = Book(file, self.limit)
                for one in wanted:
                    for due, cells in self._corrections(book, one):
                        corrected.setdefault(due, {}).update(cells)
                        records += 1
                content = copy_of(book, corrected)
            except Unusable as unusable:
                return unusable.problem(path.name)
            if not records:
                return None
            target = path.with_name(copy_name(path.name))
            refuse_if_open(target)
            return write_copy(target, path, content, records, fault)

    def _corrections(
        self, book: Book, one: Wanted
    ) -> Iterator[tuple[Sheet, dict[tuple[int, int], str]]]:
        """For each change that still fits: its sheet, and its cells by row and column from 0."""
        stream, token, batch = one
        mark, sheet = Mark.of(token), book.sheet(parted(stream.name)[1])
        if mark is None or sheet is None:
            return
        layout = layout_of(book, sheet, stream.name, self._wished(stream.name), token)
        dues = Dues(self.system, book, sheet, layout, mark)
        if mark.layout != layout.fingerprint or not dues.fits:
            return
        for due in dues.of(batch):
            if isinstance(due, Due):
                where = (due.place - 1, layout.left)
                cells = {(where[0], where[1] + at): edit.text for at, edit in due.edits.items()}
                yield sheet, cells

    @contextmanager
    def taken(
        self, path: Path, stream: Stream, token: Token | None = None, *, lock: int = fcntl.LOCK_SH
    ) -> Iterator[Taken]:
        """The stream's sheet and its layout as they are now; a link is followed to its target."""
        with told(path):
            path = path.resolve()
            with path.open("rb") as file:
                keep_apart(file, path, lock)
                opened = Opened(path, file, Stat.of(os.fstat(file.fileno())))
                try:
                    book = Book(file, self.limit)
                    sheet = book.sheet(parted(stream.name)[1])
                    if sheet is None:
                        raise StartOver("files.changed_while_read", file=stream.name)
                    known = token or self.known(stream.name)
                    wished = self._wished(stream.name)
                    layout = layout_of(book, sheet, stream.name, wished, known)
                except Unusable as unusable:
                    raise _passing(unusable, stream) from unusable
                if layout.kind is not stream.kind or layout.columns != stream.columns:
                    raise StartOver("files.changed_while_read", file=stream.name)
                yield Taken(opened, book, sheet, layout)


def _passing(unusable: Unusable, stream: Stream) -> TryAgain:
    problem = unusable.problem(stream.name)
    return TryAgain(problem.message, problem.remedy, None, **problem.details)
