"""Undo puts old values back where nobody has touched them since, names what it skips, and ends."""

from __future__ import annotations

from pathlib import Path

import pytest
from promises.lists import HEADER, Lists, people

from rules.changes import Change
from rules.errors import UserError
from rules.records import Ref
from sync.review.undo import _without_loss
from sync.settings.model import Limits


@pytest.fixture
def lists(tmp_path: Path) -> Lists:
    return Lists(tmp_path, settings={"limits": Limits(max_change_share=1)})


def _edit(lists: Lists, name: str, old: str, new: str) -> None:
    path = lists.root / name
    text = path.read_text("utf-8")
    assert text.count(old) == 1, text
    path.write_text(text.replace(old, new), "utf-8")


def _number(outcome: object) -> int:
    number: int = outcome.report.run.run  # type: ignore[attr-defined]
    return number


def test_a_run_and_its_undo_leave_every_byte_as_it_was(lists: Lists) -> None:
    path = lists.put("kontakter.csv", HEADER, *people(30))
    before = path.read_bytes()
    ran = _number(lists.run())
    assert path.read_bytes() != before
    lists.undo(ran)
    assert path.read_bytes() == before


def test_what_was_taken_back_is_not_done_again_but_other_rows_are(lists: Lists) -> None:
    path = lists.put("kontakter.csv", HEADER, *people(3))
    before = path.read_bytes()
    lists.undo(_number(lists.run()))
    outcome = lists.run()
    assert outcome.report.totals.applied == 0
    assert path.read_bytes() == before
    path.write_bytes(before + b"K9;ny mand;68 000099;ny@opdigtet-0099.dk;\n")
    assert lists.run().report.totals.applied == 1


def test_undo_leaves_alone_what_others_changed_and_says_so(lists: Lists) -> None:
    lists.put("kontakter.csv", HEADER, *people(3))
    ran = _number(lists.run())
    _edit(lists, "kontakter.csv", "+4568000001", "+45 68 99 99 99")
    lists.undo(ran)
    rows = lists.rows("kontakter.csv")
    assert rows[2].split(";") == [
        "K1", "prøve abbsen", "+45 68 99 99 99", "BO1@opdigtet-0001.dk", "",
    ]  # fmt: skip
    assert rows[1] == people(3)[0]
    assert rows[3] == people(3)[2]


def test_the_preview_says_what_undo_then_does(lists: Lists) -> None:
    lists.put("kontakter.csv", HEADER, *people(4))
    ran = _number(lists.run())
    _edit(lists, "kontakter.csv", "K2;Prøve Abcsen;+4568000002;bo2@opdigtet-0002.dk", "K2;x;y;z")
    path = lists.root / "kontakter.csv"
    path.write_text("\n".join(path.read_text("utf-8").splitlines()[:-1]) + "\n", "utf-8")
    lists.dry()
    seen = lists.preview(ran)
    totals = lists.undo(ran).report.totals
    assert (seen.records, seen.fields) == (totals.applied, totals.fields) == (2, 6)
    assert seen.skipped == {"changed_since": 1, "gone": 1}
    after = lists.preview(ran)
    assert after.fields == 0
    assert after.skipped["undone_already"] == 2


def test_a_run_is_undone_by_one_rule_and_then_the_rest_of_it(lists: Lists) -> None:
    path = lists.put("kontakter.csv", HEADER, *people(3))
    before = path.read_bytes()
    ran = _number(lists.run())
    lists.undo(ran, rule="phone")
    cells = [row.split(";") for row in lists.rows("kontakter.csv")[1:]]
    assert [row[2] for row in cells] == ["68 000000", "68 000001", "68 000002"]
    assert cells[0][1] == "Prøve Abasen"
    lists.undo(ran)
    assert path.read_bytes() == before
    assert lists.preview(ran).fields == 0
    assert lists.run().report.totals.applied == 0


def test_one_record_of_a_run_is_undone_and_then_the_rest_of_it(lists: Lists) -> None:
    path = lists.put("kontakter.csv", HEADER, *people(3))
    before = path.read_bytes()
    ran = _number(lists.run())
    lists.undo(ran, ref=Ref.parse("files/contact/kontakter.csv#K1"))
    assert lists.rows("kontakter.csv")[2] == people(3)[1]
    assert lists.rows("kontakter.csv")[1] != people(3)[0]
    lists.undo(ran)
    assert path.read_bytes() == before


def test_an_undo_can_be_undone(lists: Lists) -> None:
    path = lists.put("kontakter.csv", HEADER, *people(3))
    ran = _number(lists.run())
    clean = path.read_bytes()
    back = _number(lists.undo(ran))
    lists.undo(back)
    assert path.read_bytes() == clean
    assert lists.run().report.totals.applied == 0


def test_an_undo_does_not_touch_what_somebody_typed_between_two_runs(lists: Lists) -> None:
    lists.put("kontakter.csv", HEADER, "K1;Bo Hansen;68 000001;bo@opdigtet-0001.dk;")
    first = _number(lists.run())
    _edit(lists, "kontakter.csv", "+4568000001", "0045 68000001")
    second = _number(lists.run())
    lists.undo(first)
    assert lists.rows("kontakter.csv")[1] == "K1;Bo Hansen;+4568000001;bo@opdigtet-0001.dk;"
    lists.undo(second)
    assert lists.rows("kontakter.csv")[1] == "K1;Bo Hansen;0045 68000001;bo@opdigtet-0001.dk;"
    lists.undo(first)
    assert lists.rows("kontakter.csv")[1] == "K1;Bo Hansen;0045 68000001;bo@opdigtet-0001.dk;"


def test_undoing_twice_changes_nothing_more(lists: Lists) -> None:
    path = lists.put("kontakter.csv", HEADER, *people(3))
    before = path.read_bytes()
    ran = _number(lists.run())
    lists.undo(ran)
    moment = path.stat().st_mtime_ns
    assert lists.undo(ran).report.totals.applied == 0
    assert (path.read_bytes(), path.stat().st_mtime_ns) == (before, moment)


def test_an_undo_takes_back_no_block(lists: Lists) -> None:
    lists.put("kontakter.csv", HEADER, *people(3, flagged=2))
    lists.undo(_number(lists.run()))
    assert lists.is_blocked("68 000000")
    assert lists.is_blocked("68 000001")


def test_an_unknown_run_or_record_is_refused_and_nothing_is_read(lists: Lists) -> None:
    lists.put("kontakter.csv", HEADER, *people(1))
    ran = _number(lists.run())
    with pytest.raises(UserError, match=r"error\.no_run"):
        lists.undo(77)
    with pytest.raises(UserError, match=r"error\.no_record"):
        lists.undo(ran, ref=Ref.parse("files/contact/kontakter.csv#K99"))


# --- a change that needs another one ---------------------------------------------------------

TWO = "Kontakt-id;Navn;Telefon;Telefon 2;E-mail"
BOTH = "K1;Bo Hansen;68 000001 / 68 000002;;bo@opdigtet-0001.dk"


def test_a_second_number_that_was_moved_is_not_lost_when_only_the_first_was_touched(
    lists: Lists,
) -> None:
    lists.put("kontakter.csv", TWO, BOTH)
    ran = _number(lists.run())
    row = lists.rows("kontakter.csv")[1]
    assert row == "K1;Bo Hansen;+4568000001;+4568000002;bo@opdigtet-0001.dk"
    _edit(lists, "kontakter.csv", "+4568000001", "+4568000003")
    lists.undo(ran)
    assert "68000002" in lists.rows("kontakter.csv")[1]


def test_a_second_number_that_was_moved_goes_back_with_the_first(lists: Lists) -> None:
    lists.put("kontakter.csv", TWO, BOTH)
    lists.undo(_number(lists.run()))
    assert lists.rows("kontakter.csv")[1] == BOTH


def test_what_one_cell_gave_to_two_fields_goes_back_from_both_or_from_none() -> None:
    moved = {"needs": "postcode city"}
    address = Change("address", "Fabelvej 1, 8800 Viborg", "Fabelvej 1", "address", "", "", moved)
    postcode = Change("postcode", None, "8800", "address", "", "")
    city = Change("city", None, "Viborg", "address", "", "")
    written = (postcode, city, address)
    assert _without_loss([*written], written) == [*written]
    # Somebody has written in the address since: it is not given back, so nothing is taken away.
    assert _without_loss([postcode, city], written) == []
