"""How one file is laid out: its dialect, where its header stands, and what its columns mean."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from io import BytesIO
from pathlib import Path
from typing import BinaryIO, Final

from connectors.files.detection import SAMPLE_BYTES, dialect_of
from connectors.files.dialect import Dialect, Source
from connectors.files.meaning import Meaning, Meant, Wishes, meaning_of
from connectors.files.rows import Flaw, Reading, Row, blocks, cell_text, scan
from connectors.protocol import Problem, Stream, Token
from rules.errors import UserError

_SAMPLE_ROWS: Final = 50
_SPREADSHEET: Final = (b"PK\x03\x04", b"\xd0\xcf\x11\xe0")
"""How .xlsx and .xls files begin, whatever they are called."""


class Unusable(Exception):
    """Inside this package only: the file's problem, on its way to `Files.problems`."""

    def __init__(self, code: str, **details: str) -> None:
        super().__init__(code)
        self.code = code
        self.details = details

    def problem(self, file: str, *, stops: bool = True) -> Problem:
        """The same as a value."""
        key = f"files.{self.code}"
        return Problem(file, key, f"{key}.remedy", {"file": file, **self.details}, stops)


@dataclass(frozen=True)
class Layout(Meant):
    """The layout of one file. Two files with the same `fingerprint` give the same records."""

    stream: str
    dialect: Dialect
    meaning: Meaning
    max_row_bytes: int
    begin: int
    """Where in the file the first row below the header begins, in bytes."""
    header: bytes
    """The header row as it stands, in the dialect's view."""
    first_place: int

    @property
    def about(self) -> Mapping[str, str]:
        """What the findings about broken rows may want to say."""
        return {"encoding": self.dialect.encoding, "limit": str(self.max_row_bytes)}

    @property
    def reading(self) -> Reading:
        """How to cut the file into rows."""
        return Reading(self.dialect, len(self.columns), self.max_row_bytes)

    def rows(self, file: BinaryIO) -> Iterator[Sequence[Row]]:
        """All rows below the header, block by block."""
        for block in blocks(self.source(file).read, self.reading, self.first_place):
            yield block.rows

    def source(self, file: BinaryIO) -> Source:
        """The open file, from its first row on."""
        return Source(file, self.dialect, self.begin)

    @cached_property
    def fingerprint(self) -> str:
        """What a cursor remembers of the layout: with another one the rows must be read anew."""
        told = [
            1,
            self.dialect.encoding,
            self.dialect.delimiter,
            self.kind,
            self.id_column,
            self.max_row_bytes,
            [(column.name, column.canonical) for column in self.columns],
        ]
        return hashlib.blake2b(json.dumps(told).encode(), digest_size=16).hexdigest()

    def as_stream(self, size: int, identity: str) -> Stream:
        """What the engine and the user see of it."""
        notes = {
            "encoding": self.dialect.encoding + ("-sig" if self.dialect.bom else ""),
            "delimiter": {"\t": "tab"}.get(self.dialect.delimiter, self.dialect.delimiter),
            "bytes": str(size),
        }
        return Stream(
            self.stream,
            self.kind,
            self.can(counts="bytes"),
            self.columns,
            identity,
            notes,
            self.meaning.remarks,
        )


def layout_of(
    file: BinaryIO, stream: str, wishes: Wishes, max_row_bytes: int, known: Token | None = None
) -> Layout:
    """The layout of an open file; `Unusable` says why there is none.

    `known` is a cursor of an earlier reading, whose meaning holds on while the headers do.
    UserError: the settings name a field, an encoding or a delimiter that cannot be.
    """
    try:
        dialect, view = dialect_of(
            file,
            prefer="\t" if Path(stream).suffix.lower() == ".tsv" else "",
            encoding=wishes.encoding,
            delimiter=wishes.delimiter,
        )
        size = os.fstat(file.fileno()).st_size
        half = dialect.wide is not None and size % 2 == 1
        if half or view.startswith(_SPREADSHEET) or view.count(b"\0") * 4 > len(view):
            raise Unusable("not_text")
        cut = size > SAMPLE_BYTES
        first, begin, place = _header(view, dialect, max_row_bytes, cut=cut)
        header = _texts(first, Reading(dialect, 1 << 30, max_row_bytes))
        header, sample = _sampled(header, view[begin:], dialect, max_row_bytes)
        meaning = meaning_of(header, sample, stream=stream, wishes=wishes, known=known)
    except UserError as error:
        error.details.setdefault("file", stream)
        raise
    if meaning is None:
        # The row is not shown: without headings it is most likely about a person.
        raise Unusable("no_header")
    begin = len(dialect.bom) + len(dialect.raw(view[:begin]))
    return Layout(stream, dialect, meaning, max_row_bytes, begin, first, place + 1)


def _header(
    view: bytes, dialect: Dialect, max_row_bytes: int, *, cut: bool
) -> tuple[bytes, int, int]:
    """The bytes of the first row that says something, where it ends, and its place.

    `cut`: the view is not the whole file, so its last row may not be whole either.
    """
    how = Reading(dialect, 1 << 30, max_row_bytes)
    begin, place = 0, 0
    while begin < len(view):
        place += 1
        line_end = view.find(dialect.eol, begin) + 1 or len(view)
        found = scan(view, begin, how, line_end)
        end = found.end if found and found.clean else line_end
        if end - begin > max_row_bytes or (cut and end == len(view)):
            raise Unusable("no_header")
        raw, begin = view[begin:end], end
        cells = _texts(raw, how)
        if any(map(str.isalnum, "".join(cells))) and not _is_hint(cells, dialect):
            return raw, begin, place
    raise Unusable("empty")


def _texts(raw: bytes, how: Reading) -> list[str]:
    found = scan(raw, 0, how, len(raw))
    cells = [raw[begin:end] for begin, end in found.cells] if found else [raw]
    try:
        return [cell_text(cell, how.dialect.codec) for cell in cells]
    except UnicodeDecodeError as error:
        raise Unusable("no_header") from error


def _is_hint(cells: Sequence[str], dialect: Dialect) -> bool:
    """The line `sep=;` that Excel writes: with the delimiter as its value it falls in two."""
    return dialect.delimiter.join(cells).lower() == f"sep={dialect.delimiter}"


def _sampled(
    header: list[str], view: bytes, dialect: Dialect, max_row_bytes: int
) -> tuple[list[str], list[list[str]]]:
    """The headers and some rows below them. Columns at the end that have no name and, in these
    rows, no content do not count: some programs leave their delimiters behind."""
    named = len(header)
    while named > 1 and not header[named - 1].strip():
        named -= 1
    rows = _rows_of(view, Reading(dialect, named, max_row_bytes))
    if any(isinstance(row, Flaw) and row.code == "too_many_cells" for row in rows):
        named = len(header)
        rows = _rows_of(view, Reading(dialect, named, max_row_bytes))
    return header[:named], [row for row in rows if not isinstance(row, Flaw) and row]


def _rows_of(view: bytes, how: Reading) -> Sequence[Row]:
    for block in blocks(BytesIO(view).read, how, 1):
        return block.rows[:_SAMPLE_ROWS]
    return []


def first_rows(file: BinaryIO, layout: Layout) -> Sequence[Row]:
    """The rows of the first block below the header."""
    found = blocks(layout.source(file).read, layout.reading, layout.first_place)
    return next((block.rows for block in found), ())
