"""Writes a small .xlsx by hand, always with the same bytes. Standard library only.

A cell is text, a number, a `Day` (a number that is shown as a date), a `Formula` with its result,
or None. Texts are shared, as Excel writes them.
"""

from __future__ import annotations

import datetime as dt
import zipfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from xml.sax.saxutils import escape, quoteattr

_MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
_OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_PACKAGE = "http://schemas.openxmlformats.org/package/2006"
_SHEETML = "application/vnd.openxmlformats-officedocument.spreadsheetml"
_XML = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'
_ZERO_DAY = dt.date(1899, 12, 30)
_MADE = (2026, 11, 24, 8, 0, 0)
_BOLD, _DAY = 1, 2


@dataclass(frozen=True, slots=True)
class Day:
    """A date as spreadsheets keep it: a number with a format."""

    day: dt.date


@dataclass(frozen=True, slots=True)
class Formula:
    """A calculated cell and the result that was saved with it."""

    formula: str
    result: int


Cell = str | int | float | Day | Formula | None


@dataclass(frozen=True, slots=True)
class Sheet:
    """One sheet. `merged` are ranges such as `A1:E1`; `hidden_rows` are numbers from 1."""

    name: str
    rows: Sequence[Sequence[Cell]]
    merged: Sequence[str] = ()
    hidden_rows: frozenset[int] = frozenset()
    bold_rows: frozenset[int] = frozenset()
    hidden: bool = False
    filter: str = ""


@dataclass(slots=True)
class _Texts:
    numbers: dict[str, int] = field(default_factory=dict)

    def number(self, text: str) -> int:
        return self.numbers.setdefault(text, len(self.numbers))


def write(path: Path, sheets: Sequence[Sheet]) -> None:
    """The workbook; the same sheets give the same bytes."""
    texts = _Texts()
    members = {f"xl/worksheets/sheet{n}.xml": _sheet(one, texts) for n, one in _numbered(sheets)}
    members = {
        "[Content_Types].xml": _content_types(sheets),
        "_rels/.rels": _relations([("officeDocument", "xl/workbook.xml")]),
        "xl/workbook.xml": _workbook(sheets),
        "xl/_rels/workbook.xml.rels": _relations(
            [
                *(("worksheet", f"worksheets/sheet{n}.xml") for n, _ in _numbered(sheets)),
                ("styles", "styles.xml"),
                ("sharedStrings", "sharedStrings.xml"),
            ]
        ),
        **members,
        "xl/styles.xml": _STYLES,
        "xl/sharedStrings.xml": _shared(texts),
    }
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            info = zipfile.ZipInfo(name, _MADE)
            archive.writestr(info, _XML + content, zipfile.ZIP_DEFLATED)


def _numbered(sheets: Sequence[Sheet]) -> Iterator[tuple[int, Sheet]]:
    return enumerate(sheets, 1)


def _sheet(sheet: Sheet, texts: _Texts) -> str:
    rows = "".join(
        f'<row r="{at}"{" hidden=" + chr(34) + "1" + chr(34) if at in sheet.hidden_rows else ""}>'
        + "".join(
            _cell(f"{_letter(column)}{at}", cell, texts, bold=at in sheet.bold_rows)
            for column, cell in enumerate(row)
        )
        + "</row>"
        for at, row in enumerate(sheet.rows, 1)
        if row
    )
    tail = f'<autoFilter ref="{sheet.filter}"/>' if sheet.filter else ""
    if sheet.merged:
        ranges = "".join(f'<mergeCell ref="{one}"/>' for one in sheet.merged)
        tail += f'<mergeCells count="{len(sheet.merged)}">{ranges}</mergeCells>'
    return f'<worksheet xmlns="{_MAIN}"><sheetData>{rows}</sheetData>{tail}</worksheet>'


def _cell(ref: str, cell: Cell, texts: _Texts, *, bold: bool) -> str:
    style = f' s="{_BOLD}"' if bold else ""
    match cell:
        case None | "":
            return ""
        case str():
            return f'<c r="{ref}"{style} t="s"><v>{texts.number(cell)}</v></c>'
        case Day():
            return f'<c r="{ref}" s="{_DAY}"><v>{(cell.day - _ZERO_DAY).days}</v></c>'
        case Formula():
            return f'<c r="{ref}"><f>{escape(cell.formula)}</f><v>{cell.result}</v></c>'
        case _:
            return f'<c r="{ref}"{style}><v>{cell}</v></c>'


def _letter(column: int) -> str:
    return chr(65 + column)


def _shared(texts: _Texts) -> str:
    items = "".join(
        f'<si><t xml:space="preserve">{escape(text)}</t></si>'
        if text != text.strip() or "\n" in text
        else f"<si><t>{escape(text)}</t></si>"
        for text in texts.numbers
    )
    return f'<sst xmlns="{_MAIN}" uniqueCount="{len(texts.numbers)}">{items}</sst>'


def _workbook(sheets: Sequence[Sheet]) -> str:
    tabs = "".join(
        f'<sheet name={quoteattr(one.name)} sheetId="{n}"'
        f'{" state=" + chr(34) + "hidden" + chr(34) if one.hidden else ""} r:id="r{n}"/>'
        for n, one in _numbered(sheets)
    )
    return f'<workbook xmlns="{_MAIN}" xmlns:r="{_OFFICE}"><sheets>{tabs}</sheets></workbook>'


def _relations(targets: Sequence[tuple[str, str]]) -> str:
    found = "".join(
        f'<Relationship Id="r{n}" Type="{_OFFICE}/{kind}" Target="{target}"/>'
        for n, (kind, target) in enumerate(targets, 1)
    )
    return f'<Relationships xmlns="{_PACKAGE}/relationships">{found}</Relationships>'


def _content_types(sheets: Sequence[Sheet]) -> str:
    parts = [
        ("workbook.xml", "sheet.main"),
        *((f"worksheets/sheet{n}.xml", "worksheet") for n, _ in _numbered(sheets)),
        ("styles.xml", "styles"),
        ("sharedStrings.xml", "sharedStrings"),
    ]
    overrides = "".join(
        f'<Override PartName="/xl/{name}" ContentType="{_SHEETML}.{kind}+xml"/>'
        for name, kind in parts
    )
    return (
        f'<Types xmlns="{_PACKAGE}/content-types"><Default Extension="rels" '
        'ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
        f'<Default Extension="xml" ContentType="application/xml"/>{overrides}</Types>'
    )


_STYLES = (
    f'<styleSheet xmlns="{_MAIN}">'
    '<numFmts count="1"><numFmt numFmtId="164" formatCode="dd\\-mm\\-yyyy"/></numFmts>'
    '<fonts count="2"><font><sz val="11"/><name val="Calibri"/></font>'
    '<font><b/><sz val="11"/><name val="Calibri"/></font></fonts>'
    '<fills count="2"><fill><patternFill patternType="none"/></fill>'
    '<fill><patternFill patternType="gray125"/></fill></fills>'
    '<borders count="1"><border><left/><right/><top/><bottom/><diagonal/></border></borders>'
    '<cellStyleXfs count="1"><xf numFmtId="0" fontId="0" fillId="0" borderId="0"/></cellStyleXfs>'
    '<cellXfs count="3"><xf numFmtId="0" fontId="0" fillId="0" borderId="0" xfId="0"/>'
    '<xf numFmtId="0" fontId="1" fillId="0" borderId="0" xfId="0" applyFont="1"/>'
    '<xf numFmtId="164" fontId="0" fillId="0" borderId="0" xfId="0" applyNumberFormat="1"/>'
    '</cellXfs><cellStyles count="1"><cellStyle name="Normal" xfId="0" builtinId="0"/></cellStyles>'
    "</styleSheet>"
)
