"""Repairing a workbook changes the cells that were meant, and not one byte of anything else."""

from __future__ import annotations

import datetime as dt
import os
import re
import signal
import struct
import subprocess
import sys
import zipfile
import zlib
from io import BytesIO
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from workbooks import LIST, MAIN, by_hand, made, parts, raw_parts

from connectors.files import Files
from connectors.files.books.package import Package
from connectors.protocol import WRITTEN_AS, Applied, Conflict, Moved, Outcome, Rejected
from rules.changes import Change, RecordChange
from rules.errors import SystemStopped, TryAgain

SHEET = "xl/worksheets/sheet1.xml"


def seen(path: Path, cell: str, sheet: str = "Ark1") -> Any:
    """What openpyxl, which is not ours, reads in a cell."""
    return openpyxl.load_workbook(path)[sheet][cell].value


def rich(book: Any) -> None:
    """Much that a workbook may hold beside values."""
    sheet = book.get_worksheet_by_name("Ark1")
    sheet.write_comment("B2", "Ring efter kl. 10")
    sheet.data_validation("B2:B9", {"validate": "length", "criteria": ">", "value": 1})
    sheet.conditional_format("C2:C9", {"type": "duplicate", "format": book.add_format()})
    sheet.add_table("A1:E4", {"name": "Kunder", "columns": [{"header": h} for h in LIST[0]]})
    sheet.set_column("D:D", 30, book.add_format({"num_format": "00 00 00 00"}))
    sheet.freeze_panes(1, 0)
    chart = book.add_chart({"type": "column"})
    chart.add_series({"values": "=Ark1!$C$2:$C$4"})
    book.add_worksheet("Diagram").insert_chart("A1", chart)


def test_every_other_part_stays_as_it_is_byte_for_byte(desk: Any) -> None:
    path = desk.put("k.xlsx", made({"Ark1": LIST, "Noter": [["En note"]]}, rich))
    before, order = raw_parts(path), list(zipfile.ZipFile(path).namelist())
    outcomes = desk.push({2: {"main_phone": "+4568000001"}, 4: {"company_name": "Ny ApS"}})
    assert all(isinstance(one, Applied) for one in outcomes)
    after = raw_parts(path)
    assert {name for name in before if before[name] != after[name]} == {SHEET}
    assert list(zipfile.ZipFile(path).namelist()) == order
    assert zipfile.ZipFile(path).testzip() is None
    assert (seen(path, "D2"), seen(path, "B4")) == ("+4568000001", "Ny ApS")
    assert (seen(path, "D3"), seen(path, "B2")) == (68000002, "Fabel Byg ApS")


def test_only_the_cells_that_were_meant_differ_in_the_sheet(desk: Any) -> None:
    path = desk.put("k.xlsx", made({"Ark1": LIST}, rich))
    before = parts(path)[SHEET]
    desk.push({2: {"main_phone": "+4568000001"}})
    [cell] = re.findall(rb'<c r="D2"( s="\d+")><v>4568000001</v></c>', before)
    old = b'<c r="D2"%s><v>4568000001</v></c>' % cell
    new = b'<c r="D2"%s t="inlineStr"><is><t>+4568000001</t></is></c>' % cell
    assert parts(path)[SHEET] == before.replace(old, new)


def test_what_excel_would_turn_into_a_number_stays_text(desk: Any) -> None:
    path = desk.put("k.xlsx", made({"Ark1": LIST}))
    edits = {"main_phone": "0045680001", "cvr": "90000014", "company_name": "=1+1"}
    desk.push({3: edits})
    for cell, text in (("D3", "0045680001"), ("C3", "90000014"), ("B3", "=1+1")):
        found = openpyxl.load_workbook(path)["Ark1"][cell]
        assert found.data_type in {"s", "inlineStr"} or (found.data_type, text[0]) == ("f", "=")
    values = desk.pull().at(3).values
    assert {name: values[name] for name in edits} == edits


def test_a_text_taken_back_gives_the_old_bytes(desk: Any) -> None:
    path = desk.put("k.xlsx", made({"Ark1": LIST}, rich))
    before = path.read_bytes()
    desk.push({2: {"company_name": "Ny ApS"}, 3: {"company_name": "Fabel Byg ApS"}})
    assert path.read_bytes() != before
    desk.push({2: {"company_name": "Fabel Byg ApS"}, 3: {"company_name": "Opdigt VVS A/S"}})
    assert path.read_bytes() == before


def test_a_number_taken_back_is_a_number_again_and_the_file_as_it_was(desk: Any) -> None:
    path = desk.put("k.xlsx", made({"Ark1": LIST}, rich))
    before = path.read_bytes()
    new = {"main_phone": "+4568000001", "data_checked_at": "2026-02-02", "company_name": "Ny ApS"}
    back = taken_back(desk, 2, new)
    assert set(back) == {"main_phone", "data_checked_at"}
    assert path.read_bytes() == before


def taken_back(desk: Any, place: int, new: dict[str, str]) -> dict[str, str]:
    """Push a change and its reverse as undo does; gives what had to be remembered."""
    old = desk.pull()
    change = changes(old.at(place), new)
    [applied, moved] = desk.files().push(old.stream, old.token, [change])
    assert isinstance(applied, Applied)
    assert isinstance(moved, Moved)
    now = desk.pull()
    reverse = tuple(
        one.reverse()._replace(details={WRITTEN_AS: applied.before.get(one.field, "")})
        for one in change.changes
    )
    record = now.at(place)
    undo = RecordChange(record.ref, record.version, reverse, place)
    [outcome, _] = desk.files().push(now.stream, now.token, [undo])
    assert isinstance(outcome, Applied)
    return dict(applied.before)


def changes(record: Any, new: dict[str, str]) -> RecordChange:
    made = tuple(
        Change(name, record.values[name], text, "t", "t", "r") for name, text in new.items()
    )
    return RecordChange(record.ref, record.version, made, record.place)


def test_what_is_remembered_is_not_believed_when_it_reads_otherwise(desk: Any) -> None:
    path = desk.put("k.xlsx", made({"Ark1": LIST}))
    pulled = desk.pull()
    record = pulled.at(2)
    lie = Change("main_phone", record.values["main_phone"], "68 00 00 09", "t", "t", "r")
    lie = lie._replace(details={WRITTEN_AS: '<c r="D2"><v>12345678</v></c>'})
    change = RecordChange(record.ref, record.version, (lie,), 2)
    [outcome, _] = desk.files().push(pulled.stream, pulled.token, [change])
    assert isinstance(outcome, Applied)
    assert seen(path, "D2") == "68 00 00 09"


def test_a_number_comes_back_in_the_row_and_style_that_it_has_by_then(desk: Any) -> None:
    path = desk.put("k.xlsx", made({"Ark1": LIST}))
    pulled = desk.pull()
    change = changes(pulled.at(2), {"main_phone": "+4568000001"})
    [applied, _] = desk.files().push(pulled.stream, pulled.token, [change])
    book = openpyxl.load_workbook(path)
    book["Ark1"].insert_rows(1)
    book["Ark1"]["A1"] = "Kunder"
    book.save(path)
    now = desk.pull()
    back = change.changes[0].reverse()._replace(details={WRITTEN_AS: applied.before["main_phone"]})
    undo = RecordChange(change.ref, now.at(3).version, (back,), 3)
    [outcome, _] = desk.files().push(now.stream, now.token, [undo])
    assert isinstance(outcome, Applied)
    assert seen(path, "D3") == 4568000001


def test_formulas_are_left_and_the_other_rows_go_on(desk: Any) -> None:
    def calculate(book: Any) -> None:
        sheet = book.get_worksheet_by_name("Ark1")
        sheet.write_formula("B2", '="fabel "&"aps"', None, "fabel aps")

    path = desk.put("k.xlsx", made({"Ark1": LIST}, calculate))
    first, second = desk.push({2: {"company_name": "Fabel ApS"}, 3: {"company_name": "Ny ApS"}})
    assert isinstance(first, Rejected)
    assert (first.code, first.details["header"]) == ("formula_cell", "Firma")
    assert isinstance(second, Applied)
    assert seen(path, "B2") == '="fabel "&"aps"'
    assert seen(path, "B3") == "Ny ApS"


def test_a_cell_that_was_not_there_is_added_in_its_place_and_goes_again(desk: Any) -> None:
    rows = [*LIST, ["K4", None, 90000049], [None, "Kun Navn ApS"]]
    path = desk.put("k.xlsx", made({"Ark1": rows}))
    before = path.read_bytes()
    new = {5: {"company_name": "Midt I ApS", "main_phone": "+4568000004"}, 6: {"cvr": "90000057"}}
    assert all(isinstance(one, Applied) for one in desk.push(new))
    assert (seen(path, "B5"), seen(path, "D5"), seen(path, "C6")) == (
        "Midt I ApS",
        "+4568000004",
        "90000057",
    )
    desk.push({5: {"company_name": None, "main_phone": None}, 6: {"cvr": None}})
    assert path.read_bytes() == before


@pytest.mark.parametrize(
    ("text", "code"),
    [("x" * 32_768, "cell_too_long"), ("a\x01b", "cell_not_writable"), ("￿", "cell_not_writable")],
    ids=["too long", "control character", "no character"],
)
def test_what_a_cell_cannot_say_is_refused(desk: Any, text: str, code: str) -> None:
    path = desk.put("k.xlsx", made({"Ark1": LIST}))
    before = path.read_bytes()
    [outcome] = desk.push({2: {"company_name": text}})
    assert isinstance(outcome, Rejected)
    assert outcome.code == code
    assert path.read_bytes() == before


PREFIXED = (
    f'<?xml version="1.0" encoding="utf-8"?><x:worksheet xmlns:x="{MAIN}"><x:sheetData>'
    '<x:row><x:c t="inlineStr"><x:is><x:t>Navn</x:t></x:is></x:c>'
    '<x:c t="inlineStr"><x:is><x:t>E-mail</x:t></x:is></x:c></x:row>'
    "<!-- <x:row r='2'> --><x:row><x:c t='s' s='0'><x:v>1</x:v></x:c>"
    '<x:c t="str"><x:v>A@OPDIGTET-0001.DK</x:v></x:c></x:row>'
    "</x:sheetData></x:worksheet>"
)
SHARED = (
    f'<sst xmlns="{MAIN}"><si><t>IB</t></si>'
    "<si><r><rPr><b/></rPr><t>IB </t></r><r><t>KRUKKE</t></r></si></sst>"
)


def test_other_ways_to_write_the_same_xml_are_understood_and_kept(desk: Any) -> None:
    path = desk.put("k.xlsx", by_hand(PREFIXED, shared=SHARED))
    before = path.read_bytes()
    new = {"full_name": "Ib Krukke", "email": "a@opdigtet-0001.dk"}
    assert set(taken_back(desk, 2, new)) == {"full_name", "email"}
    assert path.read_bytes() == before
    desk.push({2: new})
    assert (seen(path, "A2"), seen(path, "B2")) == ("Ib Krukke", "a@opdigtet-0001.dk")
    assert b"<!-- <x:row r='2'> -->" in parts(path)["xl/worksheets/ark.xml"]


def test_sizes_behind_the_data_stay_behind_the_data(desk: Any) -> None:
    class Pipe(BytesIO):
        def seekable(self) -> bool:
            return False

        def seek(self, *_: Any) -> int:
            raise OSError

        def tell(self) -> int:
            raise OSError

    pipe = Pipe()
    source = BytesIO(made({"Ark1": LIST}))
    with zipfile.ZipFile(source) as old, zipfile.ZipFile(pipe, "w", zipfile.ZIP_DEFLATED) as new:
        for name in old.namelist():
            new.writestr(name, old.read(name))
    path = desk.put("k.xlsx", pipe.getvalue())
    assert zipfile.ZipFile(path).infolist()[0].flag_bits & 8
    before = path.read_bytes()
    desk.push({2: {"company_name": "Ny ApS"}})
    assert zipfile.ZipFile(path).testzip() is None
    assert seen(path, "B2") == "Ny ApS"
    desk.push({2: {"company_name": "Fabel Byg ApS"}})
    assert path.read_bytes() == before


@pytest.mark.parametrize("lock", ["~$kunder.xlsx", "~$nder.xlsx", ".~lock.kunder.xlsx#"])
def test_a_workbook_that_somebody_has_open_is_read_and_not_written(desk: Any, lock: str) -> None:
    path = desk.put("kunder.xlsx", made({"Ark1": LIST}))
    desk.put(lock, b"bo")
    before = path.read_bytes()
    assert len(desk.pull().records) == 3
    with pytest.raises(TryAgain) as caught:
        desk.push({2: {"company_name": "Ny ApS"}})
    assert caught.value.message == "files.open_elsewhere"
    assert path.read_bytes() == before
    (desk.root / lock).unlink()
    assert isinstance(desk.push({2: {"company_name": "Ny ApS"}})[0], Applied)


def test_a_sheet_that_somebody_changed_is_a_conflict_another_sheet_is_none(desk: Any) -> None:
    path = desk.put("k.xlsx", made({"Ark1": LIST, "Ark2": LIST}))
    one, two = desk.pull("k.xlsx#Ark1"), desk.pull("k.xlsx#Ark2")

    def push(pulled: Any) -> list[Outcome | Moved]:
        change = changes(pulled.at(2), {"company_name": "Ny ApS"})
        return list(desk.files().push(pulled.stream, pulled.token, [change]))

    assert isinstance(push(two)[0], Applied)
    assert isinstance(push(one)[0], Applied)
    assert isinstance(push(one)[0], Conflict)
    assert (seen(path, "B2"), seen(path, "B2", "Ark2")) == ("Ny ApS", "Ny ApS")


def test_mode_stays_and_nothing_is_left_behind(desk: Any) -> None:
    path = desk.put("k.xlsx", made({"Ark1": LIST}))
    path.chmod(0o640)
    desk.push({2: {"company_name": "Ny ApS"}})
    assert path.stat().st_mode & 0o777 == 0o640
    assert desk.names() == ["k.xlsx"]


def test_macros_stay_as_they_are(desk: Any, tmp_path: Path) -> None:
    macros = tmp_path / "vba.bin"
    macros.write_bytes(os.urandom(4000))
    data = made({"Ark1": LIST}, lambda book: book.add_vba_project(str(macros), is_stream=False))
    path = desk.put("k.xlsm", data)
    assert desk.pull().stream.can.push
    desk.push({2: {"company_name": "Ny ApS"}})
    assert parts(path)["xl/vbaProject.bin"] == macros.read_bytes()


def test_a_draft_that_reads_otherwise_is_never_published(desk: Any, monkeypatch: Any) -> None:
    path = desk.put("k.xlsx", made({"Ark1": LIST}))
    before = path.read_bytes()
    whole = Package.rewritten

    def spoilt(self: Package, name: str, content: bytes) -> Any:
        return whole(self, name, content.replace(b"<v>68000002</v>", b"<v>68000003</v>"))

    monkeypatch.setattr(Package, "rewritten", spoilt)
    with pytest.raises(SystemStopped) as caught:
        desk.push({2: {"company_name": "Ny ApS"}})
    assert caught.value.message == "files.not_proved"
    assert path.read_bytes() == before
    assert desk.names() == ["k.xlsx"]


CELL = st.one_of(
    st.none(),
    # `made` writes what begins with "=" as a formula, and formulas are left alone.
    st.text(st.characters(codec="utf-8", exclude_categories=("Cs", "Cc")), max_size=12).filter(
        lambda text: not text.startswith("=")
    ),
    st.sampled_from(["_x000D_", "_x0041_b", " a ", "a\nb", "<&>\"'", "0045", "]]>"]),
    st.integers(-(10**12), 10**12),
    st.floats(-1e9, 1e9, allow_nan=False).map(lambda number: round(number, 3)),
    st.booleans(),
    st.dates(dt.date(1950, 1, 1), dt.date(2060, 1, 1)),
)
TEXT = st.one_of(
    st.text(st.characters(codec="utf-8", exclude_categories=("Cs", "Cc")), min_size=1, max_size=12),
    st.sampled_from(["_x000D_", "_x0041_b", " a ", "a\nb", "<&>\"'", "0045", "=1+1", "]]>", "\t"]),
)


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.tuples(CELL, CELL, CELL), min_size=1, max_size=5),
    st.dictionaries(st.tuples(st.integers(0, 4), st.integers(0, 2)), TEXT, min_size=1, max_size=6),
)
def test_any_cells_become_any_texts_and_go_back(
    tmp_path_factory: Any, rows: list[Any], edits: dict[tuple[int, int], str]
) -> None:
    root = tmp_path_factory.mktemp("lister")
    head = ["Kundenr", "Firma", "By", "E-mail"]
    path = root / "k.xlsx"
    path.write_bytes(made({"Ark1": [head, *([f"K{n}", *row] for n, row in enumerate(rows))]}))
    before = path.read_bytes()
    names = ("company_name", "city", "email")
    wanted: dict[int, dict[str, str]] = {}
    for (row, column), text in edits.items():
        if row < len(rows):
            wanted.setdefault(row + 2, {})[names[column]] = text
    files = Files("files", root)
    [stream] = files.streams()
    pages = list(files.pull(stream, None))
    records = {record.place: record for page in pages for record in page.records}
    due = [changes(records[place], new) for place, new in sorted(wanted.items())]
    answers = list(files.push(stream, pages[-1].next, due))
    after = {record.place: record for page in files.pull(stream, None) for record in page.records}
    for change, answer in zip(due, answers, strict=False):
        assert isinstance(answer, Applied)
        for one in change.changes:
            assert after[change.place].values[one.field] == one.new
    token = answers[-1].token if answers and isinstance(answers[-1], Moved) else pages[-1].next
    back = [
        RecordChange(
            change.ref,
            after[change.place].version,
            tuple(
                one.reverse()._replace(details={WRITTEN_AS: answer.before.get(one.field, "")})
                for one in change.changes
            ),
            change.place,
        )
        for change, answer in zip(due, answers, strict=False)
        if isinstance(answer, Applied)
    ]
    assert all(isinstance(one, Applied | Moved) for one in files.push(stream, token, back))
    assert path.read_bytes() == before


def test_the_package_is_read_by_its_own_sizes_not_by_what_it_says(tmp_path: Path) -> None:
    """A header that lies about the size: what it expands to is counted."""
    data = bytearray(made({"Ark1": LIST}))
    at = data.rindex(b"PK\x01\x02")
    struct.pack_into("<L", data, at + 24, 10)
    path = tmp_path / "k.xlsx"
    path.write_bytes(data)
    files = Files("files", tmp_path)
    assert [one.message for one in files.problems()] == ["files.book_damaged"]


def test_compression_is_that_of_the_program_that_made_it(desk: Any) -> None:
    content = made({"Ark1": LIST})
    out = BytesIO()
    with zipfile.ZipFile(BytesIO(content)) as old, zipfile.ZipFile(out, "w") as new:
        for name in old.namelist():
            new.writestr(zipfile.ZipInfo(name), old.read(name), zipfile.ZIP_DEFLATED, 9)
    path = desk.put("k.xlsx", out.getvalue())
    before = path.read_bytes()
    desk.push({2: {"company_name": "Ny ApS"}})
    desk.push({2: {"company_name": "Fabel Byg ApS"}})
    assert path.read_bytes() == before
    assert zlib.crc32(before) == zlib.crc32(path.read_bytes())


@pytest.mark.parametrize("point", ["after_temp_written", "before_rename", "after_rename"])
def test_a_process_that_dies_leaves_the_old_workbook_or_the_new_one(desk: Any, point: str) -> None:
    people = [["Id", "Navn", "E-mail"], ["1", "Et Navn", "n1@opdigtet-0001.dk"]]
    path = desk.put("k.xlsx", made({"Ark1": people}))
    before = path.read_bytes()
    pusher = Path(__file__).with_name("pusher.py")
    command = [sys.executable, str(pusher), str(desk.root), point]
    env = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[3])}
    died = subprocess.run(command, env=env, capture_output=True, check=False)
    assert died.returncode == -signal.SIGKILL
    if point == "after_rename":
        assert seen(path, "B2") == "Nyt Navn"
    else:
        assert path.read_bytes() == before
    assert isinstance(desk.push({2: {"full_name": "Til Sidst"}})[0], Applied)
    assert desk.names() == ["k.xlsx"]
