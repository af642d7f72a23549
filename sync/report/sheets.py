"""The full list as a file: `.csv` and `.xlsx` for people, `.jsonl` for programs.

Rows are written as they come. No cell is a formula for a spreadsheet, and what it would turn into
a number or a date stays text: in a workbook because it is written as text, in CSV because of an
apostrophe before it.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import orjson

from sync.output import printable
from sync.report.listing import Listing, Row
from sync.report.phrases import day
from sync.texts import Texts
from sync.whole import whole

if TYPE_CHECKING:
    from sync.report.model import Report

SUFFIXES: Final = frozenset({".csv", ".jsonl", ".xlsx"})
_FORMULA: Final = frozenset("=+-@\t\r\n'")
# Leading zeros, more digits than a spreadsheet keeps, exponents, fractions, days and times.
_CHANGED: Final = re.compile(
    r"\s*(?:0\d+|\d{12,}|\d+(?:[.,]\d+)?[eE][+-]?\d+|\d+[.,]\d*0|\d{1,4}([-/.])\d{1,2}\1\d{1,4}"
    r"|\d{1,2}[-/]\d{1,4}|\d{1,2}[:.]\d\d(?:[:.]\d\d)?|\d{1,2}[-. ]{0,2}(?:jan|feb|mar|apr|ma[jy]|jun|jul|aug|sep|o[kc]t|nov|dec)[a-z]*[-. ]?\d{0,4})\s*",
    re.ASCII | re.IGNORECASE,
)

Watch = Callable[[Iterable[Row]], Iterator[Row]]
"""Looks at rows on their way."""


def beside(report: Path) -> Path:
    """Where the full list of an HTML report stands: `report.html` -> `report-all.csv`."""
    return report.with_name(f"{report.stem}-all.csv")


def write(report: Report, path: Path, lang: str, watch: Watch = iter) -> None:
    """All rows into `path`, in the form its ending says. Readable by its owner only."""
    listing = report.listing
    assert listing is not None  # noqa: S101 - asked for while the store is open
    texts = Texts(lang)
    with whole(path) as draft:
        if path.suffix == ".xlsx":
            _workbook(report, listing, draft, texts)
        elif path.suffix == ".jsonl":
            _lines(watch(listing.rows(texts)), draft)
        else:
            write_csv(watch(listing.rows(texts)), draft, texts)


def _lines(rows: Iterable[Row], path: Path) -> None:
    with path.open("wb") as lines:
        lines.writelines(orjson.dumps(row._asdict()) + b"\n" for row in rows)


# --- CSV -------------------------------------------------------------------------------------


def write_csv(rows: Iterable[Row], path: Path, texts: Texts) -> None:
    """The rows under their headings. The first apostrophe of a cell is ours, see `safe`."""
    # A BOM and, in Danish, semicolons: what the office programs of these countries open rightly.
    with path.open("w", encoding="utf-8-sig", newline="") as file:
        writer = csv.writer(file, delimiter=";" if texts.lang == "da" else ",")
        writer.writerow([texts.get(f"report.list.{name}") for name in Row._fields])
        writer.writerows(map(_safe, rows))


def _safe(row: Row) -> list[object]:
    cells: list[object] = list(row)
    for place in _THEIRS:
        cell = row[place]
        # What begins with a letter is safe, and most do: a million rows have seven each.
        if isinstance(cell, str) and cell and not cell[0].isalpha():
            cells[place] = safe(cell)
    return cells


_THEIRS: Final = tuple(
    Row._fields.index(name) for name in ("stream", "ref", "who", "before", "after", "text", "link")
)
"""Columns that hold what lists hold; the others are words and days of ours."""


@lru_cache(maxsize=8192)
def safe(cell: Any) -> str:
    """The cell, with an apostrophe before it if a spreadsheet would reckon with it or re-write it.

    Also before an apostrophe of its own: so whoever takes the first one off has the value again.
    """
    return f"'{cell}" if cell[:1] in _FORMULA or _CHANGED.fullmatch(cell) else cell


# --- workbook --------------------------------------------------------------------------------

MOST_ROWS: Final = 1_048_575
"""What a sheet holds below its headings; the rest goes on in another one."""
_LONGEST: Final = 32_767
_WIDTHS: Final = {
    "what": 10, "system": 9, "stream": 22, "place": 8, "ref": 34, "who": 24, "field": 18,
    "severity": 11, "code": 22, "before": 34, "after": 34, "text": 60, "owner": 16, "due": 12, "link": 40,
}  # fmt: skip
_COLUMNS: Final[Mapping[str, tuple[str, ...]]] = {
    "change": ("stream", "place", "field", "before", "after", "code", "text", "ref", "link"),
    "finding": (
        "stream", "place", "severity", "code", "field", "text", "owner", "due", "ref", "link",
    ),
    "blocked": ("stream", "place", "who", "code", "text", "ref", "link"),
}  # fmt: skip


def _workbook(report: Report, listing: Listing, path: Path, texts: Texts) -> None:
    """One sheet with what it comes to, then one for each kind of row, in the order they come."""
    import xlsxwriter

    plain = {
        "constant_memory": True,
        "strings_to_formulas": False,
        "strings_to_urls": False,
        "strings_to_numbers": False,
    }
    with xlsxwriter.Workbook(str(path), plain) as book:
        head = book.add_format({"bold": True, "bottom": 1, "text_wrap": True, "valign": "top"})
        _overview(book, head, report, texts)
        writers = {name: _Sheets(book, head, name, texts) for name in _COLUMNS}
        for row in listing.rows(texts):
            writers[row.what].add(row)
        for one in writers.values():
            one.end()


def _overview(book: Any, head: Any, report: Report, texts: Texts) -> None:
    sheet = book.add_worksheet(texts.get("report.sheet.overview"))
    sheet.set_column(0, 0, 60)
    sheet.set_column(1, 4, 16)
    sheet.set_column(5, 5, 80)
    lines: list[tuple[Any, Sequence[object]]] = [
        (head, [report.verdict.headline.of(texts.lang)]),
        *[(None, [said.of(texts.lang)]) for said in report.verdict.sentences],
        (None, []),
        (
            head,
            [
                texts.get(f"report.{name}")
                for name in ("column.figure", "column.before", "column.after", "column.of")
            ],
        ),
        *(
            (None, [one.label.of(texts.lang), one.before or one.good, one.good, one.of])
            for one in report.figures
            if one.good is not None
        ),
        (None, []),
        (
            head,
            [
                texts.get(f"report.column.{name}")
                for name in ("finding", "severity", "count", "owner", "due", "remedy")
            ],
        ),
        *(
            (
                None,
                [
                    one.title.of(texts.lang),
                    texts.get(f"severity.{one.severity}"),
                    one.count,
                    one.owner_name.of(texts.lang),
                    day(one.due, texts.lang),
                    one.remedy.of(texts.lang) if one.remedy else "",
                ],
            )
            for one in report.findings
        ),
    ]
    for at, (form, cells) in enumerate(lines):
        for column, cell in enumerate(cells):
            _put(sheet, at, column, cell, form)


def _put(sheet: Any, row: int, column: int, cell: object, form: Any = None) -> None:
    """Text is text, whatever it looks like."""
    if isinstance(cell, int | float):
        sheet.write_number(row, column, cell, form)
    elif cell:
        sheet.write_string(row, column, printable(str(cell))[:_LONGEST], form)


class _Sheets:
    """The sheets of one kind of row: a next one when one is full."""

    def __init__(self, book: Any, head: Any, name: str, texts: Texts) -> None:
        self._book, self._head, self._name, self._texts = book, head, name, texts
        self._columns = [Row._fields.index(column) for column in _COLUMNS[name]]
        self._number = 0
        self._next_sheet()

    def add(self, row: Row) -> None:
        """Write one row below the last."""
        if self._at > MOST_ROWS:
            self.end()
            self._next_sheet()
        for column, place in enumerate(self._columns):
            _put(self._sheet, self._at, column, row[place])
        self._at += 1

    def end(self) -> None:
        """The sheet is full, or there is nothing more."""
        self._sheet.autofilter(0, 0, max(1, self._at - 1), len(self._columns) - 1)

    def _next_sheet(self) -> None:
        self._number += 1
        title = self._texts.get(f"report.sheet.{self._name}")
        sheet = self._book.add_worksheet(title if self._number == 1 else f"{title} {self._number}")
        names = _COLUMNS[self._name]
        for column, name in enumerate(names):
            sheet.set_column(column, column, _WIDTHS[name])
        sheet.freeze_panes(1, 0)
        for column, name in enumerate(names):
            _put(sheet, 0, column, self._texts.get(_heading(self._name, name)), self._head)
        self._sheet, self._at = sheet, 1


def _heading(kind: str, name: str) -> str:
    """`rule or code` is a rule on the sheet of changes, a cause on that of findings."""
    own = {("change", "code"): "column.rule_name", ("finding", "code"): "column.cause"}
    own |= {("blocked", "code"): "column.channels", ("change", "text"): "column.why"}
    return f"report.{own.get((kind, name), f'list.{name}')}"
