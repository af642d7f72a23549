"""Hygiene: which format runs on which field, in what order, and what may come of it.

Not the formats themselves (`rules.formats`), and not the decision whether a change is made
(`rules.trust`, the guard). Here a cell meets the rest of its record: what was found in it and
belongs elsewhere moves only into a field that is mapped and empty, so that nothing is ever lost;
otherwise the cell stays and a person hears of it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from hashlib import blake2b
from importlib.metadata import PackageNotFoundError, version
from typing import Final, NamedTuple

from rules import tables
from rules.changes import Change, Finding, Severity
from rules.formats import cpr, cvr, email, names, phone, web
from rules.formats.cells import quoted, trimmed
from rules.formats.formatted import Formatted
from rules.formats.regions import region_of
from rules.records import ABSENT, Kind, Value

SOURCE: Final = "hygiene"
CLEANED: Final = frozenset(Kind) - {Kind.OPT_OUT}
"""Kinds that are cleaned. A row of an opt-out list is evidence and stays as it came."""


@dataclass(frozen=True, slots=True, eq=False)
class Rule:
    """One format on some fields.

    `format` is called with the cell's text, and with the record's region when `regional`.
    `settled` is its quick look: True means that `format` would neither change nor report.
    `version` rises whenever the same cell may come out differently; `tables` and `libraries` are
    what the outcome depends on besides.
    """

    name: str
    fields: tuple[str, ...]
    format: Callable[..., Formatted]
    settled: Callable[[str], bool]
    version: int
    kinds: frozenset[Kind] = CLEANED
    regional: bool = False
    tables: tuple[str, ...] = ()
    libraries: tuple[str, ...] = ()


PHONE_FIELDS: Final = ("direct_phone", "main_phone", "other_phone", "called_number", "shown_number")

_NAME_TABLES = (
    "first_names", "name_capitals", "name_particles", "name_titles", "not_persons", "surnames",
)  # fmt: skip

RULES: Final[tuple[Rule, ...]] = (
    Rule(
        "cvr",
        ("cvr",),
        cvr.cached,
        cvr.settled,
        cvr.VERSION,
        tables=("placeholders", "placeholder_numbers"),
    ),
    Rule(
        "company_name",
        ("company_name",),
        names.company_name,
        names.settled_company,
        names.VERSION,
        tables=("placeholders", "legal_forms", "company_tails", "not_companies"),
    ),
    Rule(
        "full_name",
        ("full_name",),
        names.person_name,
        names.settled,
        names.VERSION,
        tables=("placeholders", *_NAME_TABLES),
    ),
    Rule(
        "first_name",
        ("first_name",),
        names.cached_first,
        names.settled,
        names.VERSION,
        tables=("placeholders", *_NAME_TABLES),
    ),
    Rule(
        "last_name",
        ("last_name",),
        names.cached_last,
        names.settled,
        names.VERSION,
        tables=("placeholders", *_NAME_TABLES),
    ),
    Rule(
        "phone",
        PHONE_FIELDS,
        phone.phone,
        phone.settled,
        phone.VERSION,
        regional=True,
        tables=("placeholders", "placeholder_numbers", "phone_words", "regions"),
        libraries=("phonenumbers",),
    ),
    Rule(
        "email",
        ("email",),
        email.email,
        email.settled,
        email.VERSION,
        tables=("placeholders", "shared_domains"),
        libraries=("email-validator", "tldextract"),
    ),
    Rule(
        "website",
        ("website",),
        web.website,
        web.settled,
        web.VERSION,
        tables=("placeholders", "shared_domains"),
        libraries=("tldextract",),
    ),
    Rule(
        "root_domain",
        ("root_domain",),
        web.domain,
        web.settled_domain,
        web.VERSION,
        tables=("placeholders", "shared_domains"),
        libraries=("tldextract",),
    ),
)
"""In this order. What one rule puts into an empty field is not cleaned again in the same pass."""

_NO_PLACE: Final = {
    "phone_extension": "phone_extension",
    "other_phone": "phone_two_numbers",
    "email": "phone_holds_email",
    "full_name": "email_display_name",
    "title": "name_with_title",
}
"""The finding when what was found in a cell has nowhere to go, by the field it belongs in."""


class _Step(NamedTuple):
    field: str
    settled: Callable[[str], bool]
    rule: Rule


class _Plan(NamedTuple):
    """What to do with records that have the same fields mapped."""

    steps: tuple[_Step, ...]
    rule_of: Mapping[str, Rule]
    fills_root: bool


@dataclass(slots=True)
class _Desk:
    """One record on the table: what was decided about it so far."""

    values: Mapping[str, Value]
    rule_of: Mapping[str, Rule]
    region: str
    changes: list[Change] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)
    filled: dict[str, str] = field(default_factory=dict)


@lru_cache(maxsize=256)
def _plan(kind: Kind, fields: tuple[str, ...], rules: tuple[Rule, ...]) -> _Plan:
    mapped = set(fields)
    steps = tuple(
        _Step(name, rule.settled, rule)
        for rule in rules
        if kind in rule.kinds
        for name in rule.fields
        if name in mapped
    )
    rule_of = {step.field: step.rule for step in steps}
    return _Plan(steps, rule_of, {"root_domain", "website"} <= rule_of.keys())


def clean(
    kind: Kind,
    values: Mapping[str, Value],
    *,
    rules: Sequence[Rule] = RULES,
    region: str = "DK",
) -> tuple[tuple[Change, ...], tuple[Finding, ...]]:
    """What hygiene would change in a record, and what a person should know about it.

    `values` are the mapped fields with their raw text; `region` is the country of phone numbers
    without country code where the record names none. Opt-out rows are never changed. Pure; the
    same record gives the same answer, and the record after its changes gives none.
    """
    if kind is Kind.OPT_OUT:
        return (), ()
    plan = _plan(kind, tuple(values), rules if rules.__class__ is tuple else tuple(rules))
    private = _private(values, region)
    country = values.get("country")
    if country and country is not ABSENT:
        region = region_of(country, region)
    desk = _Desk(values, plan.rule_of, region)
    if private:
        desk.findings.extend(private.values())
    for name, settled, rule in plan.steps:
        text = values[name]
        if not text or text is ABSENT or settled(text) or name in private:
            continue
        _treat(desk, name, text, rule)
    _across(desk, private)
    if plan.fills_root and "website" not in private:
        _fill_root(desk)
    return tuple(desk.changes), tuple(desk.findings)


def _private(values: Mapping[str, Value], region: str) -> Mapping[str, Finding]:
    """Fields with a CPR number, which no rule touches: their text must not enter our store."""
    texts = [text for text in values.values() if text.__class__ is str]
    if not cpr.LOOK("\n".join(texts)):
        return _NONE
    return dict(_private_fields(values, region))


_NONE: Final[Mapping[str, Finding]] = {}


def _private_fields(values: Mapping[str, Value], region: str) -> Iterator[tuple[str, Finding]]:
    for name, text in values.items():
        if not isinstance(text, str) or not cpr.holds(text):
            continue
        if not cpr.holds(text, undashed=False):
            # Ten digits on end: a branch's P-number, or a phone number from abroad.
            if name == "p_number" and trimmed(text).startswith("1"):
                continue
            if name in PHONE_FIELDS and phone.phone(text, region).value != text:
                continue
        details = {"text": quoted(cpr.masked(text))}
        yield name, Finding("cpr_number", Severity.ERROR, name, details)


def _treat(desk: _Desk, name: str, text: str, rule: Rule) -> None:
    """One cell through one rule."""
    formatted = rule.format(text, desk.region) if rule.regional else rule.format(text)
    for issue in formatted.issues:
        desk.findings.append(Finding(issue.code, issue.severity, name, issue.details))
    new = formatted.value
    if new == text:
        return
    if new is not None and not rule.settled(new) and not _is_stable(new, rule, desk.region):
        details = {"text": quoted(text), "rule": rule.name}
        desk.findings.append(Finding("rule_not_idempotent", Severity.ERROR, name, details))
        return
    details: Mapping[str, str] = formatted.details
    if formatted.spill:
        placed = _place(desk, name, text, formatted, rule)
        if placed is None:
            return
        details = {**details, **placed}
    desk.changes.append(Change(name, text, new, rule.name, SOURCE, formatted.reason, details))


def _is_stable(new: str, rule: Rule, region: str) -> bool:
    """Whether the rule leaves its own work alone (promise 5)."""
    again = rule.format(new, region) if rule.regional else rule.format(new)
    return again.value == new


def _place(
    desk: _Desk, name: str, text: str, formatted: Formatted, rule: Rule
) -> Mapping[str, str] | None:
    """Find a place for what the cell held besides; None when there is none (then a finding).

    The details say which change this one `needs`: nobody may make it without the other.
    """
    needed: list[Change] = []
    for target, value in formatted.spill.items():
        if _stands_already(desk, target, value):
            continue
        old = desk.values.get(target, ABSENT)
        if target == name or old is ABSENT or target in desk.filled or (old and trimmed(old)):
            details = {"text": quoted(text), "value": quoted(value)}
            desk.findings.append(Finding(_NO_PLACE[target], Severity.WARNING, name, details))
            return None
        reason = f"reason.moved.{target}"
        needed.append(Change(target, old, value, rule.name, SOURCE, reason, {"from": name}))
    desk.changes.extend(needed)
    desk.filled.update((change.field, str(change.new)) for change in needed)
    return {"needs": needed[0].field} if needed else {}


def _stands_already(desk: _Desk, target: str, value: str) -> bool:
    """Whether the field that `value` belongs in holds it already."""
    if desk.filled.get(target) == value:
        return True
    there = desk.values.get(target)
    if not there or there is ABSENT:
        return False
    rule = desk.rule_of.get(target)
    if rule is None:
        return trimmed(there).casefold() == value.casefold()
    wanted = rule.format(value, desk.region) if rule.regional else rule.format(value)
    stands = rule.format(there, desk.region) if rule.regional else rule.format(there)
    return bool(stands.value) and stands.value == wanted.value and not stands.spill


def _across(desk: _Desk, private: Mapping[str, Finding]) -> None:
    """A CVR number in a phone field, and a phone number in the CVR field.

    Both are eight digits, and neither look nor check digit tells them apart: the same digits in
    both fields are the second signal. Nothing is moved.
    """
    text = desk.values.get("cvr")
    if not text or text is ABSENT or "cvr" in private:
        return
    digits = text if len(text) == 8 else cvr.cached(text).value or ""
    if len(digits) != 8 or not digits.isascii() or not digits.isdecimal():
        return
    for name in PHONE_FIELDS:
        cell = desk.values.get(name)
        if not cell or cell is ABSENT or name in private or not _same_digits(cell, digits):
            continue
        if cvr.passes(digits):
            desk.changes[:] = [change for change in desk.changes if change.field != name]
            desk.findings.append(
                Finding("phone_is_own_cvr", Severity.WARNING, name, {"text": digits})
            )
        else:
            details = {"text": digits, "field": name}
            desk.findings.append(Finding("cvr_is_phone", Severity.WARNING, "cvr", details))


def _same_digits(cell: str, digits: str) -> bool:
    """Whether a phone cell is the eight `digits`, with or without the Danish country code."""
    if cell[-2:] != digits[-2:] and cell[-1:].isdecimal():
        return cell[-1:] == digits[-1:] and _bare(cell) == digits
    return _bare(cell) == digits


def _bare(cell: str) -> str:
    kept = "".join(char for char in cell if char.isdecimal() and char.isascii())
    return kept[-8:] if kept[:-8] in {"", "45", "0045"} else ""


def _fill_root(desk: _Desk) -> None:
    """The root domain beside a web address (R8), where the field is mapped and empty."""
    old, site = desk.values["root_domain"], desk.values["website"]
    if old is ABSENT or (old and trimmed(old)) or not site or site is ABSENT:
        return
    root = web.root_domain(site)
    if root and web.identifies_company(root) and not web.website(site).issues:
        desk.changes.append(
            Change("root_domain", old, root, "root_domain", SOURCE, "reason.website.root")
        )


@lru_cache(maxsize=64)
def _fingerprint(kind: Kind, rules: tuple[Rule, ...]) -> str:
    parts = []
    for rule in rules:
        if kind in rule.kinds:
            parts += [rule.name, str(rule.version), *rule.fields]
            parts += [tables.digest(name) for name in rule.tables]
            parts += [f"{name} {_release(name)}" for name in rule.libraries]
    return blake2b("\n".join(parts).encode(), digest_size=16).hexdigest()


def fingerprint(kind: Kind, rules: Sequence[Rule] = RULES) -> str:
    """A hash of all that the rules' outcome on this kind depends on: 32 hexadecimal digits.

    Names, versions and fields of the rules, their tables, and the releases of the libraries they
    ask. A record decided under another fingerprint is decided again.
    """
    return _fingerprint(kind, tuple(rules))


def _release(library: str) -> str:
    try:
        return version(library)
    except PackageNotFoundError:
        return ""
