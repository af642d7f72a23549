"""Names in the settings that only the catalogue and the table of rules can judge."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from rules.errors import UserError
from sync.settings.problems import Problem, dotted, nearest
from sync.settings.sources import File
from sync.texts import Texts


def misnamed(values: Mapping[str, Any], file: File, texts: Texts) -> Iterator[Problem]:
    """Overrides of the catalogue that it refuses, unknown fields of columns, unknown rules.

    `values` may be the file's own, unchecked, when it has other mistakes too.
    """
    yield from _wrong_fields(values, file, texts)
    yield from _wrong_columns(values, file)
    yield from _wrong_rules(values, file)


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


def _wrong_rules(values: Mapping[str, Any], file: File) -> Iterator[Problem]:
    """Names of rules that do not exist, in `rules.switch` and `rules.fields`."""
    from rules.hygiene import RULES

    known = {rule.name for rule in RULES}
    by_field = _table(values, "rules", "fields")
    named: list[tuple[str, ...]] = [
        ("rules", "switch", rule) for rule in _table(values, "rules", "switch")
    ]
    named += [
        ("rules", "fields", field, rule) for field in by_field for rule in _table(by_field, field)
    ]
    for key in named:
        if key[-1] not in known:
            near = nearest(key[-1], known)
            details = {"nearest": near} if near else {}
            yield Problem(file.where(key), dotted(key), "no_rule", details)


def _table(values: Any, *keys: str) -> Mapping[str, Any]:
    for key in keys:
        values = values.get(key) if isinstance(values, Mapping) else None
    return values if isinstance(values, Mapping) else {}
