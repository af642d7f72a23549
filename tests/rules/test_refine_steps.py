"""Histories of OpenRefine become steps: what fits, what does not and why, and that steps settle."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rules.catalogue import DEFAULT
from rules.hygiene import RULES, clean
from rules.records import ABSENT, Kind
from rules.refine.grel import NotRead, steps
from rules.refine.histories import read
from rules.refine.steps import RULE, Do, Step, Steps, done, settles

ENGINE = {"facets": [], "mode": "row-based"}


def edit(column: str, to: object, *old: object, **more: object) -> dict[str, Any]:
    made = {"from": list(old), "fromBlank": False, "fromError": False, "to": to}
    return {
        "op": "core/mass-edit", "columnName": column, "expression": "value",
        "engineConfig": ENGINE, "edits": [made | more],
    }  # fmt: skip


def transform(column: str, expression: str, **more: object) -> dict[str, Any]:
    return {
        "op": "core/text-transform", "columnName": column, "expression": expression,
        "engineConfig": ENGINE, "onError": "keep-original", "repeat": False, "repeatCount": 10,
    } | more  # fmt: skip


def rename(old: str, new: str) -> dict[str, Any]:
    return {"op": "core/column-rename", "oldColumnName": old, "newColumnName": new}


def said(*operations: object, **mapped: str) -> list[tuple[str, int, str]]:
    found = read(list(operations), Kind.CONTACT, DEFAULT, mapped)
    return [(name, one.at, one.do.value) for name, some in found.steps.items() for one in some]


def whys(*operations: object) -> list[tuple[int, str]]:
    found = read(list(operations), Kind.CONTACT, DEFAULT)
    return [(one.at, one.why) for one in found.refused]


def test_what_fits_becomes_steps_of_the_field_that_the_column_holds() -> None:
    assert said(
        edit("Stilling", "CEO", "Direktør", "dir"),
        transform("Stilling", "value.trim().toTitlecase()"),
        rename("Felt 7", "Afdeling X"),
        rename("Kol4", "Firmanavn"),
        transform("Firmanavn", "grel:value.replace(/[\\p{Zs}\\s]+/,' ')"),
        transform("Firmanavn", 'value.replace("A.p.S.", "ApS")'),
        transform("Kol9", "value.toLowercase()"),
        Kol9="city",
    ) == [
        ("title", 1, "edit"), ("title", 2, "trim"), ("title", 2, "titlecase"),
        ("company_name", 5, "collapse"), ("company_name", 6, "replace"), ("city", 7, "lowercase"),
    ]  # fmt: skip


def test_a_new_name_that_we_know_says_what_the_column_holds() -> None:
    found = read(
        [rename("Kol4", "Firmanavn"), rename("Firmanavn", "Virksomhed")], Kind.CONTACT, DEFAULT
    )
    assert (found.columns, found.refused) == ({"Kol4": "company_name"}, [])


@pytest.mark.parametrize(
    ("operation", "why"),
    [
        ({"op": "core/column-removal", "columnName": "Stilling"}, "removes"),
        ({"op": "core/row-removal", "engineConfig": ENGINE}, "removes"),
        ({"op": "core/recon", "columnName": "Stilling"}, "reconciled"),
        ({"op": "core/row-star"}, "rows"),
        ({"op": "core/column-addition", "columnName": "Stilling"}, "columns"),
        ({"op": "core/multivalued-cell-split", "columnName": "Stilling"}, "rows"),
        ({"op": "core/fill-down", "columnName": "Stilling"}, "fills"),
        ({"op": "core/blank-down", "columnName": "Stilling"}, "empties"),
        ({"op": "wikibase/save-schema"}, "unknown"),
        ({"op": "core/mass-edit"}, "form"),
        ({"op": "core/mass-edit", "columnName": "Stilling", "edits": 7}, "form"),
        (edit("Stilling", "CEO", 7), "form"),
        (edit("Stilling", "", "x"), "empties"),
        (edit("Stilling", "\u00a0\u200b", "x"), "empties"),
        (edit("Stilling", None, "x"), "not_text"),
        (edit("Stilling", 7, "x"), "not_text"),
        (edit("Stilling", "2020-01-01", "x", type="date"), "not_text"),
        (edit("Stilling", "CEO", ""), "fills"),
        (edit("Stilling", "CEO", fromBlank=True), "fills"),
        (edit("Stilling", "CEO", fromError=True), "errors"),
        (edit("Stilling", "CEO", "x") | {"expression": "value.length()"}, "edit_expression"),
        (edit("Stilling", "CEO", "x") | {"engineConfig": {"facets": [{}]}}, "facets"),
        (edit("Helt ukendt", "CEO", "x"), "column"),
        (edit("Nej tak", "ja", "x"), "never"),
        (edit("Bemærkninger", "y", "x"), "never"),
        (transform("Stilling", "value.toNumber()"), "expression"),
        (transform("Stilling", "jython:return value"), "expression"),
        (transform("Stilling", "value.trim()", onError="set-to-blank"), "empties"),
        (transform("Stilling", 'value.replace("aa","a")'), "never_settles"),
        (rename("Kol4", "Noget nyt"), "new_name"),
        (rename("Kol4", ""), "form"),
    ],
)  # fmt: skip
def test_what_does_not_fit_is_told_with_its_place_and_why(
    operation: dict[str, Any], why: str
) -> None:
    fits = transform("Stilling", "value.trim()")
    assert whys(fits, operation, fits) == [(2, why)]


@pytest.mark.parametrize("history", [{}, "x", [7], [{}], [{"op": 7}], [{"op": "x"}] * 5001])
def test_what_is_no_history_is_refused_whole(history: object) -> None:
    with pytest.raises(ValueError, match="operations"):
        read(history, Kind.CONTACT, DEFAULT)


def test_edits_that_lead_on_for_ever_are_refused() -> None:
    assert said(edit("Stilling", "B", "A"), edit("Stilling", "C", "B")) == [
        ("title", 1, "edit"), ("title", 2, "edit"),
    ]  # fmt: skip
    assert (
        whys(
            edit("Stilling", "B", "A"),
            transform("Stilling", "value.toLowercase()"),
            edit("Stilling", "A", "b"),
        )
        == []
    )
    assert whys(edit("Stilling", "x", "A"), edit("Stilling", "A", "y"), edit("Stilling", "y", "x")) == [
        (1, "circle"), (2, "circle"), (3, "circle"),
    ]  # fmt: skip


@pytest.mark.parametrize(
    "expression",
    ["value.trim(", "((((", "value..trim()", "value.trim", "trim()", "value.replace('','x')",
     "value + 'x'", "cells['a'].value", "value.replace(/a/,'b')", "value.trim(7)", "'x'", "",
     "value.replace('a',/b/)", "trim(" * 500 + "value" + ")" * 500, "value" + ".trim()" * 2000],
)  # fmt: skip
def test_an_expression_is_read_whole_or_not_at_all(expression: str) -> None:
    with pytest.raises(NotRead):
        steps(expression, 1)


def test_an_expression_says_the_same_in_its_several_ways() -> None:
    assert steps(r"""replace(value.trim(), '\u0041"', "\"b\\")""", 4) == [
        Step(4, Do.TRIM), Step(4, Do.REPLACE, ('A"',), '"b\\'),
    ]  # fmt: skip
    assert steps("grel:strip(value)", 1) == steps("value.trim()", 1)


# --- they settle ------------------------------------------------------------------------------

FEW = st.text("ab", max_size=3)


@settings(max_examples=60)
@given(old=FEW, new=FEW, text=st.text("ab", max_size=12))
def test_a_replacement_is_let_through_only_if_twice_is_once(old: str, new: str, text: str) -> None:
    step = Step(1, Do.REPLACE, (old,), new)
    if old and settles(step):
        assert step.of(step.of(text)) == step.of(text)


ANY = st.text(max_size=20)
STEPS = st.lists(
    st.one_of(
        st.builds(Step, st.just(1), st.sampled_from([Do.TRIM, Do.COLLAPSE, Do.TITLECASE, Do.LOWERCASE, Do.UPPERCASE])),
        st.builds(lambda old, new: Step(2, Do.EDIT, (old,), new), ANY, ANY),
        st.builds(lambda old, new: Step(3, Do.REPLACE, (old,), new), st.text(min_size=1, max_size=3), FEW),
    ),
    max_size=4,
)  # fmt: skip


@settings(max_examples=40)
@given(some=STEPS, text=ANY)
def test_steps_and_rules_together_are_done_after_one_pass(some: list[Step], text: str) -> None:
    rules = (*RULES, Steps({Kind.CONTACT: {"title": tuple(some), "city": tuple(some)}}))
    values = {"title": text, "city": text, "postcode": ""}
    changes, _ = clean(Kind.CONTACT, values, rules=rules)
    after = {**values, **{change.field: change.new for change in changes}}
    assert clean(Kind.CONTACT, after, rules=rules)[0] == ()
    for change in changes:
        assert change.new or change.rule != RULE


def test_a_step_that_rules_undo_is_left_out_and_told() -> None:
    rules = (*RULES, Steps({Kind.CONTACT: {"title": (Step(1, Do.EDIT, ("CEO",), "Boss X"), Step(2, Do.EDIT, ("Boss X",), "adm. dir"), Step(3, Do.EDIT, ("Adm. direktør",), "CEO"))}}))  # fmt: skip
    changes, findings = clean(Kind.CONTACT, {"title": "CEO"}, rules=rules)
    assert changes == ()
    assert [(one.code, one.details["rule"]) for one in findings] == [("rule_not_idempotent", RULE)]


def test_a_cell_is_spelled_by_its_rule_all_the_same_and_says_which_steps_did_it() -> None:
    some = (Step(3, Do.EDIT, ("chefen",), "adm dir"), Step(4, Do.TRIM))
    rules = (*RULES, Steps({Kind.CONTACT: {"title": some}}))
    [change] = clean(Kind.CONTACT, {"title": "chefen"}, rules=rules)[0]
    assert (change.new, change.rule, change.details["steps"]) == ("Adm. direktør", RULE, "3")
    [change] = clean(Kind.CONTACT, {"title": "adm dir"}, rules=rules)[0]
    assert change.rule == "title", "what no step touched is the rule's own"
    for value in ("", None, ABSENT, "x" * 3000):
        assert not [
            c for c in clean(Kind.CONTACT, {"title": value}, rules=rules)[0] if c.rule == RULE
        ]
    cpr = {"title": "chefen", "city": "150385-1234 chefen"}
    both = (*RULES, Steps({Kind.CONTACT: {"city": (Step(1, Do.UPPERCASE),)}}))
    assert not [c for c in clean(Kind.CONTACT, cpr, rules=both)[0] if c.field == "city"]


def test_a_step_never_empties_a_cell() -> None:
    assert done((Step(1, Do.REPLACE, ("x",), ""), Step(2, Do.UPPERCASE)), "x") == ("X", (2,))
