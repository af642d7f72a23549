"""Names in the settings that only the catalogue and the table of rules can judge."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from rules.errors import UserError
from sync.settings.problems import Problem, dotted, nearest
from sync.settings.sources import File
from sync.texts import Texts


def misnamed(values: Mapping[str, Any], file: File, texts: Texts) -> Iterator[Problem]:
    """Overrides of the catalogue that it refuses, unknown fields of columns, wrong switches.

    `values` may be the file's own, unchecked, when it has other mistakes too.
    """
    yield from _wrong_fields(values, file, texts)
    yield from _wrong_columns(values, file)
    yield from _wrong_switches(values, file)
    yield from _wrong_codes(values, file)


def _wrong_fields(values: Mapping[str, Any], file: File, texts: Texts) -> Iterator[Problem]:
    from rules.catalogue import DEFAULT, extend

    for name, override in _table(values, "fields").items():
        try:
            extend(DEFAULT, {name: override})
        except UserError as error:
            wrong = str(error.details.get("key") or "")
            key = ("fields", name, wrong) if wrong else ("fields", name)
            text, remedy = texts.of_error(error)
            details = {"text": text.rstrip("."), "remedy": remedy or "sync fields"}
            yield Problem(file.where(key), dotted(key), "field", details)


def _wrong_columns(values: Mapping[str, Any], file: File) -> Iterator[Problem]:
    from rules.catalogue import DEFAULT
    from rules.headers import ID

    known = {ID, *(field.name for field in DEFAULT), *_table(values, "fields")}
    for name, one in _table(values, "files", "named").items():
        for column, canonical in _table(one, "columns").items():
            if canonical and canonical not in known:
                key = ("files", "named", name, "columns", column)
                near = nearest(str(canonical), known)
                details = {"nearest": near} if near else {}
                yield Problem(file.where(key), dotted(key), "no_field", details)


def _wrong_switches(values: Mapping[str, Any], file: File) -> Iterator[Problem]:
    """Rules, fields and systems that do not exist, and rules that never touch a field."""
    from connectors.registry import SYSTEMS

    touched = _touched(_table(values, "fields"))
    yield from _switches(("rules",), _table(values, "rules"), touched, file)
    for system, said in _table(values, "rules", "systems").items():
        key = ("rules", "systems", system)
        if system in SYSTEMS:
            yield from _switches(key, said, touched, file)
        else:
            yield _unknown(key, "no_system", SYSTEMS, file)


def _touched(own: Mapping[str, Any]) -> dict[str, set[str]]:
    """Rule -> the fields that it touches, those that the settings add among them."""
    from rules import others
    from rules.catalogue import DEFAULT, extend
    from rules.enrichment import policy
    from rules.errors import UserError
    from rules.hygiene import rules_of
    from rules.records import Kind
    from rules.refine import steps
    from rules.refine.histories import may_step

    try:
        catalogue = extend(DEFAULT, own)
    except UserError:  # a wrong field is refused elsewhere, with a reason of its own
        catalogue = DEFAULT
    rules = rules_of(catalogue)
    touched = {rule.name: {*rule.fields, *rule.moves} for rule in rules}
    return touched | {
        others.RULE: set().union(*(others.may_fill(catalogue, k) for k in Kind)),
        policy.RULE: set().union(*(policy.may_write(catalogue, k) for k in Kind)),
        steps.RULE: {field.name for field in catalogue if may_step(field)},
    }


def _switches(
    at: tuple[str, ...], said: Any, touched: Mapping[str, set[str]], file: File
) -> Iterator[Problem]:
    fields = {name for names in touched.values() for name in names}
    for rule in _table(said, "switch"):
        if rule not in touched:
            yield _unknown((*at, "switch", rule), "no_rule", touched, file)
    for name, rules in _table(said, "fields").items():
        if name not in fields:
            yield _unknown((*at, "fields", name), "no_switched_field", fields, file)
            continue
        for rule in _table(rules):
            key = (*at, "fields", name, rule)
            if rule not in touched:
                yield _unknown(key, "no_rule", touched, file)
            elif name not in touched[rule]:
                yield Problem(file.where(key), dotted(key), "not_touched", {"rule": rule})


def _wrong_codes(values: Mapping[str, Any], file: File) -> Iterator[Problem]:
    """Codes of findings that there are none of."""
    named = [
        ("duties", key, code)
        for key in ("days", "owners")
        for code in _table(values, "duties", key)
    ]
    if named:
        from sync.codes import codes

        known = codes()
        yield from (
            _unknown(key, "no_finding", known, file) for key in named if key[-1] not in known
        )


def _unknown(key: tuple[str, ...], kind: str, known: Iterable[str], file: File) -> Problem:
    near = nearest(key[-1], known)
    details = {"nearest": near} if near else {"known": ", ".join(sorted(known))}
    return Problem(file.where(key), dotted(key), kind, details)


def _table(values: Any, *keys: str) -> Mapping[str, Any]:
    for key in keys:
        values = values.get(key) if isinstance(values, Mapping) else None
    return values if isinstance(values, Mapping) else {}
