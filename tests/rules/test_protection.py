"""A fresh answer of the register decides; an old one, or none, frees nobody."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest

from rules.enrichment.due import worth
from rules.protection import Protection, Said, protection

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


def test_who_was_never_asked_about_is_not_free() -> None:
    assert protection(Said(), NOW, on_record=False) == UNKNOWN


def test_what_was_never_asked_comes_before_what_is_old_and_more_empty_fields_before_fewer() -> None:
    order = [worth(9, None), worth(0, None), worth(0, 365), worth(0, 30), worth(0, 0)]
    assert order == sorted(order, reverse=True)
    assert len(set(order)) == len(order)
    assert worth(0, 5000) < worth(0, None)
