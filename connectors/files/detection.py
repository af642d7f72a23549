"""Finds out how the text of a file is written: encoding, byte order mark, line end, delimiter.

Decided from the bytes alone, so the same content gives the same dialect in every pass. Nothing
here knows what a column means; that is `layout`.
"""

from __future__ import annotations

import codecs
from dataclasses import replace
from io import BytesIO
from typing import BinaryIO, Final

from connectors.files.dialect import Dialect
from connectors.files.rows import Reading, blocks, scan
from rules.errors import UserError

SAMPLE_BYTES: Final = 1 << 20
DELIMITERS: Final = ";,\t|"
_SNIFFED_BYTES: Final = 1 << 16
_CONSISTENT: Final = 0.3
"""A delimiter counts only if this share of the rows has as many cells as the first one."""

_WIDE: Final = {codecs.BOM_UTF16_LE: "utf-16-le", codecs.BOM_UTF16_BE: "utf-16-be"}


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
    dialect = Dialect(codec, bom, delimiter or _announced(view), eol, wide)
    if not dialect.delimiter:
        dialect = replace(dialect, delimiter=_sniffed(view, dialect, prefer))
    return dialect, view


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


def _announced(view: bytes) -> str:
    """The delimiter of a first line `sep=;`, which Excel writes and obeys."""
    line = view.split(b"\n", 1)[0].rstrip(b"\r").strip(b'"')
    known = len(line) == 5 and line.lower().startswith(b"sep=") and line.isascii()
    return line[4:].decode() if known else ""


def _sniffed(view: bytes, dialect: Dialect, prefer: str) -> str:
    """The delimiter with which most rows have as many cells as the first, and the first most."""
    order = prefer + DELIMITERS.replace(prefer, "") if prefer else DELIMITERS
    end = view.rfind(dialect.eol, 0, _SNIFFED_BYTES) + 1 or len(view)
    return max(
        order,
        key=lambda sign: (
            *_consistency(view[:end], replace(dialect, delimiter=sign)),
            -order.index(sign),
        ),
    )


def _consistency(view: bytes, dialect: Dialect) -> tuple[bool, float, int]:
    """How well the rows can be read: with several columns, for what share, with how many."""
    width = _first_width(view, dialect)
    if width == 0:
        return False, 0.0, 0
    how = Reading(dialect, width, len(view))
    block = next(blocks(BytesIO(view).read, how, 1))
    rows = [row for row in block.rows if row]
    full = sum(isinstance(row, list) and len(row) == width for row in rows)
    short = sum(isinstance(row, list) and 1 < len(row) < width for row in rows)
    share = (full + short / 2) / len(rows)
    return width > 1 and share >= _CONSISTENT, round(share, 2), width


def _first_width(view: bytes, dialect: Dialect) -> int:
    """The number of cells in the first row that says something; 0 when there is none."""
    begin = 0
    how = Reading(dialect, len(view), len(view))
    while begin < len(view):
        line_end = view.find(dialect.eol, begin) + 1 or len(view)
        found = scan(view, begin, how, line_end)
        end = found.end if found and found.clean else line_end
        if any(map(str.isalnum, view[begin:end].decode(dialect.codec, "replace"))):
            return len(found.cells) if found else 1
        begin = end
    return 0
