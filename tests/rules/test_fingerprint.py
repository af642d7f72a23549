"""A record is decided again when what decided it has changed, and for no other reason."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from rules import fingerprint as fingerprints
from rules.fingerprint import fingerprint
from rules.hygiene import RULES, Row
from rules.records import Kind


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.name)
def test_a_changed_rule_has_another_fingerprint(rule: Row, monkeypatch: Any) -> None:
    before = fingerprint(Kind.LEAD)
    assert before == fingerprint(Kind.LEAD, list(RULES))
    newer = [replace(one, version=one.version + 1) if one is rule else one for one in RULES]
    assert fingerprint(Kind.LEAD, newer) != before
    assert fingerprint(Kind.LEAD, [one for one in RULES if one is not rule]) != before
    monkeypatch.setattr(fingerprints.tables, "digest", lambda name: f"new {name}")
    assert fingerprint(Kind.LEAD, [replace(one) for one in RULES]) != before


def test_a_kind_that_no_rule_touches_keeps_its_fingerprint() -> None:
    newer = [replace(rule, version=99) for rule in RULES]
    assert fingerprint(Kind.OPT_OUT) == fingerprint(Kind.OPT_OUT, newer)


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.name)
def test_a_rule_counts_where_a_field_that_it_may_touch_is_mapped(rule: Row) -> None:
    newer = [replace(one, version=one.version + 1) if one is rule else one for one in RULES]
    elsewhere = {name for one in RULES for name in one.fields} - set(rule.fields)
    for mapped, moves in (({rule.fields[0]}, True), (elsewhere, False)):
        before = fingerprint(Kind.LEAD, RULES, mapped)
        assert (fingerprint(Kind.LEAD, newer, mapped) != before) is moves


def test_a_field_that_a_rule_may_move_into_counts_beside_one_that_it_reads() -> None:
    closed = [replace(one, moves=()) if one.name == "phone" else one for one in RULES]
    for mapped, moves in (({"direct_phone", "email"}, True), ({"direct_phone"}, False)):
        before = fingerprint(Kind.LEAD, RULES, mapped)
        assert (fingerprint(Kind.LEAD, closed, mapped) != before) is moves
