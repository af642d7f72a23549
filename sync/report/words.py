"""Sentences and labels of the report, in both languages at once."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path

from rules.catalogue import DEFAULT, Catalogue
from rules.changes import Finding
from sync.output import moment, number, share
from sync.report.part import Detail, Said, Words
from sync.texts import LANGUAGES, Texts

_TEXTS = {lang: Texts(lang) for lang in LANGUAGES}


@dataclass(frozen=True, slots=True)
class Share:
    """An argument that is shown in per cent."""

    part: float
    decimals: int = 1


Argument = Words | Share | datetime | date | Path | str | int | float | None


def say(key: str, /, **details: object) -> Said:
    """The text of `key` in both languages, numbers and times as each writes them."""
    da, en = (_TEXTS[lang].get(key, **_spelt_all(details, lang)) for lang in LANGUAGES)
    kept = {name: _kept(value) for name, value in details.items()}
    return Said(key=key, details=kept, da=da, en=en)


def count(key: str, many: int, /, **details: object) -> Said:
    """`key.one` for 1, else `key.many`, with `{count}`."""
    return say(f"{key}.one" if many == 1 else f"{key}.many", count=many, **details)


def exists(key: str) -> bool:
    """Whether the text table has this key."""
    return _TEXTS["en"].find(key) is not None


def say_first(*keys: str, details: Mapping[str, object]) -> Said | None:
    """The first of `keys` that there is a text for."""
    return next((say(key, **details) for key in keys if exists(key)), None)


def found(finding: Finding, catalogue: Catalogue = DEFAULT) -> Said:
    """What a finding says, with the names of fields and days as people call them."""
    said = say(f"finding.{finding.code}", **_told(finding, catalogue))
    return said.model_copy(update={"details": dict(finding.details)})


def found_in(finding: Finding, catalogue: Catalogue, lang: str) -> str:
    """The same in one language, for lists that name every one."""
    told = _spelt_all(_told(finding, catalogue), lang)
    return _TEXTS[lang].get(f"finding.{finding.code}", **told)


def _told(finding: Finding, catalogue: Catalogue) -> dict[str, object]:
    told: dict[str, object] = dict(finding.details)
    if finding.field:
        told.setdefault("field", label(catalogue, finding.field))
    if "fields" in told:
        told["fields"] = _joined(finding.details["fields"], lambda one: label(catalogue, one))
    if "about" in told:
        told["about"] = _joined(finding.details["about"], lambda one: words(f"report.about.{one}"))
    for name in {"source", "other_source"} & told.keys():
        told[name] = words(f"report.source.{finding.details[name]}")
    if "verdict" in told:
        told["verdict"] = words(f"verdict.{finding.details['verdict']}")
    for name in {"count", "of"} & told.keys():
        told[name] = int(finding.details[name]) if finding.details[name].isdigit() else told[name]
    if "date" in told:
        told["date"] = date.fromisoformat(finding.details["date"])
    return told


def _joined(names: str, spelt: Callable[[str], Words]) -> Words:
    each = [spelt(name) for name in names.split(", ")]
    return Words(da=_listed([one.da for one in each]), en=_listed([one.en for one in each]))


def _listed(names: list[str]) -> str:
    return ("; " if any("," in name for name in names) else ", ").join(names)


def words(key: str) -> Words:
    """A label."""
    da, en = (_TEXTS[lang].get(key) for lang in LANGUAGES)
    return Words(da=da, en=en)


def label(catalogue: Catalogue, name: str) -> Words:
    """A field as people call it; a field that the catalogue does not know calls itself."""
    field = catalogue.get(name)
    return Words(da=field.da, en=field.en) if field else Words(da=name, en=name)


def _spelt_all(details: Mapping[str, object], lang: str) -> dict[str, object]:
    return {name: _spelt(value, lang) for name, value in details.items()}


def _spelt(value: object, lang: str) -> object:
    match value:
        case Words():
            return value.of(lang)
        case Share():
            return share(value.part, lang, value.decimals)
        case datetime():
            return moment(value, lang)
        case date():
            return value.strftime("%d.%m.%Y") if lang == "da" else value.isoformat()
        case bool():
            return value
        case int() | float():
            return number(value, lang)
        case _:
            return value


def _kept(value: object) -> Detail:
    match value:
        case Words():
            return value.en
        case Share():
            return round(value.part, 4)
        case datetime() | date():
            return value.isoformat()
        case str() | int() | float() | None:
            return value
        case _:
            return str(value)
