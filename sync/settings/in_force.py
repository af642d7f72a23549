"""`sync settings`: every setting as it is in force, and whether somebody set it. No secret is shown."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from pydantic import BaseModel, SecretStr
from pydantic.fields import FieldInfo

from sync.settings.example import literal
from sync.settings.model import Settings
from sync.settings.sources import section_of
from sync.texts import Texts

HIDDEN: Final = "•••"


@dataclass(frozen=True, slots=True)
class InForce:
    """One setting. `is_set`: it is not what it would be by itself."""

    key: str
    value: str
    is_set: bool


@dataclass(frozen=True, slots=True)
class SectionInForce:
    """A section of the file; the settings above all sections stand under an empty name."""

    name: str
    settings: tuple[InForce, ...]


def sections(settings: Settings) -> list[SectionInForce]:
    """All of them, in the order of the file."""
    alone: list[InForce] = []
    found: list[SectionInForce] = []
    for name, info in type(settings).model_fields.items():
        value = getattr(settings, name)
        if section_of(info.annotation) and isinstance(value, BaseModel):
            found += _sections(name, value)
        else:
            alone.append(_one(name, value, info))
    return [SectionInForce("", tuple(alone)), *found]


def _sections(name: str, model: BaseModel) -> Iterator[SectionInForce]:
    """A section, and those within it."""
    fields = type(model).model_fields
    inner = {key: one for key in fields if isinstance(one := getattr(model, key), BaseModel)}
    plain = {k: info for k, info in fields.items() if not (k in inner or info.exclude)}
    if plain:
        own = tuple(_one(key, getattr(model, key), info) for key, info in plain.items())
        yield SectionInForce(name, own)
    for key, one in inner.items():
        yield from _sections(f"{name}.{key}", one)


def _one(key: str, value: Any, info: FieldInfo) -> InForce:
    usual = info.get_default(call_default_factory=True) if info.default_factory else info.default
    shown = "–" if value is None else literal(_masked(value))
    return InForce(key, shown, value != usual)


def _masked(value: Any) -> Any:
    if isinstance(value, SecretStr):
        return HIDDEN
    if isinstance(value, BaseModel):
        there = {name: getattr(value, name) for name in type(value).model_fields}
        return {name: _masked(one) for name, one in there.items() if one is not None}
    if isinstance(value, Mapping):
        return {str(name): _masked(one) for name, one in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [_masked(one) for one in value]
    return value


def as_text(found: list[SectionInForce], texts: Texts) -> str:
    """As the file writes them; what somebody set is marked."""
    lines = [texts.get("in_force.title")]
    for section in found:
        if section.name:
            lines += ["", f"[{section.name}]"]
        lines += [
            f"{'*' if one.is_set else ' '} {one.key} = {one.value}" for one in section.settings
        ]
    return "\n".join(lines)
