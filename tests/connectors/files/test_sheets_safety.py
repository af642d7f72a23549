"""Workbooks that are broken, locked, hostile or too large: an error with a remedy, and the others go on."""

from __future__ import annotations

import zipfile
from io import BytesIO
from typing import Any

import openpyxl
import pytest
from workbooks import LIST, MAIN, by_hand, made, parts

from connectors.files.books.copies import _is_sealed
from connectors.protocol import Token
from rules.errors import TryAgain

ROWS = '<row r="1"><c r="A1" t="inlineStr"><is><t>E-mail</t></is></c></row>'


def sheet(rows: str, before: str = "") -> str:
    return f'{before}<worksheet xmlns="{MAIN}"><sheetData>{rows}</sheetData></worksheet>'


def packed(members: dict[str, bytes]) -> bytes:
    out = BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return out.getvalue()


BOMB = sheet(ROWS) + " " * (80 << 20)
ENTITIES = '<!DOCTYPE x [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;">]>'
FAR = '<row r="1048576"><c r="XFD1048576"><v>1</v></c></row>'
ODS_BOMB = (
    '<office:document-content xmlns:office="urn:oasis:names:tc:opendocument:xmlns:office:1.0" '
    'xmlns:table="urn:oasis:names:tc:opendocument:xmlns:table:1.0"><office:body>'
    '<office:spreadsheet><table:table table:name="A"><table:table-row '
    'table:number-rows-repeated="1048576"><table:table-cell office:value-type="float" '
    'office:value="1" table:number-columns-repeated="16384"/></table:table-row></table:table>'
    "</office:spreadsheet></office:body></office:document-content>"
)
OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"


@pytest.mark.parametrize(
    ("name", "content", "code"),
    [
        ("a.xlsx", b"", "empty"),
        ("a.xlsx", b"PK\x03\x04 and no more", "book_damaged"),
        ("a.xlsx", made({"Ark1": LIST})[:-300], "book_damaged"),
        ("a.xlsx", packed({"andet.txt": b"hej"}), "book_damaged"),
        ("a.xls", b"Navn\tE-mail\nIb\tib@opdigtet-0001.dk\n", "book_is_text"),
        ("a.xls", b"<html><table><tr><td>Navn</td></tr></table></html>", "book_is_text"),
        ("a.xls", OLE + bytes(600), "book_damaged"),
        ("a.xlsx", OLE + bytes(600) + "EncryptedPackage".encode("utf-16-le"), "book_encrypted"),
        ("a.xlsb", packed({"xl/workbook.bin": b"\x83\x01"}), "book_binary"),
        ("a.xlsx", by_hand(sheet(ROWS, ENTITIES)), "book_unsafe"),
        ("a.xlsx", by_hand(sheet(ROWS), shared=f"{ENTITIES}<sst>&b;</sst>"), "book_unsafe"),
        ("a.xlsx", by_hand(BOMB), "book_too_large"),
        (
            "a.ods",
            packed(
                {
                    "mimetype": b"application/vnd.oasis.opendocument.spreadsheet",
                    "content.xml": ODS_BOMB.encode(),
                }
            ),
            "sheet_too_large",
        ),
        ("a.xlsx", made({"Ark1": []}), "empty"),
    ],
    ids=[
        "nothing", "torn", "cut off", "another archive", "text", "web page", "old and torn",
        "password", "binary", "entities", "entities in texts", "bomb", "repeated cells",
        "empty sheets",
    ],
)  # fmt: skip
def test_what_cannot_be_used_says_why_and_the_others_go_on(
    desk: Any, name: str, content: bytes, code: str
) -> None:
    desk.put(name, content)
    desk.put("god.xlsx", made({"Ark1": LIST}))
    files = desk.files(max_book_bytes=64 << 20)
    assert [stream.name for stream in files.streams()] == ["god.xlsx#Ark1"]
    [problem] = files.problems()
    assert problem.message == f"files.{code}"
    assert problem.covers(f"{name}#Ark1")


def test_a_cell_at_the_end_of_the_world_is_refused_before_it_takes_the_memory(desk: Any) -> None:
    desk.put("a.xlsx", by_hand(sheet(ROWS + FAR)))
    [problem] = desk.files().problems()
    assert (problem.stream, problem.message) == ("a.xlsx#Ark1", "files.sheet_too_large")


def test_a_workbook_that_breaks_between_two_looks_stops_its_sheets_only(desk: Any) -> None:
    desk.put("a.xlsx", made({"Ark1": LIST}))
    [stream] = desk.files().streams()
    desk.put("a.xlsx", b"PK\x03\x04")
    with pytest.raises(TryAgain) as caught:
        list(desk.files().pull(stream, None))
    assert caught.value.message == "files.book_damaged"


def protect(book: Any) -> None:
    book.get_worksheet_by_name("Ark1").protect()


def recommend_reading(book: Any) -> None:
    book.read_only_recommended()


@pytest.mark.parametrize("then", [protect, recommend_reading])
def test_what_must_not_be_written_is_copied_instead(
    desk: Any, change_record: Any, then: Any
) -> None:
    path = desk.put("k.xlsx", made({"Ark1": LIST, "Noter": [["Husk", 7, True]]}, then))
    before = path.read_bytes()
    assert copy(desk, change_record) == ["files.copy_written"]
    assert path.read_bytes() == before
    assert desk.names() == ["k.rettet.xlsx", "k.xlsx"]
    found = rows(desk, "k.rettet.xlsx", "Ark1")
    assert found[1][:4] == ["K1", "Ny ApS", 90000014, 4568000001]
    assert found[2][:2] == ["K2", "Opdigt VVS A/S"]
    assert rows(desk, "k.rettet.xlsx", "Noter") == [["Husk", 7, True]]


def test_the_same_corrections_give_the_same_copy_and_a_changed_one_is_kept(
    desk: Any, change_record: Any
) -> None:
    desk.put("k.xlsx", made({"Ark1": LIST}, protect))
    target = desk.root / "k.rettet.xlsx"
    assert copy(desk, change_record) == ["files.copy_written"]
    first = target.read_bytes()
    assert _is_sealed(first)
    assert copy(desk, change_record) == ["files.copy_there"]
    assert copy(desk, change_record, "Anden ApS") == ["files.copy_written"]
    mine = target.read_bytes().replace(b"[Content", b"[content", 1)
    target.write_bytes(mine)
    assert not _is_sealed(mine)
    assert copy(desk, change_record) == ["files.copy_changed"]
    assert target.read_bytes() == mine


def test_corrections_of_several_sheets_go_into_one_copy(desk: Any, change_record: Any) -> None:
    def both(book: Any) -> None:
        for one in book.worksheets():
            one.protect()

    desk.put("k.xlsx", made({"Ark1": LIST, "Ark2": LIST}, both))
    assert copy(desk, change_record) == ["files.copy_written"]
    for name in ("Ark1", "Ark2"):
        assert rows(desk, "k.rettet.xlsx", name)[1][1] == "Ny ApS"


def test_a_copy_is_never_read(desk: Any) -> None:
    desk.put("k.rettet.xlsx", made({"Ark1": LIST}))
    assert desk.files().streams() == []
    assert desk.files().problems() == []


def copy(desk: Any, change_record: Any, name: str = "Ny ApS") -> list[str]:
    """Copies every sheet with its first row renamed; the keys of what is said."""
    files, wanted = desk.files(), []
    for stream in files.streams():
        assert (stream.can.push, stream.can.copy) == (False, True)
        pages = list(files.pull(stream, None))
        token: Token = pages[-1].next
        wanted.append((stream, token, [change_record(pages[0].records[0], {"company_name": name})]))
    return [said.message for said in files.copy(wanted)]


def rows(desk: Any, file: str, sheet_name: str) -> list[list[Any]]:
    found = openpyxl.load_workbook(desk.root / file)[sheet_name]
    return [list(row) for row in found.values]


def test_the_package_stays_small_beside_what_it_holds(desk: Any) -> None:
    path = desk.put("k.xlsx", by_hand(BOMB))
    assert path.stat().st_size < 200_000
    assert len(parts(path)["xl/worksheets/ark.xml"]) > 64 << 20
