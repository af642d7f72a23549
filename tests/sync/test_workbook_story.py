"""Workbooks on the command line: look, repair, take back; and what is not written is copied."""

from __future__ import annotations

import json
import os
from pathlib import Path

import openpyxl
import pytest
import xlwt
from click.testing import CliRunner, Result
from workbooks import LIST, made

from sync.cli import program

PEOPLE = [
    ["Kontakt-id", "Navn", "E-mail", "Mobil", "Nej tak til opkald"],
    ["P1", "Solsort Spand", " S@Opdigtet-0001.dk", 4568000011, True],
    ["P2", "Lærke Vandkande", "l@opdigtet-0001.dk", 4568000012, False],
]


@pytest.fixture
def lists(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name in list(os.environ):
        if name.upper().startswith("RINGREN_") or name in {"LC_ALL", "LC_MESSAGES", "LANG"}:
            monkeypatch.delenv(name)
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    monkeypatch.chdir(tmp_path)
    folder = tmp_path / "lists"
    folder.mkdir()
    notes = [["Husk at ringe"], ["til Bo"]]
    book = made({"Kunder": LIST, "Kontakter": PEOPLE, "Noter": notes})
    (folder / "kunder.xlsx").write_bytes(book)
    return folder


def call(*args: str | Path) -> Result:
    return CliRunner().invoke(program, [str(arg) for arg in args], prog_name="sync")


def test_two_sheets_are_repaired_in_one_go_and_taken_back_byte_for_byte(lists: Path) -> None:
    path = lists / "kunder.xlsx"
    before = path.read_bytes()
    looked = call("--dry-run", lists)
    assert looked.exit_code == 2, looked.output
    assert path.read_bytes() == before
    assert "kunder.xlsx#Noter does not look like a list" in looked.stdout
    assert [one.name for one in lists.iterdir()] == ["kunder.xlsx"]

    applied = call("apply", "1")
    assert applied.exit_code == 0, applied.output
    book = openpyxl.load_workbook(path)
    assert book["Kunder"]["D2"].value == "+4568000001"
    assert book["Kontakter"]["C2"].value == "s@opdigtet-0001.dk"
    assert book["Kontakter"]["D3"].value == "+4568000012"

    undone = call("undo", "2", "--yes")
    assert undone.exit_code == 0, undone.output
    assert path.read_bytes() == before


def test_an_open_workbook_is_written_as_soon_as_it_is_closed(lists: Path) -> None:
    path, lock = lists / "kunder.xlsx", lists / "~$kunder.xlsx"
    before = path.read_bytes()
    assert call("--dry-run", lists).exit_code == 2
    lock.write_bytes(b"bo")
    parked = call("apply", "1")
    assert parked.exit_code == 5, parked.output
    assert "is open in Excel or LibreOffice" in " ".join(parked.stdout.split())
    assert path.read_bytes() == before
    lock.unlink()
    again = call("--dry-run", lists)
    assert again.exit_code == 2, again.output
    assert call("apply", "2").exit_code == 0
    assert openpyxl.load_workbook(path)["Kunder"]["D2"].value == "+4568000001"


def test_a_workbook_that_cannot_be_read_for_a_while_loses_nothing(lists: Path) -> None:
    path = lists / "kunder.xlsx"
    before = path.read_bytes()
    assert call("--dry-run", lists).exit_code == 2
    path.write_bytes(before[:500])
    torn = call("--dry-run", lists)
    assert torn.exit_code == 5, torn.output
    path.write_bytes(before)
    healed = call("--dry-run", lists, "--json")
    assert healed.exit_code == 2, healed.output
    assert '"gone":0' in healed.stdout.replace(" ", "")


def test_an_old_workbook_stays_as_it_is_and_a_copy_is_mended(lists: Path) -> None:
    (lists / "kunder.xlsx").unlink()
    book = xlwt.Workbook()
    sheet = book.add_sheet("Kontakter")
    for place, row in enumerate(PEOPLE):
        for column, cell in enumerate(row):
            sheet.write(place, column, cell)
    book.save(str(lists / "gamle.xls"))
    before = (lists / "gamle.xls").read_bytes()
    assert call("--dry-run", lists).exit_code == 2
    assert not (lists / "gamle.rettet.xlsx").exists()
    applied = call("apply", "1")
    assert applied.exit_code == 0, applied.output
    assert "was written beside it: gamle.rettet.xlsx" in " ".join(applied.stdout.split())
    assert (lists / "gamle.xls").read_bytes() == before
    copy = openpyxl.load_workbook(lists / "gamle.rettet.xlsx")["Kontakter"]
    assert (copy["C2"].value, copy["D2"].value) == ("s@opdigtet-0001.dk", "+4568000011")
    assert copy["E2"].value is True
    again = call("--dry-run", lists)
    assert "gamle.rettet.xlsx#" not in again.stdout


def test_a_column_of_formulas_is_left_alone_and_spoken_of_and_the_rest_of_its_rows_repaired(
    lists: Path,
) -> None:
    path = lists / "kunder.xlsx"

    def reckoned(book: object) -> None:
        sheet = book.get_worksheet_by_name("Kontakter")  # type: ignore[attr-defined]
        for row, mail in ((2, "S@Opdigtet-0001.dk"), (3, "l@opdigtet 0001")):
            sheet.write_formula(f"C{row}", f'="{mail}"', None, mail)

    path.write_bytes(made({"Kontakter": PEOPLE}, reckoned))
    looked = call("--dry-run", lists)
    assert looked.exit_code == 2, looked.output
    applied = call("apply", "1")
    assert applied.exit_code == 0, applied.output
    sheet = openpyxl.load_workbook(path)["Kontakter"]
    assert sheet["D3"].value == "+4568000012"
    assert sheet["C2"].value == '="S@Opdigtet-0001.dk"'
    [told] = json.loads(call("findings", "--field", "email", "--json").stdout)
    assert (told["finding"]["code"], told["place"]) == ("email_invalid", 3)
    assert call("--dry-run", lists).exit_code == 0, "nothing is left to do"
