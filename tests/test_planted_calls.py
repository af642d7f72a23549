"""A small share of what `make calls` measures on a million: who is alarmed, who is not, and why."""

from __future__ import annotations

from pathlib import Path

from planted_calls import measure


def test_planted_calls_are_in_their_class_and_no_lawful_call_is_called_certain(
    tmp_path: Path,
) -> None:
    found = measure(tmp_path, calls=1500, planted=320, noes=80)
    assert found.wrong == []
    assert found.false_certain == found.false_alarms == 0
    assert found.alarmed == found.certain > 150
    assert len(found.planted) == 9
    assert found.lawful >= 1500


def test_the_measure_sees_a_call_in_a_wrong_class(tmp_path: Path) -> None:
    found = measure(tmp_path, calls=20, planted=40, noes=40)
    assert found.holds
    found.alarmed -= 1
    assert not found.holds
