"""What a workbook is and which sheets it has. Cells are read by calamine, whatever the format.

A workbook is held whole while it is read, so everything that could make it large is looked at
first: what a package expands to, and how far apart its cells stand.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import BinaryIO, Final
from xml.parsers import expat

from python_calamine import (
    CalamineError,
    CalamineSheet,
    CalamineWorkbook,
    PasswordError,
    SheetTypeEnum,
    SheetVisibleEnum,
)

from connectors.files.books.package import Package, megabytes
from connectors.files.books.values import Cell, text_of
from connectors.files.layout import Unusable
from connectors.files.tokens import DIGEST, digest_upto

MEGABYTE: Final = 1 << 20
DEFAULT_LIMIT: Final = 256 * MEGABYTE
"""What a workbook may expand to: about half a million rows of thirteen columns."""
BYTES_A_CELL: Final = 8
"""A sheet may have a cell for each so many bytes of the limit: calamine holds the whole rectangle
from the first filled cell to the last, at 32 bytes a cell."""

_ZIP: Final = b"PK\x03\x04"
_OLE: Final = b"\xd0\xcf\x11\xe0"
_ENCRYPTED: Final = "EncryptedPackage".encode("utf-16-le")
_HEAD: Final = 1 << 16
_DTD: Final = re.compile(rb"<!\s*(?:DOCTYPE|ENTITY)")
_FILLED: Final = re.compile(
    rb"""<(?:\w+:)?c\s[^>]*?\br=["']([A-Z]{1,3})(\d{1,7})["'](?:[^>]*[^/>])?>"""
)
_WIDE: Final = re.compile(rb"""r=["'][A-Z]{2,3}\d""")
ROWS: Final = 1 << 20
LETTERS: Final = 26
"""No sheet has more rows; up to so many columns, these alone are within the usual limit."""
_OFFICE: Final = "/officeDocument"
_REPEATED: Final = ("table:number-rows-repeated", "table:number-columns-repeated")

Attributes = Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Sheet:
    """One sheet: its number in the workbook, its name, and for an .xlsx the member that holds it."""

    index: int
    name: str
    visible: bool
    part: str = ""


@dataclass(frozen=True, slots=True)
class Obstacle:
    """Why a workbook or sheet is not repaired in place: a text key `header.copy.<code>`."""

    code: str
    details: Mapping[str, str] = field(default_factory=dict)


class Book:
    """An open workbook. `Unusable` says what is wrong with it and what to do."""

    def __init__(self, file: BinaryIO, limit: int = DEFAULT_LIMIT) -> None:
        self.file = file
        self.limit = limit
        self._held: tuple[Sheet, Grid] | None = None
        self.format = _format_of(file)
        self.package = Package(file, limit) if self.format != "xls" else None
        self._check()
        file.seek(0)
        try:
            self._book = CalamineWorkbook.from_filelike(_Plain(file))
        except PasswordError as error:
            raise Unusable("book_encrypted") from error
        except (CalamineError, OSError, ValueError) as error:
            raise Unusable("book_damaged") from error

    def _check(self) -> None:
        if self.format == "xlsb":
            raise Unusable("book_binary")
        package = self.package
        if package is None:
            return
        if self.format == "ods":
            _check_spread(package, self.limit)
            return
        for name in package.names:
            if name.endswith((".xml", ".rels")) and _DTD.search(package.read(name)[:_HEAD]):
                raise Unusable("book_unsafe")

    @cached_property
    def sheets(self) -> tuple[Sheet, ...]:
        """The worksheets, in the order of their tabs; no charts, macros and dialogues."""
        parts = self._parts if self.format == "xlsx" else {}
        return tuple(
            Sheet(index, one.name, one.visible is SheetVisibleEnum.Visible, parts.get(one.name, ""))
            for index, one in enumerate(self._book.sheets_metadata)
            if one.typ is SheetTypeEnum.WorkSheet
        )

    def sheet(self, name: str) -> Sheet | None:
        """The sheet of that name."""
        return next((one for one in self.sheets if one.name == name), None)

    def grid(self, sheet: Sheet) -> Grid:
        """The cells of a sheet; the last one is held. `Unusable` for one that would take too much
        memory."""
        if self._held is None or self._held[0] != sheet:
            self._held = None
            self._held = sheet, self._loaded(sheet)
        return self._held[1]

    def _loaded(self, sheet: Sheet) -> Grid:
        if sheet.part:
            self._check_extent(sheet)
        try:
            return Grid(self._book.get_sheet_by_index(sheet.index))
        except (CalamineError, ValueError) as error:
            raise Unusable("book_damaged") from error

    def markup(self, sheet: Sheet) -> bytes:
        """The XML of a sheet of an .xlsx."""
        assert self.package is not None  # noqa: S101 - only an .xlsx has parts
        return self.package.read(sheet.part)

    def digest(self, sheet: Sheet) -> str:
        """What the sheet's records are made from. Other sheets may change without changing it."""
        if self.package is None or not sheet.part:
            return str(digest_upto(self.file).hexdigest())
        found = hashlib.new(DIGEST, usedforsecurity=False)
        for name in sorted({sheet.part, self._main, *self._shared}):
            if name in self.package.names:
                raw = self.package.raw(name)
                found.update(b"%s %d\n" % (name.encode(), len(raw)))
                found.update(raw)
        return found.hexdigest()

    @cached_property
    def obstacle(self) -> Obstacle | None:
        """Why none of the sheets can be repaired in place, if so."""
        package = self.package
        if package is None or self.format != "xlsx":
            return Obstacle("format", {"format": f".{self.format}"})
        if any(name.startswith("_xmlsignatures/") for name in package.names):
            return Obstacle("signed")
        if any(name.startswith("xl/revisions/") for name in package.names):
            return Obstacle("shared")
        main = dict(elements(package.read(self._main)))
        if main.get("fileSharing", {}).get("readOnlyRecommended") in {"1", "true"}:
            return Obstacle("read_only")
        return None if package.rewritable else Obstacle("archive")

    # --- how the parts of an .xlsx hang together ---

    @cached_property
    def _main(self) -> str:
        """The workbook's own part."""
        for target, kind in self._relations("_rels/.rels", "").values():
            if kind.endswith(_OFFICE):
                return target
        raise Unusable("book_damaged")

    @cached_property
    def _others(self) -> dict[str, tuple[str, str]]:
        folder, _, name = self._main.rpartition("/")
        return self._relations(f"{folder}/_rels/{name}.rels", folder)

    @cached_property
    def _shared(self) -> tuple[str, ...]:
        """What all sheets use: texts and number formats."""
        wanted = ("/sharedStrings", "/styles")
        return tuple(part for part, kind in self._others.values() if kind.endswith(wanted))

    @cached_property
    def texts_part(self) -> str:
        """The part with the texts that cells share; "" when there is none."""
        found = (part for part, kind in self._others.values() if kind.endswith("/sharedStrings"))
        return next(found, "")

    @cached_property
    def _parts(self) -> dict[str, str]:
        assert self.package is not None  # noqa: S101 - see `sheets`
        found = {}
        for name, attributes in elements(self.package.read(self._main)):
            if name == "sheet":
                ident = next((v for k, v in attributes.items() if k.endswith(":id")), "")
                found[attributes.get("name", "")] = self._others.get(ident, ("", ""))[0]
        return found

    def _relations(self, part: str, folder: str) -> dict[str, tuple[str, str]]:
        """Id -> (target, type) of a relationship part, targets as names of members."""
        assert self.package is not None  # noqa: S101
        if part not in self.package.names:
            raise Unusable("book_damaged")
        return {
            one["Id"]: (_resolved(one.get("Target", ""), folder), one.get("Type", ""))
            for name, one in elements(self.package.read(part))
            if name == "Relationship" and "Id" in one
        }

    def _check_extent(self, sheet: Sheet) -> None:
        """The rectangle of all filled cells: a single one far away makes it huge."""
        data, most = self.markup(sheet), self.limit // BYTES_A_CELL
        if most > ROWS * LETTERS and not _WIDE.search(data):
            return
        columns: set[bytes] = set()
        last = 0
        for found in _FILLED.finditer(data):
            columns.add(found[1])
            last = max(last, int(found[2]))
        width = max(map(column_number, columns), default=0)
        if last * width > most:
            raise Unusable("sheet_too_large", limit=str(most))


class Grid:
    """The cells of one sheet, as text, by their real places."""

    def __init__(self, sheet: CalamineSheet) -> None:
        self._sheet = sheet
        self.left = sheet.start[1] if sheet.start else 0
        """The column at which every row begins, counted from 0."""
        self.height = sheet.total_height

    @property
    def merged(self) -> Sequence[tuple[tuple[int, int], tuple[int, int]]]:
        """(row, column) of the first and the last cell of merged cells, counted from 0."""
        return self._sheet.merged_cell_ranges or ()

    def rows(self) -> Iterator[list[str]]:
        """All rows from the top of the sheet on, blank ones too."""
        text = str
        for row in self._sheet.iter_rows():
            cells: list[str] = [cell if cell.__class__ is text else text_of(cell) for cell in row]
            # A NUL parts the cells of a version; only an old .xls can hold one.
            yield cells if "\0" not in "".join(cells) else [one.replace("\0", "") for one in cells]

    def typed(self) -> Iterator[list[Cell]]:
        """The same with the types that the cells have."""
        yield from self._sheet.iter_rows()


class _Plain:
    """A file without a name: calamine would open a named one by itself, perhaps a newer one."""

    def __init__(self, file: BinaryIO) -> None:
        self.read, self.seek = file.read, file.seek


def elements(data: bytes) -> list[tuple[str, Attributes]]:
    """Every element's own name and attributes, in order. `Unusable` for a damaged or unsafe one."""
    found: list[tuple[str, Attributes]] = []
    parser = expat.ParserCreate()
    parser.StartElementHandler = lambda name, attributes: found.append(
        (name.rpartition(":")[2], attributes)
    )
    parser.StartDoctypeDeclHandler = refuse_dtd
    try:
        parser.Parse(data, True)
    except expat.ExpatError as error:
        raise Unusable("book_damaged") from error
    return found


def refuse_dtd(*_: object) -> None:
    """No part of an office document has one; entities that expand begin there."""
    raise Unusable("book_unsafe")


def column_number(letters: bytes) -> int:
    """`A` to 1, `AA` to 27."""
    number = 0
    for letter in letters:
        number = number * 26 + letter - 64
    return number


def _resolved(target: str, folder: str) -> str:
    """A relationship's target as a member's name."""
    if target.startswith("/"):
        return target[1:]
    parts = folder.split("/") if folder else []
    for step in target.replace("\\", "/").split("/"):
        if step == "..":
            parts = parts[:-1]
        elif step not in {"", "."}:
            parts.append(step)
    return "/".join(parts)


def _format_of(file: BinaryIO) -> str:
    """`xlsx`, `xlsb`, `xls` or `ods`, by what the file is and not by its name."""
    file.seek(0)
    head = file.read(_HEAD)
    if not head:
        raise Unusable("empty")
    if head.startswith(_OLE):
        rest = head + file.read(MEGABYTE)
        file.seek(max(0, file.seek(0, 2) - MEGABYTE))
        if _ENCRYPTED in rest or _ENCRYPTED in file.read():
            raise Unusable("book_encrypted")
        return "xls"
    if not head.startswith(_ZIP):
        raise Unusable("book_is_text" if b"\0" not in head else "book_damaged")
    names = Package(file, 1 << 40).names
    if "xl/workbook.bin" in names:
        return "xlsb"
    return "ods" if "content.xml" in names and "mimetype" in names else "xlsx"


def _check_spread(package: Package, limit: int) -> None:
    """An .ods says `the same a million times` in a few bytes; count what that comes to."""
    if "content.xml" not in package.names:
        raise Unusable("book_damaged")
    if _is_encrypted(package):
        raise Unusable("book_encrypted")
    spread = _Spread()
    spread.count(package.read("content.xml"))
    if spread.largest > limit // BYTES_A_CELL:
        raise Unusable("sheet_too_large", limit=str(limit // BYTES_A_CELL))


def _is_encrypted(package: Package) -> bool:
    manifest = "META-INF/manifest.xml"
    return manifest in package.names and b"encryption-data" in package.read(manifest)


class _Spread:
    """How large the rectangle of filled cells is in the largest sheet of an .ods."""

    def __init__(self) -> None:
        self.largest = 0
        self._row = self._column = self._width = self._bottom = self._times = 0

    def count(self, data: bytes) -> None:
        """Look through `content.xml`."""
        parser = expat.ParserCreate()
        parser.StartElementHandler = self._start
        parser.EndElementHandler = self._end
        parser.StartDoctypeDeclHandler = refuse_dtd
        try:
            parser.Parse(data, True)
        except (expat.ExpatError, ValueError) as error:
            raise Unusable("book_damaged") from error

    def _start(self, name: str, attributes: Attributes) -> None:
        if name == "table:table":
            self._row = self._width = self._bottom = 0
        elif name == "table:table-row":
            self._times, self._column = int(attributes.get(_REPEATED[0], 1)), 0
        elif name in {"table:table-cell", "table:covered-table-cell"}:
            self._column += int(attributes.get(_REPEATED[1], 1))
            if "office:value-type" in attributes or "calcext:value-type" in attributes:
                self._width = max(self._width, self._column)
                self._bottom = self._row + self._times
                self.largest = max(self.largest, self._width * self._bottom)

    def _end(self, name: str) -> None:
        if name == "table:table-row":
            self._row += self._times


__all__ = ["DEFAULT_LIMIT", "MEGABYTE", "Book", "Grid", "Obstacle", "Sheet", "megabytes"]
