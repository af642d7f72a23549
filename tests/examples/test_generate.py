"""The shipped example: always the same, really messy, and nobody's data."""

from __future__ import annotations

import csv
import datetime as dt
import re
import subprocess
import sys
from collections import Counter
from pathlib import Path

import openpyxl
import pytest

from connectors.files import Files
from rules.headers import match
from rules.records import Kind

GENERATOR = Path(__file__).parents[2] / "examples" / "generate.py"
FILES = {
    "virksomheder.csv": ("cp1252", ";", Kind.COMPANY, True),
    "kontakter.csv": ("utf-8-sig", ";", Kind.CONTACT, True),
    "messeleads.tsv": ("utf-8", "\t", Kind.LEAD, False),
    "opkald.csv": ("utf-8", ",", Kind.CALL, True),
    "nejtak.csv": ("cp1252", ";", Kind.OPT_OUT, False),
}
BOOK = "kundebase.xlsx"
Table = list[list[str]]


def generate(folder: Path, *arguments: str) -> Path:
    command = [sys.executable, "-E", "-B", str(GENERATOR), "--out", str(folder), *arguments]
    subprocess.run(command, check=True, capture_output=True, timeout=60, cwd=folder.parent)
    return folder


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return generate(tmp_path_factory.mktemp("example") / "lists")


def read(folder: Path, name: str) -> Table:
    encoding, delimiter, _, _ = FILES[name]
    quoting = csv.QUOTE_NONE if name.endswith(".tsv") else csv.QUOTE_MINIMAL
    with (folder / name).open(encoding=encoding, newline="") as file:
        return list(csv.reader(file, delimiter=delimiter, quoting=quoting))


@pytest.fixture(scope="module")
def tables(folder: Path) -> dict[str, Table]:
    return {name: read(folder, name) for name in FILES}


def column(table: Table, header: str) -> list[str]:
    index = table[0].index(header)
    return [row[index] for row in table[1:] if len(row) == len(table[0])]


def test_the_same_arguments_give_the_same_bytes(folder: Path, tmp_path: Path) -> None:
    again = generate(tmp_path / "again")
    assert sorted(path.name for path in again.iterdir()) == sorted([*FILES, BOOK])
    for name in [*FILES, BOOK]:
        assert (again / name).read_bytes() == (folder / name).read_bytes()


def test_another_seed_gives_other_people(folder: Path, tmp_path: Path) -> None:
    other = generate(tmp_path / "other", "--seed", "7")
    assert (other / "kontakter.csv").read_bytes() != (folder / "kontakter.csv").read_bytes()


def test_there_are_two_thousand_rows_and_more_on_demand(
    tables: dict[str, Table], tmp_path: Path
) -> None:
    assert sum(len(table) - 1 for table in tables.values()) >= 2000
    bigger = generate(tmp_path / "bigger", "--rows", "9000")
    assert sum(len(read(bigger, name)) - 1 for name in FILES) == pytest.approx(9000, rel=0.02)
    smaller = generate(tmp_path / "smaller", "--rows", "1")
    assert all(len(read(smaller, name)) > 1 for name in FILES)


def test_each_file_is_saved_as_its_program_would(folder: Path) -> None:
    companies = (folder / "virksomheder.csv").read_bytes()
    assert b"\r\n" in companies
    assert "Omsætning" in companies.decode("cp1252")
    with pytest.raises(UnicodeDecodeError):
        companies.decode("utf-8")
    assert (folder / "kontakter.csv").read_bytes().startswith(b"\xef\xbb\xbf")
    leads = (folder / "messeleads.tsv").read_bytes()
    assert not leads.startswith(b"\xef\xbb\xbf")
    assert b"\r" not in leads


@pytest.mark.parametrize("name", FILES)
def test_every_list_is_recognised_for_what_it_is(name: str, tables: dict[str, Table]) -> None:
    _, _, kind, has_id = FILES[name]
    table = tables[name]
    found = match(table[0], file_name=name, sample=table[1:100])
    assert (found.kind, found.kind_sure) == (kind, True)
    assert (found.id_column is not None) is has_id
    unmapped = [c.header for c in found.columns if c.canonical is None]
    assert len(unmapped) == (1 if has_id else 0)
    assert all(column.sure for column in found.columns)


# --- nobody's data ---------------------------------------------------------------------------


def test_every_domain_is_made_up(tables: dict[str, Table]) -> None:
    hosts: Counter[str] = Counter()
    for table in tables.values():
        for row in table[1:]:
            for cell in row:
                hosts.update(re.findall(r"[\w-]+\.(?:dk|com|con|dkk)\b", cell.casefold()))
    made_up = {host for host in hosts if re.fullmatch(r"opdigtet-\d{4,}\.dkk?", host)}
    # facebook.com stands there without a page; gmail.con cannot exist.
    assert set(hosts) - made_up <= {"facebook.com", "gmail.con"}
    assert len(made_up) > 100


def test_every_danish_number_lies_in_the_one_block(tables: dict[str, Table]) -> None:
    placeholders = {"00000000", "12345678", "99999999", "10203040"}
    for name, header in (
        ("virksomheder.csv", "Tlf."),
        ("kontakter.csv", "Direkte telefon"),
        ("kontakter.csv", "Mobil"),
        ("messeleads.tsv", "Mobile"),
        ("opkald.csv", "Ringet til"),
        ("opkald.csv", "Vist nummer"),
        ("nejtak.csv", "Telefon"),
    ):
        for cell in column(tables[name], header):
            if "@" in cell or "E+" in cell or re.search(r"46[ 7]|44 7", cell):
                continue
            digits = re.sub(r"\D", "", re.sub(r"[.,]0$", "", cell).replace("E7", ""))
            if len(digits) < 8 or digits in placeholders or digits.startswith("9000"):
                continue
            assert re.match(r"(?:00)?(?:45)*0?68", digits), (name, cell)


def test_every_cvr_number_is_above_ninety_million_and_most_are_right(
    tables: dict[str, Table],
) -> None:
    weights = (2, 7, 6, 5, 4, 3, 2, 1)
    cells = column(tables["virksomheder.csv"], "CVR-nr.")
    plain = [cell for cell in cells if re.fullmatch(r"9\d{7}", cell)]
    right = [c for c in plain if sum(w * int(d) for w, d in zip(weights, c, strict=True)) % 11 == 0]
    assert len(plain) > len(cells) / 2
    assert len(plain) > len(right) > len(plain) * 0.9
    for cell in cells:
        digits = re.sub(r"\D", "", re.sub(r"[.,]0$", "", cell))
        mixed_up = re.match(r"(?:00)?(?:45)*0?68|46|44|0046|0044", digits)
        known = digits[0:1] == "9" or digits in {"12345678", "00000000", "10203040"}
        assert len(digits) < 8 or known or mixed_up, cell


# --- really messy ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "header", "pattern"),
    [
        ("kontakter.csv", "Direkte telefon", r"0045 68"),
        ("kontakter.csv", "Direkte telefon", r"\(\+45\)"),
        ("kontakter.csv", "Direkte telefon", r"(?i)tlf\."),
        ("kontakter.csv", "Direkte telefon", r"lok\. \d+"),
        ("kontakter.csv", "Direkte telefon", r"\d / \d"),
        ("kontakter.csv", "Direkte telefon", r"\.0$"),
        ("kontakter.csv", "Direkte telefon", r"E7$"),
        ("kontakter.csv", "Direkte telefon", r"\(0\)"),
        ("kontakter.csv", "Direkte telefon", "\u00a0"),
        ("kontakter.csv", "Direkte telefon", r"46[ 7]|44 7"),
        ("kontakter.csv", "Direkte telefon", r"^9000\d{4}$"),
        ("kontakter.csv", "Fornavn", r"^[A-ZÆØÅ]{3,}$"),
        ("kontakter.csv", "Fornavn", r"^[a-zæøå]{3,}$"),
        ("kontakter.csv", "Efternavn", r"Ã"),
        ("kontakter.csv", "Efternavn", r"(?i)van der|von |mc|o'"),
        ("kontakter.csv", "E-mail", r"^mailto:"),
        ("kontakter.csv", "E-mail", r"\(at\)|,dk|@@|\.dkk"),
        ("kontakter.csv", "Stilling", r"(?i)^adm\.? ?dir"),
        ("kontakter.csv", "Stilling", r"^[A-ZÆØÅ .-]{8,}$"),
        ("kontakter.csv", "Stilling", r" (?:/|&|og) "),
        ("kontakter.csv", "Stilling", r"^(?:Formand|Director|PM)$"),
        ("kontakter.csv", "Stilling", r"^tidl\."),
        ("kontakter.csv", "Funktion", r"^Bolcher$"),
        ("kontakter.csv", "Rolle i købet", r"^beslutter$"),
        ("opkald.csv", "Udfald", r"^svarer ikke$"),
        ("kontakter.csv", "Nej tak til opkald", r"^[xX]$"),
        ("kontakter.csv", "Nej tak til opkald", r"^Ja$"),
        ("kontakter.csv", "Bemærkninger", r"^=HYPERLINK"),
        ("virksomheder.csv", "CVR-nr.", r"^DK"),
        ("virksomheder.csv", "CVR-nr.", r"^68\d{6}$"),
        ("virksomheder.csv", "Tlf.", r"^9000\d{4}$"),
        ("virksomheder.csv", "Omsætning (mio. kr.)", r"^\d+,\d mio. kr.$"),
        ("virksomheder.csv", "Omsætning (mio. kr.)", r"^bruttofortjeneste"),
        ("virksomheder.csv", "Omsætning (mio. kr.)", r"^\d+,\d$"),
        ("virksomheder.csv", "Antal ansatte", r"^ca\. \d+$"),
        ("virksomheder.csv", "Antal ansatte", r"^(?:okt-19|05-09|2-apr)$"),
        ("virksomheder.csv", "Branchekode", r"^\d{5}$"),
        ("virksomheder.csv", "Branchekode", r"^\d{6} \w"),
        ("virksomheder.csv", "Hjemmeside", r"^HTTP://"),
        ("virksomheder.csv", "Firma", r"v/"),
        ("virksomheder.csv", "Firma", r"under konkurs$"),
        ("virksomheder.csv", "Firma", r"^[^a-zæøå]+$"),
        ("messeleads.tsv", "Name", r"^[^ ,]+, "),
        ("opkald.csv", "Udfald", r"NEJ TAK"),
        ("nejtak.csv", "Kanal", r"(?i)alle"),
        ("nejtak.csv", "Kanal", r"^$"),
    ],
)
def test_a_kind_of_mess_really_occurs(
    name: str, header: str, pattern: str, tables: dict[str, Table]
) -> None:
    assert any(re.search(pattern, cell) for cell in column(tables[name], header))


@pytest.mark.parametrize("name", FILES)
def test_some_rows_are_cut_and_some_have_a_cell_too_many(
    name: str, folder: Path, tmp_path: Path, tables: dict[str, Table]
) -> None:
    table = (
        tables[name]
        if len(tables[name]) > 300
        else read(generate(tmp_path / "x", "--rows", "9000"), name)
    )
    widths = Counter(len(row) - len(table[0]) for row in table[1:])
    assert widths[1] > 0
    assert sum(count for width, count in widths.items() if width < 0) > 0
    assert widths[0] > 0.95 * (len(table) - 1)


def test_the_fair_gave_some_rows_twice(tables: dict[str, Table]) -> None:
    counts = Counter(map(tuple, tables["messeleads.tsv"][1:]))
    assert sum(1 for count in counts.values() if count > 1) >= 5


def test_an_id_stands_twice_in_the_contacts(tables: dict[str, Table]) -> None:
    counts = Counter(column(tables["kontakter.csv"], "Kontakt-id"))
    assert 1 <= sum(1 for count in counts.values() if count > 1) <= 5


def _number(cell: str) -> str:
    return re.sub(r"\D", "", re.sub(r"[.,]0$", "", cell))[-8:]


def test_people_who_said_no_are_called_and_stand_on_the_list_in_another_spelling(
    tables: dict[str, Table],
) -> None:
    noes = {_number(cell): cell for cell in column(tables["nejtak.csv"], "Telefon") if cell}
    contacts = column(tables["kontakter.csv"], "Direkte telefon")
    both = [cell for cell in contacts if _number(cell) in noes and _number(cell)]
    assert len(both) > 10
    assert sum(1 for cell in both if noes[_number(cell)] != cell) > len(both) / 2
    called = Counter(_number(cell) for cell in column(tables["opkald.csv"], "Ringet til") if cell)
    assert len([number for number in noes if called[number]]) > 3


def test_the_workbook_is_one_that_other_programs_read(folder: Path) -> None:
    book = openpyxl.load_workbook(folder / BOOK)
    assert book.sheetnames == ["Kunder", "Kontaktpersoner", "Noter", "Ark3"]
    sheet = book["Kunder"]
    assert [str(one) for one in sheet.merged_cells.ranges] == ["A1:I1"]
    assert sheet["A3"].value == "Kundenr"
    assert any(one.hidden for one in sheet.row_dimensions.values())
    assert isinstance(sheet["H4"].value, dt.datetime)
    assert sheet["I4"].value.startswith("=")
    kinds = {type(row[3].value) for row in sheet.iter_rows(min_row=4)}
    assert {int, str} <= kinds


def test_the_workbook_is_read_and_nobody_in_it_is_real(folder: Path) -> None:
    files = Files("files", folder)
    streams = {one.name: one for one in files.streams() if one.name.startswith(BOOK)}
    assert {name: one.kind for name, one in streams.items()} == {
        f"{BOOK}#Kunder": Kind.COMPANY,
        f"{BOOK}#Kontaktpersoner": Kind.CONTACT,
    }
    assert [one.stream for one in files.problems()] == [f"{BOOK}#Noter"]
    companies = [
        one for page in files.pull(streams[f"{BOOK}#Kunder"], None) for one in page.records
    ]
    assert len(companies) > 50
    emails = [str(one.values["email"]).lower() for one in companies if one.values["email"]]
    assert sum("opdigtet-" in email for email in emails) > len(emails) * 0.8
    digits = [re.sub(r"\D", "", str(one.values["main_phone"])) for one in companies]
    assert sum(one.removeprefix("45").startswith("68") for one in digits) > 40
