"""Output: numbers as each language writes them, tables, JSON, progress that cannot stop a run."""

from __future__ import annotations

import io
import json
from collections import Counter
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from types import MappingProxyType

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rules.changes import Change, Finding, Severity
from rules.records import Kind, Ref
from sync.output import (
    Silent,
    as_json,
    duration,
    moment,
    number,
    printable,
    share,
    size,
    table,
)
from sync.progress import Bar, Lines, progress_for, standing
from sync.texts import Texts


class Clock:
    """A clock that stands until it is moved."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


class Terminal(io.StringIO):
    """A stream that says it is a terminal."""

    def isatty(self) -> bool:
        return True


# --- numbers ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("value", "decimals", "danish", "english"),
    [
        (0, None, "0", "0"),
        (999, None, "999", "999"),
        (1000, None, "1.000", "1,000"),
        (1234567, None, "1.234.567", "1,234,567"),
        (1234.5, None, "1.234,5", "1,234.5"),
        (-1234.5, None, "-1.234,5", "-1,234.5"),
        (Decimal("0.125"), 2, "0,13", "0.13"),
        (2.675, 2, "2,68", "2.68"),
        (1e6, None, "1.000.000", "1,000,000"),
        (12, 1, "12,0", "12.0"),
    ],
)
def test_numbers_are_written_as_the_language_does(
    value: float, decimals: int | None, danish: str, english: str
) -> None:
    assert number(value, "da", decimals) == danish
    assert number(value, "en", decimals) == english


@given(st.integers())
def test_a_danish_number_reads_back(value: int) -> None:
    assert int(number(value, "da").replace(".", "")) == value


def test_shares_sizes_and_durations() -> None:
    assert share(0.1234, "da") == "12,3\u00a0%"
    assert share(0.1234, "en") == "12.3%"
    assert (size(999, "da"), size(1_500_000, "da"), size(2 * 10**12, "en")) == (
        "999 B",
        "1,5 MB",
        "2.0 TB",
    )
    assert [duration(s) for s in (0, 59.4, 60, 200, 3600, 7500)] == [
        "0 s",
        "59 s",
        "1 min",
        "3 min 20 s",
        "1 h",
        "2 h 5 min",
    ]


def test_a_moment_is_told_as_clocks_in_denmark_show_it() -> None:
    winter, summer = (datetime(2026, month, 2, 22, 30, tzinfo=UTC) for month in (1, 7))
    assert moment(winter, "da") == "02.01.2026 kl. 23.30"
    assert moment(summer, "en") == "2026-07-03 00:30"


# --- tables ----------------------------------------------------------------------------------


def test_a_table_lines_up_and_stays_within_its_width() -> None:
    rows = [["1", "Æblegrød A/S", "x" * 50], ["12", "B", "y"]]
    text = table(["No", "Name", "Rest"], rows, right=frozenset({0}), width=40)
    lines = text.splitlines()
    assert max(map(len, lines)) <= 40
    assert [line.index(name) for line, name in zip(lines, ("Name", "Æ", "B"), strict=True)] == [
        4
    ] * 3
    assert lines[1].startswith(" 1")
    assert lines[1].endswith("…")


def test_a_cell_cannot_steer_the_terminal() -> None:
    evil = "\x1b[2J\x1b]0;owned\x07\r\nrm\u202e\u200b\x9b"
    text = table(["a"], [[evil]])
    assert len(text.splitlines()) == 2
    assert all(char.isprintable() or char == "\n" for char in text)
    assert "␛[2J" in text


@given(st.text())
def test_what_is_printable_stays_and_the_rest_becomes_so(text: str) -> None:
    shown = printable(text)
    assert shown.isprintable() or shown == "" or "\u00a0" in shown
    assert printable(shown) == shown
    assert "\n" not in shown
    assert "\x1b" not in shown


# --- JSON ------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Result:
    change: Change
    finding: Finding
    ref: Ref
    at: datetime
    places: tuple[Path, ...]
    amount: Decimal
    names: frozenset[str]
    facts: MappingProxyType[str, int]
    counted: Counter[str]


def test_any_result_of_ours_becomes_json() -> None:
    result = _Result(
        Change("email", "A@B.DK", "a@b.dk", "email", "hygiene", "reason.email.lower"),
        Finding("x", Severity.ERROR),
        Ref("files", Kind.CONTACT, "a.csv#1"),
        datetime(2026, 1, 2, tzinfo=UTC),
        (Path("lists/x"),),
        Decimal("1.10"),
        frozenset({"b", "a"}),
        MappingProxyType({"rows": 3}),
        Counter(done=2),
    )
    read = json.loads(as_json(result))
    assert read["change"]["new"] == "a@b.dk"
    assert read["finding"]["severity"] == "error"
    assert read["ref"] == {"system": "files", "kind": "contact", "id": "a.csv#1"}
    assert read["at"] == "2026-01-02T00:00:00Z"
    assert (read["amount"], read["names"], read["facts"]) == ("1.10", ["a", "b"], {"rows": 3})
    assert (read["places"], read["counted"]) == (["lists/x"], {"done": 2})


def test_names_that_are_no_text_and_huge_numbers_become_json_too() -> None:
    odd = {"ref": Ref("files", Kind.CONTACT, "a\udcff.csv"), "many": 2**70, 3: {1, 2}}
    read = json.loads(as_json(odd))
    assert read["ref"]["id"] == "a\udcff.csv"
    assert (read["many"], read["3"]) == (2**70, [1, 2])


# --- progress --------------------------------------------------------------------------------


def test_a_pipe_gets_a_plain_line_every_few_seconds_with_rate_and_time_left() -> None:
    out, clock = io.StringIO(), Clock()
    lines = Lines(out, Texts("da"), clock)
    lines.start("progress.pull", None, "unit.records")
    for step in range(1, 26):
        clock.now += 0.5
        lines.advance(step * 7500, 300_000)
    lines.end()
    told = out.getvalue().splitlines()
    assert len(told) == 3
    assert told[0] == ("Læser: 25,0\u00a0% · 75.000 af 300.000 poster · 15.000/s · 15 s tilbage")
    assert "\r" not in out.getvalue()
    assert "\x1b" not in out.getvalue()


def test_a_quick_stage_says_nothing_in_a_pipe() -> None:
    out = io.StringIO()
    lines = Lines(out, Texts("en"), Clock())
    lines.start("progress.pull", 10, "unit.records")
    lines.advance(10)
    lines.end()
    assert out.getvalue() == ""


@pytest.mark.parametrize(
    ("done", "total", "unit", "elapsed", "expected"),
    [
        (0, None, "unit.records", 0.0, "0 records"),
        (5, None, "unit.records", 0.0, "5 records"),
        (0, 0, "unit.records", 1.0, "0 records"),
        (10, 10, "unit.records", 2.0, "100.0% · 10 of 10 records · 5/s"),
        (20, 10, "unit.records", 2.0, "100.0% · 20 of 10 records · 10/s"),
        (
            5_000_000,
            10_000_000,
            "unit.bytes",
            1.0,
            "50.0% · 5.0 MB of 10.0 MB · 5.0 MB/s · 1 s left",
        ),
    ],
)
def test_what_is_not_known_is_not_told(
    done: int, total: int | None, unit: str, elapsed: float, expected: str
) -> None:
    assert standing(done, total, unit, elapsed, Texts("en")) == expected


def test_a_closed_error_stream_silences_progress_and_stops_nothing() -> None:
    out, clock = io.StringIO(), Clock()
    lines = Lines(out, Texts("da"), clock)
    lines.start("progress.pull", 10, "unit.records")
    out.close()
    for step in range(10):
        clock.now += 10
        lines.advance(step)
    lines.end()


def test_a_terminal_gets_a_bar_that_ends_with_the_stage() -> None:
    out = Terminal()
    bar = progress_for(out, Texts("da"), quiet=False, color=False)
    assert isinstance(bar, Bar)
    for stage in ("progress.pull", "progress.push"):
        bar.start(stage, None, "unit.records")
        bar.advance(1000, 4000)
        bar.advance(4000)
        bar.end()
    text = out.getvalue()
    assert text.count("Læser") >= 1
    assert text.count("Skriver") >= 1
    assert "4.000 af 4.000 poster" in text


def test_quiet_means_quiet() -> None:
    assert isinstance(progress_for(Terminal(), Texts("da"), quiet=True, color=True), Silent)
    assert isinstance(progress_for(io.StringIO(), Texts("da"), quiet=False, color=True), Lines)
