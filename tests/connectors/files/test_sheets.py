"""Sheets as people make them: each that holds a table is a list, and the others say why not."""

from __future__ import annotations

import datetime as dt
from typing import Any

import openpyxl
import pytest
import xlwt
from odf.opendocument import OpenDocumentSpreadsheet
from odf.table import Table, TableCell, TableRow
from odf.text import P
from workbooks import LIST, MAIN, by_hand, made

from connectors.files.meaning import Wishes
from connectors.protocol import Problem, Stream
from rules.records import Kind


def names(desk: Any, **settings: Any) -> list[str]:
    return [stream.name for stream in desk.files(**settings).streams()]


def remarks(stream: Stream) -> dict[str, str]:
    return {one.code: one.details.get("header", "") for one in stream.remarks}


def test_each_sheet_with_a_table_is_a_list_of_its_own(desk: Any) -> None:
    people = [["Navn", "E-mail"], ["Solsort Spand", "s@opdigtet-0001.dk"]]
    desk.put("kunder.xlsx", made({"Ark1": LIST, "Kontakter": people, "Tom": []}))
    assert names(desk) == ["kunder.xlsx#Ark1", "kunder.xlsx#Kontakter"]
    assert desk.files().problems() == []
    assert desk.pull("kunder.xlsx#Ark1").stream.kind is Kind.COMPANY
    assert desk.pull("kunder.xlsx#Kontakter").stream.kind is Kind.CONTACT


def test_numbers_dates_and_truths_are_text_and_text_stays_text(desk: Any) -> None:
    then = dt.datetime(2026, 2, 1, 13, 30)  # noqa: DTZ001 - a cell has no zone
    rows = [
        ["Navn", "CVR", "Mobil", "E-mail", "Nej tak til opkald", "Dataopdateret", "Postnr."],
        ["A", 90000014.0, 4.568e9, "a@opdigtet-0001.dk", True, then, "0850"],
        ["B", "090000014", "45201234567.0", "b@opdigtet-0001.dk", False, None, 8000],
    ]
    book = openpyxl.Workbook()
    for row in rows:
        book.active.append(row)
    book.active.title = "Ark1"
    book.save(desk.root / "k.xlsx")
    contacts = Wishes(kind=Kind.CONTACT)
    first, second = (one.values for one in desk.pull(wishes=lambda _: contacts).records)
    assert first["cvr"] == "90000014"
    assert first["direct_phone"] == "4568000000"
    assert first["opt_out_call"] == "TRUE"
    assert first["data_checked_at"] == "2026-02-01 13:30:00"
    assert first["postcode"] == "0850"
    assert (second["cvr"], second["direct_phone"]) == ("090000014", "45201234567.0")
    assert (second["opt_out_call"], second["postcode"]) == ("FALSE", "8000")


def test_titles_above_the_headings_and_columns_beside_the_table_do_not_count(desk: Any) -> None:
    rows = [
        [],
        [None, "Kunder pr. 1. november"],
        [],
        [None, *LIST[0], None, "Husk: ring til Bo"],
        *([None, *row] for row in LIST[1:]),
    ]
    desk.put("k.xlsx", made({"Ark1": rows}))
    pulled = desk.pull()
    assert [column.name for column in pulled.stream.columns][:5] == LIST[0]
    assert [record.place for record in pulled.records] == [5, 6, 7]
    assert pulled.at(5).ref.id == "k.xlsx#Ark1#K1"


def test_headings_merged_over_two_rows_are_read_as_one_row(desk: Any) -> None:
    def merge(book: Any) -> None:
        sheet = book.get_worksheet_by_name("Ark1")
        sheet.merge_range("A1:A2", "Firma")
        sheet.merge_range("B1:C1", "Kontakt")

    rows = [[], [None, "Hovednummer", "E-mail"], ["Fabel ApS", 68000001, "f@opdigtet-0001.dk"]]
    desk.put("k.xlsx", made({"Ark1": rows}, merge))
    [record] = desk.pull().records
    assert record.values["company_name"] == "Fabel ApS"
    assert record.values["main_phone"] == "68000001"


def test_hidden_rows_columns_and_sheets_are_read_and_told(desk: Any) -> None:
    def hide(book: Any) -> None:
        sheet = book.get_worksheet_by_name("Skjult")
        book.get_worksheet_by_name("Noter").activate()
        sheet.hide()
        sheet.set_row(2, None, None, {"hidden": True})
        sheet.set_column("C:C", None, None, {"hidden": True})
        sheet.autofilter("A1:E4")

    desk.put("k.xlsx", made({"Noter": [], "Skjult": LIST}, hide))
    pulled = desk.pull()
    assert len(pulled.records) == 3
    notes = pulled.stream.notes
    assert (notes["hidden_sheet"], notes["hidden_rows"], notes["hidden_columns"]) == ("1", "1", "1")


@pytest.mark.parametrize(
    "rows",
    [
        [["Husk at ringe"], ["til Bo"], ["Telefon"], ["i morgen"]],
        [["Firma:", "Fabel ApS"], ["Telefon:", "68000001"], ["By:", "Vrå"]],
        [["1", "2", "3"], ["4", "5", "6"]],
    ],
    ids=["a note", "a form", "figures"],
)
def test_a_sheet_that_is_no_table_is_worth_a_word_and_no_failure(desk: Any, rows: Any) -> None:
    desk.put("k.xlsx", made({"Ark1": LIST, "Noter": rows}))
    assert names(desk) == ["k.xlsx#Ark1"]
    [problem] = desk.files().problems()
    assert (problem.stream, problem.message, problem.stops) == (
        "k.xlsx#Noter",
        "files.no_table",
        False,
    )


def test_a_sheet_that_was_a_list_and_is_none_any_more_is_a_failure(desk: Any) -> None:
    desk.put("k.xlsx", made({"Ark1": LIST}))
    token = desk.pull().token
    desk.put("k.xlsx", made({"Ark1": [["Slettet", "ved", "en fejl"]], "Andet": LIST}))
    [problem] = desk.files(known=lambda name: token if name.endswith("Ark1") else None).problems()
    assert problem.stops
    assert problem.covers("k.xlsx#Ark1")
    assert not problem.covers("k.xlsx#Andet")


def test_what_cannot_be_read_covers_all_sheets_of_its_file() -> None:
    problem = Problem("k.xlsx", "m", "r")
    assert problem.covers("k.xlsx#Ark1")
    assert not problem.covers("k.xlsx2#Ark1")


def test_the_kind_is_told_by_the_sheet_before_the_file_but_a_no_stays_a_no(desk: Any) -> None:
    rows = [["Navn", "Telefon", "E-mail"], ["Solsort Spand", "68000001", "s@opdigtet-0001.dk"]]
    desk.put("kunder.xlsx", made({"Nejtak": rows, "Ark2": rows}))
    desk.put("nejtak.xlsx", made({"Kontakter": rows}))
    kinds = {stream.name: stream.kind for stream in desk.files().streams()}
    assert kinds["kunder.xlsx#Nejtak"] is Kind.OPT_OUT
    assert kinds["nejtak.xlsx#Kontakter"] is Kind.OPT_OUT


def test_formulas_are_read_by_their_results_and_told(desk: Any) -> None:
    def calculate(book: Any) -> None:
        book.get_worksheet_by_name("Ark1").write_formula("B2", '="Fabel"&" ApS"', None, "Fabel ApS")

    desk.put("k.xlsx", made({"Ark1": LIST}, calculate))
    pulled = desk.pull()
    assert pulled.at(2).values["company_name"] == "Fabel ApS"
    assert pulled.stream.notes["formula_cells"] == "1"
    assert {"formulas": "Firma", "recalculate": ""}.items() <= remarks(pulled.stream).items()


def test_cells_with_errors_are_read_as_empty_and_counted(desk: Any) -> None:
    sheet = (
        f'<worksheet xmlns="{MAIN}"><sheetData>'
        '<row r="1"><c r="A1" t="inlineStr"><is><t>Navn</t></is></c>'
        '<c r="B1" t="inlineStr"><is><t>E-mail</t></is></c></row>'
        '<row r="2"><c r="A2" t="e"><v>#REF!</v></c>'
        '<c r="B2" t="str"><v>a@opdigtet-0001.dk</v></c></row>'
        "</sheetData></worksheet>"
    )
    desk.put("k.xlsx", by_hand(sheet))
    pulled = desk.pull()
    assert pulled.at(2).values == {"full_name": None, "email": "a@opdigtet-0001.dk"}
    assert pulled.stream.notes["error_cells"] == "1"


def test_settings_of_the_sheet_count_before_those_of_its_file(desk: Any) -> None:
    desk.put("k.xlsx", made({"Ark1": LIST, "Ark2": LIST}))
    wishes = {
        "k.xlsx": Wishes(kind=Kind.LEAD),
        "k.xlsx#Ark2": Wishes(kind=Kind.CONTACT),
    }
    streams = desk.files(wishes=lambda name: wishes.get(name, Wishes())).streams()
    assert [stream.kind for stream in streams] == [Kind.LEAD, Kind.CONTACT]


def test_an_old_xls_is_read_in_the_same_way(desk: Any) -> None:
    book = xlwt.Workbook()
    sheet = book.add_sheet("Ark1")
    style = xlwt.easyxf(num_format_str="DD-MM-YYYY")
    for place, row in enumerate(LIST):
        for column, cell in enumerate(row):
            sheet.write(place, column, cell, *([style] if isinstance(cell, dt.date) else []))
    book.save(str(desk.root / "k.xls"))
    desk.put("n.xlsx", made({"Ark1": LIST}))
    old, new = desk.pull("k.xls#Ark1"), desk.pull("n.xlsx#Ark1")
    assert [one.values for one in old.records] == [one.values for one in new.records]
    assert not old.stream.can.push
    assert old.stream.can.copy
    assert "copy_format" in remarks(old.stream)


def test_an_ods_is_read_in_the_same_way(desk: Any) -> None:
    document = OpenDocumentSpreadsheet()
    table = Table(name="Ark1")
    for row in LIST:
        line = TableRow()
        for cell in row:
            if isinstance(cell, dt.date):
                kind = {"valuetype": "date", "datevalue": cell.isoformat()}
            elif isinstance(cell, int):
                kind = {"valuetype": "float", "value": str(cell)}
            else:
                kind = {"valuetype": "string"}
            made_cell = TableCell(**kind)
            made_cell.addElement(P(text=str(cell)))
            line.addElement(made_cell)
        table.addElement(line)
    document.spreadsheet.addElement(table)
    document.save(str(desk.root / "k.ods"))
    desk.put("n.xlsx", made({"Ark1": LIST}))
    found, wanted = desk.pull("k.ods#Ark1"), desk.pull("n.xlsx#Ark1")
    assert [one.values for one in found.records] == [one.values for one in wanted.records]


def test_days_of_the_old_macintosh_calendar_are_read_right(desk: Any) -> None:
    book = openpyxl.Workbook()
    book.epoch = openpyxl.utils.datetime.CALENDAR_MAC_1904
    book.active.title = "Ark1"
    for row in LIST:
        book.active.append(list(row))
    book.save(desk.root / "k.xlsx")
    assert desk.pull().at(2).values["data_checked_at"] == "2026-02-01"


def test_a_change_in_another_sheet_does_not_have_this_one_read_again(desk: Any) -> None:
    desk.put("k.xlsx", made({"Ark1": LIST, "Ark2": LIST}))
    token = desk.pull("k.xlsx#Ark1").token
    desk.push({2: {"company_name": "Fabel Tag ApS"}}, "k.xlsx#Ark2")
    again = desk.pull("k.xlsx#Ark1", token)
    assert again.records == []
    assert desk.pull("k.xlsx#Ark2").at(2).values["company_name"] == "Fabel Tag ApS"
