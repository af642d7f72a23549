"""The rows of a file, byte for byte: what the file holds is exactly what its blocks hold, in order.

A row is one CSV record, with its line end. Most blocks are read by the C `csv` reader; a block
that it cannot read without doubt is read again row by row, so that one bad row costs itself only.
Where a quote stays open, only the physical line on which it opens is given up.

`csv` (strict) and `scan` agree on every row that both accept; a test holds them together.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Callable, Generator, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from io import StringIO
from itertools import pairwise
from typing import TYPE_CHECKING, Final, cast

from connectors.files.dialect import Dialect

if TYPE_CHECKING:
    from _csv import Reader as CsvReader

PAGE_ROWS: Final = 2000
BLOCK_BYTES: Final = 1 << 20

_CR: Final = 13
_CR_LINES: Final = re.compile(rb"[^\r\n]*(?:\r\n|\r|\n)?")
_QUOTED: Final = re.compile(rb'"[^"]*+(?:""[^"]*+)*+"')


@dataclass(frozen=True, slots=True)
class Flaw:
    """Why a row could not be read; `column` counts from 0, None when the whole row is meant."""

    code: str
    column: int | None = None
    found: int | None = None
    """How many cells there are, where their number is the trouble."""
    byte: str = ""
    """The byte that the encoding does not know, as 0x81."""


Row = list[str] | Flaw
"""The cells of a row, no more than there are columns; [] for a blank line. Fewer cells than
columns are tolerated down to half of them: some programs drop empty cells at the end."""


@dataclass(slots=True)
class Block:
    """Some whole rows of the file and their bytes; a row that is too large spans several blocks."""

    data: bytes
    place: int
    """The place of the first row: rows are counted from 1 at the top of the file."""
    rows: Sequence[Row]
    regular: bool = False
    """Each row has exactly as many cells as there are columns."""
    goes_on: bool = False
    """The last row is continued in the next block."""
    raws: list[bytes] | None = None

    def lines(self) -> list[bytes]:
        """The bytes of each row."""
        if self.raws is None:
            return physical_lines(self.data)
        return self.raws


@dataclass(frozen=True, slots=True)
class Scan:
    """One row as found in bytes: where it ends (line end included) and where its cells stand."""

    end: int
    cells: list[tuple[int, int]]
    clean: bool
    """Nothing stands between a closing quote and the end of its cell."""


@dataclass(frozen=True, slots=True)
class Reading:
    """How to cut a file into rows: its dialect, its number of columns, the largest row allowed."""

    dialect: Dialect
    width: int
    max_row_bytes: int


def blocks(read: Callable[[int], bytes], how: Reading, place: int) -> Iterator[Block]:
    """All rows that `read` has to give, the first one being at `place`.

    At most `PAGE_ROWS` rows and about `BLOCK_BYTES` bytes (or one row) are held at a time.
    """
    target = min(BLOCK_BYTES, how.max_row_bytes)
    eol = how.dialect.eol
    buffer, wanted, ended = b"", target, False
    while True:
        while len(buffer) < wanted and not ended:
            more = read(wanted - len(buffer))
            ended = not more
            buffer += more
        if not buffer:
            return
        if len(buffer) > how.max_row_bytes and eol not in buffer:
            buffer, ended = yield from _giant(buffer, read, eol, place, ended=ended)
            place += 1
            continue
        block = _quick(buffer, how, place, ended=ended) or _careful(buffer, how, place, ended=ended)
        if block is None:
            wanted = how.max_row_bytes + 1
            continue
        yield block
        place += len(block.rows)
        buffer, wanted = buffer[len(block.data) :], target


def _giant(
    buffer: bytes, read: Callable[[int], bytes], eol: bytes, place: int, *, ended: bool
) -> Generator[Block, None, tuple[bytes, bool]]:
    """Pass a row by that is too large to hold; gives what was read beyond it, and the end."""
    rows: list[Row] = [Flaw("row_too_large")]
    while not ended:
        yield Block(buffer, place, rows, goes_on=True)
        rows, place = [], place + len(rows)
        buffer = read(BLOCK_BYTES)
        ended = not buffer
        cut = buffer.find(eol) + 1
        if cut:
            yield Block(buffer[:cut], place, rows)
            return buffer[cut:], ended
    yield Block(buffer, place, rows)
    return b"", True


def _quick(buffer: bytes, how: Reading, place: int, *, ended: bool) -> Block | None:
    """The block as `csv` reads it, or None when anything about it is not plain."""
    if how.dialect.eol != b"\n":
        return None
    parts = buffer.split(b"\n", PAGE_ROWS)
    whole = ended and len(parts) <= PAGE_ROWS
    data = buffer if whole else buffer[: len(buffer) - len(parts.pop())]
    if not data or len(data) > min(BLOCK_BYTES, how.max_row_bytes) or b"\0" in data:
        return None
    try:
        text = data.decode(how.dialect.codec)
    except UnicodeDecodeError:
        return None
    reader = csv.reader(StringIO(text, "\n"), delimiter=how.dialect.delimiter, strict=True)
    if '"' in text:
        return _quoted(data, reader, how, place)
    try:
        return _judged(Block(data, place, list(reader)), how.width)
    except csv.Error:
        return None


def _quoted(data: bytes, reader: CsvReader, how: Reading, place: int) -> Block | None:
    """A block in which rows may span several lines; None when one of them is not sure to be one."""
    rows: list[list[str]] = []
    ends = [0]
    lines = physical_lines(data)
    try:
        for row in reader:
            rows.append(row)
            ends.append(reader.line_num)
    except csv.Error:
        # The last row is left to the next block: what follows may close its open quote.
        if not rows or reader.line_num < len(lines):
            return None
    if ends[-1] < len(lines):
        data = b"".join(lines[: ends[-1]])
    if ends[-1] == len(rows):
        return _judged(Block(data, place, rows), how.width)
    spans = list(pairwise(ends))
    for row, (begin, end) in zip(rows, spans, strict=True):
        if end - begin > 1 and len(row) != how.width:
            return None
    raws = [b"".join(lines[begin:end]) for begin, end in spans]
    return _judged(Block(data, place, rows, raws=raws), how.width)


def physical_lines(data: bytes) -> list[bytes]:
    """The lines of `data`, each with its LF."""
    lines = [line + b"\n" for line in data.split(b"\n")]
    lines[-1] = lines[-1][:-1]
    if not lines[-1]:
        lines.pop()
    return lines


def _judged(block: Block, width: int) -> Block:
    rows = block.rows
    if set(map(len, cast("Sequence[list[str]]", rows))) == {width}:
        block.regular = True
    else:
        block.rows = [judged(row, width) if isinstance(row, list) else row for row in rows]
    return block


def judged(cells: list[str], width: int) -> Row:
    """The row that `cells` are in a file of `width` columns, by their number."""
    found = len(cells)
    if found == width:
        return cells
    if not any(map(str.strip, cells)):
        return []
    if found > width:
        if not any(map(str.strip, cells[width:])):
            return cells[:width]
        return Flaw("too_many_cells", width, found=found)
    return Flaw("too_few_cells", found - 1, found=found) if found * 2 < width else cells


def _careful(buffer: bytes, how: Reading, place: int, *, ended: bool) -> Block | None:
    """The block row by row; None when more has to be read to see the end of its first row."""
    rows: list[Row] = []
    raws: list[bytes] = []
    position = 0
    while position < len(buffer) and len(rows) < PAGE_ROWS:
        pieces = _row(buffer, position, how, ended=ended)
        if not pieces:
            break
        for raw, row in pieces:
            raws.append(raw)
            rows.append(row)
            position += len(raw)
    if not rows:
        return None
    regular = all(isinstance(row, list) and len(row) == how.width for row in rows)
    return Block(buffer[:position], place, rows, regular, raws=raws)


def _row(buffer: bytes, start: int, how: Reading, *, ended: bool) -> list[tuple[bytes, Row]]:
    """The row that begins at `start` (several where CR ends rows); [] when its end is not there."""
    eol = how.dialect.eol
    settled = ended or len(buffer) - start > how.max_row_bytes
    line_end = buffer.find(eol, start) + 1 or (len(buffer) if ended else 0)
    if not line_end:
        return []
    found = scan(buffer, start, how, line_end)
    raw = buffer[start:line_end]
    if found is None or found.end > line_end:
        cut_off = found is None or (found.end == len(buffer) and not buffer.endswith(eol))
        if cut_off and not settled:
            return []
        if found and found.clean and len(found.cells) == how.width:
            longer = buffer[start : found.end]
            if len(longer) <= how.max_row_bytes:
                return [(longer, row_of(longer, how))]
        return [(raw, _unclosed(raw, how))]
    row = row_of(raw, how)
    if isinstance(row, Flaw) and eol == b"\n" and b"\r" in raw.rstrip(b"\r\n"):
        pieces = [piece for piece in _CR_LINES.findall(raw) if piece]
        cut = [row_of(piece, how) for piece in pieces]
        if all(isinstance(one, list) and len(one) == how.width for one in cut):
            return list(zip(pieces, cut, strict=True))
    return [(raw, row)]


def _unclosed(raw: bytes, how: Reading) -> Flaw:
    """The flaw of a line on which a quote opens and does not close where it should."""
    if len(raw) > how.max_row_bytes:
        return Flaw("row_too_large")
    column = 0
    found = scan(raw + b'"', 0, how, len(raw) + 1)
    if found is not None:
        column = len(found.cells) - 1
    return Flaw("unclosed_quote", column)


def row_of(raw: bytes, how: Reading) -> Row:
    """The row that the bytes of one row are."""
    if len(raw) > how.max_row_bytes:
        return Flaw("row_too_large")
    found = scan(raw, 0, how, len(raw))
    if found is None:
        return _unclosed(raw, how)
    cells: list[str] = []
    for column, (begin, end) in enumerate(found.cells):
        cell = raw[begin:end]
        if b"\0" in cell:
            return Flaw("nul_bytes", column)
        try:
            cells.append(cell_text(cell, how.dialect.codec))
        except UnicodeDecodeError as error:
            byte = f"0x{error.object[error.start]:02X}"
            return Flaw("undecodable", column, byte=byte)
    return judged(cells if raw.rstrip(b"\r\n") else [], how.width)


def cell_text(cell: bytes, codec: str) -> str:
    """What a cell says; UnicodeDecodeError when it cannot be read."""
    if cell[:1] == b'"' and (quoted := _QUOTED.match(cell)):
        end = quoted.end()
        cell = cell[1 : end - 1].replace(b'""', b'"') + cell[end:]
    return cell.decode(codec)


@lru_cache(maxsize=64)
def _plain(delimiter: str, eol: bytes) -> re.Pattern[bytes]:
    return re.compile(b"[^" + re.escape(delimiter.encode()) + eol + b"]*+")


def scan(data: bytes, start: int, how: Reading, line_end: int) -> Scan | None:
    """The row at `start`; None when a quote stays open in `data`.

    A row that leaves its first physical line, which ends at `line_end`, is followed no further
    than `how.width` cells.
    """
    delimiter = how.dialect.delimiter.encode()
    plain = _plain(how.dialect.delimiter, how.dialect.eol)
    cells: list[tuple[int, int]] = []
    clean, position = True, start
    while True:
        closing = -1
        if data[position : position + 1] == b'"':
            quoted = _QUOTED.match(data, position)
            if quoted is None:
                return None
            closing = quoted.end()
        end = stop = cast("re.Match[bytes]", plain.match(data, max(position, closing))).end()
        last = data[end : end + 1] != delimiter
        while last and stop > position and data[stop - 1] == _CR:
            stop -= 1
        cells.append((position, stop))
        clean = clean and closing in {-1, stop}
        if last or (end > line_end and len(cells) > how.width):
            return Scan(min(end + 1, len(data)), cells, clean)
        position = end + 1
