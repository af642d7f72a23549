"""Workbooks for tests: made by programs that are not ours, or written out by hand.

made({"Ark1": rows})     by xlsxwriter: texts shared, numbers as numbers
by_hand(sheet_xml)       the smallest package around a sheet's XML, as zipfile writes it
parts(path)              member -> content
raw_parts(path)          member -> (header, compressed bytes), as they stand in the file
"""

from __future__ import annotations

import datetime as dt
import zipfile
from collections.abc import Callable, Mapping, Sequence
from io import BytesIO
from pathlib import Path
from typing import Any

import xlsxwriter

MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
_OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_PACKAGE = "http://schemas.openxmlformats.org/package/2006"
_TYPES = "application/vnd.openxmlformats-officedocument.spreadsheetml"

Rows = Sequence[Sequence[Any]]
LIST: Rows = [
    ["Kundenr", "Firma", "CVR-nr.", "Tlf.", "Dataopdateret"],
    ["K1", "Fabel Byg ApS", 90000014, 4568000001, dt.date(2026, 2, 1)],
    ["K2", "Opdigt VVS A/S", 90000022, 68000002, dt.date(2026, 2, 2)],
    ["K3", "Luftkastel Tag I/S", 90000030, "68 00 00 03", dt.date(2026, 2, 3)],
]


def made(sheets: Mapping[str, Rows], then: Callable[[Any], None] = lambda _: None) -> bytes:
    """A workbook; `then` gets the xlsxwriter workbook before it is closed."""
    out = BytesIO()
    book = xlsxwriter.Workbook(out, {"default_date_format": "dd-mm-yyyy"})
    for name, rows in sheets.items():
        sheet = book.add_worksheet(name)
        for place, row in enumerate(rows):
            for column, cell in enumerate(row):
                if isinstance(cell, dt.date):
                    sheet.write_datetime(place, column, cell)
                elif isinstance(cell, str) and not cell.startswith("="):
                    sheet.write_string(place, column, cell)
                elif cell is not None:
                    sheet.write(place, column, cell)
    then(book)
    book.close()
    return out.getvalue()


def by_hand(sheet: str, *, shared: str = "", extra: Mapping[str, str] | None = None) -> bytes:
    """A package with one sheet, `Ark1`, whose XML is `sheet`."""
    texts = (
        f'<Relationship Id="t" Type="{_OFFICE}/sharedStrings" Target="/xl/sharedStrings.xml"/>'
        if shared
        else ""
    )
    members = {
        "[Content_Types].xml": f'<Types xmlns="{_PACKAGE}/content-types">'
        '<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
        '<Default Extension="xml" ContentType="application/xml"/>'
        f'<Override PartName="/xl/workbook.xml" ContentType="{_TYPES}.sheet.main+xml"/>'
        f'<Override PartName="/xl/worksheets/ark.xml" ContentType="{_TYPES}.worksheet+xml"/>'
        "</Types>",
        "_rels/.rels": f'<Relationships xmlns="{_PACKAGE}/relationships"><Relationship Id="w" '
        f'Type="{_OFFICE}/officeDocument" Target="xl/workbook.xml"/></Relationships>',
        "xl/_rels/workbook.xml.rels": f'<Relationships xmlns="{_PACKAGE}/relationships">'
        f'<Relationship Id="a" Type="{_OFFICE}/worksheet" Target="/xl/worksheets/ark.xml"/>'
        f"{texts}</Relationships>",
        "xl/workbook.xml": f'<workbook xmlns="{MAIN}" xmlns:r="{_OFFICE}">'
        '<sheets><sheet name="Ark1" sheetId="1" r:id="a"/></sheets></workbook>',
        "xl/worksheets/ark.xml": sheet,
        **({"xl/sharedStrings.xml": shared} if shared else {}),
        **(extra or {}),
    }
    out = BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            info = zipfile.ZipInfo(name, (2026, 11, 24, 8, 0, 0))
            archive.writestr(info, content, zipfile.ZIP_DEFLATED)
    return out.getvalue()


def parts(path: Path) -> dict[str, bytes]:
    with zipfile.ZipFile(path) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def raw_parts(path: Path) -> dict[str, bytes]:
    """Each member's header and compressed bytes, up to the next member."""
    data = path.read_bytes()
    with zipfile.ZipFile(path) as archive:
        infos = sorted(archive.infolist(), key=lambda info: info.header_offset)
        ends = [*(info.header_offset for info in infos[1:]), archive.start_dir]
    return {
        info.filename: data[info.header_offset : end] for info, end in zip(infos, ends, strict=True)
    }
