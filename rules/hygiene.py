"""Hygiene: which format runs on which field, in what order, and what may come of it.

Not the formats themselves (`rules.formats`), and not the decision whether a change is made
(`rules.trust`, the guard). Here a cell meets the rest of its record: what was found in it and
belongs elsewhere moves only into a field that is mapped and empty, so that nothing is ever lost;
otherwise the cell stays and a person hears of it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Container, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Final, NamedTuple

from rules.catalogue import FIELDS, Field
from rules.cell_rules import CELL_RULES, Rule
from rules.changes import Change, Finding, Severity, respelled
from rules.fills import FILLS, Fill, filled
from rules.formats.cells import Guess, quoted, trimmed
from rules.formats.check_digits import passes
from rules.formats.formatted import Formatted
from rules.formats.regions import region_of
from rules.list_rules import list_rules, title_fills, within_lists
from rules.private import PHONE_FIELDS, cpr_fields
from rules.records import ABSENT, Kind, Value
from rules.refine.steps import Step, Steps, stepped

SOURCE: Final = "hygiene"

Row = Rule | Fill | Steps
"""What settings switch: a rule that reads a cell, one that derives a field from others, or the steps
that somebody made in OpenRefine, through which a cell goes before any rule reads it."""


def rules_of(fields: Iterable[Field]) -> tuple[Row, ...]:
    """The rows for a catalogue's `fields`: settings change its lists, and add some."""
    known = tuple(fields)
    taken = frozenset(name for rule in CELL_RULES for name in rule.fields)
    return (
        *CELL_RULES,
        *list_rules(known, taken),
        *within_lists(FILLS, known),
        *title_fills(known),
    )


RULES: Final[tuple[Row, ...]] = rules_of(FIELDS)
"""In this order: rows that read cells (`rules.cell_rules`, `rules.list_rules`), then derived fields."""

_NO_PLACE: Final = {
    "phone_extension": "phone_extension",
    "other_phone": "phone_two_numbers",
    "email": "phone_holds_email",
    "cvr": "phone_holds_cvr",
    "full_name": "email_display_name",
    "title": "name_with_title",
    "industry_label": "industry_code_with_label",
    "industry_scheme": "industry_code_with_scheme",
    "postcode": "postcode_no_place",
    "city": "town_no_place",
    "country": "country_no_place",
}
"""The finding when what was found in a cell has nowhere to go, by the field it belongs in."""


class _Step(NamedTuple):
    field: str
    settled: Callable[[str], bool]
    usual: Callable[..., Guess | None] | None
    unsettled: Callable[..., Formatted]
    regional: bool
    rule: Rule


class _Plan(NamedTuple):
    """What to do with records that have the same fields mapped."""

    steps: tuple[_Step, ...]
    rule_of: Mapping[str, Rule]
    phones: tuple[str, ...]
    """Phone fields to be held against the record's CVR number."""
    fills: tuple[Fill, ...]
    steps_first: Mapping[str, tuple[Step, ...]]
    """What cells go through first."""
    closed: frozenset[str]
    """Fields that nobody can write: what is found there is said, and stays."""


@dataclass(slots=True)
class _Desk:
    """One record on the table: what was decided about it so far."""

    values: Mapping[str, Value]
    rule_of: Mapping[str, Rule]
    region: str
    changes: list[Change]
    findings: list[Finding]
    closed: frozenset[str]

    def filled(self, name: str) -> str | None:
        """What was put into an empty field a moment ago."""
        return next((change.new for change in self.changes if change.field == name), None)


@lru_cache(maxsize=256)
def _plan(kind: Kind, fields: tuple[str, ...], rules: tuple[Row, ...]) -> _Plan:
    mapped = set(fields)
    steps = tuple(
        _step(name, rule)
        for rule in rules
        if isinstance(rule, Rule) and kind in rule.kinds
        for name in rule.fields
        if name in mapped
    )
    fills = tuple(row for row in rules if isinstance(row, Fill) and row.concerns(kind, mapped))
    rule_of = {step.field: step.rule for step in steps}
    phones = tuple(name for name in PHONE_FIELDS if name in rule_of) if "cvr" in mapped else ()
    first = {
        name: some
        for row in rules
        if isinstance(row, Steps)
        for name, some in row.steps(kind).items()
        if name in mapped
    }
    closed = frozenset(step.field for step in steps if step.field in step.rule.closed)
    return _Plan(steps, rule_of, phones, fills, first, closed)


def _step(name: str, rule: Rule) -> _Step:
    own = rule.on(name)
    if name in own.closed:
        # Nothing leaves a cell that stays as it is.
        own = replace(own, usual=None, moves=())
    return _Step(name, own.settled, own.usual, own.unsettled, own.regional, own)


_latest: list[tuple[object, Kind, tuple[str, ...], _Plan]] = []


def _planned(kind: Kind, fields: tuple[str, ...], rules: Sequence[Row]) -> _Plan:
    """The plan, from memory when it is the one asked for last: so it is for all rows of a list,
    and comparing is cheaper than the hash of all rules."""
    for its_rules, its_kind, its_fields, plan in _latest:
        if its_rules is rules and its_kind is kind and its_fields == fields:
            return plan
    plan = _plan(kind, fields, tuple(rules))
    if rules.__class__ is tuple:
        _latest[:] = [(rules, kind, fields, plan)]
    return plan


def clean(
    kind: Kind,
    values: Mapping[str, Value],
    *,
    rules: Sequence[Row] = RULES,
    region: str = "DK",
) -> tuple[tuple[Change, ...], tuple[Finding, ...]]:
    """What hygiene would change in a record, and what a person should know about it.

    `values` are the mapped fields with their raw text; `region` is the country of phone numbers
    without country code where the record names none. Opt-out rows are never changed. Pure; the
    same record gives the same answer, and the record after its changes gives none.
    """
    if kind is Kind.OPT_OUT:
        return (), ()
    plan = _planned(kind, tuple(values), rules)
    country = values.get("country")
    if country and country is not ABSENT and country != region:
        region = region_of(country, region)
    if plan.steps_first:
        private = cpr_fields(values, region) or {}
        return stepped(plan.steps_first, values, private, lambda some: _cleaned(plan, some, region))
    return _cleaned(plan, values, region)


def _cleaned(
    plan: _Plan, values: Mapping[str, Value], region: str
) -> tuple[tuple[Change, ...], tuple[Finding, ...]]:
    """What the formats and the derived fields say."""
    private = cpr_fields(values, region)
    told = list(private.values()) if private else []
    desk = _Desk(values, plan.rule_of, region, [], told, plan.closed)
    _read_cells(desk, plan.steps, private)
    if plan.phones and "cvr" not in private:
        _hold_against_cvr(desk, plan.phones, private)
    if plan.fills:
        _fill(desk, plan.fills, private)
    return tuple(desk.changes), tuple(desk.findings)


def _read_cells(desk: _Desk, steps: tuple[_Step, ...], private: Container[str]) -> None:
    """Every rule on its fields. Runs for every cell there is, so what is usual comes first."""
    values, region, changes, findings = desk.values, desk.region, desk.changes, desk.findings
    closed = desk.closed
    for name, settled, usual, unsettled, regional, rule in steps:
        text = values[name]
        if not text or text is ABSENT or settled(text) or name in private:
            continue
        if usual is not None:
            guess = usual(text, region) if regional else usual(text)
            # What the rule calls settled it leaves alone: no loop can come of it (promise 5).
            if guess is not None and settled(guess[0]):
                changes.append(respelled(name, text, guess[0], rule.name, SOURCE, guess[1]))
                continue
        formatted = unsettled(text, region) if regional else unsettled(text)
        for code, severity, details in formatted.issues:
            findings.append(Finding(code, severity, name, details))
        new = formatted.value
        if new == text:
            continue
        if new is None or formatted.spill or name in closed or not settled(new):
            _carefully(desk, name, text, formatted, rule)
            continue
        changes.append(
            Change(name, text, new, rule.name, SOURCE, formatted.reason, formatted.details)
        )


def _carefully(desk: _Desk, name: str, text: str, formatted: Formatted, rule: Rule) -> None:
    """A change that is more than a new spelling: checked twice, in need of another field, or one that
    nobody can make."""
    if name in desk.closed:
        _place(desk, name, text, formatted, rule)
        return
    new = formatted.value
    if new is not None and rule.read(new, desk.region).value != new:
        # The rule does not leave its own work alone: a loop in the making (promise 5).
        unsettled = {"text": quoted(text), "rule": rule.name}
        desk.findings.append(Finding("rule_not_idempotent", Severity.ERROR, name, unsettled))
        return
    details = formatted.details
    if formatted.spill:
        placed = _place(desk, name, text, formatted, rule)
        if placed is None:
            return
        details = {**details, **placed}
    desk.changes.append(Change(name, text, new, rule.name, SOURCE, formatted.reason, details))


def _place(
    desk: _Desk, name: str, text: str, formatted: Formatted, rule: Rule
) -> Mapping[str, str] | None:
    """Find a place for what the cell held besides; None when there is none (then a finding).

    The details say which changes this one `needs`, by their fields: nobody may make it without.
    """
    needed: list[Change] = []
    for target, value in formatted.spill.items():
        if _stands_already(desk, target, value):
            continue
        old = desk.values.get(target, ABSENT) if target in rule.moves else ABSENT
        if target == name or old is ABSENT or desk.filled(target) or (old and trimmed(old)):
            details = {"text": quoted(text), "value": quoted(value)}
            desk.findings.append(Finding(_NO_PLACE[target], Severity.WARNING, name, details))
            return None
        own = desk.rule_of.get(target)
        new = (own.read(value, desk.region).value if own else None) or value
        reason = f"reason.moved.{target}"
        needed.append(Change(target, old, new, rule.name, SOURCE, reason, {"from": name}))
    desk.changes.extend(needed)
    return {"needs": " ".join(change.field for change in needed)} if needed else {}


def _stands_already(desk: _Desk, target: str, value: str) -> bool:
    """Whether the field that `value` belongs in holds it already."""
    if desk.filled(target) == value:
        return True
    there = desk.values.get(target)
    if not there or there is ABSENT:
        return False
    rule = desk.rule_of.get(target)
    if rule is None:
        return trimmed(there).casefold() == value.casefold()
    wanted, stands = rule.read(value, desk.region), rule.read(there, desk.region)
    return bool(stands.value) and stands.value == wanted.value and not stands.spill


def _hold_against_cvr(desk: _Desk, phones: tuple[str, ...], private: Mapping[str, Finding]) -> None:
    """A CVR number in a phone field, or a phone number in the CVR field.

    Both are eight digits, and neither look nor check digit tells them apart: the same digits in
    both fields are the second signal. Nothing is moved.
    """
    own = desk.values["cvr"]
    if not own or own is ABSENT:
        return
    last = own[-1]
    for name in phones:
        cell = desk.values[name]
        # Nine times in ten the last digits differ, and that is that.
        if not cell or cell is ABSENT or (cell[-1] != last and (cell[-1:] + last).isdecimal()):
            continue
        digits = _eight_digits(own)
        if digits and name not in private and _eight_digits(cell) == digits:
            _same_digits(desk, name, digits)


def _same_digits(desk: _Desk, name: str, digits: str) -> None:
    if passes(digits):
        desk.changes[:] = [change for change in desk.changes if change.field != name]
        details = {"text": digits}
        desk.findings.append(Finding("phone_is_own_cvr", Severity.WARNING, name, details))
    elif "cvr" in desk.rule_of:
        details = {"text": digits, "field": name}
        desk.findings.append(Finding("cvr_is_phone", Severity.WARNING, "cvr", details))


_NOT_DIGIT = re.compile(r"\D", re.ASCII)


def _eight_digits(cell: str) -> str:
    """The eight digits of a cell, with or without the Danish country code; empty: other digits."""
    digits = _NOT_DIGIT.sub("", cell)
    return digits[-8:] if len(digits) >= 8 and digits[:-8] in {"", "45", "0045"} else ""


def _fill(desk: _Desk, fills: tuple[Fill, ...], private: Mapping[str, Finding]) -> None:
    """What the derived fields come to: after all rules, and held against the target's own rule."""
    for row, change, findings in filled(fills, desk.values, desk.changes, private, desk.region):
        desk.findings.extend(findings)
        if change is None:
            continue
        rule = desk.rule_of.get(row.target)
        if rule and change.new and rule.read(change.new, desk.region).value != change.new:
            details = {"text": quoted(change.new), "rule": row.name}
            desk.findings.append(
                Finding("rule_not_idempotent", Severity.ERROR, row.target, details)
            )
            continue
        desk.changes.append(change)
