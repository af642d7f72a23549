"""The commented settings file that `sync init` writes, made from the model so that it cannot rot.

Words stand after `# `; a setting stands after `#` alone, so that removing one character puts it
in force.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, get_args, get_origin

from pydantic import BaseModel
from pydantic.fields import FieldInfo
from pydantic_core import PydanticUndefined

from sync.settings.model import Settings
from sync.settings.sources import section_of
from sync.texts import Texts

_WIDTH = 98


def example(texts: Texts) -> str:
    """The whole file, every setting explained and out of force, in the language of `texts`."""
    lines = [*_prose(texts.get("settings.file")), ""]
    sections = []
    for name, info in Settings.model_fields.items():
        inner = section_of(info.annotation)
        if inner or get_origin(info.annotation) is dict:
            sections.append((name, inner, info))
        else:
            lines += [*_setting(("settings", name), name, info, texts), ""]
    for name, inner, info in sections:
        lines += ["", *_prose(texts.get(f"settings.{name}"))]
        lines += _section(name, inner, texts) if inner else _tables(name, info)
    return "\n".join(lines).rstrip() + "\n"


def section(name: str, texts: Texts) -> str:
    """One section of it."""
    inner = section_of(Settings.model_fields[name].annotation)
    assert inner is not None  # noqa: S101 - only sections are asked for
    return "\n".join([*_prose(texts.get(f"settings.{name}")), *_section(name, inner, texts)]) + "\n"


def _section(name: str, model: type[BaseModel], texts: Texts) -> Iterator[str]:
    yield f"[{name}]"
    later, below = [], []
    for key, info in model.model_fields.items():
        if info.exclude:
            continue
        named = _named_model(info.annotation)
        if named:
            later.append((key, info, named))
            continue
        if section := section_of(info.annotation):
            below.append((f"{name}.{key}", section))
            continue
        yield ""
        yield from _setting(("settings", name, key), key, info, texts)
    for inner_name, section in below:
        yield from ("", *_prose(texts.get(f"settings.{inner_name}")))
        yield from _section(inner_name, section, texts)
    for key, info, named in later:
        yield ""
        yield from _prose(texts.get(f"settings.{name}.{key}"))
        yield f"#[{name}.{key}.{_key(next(iter(_shown(info))))}]"
        for inner, told in named.model_fields.items():
            yield from _setting(("settings", name, key, inner), inner, told, texts)


def _named_model(annotation: Any) -> type[BaseModel] | None:
    args = get_args(annotation)
    return section_of(args[1]) if get_origin(annotation) is dict and len(args) == 2 else None


def _setting(path: tuple[str, ...], key: str, info: FieldInfo, texts: Texts) -> Iterator[str]:
    yield from _prose(texts.get(".".join(path)))
    yield f"#{_key(key)} = {literal(_shown(info))}"


def _shown(info: FieldInfo) -> Any:
    if info.examples:
        return info.examples[0]
    return info.get_default(call_default_factory=True) if info.default_factory else info.default


def _tables(name: str, info: FieldInfo) -> Iterator[str]:
    for key, values in (info.examples or [{}])[0].items():
        yield f"#[{name}.{_key(key)}]"
        for inner, value in values.items():
            yield f"#{_key(inner)} = {literal(value)}"


def _prose(text: str) -> Iterator[str]:
    import textwrap

    for paragraph in text.strip().splitlines():
        for line in textwrap.wrap(paragraph, _WIDTH) or [""]:
            yield f"# {line}".rstrip()


def _key(key: str) -> str:
    return (
        key if key.replace("_", "a").replace("-", "a").isalnum() and key.isascii() else _text(key)
    )


def literal(value: Any) -> str:
    """A value as TOML writes it."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, dict):
        inside = ", ".join(f"{_key(key)} = {literal(one)}" for key, one in value.items())
        return f"{{ {inside} }}" if inside else "{}"
    if isinstance(value, list | tuple):
        return f"[{', '.join(map(literal, value))}]"
    if isinstance(value, int | float):
        return str(value)
    if value is None or value is PydanticUndefined:
        return '""'
    return _text(str(value))


def _text(value: str) -> str:
    import json

    return json.dumps(value, ensure_ascii=False)
