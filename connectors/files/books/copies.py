"""A corrected copy beside a workbook that cannot be repaired in place: `kunder.rettet.xlsx`.

It has the sheets and the values of the workbook, corrected cells as texts, and no formatting. The
same corrections give the same bytes. A seal at its end (the digest of all that stands before)
shows whether somebody has worked on it since: then it is not overwritten.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from datetime import UTC, date, datetime, time, timedelta
from io import BytesIO
from pathlib import Path
from typing import Any, Final

import xlsxwriter

from connectors.files.books.book import Book, Sheet
from connectors.files.books.values import Cell
from connectors.files.drafts import Draft, Fault
from connectors.files.tokens import DIGEST
from connectors.protocol import Problem

_MADE: Final = datetime(2000, 1, 1, tzinfo=UTC).replace(tzinfo=None)
"""In the properties of every copy: a true time would make each one another file."""
_SEAL: Final = b"ringren "

Corrections = Mapping[tuple[int, int], str]
"""(row from 0, column from 0) to what the cell says in the copy."""


def write_copy(
    path: Path, source: Path, content: bytes, records: int, fault: Fault
) -> Problem | None:
    """Put the copy beside its source. What is worth telling: where it is, or why it is not there."""
    details = {"file": source.name, "copy": path.name, "count": str(records)}
    if path.exists():
        there = path.read_bytes()
        if there == content:
            return _said("files.copy_there", source, details)
        if not _is_sealed(there):
            return _said("files.copy_changed", source, details, stops=True)
    with Draft(path, fault, like=source) as draft:
        draft.write(content)
        draft.finish()
        draft.publish()
    return _said("files.copy_written", source, details)


def _said(key: str, source: Path, details: Mapping[str, str], *, stops: bool = False) -> Problem:
    return Problem(source.name, key, f"{key}.remedy", details, stops)


def copy_of(book: Book, corrected: Mapping[Sheet, Corrections]) -> bytes:
    """A workbook with the values of `book`, and these cells corrected."""
    out = BytesIO()
    made = xlsxwriter.Workbook(out, {"default_date_format": "dd-mm-yyyy"})
    made.set_properties({"created": _MADE})
    moment = made.add_format({"num_format": "dd-mm-yyyy hh:mm"})
    span = made.add_format({"num_format": "[h]:mm:ss"})
    for sheet in book.sheets:
        tab = made.add_worksheet(sheet.name)
        if not sheet.visible:
            tab.hide()
        _fill(tab, book, sheet, corrected.get(sheet, {}), moment, span)
    made.close()
    return _sealed(out.getvalue())


def _fill(
    tab: Any, book: Book, sheet: Sheet, corrected: Corrections, moment: Any, span: Any
) -> None:
    grid = book.grid(sheet)
    for at, row in enumerate(grid.typed()):
        for column, cell in enumerate(row, grid.left):
            if (at, column) not in corrected:
                put(tab, at, column, cell, moment, span)
    for (at, column), text in corrected.items():
        if text:
            tab.write_string(at, column, text)


def put(tab: Any, row: int, column: int, cell: Cell, moment: Any, span: Any) -> None:
    """Write one cell with its type."""
    match cell:
        case "":
            return
        case str():
            tab.write_string(row, column, cell)
        case bool():
            tab.write_boolean(row, column, cell)
        case int() | float():
            tab.write_number(row, column, cell)
        case datetime() if cell.time() != time():
            tab.write_datetime(row, column, cell, moment)
        case date():
            tab.write_datetime(row, column, cell)
        case time() | timedelta():
            tab.write_datetime(row, column, cell, span)


def _sealed(data: bytes) -> bytes:
    """The archive with its digest as the comment at its end."""
    seal = _seal_of(data)
    return data[:-2] + len(seal).to_bytes(2, "little") + seal


def _is_sealed(data: bytes) -> bool:
    size = len(_seal_of(b""))
    bare = data[: -size - 2] + b"\0\0"
    return data == _sealed(bare)


def _seal_of(data: bytes) -> bytes:
    return _SEAL + hashlib.new(DIGEST, data, usedforsecurity=False).hexdigest().encode()
