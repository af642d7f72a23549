"""Rows that somebody takes out of an opt-out list keep blocking, and it is told."""

from __future__ import annotations

from pathlib import Path

from promises.lists import HEADER, Lists, people

from sync.passes import Outcome


def _found(outcome: Outcome) -> dict[str, int]:
    return {one.code: one.count for one in outcome.report.findings if "rows_gone" in one.code}


def test_rows_taken_out_of_an_opt_out_list_still_block_and_are_told_once(tmp_path: Path) -> None:
    lists = Lists(tmp_path)
    lists.put("kontakter.csv", HEADER, *people(4))
    lists.put("nejtak.csv", "Telefon", "68000001", "68000002", "68000003")
    assert _found(lists.dry()) == {}
    lists.put("nejtak.csv", "Telefon", "68000003")
    told = lists.dry()
    assert _found(told) == {"opt_out_rows_gone": 1}
    said = next(one for one in told.report.findings if one.code == "opt_out_rows_gone")
    assert "2" in said.examples[0].text.en
    assert lists.is_blocked("68000001")
    assert lists.is_blocked("68000002")
    lists.put("nejtak.csv", "Telefon", "68000003", "68000009")
    assert _found(lists.dry()) == {}, "it is no news any more"
    assert lists.is_blocked("68000001")
