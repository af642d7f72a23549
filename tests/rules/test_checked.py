"""The day of the last check reaches a record with another change, or once it is a month behind."""

from __future__ import annotations

from datetime import date

import pytest

from rules.changes import Change
from rules.checks.freshness import CHECKED
from rules.enrichment.checked import dated

CHECK = date(2026, 11, 26)
NAME = Change("company_name", None, "Opdigt ApS", "enrichment", "cvr", "reason.enrichment")


@pytest.mark.parametrize(
    ("stands", "with_another", "written", "again"),
    [
        (None, False, "2026-11-26", None),
        ("", True, "2026-11-26", None),
        ("2026-11-01", True, "2026-11-26", None),
        ("2026-11-01", False, "", date(2026, 12, 2)),
        ("2026-10-27", False, "", date(2026, 11, 27)),
        ("2026-10-26", False, "2026-11-26", None),
        ("26-10-2026", False, "2026-11-26", None),
        ("2026-11-26", True, "", date(2026, 12, 27)),
        ("2026-12-01", True, "", date(2027, 1, 1)),
        ("i sommer", False, "2026-11-26", None),
    ],
)
def test_when_the_day_is_written(
    stands: str | None,
    with_another: bool,  # noqa: FBT001
    written: str,
    again: date | None,
) -> None:
    given = [NAME] if with_another else []
    changes, look_again = dated({CHECKED: stands}, given, CHECK)
    days = {one.field: one.new for one in changes}
    assert days.get(CHECKED, "") == written
    assert ("company_name" in days) is with_another
    assert look_again == again


def test_a_list_without_the_field_is_told_nothing() -> None:
    assert dated({"cvr": "90000012"}, [NAME], CHECK) == ((NAME,), None)


def test_the_rule_that_spells_days_and_this_one_make_one_change() -> None:
    spelled = Change(CHECKED, "1/11-26", "2026-11-01", "date", "hygiene", "reason.date")
    [one], _ = dated({CHECKED: "1/11-26"}, [spelled], CHECK)
    assert (one.old, one.new) == ("1/11-26", "2026-11-26")
