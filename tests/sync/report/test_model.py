"""The totals add up, or nothing is reported; and the schema that is published is the real one."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rules.errors import InvariantBroken
from sync.report.model import VERSION, Report, Totals
from sync.report.schema import SCHEMA, published

COUNT = st.integers(0, 10**7)


def totals(**changed: Any) -> Totals:
    given_ = {
        "records": 10,
        "untouched": 4,
        "touched": 6,
        "gone": 1,
        "changed": 7,
        "waiting": 1,
        "applied": 2,
        "conflict": 1,
        "rejected": 1,
        "unknown": 1,
        "dropped": {"gone": 1},
        "fields": 9,
        "broken": 0,
        "findings": {},
        "blocked": 3,
    }
    return Totals(**(given_ | changed))


def test_totals_that_add_up_are_taken() -> None:
    assert totals().dropped_total == 1


@pytest.mark.parametrize(
    "name",
    [
        "records",
        "untouched",
        "touched",
        "gone",
        "changed",
        "waiting",
        "applied",
        "conflict",
        "rejected",
        "unknown",
    ],
)
def test_a_figure_that_is_one_off_breaks_the_totals(name: str) -> None:
    with pytest.raises(InvariantBroken):
        totals(**{name: getattr(totals(), name) + 1})


def test_a_record_dropped_and_not_counted_breaks_the_totals() -> None:
    with pytest.raises(InvariantBroken):
        totals(dropped={})


@given(*[COUNT] * 8, st.dictionaries(st.sampled_from(["gone", "held_back"]), COUNT))
def test_any_sums_that_hold_are_taken(
    untouched: int,
    gone: int,
    waiting: int,
    applied: int,
    conflict: int,
    rejected: int,
    unknown: int,
    extra: int,
    dropped: dict[str, int],
) -> None:
    changed = waiting + applied + conflict + rejected + unknown + sum(dropped.values()) + gone
    made = totals(
        records=untouched + changed - gone,
        untouched=untouched,
        touched=changed - gone,
        gone=gone,
        changed=changed,
        waiting=waiting + gone,
        applied=applied,
        conflict=conflict,
        rejected=rejected,
        unknown=unknown,
        dropped=dropped,
    )
    assert made.records == made.untouched + made.touched
    if extra:
        with pytest.raises(InvariantBroken):
            totals(**{**made.model_dump(), "records": made.records + extra})


def test_the_published_schema_is_the_one_of_the_model() -> None:
    """Renew it with: python -m sync.report.schema"""
    assert SCHEMA.read_text("utf-8") == published()
    whole = json.loads(published())
    jsonschema.Draft202012Validator.check_schema(whole)
    assert whole["$id"].endswith("/report.schema.json")
    assert whole["properties"]["version"]["const"] == VERSION
    assert whole["$id"].split(":")[-1].startswith(str(VERSION))
    assert f"{VERSION}: " in whole["description"]


def test_a_real_report_fits_the_published_schema() -> None:
    story = Path(__file__).with_name("golden") / "dry-run.json"
    document = json.loads(story.read_text("utf-8"))
    jsonschema.validate(document, json.loads(SCHEMA.read_text("utf-8")))
    assert next(iter(document)) == "version"
    assert list(document)[1] == "verdict"
    assert list(document)[-1] == "totals"


def test_a_field_that_the_model_does_not_know_is_refused() -> None:
    story = Path(__file__).with_name("golden") / "dry-run.json"
    document = json.loads(story.read_text("utf-8")) | {"extra": 1}
    with pytest.raises(ValueError, match="extra"):
        Report.model_validate(document)
