"""The field catalogue as rows of plain values, and as the page docs/fields.md.

`python -m sync.fields` prints the page; a test holds docs/fields.md against it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import astuple, dataclass, fields

from rules.catalogue import DEFAULT, Catalogue, Choice, Field, Layer, Moment
from rules.records import Kind
from sync.output import number
from sync.texts import Texts


@dataclass(frozen=True, slots=True)
class FieldRow:
    """One field in one language, ready to print; a column that does not apply is empty."""

    name: str
    label: str
    kinds: str
    type: str
    format: str
    owner: str
    sources: str
    mandatory: str
    age: str
    personal: str
    requirement: str


def rows(catalogue: Catalogue, kind: Kind | None, lang: str) -> list[FieldRow]:
    """The fields of the catalogue, of one kind or all, in its order."""
    chosen = catalogue.fields if kind is None else catalogue.for_kind(kind)
    return [_row(field, Texts(lang)) for field in chosen]


def _row(field: Field, texts: Texts) -> FieldRow:
    age = field.max_age_days
    moment = next((one for one in Moment if one in field.mandatory_at), None)
    return FieldRow(
        name=field.name,
        label=label(field, texts.lang),
        kinds=", ".join(texts.get(f"kind.{kind}") for kind in Kind if kind in field.kinds),
        type=texts.get(f"type.{field.type}"),
        format=texts.get(field.format),
        owner=texts.get(f"list.owner.{field.owner}"),
        sources=", ".join(texts.find(f"source.{name}") or name for name in field.sources),
        mandatory=_mandatory(field, moment, texts) if moment else "",
        age="" if age is None else texts.get("list.days", count=number(age, texts.lang)),
        personal=texts.get("list.yes" if field.personal else "list.no"),
        requirement=field.requirement,
    )


def _mandatory(field: Field, moment: Moment, texts: Texts) -> str:
    """The first moment says it all; the kinds are named where they are not all that have it."""
    when = texts.get(f"list.moment.{moment}")
    if field.home == field.kinds:
        return when
    return f"{when} ({', '.join(texts.get(f'kind.{k}') for k in Kind if k in field.home)})"


def label(field: Field, lang: str) -> str:
    """What people call the field."""
    return field.da if lang == "da" else field.en


def markdown(catalogue: Catalogue, lang: str) -> str:
    """The whole catalogue as a page: a table for each layer, the values, the headers."""
    texts = Texts(lang)
    return "\n".join(_page(catalogue, texts)) + "\n"


def _page(catalogue: Catalogue, texts: Texts) -> Iterator[str]:
    yield f"# {texts.get('fields.title')}"
    yield f"\n{texts.get('fields.intro')}\n\n{texts.get('fields.generated')}"
    all_rows = {row.name: row for row in rows(catalogue, None, texts.lang)}
    headings = [texts.get(f"list.{column.name}") for column in fields(FieldRow)]
    for layer in Layer:
        members = [field for field in catalogue if field.layer is layer]
        yield f"\n## {texts.get(f'list.layer.{layer}').capitalize()}\n"
        yield from table(headings, (_code(astuple(all_rows[f.name])) for f in members))
    yield from _values(catalogue, texts)
    yield f"\n## {texts.get('fields.headers.title')}\n\n{texts.get('fields.headers.intro')}\n"
    headers = ([f"`{name}", words] for field in catalogue for name, words in _headers(field, texts))
    yield from table([texts.get("list.name"), texts.get("fields.headers.header")], headers)


def _values(catalogue: Catalogue, texts: Texts) -> Iterator[str]:
    yield f"\n## {texts.get('fields.values.title')}\n\n{texts.get('fields.values.intro')}"
    headings = [texts.get(f"fields.values.{name}") for name in ("value", "meaning", "spellings")]
    for field in catalogue:
        if field.choices:
            key = "fields.values.closed" if field.closed else "fields.values.open"
            yield f"\n### {texts.get(key, name=f'`{field.name}`')}\n"
            yield from table(headings, (_choice(one, texts.lang) for one in field.choices))
        elif field.type.value == "picklist":
            yield f"\n### {texts.get('fields.values.own', name=f'`{field.name}`')}"


def _choice(choice: Choice, lang: str) -> list[str]:
    meaning = choice.da if lang == "da" else choice.en
    return [f"`{choice.value}`", meaning, ", ".join((*choice.spellings, *choice.english))]


def _headers(field: Field, texts: Texts) -> Iterator[tuple[str, str]]:
    """The headers of a field, and those that hold in one kind of list only."""
    if field.aliases:
        yield f"{field.name}`", ", ".join(field.aliases)
    for kind, words in field.kind_aliases.items():
        yield f"{field.name}` ({texts.get(f'kind.{kind}')})", ", ".join(words)


def _code(cells: Sequence[str]) -> list[str]:
    return [f"`{cells[0]}`", *cells[1:]]


def table(headings: Sequence[str], lines: Iterable[Sequence[str]]) -> Iterator[str]:
    """The lines of a Markdown table."""
    yield _line(headings)
    yield _line(["---"] * len(headings))
    for cells in lines:
        yield _line(cells)


def _line(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in cells)} |"


def main() -> None:
    """Print docs/fields.md."""
    from sync.output import say

    say(markdown(DEFAULT, "en").rstrip("\n"))


if __name__ == "__main__":
    main()
