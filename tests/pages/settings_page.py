"""docs/settings.md: every section and key, made from the model and the text table."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, get_args, get_origin

from pydantic import BaseModel
from pydantic.fields import FieldInfo

from sync.fields import table
from sync.settings.example import literal
from sync.settings.model import PREFIX, Settings
from sync.settings.sources import section_of
from sync.texts import Texts


def page(lang: str) -> str:
    """The whole page in one language."""
    return "\n".join(_page(Texts(lang))) + "\n"


def _page(texts: Texts) -> Iterator[str]:
    yield f"# {texts.get('pages.settings.title')}\n\n{texts.get('pages.settings.intro')}"
    sections = {n: i for n, i in Settings.model_fields.items() if _section(i) or _is_table(i)}
    plain = {n: i for n, i in Settings.model_fields.items() if n not in sections}
    yield f"\n## {texts.get('pages.settings.top')}\n"
    yield from _keys(plain, (), "settings", Settings, texts)
    for name, info in sections.items():
        yield f"\n## [{name}]\n\n{_text(texts, f'settings.{name}')}\n"
        if section := _section(info):
            yield from _in_section((name,), section, f"settings.{name}", texts)
        else:
            yield from _by_example(name, info)


def _in_section(
    at: tuple[str, ...], section: type[BaseModel], key: str, texts: Texts
) -> Iterator[str]:
    named = {n: m for n, i in section.model_fields.items() if (m := _named(i))}
    below = {n: m for n, i in section.model_fields.items() if (m := _section(i))}
    apart = named.keys() | below.keys()
    plain = {n: i for n, i in section.model_fields.items() if n not in apart and not i.exclude}
    if plain:
        yield from _keys(plain, at, key, section, texts)
    for name, inner in below.items():
        where = (*at, name)
        yield f"\n### [{'.'.join(where)}]\n\n{_text(texts, f'{key}.{name}')}\n"
        yield from _in_section(where, inner, f"{key}.{name}", texts)
    for name, inner in named.items():
        example = next(iter((section.model_fields[name].examples or [{"name": 0}])[0]))
        quoted = f'"{example}"' if "." in example else example
        yield f"\n### [{'.'.join(at)}.{name}.{quoted}]\n\n{_text(texts, f'{key}.{name}')}\n"
        yield from _keys(inner.model_fields, (), f"{key}.{name}", inner, texts)


def _keys(
    keys: dict[str, FieldInfo],
    at: tuple[str, ...],
    key: str,
    model: type[BaseModel],
    texts: Texts,
) -> Iterator[str]:
    schema = model.model_json_schema()
    names = ["key", "says", "values", "default"]
    rows = (
        [
            f"`{name}`",
            _text(texts, f"{key}.{name}"),
            _values(schema["properties"][name], schema.get("$defs", {}), texts),
            _default(info, texts),
        ]
        for name, info in keys.items()
    )
    yield from table([texts.get(f"pages.settings.{name}") for name in names], rows)
    if at and keys:
        name = next(iter(keys))
        variable = PREFIX + "__".join((*at, name)).upper()
        yield f"\n{texts.get('pages.settings.variable', name=name, variable=f'`{variable}`')}"


def _values(shape: dict[str, Any], defined: dict[str, Any], texts: Texts) -> str:
    options = [one for one in shape.get("anyOf", [shape]) if one.get("type") != "null"]
    options = [defined.get(one.get("$ref", "").rpartition("/")[2], one) for one in options]
    for one in options:
        if "enum" in one:
            return ", ".join(f"`{value}`" for value in one["enum"])
        least, most = one.get("minimum"), one.get("maximum")
        if least is not None and most is not None:
            return f"{literal(least)} – {literal(most)}"
        if least is not None:
            return texts.get("pages.settings.at_least", bound=literal(least))
    return texts.find(f"pages.settings.type.{options[0].get('type', '')}") or ""


def _default(info: FieldInfo, texts: Texts) -> str:
    value = info.get_default(call_default_factory=True)
    if value is None or value == {}:
        example = (info.examples or [None])[0]
        shown = "" if example is None else f"`{literal(example)}`"
        return texts.get("pages.settings.example", example=shown) if shown else "–"
    return f"`{literal(value)}`"


def _by_example(name: str, info: FieldInfo) -> Iterator[str]:
    yield "```toml"
    for key, values in (info.examples or [{}])[0].items():
        yield f"[{name}.{key}]"
        yield from (f"{inner} = {literal(value)}" for inner, value in values.items())
    yield "```"


def _text(texts: Texts, key: str) -> str:
    """A text of the settings, each of its lines a paragraph."""
    return "\n\n".join(texts.get(key).strip().splitlines())


def _section(info: FieldInfo) -> type[BaseModel] | None:
    return section_of(info.annotation)


def _is_table(info: FieldInfo) -> bool:
    return get_origin(info.annotation) is dict


def _named(info: FieldInfo) -> type[BaseModel] | None:
    args = get_args(info.annotation)
    return section_of(args[1]) if _is_table(info) else None
