"""The full list: every row once, safe to open, and as many as the report says."""

from __future__ import annotations

import csv
import io
import json
import stat
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
import sqlalchemy as sa
from hypothesis import given
from hypothesis import strategies as st
from proposed import fill

from state.schema import prepare
from state.store import Store
from sync.app import App
from sync.plans import apply
from sync.report import listing
from sync.report.listing import Listing, beside, write
from sync.report.model import Report
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
    write(report.listing, tmp_path / "all.csv", "da")
    kinds = Counter(row["hvad"] for row in rows_of(tmp_path / "all.csv"))
    assert dict(kinds) == counted(report)


def test_what_a_run_wrote_is_listed_from_its_history(
    opened: Callable[..., App], tmp_path: Path
) -> None:
    run(opened(dry=True), dry=True)
    report = apply(opened(dry=False), 1).report
    assert report.listing is not None
    write(report.listing, tmp_path / "all.jsonl", "en")
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
        write(_Fixed(made), path, lang)
        raw = path.read_bytes()
        cells = [row["forklaring" if lang == "da" else "explanation"] for row in rows_of(path)]
    assert raw.startswith(b"\xef\xbb\xbf")
    assert not [cell for cell in cells if cell.startswith(("=", "+", "-", "@", "\t", "\r"))]
    given_back = [
        cell[1:] if cell[:1] == "'" and cell[1:2] in set("=+-@\t\r") else cell for cell in cells
    ]
    assert given_back == values


class _Fixed(Listing):
    """A list of rows that need no store."""

    def __init__(self, made: list[listing.Row]) -> None:
        object.__setattr__(self, "_made", made)

    def rows(self, texts: Texts) -> list[listing.Row]:  # type: ignore[override]
        made: list[listing.Row] = self._made  # type: ignore[attr-defined]
        return made


def _row(text: str) -> listing.Row:
    return listing.Row("change", "files", "a.csv", 2, "ref", "", "f", "", "rule", "", "", text)


def test_the_list_stands_beside_its_page_and_only_its_owner_reads_it(
    opened: Callable[..., App], tmp_path: Path
) -> None:
    report = run(opened(dry=True), dry=True).report
    path = beside(tmp_path / "report.html")
    assert path.name == "report-all.csv"
    assert report.listing is not None
    write(report.listing, path, "da")
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    other = replace(report.listing, plan=None)
    write(other, path, "da")
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
