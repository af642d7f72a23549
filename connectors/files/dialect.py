"""How the text of a file is written: encoding, byte order mark, delimiter and line end.

Decided from the bytes alone, so the same content gives the same dialect in every pass. Nothing
here knows what a column means; that is `layout`.
"""

from __future__ import annotations

import codecs
import csv
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from io import StringIO
from itertools import islice
from typing import BinaryIO, Final

from rules.errors import UserError

SAMPLE_BYTES: Final = 1 << 20
DELIMITERS: Final = ";,\t|"
_SAMPLE_ROWS: Final = 200
_CONSISTENT: Final = 0.5
"""A delimiter counts only if this share of the rows has as many cells as the first one."""

_WIDE: Final = {codecs.BOM_UTF16_LE: "utf-16-le", codecs.BOM_UTF16_BE: "utf-16-be"}


@dataclass(frozen=True, slots=True)
class Dialect:
    """The dialect of one file.

    All parsing is done on bytes in which ASCII stands for itself. A UTF-16 file is therefore seen
    through `view`, as UTF-8; `wide` names its real codec. Everywhere else view and raw are one.
    """

    codec: str
    bom: bytes
    delimiter: str
    eol: bytes
    """What ends a physical line: LF (a CR before it belongs to it), or CR in old Macintosh files."""
    wide: str | None = None

    @property
    def encoding(self) -> str:
        """The name that people know."""
        return self.wide or self.codec

    def raw(self, view: bytes) -> bytes:
        """The bytes as they stand in the file."""
        if self.wide is None:
            return view
        return view.decode("utf-8", "surrogatepass").encode(self.wide, "surrogatepass")


class Source:
    """A file opened for reading past its byte order mark; `read` gives the dialect's view."""

    def __init__(self, file: BinaryIO, dialect: Dialect, offset: int) -> None:
        self._file = file
        self._decoder = None
        if dialect.wide is not None:
            self._decoder = codecs.getincrementaldecoder(dialect.wide)("surrogatepass")
        file.seek(offset)

    def read(self, size: int) -> bytes:
        """About `size` bytes; b"" at the end only."""
        if self._decoder is None:
            return self._file.read(size)
        while raw := self._file.read(size):
            if text := self._decoder.decode(raw):
                return text.encode("utf-8", "surrogatepass")
        return self._decoder.decode(b"", final=True).encode("utf-8", "surrogatepass")


def dialect_of(
    file: BinaryIO, *, prefer: str = "", encoding: str = "", delimiter: str = ""
) -> tuple[Dialect, bytes]:
    """The dialect of an open file, and a sample of its view.

    `prefer` wins where delimiters do equally well; `encoding` and `delimiter` are what the user
    has set, and are taken as they are. UserError when a set encoding cannot be used.
    """
    file.seek(0)
    head = file.read(SAMPLE_BYTES)
    bom, codec, wide = _marked(head)
    if encoding and not wide:
        codec = _usable(encoding)
    view = head[len(bom) :]
    if wide:
        view = view[: len(view) // 2 * 2].decode(wide, "replace").encode("utf-8", "replace")
    elif not codec:
        codec = _guessed(view, file)
    eol = b"\r" if b"\r" in view and b"\n" not in view else b"\n"
    if delimiter and (len(delimiter) > 1 or not delimiter.isascii() or delimiter in '"\r\n\0'):
        raise UserError("files.bad_delimiter", delimiter=delimiter)
    text = view.decode(codec, "replace")
    sign = delimiter or _announced(text) or _sniffed(text, prefer)
    return Dialect(codec, bom, sign, eol, wide), view


def _marked(head: bytes) -> tuple[bytes, str, str | None]:
    """Byte order mark, codec of the view, real codec when it is wide."""
    if head.startswith(codecs.BOM_UTF8):
        return codecs.BOM_UTF8, "utf-8", None
    for bom, wide in _WIDE.items():
        if head.startswith(bom):
            return bom, "utf-8", wide
    return b"", "", None


def _usable(encoding: str) -> str:
    """The codec's own name, if each byte below 128 stands for itself; else UserError."""
    try:
        name = codecs.lookup(encoding).name
        single = len(bytes(range(256)).decode(name, "replace")) == 256
        ascii_only = bytes(range(128)).decode(name) == bytes(range(128)).decode("ascii")
    except (LookupError, ValueError):
        single = ascii_only = False
        name = encoding
    if name in {"utf-8", "utf-8-sig", "utf_8_sig"}:
        return "utf-8"
    if not (single and ascii_only):
        raise UserError("files.bad_encoding", encoding=encoding)
    return name


def _guessed(view: bytes, file: BinaryIO) -> str:
    """UTF-8 or Windows-1252, by the lines that could be either; looks on while all is ASCII."""
    block = view + file.readline(SAMPLE_BYTES)
    while block.isascii():
        block = file.read(SAMPLE_BYTES)
        if not block:
            return "utf-8"
        block += file.readline(SAMPLE_BYTES)
    good = bad = 0
    for line in block.split(b"\n"):
        if line.isascii():
            continue
        try:
            line.decode("utf-8")
            good += 1
        except UnicodeDecodeError:
            bad += 1
    return "utf-8" if good >= bad else "cp1252"


def _announced(text: str) -> str:
    """The delimiter of a first line `sep=;`, which Excel writes and obeys."""
    line = text.split("\n", 1)[0].rstrip("\r").strip('"')
    return line[4] if len(line) == 5 and line.lower().startswith("sep=") else ""


def _sniffed(text: str, prefer: str) -> str:
    """The delimiter that cuts most rows into as many cells as the first, and into the most."""
    order = prefer + DELIMITERS.replace(prefer, "") if prefer else DELIMITERS
    return max(order, key=lambda sign: (*_consistency(text, sign), -order.index(sign)))


def _consistency(text: str, delimiter: str) -> tuple[bool, float, int]:
    widths = list(islice(_widths(text, delimiter), _SAMPLE_ROWS))
    if not widths:
        return False, 0.0, 0
    first = widths[0]
    share = sum(width == first for width in widths) / len(widths)
    return first > 1 and share >= _CONSISTENT, round(share, 2), first


def _widths(text: str, delimiter: str) -> Iterator[int]:
    """Cells per row, blank rows left out; ends where a row cannot be read."""
    with suppress(csv.Error):
        for row in csv.reader(StringIO(text, newline=""), delimiter=delimiter):
            if any(map(str.strip, row)):
                yield len(row)
