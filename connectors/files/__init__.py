"""Files as a system: a folder of CSV lists and workbooks, or one such file, pulled and pushed.

The words: a *row* is one CSV record with its line end, a *place* its number counted from 1 at the
top of the file, a *layout* what the columns mean, a *dialect* how the text is written, a *mark*
what a cursor holds, a *draft* the temporary file that becomes the new version. Workbooks are in `books`.
docs/files.md says what users may rely on.
"""

from __future__ import annotations

import fcntl
import os
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO, Final

from connectors.barring import PHONES, Barring, Refusal
from connectors.files.barlist import BarList
from connectors.files.books.book import DEFAULT_LIMIT
from connectors.files.books.sheets import SUFFIXES, is_copy, parted
from connectors.files.books.shelf import Shelf
from connectors.files.drafts import Fault, no_fault
from connectors.files.flags import flags_of
from connectors.files.identity import described, made_with, tentative
from connectors.files.layout import Layout, Unusable, first_rows, layout_of
from connectors.files.locks import keep_apart
from connectors.files.meaning import Wishes
from connectors.files.pages import Opened, pages
from connectors.files.records import Shaper, version_of
from connectors.files.rewrite import Rewrite
from connectors.files.rows import Row, blocks
from connectors.files.stops import told
from connectors.files.tokens import Mark, Stat, digest_upto
from connectors.protocol import (
    Applied,
    Column,
    Conflict,
    Judge,
    Moved,
    Outcome,
    Page,
    Problem,
    Stream,
    Token,
    Unknown,
)
from rules.barring import Bar
from rules.changes import RecordChange
from rules.errors import StartOver, SystemStopped, TryAgain
from rules.flags import Flag
from rules.records import Record, Ref

__all__ = ["Files"]

_SUFFIXES: Final = frozenset({".csv", ".tsv", ".txt"}) | SUFFIXES


def _no_wishes(_name: str) -> Wishes:
    return Wishes()


def _nothing_known(_stream: str) -> Token | None:
    return None


class Files:
    """The connector. Each file is a stream, named by its name below `root`; of a workbook each sheet
    is one, `kunder.xlsx#Ark1`.

    `wishes` gives what the settings say of a file by its name. A row of more than `max_row_bytes` is
    reported, never loaded; a workbook that expands to more than `max_book_bytes` is refused. `known`
    gives the cursor of an earlier pass for a stream's name, if there is one: what the columns meant
    then holds on. `bar_list` is a list of numbers for a dialer, and no stream. `fault` is called at the points where tests crash.
    """

    def __init__(
        self,
        name: str,
        root: Path,
        *,
        wishes: Callable[[str], Wishes] = _no_wishes,
        max_row_bytes: int = 1 << 20,
        max_book_bytes: int = DEFAULT_LIMIT,
        known: Callable[[str], Token | None] = _nothing_known,
        bar_list: BarList | None = None,
        fault: Fault = no_fault,
    ) -> None:
        self.name = name
        self._root = root
        self._wishes = wishes
        self._max_row_bytes = max_row_bytes
        self._known = known
        self._bar_list = bar_list
        self._fault = fault
        self._addresses: dict[str, tuple[str, str]] = {}
        self._shelf = Shelf(name, wishes, known, max_book_bytes)

    def streams(self) -> Sequence[Stream]:
        """The files that can be used, by name. `SystemStopped` when the folder cannot be read."""
        return [found for found in self._looked_at() if isinstance(found, Stream)]

    def problems(self) -> Sequence[Problem]:
        """The files that cannot be used, by name; the others go on."""
        return [found for found in self._looked_at() if isinstance(found, Problem)]

    def link(self, stream: str, ref: Ref | None, place: int | None) -> str | None:
        """The file's address; behind it the row as RFC 7111 writes it, or the cell of a sheet."""
        del ref
        if stream not in self._addresses:
            book, sheet = parted(stream)
            root = self._root if self._root.is_dir() else self._root.parent
            address = (root / book).absolute().as_uri()
            behind = f"#'{sheet}'!A" if sheet else "#row="
            self._addresses[stream] = (address, behind)
        address, behind = self._addresses[stream]
        return address if place is None else f"{address}{behind}{place}"

    def pull(self, stream: Stream, token: Token | None) -> Iterator[Page]:
        """Pages of up to 2,000 rows; `StartOver` when the file changed while it was read."""
        if parted(stream.name)[1]:
            yield from self._shelf.pull(self._path(stream), stream, token)
            return
        with self._opened(stream, token) as (opened, layout):
            yield from pages(self.name, opened, layout, token)

    def read(self, stream: Stream, refs: Sequence[Ref]) -> Iterator[Record]:
        """The rows with these ids, in the order of the file; rows without an id are not found."""
        if parted(stream.name)[1]:
            yield from self._shelf.read(self._path(stream), stream, refs)
            return
        wanted = {ref.id for ref in refs if ref.id}
        with self._opened(stream) as (opened, layout):
            for identity in made_with(layout, wanted):
                shaper = Shaper(self.name, layout, identity)
                for block in blocks(
                    layout.source(opened.file).read, layout.reading, layout.first_place
                ):
                    records, _ = shaper.records(block)
                    yield from (record for record in records if record.ref.id in wanted)

    def push(
        self, stream: Stream, token: Token, batch: Iterable[RecordChange]
    ) -> Iterator[Outcome | Moved]:
        """Write the file anew with these changes, if it still has the content of `token`.

        Outcomes come after the whole file has been replaced. `SystemStopped` (no space, no
        right) leaves the file as it was.
        """
        if parted(stream.name)[1]:
            yield from self._shelf.push(self._path(stream), stream, token, batch, self._fault)
            return
        mark = Mark.of(token)
        with self._opened(stream, token, lock=fcntl.LOCK_EX) as (opened, layout):
            if mark is None or not mark.done or mark.layout != layout.fingerprint:
                yield from (Conflict(change.ref) for change in batch)
                return
            mode = os.fstat(opened.file.fileno()).st_mode
            if not mode & 0o222 or not os.access(opened.path, os.W_OK):
                raise SystemStopped("files.write_protected", file=str(opened.path))
            rewrite = Rewrite(self.name, opened, layout, mark)
            yield from rewrite.outcomes(batch, self._fault)

    def flags(self, stream: Stream) -> Sequence[Flag]:
        """The columns that say no, each with the word that its cells use for it."""
        if not stream.can.push:
            return ()
        with self._rows(stream) as (columns, rows):
            return flags_of(columns, rows)

    @contextmanager
    def _rows(self, stream: Stream) -> Iterator[tuple[Sequence[Column], Sequence[Row]]]:
        """The columns of a list and its first rows."""
        if parted(stream.name)[1]:
            yield stream.columns, self._shelf.first_rows(self._path(stream), stream)
            return
        with self._opened(stream) as (opened, layout):
            yield layout.columns, first_rows(opened.file, layout)

    def block(
        self, stream: Stream, token: Token | None, batch: Iterable[RecordChange]
    ) -> Iterator[Outcome | Moved]:
        """As `push`; what counts as done is what the list holds when it is opened once more."""
        if token is None:
            raise TryAgain("files.changed_while_read", file=stream.name)
        said = list(self.push(stream, token, batch))
        moved = next((one for one in said if isinstance(one, Moved)), None)
        kept = moved is None or self._holds(stream, moved.token)
        for one in said:
            lost = isinstance(one, Applied) and not kept
            yield Unknown(one.ref, "not_read_back") if lost else one  # type: ignore[union-attr]

    def unblock(
        self, stream: Stream, token: Token, batch: Iterable[RecordChange]
    ) -> Iterator[Outcome | Moved]:
        """As `push`."""
        return self.push(stream, token, batch)

    def _holds(self, stream: Stream, token: Token) -> bool:
        """Whether the list has the content of a token."""
        mark = Mark.of(token)
        if mark is None or parted(stream.name)[1]:
            return mark is not None and self._shelf.holds(self._path(stream), stream, token)
        with told(self._path(stream)), self._path(stream).open("rb") as file:
            return str(digest_upto(file).hexdigest()) == mark.digest

    def barring(self) -> Barring:
        """A list of numbers, where there is to be one; it is read whole."""
        if self._bar_list is None:
            return Barring()
        return Barring(PHONES, batch_size=10_000, reads="whole", spelling=self._bar_list.spelling)

    def bar(self, batch: Sequence[Bar]) -> Iterator[Refusal]:
        """A row for each number; a list refuses none."""
        if self._bar_list is not None:
            self._bar_list.add(batch)
        yield from ()

    def barred(self, batch: Sequence[Bar]) -> Mapping[Bar, str]:
        """The numbers that stand in the list, read anew."""
        return self._bar_list.barred(batch) if self._bar_list else {}

    def copy(
        self, wanted: Sequence[tuple[Stream, Token, Iterable[RecordChange]]]
    ) -> Iterator[Problem]:
        """A corrected copy beside each workbook of these sheets; one remark on each."""
        of_path: dict[Path, list[tuple[Stream, Token, Iterable[RecordChange]]]] = {}
        for one in wanted:
            of_path.setdefault(self._path(one[0]), []).append(one)
        for path, some in of_path.items():
            if said := self._shelf.copy(path, some, self._fault):
                yield said

    def sift(self, stream: Stream, judge: Judge, out: Path | None) -> None:
        """Judge each row; the kept ones go to `out`: text byte for byte, a sheet with its types."""
        from connectors.files.sifting import sift_sheet, sift_text

        if parted(stream.name)[1]:
            with self._shelf.taken(self._path(stream), stream) as taken:
                sift_sheet(taken, judge, out)
        else:
            with self._opened(stream) as (opened, layout):
                sift_text(opened, layout, judge, out)

    def expected_version(self, stream: Stream, record: Record, change: RecordChange) -> str:
        """The version that the row will have with `change` in it."""
        names = sorted({column.canonical for column in stream.columns if column.canonical})
        changed = {one.field: one.new for one in change.changes}
        return version_of(names, {**record.values, **changed})

    def _looked_at(self) -> Iterator[Stream | Problem]:
        with told(self._root):
            paths = self._paths()
        for path in paths:
            shown = path.name.encode(errors="replace").decode()
            if shown != path.name:
                yield Unusable("bad_name").problem(shown)
            elif path.suffix.lower() in SUFFIXES:
                yield from self._shelf.looked_at(path)
            else:
                yield self._looked_at_one(path)

    def _looked_at_one(self, path: Path) -> Stream | Problem:
        try:
            with path.open("rb") as file:
                layout = self._layout(path.name, file, self._known(path.name))
                size = os.fstat(file.fileno()).st_size
                identity = tentative(layout, first_rows(file, layout))
        except Unusable as unusable:
            return unusable.problem(path.name)
        except OSError as error:
            reason = os.strerror(error.errno or 0)
            return Unusable("unreadable", reason=reason).problem(path.name)
        return layout.as_stream(size, described(layout, identity))

    def _paths(self) -> list[Path]:
        if not self._root.is_dir():
            self._root.stat()
            return [self._root]
        ours = self._bar_list.path.resolve() if self._bar_list else None
        there = (path for path in self._root.iterdir() if _is_list(path))
        return sorted(path for path in there if path.resolve() != ours)

    def _layout(self, name: str, file: BinaryIO, known: Token | None) -> Layout:
        wishes = self._wishes(name)
        return layout_of(file, name, wishes, self._max_row_bytes, known)

    def _path(self, stream: Stream) -> Path:
        """The file that a stream stands in."""
        return self._root / parted(stream.name)[0] if self._root.is_dir() else self._root

    @contextmanager
    def _opened(
        self, stream: Stream, token: Token | None = None, *, lock: int = fcntl.LOCK_SH
    ) -> Iterator[tuple[Opened, Layout]]:
        """The stream's file and its layout as they are now; a link is followed to its target."""
        path = self._path(stream)
        with told(path):
            path = path.resolve()
            with path.open("rb") as file:
                keep_apart(file, path, lock)
                opened = Opened(path, file, Stat.of(os.fstat(file.fileno())))
                try:
                    known = token or self._known(stream.name)
                    layout = self._layout(stream.name, file, known)
                except Unusable as unusable:
                    problem = unusable.problem(stream.name)
                    raise TryAgain(problem.message, problem.remedy) from unusable
                if layout.kind is not stream.kind or layout.columns != stream.columns:
                    raise StartOver("files.changed_while_read", file=stream.name)
                yield opened, layout


def _is_list(path: Path) -> bool:
    """Lists by their ending; not what is hidden (our drafts too), an office program's lock, or a
    corrected copy of ours."""
    hidden = path.name.startswith((".", "~$"))
    ours = hidden or is_copy(path.name)
    return path.suffix.lower() in _SUFFIXES and not ours and path.is_file()
