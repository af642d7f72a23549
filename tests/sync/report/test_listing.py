"""The full list: every row once, safe to open, and as many as the report says."""

from __future__ import annotations

import csv
import io
import json
import stat
import warnings
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import openpyxl
import pytest
import sqlalchemy as sa
from hypothesis import given
from hypothesis import strategies as st
from proposed import fill

from rules.catalogue import DEFAULT
from state.schema import prepare
from state.store import Store
from sync.app import App
from sync.report import explorer, listing, sheets
from sync.report.explorer import Chosen
from sync.report.listing import Listing, Row
from sync.report.model import Report
from sync.report.sheets import beside, safe, write, write_csv
from sync.review.plans import apply
from sync.run import run
from sync.texts import Texts


def rows_of(path: Path) -> list[dict[str, str]]:
    text = path.read_bytes().decode("utf-8-sig")
    delimiter = ";" if text.splitlines()[0].count(";") else ","
    return list(csv.DictReader(io.StringIO(text, newline=""), delimiter=delimiter))


def counted(report: Report) -> dict[str, int]:
    return {
        "change": report.totals.fields,
        "finding": sum(report.totals.findings.values()),
        "blocked": report.totals.blocked,
    }


def test_the_list_has_as_many_rows_as_the_report_counts(
    opened: Callable[..., App], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(listing, "PAGE", 2)
    report = run(opened(dry=True), dry=True).report
    assert report.listing is not None
    write(report, tmp_path / "all.csv", "da")
    kinds = Counter(row["hvad"] for row in rows_of(tmp_path / "all.csv"))
    assert dict(kinds) == counted(report)


def test_what_a_run_wrote_is_listed_from_its_history(
    opened: Callable[..., App], tmp_path: Path
) -> None:
    run(opened(dry=True), dry=True)
    report = apply(opened(dry=False), 1).report
    assert report.listing is not None
    write(report, tmp_path / "all.jsonl", "en")
    rows = [json.loads(line) for line in (tmp_path / "all.jsonl").read_text("utf-8").splitlines()]
    assert dict(Counter(row["what"] for row in rows)) == counted(report)
    phone = next(row for row in rows if row["ref"].endswith("#K2") and row["before"][:1] == "+")
    assert (phone["before"], phone["after"]) == ("+45 68 10 01 02", "+4568100102")


def test_with_one_rule_only_its_changes_are_listed(
    opened: Callable[..., App], tmp_path: Path
) -> None:
    report = run(opened(dry=True), dry=True, only="email").report
    assert {group.rule for group in report.changes} == {"email"}
    assert report.listing is not None
    rows = [row for row in report.listing.rows(Texts("en")) if row.what == "change"]
    assert {row.code for row in rows} == {"email"}
    assert len(rows) == report.totals.fields == report.totals.changed


@given(
    st.lists(
        st.text(st.characters(codec="utf-8", exclude_characters="\x00"), max_size=8), min_size=1
    ),
    st.sampled_from(["da", "en"]),
)
def test_no_cell_is_a_formula_and_every_value_comes_back(values: list[str], lang: str) -> None:
    import tempfile

    with tempfile.TemporaryDirectory() as folder:
        made = [_row(text=value) for value in values]
        path = Path(folder) / "all.csv"
        write_csv(made, path, Texts(lang))
        raw = path.read_bytes()
        cells = [row["forklaring" if lang == "da" else "explanation"] for row in rows_of(path)]
    assert raw.startswith(b"\xef\xbb\xbf")
    assert not [cell for cell in cells if cell.startswith(("=", "+", "-", "@", "\t", "\r"))]
    assert [cell.removeprefix("'") for cell in cells] == values


@pytest.mark.parametrize(
    "cell",
    [
        "=1+1", "+4568100001", "-1", "@cmd", "\tx", "\r=x", "\n=x", "'x", "007", "0012 ",
        "123456789012", "1e5", "1,5E+3", "12,50", "1.10", "3/4", "3-4", "03-04-2024", "2024-12-01",
        "12:30", "8.15", "1-jan", "1. maj",
    ],
)  # fmt: skip
def test_what_a_spreadsheet_would_turn_into_something_else_stays_text(cell: str) -> None:
    assert safe(cell) == f"'{cell}"


@pytest.mark.parametrize("cell", ["", "68 10 00 01", "90000004", "Anna", "a=b", "12", "1.5", "A/S"])
def test_other_cells_are_left_as_they_are(cell: str) -> None:
    assert safe(cell) == cell


def _row(text: str) -> Row:
    return Row("change", "files", "a.csv", 2, "ref", "", "f", "", "rule", "", "", text)


def test_the_list_stands_beside_its_page_and_only_its_owner_reads_it(
    opened: Callable[..., App], tmp_path: Path
) -> None:
    report = run(opened(dry=True), dry=True).report
    path = beside(tmp_path / "report.html")
    assert path.name == "report-all.csv"
    assert report.listing is not None
    write(report, path, "da")
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    write(report.with_listing(replace(report.listing, plan=None)), path, "da")
    assert not [row for row in rows_of(path) if row["hvad"] == "change"]


def test_a_page_of_the_list_is_all_that_is_held(tmp_path: Path) -> None:
    """Rows are read page by page: the first ones are out before the last were asked for."""
    store = Store(f"sqlite:///{tmp_path / 'many.db'}")
    prepare(store)
    fill(store, 3 * listing.PAGE)
    asked: list[str] = []
    sa.event.listen(store.engine, "before_cursor_execute", lambda *args: asked.append(str(args[2])))
    rows = Listing(store, ("files",), 1, 1, None, wrote=False).rows(Texts("en"))
    next(rows)
    first = len([one for one in asked if "FROM proposals" in one])
    whole = 1 + sum(1 for _ in rows)
    assert first == 1
    assert whole == 3 * listing.PAGE
    store.close()


EVIL = '=HYPERLINK("http://opdigtet-0001.dk")'


def test_a_workbook_has_every_row_as_text_on_a_sheet_of_its_kind(
    opened: Callable[..., App], folder: Path, tmp_path: Path
) -> None:
    path = folder / "kontakter.csv"
    content = path.read_bytes().decode("utf-8-sig")
    path.write_bytes(
        content.replace("Agern Blyant", f'"{EVIL.replace(chr(34), chr(34) * 2)}"').encode()
    )
    report = run(opened(dry=True), dry=True).report
    target = tmp_path / "all.xlsx"
    write(report, target, "da")
    assert stat.S_IMODE(target.stat().st_mode) == 0o600
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        book = openpyxl.load_workbook(target)
    assert book.sheetnames == ["Oversigt", "Ændringer", "Fund", "Nej tak"]
    kinds = ("change", "finding", "blocked")
    for sheet, kind in zip(book.worksheets[1:], kinds, strict=True):
        assert sheet.max_row - 1 == counted(report)[kind]
        types = {cell.data_type for row in sheet.iter_rows(min_row=2) for cell in row if cell.value}
        assert types <= {"s", "n"}
        numbers = {
            cell.column for row in sheet.iter_rows(min_row=2) for cell in row
            if cell.data_type == "n" and cell.value is not None
        }  # fmt: skip
        assert numbers <= {2}, "the row's number, and nothing else"
    changes = list(book["Ændringer"].iter_rows(min_row=2, values_only=True))
    assert "+4568100102" in {row[4] for row in changes}
    links = {str(row[-1]) for row in changes}
    assert all(link.startswith((folder / "").absolute().as_uri()) for link in links)
    assert all("#row=" in link for link in links)


def test_a_sheet_that_is_full_goes_on_in_another(
    opened: Callable[..., App], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sheets, "MOST_ROWS", 5)
    report = run(opened(dry=True), dry=True).report
    write(report, tmp_path / "all.xlsx", "en")
    book = openpyxl.load_workbook(tmp_path / "all.xlsx", read_only=True)
    found = [sheet for sheet in book.worksheets if sheet.title.startswith("Changes")]
    assert [sheet.title for sheet in found][:2] == ["Changes", "Changes 2"]
    assert sum(len(list(sheet.iter_rows(min_row=2))) for sheet in found) == report.totals.fields
    book.close()


def test_the_page_holds_some_rows_of_every_kind_and_the_list_all(
    opened: Callable[..., App], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    report = run(opened(dry=True), dry=True).report
    most = 2 * len(report.changes)
    monkeypatch.setattr(explorer, "MOST_CHANGES", most)
    chosen = Chosen(report, DEFAULT, Texts("en"))
    write(report, tmp_path / "all.csv", "en", chosen.watch)
    table = chosen.tables()["changes"]
    assert len(table.rows) <= most < table.of == report.totals.fields
    shown = {(row[0], row[1]) for row in table.rows}
    assert shown == {(one.label.en, one.rule_name.en) for one in report.changes}
    assert len(rows_of(tmp_path / "all.csv")) == sum(counted(report).values())


@given(st.dictionaries(st.tuples(st.text(max_size=3), st.text(max_size=3)), st.integers(0, 500)))
def test_small_groups_are_shown_whole_and_large_ones_share_the_room(
    groups: dict[tuple[str, str], int],
) -> None:
    given_ = explorer.shares(groups, 300)
    assert sum(given_.values()) == min(300, sum(groups.values()))
    assert all(given_[key] <= number for key, number in groups.items())
    least = min((given_[key] for key in groups if given_[key] < groups[key]), default=300)
    assert all(given_[key] >= min(number, least) for key, number in groups.items())


def test_data_in_a_page_cannot_end_its_element() -> None:
    rows = [["</script><script>alert(1)</script>"]]
    data = explorer.Table("t", "t", ("a",), (), rows, 1).data
    assert "<" not in data
    assert json.loads(data)["rows"] == rows
