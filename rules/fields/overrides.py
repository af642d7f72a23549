"""How settings change a row of the catalogue or add one: each key checked, each refusal explained.

A refusal is a `UserError` with the text key `error.field.<what>` and the details `field`, `key`,
`value` and `allowed`; whoever read the settings adds file and line.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import replace
from typing import Any, Final

from rules.errors import UserError
from rules.fields.field import (
    OWNERS,
    SOURCES,
    Choice,
    Dispute,
    Enrich,
    Field,
    Layer,
    Moment,
    Role,
    Type,
)
from rules.records import Kind

_NAME = re.compile(r"[a-z][a-z0-9_]{0,59}\Z")
_LISTED: Final = frozenset({Type.PICKLIST, Type.INTERVAL})
# What the rules themselves lean on cannot be switched off or declared impersonal.
_NEEDED_ROLES: Final = frozenset({Role.OPT_OUT, Role.CONSENT, Role.EVIDENCE, Role.REGISTER})
_NEEDED_NAMES: Final = frozenset(
    {"company_name", "cvr", "email", "direct_phone", "main_phone", "channel", "called_number"}
)

Setting = Callable[[Field, object, "Context"], Field]
Context = Collection[str]
"""The names of the systems in the settings: they are sources too."""


def refusal(what: str, field: str, key: str, value: object, allowed: Iterable[str]) -> UserError:
    """The error of one wrong setting of one field."""
    return UserError(
        f"error.field.{what}",
        field=field,
        key=key,
        value=str(value),
        allowed=", ".join(allowed),
    )


def nearest(name: str, known: Iterable[str], count: int = 3) -> tuple[str, ...]:
    """The known names that look most like `name`, the likeliest first; at most `count`."""
    return tuple(difflib.get_close_matches(name, sorted(known), n=count, cutoff=0.5))


def changed(row: Field, settings: Mapping[str, object], systems: Context = ()) -> Field | None:
    """The row with its settings applied; None when they take it out of use (`in_use = false`)."""
    for key, value in settings.items():
        if key == "in_use":
            if _in_use(row, value):
                continue
            return None
        setting = _SETTINGS.get(key)
        if setting is None:
            fixed = key in _NEW_ONLY
            allowed = (*_SETTINGS, "in_use")
            raise refusal("fixed" if fixed else "unknown_key", row.name, key, value, allowed)
        row = setting(row, value, systems)
    return row


def added(
    name: str, settings: Mapping[str, object], known: Collection[str], systems: Context = ()
) -> Field:
    """A row that the catalogue did not have: `type`, `kinds`, `da` and `en` are needed."""
    if "type" not in settings:
        raise refusal("unknown", name, "type", "", nearest(name, known) or sorted(known))
    if not _NAME.match(name):
        raise refusal("name", name, "", name, ("a-z", "0-9", "_"))
    missing = [key for key in _REQUIRED if key not in settings]
    if missing:
        raise refusal("incomplete", name, missing[0], "", _REQUIRED)
    kind_names = _words(name, "kinds", settings["kinds"], [kind.value for kind in Kind])
    kinds = frozenset(map(Kind, kind_names))
    type_ = Type(_one(name, "type", settings["type"], [type_.value for type_ in Type]))
    row = Field(
        name=name,
        layer=_layer(kinds),
        kinds=kinds,
        home=kinds,
        type=type_,
        format=f"format.{_FORMATS.get(type_, type_.value)}",
        da="",
        en="",
        owner="sales",
        sources=("crm", "list"),
        requirement="",
        validator=_VALIDATORS.get(type_, ""),
        # Nobody has said that it is not.
        personal=True,
    )
    rest = {key: value for key, value in settings.items() if key not in _NEW_ONLY}
    if "personal" in rest:
        row = replace(row, personal=_bool(name, "personal", rest.pop("personal")))
    return changed(row, rest, systems) or row


_REQUIRED: Final = ("type", "kinds", "da", "en")
_NEW_ONLY: Final = ("type", "kinds")
_FORMATS: Final = {Type.PICKLIST: "choice", Type.REF: "ref", Type.CODE: "text"}
_VALIDATORS: Final = {
    Type.PHONE: "phone",
    Type.EMAIL: "email",
    Type.CVR: "cvr",
    Type.URL: "website",
    Type.DOMAIN: "domain",
}


def _layer(kinds: frozenset[Kind]) -> Layer:
    if kinds <= {Kind.COMPANY}:
        return Layer.COMPANY
    if kinds <= {Kind.COMPANY, Kind.CONTACT, Kind.LEAD}:
        return Layer.CONTACT
    return Layer.INTERACTION


def _in_use(row: Field, value: object) -> bool:
    wanted = _bool(row.name, "in_use", value)
    if not wanted and (row.role in _NEEDED_ROLES or row.name in _NEEDED_NAMES):
        raise refusal("needed", row.name, "in_use", value, ("true",))
    return wanted


def _label(key: str) -> Setting:
    def setting(row: Field, value: object, _: Context) -> Field:
        text = value.strip() if isinstance(value, str) else ""
        if not text:
            raise refusal("wrong_value", row.name, key, value, ('"…"',))
        change: dict[str, Any] = {key: text}
        return replace(row, **change)

    return setting


def _owner(row: Field, value: object, _: Context) -> Field:
    return replace(row, owner=_one(row.name, "owner", value, OWNERS))


def _sources(row: Field, value: object, systems: Context) -> Field:
    allowed = (*SOURCES, *sorted(set(systems) - set(SOURCES)))
    sources = _words(row.name, "sources", value, allowed)
    if len(set(sources)) != len(sources):
        raise refusal("twice", row.name, "sources", value, allowed)
    return replace(row, sources=sources)


def _mandatory_at(row: Field, value: object, _: Context) -> Field:
    allowed = [moment.value for moment in Moment]
    words = () if value == [] else _words(row.name, "mandatory_at", value, allowed)
    return replace(row, mandatory_at=frozenset(map(Moment, words)))


def _max_age_days(row: Field, value: object, _: Context) -> Field:
    if value is False:
        return replace(row, max_age_days=None)
    if isinstance(value, bool) or not isinstance(value, int) or not 1 <= value <= 36_500:
        raise refusal("wrong_value", row.name, "max_age_days", value, ("1-36500", "false"))
    return replace(row, max_age_days=value)


def _enrich(row: Field, value: object, _: Context) -> Field:
    return replace(row, enrich=Enrich(_one(row.name, "enrich", value, list(Enrich))))


def _dispute(row: Field, value: object, _: Context) -> Field:
    return replace(row, dispute=Dispute(_one(row.name, "dispute", value, list(Dispute))))


def _least_confidence(row: Field, value: object, _: Context) -> Field:
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value <= 100:
        raise refusal("wrong_value", row.name, "least_confidence", value, ("0-100",))
    return replace(row, least_confidence=value)


def _personal(row: Field, value: object, _: Context) -> Field:
    wanted = _bool(row.name, "personal", value)
    if row.personal and not wanted:
        raise refusal("stays_personal", row.name, "personal", value, ("true",))
    return replace(row, personal=wanted)


def _aliases(row: Field, value: object, _: Context) -> Field:
    words = _texts(row.name, "aliases", value)
    return replace(row, aliases=(*row.aliases, *words))


def _values(row: Field, value: object, _: Context) -> Field:
    if row.type not in _LISTED:
        raise refusal("no_values", row.name, "values", value, sorted(t.value for t in _LISTED))
    if not isinstance(value, list | tuple) or not value:
        raise refusal("wrong_value", row.name, "values", value, ('["…", "…"]',))
    choices = tuple(_choice(row.name, item) for item in value)
    if len({choice.value for choice in choices}) != len(choices):
        raise refusal("twice", row.name, "values", value, ())
    return replace(row, choices=choices, closed=True)


def _open(row: Field, value: object, _: Context) -> Field:
    if row.type not in _LISTED:
        raise refusal("no_values", row.name, "open", value, sorted(t.value for t in _LISTED))
    return replace(row, closed=not _bool(row.name, "open", value))


def _choice(field: str, item: object) -> Choice:
    """A value by itself, or a table of `value`, `da`, `en` and `spellings`."""
    if isinstance(item, str) and item.strip():
        return Choice(item.strip(), item.strip(), item.strip())
    if not isinstance(item, Mapping) or not isinstance(item.get("value"), str):
        raise refusal("wrong_value", field, "values", item, ('"…"', '{value = "…", da = "…"}'))
    unknown = sorted(set(item) - {"value", "da", "en", "spellings"})
    if unknown:
        raise refusal(
            "unknown_key", field, f"values.{unknown[0]}", item, ("value", "da", "en", "spellings")
        )
    value = item["value"]
    spellings = _texts(field, "values.spellings", item["spellings"]) if "spellings" in item else ()
    return Choice(value, str(item.get("da", value)), str(item.get("en", value)), spellings)


def _one(field: str, key: str, value: object, allowed: Collection[str]) -> str:
    if not isinstance(value, str) or value not in allowed:
        raise refusal("wrong_value", field, key, value, allowed)
    return value


def _texts(field: str, key: str, value: object) -> tuple[str, ...]:
    words = value if isinstance(value, list | tuple) else (value,)
    if not words or not all(isinstance(word, str) and word.strip() for word in words):
        raise refusal("wrong_value", field, key, value, ('["…", "…"]',))
    return tuple(word.strip() for word in words if isinstance(word, str))


def _words(field: str, key: str, value: object, allowed: Collection[str]) -> tuple[str, ...]:
    words = value if isinstance(value, list | tuple) else (value,)
    if not words:
        raise refusal("wrong_value", field, key, value, allowed)
    return tuple(_one(field, key, word, allowed) for word in words)


def _bool(field: str, key: str, value: object) -> bool:
    if not isinstance(value, bool):
        raise refusal("wrong_value", field, key, value, ("true", "false"))
    return value


_SETTINGS: Final[Mapping[str, Setting]] = {
    "da": _label("da"),
    "en": _label("en"),
    "owner": _owner,
    "sources": _sources,
    "mandatory_at": _mandatory_at,
    "max_age_days": _max_age_days,
    "enrich": _enrich,
    "dispute": _dispute,
    "least_confidence": _least_confidence,
    "personal": _personal,
    "aliases": _aliases,
    "values": _values,
    "open": _open,
}
