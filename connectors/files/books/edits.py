"""The XML of one cell, rewritten: its style stays, its content becomes a text.

A text that the workbook keeps among its shared texts is pointed to, so that a text taken back
gives the old bytes again; any other stands in the cell itself. Nothing is ever written as a
number, so Excel has nothing to turn `01 02` into: but a cell that was a number becomes one again
when it is taken back, for which its old XML is remembered (`written_as`).
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Final
from xml.parsers import expat
from xml.sax.saxutils import escape

from connectors.files.books.book import refuse_dtd
from connectors.files.books.markup import Cell, Line
from connectors.files.cells import Refused
from connectors.files.layout import Unusable

LONGEST: Final = 32_767
"""Characters that a cell of Excel holds."""

_ATTRIBUTE: Final = re.compile(rb"""\s+([^\s=/>]+)\s*=\s*("[^"]*"|'[^']*')""")
_OPENING: Final = re.compile(
    rb"""<([^\s/>]+)((?:\s+[^\s=/>]+\s*=\s*(?:"[^"]*"|'[^']*'))*)\s*(/?)>"""
)
_FORBIDDEN: Final = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
_CODED: Final = re.compile(r"_(?=x[0-9A-Fa-f]{4}_)")
_SPECIAL: Final = ("cm", "vm")
"""Attributes of cells that hold more than a value: linked data types, arrays that spill."""


@dataclass(frozen=True, slots=True)
class Edit:
    """What a cell is to say; `written_as` is how it said it before, when that is known."""

    text: str
    written_as: str = ""


def check(text: str) -> None:
    """`Refused` when a cell cannot say this."""
    if len(text) > LONGEST:
        raise Refused("cell_too_long", limit=str(LONGEST))
    if _FORBIDDEN.search(text):
        raise Refused("cell_not_writable")


def check_cell(cell: Cell, header: str) -> None:
    """`Refused` for a cell whose value is not its own."""
    if cell.formula:
        raise Refused("formula_cell", header=header)
    if any(name in cell.attributes for name in _SPECIAL):
        raise Refused("cell_not_writable")


class Pen:
    """Writes cells of one sheet. `shared` says where the workbook's shared texts stand."""

    def __init__(self, data: bytes, shared: Mapping[str, int]) -> None:
        self._data = data
        self._shared = shared

    def rewritten(self, cell: Cell, edit: Edit) -> bytes:
        """The element of a cell that is there."""
        raw = cell.raw(self._data)
        if edit.written_as:
            return _restored(raw, edit.written_as.encode())
        return self._written(raw, edit.text)

    def added(self, line: Line, column: int, text: str) -> bytes:
        """The element of a cell that was not there; nothing when it would be empty."""
        if not text:
            return b""
        ref = f"{letters(column)}{line.row}".encode()
        return self._written(b'<%sc r="%s"/>' % (line.prefix, ref), text)

    def told_by_text(self, cell: Cell, text: str) -> bool:
        """Whether writing the old text would give the old bytes again."""
        raw = cell.raw(self._data)
        return self._written(raw, text) == raw

    def _written(self, raw: bytes, text: str) -> bytes:
        name, attributes, _ = _opened(raw)
        if not text:
            bare = _with(attributes, "")
            styled = any(key == b"s" for key, _ in _pairs(attributes))
            return b"<%s%s/>" % (name, bare) if styled else b""
        prefix = name[:-1]
        number = self._shared.get(text)
        kind = "inlineStr" if number is None else "s"
        inner = (
            _inline(prefix, text) if number is None else b"<%sv>%d</%sv>" % (prefix, number, prefix)
        )
        return b"<%s%s>%s</%s>" % (name, _with(attributes, kind), inner, name)


def _inline(prefix: bytes, text: str) -> bytes:
    kept = b' xml:space="preserve"' if text != text.strip() or "\n" in text else b""
    # Excel writes what XML cannot say as _x000D_, so text that looks like that is told apart.
    coded = escape(_CODED.sub("_x005F_", text).replace("\r", "_x000D_")).encode()
    return b"<%sis><%st%s>%s</%st></%sis>" % (prefix, prefix, kept, coded, prefix, prefix)


def _restored(raw: bytes, old: bytes) -> bytes:
    """The old element; in the place and the style that the cell has now."""
    name, attributes, _ = _opened(raw)
    old_name, old_attributes, old_inner = _opened(old)
    now, then = dict(_pairs(attributes)), dict(_pairs(old_attributes))
    if name == old_name and all(now.get(key) == then.get(key) for key in (b"r", b"s")):
        return old
    told = _with(attributes, then.get(b"t", b"").decode())
    return b"<%s%s>%s</%s>" % (name, told, old_inner, name)


def _opened(raw: bytes) -> tuple[bytes, bytes, bytes]:
    """Name, attributes and content of an element's bytes."""
    tag = _OPENING.match(raw)
    if tag is None:
        raise Unusable("book_damaged")
    return tag[1], tag[2], b"" if tag[3] else raw[tag.end() : raw.rindex(b"<")]


def _pairs(attributes: bytes) -> list[tuple[bytes, bytes]]:
    return [(found[1], found[2][1:-1]) for found in _ATTRIBUTE.finditer(attributes)]


def _with(attributes: bytes, kind: str) -> bytes:
    """The attributes with another type, in its old place if there was one."""
    told = b' t="%s"' % kind.encode() if kind else b""
    parts = list(_ATTRIBUTE.finditer(attributes))
    if not any(found[1] == b"t" for found in parts):
        return attributes + told
    return b"".join(told if found[1] == b"t" else found[0] for found in parts)


def letters(column: int) -> str:
    """0 to `A`, 26 to `AA`."""
    name, number = "", column + 1
    while number:
        number, rest = divmod(number - 1, 26)
        name = chr(65 + rest) + name
    return name


def shared_texts(data: bytes, wanted: Collection[str]) -> dict[str, int]:
    """Where these texts stand among a workbook's shared texts; only those without formatting."""
    return _Shared(wanted).found_in(data)


class _Shared:
    def __init__(self, wanted: Collection[str]) -> None:
        self._wanted = wanted
        self._found: dict[str, int] = {}
        self._number = -1
        self._plain = False
        self._parts: list[str] = []
        self._in_text = False

    def found_in(self, data: bytes) -> dict[str, int]:
        parser = expat.ParserCreate()
        parser.buffer_text = True
        parser.StartElementHandler = self._start
        parser.EndElementHandler = self._end
        parser.CharacterDataHandler = self._text
        parser.StartDoctypeDeclHandler = refuse_dtd
        try:
            parser.Parse(data, True)
        except expat.ExpatError as error:
            raise Unusable("book_damaged") from error
        return self._found

    def _start(self, name: str, _: Mapping[str, str]) -> None:
        own = name.rpartition(":")[2]
        if own == "si":
            self._number += 1
            self._plain, self._parts = True, []
        elif own == "t":
            self._in_text = True
        else:
            self._plain = False

    def _end(self, name: str) -> None:
        own = name.rpartition(":")[2]
        if own == "t":
            self._in_text = False
        elif own == "si" and self._plain:
            text = "".join(self._parts)
            # `_x000D_` in it means something else than it says.
            if text in self._wanted and not _CODED.search(text):
                self._found.setdefault(text, self._number)

    def _text(self, text: str) -> None:
        if self._in_text:
            self._parts.append(text)
