"""Rows without an id keep their identity through our own writes, kills, sorting and twins."""

from __future__ import annotations

from pathlib import Path

import pytest
import sqlalchemy as sa
from promises.lists import Lists
from promises.points import Killed, Points

from connectors.files import Files
from state import findings
from state.tables import mirror
from sync.app import App
from sync.settings.model import FileSettings, Limits

HEADER = "Navn;Telefon;Intern"
"""Nothing here identifies a row: they are known by name and number; the last column is not ours."""
FIX = "Bo Hansen;68 000001;{}"
FIXED = "Bo Hansen;+4568000001;{}"


@pytest.fixture
def lists(tmp_path: Path) -> Lists:
    named = {"kontakter.csv": FileSettings(columns={"Intern": ""})}
    return Lists(tmp_path, settings={"limits": Limits(max_change_share=1)}, named=named)


def _rids(lists: Lists) -> dict[int, int]:
    """Place -> rid of the live rows."""
    with lists.app() as app, app.store.reading() as tx:
        found = tx.execute(
            sa.select(mirror.c.place, mirror.c.rid).where(mirror.c.deleted_at.is_(None))
        )
        return {row.place: row.rid for row in found}


def _buried(lists: Lists) -> int:
    with lists.app() as app, app.store.reading() as tx:
        dead = mirror.c.deleted_at.is_not(None)
        return int(tx.execute(sa.select(sa.func.count()).where(dead)).scalar_one())


def _killed_run(lists: Lists, point: str) -> None:
    points = Points(deadly=(point, 1))

    def armed(app: App) -> None:
        files = app.systems["files"]
        assert isinstance(files, Files)
        files._fault = points.visit

        points.watch(app.store.engine)

    lists.systems = armed
    with pytest.raises(Killed):
        lists.run()
    lists.systems = None


def test_a_row_is_the_same_row_after_our_write(lists: Lists) -> None:
    lists.put("kontakter.csv", HEADER, FIX.format("a"), "Ida Jensen;68 000002;b")
    lists.dry()
    before = _rids(lists)
    lists.run()
    lists.dry()
    assert _rids(lists) == before
    assert _buried(lists) == 0


def test_a_row_is_the_same_row_when_others_sort_the_list(lists: Lists) -> None:
    lists.put("kontakter.csv", HEADER, FIX.format("a"), "Ida Jensen;68 000002;b")
    lists.run()
    before = _rids(lists)
    rows = lists.rows("kontakter.csv")
    lists.put("kontakter.csv", rows[0], rows[2], rows[1])
    lists.dry()
    assert _rids(lists) == {2: before[3], 3: before[2]}


def test_a_row_that_others_edited_is_told_as_gone_and_new(lists: Lists) -> None:
    lists.put("kontakter.csv", HEADER, FIX.format("a"), "Ida Jensen;68 000002;b")
    lists.run()
    lists.put("kontakter.csv", HEADER, FIXED.format("a"), "Ida Larsen;68 000002;b")
    outcome = lists.run()
    [stream] = outcome.report.streams
    assert (stream.new, stream.gone) == (1, 1)


@pytest.mark.parametrize("point", ["after_temp_written", "before_rename", "after_rename"])
def test_a_row_is_the_same_row_after_a_kill_while_writing(lists: Lists, point: str) -> None:
    path = lists.put("kontakter.csv", HEADER, FIX.format("a"), FIX.format("b"), "Ida;68 000002;c")
    original = path.read_bytes()
    lists.dry()
    before = _rids(lists)
    _killed_run(lists, point)
    lists.run()
    assert _rids(lists) == before
    assert _buried(lists) == 0
    assert [one.split(";")[1] for one in lists.rows("kontakter.csv")[1:]] == [
        "+4568000001", "+4568000001", "+4568000002",
    ]  # fmt: skip
    for number in (3, 2):
        lists.undo(number)
    assert path.read_bytes() == original


# --- twins -----------------------------------------------------------------------------------


def test_rows_that_are_alike_are_all_repaired_and_all_restored(lists: Lists) -> None:
    path = lists.put("kontakter.csv", HEADER, *(FIX.format(n) for n in range(4)))
    before = path.read_bytes()
    done = lists.run()
    assert done.report.totals.applied == 4
    assert lists.rows("kontakter.csv")[1:] == [FIXED.format(n) for n in range(4)]
    lists.undo(done.report.run.run)
    assert path.read_bytes() == before


def test_a_repaired_row_is_not_taken_for_its_twin_that_was_right_all_along(lists: Lists) -> None:
    path = lists.put("kontakter.csv", HEADER, FIXED.format("twin"), FIX.format("mended"))
    before = path.read_bytes()
    done = lists.run()
    lists.dry()
    lists.undo(done.report.run.run)
    assert path.read_bytes() == before


def test_an_older_row_below_a_newer_twin_is_the_one_that_is_restored(lists: Lists) -> None:
    lists.put("kontakter.csv", HEADER, "Ida;+4568000002;x", FIX.format("mended"))
    done = lists.run()
    lists.put("kontakter.csv", HEADER, FIXED.format("typed later"), FIXED.format("mended"))
    lists.run()
    lists.put("kontakter.csv", HEADER, FIXED.format("typed later"), FIXED.format("mended"), "")
    lists.undo(done.report.run.run)
    assert lists.rows("kontakter.csv")[1:3] == [FIXED.format("typed later"), FIX.format("mended")]


@pytest.mark.parametrize("point", ["before_rename", "after_rename"])
def test_twins_are_not_exchanged_by_a_kill(lists: Lists, point: str) -> None:
    path = lists.put("kontakter.csv", HEADER, FIX.format("mended"), FIXED.format("twin"))
    before = path.read_bytes()
    _killed_run(lists, point)
    lists.run()
    assert lists.rows("kontakter.csv")[1:] == [FIXED.format("mended"), FIXED.format("twin")]
    lists.undo(2)
    lists.undo(1)
    assert path.read_bytes() == before


def test_a_deleted_twin_takes_nothing_with_it(lists: Lists) -> None:
    lists.put("kontakter.csv", HEADER, *(FIXED.format(n) for n in range(3)))
    lists.run()
    lists.put("kontakter.csv", HEADER, FIXED.format(0), FIXED.format(2))
    outcome = lists.run()
    [stream] = outcome.report.streams
    assert (stream.records, stream.new, stream.gone) == (2, 0, 1)


# --- ids that stand twice --------------------------------------------------------------------

NAMED = "Kontakt-id;Navn;Telefon"


def test_an_id_that_stands_twice_is_told_and_both_rows_are_repaired_once(lists: Lists) -> None:
    rows = [f"K{n};Bo Hansen;68 00000{n}" for n in range(1, 9)]
    path = lists.put("kontakter.csv", NAMED, *rows)
    lists.run()
    lists.put("kontakter.csv", NAMED, *rows, "K1;Ida Jensen;68 000077")
    before = path.read_bytes()
    done = lists.run()
    assert done.report.totals.records == 9
    with lists.app() as app, app.store.reading() as tx:
        found = findings.listed(tx, code="double_id")
    assert len(found) == 1
    assert lists.rows("kontakter.csv")[9] == "K1;Ida Jensen;+4568000077"
    assert lists.run().report.totals.applied == 0
    lists.undo(done.report.run.run)
    assert path.read_bytes() == before


# --- rivals ----------------------------------------------------------------------------------


@pytest.mark.parametrize("header", [HEADER, "Kontakt-id;Telefon;Intern"])
def test_a_field_that_others_turn_back_each_time_is_frozen_and_told(
    lists: Lists, header: str
) -> None:
    rows = [header, FIX.format("a"), "Ida Jensen;+4568000002;b"]
    lists.put("kontakter.csv", *rows)
    applied = []
    for _ in range(5):
        applied.append(lists.run().report.totals.applied)
        lists.put("kontakter.csv", *rows)
    assert applied == [1, 1, 0, 0, 0]
    with lists.app() as app, app.store.reading() as tx:
        assert [one.finding.field for one in findings.listed(tx, code="flips")] == ["direct_phone"]


def test_the_same_raw_row_entered_anew_beside_the_mended_one_is_no_flip(lists: Lists) -> None:
    rows = [FIXED.format(n) for n in range(4)]
    for n in range(4):
        lists.put("kontakter.csv", HEADER, *rows[:n], FIX.format(n))
        assert lists.run().report.totals.applied == 1
        assert lists.rows("kontakter.csv")[1:] == rows[: n + 1]
