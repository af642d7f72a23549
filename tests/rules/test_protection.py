"""A fresh answer of the register decides; an old one, or none, frees nobody."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest

from rules.enrichment.due import worth
from rules.permission import Person
from rules.permission_facts import facts_of
from rules.protection import Protection, Said, protection
from rules.records import Kind

NOW = datetime(2026, 11, 26, 8, 0, tzinfo=UTC)
TODAY, UNKNOWN = date(2026, 11, 26), Protection()


@pytest.mark.parametrize(
    ("said", "hours", "on_record", "found"),
    [
        (True, 1, False, Protection(True, TODAY)),
        (False, 1, True, Protection(False, TODAY)),
        (False, 24, None, Protection(False, date(2026, 11, 25))),
        (False, 25, None, UNKNOWN),
        (False, 25, False, UNKNOWN),
        (False, 25, True, Protection(True)),
        (True, 250, False, Protection(True)),
        (None, 1, False, UNKNOWN),
        (None, 1, True, Protection(True)),
    ],
)
def test_what_holds_of_a_company_that_the_register_can_be_asked_about(
    said: bool | None,  # noqa: FBT001
    hours: int,
    on_record: bool | None,  # noqa: FBT001
    found: Protection,
) -> None:
    assert protection(Said(said, NOW - timedelta(hours=hours)), NOW, on_record) == found


def test_whose_business_it_is_does_not_grow_old() -> None:
    for days in (0, 400):
        said = Said(False, NOW - timedelta(days=days), personal=True)
        found = protection(said, NOW, on_record=None)
        assert found.personal
        facts = facts_of(Kind.COMPANY, {"company_name": "Fabel"}, (), protected=found)
        assert facts.person is Person.SOLE_TRADER


def test_who_was_never_asked_about_is_not_free() -> None:
    assert protection(Said(), NOW, on_record=False) == UNKNOWN


def test_what_was_never_asked_comes_before_what_is_old_and_more_empty_fields_before_fewer() -> None:
    order = [worth(9, None), worth(0, None), worth(0, 365), worth(0, 30), worth(0, 0)]
    assert order == sorted(order, reverse=True)
    assert len(set(order)) == len(order)
    assert worth(0, 5000) < worth(0, None)
